/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pointers to a VM's RAM, inline: for mm/guest_mem.c, and for the page walk and
 * the fetch that every emulated instruction begins with.  Nobody else
 * dereferences guest memory.  Pure over mm/window.h.
 */
#ifndef MM_GUEST_MAP_H
#define MM_GUEST_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mm/guest_mem.h"
#include "mm/window.h"

/*
 * The byte at address; the pointer is good up to the end of its page, and as
 * long as window_map() says.  NULL: no RAM.
 */
static inline uint8_t *guest_map(const struct guest_mem *mem, gpa_t address)
{
	hpa_t where;

	if (!guest_mem_translate(mem, address, &where))
		return NULL;
	return (uint8_t *)window_map(hpa(where.value & ~PAGE_MASK)) +
	       (where.value & PAGE_MASK);
}

/*
 * Reads an aligned word of size bytes, 4 or 8, in one access; what of *value
 * lies above it is 0.  False: no RAM, and *value is as it was.
 */
static inline bool guest_map_read_word(const struct guest_mem *mem,
				       gpa_t address, unsigned size,
				       uint64_t *value)
{
	const void *word = guest_map(mem, address);

	if (!word)
		return false;
	if (size == 8)
		*value = __atomic_load_n((const uint64_t *)word,
					 __ATOMIC_RELAXED);
	else
		*value = __atomic_load_n((const uint32_t *)word,
					 __ATOMIC_RELAXED);
	return true;
}

#endif
