/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A few decoded instructions of a vCPU's, for those that exit over and over.
 * A line is as good as fetching and decoding anew: it holds the paging-
 * structure entries of the fetch and the bytes, and each use compares them with
 * what the guest's memory has now.  Pure over mm/window.h.
 */
#ifndef VMX_INSN_CACHE_H
#define VMX_INSN_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "mm/guest_walk.h"
#include "vmx/decode.h"

#define INSN_CACHE_LINES 8

/* What the fetch depends on, but for memory; in 64-bit mode. */
struct insn_cache_key {
	uint64_t rip, cr0, cr3, cr4, efer;
	gpa_t apic_page;
	uint32_t cpl;
};

struct insn_cache_line {
	struct insn_cache_key key;
	struct guest_walk_trace trace; /* count 0: the line is empty */
	hpa_t code;
	uint64_t bytes[2], mask[2];
	struct insn insn;
};

struct insn_cache {
	struct insn_cache_line line[INSN_CACHE_LINES];
};

/* The instruction that is at key->rip now, or NULL: not known. */
const struct insn *insn_cache_find(const struct insn_cache *cache,
				   const struct insn_cache_key *key);

/*
 * Keeps *insn, whose bytes lie at code, found by a walk with that trace.
 * Nothing happens when that cannot be checked later.
 */
void insn_cache_add(struct insn_cache *cache, const struct insn_cache_key *key,
		    const struct guest_walk_trace *trace, hpa_t code,
		    const struct insn *insn);

#endif
