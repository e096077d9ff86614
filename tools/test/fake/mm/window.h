/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake of mm/window.h: host-physical memory is an array of the test's, of
 * WINDOW_FAKE_BYTES from address 0; mapping anything else aborts.
 */
#ifndef MM_WINDOW_H
#define MM_WINDOW_H

#include <stdint.h>
#include <stdlib.h>

#include "mm/addr.h"

#define WINDOW_FAKE_BYTES (1u << 20)

extern uint8_t window_fake[WINDOW_FAKE_BYTES];
extern uint64_t window_fake_changes; /* the test's to count up */

static inline uint64_t window_changes(void)
{
	return window_fake_changes;
}

static inline void *window_map(hpa_t page)
{
	if (page.value & PAGE_MASK || page.value >= WINDOW_FAKE_BYTES)
		abort();
	return window_fake + page.value;
}

#endif
