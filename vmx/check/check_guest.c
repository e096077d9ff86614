/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM-entry checks on the guest's control registers, debug registers and MSRs,
 * RIP and RFLAGS, descriptor tables and PDPTEs.  Pure but for vmx_read().
 */
#include "hv/hw/cr_bits.h"
#include "vmx/check/check_state.h"
#include "vmx/insn.h"

#define DEBUGCTL_RESERVED 0xffffffffffff0038ull
#define RFLAGS_RESERVED	  0xffffffffffc08028ull
#define PDPTE_PRESENT	  1ull
#define PDPTE_RESERVED	  0x1e6ull
#define RIGHTS_L	  (1u << 13)

static void vmx_check_guest_cr0_cr4(struct vmx_check_state *s)
{
	/* A VM entry does not change NW and CD, and does not look at them. */
	uint64_t unchecked = CR0_NW | CR0_CD;
	uint64_t wrong;

	if (s->unrestricted)
		unchecked |= CR0_PE | CR0_PG;
	wrong = (s->caps->cr0_fixed0 & ~s->cr0) |
		(s->cr0 & ~s->caps->cr0_fixed1);
	vmx_check_rule(s, !(wrong & ~unchecked), VMCS_GUEST_CR0,
		       "a bit is not as IA32_VMX_CR0_FIXED asks");
	vmx_check_rule(s, !(s->cr0 & CR0_PG) || s->cr0 & CR0_PE, VMCS_GUEST_CR0,
		       "CR0.PG needs CR0.PE");
	wrong = (s->caps->cr4_fixed0 & ~s->cr4) |
		(s->cr4 & ~s->caps->cr4_fixed1);
	vmx_check_rule(s, !wrong, VMCS_GUEST_CR4,
		       "a bit is not as IA32_VMX_CR4_FIXED asks");
	vmx_check_rule2(s, !(s->cr4 & CR4_CET) || s->cr0 & CR0_WP,
			VMCS_GUEST_CR4, VMCS_GUEST_CR0, "CR4.CET needs CR0.WP");
	vmx_check_rule2(s, !s->ia32e || s->cr0 & CR0_PG, VMCS_GUEST_CR0,
			VMCS_VM_ENTRY_CONTROLS,
			"\"IA-32e mode guest\" needs CR0.PG");
	vmx_check_rule2(s, !s->ia32e || s->cr4 & CR4_PAE, VMCS_GUEST_CR4,
			VMCS_VM_ENTRY_CONTROLS,
			"\"IA-32e mode guest\" needs CR4.PAE");
	vmx_check_rule2(s, s->ia32e || !(s->cr4 & CR4_PCIDE), VMCS_GUEST_CR4,
			VMCS_VM_ENTRY_CONTROLS,
			"CR4.PCIDE needs \"IA-32e mode guest\"");
	vmx_check_rule(s, vmx_check_physical(s, vmx_read(VMCS_GUEST_CR3)),
		       VMCS_GUEST_CR3,
		       "the address must be within the physical-address width");
}

static void vmx_check_guest_msrs(struct vmx_check_state *s)
{
	uint32_t entry = s->controls.entry;

	if (entry & VMX_ENTRY_LOAD_DEBUG_CONTROLS) {
		vmx_check_rule(s,
			       !(vmx_read(VMCS_GUEST_IA32_DEBUGCTL) &
				 DEBUGCTL_RESERVED),
			       VMCS_GUEST_IA32_DEBUGCTL,
			       "reserved bits must be 0");
		vmx_check_rule(s, !(vmx_read(VMCS_GUEST_DR7) >> 32),
			       VMCS_GUEST_DR7, "bits 63:32 must be 0");
	}
	vmx_check_canonical_field(s, VMCS_GUEST_IA32_SYSENTER_ESP);
	vmx_check_canonical_field(s, VMCS_GUEST_IA32_SYSENTER_EIP);
	if (entry & VMX_ENTRY_LOAD_PAT)
		vmx_check_pat(s, VMCS_GUEST_IA32_PAT);
	if (entry & VMX_ENTRY_LOAD_EFER) {
		uint64_t efer = vmx_read(VMCS_GUEST_IA32_EFER);

		vmx_check_efer(s, VMCS_GUEST_IA32_EFER);
		vmx_check_rule2(s, !(efer & EFER_LMA) != s->ia32e,
				VMCS_GUEST_IA32_EFER, VMCS_VM_ENTRY_CONTROLS,
				"LMA must equal \"IA-32e mode guest\"");
		vmx_check_rule2(s,
				!(s->cr0 & CR0_PG) ||
					!(efer & EFER_LMA) ==
						!(efer & EFER_LME),
				VMCS_GUEST_IA32_EFER, VMCS_GUEST_CR0,
				"LMA must equal LME while CR0.PG is 1");
	}
}

