/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx/text/exit_text.c: reasons, qualifications, events and histories in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "vmx/exit_reason.h"
#include "vmx/text/exit_text.h"
#include "vmx/inject.h"

static char buffer[400];

static struct text begin(void)
{
	struct text t;

	text_begin(&t, buffer, sizeof(buffer));
	return t;
}

static void reasons(void **state)
{
	struct text t = begin();

	(void)state;
	exit_text_reason(&t, EXIT_REASON_HLT);
	assert_string_equal(buffer, "HLT");
	t = begin();
	exit_text_reason(&t, EXIT_REASON_ENTRY_FAILURE |
				     EXIT_REASON_ENTRY_FAILURE_GUEST_STATE);
	assert_string_equal(buffer, "VM-entry failure due to invalid guest "
				    "state, VM-entry failure");
	t = begin();
	exit_text_reason(&t, 0xffff);
	assert_string_equal(buffer, "unknown reason");
}

static const struct {
	uint32_t basic;
	uint64_t q;
	const char *text;
} qualifications[] = {
	{EXIT_REASON_CPUID, 0, ""},
	{EXIT_REASON_SIPI, 0x99, "vector 99"},
	{EXIT_REASON_VIRTUALIZED_EOI, 0x41, "vector 41"},
	{EXIT_REASON_INVLPG, 0xffff800000000000,
	 "linear address "
	 "ffff800000000000"},
	{EXIT_REASON_CONTROL_REGISTER_ACCESS, 0x300, "MOV CR0, RBX"},
	{EXIT_REASON_CONTROL_REGISTER_ACCESS, 0xf18, "MOV R15, CR8"},
	{EXIT_REASON_CONTROL_REGISTER_ACCESS, 0x20, "CLTS"},
	{EXIT_REASON_CONTROL_REGISTER_ACCESS, 0x00010030, "LMSW 0001"},
	{EXIT_REASON_MOV_DR, 0x107, "MOV DR7, RCX"},
	{EXIT_REASON_MOV_DR, 0x016, "MOV RAX, DR6"},
	{EXIT_REASON_IO_INSTRUCTION, 0x03f80008, "IN, 8 bits, port 0x3f8"},
	{EXIT_REASON_IO_INSTRUCTION, 0x00800033,
	 "REP OUTS, 32 bits, port 0x80"},
	{EXIT_REASON_TASK_SWITCH, 0xc0000028, "to TSS 0028 by a task gate"},
	{EXIT_REASON_ENTRY_FAILURE_GUEST_STATE, 4, "VMCS link pointer"},
	{EXIT_REASON_ENTRY_FAILURE_GUEST_STATE, 1, ""},
	{EXIT_REASON_ENTRY_FAILURE_GUEST_STATE, UINT64_MAX, ""},
	{EXIT_REASON_ENTRY_FAILURE_MSR_LOADING, 2,
	 "entry 2 of the MSR-load area"},
	{EXIT_REASON_MWAIT, 1, "monitor armed"},
	{EXIT_REASON_APIC_ACCESS, 0x1300, "linear write at offset 0x300"},
	{EXIT_REASON_APIC_ACCESS, 0xf000, "guest-physical"},
	{EXIT_REASON_APIC_ACCESS, 0x7000, "reserved type"},
	{EXIT_REASON_APIC_WRITE, 0xb0, "offset 0xb0"},
	{EXIT_REASON_EPT_VIOLATION, 0x182, "write, EPT allows ---"},
	{EXIT_REASON_EPT_VIOLATION, 0x08b,
	 "read and write of a paging structure, EPT allows r--"},
	{EXIT_REASON_EPT_VIOLATION, 0x1004,
	 "fetch, without a linear address, EPT allows ---, NMI unblocking due "
	 "to IRET"},
};

static void qualifications_by_reason(void **state)
{
	(void)state;
	for (size_t i = 0;
	     i < sizeof(qualifications) / sizeof(qualifications[0]); i++) {
		struct text t = begin();

		exit_text_qualification(&t, qualifications[i].basic,
					qualifications[i].q);
		assert_string_equal(buffer, qualifications[i].text);
	}
}

/* No reason and no qualification reads past a table. */
static void anything_is_said_of_anything(void **state)
{
	(void)state;
	for (uint32_t basic = 0; basic < 0x10000; basic += basic < 256 ? 1 : 97)
		for (unsigned shift = 0; shift < 64; shift++) {
			struct text t = begin();

			exit_text_qualification(&t, basic, ~0ull << shift);
			exit_text_qualification(&t, basic, 1ull << shift);
			exit_text_has_length(basic, 1ull << shift, ~0u);
		}
}

