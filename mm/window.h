/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only way to guest memory: a few page-sized windows per CPU, which keep
 * what was mapped last, so that a hit costs a compare and no INVLPG.
 */
#ifndef MM_WINDOW_H
#define MM_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/hw/self.h"
#include "mm/addr.h"

/* A page's number chooses a set of two slots: a walk through the guest's tables
 * and the page it ends at stay mapped together. */
#define WINDOW_SETS  8
#define WINDOW_SLOTS (2 * WINDOW_SETS)
#define WINDOW_EMPTY UINT64_MAX

struct window {
	uint64_t page[WINDOW_SLOTS]; /* host-physical, or WINDOW_EMPTY */
	uint8_t *base;		     /* slot n is at base + n * PAGE_SIZE */
	volatile uint64_t *entry;    /* the page-table entries of the slots */
	uint32_t last;		     /* the slot that was asked for last */
	uint32_t turn;		     /* which of two goes next */
	uint64_t changes;	     /* how often a slot got another page */
};

/* Maps the slots of CPU number into the page tables; false: no memory. */
bool window_init(struct window *window, uint32_t number);

/* The slow part of window_map(): maps the page in one of the set's slots. */
void *window_map_other(struct window *window, hpa_t page, uint32_t set);

/*
 * The page at host-physical page (4 KiB aligned, RAM of a VM), readable and
 * writable, write-back.  The two pointers that were returned last on this CPU
 * are valid.  Not in NMI context.
 */
static inline void *window_map(hpa_t page)
{
	struct window *window = cpu_self()->window;
	uint32_t set = page.value / PAGE_SIZE % WINDOW_SETS * 2;

	if (window->page[set] != page.value &&
	    window->page[++set] != page.value)
		return window_map_other(window, page, set - 1);
	window->last = set;
	return window->base + set * PAGE_SIZE;
}

/*
 * As long as this CPU's count is the same, every pointer that window_map() has
 * returned on it since is valid.
 */
static inline uint64_t window_changes(void)
{
	return cpu_self()->window->changes;
}

/* Unmaps all windows of this CPU. */
void window_forget(void);

#endif
