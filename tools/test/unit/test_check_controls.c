/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of vmx/check*.c: VMX controls and events to inject. */
#include "tools/test/unit/test_check.h"

#define PIN	 VMCS_PIN_BASED_CONTROLS
#define PROC	 VMCS_PRIMARY_CONTROLS
#define PROC2	 VMCS_SECONDARY_CONTROLS
#define PROC3	 VMCS_TERTIARY_CONTROLS
#define EXIT	 VMCS_VM_EXIT_CONTROLS
#define ENTRY	 VMCS_VM_ENTRY_CONTROLS
#define EVENT	 VMCS_VM_ENTRY_INTERRUPTION_INFORMATION
#define DELIVERY VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY
#define POSTED	 VMX_PIN_POSTED_INTERRUPTS
#define WIDE	 (1ull << 39)

#define TERTIARY(bits)                           \
	{SET, PROC, VMX_PROC_TERTIARY_CONTROLS}, \
	{                                        \
		PUT, PROC3, bits                 \
	}

#define ALIGNED(field)                                                   \
	{.rule = "must be aligned", .change = {{SET, field, 8}}},        \
	{                                                                \
		.rule = "within the physical-address width", .change = { \
			{SET, field, WIDE}                               \
		}                                                        \
	}

static void test_valid(void **state)
{
	(void)state;
	for (enum mode m = LONG_MODE; m <= V8086_MODE; m++) {
		valid(m);
		if (vmx_check(&caps, &report))
			fail_msg("%s", report.text[0]);
	}
}

