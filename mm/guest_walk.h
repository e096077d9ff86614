/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's own page walk, guest-linear to guest-physical, as the processor
 * would do it: no paging, 32-bit, PAE, 4-level and 5-level.  Pure over
 * mm/guest_mem.h.  Source: SDM volume 3, chapter "Paging".
 */
#ifndef MM_GUEST_WALK_H
#define MM_GUEST_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "mm/addr.h"
#include "mm/guest_mem.h"

/* No page: a walk reads an entry at no such address. */
#define GUEST_WALK_NO_APIC ((gpa_t){UINT64_MAX})

/* The state that decides how a linear address translates. */
struct guest_paging {
	uint64_t cr0, cr3, cr4, efer, rflags;
	uint64_t pdpte[4]; /* PAE paging only */
	uint32_t pkru;
	uint8_t cpl;
	uint8_t phys_bits; /* the guest's MAXPHYADDR */
	gpa_t apic_page;   /* where its APIC is, or GUEST_WALK_NO_APIC */
};

enum guest_access {
	GUEST_ACCESS_READ,
	GUEST_ACCESS_WRITE,
	GUEST_ACCESS_FETCH,
};

/* Page-fault error code bits. */
#define GUEST_PF_PRESENT	(1u << 0)
#define GUEST_PF_WRITE		(1u << 1)
#define GUEST_PF_USER		(1u << 2)
#define GUEST_PF_RESERVED	(1u << 3)
#define GUEST_PF_FETCH		(1u << 4)
#define GUEST_PF_PROTECTION_KEY (1u << 5)

struct guest_walk_result {
	bool ok;
	gpa_t address;	     /* when ok */
	uint64_t page_bytes; /* the page that maps it, when ok */
	uint32_t error_code; /* of the #PF otherwise */
};

/*
 * The paging-structure entries that a walk has used.  As long as they are in
 * memory as they are here, and all else is equal, the walk ends where it did,
 * and sets no accessed or dirty flag.
 */
#define GUEST_WALK_ENTRIES 5

struct guest_walk_entries {
	unsigned count; /* 0: it cannot be told */
	struct guest_walk_entry {
		gpa_t at;
		uint64_t value;
	} entry[GUEST_WALK_ENTRIES];
};

/*
 * Translates one address.  implicit_supervisor: an access that counts as
 * supervisor whatever the CPL (descriptor tables, TSS).  Sets accessed and
 * dirty bits as the processor does.  A table that is not RAM, or lies in the
 * APIC's page, reads as all ones, which is a reserved-bit fault in every mode
 * but 32-bit paging.
 */
struct guest_walk_result guest_walk(const struct guest_mem *mem,
				    const struct guest_paging *paging,
				    gla_t address, enum guest_access access,
				    bool implicit_supervisor);

/* guest_walk() of no implicit supervisor access, with the entries it has used;
 * they are told in IA-32e mode alone, and if it ends at an address. */
struct guest_walk_result guest_walk_telling(const struct guest_mem *mem,
					    const struct guest_paging *paging,
					    gla_t address,
					    enum guest_access access,
					    struct guest_walk_entries *entries);

/* ---- for people ---- */

#define GUEST_WALK_STEPS    GUEST_WALK_ENTRIES
#define GUEST_WALK_REGISTER ((gpa_t){UINT64_MAX}) /* PAE's PDPTEs */

enum guest_walk_end {
	GUEST_WALK_MAPPED,
	GUEST_WALK_NOT_PRESENT,	  /* as the last step's entry says */
	GUEST_WALK_RESERVED,	  /* it has a reserved bit set */
	GUEST_WALK_NO_MEMORY,	  /* it is in no RAM, and reads as all ones */
	GUEST_WALK_NOT_CANONICAL, /* no address at all */
};

/* An entry that the walk has read. */
struct guest_walk_step {
	uint8_t level; /* 1: it maps 4 KiB; to 5 */
	gpa_t at;      /* where it lies, or GUEST_WALK_REGISTER */
	uint64_t entry;
};

struct guest_walk_trace {
	bool paged; /* else there are no steps */
	unsigned count;
	struct guest_walk_step step[GUEST_WALK_STEPS];
	enum guest_walk_end end;
	gpa_t address;	     /* when mapped, as is all that follows */
	uint64_t page_bytes; /* of the page that maps it */
	bool may_write, may_user, may_fetch; /* what all entries allow */
};

/*
 * The same walk with all that it meets, for somebody who looks: no rights are
 * asked for, and no accessed or dirty bit is set.
 */
void guest_walk_trace(const struct guest_mem *mem,
		      const struct guest_paging *paging, gla_t address,
		      struct guest_walk_trace *trace);

#endif
