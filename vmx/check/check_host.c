/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM-entry checks on the host-state area, and "Checks Related to
 * Address-Space Size".  Pure but for vmx_read().
 */
#include "hv/hw/cr_bits.h"
#include "vmx/check/check_state.h"
#include "vmx/insn.h"

#define SELECTOR_RPL_TI 7ull

static bool vmx_check_host_wide(const struct vmx_check_state *s)
{
	return s->controls.exit & VMX_EXIT_HOST_ADDRESS_SPACE_SIZE;
}

static void vmx_check_host_registers(struct vmx_check_state *s)
{
	uint64_t cr0 = vmx_read(VMCS_HOST_CR0), cr4 = vmx_read(VMCS_HOST_CR4);
	const struct vmx_caps *caps = s->caps;

	vmx_check_rule(
		s, !(caps->cr0_fixed0 & ~cr0) && !(cr0 & ~caps->cr0_fixed1),
		VMCS_HOST_CR0, "a bit is not as IA32_VMX_CR0_FIXED asks");
	vmx_check_rule(
		s, !(caps->cr4_fixed0 & ~cr4) && !(cr4 & ~caps->cr4_fixed1),
		VMCS_HOST_CR4, "a bit is not as IA32_VMX_CR4_FIXED asks");
	vmx_check_rule2(s, !(cr4 & CR4_CET) || cr0 & CR0_WP, VMCS_HOST_CR4,
			VMCS_HOST_CR0, "CR4.CET needs CR0.WP");
	vmx_check_rule(s, vmx_check_physical(s, vmx_read(VMCS_HOST_CR3)),
		       VMCS_HOST_CR3,
		       "the address must be within the physical-address width");
	vmx_check_canonical_field(s, VMCS_HOST_IA32_SYSENTER_ESP);
	vmx_check_canonical_field(s, VMCS_HOST_IA32_SYSENTER_EIP);
	if (s->controls.exit & VMX_EXIT_LOAD_PAT)
		vmx_check_pat(s, VMCS_HOST_IA32_PAT);
	if (s->controls.exit & VMX_EXIT_LOAD_EFER) {
		uint64_t efer = vmx_read(VMCS_HOST_IA32_EFER);
		bool wide = vmx_check_host_wide(s);

		vmx_check_efer(s, VMCS_HOST_IA32_EFER);
		vmx_check_rule2(s,
				!(efer & EFER_LMA) != wide &&
					!(efer & EFER_LME) != wide,
				VMCS_HOST_IA32_EFER, VMCS_VM_EXIT_CONTROLS,
				"LMA and LME must equal \"host address-space "
				"size\"");
	}
}

static void vmx_check_host_segments(struct vmx_check_state *s)
{
	static const uint16_t selectors[] = {
		VMCS_HOST_ES_SELECTOR, VMCS_HOST_CS_SELECTOR,
		VMCS_HOST_SS_SELECTOR, VMCS_HOST_DS_SELECTOR,
		VMCS_HOST_FS_SELECTOR, VMCS_HOST_GS_SELECTOR,
		VMCS_HOST_TR_SELECTOR,
	};
	static const uint16_t bases[] = {
		VMCS_HOST_FS_BASE,   VMCS_HOST_GS_BASE,	  VMCS_HOST_TR_BASE,
		VMCS_HOST_GDTR_BASE, VMCS_HOST_IDTR_BASE,
	};

	for (unsigned i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++)
		vmx_check_rule(s, !(vmx_read(selectors[i]) & SELECTOR_RPL_TI),
			       selectors[i], "RPL and TI must be 0");
	vmx_check_rule(s, vmx_read(VMCS_HOST_CS_SELECTOR),
		       VMCS_HOST_CS_SELECTOR, "the selector must not be 0");
	vmx_check_rule(s, vmx_read(VMCS_HOST_TR_SELECTOR),
		       VMCS_HOST_TR_SELECTOR, "the selector must not be 0");
	vmx_check_rule(
		s, vmx_check_host_wide(s) || vmx_read(VMCS_HOST_SS_SELECTOR),
		VMCS_HOST_SS_SELECTOR,
		"the selector must not be 0 for a 32-bit host");
	for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		vmx_check_canonical_field(s, bases[i]);
}

/* The hypervisor runs in IA-32e mode, so its VM exits must lead there. */
static void vmx_check_host_size(struct vmx_check_state *s)
{
	vmx_check_rule(s, vmx_check_host_wide(s), VMCS_VM_EXIT_CONTROLS,
		       "\"host address-space size\" must be 1 in IA-32e mode");
	vmx_check_rule(s, vmx_read(VMCS_HOST_CR4) & CR4_PAE, VMCS_HOST_CR4,
		       "CR4.PAE must be 1 for a 64-bit host");
	vmx_check_canonical_field(s, VMCS_HOST_RIP);
}

void vmx_check_host(struct vmx_check_state *s)
{
	s->section = "Checks on Host Control Registers, MSRs, and SSP";
	vmx_check_host_registers(s);
	s->section = "Checks on Host Segment and Descriptor-Table Registers";
	vmx_check_host_segments(s);
	s->section = "Checks Related to Address-Space Size";
	vmx_check_host_size(s);
}
