/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of vmx/check*.c: the guest-state area. */
#include "tools/test/unit/test_check.h"

#define ENTRY	 VMCS_VM_ENTRY_CONTROLS
#define EVENT	 VMCS_VM_ENTRY_INTERRUPTION_INFORMATION
#define PROC2	 VMCS_SECONDARY_CONTROLS
#define CS	 VMCS_GUEST_CS_ACCESS_RIGHTS
#define SS	 VMCS_GUEST_SS_ACCESS_RIGHTS
#define DS	 VMCS_GUEST_DS_ACCESS_RIGHTS
#define TR	 VMCS_GUEST_TR_ACCESS_RIGHTS
#define LDTR	 VMCS_GUEST_LDTR_ACCESS_RIGHTS
#define STATE	 VMCS_GUEST_ACTIVITY_STATE
#define BLOCKING VMCS_GUEST_INTERRUPTIBILITY_STATE
#define PENDING	 VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS
#define RESTRICTED                                         \
	{                                                  \
		CLEAR, PROC2, VMX_PROC2_UNRESTRICTED_GUEST \
	}
#define WIDE	    (1ull << 39)
#define BAD_ADDRESS 0x0000800000000000ull

#define CANONICAL(f)                                     \
	{                                                \
		.rule = "must be canonical", .change = { \
			{PUT, f, BAD_ADDRESS}            \
		}                                        \
	}

