/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breakpoints that the guest cannot see: its memory stays as it is, and where
 * INT3 stands the VM fetches from a copy of the page, which nobody can read.
 * Needs execute-only EPT.  The page is opened for data accesses by
 * vmx_debug_open().  Pure over mm/window.h.
 */
#ifndef HV_GDB_SHADOW_H
#define HV_GDB_SHADOW_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/lib/spinlock.h"
#include "mm/ept.h"
#include "mm/guest_mem.h"

#define GDB_SHADOWS_MAX EPT_OVERLAY_PAGES

struct gdb_shadow {
	gpa_t page;
	uint64_t *copy;		     /* its frame, kept; NULL: none yet */
	uint32_t count;		     /* breakpoints in it; 0: not in use */
	uint8_t int3[PAGE_SIZE / 8]; /* a bit for each byte of the page */
};

/* All zeroes at first. */
struct gdb_shadows {
	const struct ept *ept; /* the VM's, which stays as it is */
	const struct guest_mem *memory;
	struct ept_overlay overlay;
	struct spinlock lock; /* of the copies and what is in use */
	struct gdb_shadow shadow[GDB_SHADOWS_MAX];
};

/* From here on it is for that VM, and nothing is hidden in it. */
void gdb_shadow_begin(struct gdb_shadows *s, const struct ept *ept,
		      const struct guest_mem *memory);

/*
 * Puts INT3 at where, or takes it away.  No vCPU of the VM
 * may be in its guest.  Its vCPUs need gdb_shadow_ept() before they go on.
 * False, and nothing has changed: not RAM, or no page is left for it.
 */
bool gdb_shadow_add(struct gdb_shadows *s, gpa_t where);
void gdb_shadow_remove(struct gdb_shadows *s, gpa_t where);

/* The guest's memory has changed: so do the copies.  Any CPU. */
void gdb_shadow_sync(struct gdb_shadows *s);

/* What the vCPUs are to be shown; NULL: the VM's own, nothing is hidden. */
const struct ept *gdb_shadow_ept(const struct gdb_shadows *s);

#endif
