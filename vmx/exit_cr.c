/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control-register accesses.  The guest owns every bit of CR0 but NE, CD and
 * NW, and of CR4 those that its CPUID offers, so few accesses exit; an exit
 * then has to do all that the write would have done.
 * Source: SDM volume 3, "Changes to Instruction Behavior in VMX Non-Root
 * Operation" and chapter "Processor Management and Initialization".
 */
#include "hv/hw/cr_bits.h"
#include "hv/lib/format.h"
#include "vmx/exit.h"
#include "vmx/guest_access.h"
#include "vmx/inject.h"
#include "vmx/machine.h"
#include "vmx/qualification.h"
#include "vmx/setup.h"
#include "vmx/vmcs.h"

#define CS_L (1u << 13)

static uint64_t gpr_read(struct vcpu *v, unsigned number)
{
	return number == GPR_RSP ? vmcs_read(VMCS_GUEST_RSP) : v->gpr[number];
}

static void gpr_write(struct vcpu *v, unsigned number, uint64_t value)
{
	if (number == GPR_RSP)
		vmcs_write(VMCS_GUEST_RSP, value);
	else
		v->gpr[number] = value;
}

static void set_long_mode(struct vcpu *v, bool active)
{
	uint64_t efer = vmcs_read64(VMCS_GUEST_IA32_EFER);
	uint32_t entry = vmcs_read32(VMCS_VM_ENTRY_CONTROLS);

	(void)v;
	efer = active ? efer | EFER_LMA : efer & ~EFER_LMA;
	entry = active ? entry | VMX_ENTRY_IA32E_MODE_GUEST
		       : entry & ~VMX_ENTRY_IA32E_MODE_GUEST;
	vmcs_write64(VMCS_GUEST_IA32_EFER, efer);
	vmcs_write32(VMCS_VM_ENTRY_CONTROLS, entry);
}

/* "PDPTE Registers": false if one of them has a reserved bit set. */
static bool load_pdptes(struct vcpu *v)
{
	uint64_t table = vmcs_read(VMCS_GUEST_CR3) & 0xffffffe0;
	uint64_t reserved = ~0ull << v->phys_bits | 0x1e6;
	uint64_t pdpte[4];

	guest_access_read_physical(v, gpa(table), pdpte, sizeof(pdpte));
	for (unsigned i = 0; i < 4; i++)
		if (pdpte[i] & 1 && pdpte[i] & reserved)
			return false;
	vmcs_write64(VMCS_GUEST_PDPTE0, pdpte[0]);
	vmcs_write64(VMCS_GUEST_PDPTE1, pdpte[1]);
	vmcs_write64(VMCS_GUEST_PDPTE2, pdpte[2]);
	vmcs_write64(VMCS_GUEST_PDPTE3, pdpte[3]);
	return true;
}

/* What CR0.PG going from 0 to 1 brings with it; false: #GP(0). */
static bool paging_on(struct vcpu *v)
{
	uint64_t efer = vmcs_read64(VMCS_GUEST_IA32_EFER);
	uint64_t cr4 = vmcs_read(VMCS_GUEST_CR4);

	if (efer & EFER_LME) {
		if (!(cr4 & CR4_PAE) ||
		    vmcs_read32(VMCS_GUEST_CS_ACCESS_RIGHTS) & CS_L)
			return false;
		set_long_mode(v, true);
		return true;
	}
	return !(cr4 & CR4_PAE) || load_pdptes(v);
}

/* What CR0.PG going from 1 to 0 brings with it; false: #GP(0). */
static bool paging_off(struct vcpu *v)
{
	uint64_t efer = vmcs_read64(VMCS_GUEST_IA32_EFER);

	if (vmcs_read(VMCS_GUEST_CR4) & CR4_PCIDE)
		return false;
	if (efer & EFER_LMA) {
		if (vmcs_read32(VMCS_GUEST_CS_ACCESS_RIGHTS) & CS_L)
			return false;
		set_long_mode(v, false);
	}
	return true;
}

static enum exit_result set_cr0(struct vcpu *v, uint64_t value)
{
	uint64_t old = vmcs_read(VMCS_GUEST_CR0);

	if (value >> 32 || (value & CR0_NW && !(value & CR0_CD)) ||
	    (value & CR0_PG && !(value & CR0_PE)))
		return inject_gp(v);
	if (value & CR0_PG && !(old & CR0_PG) && !paging_on(v))
		return inject_gp(v);
	if (!(value & CR0_PG) && old & CR0_PG && !paging_off(v))
		return inject_gp(v);
	vmcs_write(VMCS_CR0_READ_SHADOW, value | CR0_ET);
	vmcs_write(VMCS_GUEST_CR0,
		   (value & ~(CR0_CD | CR0_NW)) | CR0_NE | CR0_ET);
	if ((value ^ old) & CR0_PG)
		setup_flush_linear(v);
	return EXIT_NEXT_INSN;
}

/*
 * Every bit whose change exits is one that the guest does not have, but for
 * MCE: with that in the shadow the instruction does not exit a second time, and
 * the processor does all the rest.  (If it faults then, MCE has changed.)
 */
static enum exit_result set_cr4(struct vcpu *v, uint64_t value)
{
	uint64_t shadow = vmcs_read(VMCS_CR4_READ_SHADOW);

	if (value & ~v->cr4_allowed)
		return inject_gp(v);
	if ((value ^ shadow) & CR4_MCE) {
		vmcs_write(VMCS_CR4_READ_SHADOW, shadow ^ CR4_MCE);
		return EXIT_RESUME;
	}
	return machine_end(v, MACHINE_UNHANDLED, 0,
			   "a CR4 write exited without a reserved bit");
}

static enum exit_result set_cr8(struct vcpu *v, uint64_t value)
{
	if (value > 15)
		return inject_gp(v);
	vlapic_cr8_write(&v->vlapic, (uint8_t)value);
	v->due |= VCPU_DUE_EVENTS;
	return EXIT_NEXT_INSN;
}

enum exit_result exit_control_register(struct vcpu *v)
{
	struct qualification_cr q =
		qualification_cr(vmcs_read(VMCS_EXIT_QUALIFICATION));
	uint64_t shadow;
	char text[64];

	if (q.kind == QUALIFICATION_MOV_TO_CR && q.number == 0)
		return set_cr0(v, gpr_read(v, q.gpr));
	if (q.kind == QUALIFICATION_MOV_TO_CR && q.number == 4)
		return set_cr4(v, gpr_read(v, q.gpr));
	if (q.kind == QUALIFICATION_MOV_TO_CR && q.number == 8)
		return set_cr8(v, gpr_read(v, q.gpr));
	if (q.kind == QUALIFICATION_MOV_FROM_CR && q.number == 8) {
		gpr_write(v, q.gpr, vlapic_cr8_read(&v->vlapic));
		return EXIT_NEXT_INSN;
	}
	if (q.kind == QUALIFICATION_LMSW) {
		/* LMSW sets PE, MP, EM, TS, and cannot clear PE. */
		shadow = vmcs_read(VMCS_GUEST_CR0);
		return set_cr0(v, (shadow & ~0xeull) | (q.lmsw_source & 0xf));
	}
	format(text, sizeof(text), "CR%u access of kind %u", q.number, q.kind);
	return machine_end(v, MACHINE_UNHANDLED, 0, text);
}
