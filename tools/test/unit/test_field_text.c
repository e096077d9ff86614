/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx/text/field_text.c: values of VMCS fields in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "vmx/controls.h"
#include "vmx/exit_reason.h"
#include "vmx/text/field_text.h"

static char buffer[4000];

static struct text begin(void)
{
	struct text t;

	text_begin(&t, buffer, sizeof(buffer));
	return t;
}

static const struct {
	uint32_t field;
	uint64_t value;
	const char *text;
} values[] = {
	{VMCS_VPID, 5, ""},
	{VMCS_GUEST_CR0, 0x80000011, "PE ET PG"},
	{VMCS_GUEST_CR0, 0, ""},
	{VMCS_CR4_READ_SHADOW, 1 << 13 | 1 << 5, "PAE VMXE"},
	{VMCS_GUEST_IA32_EFER, 0xd01, "SCE LME LMA NXE"},
	{VMCS_GUEST_RFLAGS, 0x3202, "IF IOPL=3"},
	{VMCS_EXCEPTION_BITMAP, 1 << 1 | 1u << 31, "#DB 31"},
	{VMCS_GUEST_INTERRUPTIBILITY_STATE, 9, "blocking by STI NMI"},
	{VMCS_GUEST_INTERRUPTIBILITY_STATE, 0, ""},
	{VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 1 << 14, "BS"},
	{VMCS_GUEST_ACTIVITY_STATE, 0, "active"},
	{VMCS_GUEST_ACTIVITY_STATE, 3, "wait-for-SIPI"},
	{VMCS_GUEST_ACTIVITY_STATE, 4, "reserved"},
	{VMCS_GUEST_INTERRUPT_STATUS, 0x3041, "RVI 41, SVI 30"},
	{VMCS_GUEST_IA32_PAT, 0x0007040600070406, "WB WT UC- UC WB WT UC- UC"},
	{VMCS_EPT_POINTER, 0x40305e,
	 "WB, walk of 4 levels, accessed and dirty flags, PML4 table at "
	 "403000"},
	{VMCS_EOI_EXIT_BITMAP_1, 1ull << 4, "vectors 44"},
	{VMCS_EOI_EXIT_BITMAP_3, 1ull << 63, "vectors ff"},
	{VMCS_TSC_OFFSET, 0 - 1000ull, "-1000"},
	{VMCS_TSC_OFFSET, 1000, ""},
	{VMCS_VM_EXIT_REASON, EXIT_REASON_CPUID, "CPUID"},
	{VMCS_EXIT_QUALIFICATION, 0xb0, "offset 0xb0"}, /* APIC write */
	{VMCS_VM_EXIT_INTERRUPTION_INFORMATION, 0x800000ef,
	 "external interrupt ef"},
	{VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, 0, "not valid"},
	{VMCS_VM_INSTRUCTION_ERROR, 7,
	 "VM entry with invalid control field(s)"},
	{VMCS_VM_INSTRUCTION_ERROR, 14, ""},
	{VMCS_VM_INSTRUCTION_ERROR, 0xffffffff, ""},
	{VMCS_GUEST_CS_ACCESS_RIGHTS, 0xa09b,
	 "code readable, DPL 0, 64-bit, granularity 4 KiB"},
	{VMCS_GUEST_SS_ACCESS_RIGHTS, 0xc0f3,
	 "data writable, DPL 3, granularity 4 KiB"},
	{VMCS_GUEST_TR_ACCESS_RIGHTS, 0x8b, "TSS busy, DPL 0"},
	{VMCS_GUEST_LDTR_ACCESS_RIGHTS, 0x10000, "unusable"},
	{VMCS_GUEST_DS_ACCESS_RIGHTS, 0x16,
	 "data writable expand-down, DPL 0, not present"},
};

static void values_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct text t = begin();

		field_text_value(&t, values[i].field, values[i].value,
				 EXIT_REASON_APIC_WRITE);
		assert_string_equal(buffer, values[i].text);
	}
}

/* Every field takes every value. */
static void no_value_goes_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < vmcs_fields_count; i++)
		for (unsigned shift = 0; shift < 64; shift++) {
			struct text t = begin();

			field_text_value(&t, vmcs_fields[i].field,
					 ~0ull << shift, ~0u);
			field_text_value(&t, vmcs_fields[i].field,
					 1ull << shift, shift);
			field_text_controls(&t, vmcs_fields[i].field,
					    ~0ull << shift, "");
		}
}

static void every_control_has_its_name(void **state)
{
	struct text t = begin();

	(void)state;
	assert_true(
		field_text_controls(&t, VMCS_PIN_BASED_CONTROLS, 0x83, "  "));
	assert_string_equal(buffer, "   0 external-interrupt exiting\n"
				    "   7 process posted interrupts\n"
				    "  reserved, and 1: bit 1\n");
	t = begin();
	assert_true(
		field_text_controls(&t, VMCS_TERTIARY_CONTROLS, 1ull << 8, ""));
	assert_string_equal(buffer, " 8 APIC-timer virtualization\n");
	t = begin();
	assert_false(field_text_controls(&t, VMCS_VPID, 1, ""));
	assert_string_equal(buffer, "");
}

static bool matches(const char *word)
{
	return field_text_matches(VMCS_GUEST_RIP, "Guest RIP", word);
}

static void names_match_by_parts(void **state)
{
	(void)state;
	assert_true(matches("guest_rip"));
	assert_true(matches("RIP"));
	assert_true(matches("st r"));
	assert_true(matches(""));
	assert_true(matches("0x681e"));
	assert_false(matches("0x681c"));
	assert_false(matches("guest rips"));
	assert_false(matches("rsp"));
	assert_true(field_text_matches(VMCS_EOI_EXIT_BITMAP_0,
				       "EOI-exit bitmap 0", "eoi_exit"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_in_words),
		cmocka_unit_test(no_value_goes_wrong),
		cmocka_unit_test(every_control_has_its_name),
		cmocka_unit_test(names_match_by_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