static void lengths(void **state)
{
	uint32_t bp = INTERRUPTION_VALID | INTERRUPTION_SOFTWARE_EXCEPTION | 3;
	uint32_t gp = INTERRUPTION_VALID | INTERRUPTION_HARDWARE_EXCEPTION | 13;

	(void)state;
	assert_true(exit_text_has_length(EXIT_REASON_HLT, 0, 0));
	assert_true(exit_text_has_length(EXIT_REASON_TDCALL, 0, 0));
	assert_false(exit_text_has_length(EXIT_REASON_APIC_ACCESS, 0, 0));
	assert_false(exit_text_has_length(EXIT_REASON_EPT_VIOLATION, 0, 0));
	assert_false(
		exit_text_has_length(EXIT_REASON_EXTERNAL_INTERRUPT, 0, 0));
	assert_true(exit_text_has_length(EXIT_REASON_EXCEPTION_OR_NMI, 0, bp));
	assert_false(exit_text_has_length(EXIT_REASON_EXCEPTION_OR_NMI, 0, gp));
	assert_false(
		exit_text_has_length(EXIT_REASON_TASK_SWITCH, 3u << 30, 0));
	assert_true(exit_text_has_length(EXIT_REASON_TASK_SWITCH, 0, 0));
}

static const struct {
	uint32_t info;
	const char *text;
} events[] = {
	{0x41, "not valid"},
	{INTERRUPTION_VALID | 0x41, "external interrupt 41"},
	{INTERRUPTION_VALID | INTERRUPTION_NMI | 2, "NMI"},
	{INTERRUPTION_VALID | INTERRUPTION_HARDWARE_EXCEPTION |
		 INTERRUPTION_ERROR_CODE | 13,
	 "hardware exception #GP, with an error code"},
	{INTERRUPTION_VALID | INTERRUPTION_SOFTWARE_INTERRUPT | 0x80,
	 "software interrupt 80"},
	{INTERRUPTION_VALID | INTERRUPTION_SOFTWARE_EXCEPTION | 3,
	 "software exception #BP"},
	{INTERRUPTION_VALID | INTERRUPTION_HARDWARE_EXCEPTION | 0xff,
	 "hardware exception ff"},
	{INTERRUPTION_VALID | INTERRUPTION_NMI_UNBLOCKING | 0x20,
	 "external interrupt 20, NMI unblocking due to IRET"},
};

static void events_by_type(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct text t = begin();

		exit_text_event(&t, events[i].info);
		assert_string_equal(buffer, events[i].text);
	}
}

static void histories_count_runs(void **state)
{
	uint8_t reasons[8] = {EXIT_REASON_HLT, EXIT_REASON_HLT, EXIT_REASON_HLT,
			      EXIT_REASON_CPUID};
	struct text t = begin();

	(void)state;
	exit_text_history(&t, reasons, 0);
	assert_string_equal(buffer, "none");
	t = begin();
	exit_text_history(&t, reasons + 2, 2);
	assert_string_equal(buffer, "HLT, CPUID");
	t = begin();
	exit_text_history(&t, reasons, 4);
	assert_string_equal(buffer, "HLT x3, CPUID");
	/* Names stay in one piece. */
	for (unsigned i = 0; i < 8; i++)
		reasons[i] =
			i % 2 ? EXIT_REASON_HLT : EXIT_REASON_IO_INSTRUCTION;
	t = begin();
	exit_text_history(&t, reasons, 8);
	assert_string_equal(buffer, "I/O instruction, HLT, I/O instruction, "
				    "HLT, I/O instruction, HLT,\n"
				    "    I/O instruction, HLT");
	memset(reasons, 254, 4);
	t = begin();
	exit_text_history(&t, reasons, 4);
	assert_string_equal(buffer, "unknown reason x4");
}

static void rings_go_round(void **state)
{
	struct exit_reason_ring ring;
	uint8_t reasons[2 * EXIT_REASON_RING];

	(void)state;
	exit_reason_ring_reset(&ring);
	assert_int_equal(exit_reason_ring_read(&ring, reasons, 32), 0);
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t count;

		ring.reason[ring.at++] = (uint8_t)(i % 80);
		count = exit_reason_ring_read(&ring, reasons, 32);
		assert_int_equal(count, i < 32 ? i + 1 : 32);
		for (uint32_t j = 0; j < count; j++)
			assert_int_equal(reasons[j], (i - j) % 80);
	}
	assert_int_equal(exit_reason_ring_read(&ring, reasons, sizeof(reasons)),
			 EXIT_REASON_RING);
	assert_int_equal(reasons[EXIT_REASON_RING - 1],
			 (999 - (EXIT_REASON_RING - 1)) % 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons),
		cmocka_unit_test(qualifications_by_reason),
		cmocka_unit_test(anything_is_said_of_anything),
		cmocka_unit_test(lengths),
		cmocka_unit_test(events_by_type),
		cmocka_unit_test(histories_count_runs),
		cmocka_unit_test(rings_go_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
