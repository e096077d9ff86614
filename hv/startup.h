/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long it takes from the loader's entry until the first VM starts, and
 * which parts take most of it.  One CPU at a time; pure.
 */
#ifndef HV_STARTUP_H
#define HV_STARTUP_H

#include <stdint.h>

#include "hv/lib/text.h"

#define STARTUP_PARTS_MAX 16

/* When it began, as a TSC value; forgets what was before. */
void startup_begin(uint64_t tsc);

/* A part that began where the last one ended has ended.  The same name again
 * adds to it; name stays valid.  Without room for one more, the part goes to the
 * last one there was. */
void startup_part(const char *name, uint64_t end_tsc);

/* One sentence without a line's end: the sum in ticks, and the three largest
 * parts. */
void startup_text(struct text *t);

#endif
