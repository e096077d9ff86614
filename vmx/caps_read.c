/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the VMX capability MSRs of the CPU that calls. */
#include "vmx/caps.h"

#include "hv/hw/cpuid.h"
#include "hv/hw/msr.h"
#include "hv/lib/string.h"

#define MAY_BE_1(mask) ((uint64_t)(mask) << 32)

static void vmx_caps_read_controls(struct vmx_caps *caps)
{
	bool exact = caps->basic & VMX_BASIC_TRUE_CONTROLS;

	caps->pin = msr_read(exact ? IA32_VMX_TRUE_PINBASED
				   : IA32_VMX_PINBASED_CTLS);
	caps->proc = msr_read(exact ? IA32_VMX_TRUE_PROCBASED
				    : IA32_VMX_PROCBASED_CTLS);
	caps->exit = msr_read(exact ? IA32_VMX_TRUE_EXIT : IA32_VMX_EXIT_CTLS);
	caps->entry =
		msr_read(exact ? IA32_VMX_TRUE_ENTRY : IA32_VMX_ENTRY_CTLS);
	if (caps->proc & MAY_BE_1(VMX_PROC_SECONDARY_CONTROLS))
		caps->proc2 = msr_read(IA32_VMX_PROCBASED_CTLS2);
	if (caps->proc & MAY_BE_1(VMX_PROC_TERTIARY_CONTROLS))
		caps->proc3 = msr_read(IA32_VMX_PROCBASED_CTLS3);
	if (caps->proc2 & MAY_BE_1(VMX_PROC2_EPT | VMX_PROC2_VPID))
		caps->ept_vpid = msr_read(IA32_VMX_EPT_VPID_CAP);
	if (caps->proc2 & MAY_BE_1(VMX_PROC2_VM_FUNCTIONS))
		caps->vmfunc = msr_read(IA32_VMX_VMFUNC);
}

static void vmx_caps_read_widths(struct vmx_caps *caps)
{
	uint32_t eax = cpuid_or_zero(0x80000008, 0).eax;
	uint32_t physical = eax & 0xff, linear = eax >> 8 & 0xff;

	caps->physical_bits = physical >= 32 && physical <= 52 ? physical : 36;
	caps->linear_bits = linear >= 32 && linear <= 57 ? linear : 48;
}

void vmx_caps_read(struct vmx_caps *caps)
{
	memset(caps, 0, sizeof(*caps));
	caps->basic = msr_read(IA32_VMX_BASIC);
	caps->misc = msr_read(IA32_VMX_MISC);
	caps->cr0_fixed0 = msr_read(IA32_VMX_CR0_FIXED0);
	caps->cr0_fixed1 = msr_read(IA32_VMX_CR0_FIXED1);
	caps->cr4_fixed0 = msr_read(IA32_VMX_CR4_FIXED0);
	caps->cr4_fixed1 = msr_read(IA32_VMX_CR4_FIXED1);
	vmx_caps_read_controls(caps);
	vmx_caps_read_widths(caps);
}

void vmx_caps_raw_read(struct vmx_caps_raw *raw)
{
	memset(raw, 0, sizeof(*raw));
	for (uint32_t i = 0; i < VMX_CAPS_MSRS; i++)
		if (msr_read_safe(IA32_VMX_BASIC + i, &raw->value[i]))
			raw->there |= 1u << i;
}