static void vmx_check_guest_tables(struct vmx_check_state *s)
{
	vmx_check_canonical_field(s, VMCS_GUEST_GDTR_BASE);
	vmx_check_canonical_field(s, VMCS_GUEST_IDTR_BASE);
	vmx_check_rule(s, !(vmx_read(VMCS_GUEST_GDTR_LIMIT) >> 16),
		       VMCS_GUEST_GDTR_LIMIT, "bits 31:16 must be 0");
	vmx_check_rule(s, !(vmx_read(VMCS_GUEST_IDTR_LIMIT) >> 16),
		       VMCS_GUEST_IDTR_LIMIT, "bits 31:16 must be 0");
}

static void vmx_check_guest_rip_rflags(struct vmx_check_state *s)
{
	bool code64 =
		s->ia32e && vmx_read(VMCS_GUEST_CS_ACCESS_RIGHTS) & RIGHTS_L;

	if (code64)
		vmx_check_canonical_field(s, VMCS_GUEST_RIP);
	else
		vmx_check_rule(s, !(vmx_read(VMCS_GUEST_RIP) >> 32),
			       VMCS_GUEST_RIP,
			       "bits 63:32 must be 0 outside 64-bit mode");
	vmx_check_rule(
		s, !(s->rflags & RFLAGS_RESERVED) && s->rflags & RFLAGS_FIXED,
		VMCS_GUEST_RFLAGS,
		"bit 1 must be 1, and the other reserved bits 0");
	vmx_check_rule2(s, !s->virtual_8086 || (!s->ia32e && s->cr0 & CR0_PE),
			VMCS_GUEST_RFLAGS, VMCS_GUEST_CR0,
			"VM must be 0 in IA-32e mode and in real mode");
	vmx_check_rule2(s,
			s->event != VMX_EVENT_EXTERNAL_INTERRUPT ||
				s->rflags & RFLAGS_IF,
			VMCS_GUEST_RFLAGS,
			VMCS_VM_ENTRY_INTERRUPTION_INFORMATION,
			"IF must be 1 to inject an external interrupt");
}

/* With EPT the PDPTEs come from their fields, else from memory. */
static void vmx_check_guest_pdptes(struct vmx_check_state *s)
{
	static const uint16_t fields[] = {
		VMCS_GUEST_PDPTE0,
		VMCS_GUEST_PDPTE1,
		VMCS_GUEST_PDPTE2,
		VMCS_GUEST_PDPTE3,
	};

	if (!(s->cr0 & CR0_PG) || !(s->cr4 & CR4_PAE) || s->ia32e ||
	    !(s->controls.proc2 & VMX_PROC2_EPT))
		return;
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t pdpte = vmx_read(fields[i]);

		vmx_check_rule(s,
			       !(pdpte & PDPTE_PRESENT) ||
				       (!(pdpte & PDPTE_RESERVED) &&
					vmx_check_physical(s, pdpte)),
			       fields[i],
			       "reserved bits of a present entry must be 0");
	}
}

void vmx_check_guest(struct vmx_check_state *s)
{
	s->section = "Checks on Guest Control Registers, Debug Registers, and "
		     "MSRs";
	vmx_check_guest_cr0_cr4(s);
	vmx_check_guest_msrs(s);
	s->section = "Checks on Guest Descriptor-Table Registers";
	vmx_check_guest_tables(s);
	s->section = "Checks on Guest RIP, RFLAGS, and SSP";
	vmx_check_guest_rip_rflags(s);
	s->section = "Checks on Guest Page-Directory-Pointer-Table Entries";
	vmx_check_guest_pdptes(s);
}
