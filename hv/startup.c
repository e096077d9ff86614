/* SPDX-License-Identifier: BSD-2-Clause */
/* How long the start takes; see startup.h.  Pure. */
#include "hv/startup.h"

#include <stddef.h>

#include "hv/lib/string.h"

#define SHOWN 3

static struct {
	uint64_t last_tsc, ticks; /* of all parts */
	uint32_t count;
	struct {
		const char *name;
		uint64_t ticks;
	} part[STARTUP_PARTS_MAX];
} startup;

void startup_begin(uint64_t tsc)
{
	startup.last_tsc = tsc;
	startup.ticks = 0;
	startup.count = 0;
}

/* The place of a part's name, an old or a new one. */
static uint32_t place_of(const char *name)
{
	uint32_t i = 0;

	while (i < startup.count && strcmp(startup.part[i].name, name) != 0)
		i++;
	if (i == STARTUP_PARTS_MAX)
		return i - 1;
	if (i == startup.count) {
		startup.part[i].name = name;
		startup.part[i].ticks = 0;
		startup.count++;
	}
	return i;
}

void startup_part(const char *name, uint64_t end_tsc)
{
	uint64_t ticks = end_tsc - startup.last_tsc;

	/* Another CPU's TSC may be behind. */
	if (end_tsc < startup.last_tsc)
		ticks = 0;
	startup.part[place_of(name)].ticks += ticks;
	startup.ticks += ticks;
	startup.last_tsc = end_tsc;
}

/* The largest part that is not in a mask; there is one. */
static uint32_t largest(uint32_t but)
{
	uint32_t best = 0;

	for (uint32_t i = 0; i < startup.count; i++)
		if (!(but >> i & 1) &&
		    (but >> best & 1 ||
		     startup.part[i].ticks > startup.part[best].ticks))
			best = i;
	return best;
}

void startup_text(struct text *t)
{
	const char *before = "; most for ";
	uint32_t shown = 0; /* a mask */

	text_add(t, "%lu ticks from the loader's entry to the guest's start",
		 startup.ticks);
	for (uint32_t i = 0; i < SHOWN && i < startup.count; i++) {
		uint32_t best = largest(shown);

		shown |= 1u << best;
		text_add(t, "%s%s (%lu)", before, startup.part[best].name,
			 startup.part[best].ticks);
		before = ", ";
	}
}
