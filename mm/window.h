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

#define WINDOW_SLOTS 4
#define WINDOW_EMPTY UINT64_MAX

struct window {
	uint64_t page[WINDOW_SLOTS]; /* host-physical, or WINDOW_EMPTY */
	uint8_t *base;		     /* slot n is at base + n * PAGE_SIZE */
	volatile uint64_t *entry;    /* the page-table entries of the slots */
	uint32_t last;		     /* the slot that was asked for last */
	uint32_t victim;
};

/* Maps the slots of CPU number into the page tables; false: no memory. */
bool window_init(struct window *window, uint32_t number);

/* The slower part of window_map(). */
void *window_map_other(struct window *window, hpa_t page);

/*
 * The page at host-physical page (4 KiB aligned, RAM of a VM), readable and
 * writable, write-back.  The two pointers that were returned last on this CPU
 * are valid.  Not in NMI context.
 */
static inline void *window_map(hpa_t page)
{
	struct window *window = cpu_self()->window;
	uint32_t last = window->last;

	if (window->page[last] == page.value)
		return window->base + last * PAGE_SIZE;
	return window_map_other(window, page);
}

/* Unmaps all windows of this CPU. */
void window_forget(void);

#endif
