/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own page tables: the image with W^X, the pool, guarded
 * stacks, devices, read-only files.  One root for all CPUs; guest memory is
 * not in it but for the windows of mm/window.h.  Runs on the boot CPU until
 * smp_start() is done, later under the caller's serialization.
 * Source: SDM volume 3, "Paging".
 */
#ifndef MM_PAGING_H
#define MM_PAGING_H

#include <stdbool.h>
#include <stdint.h>

#include "mm/addr.h"

/* The image, as linker.ld lays it out; page-aligned, ascending. */
struct paging_image {
	const uint8_t *text, *rodata, *data, *guard, *end;
};

/*
 * Builds the tables over the pool (frame_init() has run) and loads them.  False
 * when the pool is too small.
 */
bool paging_init(const struct paging_image *image, uint64_t pool_size_bytes);

/* Control registers, EFER and PAT as these tables need them; on every CPU. */
void paging_cpu_init(void);

/* The root, for CR3. */
hpa_t paging_root(void);

/* A stack of pages with an unmapped page below it; returns its top (where RSP
 * starts), NULL when memory is short. */
void *paging_map_stack(uint64_t pages);

/* Device memory, uncached; address and size_bytes need no alignment.  NULL when
 * memory or address space is short or the range is not below 2^52. */
void *paging_map_device(hpa_t address, uint64_t size_bytes);

/*
 * The same, write-combining: for what is written in bulk and hardly ever read.
 * Stores may be held back until a fence, and go out in any order before it.
 */
void *paging_map_write_combining(hpa_t address, uint64_t size_bytes);

/* Memory that the firmware or the loader filled; read only.  As above. */
const void *paging_map_file(hpa_t address, uint64_t size_bytes);

/*
 * The slots of the windows of CPU number: their address, and where their
 * page-table entries are (in a row), not present.  NULL: no memory.
 */
uint64_t *paging_window(uint32_t number, uint32_t slots, uint8_t **base);

/* The entry that maps page into a window. */
uint64_t paging_window_entry(hpa_t page);

/*
 * For code that must run where virtual is physical: makes root, a page of zeroes,
 * a copy of the usual root; paging_identity_add() then maps [start, start +
 * size_bytes) one to one in it, writable and executable.  False: no memory, or
 * the range is not in the lower half.
 */
void paging_identity_init(uint64_t *root);
bool paging_identity_add(uint64_t *root, hpa_t start, uint64_t size_bytes);

#endif
