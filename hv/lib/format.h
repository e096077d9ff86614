/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf-style formatting into a bounded buffer.  Pure; used by the loader,
 * the hypervisor and host tests.
 *
 * Conversions: %s %c %d %i %u %x %X %p %% with the flags '-' and '0', a width
 * (also '*'), a precision for %s (also '*'), and the lengths l, ll, z.
 */
#ifndef HV_LIB_FORMAT_H
#define HV_LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Writes at most size bytes including the terminating NUL (none if size is 0).
 * Returns the length the whole text would have, without the NUL.
 */
size_t format(char *buffer, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
size_t format_va(char *buffer, size_t size, const char *fmt, va_list args);

#endif
