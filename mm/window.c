/* SPDX-License-Identifier: BSD-2-Clause */
/* The windows onto guest memory; see window.h. */
#include "mm/window.h"

#include "hv/hw/cpu.h"
#include "hv/lib/panic.h"
#include "mm/paging.h"

bool window_init(struct window *window, uint32_t number)
{
	window->entry = paging_window(number, WINDOW_SLOTS, &window->base);
	for (uint32_t i = 0; i < WINDOW_SLOTS; i++)
		window->page[i] = WINDOW_EMPTY;
	return window->entry;
}

void *window_map_other(struct window *window, hpa_t page, uint32_t set)
{
	uint32_t slot = set;
	uint8_t *address;

	ASSERT(!(page.value & PAGE_MASK));
	/* An empty one, or in turn, but not the one that the caller may still
	 * be using. */
	if (window->page[set] != WINDOW_EMPTY)
		slot = window->page[set + 1] == WINDOW_EMPTY
			       ? set + 1
			       : set + (window->turn++ & 1);
	if (slot == window->last)
		slot ^= 1;
	window->last = slot;
	window->changes++;
	window->page[slot] = page.value;
	window->entry[slot] = paging_window_entry(page);
	address = window->base + slot * PAGE_SIZE;
	cpu_invlpg(address);
	return address;
}

void window_forget(void)
{
	struct window *window = cpu_self()->window;

	window->changes++;
	for (uint32_t slot = 0; slot < WINDOW_SLOTS; slot++) {
		window->page[slot] = WINDOW_EMPTY;
		window->entry[slot] = 0;
		cpu_invlpg(window->base + slot * PAGE_SIZE);
	}
}
