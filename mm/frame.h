/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own memory: page frames handed out from the pool, counted by
 * what they are for.  Frames are never given back; what a VM needs is allocated
 * when it is created and used again when it restarts.  Pure but for one pool.
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include <stdint.h>

#include "mm/addr.h"

enum frame_kind {
	FRAME_IMAGE, /* the hypervisor itself and the loader's tables */
	FRAME_PAGING,
	FRAME_CPU, /* struct percpu */
	FRAME_STACK,
	FRAME_EPT,
	FRAME_VMX,  /* VMXON regions, VMCSs, bitmaps */
	FRAME_VM,   /* struct vm, devices, copies for breakpoints */
	FRAME_VCPU, /* struct vcpu with its counts of exits, APIC pages */
	FRAME_TRACE,
	FRAME_SCREEN, /* what it is to show, and what it shows */
	FRAME_KIND_COUNT,
};

#define FRAME_KIND_NAMES                                                      \
	{                                                                     \
		"image", "page tables", "CPUs", "stacks", "EPT",              \
			"VMX structures", "VMs", "vCPUs", "traces", "screen", \
	}

/*
 * Takes over the pool: size_bytes of memory at pointer, which is at start on the
 * memory bus; the first used_bytes are taken (FRAME_IMAGE).  All page-aligned.
 */
void frame_init(void *pointer, hpa_t start, uint64_t size_bytes,
		uint64_t used_bytes);

/*
 * pages frames in a row, zeroed; NULL when the pool has no such run left.  Any
 * CPU, not in NMI context.
 */
void *frame_alloc(enum frame_kind kind, uint64_t pages);

/* How many pages of kind are in use, and how many are left of any kind. */
uint64_t frame_used(enum frame_kind kind);
uint64_t frame_left(void);

/* Where a pointer into the pool lies; not for stacks, which are mapped apart. */
hpa_t frame_hpa(const void *pointer);

/* The pool's mapping of an address that lies in it; NULL for any other. */
void *frame_pointer(hpa_t address);

#endif
