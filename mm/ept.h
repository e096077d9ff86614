/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended page tables: what a VM's guest-physical addresses mean, and each
 * vCPU's own view of it, which differs in one page (its local APIC's).  Pure;
 * tables come from mm/frame.h.
 *
 * Entries are written whole and tables are complete before they are linked,
 * so that a processor that walks meanwhile sees the old or the new meaning.
 * The INVEPT that a change needs is the caller's.
 *
 * Source: SDM volume 3, section "The Extended Page Table Mechanism (EPT)".
 */
#ifndef MM_EPT_H
#define MM_EPT_H

#include <stdbool.h>
#include <stdint.h>

#include "mm/addr.h"
#include "mm/mtrr.h"

#define EPT_READ     1u
#define EPT_WRITE    2u
#define EPT_EXECUTE  4u
#define EPT_RWX	     7u

#define EPT_GPA_BITS 48 /* what a walk of four levels translates */

/* From IA32_VMX_EPT_VPID_CAP. */
struct ept_features {
	bool page_2m, page_1g;
	bool accessed_dirty;
	bool write_back; /* EPT structures may be WB; else UC */
};

struct ept {
	uint64_t *root;
	struct ept_features features;
};

/*
 * A map that equals another, but for single pages.  Takes up to three frames a
 * page, when they are first needed, and uses them again.
 */
#define EPT_OVERLAY_PAGES 16

struct ept_overlay {
	struct ept ept; /* the map */
	uint64_t *table[3 * EPT_OVERLAY_PAGES];
	unsigned table_count; /* frames that it has */
	unsigned used_count;  /* of them, those that the map is made of */
};

/* What an address translates to. */
struct ept_translation {
	bool present;
	unsigned perms;	     /* EPT_READ | EPT_WRITE | EPT_EXECUTE */
	hpa_t hpa;	     /* of the address itself, not of its page */
	uint64_t page_bytes; /* of the page, or of the hole's entry */
	enum memory_type type;
};

/* One vCPU's view: all of the base, but for one 4 KiB page. */
struct ept_view {
	const struct ept *base;
	uint64_t *table[4]; /* its own: PML4, PDPT, PD, PT */
};

/* An empty map.  False: no frame. */
bool ept_init(struct ept *ept, struct ept_features features);

/*
 * Maps size_bytes at gpa to hpa, with the largest pages that fit and that the
 * features allow; what was mapped there before is replaced.  All three are
 * multiples of 4 KiB, the end is at most 2^48, perms not 0 and not write
 * without read.  Where a table exists already, its pages stay small.  False:
 * an argument is out of range (nothing changed), or no frame was left (part of
 * the range may be mapped).
 */
bool ept_map(struct ept *ept, gpa_t gpa, hpa_t hpa, uint64_t size_bytes,
	     unsigned perms, enum memory_type type);

/* Likewise, to nothing: every access is an EPT violation. */
bool ept_unmap(struct ept *ept, gpa_t gpa, uint64_t size_bytes);

/* Any gpa; addresses of 2^48 and above are not present. */
struct ept_translation ept_lookup(const struct ept *ept, gpa_t gpa);

/*
 * The map equals base.  No processor may walk it meanwhile, nor a view of it;
 * views show it when their page has been set or cleared again.  False: no frame.
 */
bool ept_overlay_begin(struct ept_overlay *overlay, const struct ept *base);

/*
 * Maps that 4 KiB page (both addresses multiples of it, gpa below 2^48, perms as
 * for ept_map()) to hpa in the overlay alone.  For up to EPT_OVERLAY_PAGES pages
 * since ept_overlay_begin(), and under its conditions.  False, and the map means
 * what it meant: an argument is out of range, or no frame was left.
 */
bool ept_overlay_set_page(struct ept_overlay *overlay, gpa_t gpa, hpa_t hpa,
			  unsigned perms, enum memory_type type);

/* The value of the VMCS's EPT pointer. */
uint64_t ept_pointer(const struct ept *ept);

/*
 * A view that equals the base; takes four frames, and never any more.  False:
 * no frame.  Only the CPU of the vCPU may use it afterwards.
 */
bool ept_view_init(struct ept_view *view, const struct ept *base);

/*
 * Shows that 4 KiB page (both addresses multiples of it, gpa below 2^48) at
 * gpa, and elsewhere what the base has; whatever page was set before is
 * cleared.  perms 0: the page is a hole.  False: an argument is out of range.
 *
 * The view holds copies of the base's tables on the way to the page: after a
 * change of the base, set or clear the page again in every view.
 */
bool ept_view_set_page(struct ept_view *view, gpa_t gpa, hpa_t hpa,
		       unsigned perms, enum memory_type type);

/* Shows what the base has, everywhere. */
void ept_view_clear(struct ept_view *view);

struct ept_translation ept_view_lookup(const struct ept_view *view, gpa_t gpa);

/* An entry on the way to an address. */
struct ept_step {
	uint64_t page_bytes; /* what it maps, itself or by its table */
	hpa_t at;
	uint64_t entry;
};

struct ept_trace {
	unsigned count; /* 0: the address has more bits than a walk takes */
	struct ept_step step[4];
	struct ept_translation result;
};

/* ept_view_lookup() with all that the walk meets. */
void ept_view_trace(const struct ept_view *view, gpa_t gpa,
		    struct ept_trace *trace);

/* Stays the same for the view's life. */
uint64_t ept_view_pointer(const struct ept_view *view);

#endif
