/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's memory as its current instruction sees it: linear addresses
 * through the guest's page tables and this vCPU's view of guest-physical
 * memory.  For the CPU that runs the vCPU, between an exit and the next entry.
 */
#ifndef VMX_GUEST_ACCESS_H
#define VMX_GUEST_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "mm/guest_walk.h"
#include "vmx/vcpu.h"

/* The paging state of v now. */
void guest_access_paging(struct vcpu *v, struct guest_paging *paging);

/* Translates as v would now; the page need not be RAM. */
struct guest_walk_result guest_access_walk(struct vcpu *v, gla_t address,
					   enum guest_access access);

/*
 * Up to size bytes of the current instruction into bytes; returns how many
 * could be fetched.  When the first cannot, *fault tells why.
 */
unsigned guest_access_fetch(struct vcpu *v, uint8_t *bytes, unsigned size,
			    struct guest_walk_result *fault);

/* True when address lies in the page where v's APIC is mapped now. */
static inline bool guest_access_is_apic(const struct vcpu *v, gpa_t address)
{
	return vlapic_mode(&v->vlapic) == VLAPIC_MODE_XAPIC &&
	       (address.value & ~PAGE_MASK) == vlapic_base_address(&v->vlapic);
}

#endif
