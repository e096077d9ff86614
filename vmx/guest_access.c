/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest-linear accesses; see guest_access.h. */
#include "vmx/guest_access.h"

#include "hv/hw/cpu.h"
#include "hv/hw/cr.h"
#include "vmx/vmcs.h"

/* Access rights as the VMCS holds them. */
#define SEGMENT_DPL(rights) ((rights) >> 5 & 3)

/* The guest's PKRU is live, but RDPKRU needs CR4.PKE, which is off here. */
static uint32_t pkru_read(void)
{
	uint64_t cr4 = cr4_read();
	uint32_t value;

	cr4_write(cr4 | CR4_PKE);
	value = cpu_rdpkru();
	cr4_write(cr4);
	return value;
}

void guest_access_paging(struct vcpu *v, struct guest_paging *paging)
{
	paging->cr0 = vmcs_read(VMCS_GUEST_CR0);
	paging->cr3 = vmcs_read(VMCS_GUEST_CR3);
	paging->cr4 = vmcs_read(VMCS_GUEST_CR4);
	paging->efer = vmcs_read64(VMCS_GUEST_IA32_EFER);
	paging->rflags = vmcs_read(VMCS_GUEST_RFLAGS);
	paging->cpl = SEGMENT_DPL(vmcs_read32(VMCS_GUEST_SS_ACCESS_RIGHTS));
	paging->phys_bits = v->phys_bits;
	paging->pkru = paging->cr4 & CR4_PKE ? pkru_read() : 0;
	if (!(paging->efer & EFER_LMA) && paging->cr4 & CR4_PAE &&
	    paging->cr0 & CR0_PG) {
		paging->pdpte[0] = vmcs_read64(VMCS_GUEST_PDPTE0);
		paging->pdpte[1] = vmcs_read64(VMCS_GUEST_PDPTE1);
		paging->pdpte[2] = vmcs_read64(VMCS_GUEST_PDPTE2);
		paging->pdpte[3] = vmcs_read64(VMCS_GUEST_PDPTE3);
	}
}

struct guest_walk_result guest_access_walk(struct vcpu *v, gla_t address,
					   enum guest_access access)
{
	struct guest_paging paging;

	guest_access_paging(v, &paging);
	return guest_walk(v->memory, &paging, address, access, false);
}

unsigned guest_access_fetch(struct vcpu *v, uint8_t *bytes, unsigned size,
			    struct guest_walk_result *fault)
{
	uint64_t rip = vmcs_read(VMCS_GUEST_RIP);
	gla_t at = gla(vmcs_read(VMCS_GUEST_CS_BASE) + rip);
	unsigned done = 0;

	if (!(vmcs_read64(VMCS_GUEST_IA32_EFER) & EFER_LMA))
		at.value = (uint32_t)at.value;
	while (done < size) {
		unsigned rest = PAGE_SIZE - (at.value & PAGE_MASK);
		unsigned part = rest < size - done ? rest : size - done;

		*fault = guest_access_walk(v, at, GUEST_ACCESS_FETCH);
		if (!fault->ok || guest_access_is_apic(v, fault->address) ||
		    !guest_mem_read(v->memory, fault->address, bytes + done,
				    part))
			break;
		done += part;
		at.value += part;
	}
	return done;
}