static void test_reserved(void **state)
{
	static const struct row rows[] = {
		{.rule = "Checks on VMX Controls: bit 1, \"reserved\", must be "
			 "1 (Pin-based VM-execution controls = BDH)",
		 .change = {{CLEAR, PIN, 2}}},
		{.rule = "bit 8, \"reserved\", must be 0",
		 .change = {{SET, PIN, 1 << 8}},
		 .caps_at = offsetof(struct vmx_caps, pin),
		 .caps_clear = 1ull << 40},
		{.rule = "bit 1, \"reserved\", must be 1",
		 .change = {{CLEAR, PROC, 2}}},
		{.rule = "bit 27, \"monitor trap flag\", must be 0",
		 .change = {{SET, PROC, 1 << 27}},
		 .caps_at = offsetof(struct vmx_caps, proc),
		 .caps_clear = 1ull << 59},
		{.rule = "bit 8, \"APIC-register virtualization\", must be 0",
		 .caps_at = offsetof(struct vmx_caps, proc2),
		 .caps_clear = 1ull << 40},
		{.rule = "bit 4, \"IPI virtualization\", must be 0",
		 .change = {TERTIARY(VMX_PROC3_IPI_VIRTUALIZATION)},
		 .caps_at = offsetof(struct vmx_caps, proc3),
		 .caps_clear = 1ull << 4},
		{.rule = "bit 0, \"reserved\", must be 1",
		 .change = {{CLEAR, EXIT, 1}}},
		{.rule = "bit 21, \"load IA32_EFER\", must be 0",
		 .caps_at = offsetof(struct vmx_caps, exit),
		 .caps_clear = 1ull << 53},
		{.rule = "bit 0, \"reserved\", must be 1",
		 .change = {{CLEAR, ENTRY, 1}}},
		{.rule = "bit 15, \"load IA32_EFER\", must be 0",
		 .caps_at = offsetof(struct vmx_caps, entry),
		 .caps_clear = 1ull << 47},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void test_pairs(void **state)
{
	static const struct row rows[] = {
		{.rule = "\"virtual NMIs\" needs \"NMI exiting\" = 1",
		 .change = {{CLEAR, PIN, VMX_PIN_NMI_EXITING}}},
		{.rule = "\"NMI-window exiting\" needs \"virtual NMIs\" = 1",
		 .change = {{CLEAR, PIN, VMX_PIN_VIRTUAL_NMIS},
			    {SET, PROC, VMX_PROC_NMI_WINDOW_EXITING}}},
		{.rule = "\"virtualize x2APIC mode\" needs \"virtualize APIC "
			 "accesses\" = 0",
		 .change = {{SET, PROC2, VMX_PROC2_VIRTUALIZE_X2APIC_MODE}}},
		{.rule = "\"virtualize x2APIC mode\" needs \"use TPR shadow\" "
			 "= 1",
		 .change = {{CLEAR, PROC, VMX_PROC_TPR_SHADOW},
			    {PUT, PROC2,
			     VMX_PROC2_VIRTUALIZE_X2APIC_MODE | VMX_PROC2_EPT},
			    {CLEAR, PIN, POSTED}}},
		{.rule = "\"APIC-register virtualization\" needs \"use TPR "
			 "shadow\" = 1",
		 .change = {{CLEAR, PROC, VMX_PROC_TPR_SHADOW},
			    {CLEAR, PROC2, DELIVERY},
			    {CLEAR, PIN, POSTED}}},
		{.rule = "\"virtual-interrupt delivery\" needs \"use TPR "
			 "shadow\" = 1",
		 .change = {{CLEAR, PROC, VMX_PROC_TPR_SHADOW},
			    {CLEAR, PROC2,
			     VMX_PROC2_APIC_REGISTER_VIRTUALIZATION}}},
		{.rule = "\"virtual-interrupt delivery\" needs "
			 "\"external-interrupt exiting\" = 1",
		 .change = {{CLEAR, PIN, 1}}},
		{.rule = "\"process posted interrupts\" needs "
			 "\"virtual-interrupt delivery\" = 1",
		 .change = {{CLEAR, PROC2, DELIVERY}}},
		{.rule = "\"process posted interrupts\" needs \"acknowledge "
			 "interrupt on exit\" = 1",
		 .change = {{CLEAR, EXIT, VMX_EXIT_ACKNOWLEDGE_INTERRUPT}}},
		{.rule = "\"enable PML\" needs \"enable EPT\" = 1",
		 .change = {{PUT, PROC2, VMX_PROC2_PML}, {CLEAR, PIN, POSTED}}},
		{.rule = "\"unrestricted guest\" needs \"enable EPT\" = 1",
		 .change = {{CLEAR, PROC2, VMX_PROC2_EPT}}},
		{.rule = "\"mode-based execute control for EPT\" needs "
			 "\"enable EPT\" = 1",
		 .change = {{PUT, PROC2, VMX_PROC2_MODE_BASED_EXECUTE},
			    {CLEAR, PIN, POSTED}}},
		{.rule = "\"sub-page write permissions for EPT\" needs "
			 "\"enable EPT\" = 1",
		 .change = {{PUT, PROC2, VMX_PROC2_SUB_PAGE_PERMISSIONS},
			    {CLEAR, PIN, POSTED}}},
		{.rule = "\"Intel PT uses guest physical addresses\" needs "
			 "\"enable EPT\" = 1",
		 .change = {{PUT, PROC2, VMX_PROC2_PT_GUEST_PHYSICAL},
			    {SET, ENTRY, VMX_ENTRY_LOAD_RTIT_CTL},
			    {SET, EXIT, VMX_EXIT_CLEAR_RTIT_CTL},
			    {CLEAR, PIN, POSTED}}},
		{.rule = "\"Intel PT uses guest physical addresses\" needs "
			 "\"clear IA32_RTIT_CTL\" = 1",
		 .change = {{SET, PROC2, VMX_PROC2_PT_GUEST_PHYSICAL},
			    {SET, ENTRY, VMX_ENTRY_LOAD_RTIT_CTL}}},
		{.rule = "\"Intel PT uses guest physical addresses\" needs "
			 "\"load IA32_RTIT_CTL\" = 1",
		 .change = {{SET, PROC2, VMX_PROC2_PT_GUEST_PHYSICAL},
			    {SET, EXIT, VMX_EXIT_CLEAR_RTIT_CTL}}},
		{.rule = "\"save VMX-preemption timer value\" needs \"activate "
			 "VMX-preemption timer\" = 1",
		 .change = {{SET, EXIT, VMX_EXIT_SAVE_PREEMPTION_TIMER}}},
		{.rule = "\"IPI virtualization\" needs \"use TPR shadow\" = 1",
		 .change = {TERTIARY(VMX_PROC3_IPI_VIRTUALIZATION),
			    {CLEAR, PROC, VMX_PROC_TPR_SHADOW},
			    {PUT, PROC2, 0},
			    {CLEAR, PIN, POSTED}}},
		{.rule = "\"APIC-timer virtualization\" needs "
			 "\"virtual-interrupt delivery\" = 1",
		 .change = {TERTIARY(VMX_PROC3_APIC_TIMER_VIRTUALIZATION),
			    {CLEAR, PROC2, DELIVERY},
			    {CLEAR, PIN, POSTED}}},
		{.rule = "\"APIC-timer virtualization\" needs \"RDTSC "
			 "exiting\" = 0",
		 .change = {TERTIARY(VMX_PROC3_APIC_TIMER_VIRTUALIZATION),
			    {SET, PROC, VMX_PROC_RDTSC_EXITING}}},
	};
	/* Words that are not activated do not count. */
	static const struct row good[] = {
		{.change = {{CLEAR, PROC, VMX_PROC_SECONDARY_CONTROLS},
			    {CLEAR, PIN, POSTED},
			    {SET, PROC2, VMX_PROC2_VIRTUALIZE_X2APIC_MODE}}},
		{.change = {{PUT, PROC3, UINT64_MAX}}},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
	check_good(good, COUNT(good));
}

static void test_addresses(void **state)
{
	static const struct row rows[] = {
		ALIGNED(VMCS_IO_BITMAP_A_ADDRESS),
		ALIGNED(VMCS_IO_BITMAP_B_ADDRESS),
		ALIGNED(VMCS_MSR_BITMAPS_ADDRESS),
		ALIGNED(VMCS_VIRTUAL_APIC_ADDRESS),
		ALIGNED(VMCS_APIC_ACCESS_ADDRESS),
		ALIGNED(VMCS_POSTED_INTERRUPT_DESCRIPTOR_ADDRESS),
		{.rule = "must be aligned",
		 .change = {{SET, PROC2, VMX_PROC2_PML},
			    {PUT, VMCS_PML_ADDRESS, 0x800}}},
		{.rule = "must be aligned",
		 .change = {{SET, PROC2, VMX_PROC2_SUB_PAGE_PERMISSIONS},
			    {PUT, VMCS_SUB_PAGE_PERMISSION_TABLE_POINTER, 8}}},
		{.rule = "must be aligned",
		 .change = {{SET, PROC2, VMX_PROC2_VMCS_SHADOWING},
			    {PUT, VMCS_VMREAD_BITMAP_ADDRESS, 8}}},
		{.rule = "must be aligned",
		 .change = {{SET, PROC2, VMX_PROC2_VMCS_SHADOWING},
			    {PUT, VMCS_VMWRITE_BITMAP_ADDRESS, 8}}},
		{.rule = "must be aligned",
		 .change = {{SET, PROC2, VMX_PROC2_EPT_VIOLATION_VE},
			    {PUT,
			     VMCS_VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS,
			     8}}},
		{.rule = "the multiplier must not be 0",
		 .change = {{SET, PROC2, VMX_PROC2_TSC_SCALING},
			    {PUT, VMCS_TSC_MULTIPLIER, 0}}},
		{.rule = "more CR3-target values than IA32_VMX_MISC allows "
			 "(CR3-target count = 5H)",
		 .change = {{PUT, VMCS_CR3_TARGET_COUNT, 5}}},
		{.rule = "the VPID must not be 0",
		 .change = {{PUT, VMCS_VPID, 0}}},
		{.rule = "IA32_VMX_VMFUNC does not allow this",
		 .change = {{SET, PROC2, VMX_PROC2_VM_FUNCTIONS},
			    {PUT, VMCS_VM_FUNCTION_CONTROLS, 2}}},
		{.rule = "EPTP switching needs \"enable EPT\"",
		 .change = {{PUT, PROC2, VMX_PROC2_VM_FUNCTIONS},
			    {CLEAR, PIN, POSTED},
			    {PUT, VMCS_VM_FUNCTION_CONTROLS, 1}}},
		{.rule = "must be aligned",
		 .change = {{SET, PROC2, VMX_PROC2_VM_FUNCTIONS},
			    {PUT, VMCS_VM_FUNCTION_CONTROLS, 1},
			    {PUT, VMCS_EPTP_LIST_ADDRESS, 1}}},
		{.rule = "must be aligned",
		 .change = {TERTIARY(VMX_PROC3_IPI_VIRTUALIZATION),
			    {PUT, VMCS_PID_POINTER_TABLE_ADDRESS, 4}}},
		{.rule = "the table must end within",
		 .change = {TERTIARY(VMX_PROC3_IPI_VIRTUALIZATION),
			    {PUT, VMCS_PID_POINTER_TABLE_ADDRESS, WIDE - 16},
			    {PUT, VMCS_LAST_PID_POINTER_INDEX, 2}}},
		{.rule = "the vector must be at most 255 (Virtual timer vector "
			 "= 100H)",
		 .change = {TERTIARY(VMX_PROC3_APIC_TIMER_VIRTUALIZATION),
			    {PUT, VMCS_VIRTUAL_TIMER_VECTOR, 0x100}}},
		{.rule = "the vector must be at most 255",
		 .change = {{PUT, VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR,
			     0x100}}},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void test_eptp(void **state)
{
	static const struct row rows[] = {
		{.rule = "bits 2:0 must be a memory type",
		 .change = {{PUT, VMCS_EPT_POINTER, 0x5005c}}},
		{.rule = "bits 2:0 must be a memory type",
		 .change = {{PUT, VMCS_EPT_POINTER, 0x5005e}},
		 .caps_at = offsetof(struct vmx_caps, ept_vpid),
		 .caps_clear = VMX_EPT_MEMORY_TYPE_WB},
		{.rule = "bits 2:0 must be a memory type",
		 .change = {{PUT, VMCS_EPT_POINTER, 0x50058}},
		 .caps_at = offsetof(struct vmx_caps, ept_vpid),
		 .caps_clear = VMX_EPT_MEMORY_TYPE_UC},
		{.rule = "bits 5:3 must be a page-walk length",
		 .change = {{PUT, VMCS_EPT_POINTER, 0x50056}}},
		{.rule = "bits 5:3 must be a page-walk length",
		 .change = {{PUT, VMCS_EPT_POINTER, 0x50066}},
		 .caps_at = offsetof(struct vmx_caps, ept_vpid),
		 .caps_clear = VMX_EPT_WALK_LENGTH_5},
		{.rule = "bit 6 must be 0 without accessed and dirty",
		 .caps_at = offsetof(struct vmx_caps, ept_vpid),
		 .caps_clear = VMX_EPT_ACCESSED_DIRTY},
		{.rule = "reserved bits must be 0",
		 .change = {{SET, VMCS_EPT_POINTER, 0x100}}},
		{.rule = "reserved bits must be 0",
		 .change = {{SET, VMCS_EPT_POINTER, WIDE}}},
	};
	static const struct row good[] = {
		{.change = {{PUT, VMCS_EPT_POINTER, 0x50066}}},
		{.change = {{PUT, VMCS_EPT_POINTER, 0x50018}}},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
	check_good(good, COUNT(good));
}

/* The rule that fails an entry when CR8 is below the threshold. */
static void test_tpr_threshold(void **state)
{
	static const struct row rows[] = {
		{.rule = "bits 31:4 must be 0 without virtual-interrupt",
		 .change = {{CLEAR, PROC2, DELIVERY},
			    {CLEAR, PIN, POSTED},
			    {PUT, VMCS_TPR_THRESHOLD, 0x10}}},
		{.rule = "bits 3:0 must not be above VTPR's bits 7:4, which "
			 "are 0 (TPR threshold = 1H)",
		 .change = {{CLEAR, PROC2, DELIVERY},
			    {CLEAR, PROC2, VMX_PROC2_VIRTUALIZE_APIC_ACCESSES},
			    {CLEAR, PIN, POSTED},
			    {PUT, VMCS_TPR_THRESHOLD, 1}}},
	};
	/* Otherwise the entry succeeds, and exits at once. */
	static const struct row good[] = {
		{.change = {{CLEAR, PROC2, DELIVERY},
			    {CLEAR, PIN, POSTED},
			    {PUT, VMCS_TPR_THRESHOLD, 15}}},
		{.change = {{PUT, VMCS_TPR_THRESHOLD, 0x10}}},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
	check_good(good, COUNT(good));
	valid(LONG_MODE);
	apply(&rows[1]);
	pool[0x80] = 0x10;
	assert_int_equal(vmx_check(&caps, &report), 0);
}

static void test_msr_areas(void **state)
{
	static const uint16_t areas[][2] = {
		{VMCS_VM_EXIT_MSR_STORE_ADDRESS, VMCS_VM_EXIT_MSR_STORE_COUNT},
		{VMCS_VM_EXIT_MSR_LOAD_ADDRESS, VMCS_VM_EXIT_MSR_LOAD_COUNT},
		{VMCS_VM_ENTRY_MSR_LOAD_ADDRESS, VMCS_VM_ENTRY_MSR_LOAD_COUNT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(areas); i++) {
		uint32_t address = areas[i][0], count = areas[i][1];
		const struct row rows[] = {
			{.rule = "must be aligned",
			 .change = {{PUT, count, 1}, {PUT, address, 8}}},
			{.rule = "within the physical-address width",
			 .change = {{PUT, count, 1}, {PUT, address, WIDE}}},
			{.rule = "the area must end within",
			 .change = {{PUT, count, 3},
				    {PUT, address, WIDE - 32}}},
		};
		const struct row good[] = {
			{.change = {{PUT, count, 0}, {PUT, address, 8}}},
			{.change = {{PUT, count, 2},
				    {PUT, address, WIDE - 32}}},
		};

		check_rows(rows, COUNT(rows));
		check_good(good, COUNT(good));
	}
}

#define VALID	     0x80000000u
#define TYPE(n)	     (VALID | (n) << 8)
#define ERROR_CODE   (1u << 11)
#define INJECT(what) .change = {{PUT, EVENT, what}}

static void test_events(void **state)
{
	static const struct row rows[] = {
		{.rule = "interruption type 1 is reserved", INJECT(TYPE(1))},
		{.rule = "needs a processor with the monitor trap flag",
		 INJECT(TYPE(7)),
		 .caps_at = offsetof(struct vmx_caps, proc),
		 .caps_clear = 1ull << 59},
		{.rule = "an \"other event\" must have vector 0",
		 INJECT(TYPE(7) | 1)},
		{.rule = "an NMI must have vector 2", INJECT(TYPE(2) | 3)},
		{.rule = "a hardware exception must have a vector below 32",
		 INJECT(TYPE(3) | 32)},
		{.rule = "only a hardware exception delivers an error code",
		 INJECT(TYPE(0) | ERROR_CODE | 0x30)},
		{.rule = "no error code is delivered in real mode",
		 .mode = REAL_MODE,
		 INJECT(TYPE(3) | ERROR_CODE | 13)},
		{.rule = "this exception delivers no error code",
		 INJECT(TYPE(3) | ERROR_CODE | 6)},
		{.rule = "this exception must deliver an error code",
		 INJECT(TYPE(3) | 13)},
		{.rule = "bits 30:12 must be 0", INJECT(TYPE(0) | 1u << 12)},
		{.rule = "bits 30:12 must be 0", INJECT(TYPE(0) | 1u << 30)},
		{.rule = "bits 31:16 must be 0 (VM-entry exception error code "
			 "= 10000H)",
		 .change = {{PUT, EVENT, TYPE(3) | ERROR_CODE | 14},
			    {PUT, VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE,
			     0x10000}}},
		{.rule = "a software event needs an instruction length",
		 .change = {{PUT, EVENT, TYPE(4) | 0x80},
			    {PUT, VMCS_VM_ENTRY_INSTRUCTION_LENGTH, 16}}},
		{.rule = "a software event needs an instruction length",
		 .change = {{PUT, EVENT, TYPE(6) | 3}},
		 .caps_at = offsetof(struct vmx_caps, misc),
		 .caps_clear = VMX_MISC_INJECT_ZERO_LENGTH},
		{.rule = "must be 0 outside SMM",
		 .change = {{SET, ENTRY, VMX_ENTRY_TO_SMM}}},
		{.rule = "must be 0 outside SMM",
		 .change = {{SET, ENTRY, VMX_ENTRY_DEACTIVATE_DUAL_MONITOR}}},
	};
	static const struct row good[] = {
		{INJECT(TYPE(0) | 0x30)},
		{INJECT(TYPE(2) | 2)},
		{INJECT(TYPE(3) | ERROR_CODE | 13)},
		{INJECT(TYPE(3) | 6)},
		{INJECT(TYPE(3) | 21)},
		{INJECT(TYPE(3) | ERROR_CODE | 21)},
		{.mode = REAL_MODE, INJECT(TYPE(3) | 13)},
		{INJECT(TYPE(4) | 0x80)},
		{INJECT(TYPE(7))},
		{INJECT(0x7fffffff)}, /* not valid: not looked at */
	};

	(void)state;
	check_rows(rows, COUNT(rows));
	check_good(good, COUNT(good));
	/* Where IA32_VMX_BASIC says so, error codes are free. */
	valid(LONG_MODE);
	caps.basic |= VMX_BASIC_ANY_ERROR_CODE;
	vmx_write(EVENT, TYPE(3) | ERROR_CODE | 6);
	assert_int_equal(vmx_check(&caps, &report), 0);
	vmx_write(EVENT, TYPE(3) | 13);
	assert_int_equal(vmx_check(&caps, &report), 0);
}

/* A VMCS of noise breaks many rules, and the report keeps within bounds. */
static void test_noise(void **state)
{
	(void)state;
	srand(3);
	for (int round = 0; round < 2000; round++) {
		unsigned count;

		valid(LONG_MODE);
		for (size_t i = 0; i < vmcs_fields_count; i++)
			if (rand() % 2)
				vmx_write(vmcs_fields[i].field,
					  (uint64_t)rand() << 33 ^
						  (uint64_t)rand() << 11 ^
						  rand());
		count = vmx_check(&caps, &report);
		assert_int_equal(report.count, count);
		assert_in_range(report.rules, count, 1000);
		assert_true(count > 0);
		for (unsigned l = 0; l < count && l < VMX_CHECK_LINES; l++)
			assert_in_range(strlen(report.text[l]), 20,
					VMX_CHECK_LINE_SIZE - 2);
	}
}

/* A rule counts once, broken or not. */
static void test_rules_are_counted(void **state)
{
	unsigned rules;

	(void)state;
	valid(LONG_MODE);
	vmx_check(&caps, &report);
	rules = report.rules;
	assert_in_range(rules, 100, 300);
	vmx_write(VMCS_EPT_POINTER, vmx_read(VMCS_EPT_POINTER) | 1 << 7);
	assert_int_equal(vmx_check(&caps, &report), 1);
	assert_int_equal(report.rules, rules);
	/* A bit that must be 1. */
	vmx_write(VMCS_PIN_BASED_CONTROLS,
		  vmx_read(VMCS_PIN_BASED_CONTROLS) & ~2ull);
	assert_int_equal(vmx_check(&caps, &report), 2);
	assert_int_equal(report.rules, rules);
	vmx_write(VMCS_PIN_BASED_CONTROLS,
		  vmx_read(VMCS_PIN_BASED_CONTROLS) | 2);
	/* Two controls that do not go together. */
	vmx_write(VMCS_SECONDARY_CONTROLS,
		  vmx_read(VMCS_SECONDARY_CONTROLS) |
			  VMX_PROC2_VIRTUALIZE_X2APIC_MODE);
	assert_int_equal(vmx_check(&caps, &report), 2);
	assert_int_equal(report.rules, rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_eptp),
		cmocka_unit_test(test_tpr_threshold),
		cmocka_unit_test(test_msr_areas),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_rules_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