static void test_registers(void **state)
{
	static const struct row rows[] = {
		{.rule = "Checks on Guest Control Registers, Debug Registers, "
			 "and MSRs: a bit is not as IA32_VMX_CR0_FIXED asks "
			 "(Guest CR0 = 80050013H)",
		 .change = {{CLEAR, VMCS_GUEST_CR0, CR0_NE}}},
		{.rule = "not as IA32_VMX_CR0_FIXED asks",
		 .change = {{SET, VMCS_GUEST_CR0, 1ull << 40}}},
		{.rule = "not as IA32_VMX_CR0_FIXED asks",
		 .mode = REAL_MODE,
		 .change = {RESTRICTED}},
		{.rule = "CR0.PG needs CR0.PE",
		 .mode = REAL_MODE,
		 .change = {{SET, VMCS_GUEST_CR0, CR0_PG}}},
		{.rule = "not as IA32_VMX_CR4_FIXED asks",
		 .change = {{CLEAR, VMCS_GUEST_CR4, CR4_VMXE}}},
		{.rule = "not as IA32_VMX_CR4_FIXED asks",
		 .change = {{SET, VMCS_GUEST_CR4, 1ull << 15}}},
		{.rule = "CR4.CET needs CR0.WP",
		 .change = {{SET, VMCS_GUEST_CR4, CR4_CET},
			    {CLEAR, VMCS_GUEST_CR0, CR0_WP}}},
		{.rule = "\"IA-32e mode guest\" needs CR0.PG",
		 .change = {{CLEAR, VMCS_GUEST_CR0, CR0_PG}}},
		{.rule = "\"IA-32e mode guest\" needs CR4.PAE",
		 .change = {{CLEAR, VMCS_GUEST_CR4, CR4_PAE}}},
		{.rule = "CR4.PCIDE needs \"IA-32e mode guest\"",
		 .mode = PAE_MODE,
		 .change = {{SET, VMCS_GUEST_CR4, CR4_PCIDE}}},
		{.rule = "within the physical-address width",
		 .change = {{SET, VMCS_GUEST_CR3, WIDE}}},
		{.rule = "reserved bits must be 0 (Guest IA32_DEBUGCTL = 8H)",
		 .change = {{PUT, VMCS_GUEST_IA32_DEBUGCTL, 8}}},
		{.rule = "bits 63:32 must be 0 (Guest DR7",
		 .change = {{SET, VMCS_GUEST_DR7, 1ull << 32}}},
		CANONICAL(VMCS_GUEST_IA32_SYSENTER_ESP),
		CANONICAL(VMCS_GUEST_IA32_SYSENTER_EIP),
		{.rule = "each byte must be a memory type",
		 .change = {{PUT, VMCS_GUEST_IA32_PAT, 3}}},
		{.rule = "reserved bits must be 0 (Guest IA32_EFER = D03H)",
		 .change = {{SET, VMCS_GUEST_IA32_EFER, 2}}},
		{.rule = "LMA must equal \"IA-32e mode guest\"",
		 .change = {{CLEAR, VMCS_GUEST_IA32_EFER, EFER_LMA}},
		 .also = 1},
		{.rule = "LMA must equal LME while CR0.PG is 1",
		 .change = {{CLEAR, VMCS_GUEST_IA32_EFER, EFER_LME}}},
		CANONICAL(VMCS_GUEST_GDTR_BASE),
		CANONICAL(VMCS_GUEST_IDTR_BASE),
		{.rule = "bits 31:16 must be 0 (Guest GDTR limit",
		 .change = {{PUT, VMCS_GUEST_GDTR_LIMIT, 0x10000}}},
		{.rule = "bits 31:16 must be 0 (Guest IDTR limit",
		 .change = {{PUT, VMCS_GUEST_IDTR_LIMIT, 0x10000}}},
	};
	static const struct row good[] = {
		{.mode = REAL_MODE,
		 .change = {{SET, VMCS_GUEST_IA32_EFER, EFER_LME}}},
		{.change = {{CLEAR, ENTRY, VMX_ENTRY_LOAD_PAT},
			    {PUT, VMCS_GUEST_IA32_PAT, 3}}},
		{.change = {{CLEAR, ENTRY, VMX_ENTRY_LOAD_EFER},
			    {PUT, VMCS_GUEST_IA32_EFER, 2}}},
		{.change = {{CLEAR, ENTRY, VMX_ENTRY_LOAD_DEBUG_CONTROLS},
			    {PUT, VMCS_GUEST_IA32_DEBUGCTL, 8}},
		 .caps_at = offsetof(struct vmx_caps, entry),
		 .caps_clear = VMX_ENTRY_LOAD_DEBUG_CONTROLS},
		{.change = {{SET, VMCS_GUEST_CR0, CR0_NW | CR0_CD}}},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
	check_good(good, COUNT(good));
}

static void test_rip_rflags(void **state)
{
	static const struct row rows[] = {
		CANONICAL(VMCS_GUEST_RIP),
		{.rule = "bits 63:32 must be 0 outside 64-bit mode",
		 .mode = PAE_MODE,
		 .change = {{PUT, VMCS_GUEST_RIP, 1ull << 32}}},
		{.rule = "bits 63:32 must be 0 outside 64-bit mode",
		 .change = {{PUT, CS, 0xc09b}}},
		{.rule = "Checks on Guest RIP, RFLAGS, and SSP: bit 1 must be "
			 "1, and the other reserved bits 0",
		 .change = {{CLEAR, VMCS_GUEST_RFLAGS, 2}}},
		{.rule = "the other reserved bits 0",
		 .change = {{SET, VMCS_GUEST_RFLAGS, 1 << 3}}},
		{.rule = "the other reserved bits 0",
		 .change = {{SET, VMCS_GUEST_RFLAGS, 1 << 22}}},
		{.rule = "VM must be 0 in IA-32e mode and in real mode",
		 .mode = V8086_MODE,
		 .change = {{CLEAR, VMCS_GUEST_CR0, CR0_PG | CR0_PE}}},
		{.rule = "IF must be 1 to inject an external interrupt",
		 .change = {{PUT, EVENT, 0x80000030},
			    {CLEAR, VMCS_GUEST_RFLAGS, RFLAGS_IF}}},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void test_pdptes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		uint32_t field = VMCS_GUEST_PDPTE0 + 2 * i;
		const char *rule = "reserved bits of a present entry";
		const struct row rows[] = {
			{PAE_MODE, rule, {{PUT, field, 0x3003}}, 0, 0, 0},
			{PAE_MODE, rule, {{PUT, field, 0x3101}}, 0, 0, 0},
			{PAE_MODE, rule, {{PUT, field, WIDE | 1}}, 0, 0, 0},
		};
		const struct row good[] = {
			{PAE_MODE, NULL, {{PUT, field, 0x3e18}}, 0, 0, 0},
			{PAE_MODE, NULL, {{PUT, field, 0x3e19}}, 0, 0, 0},
			{PAE_MODE, NULL, {{PUT, field, 0x3102}}, 0, 0, 0},
			{LONG_MODE, NULL, {{PUT, field, 0x3003}}, 0, 0, 0},
		};

		check_rows(rows, COUNT(rows));
		check_good(good, COUNT(good));
	}
}

static void test_code_and_stack(void **state)
{
	static const struct row rows[] = {
		{.rule = "Checks on Guest Segment Registers: CS's type must be "
			 "9, 11, 13 or 15",
		 .change = {{PUT, CS, 0xa098}}},
		{.rule = "CS's type must be",
		 .mode = REAL_MODE,
		 .change = {{PUT, CS, 0x92}}},
		{.rule = "CS's type must be",
		 .mode = PAE_MODE,
		 .change = {{PUT, CS, 0xc093}, RESTRICTED}},
		{.rule = "DPL must be 0 if CS's type is 3",
		 .mode = REAL_MODE,
		 .change = {{PUT, CS, 0xb3}}},
		{.rule = "a non-conforming CS's DPL must equal SS's",
		 .change = {{PUT, CS, 0xa0fb}}},
		{.rule = "a conforming CS's DPL must not be above SS's",
		 .change = {{PUT, CS, 0xa0ff}}},
		{.rule = "D/B must be 0 if L is 1",
		 .change = {{PUT, CS, 0xe09b}}},
		{.rule = "bits 63:32 must be 0 (Guest CS base",
		 .change = {{PUT, VMCS_GUEST_CS_BASE, 1ull << 32}}},
		{.rule = "S must be 1 (Guest CS access rights",
		 .change = {{CLEAR, CS, 0x10}}},
		{.rule = "P must be 1 (Guest CS access rights",
		 .change = {{CLEAR, CS, 0x80}}},
		{.rule = "reserved bits must be 0 (Guest CS access rights",
		 .change = {{SET, CS, 0x100}}},
		{.rule = "G must be 0 if a bit of the limit's bits 11:0 is 0",
		 .change = {{PUT, VMCS_GUEST_CS_LIMIT, 0xfffff000}}},
		{.rule = "G must be 1 if a bit of the limit's bits 31:20 is 1",
		 .change = {{CLEAR, CS, 0x8000}}},
		{.rule = "SS's RPL must equal CS's",
		 .change = {RESTRICTED, {PUT, VMCS_GUEST_CS_SELECTOR, 0x11}}},
		{.rule = "SS's DPL must equal its RPL",
		 .change = {RESTRICTED,
			    {PUT, VMCS_GUEST_SS_SELECTOR, 0x19},
			    {PUT, VMCS_GUEST_CS_SELECTOR, 0x11}}},
		{.rule = "SS's DPL must be 0 in real mode or if CS's type is 3",
		 .mode = REAL_MODE,
		 .change = {{PUT, SS, 0xb3}, {PUT, CS, 0xbb}}},
		{.rule = "SS's DPL must be 0 in real mode or if CS's type is 3",
		 .mode = PAE_MODE,
		 .change = {{PUT, CS, 0xc093}, {PUT, SS, 0xc0f3}}},
		{.rule = "SS's type must be 3 or 7",
		 .change = {{PUT, SS, 0xc091}}},
		{.rule = "bits 63:32 must be 0 (Guest SS base",
		 .change = {{PUT, VMCS_GUEST_SS_BASE, 1ull << 32}}},
		{.rule = "P must be 1 (Guest SS access rights",
		 .change = {{CLEAR, SS, 0x80}}},
	};
	static const struct row good[] = {
		{.change = {{PUT, SS, 0x10000}}},
		{.change = {{PUT, CS, 0xa0fb},
			    {PUT, SS, 0xc0f3},
			    {PUT, VMCS_GUEST_CS_SELECTOR, 0x13},
			    {PUT, VMCS_GUEST_SS_SELECTOR, 0x1b},
			    RESTRICTED}},
		{.change = {{PUT, CS, 0xa09f}}},
		{.mode = REAL_MODE, .change = {{PUT, CS, 0x93}}},
		{.mode = PAE_MODE, .change = {RESTRICTED}},
		{.mode = V8086_MODE, .change = {RESTRICTED}},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
	check_good(good, COUNT(good));
}

static void test_data_segments(void **state)
{
	static const uint8_t numbers[] = {0, 3, 4, 5}; /* ES, DS, FS, GS */

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		uint32_t rights = VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * numbers[i];
		uint32_t limit = VMCS_GUEST_ES_LIMIT + 2 * numbers[i];
		uint32_t base = VMCS_GUEST_ES_BASE + 2 * numbers[i];
		uint32_t selector = VMCS_GUEST_ES_SELECTOR + 2 * numbers[i];
		bool fs_gs = numbers[i] >= 4;
		const struct row rows[] = {
			{.rule = "the type must be an accessed one",
			 .change = {{PUT, rights, 0xc092}}},
			{.rule = "a code segment must be readable",
			 .change = {{PUT, rights, 0xc099}}},
			{.rule = "DPL must not be below RPL",
			 .change = {{PUT, selector, 0x1b}, RESTRICTED}},
			{.rule = "S must be 1",
			 .change = {{PUT, rights, 0xc083}}},
			{.rule = "P must be 1",
			 .change = {{PUT, rights, 0xc013}}},
			{.rule = "reserved bits must be 0",
			 .change = {{PUT, rights, 0x2c093}}},
			{.rule = "G must be 0",
			 .change = {{PUT, limit, 0xfffffffe}}},
			{.rule = "G must be 1",
			 .change = {{PUT, rights, 0x4093}}},
			{.rule = fs_gs ? "must be canonical"
				       : "bits 63:32 must be 0",
			 .change = {{PUT, base, BAD_ADDRESS}}},
		};
		const struct row good[] = {
			{.change = {{PUT, rights, 0x10000},
				    {PUT, selector, 3}}},
			{.change = {{PUT, rights, 0xc09f},
				    {PUT, selector, 3},
				    RESTRICTED}},
		};
		const struct row unusable = {
			.change = {{PUT, rights, 0x10000},
				   {PUT, base, BAD_ADDRESS}}};

		check_rows(rows, COUNT(rows));
		check_good(good, COUNT(good));
		if (!fs_gs)
			check_good(&unusable, 1);
	}
}

static void test_virtual_8086(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= 5; i++) {
		const struct row rows[] = {
			{.mode = V8086_MODE,
			 .rule = "the base must be 16 times the selector",
			 .change = {{PUT, VMCS_GUEST_ES_BASE + 2 * i, 0}}},
			{.mode = V8086_MODE,
			 .rule = "the limit must be FFFFH",
			 .change = {{PUT, VMCS_GUEST_ES_LIMIT + 2 * i,
				     0xfffff}}},
			{.mode = V8086_MODE,
			 .rule = "the access rights must be F3H",
			 .change = {{PUT, VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i,
				     0x93}}},
		};

		check_rows(rows, COUNT(rows));
	}
}

