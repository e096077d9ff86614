/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's memory as its current instruction sees it: linear addresses
 * through the guest's page tables and this vCPU's view of guest-physical
 * memory, in which the local APIC's page lies over whatever else is there.
 * For the CPU that runs the vCPU, between an exit and the next entry.
 *
 * What is not memory answers so, on every tier:
 * - the APIC's page: data accesses reach the registers, each aligned 32-bit
 *   word for itself.  A part of a word is a part of the register; bytes 4 to
 *   15 of a 16-byte block read 0 and ignore writes.  Fetches and page walks
 *   read all ones there (SDM volume 3 leaves them open).
 * - devices: data accesses reach them; fetches and walks read all ones.
 * - holes: reads, fetches and walks give all ones, writes are dropped.
 */
#ifndef VMX_GUEST_ACCESS_H
#define VMX_GUEST_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/hw/cr_bits.h"
#include "mm/guest_walk.h"
#include "vmx/emulate/emulate.h"
#include "vmx/vcpu.h"
#include "vmx/vmcs.h"

/* Access rights as the VMCS holds them. */
#define GUEST_ACCESS_DPL(rights) ((rights) >> 5 & 3)

/*
 * A translation that the processor has made already for the exit in hand: a
 * linear address whose bits of mask are linear lies in the page.
 */
struct guest_access_hint {
	uint64_t mask, linear;
	gpa_t page;
	bool read, write; /* what it was made for */
};

/* Matches no address. */
#define GUEST_ACCESS_NO_HINT ((struct guest_access_hint){.linear = 1})

struct guest_access_context {
	struct vcpu *vcpu;
	struct guest_access_hint hint;
	gpa_t apic_page; /* guest_access_apic_page() */
	/* As it is now; guest_access_read_paging() before it is looked at. */
	struct guest_paging paging;
	bool has_paging;
};

/* Translates as v would now; the page need not be RAM. */
struct guest_walk_result guest_access_walk(struct guest_access_context *a,
					   gla_t address,
					   enum guest_access access);

/* Where the bytes of an instruction come from. */
struct guest_access_source {
	gla_t address;	     /* of the first of them */
	uint32_t error_code; /* of the #PF there, if none came */
	gpa_t physical;	     /* if they came */
	struct guest_walk_entries entries;
};

/*
 * Bytes of the instruction at linear address rip, from number done up to at
 * most size and to the end of that byte's page; returns how many there are
 * then: as many as before when there is a #PF.
 */
unsigned guest_access_fetch(struct guest_access_context *a, gla_t rip,
			    uint8_t *bytes, unsigned done, unsigned size,
			    struct guest_access_source *source);

/*
 * Data accesses are emulate_read() and emulate_write(), whose context is a
 * struct guest_access_context: up to 16 bytes, which may cross into another
 * page; a fault comes before anything is read or written.  EMULATE_DONE,
 * EMULATE_FAULT (#PF is queued) or EMULATE_STOP (the VM has ended).
 *
 * Likewise, but nothing is written: would it fault?
 */
enum emulate_result guest_access_probe_write(struct guest_access_context *a,
					     gla_t address, unsigned size);

/* RAM outside the APIC's page at a guest-physical address, else all ones. */
void guest_access_read_physical(struct vcpu *v, gpa_t address, void *out,
				unsigned size);

/* Queues #PF; EMULATE_FAULT, or EMULATE_STOP after a triple fault. */
enum emulate_result guest_access_fault(struct vcpu *v, gla_t address,
				       uint32_t error_code);

/* The page where v's APIC is mapped now, or GUEST_WALK_NO_APIC. */
static inline gpa_t guest_access_apic_page(const struct vcpu *v)
{
	if (vlapic_mode(&v->vlapic) != VLAPIC_MODE_XAPIC)
		return GUEST_WALK_NO_APIC;
	return gpa(vlapic_base_address(&v->vlapic));
}

/* The paging state of a's vCPU, unless it is there already. */
void guest_access_read_paging(struct guest_access_context *a);

/* For accesses without a hint; with the paging state. */
static inline void guest_access_begin(struct guest_access_context *a,
				      struct vcpu *v)
{
	a->vcpu = v;
	a->hint = GUEST_ACCESS_NO_HINT;
	a->apic_page = guest_access_apic_page(v);
	a->has_paging = false;
	guest_access_read_paging(a);
}

#endif
