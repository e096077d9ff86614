/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of the road for a bug of our own: never reached by anything that a
 * guest, the firmware or the wire controls.  Stops all CPUs and prints what is
 * needed to find the bug.  Host tests link a fake that aborts.
 */
#ifndef HV_LIB_PANIC_H
#define HV_LIB_PANIC_H

__attribute__((noreturn, format(printf, 1, 2))) void panic(const char *fmt,
							   ...);

#define ASSERT(condition)                                                   \
	do {                                                                \
		if (__builtin_expect(!(condition), 0))                      \
			panic("%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

#endif