static void test_system_segments(void **state)
{
	static const struct row rows[] = {
		{.rule = "TI must be 0 (Guest TR selector",
		 .change = {{SET, VMCS_GUEST_TR_SELECTOR, 4}}},
		CANONICAL(VMCS_GUEST_TR_BASE),
		{.rule = "TR's type must be 11", .change = {{PUT, TR, 0x83}}},
		{.rule = "TR's type must be 11",
		 .mode = REAL_MODE,
		 .change = {{PUT, TR, 0x89}}},
		{.rule = "TR must be usable", .change = {{SET, TR, 0x10000}}},
		{.rule = "S must be 0 (Guest TR", .change = {{SET, TR, 0x10}}},
		{.rule = "P must be 1 (Guest TR",
		 .change = {{CLEAR, TR, 0x80}}},
		{.rule = "reserved bits must be 0 (Guest TR",
		 .change = {{SET, TR, 0x800}}},
		{.rule = "G must be 0 if a bit of the limit's bits 11:0 is 0 "
			 "(Guest TR",
		 .change = {{SET, TR, 0x8000}}},
		{.rule = "G must be 1 if a bit of the limit's bits 31:20 is 1 "
			 "(Guest TR",
		 .change = {{PUT, VMCS_GUEST_TR_LIMIT, 0x100fff}}},
		{.rule = "TI must be 0 (Guest LDTR selector",
		 .change = {{PUT, LDTR, 0x82},
			    {PUT, VMCS_GUEST_LDTR_SELECTOR, 0x2c}}},
		{.rule = "must be canonical (Guest LDTR base",
		 .change = {{PUT, LDTR, 0x82},
			    {PUT, VMCS_GUEST_LDTR_BASE, BAD_ADDRESS}}},
		{.rule = "LDTR's type must be 2",
		 .change = {{PUT, LDTR, 0x8b}}},
		{.rule = "S must be 0 (Guest LDTR",
		 .change = {{PUT, LDTR, 0x92}}},
		{.rule = "P must be 1 (Guest LDTR",
		 .change = {{PUT, LDTR, 0x02}}},
	};
	static const struct row good[] = {
		{.mode = REAL_MODE, .change = {{PUT, TR, 0x83}}},
		{.change = {{PUT, LDTR, 0x82}}},
		{.change = {{PUT, VMCS_GUEST_LDTR_SELECTOR, 4},
			    {PUT, VMCS_GUEST_LDTR_BASE, BAD_ADDRESS}}},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
	check_good(good, COUNT(good));
}

static void test_activity(void **state)
{
	const size_t misc = offsetof(struct vmx_caps, misc);
	const struct row rows[] = {
		{.rule = "Checks on Guest Non-Register State: IA32_VMX_MISC "
			 "does not allow this state (Guest activity state = 4H)",
		 .change = {{PUT, STATE, 4}}},
		{.rule = "does not allow this state",
		 .change = {{PUT, STATE, 1}},
		 .caps_at = misc,
		 .caps_clear = VMX_MISC_ACTIVITY_HLT},
		{.rule = "does not allow this state",
		 .change = {{PUT, STATE, 2}},
		 .caps_at = misc,
		 .caps_clear = VMX_MISC_ACTIVITY_SHUTDOWN},
		{.rule = "does not allow this state",
		 .change = {{PUT, STATE, 3}},
		 .caps_at = misc,
		 .caps_clear = VMX_MISC_ACTIVITY_WAIT_SIPI},
		{.rule = "HLT needs SS's DPL to be 0",
		 .change = {{PUT, STATE, 1},
			    {PUT, CS, 0xa0fb},
			    {PUT, SS, 0xc0f3}}},
		{.rule = "the state must be active under blocking",
		 .change = {{PUT, STATE, 1}, {PUT, BLOCKING, 1}}},
		{.rule = "the state must be active under blocking",
		 .change = {{PUT, STATE, 2}, {PUT, BLOCKING, 2}}},
		{.rule = "this event cannot be injected in this state",
		 .change = {{PUT, STATE, 1}, {PUT, EVENT, 0x80000306}}},
		{.rule = "this event cannot be injected in this state",
		 .change = {{PUT, STATE, 2}, {PUT, EVENT, 0x80000030}}},
		{.rule = "this event cannot be injected in this state",
		 .change = {{PUT, STATE, 3}, {PUT, EVENT, 0x80000202}}},
	};
	static const struct row good[] = {
		{.change = {{PUT, STATE, 1}, {PUT, EVENT, 0x80000030}}},
		{.change = {{PUT, STATE, 1}, {PUT, EVENT, 0x80000202}}},
		{.change = {{PUT, STATE, 1}, {PUT, EVENT, 0x80000301}}},
		{.change = {{PUT, STATE, 1}, {PUT, EVENT, 0x80000312}}},
		{.change = {{PUT, STATE, 1}, {PUT, EVENT, 0x80000700}}},
		{.change = {{PUT, STATE, 2}, {PUT, EVENT, 0x80000202}}},
		{.change = {{PUT, STATE, 2}, {PUT, EVENT, 0x80000312}}},
		{.change = {{PUT, STATE, 3}}},
		{.change = {{PUT, BLOCKING, 1}}},
		{.change = {{PUT, BLOCKING, 2}}},
		{.change = {{PUT, BLOCKING, 0x18}}},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
	check_good(good, COUNT(good));
}

static void test_interruptibility(void **state)
{
	static const struct row rows[] = {
		{.rule = "bits 31:5 must be 0",
		 .change = {{PUT, BLOCKING, 32}}},
		{.rule = "blocking by STI and by MOV SS exclude each other",
		 .change = {{PUT, BLOCKING, 3}}},
		{.rule = "blocking by STI needs RFLAGS.IF",
		 .change = {{PUT, BLOCKING, 1}, {PUT, VMCS_GUEST_RFLAGS, 2}}},
		{.rule = "an external interrupt cannot be injected under",
		 .change = {{PUT, BLOCKING, 1}, {PUT, EVENT, 0x80000030}}},
		{.rule = "an external interrupt cannot be injected under",
		 .change = {{PUT, BLOCKING, 2}, {PUT, EVENT, 0x80000030}}},
		{.rule = "an NMI cannot be injected under blocking by MOV SS",
		 .change = {{PUT, BLOCKING, 2}, {PUT, EVENT, 0x80000202}}},
		{.rule = "a processor may refuse to inject an NMI",
		 .change = {{PUT, BLOCKING, 1}, {PUT, EVENT, 0x80000202}}},
		{.rule = "a virtual NMI cannot be injected under blocking by "
			 "NMI",
		 .change = {{PUT, BLOCKING, 8}, {PUT, EVENT, 0x80000202}}},
		{.rule = "blocking by SMI must be 0 outside SMM",
		 .change = {{PUT, BLOCKING, 4}}},
		{.rule = "blocking by MOV SS cannot follow an enclave",
		 .change = {{PUT, BLOCKING, 0x12}}},
	};
	static const struct row good[] = {
		{.change = {{PUT, BLOCKING, 8},
			    {PUT, EVENT, 0x80000202},
			    {CLEAR, VMCS_PIN_BASED_CONTROLS,
			     VMX_PIN_VIRTUAL_NMIS}}},
		{.change = {{PUT, BLOCKING, 8}, {PUT, EVENT, 0x80000030}}},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
	check_good(good, COUNT(good));
}

static void test_pending_debug(void **state)
{
	static const struct row rows[] = {
		{.rule = "reserved bits must be 0 (Guest pending debug",
		 .change = {{PUT, PENDING, 0x10}}},
		{.rule = "reserved bits must be 0 (Guest pending debug",
		 .change = {{PUT, PENDING, 1ull << 17}}},
		{.rule = "BS must be 1",
		 .change = {{PUT, BLOCKING, 1},
			    {SET, VMCS_GUEST_RFLAGS, RFLAGS_TF}}},
		{.rule = "BS must be 1",
		 .change = {{PUT, STATE, 1},
			    {SET, VMCS_GUEST_RFLAGS, RFLAGS_TF}}},
		{.rule = "BS must be 0",
		 .change = {{PUT, BLOCKING, 2}, {PUT, PENDING, 0x4000}}},
		{.rule = "BS must be 0",
		 .change = {{PUT, BLOCKING, 2},
			    {PUT, PENDING, 0x4000},
			    {SET, VMCS_GUEST_RFLAGS, RFLAGS_TF},
			    {PUT, VMCS_GUEST_IA32_DEBUGCTL, 2}}},
		{.rule = "must be aligned (VMCS link pointer",
		 .change = {{PUT, VMCS_LINK_POINTER, 0x800}}},
		{.rule = "within the physical-address width (VMCS link pointer",
		 .change = {{PUT, VMCS_LINK_POINTER, WIDE}}},
	};
	static const struct row good[] = {
		{.change = {{PUT, PENDING, 0x5000}}},
		{.change = {{PUT, BLOCKING, 1},
			    {PUT, PENDING, 0x4000},
			    {SET, VMCS_GUEST_RFLAGS, RFLAGS_TF}}},
		{.change = {{SET, VMCS_GUEST_RFLAGS, RFLAGS_TF}}},
		{.change = {{PUT, VMCS_LINK_POINTER, 0x7000}}},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
	check_good(good, COUNT(good));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_rip_rflags),
		cmocka_unit_test(test_pdptes),
		cmocka_unit_test(test_code_and_stack),
		cmocka_unit_test(test_data_segments),
		cmocka_unit_test(test_virtual_8086),
		cmocka_unit_test(test_system_segments),
		cmocka_unit_test(test_activity),
		cmocka_unit_test(test_interruptibility),
		cmocka_unit_test(test_pending_debug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
