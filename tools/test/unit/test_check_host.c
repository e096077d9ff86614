/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of vmx/check*.c: the host-state area. */
#include "tools/test/unit/test_check.h"

#define EXIT	    VMCS_VM_EXIT_CONTROLS
#define WIDE	    (1ull << 39)
#define BAD_ADDRESS 0x0000800000000000ull
#define CANONICAL(f)                                     \
	{                                                \
		.rule = "must be canonical", .change = { \
			{PUT, f, BAD_ADDRESS}            \
		}                                        \
	}
#define SELECTOR(f)                                                          \
	{.rule = "RPL and TI must be 0", .change = {{PUT, f, 0x0b}}},        \
	{                                                                    \
		.rule = "RPL and TI must be 0", .change = { {PUT, f, 0x0c} } \
	}

static void test_host(void **state)
{
	static const struct row rows[] = {
		{.rule = "Checks on Host Control Registers, MSRs, and SSP: a "
			 "bit is not as IA32_VMX_CR0_FIXED asks (Host CR0 = "
			 "80050013H)",
		 .change = {{CLEAR, VMCS_HOST_CR0, CR0_NE}}},
		{.rule = "not as IA32_VMX_CR0_FIXED asks",
		 .change = {{SET, VMCS_HOST_CR0, 1ull << 32}}},
		{.rule = "not as IA32_VMX_CR4_FIXED asks",
		 .change = {{CLEAR, VMCS_HOST_CR4, CR4_VMXE}}},
		{.rule = "not as IA32_VMX_CR4_FIXED asks",
		 .change = {{SET, VMCS_HOST_CR4, 1ull << 31}}},
		{.rule = "CR4.CET needs CR0.WP",
		 .change = {{SET, VMCS_HOST_CR4, CR4_CET},
			    {CLEAR, VMCS_HOST_CR0, CR0_WP}}},
		{.rule = "within the physical-address width",
		 .change = {{SET, VMCS_HOST_CR3, WIDE}}},
		CANONICAL(VMCS_HOST_IA32_SYSENTER_ESP),
		CANONICAL(VMCS_HOST_IA32_SYSENTER_EIP),
		{.rule = "each byte must be a memory type",
		 .change = {{PUT, VMCS_HOST_IA32_PAT, 0x0007040600070402}}},
		{.rule = "each byte must be a memory type",
		 .change = {{PUT, VMCS_HOST_IA32_PAT, 0x0807040600070406}}},
		{.rule = "reserved bits must be 0",
		 .change = {{SET, VMCS_HOST_IA32_EFER, 2}}},
		{.rule = "LMA and LME must equal",
		 .change = {{CLEAR, VMCS_HOST_IA32_EFER, EFER_LMA}}},
		{.rule = "LMA and LME must equal",
		 .change = {{CLEAR, VMCS_HOST_IA32_EFER, EFER_LME}}},
		SELECTOR(VMCS_HOST_ES_SELECTOR),
		SELECTOR(VMCS_HOST_CS_SELECTOR),
		SELECTOR(VMCS_HOST_SS_SELECTOR),
		SELECTOR(VMCS_HOST_DS_SELECTOR),
		SELECTOR(VMCS_HOST_FS_SELECTOR),
		SELECTOR(VMCS_HOST_GS_SELECTOR),
		SELECTOR(VMCS_HOST_TR_SELECTOR),
		{.rule = "the selector must not be 0 (Host CS selector",
		 .change = {{PUT, VMCS_HOST_CS_SELECTOR, 0}}},
		{.rule = "the selector must not be 0 (Host TR selector",
		 .change = {{PUT, VMCS_HOST_TR_SELECTOR, 0}}},
		CANONICAL(VMCS_HOST_FS_BASE),
		CANONICAL(VMCS_HOST_GS_BASE),
		CANONICAL(VMCS_HOST_TR_BASE),
		CANONICAL(VMCS_HOST_GDTR_BASE),
		CANONICAL(VMCS_HOST_IDTR_BASE),
		CANONICAL(VMCS_HOST_RIP),
		{.rule = "Checks Related to Address-Space Size: \"host "
			 "address-space size\" must be 1",
		 .change = {{CLEAR, EXIT, VMX_EXIT_HOST_ADDRESS_SPACE_SIZE},
			    {PUT, VMCS_HOST_IA32_EFER, 0}}},
		{.rule = "the selector must not be 0 for a 32-bit host",
		 .change = {{CLEAR, EXIT, VMX_EXIT_HOST_ADDRESS_SPACE_SIZE},
			    {PUT, VMCS_HOST_IA32_EFER, 0},
			    {PUT, VMCS_HOST_SS_SELECTOR, 0}},
		 .also = 1},
		{.rule = "CR4.PAE must be 1 for a 64-bit host",
		 .change = {{CLEAR, VMCS_HOST_CR4, CR4_PAE}}},
	};
	static const struct row good[] = {
		{.change = {{CLEAR, EXIT, VMX_EXIT_LOAD_PAT},
			    {PUT, VMCS_HOST_IA32_PAT, 2}}},
		{.change = {{CLEAR, EXIT, VMX_EXIT_LOAD_EFER},
			    {PUT, VMCS_HOST_IA32_EFER, 2}}},
		{.change = {{PUT, VMCS_HOST_SS_SELECTOR, 0}}},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
	check_good(good, COUNT(good));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
