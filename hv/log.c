/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's log; see hv/lib/log.h. */
#include "hv/lib/log.h"

#include <stdarg.h>

#include "hv/console.h"
#include "hv/framebuffer.h"
#include "hv/lib/format.h"
#include "hv/log_keep.h"

#define LINE_SIZE 320 /* what is longer is cut */

void log_line(const char *fmt, ...)
{
	char line[LINE_SIZE];
	size_t size = format(line, sizeof(line), "[apical] ");
	va_list args;

	va_start(args, fmt);
	size += format_va(line + size, sizeof(line) - size, fmt, args);
	va_end(args);
	if (size >= sizeof(line))
		size = sizeof(line) - 1;
	log_keep_line(line, size);
	console_log(line, size);
	framebuffer_line(line, size);
}
