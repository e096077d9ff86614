/* SPDX-License-Identifier: BSD-2-Clause */
/* panic() of host tests: says why and aborts. */
#include "hv/lib/panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}
