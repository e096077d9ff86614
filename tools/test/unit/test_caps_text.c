/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx/text/caps_text.c: the report of what a processor can virtualize. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tools/test/unit/test_caps.h"
#include "vmx/text/caps_text.h"

static char buffer[CAPS_TEXT_SIZE];
static struct text t;

/* By the high halves of MSRs 48BH and 481H. */
static void report(uint32_t proc2, uint32_t pin)
{
	struct vmx_caps caps = processor(proc2, pin);

	text_begin(&t, buffer, sizeof(buffer));
	caps_text(&t, &caps);
}

static bool says(const char *words)
{
	return strstr(buffer, words);
}

/* One screen of 25 lines; sentences about tiers may be longer than a line. */
static void fits_a_screen(void)
{
	unsigned lines = 0;
	const char *line = buffer;

	assert_true(t.used < sizeof(buffer) - 1);
	while (*line) {
		size_t length = strcspn(line, "\n");

		lines += 1 + (unsigned)length / 80;
		if (length > 80)
			assert_true(!strncmp(line, "Tier", 4) ||
				    !strncmp(line, "  with", 6));
		line += length + (line[length] == '\n');
	}
	assert_in_range(lines, 8, 25);
}

static void ice_lake(void **state)
{
	(void)state;
	report(0x2d77fff, 0xff);
	fits_a_screen();
	assert_true(says(
		"VMX: revision 12, \"true\" control MSRs; addresses: physical 39, linear 48 bits\n"));
	assert_true(says("  process posted interrupts       yes"));
	assert_true(says("  IPI virtualization              no"));
	assert_true(says("Tier (apic = auto): posted, the highest there is\n"));
	assert_true(says("EPT: 4 levels, no 5 levels, 2 MiB, 1 GiB, "
			 "execute-only, accessed/dirty, UC, WB\n"));
	assert_true(says("Unrestricted guest: yes. Preemption timer: yes, "
			 "every 2^7 ticks. CR3 targets: 4.\n"));
	assert_true(says("Not there: "));
	assert_false(says("enable HLAT")); /* there is no such word */
}

static void sandy_bridge_has_less_in_x2apic_mode(void **state)
{
	(void)state;
	report(0xef, 0x7f);
	fits_a_screen();
	assert_true(says(
		"Tier (apic = auto): tpr-shadow; not access-page: this "
		"processor has no \"virtualize x2APIC mode\" "
		"(IA32_VMX_PROCBASED_CTLS2, MSR 48BH, bit 36 is 0): choose a "
		"lower apic tier, or apic = auto\n"));
	assert_true(says("  with x2apic = off: access-page; not register: "));
}

static void penryn_cannot_run_it(void **state)
{
	(void)state;
	report(0x41, 0x3f);
	fits_a_screen();
	assert_true(says("EPT: no\n"));
	assert_true(says("Tier (apic = auto): none: this processor has no "
			 "\"enable EPT\" ("));
}

static void a_processor_with_everything(void **state)
{
	struct vmx_caps caps = {.pin = ~0ull,
				.proc = ~0ull,
				.proc2 = ~0ull,
				.proc3 = ~0ull,
				.exit = ~0ull,
				.entry = ~0ull,
				.ept_vpid = ~0ull,
				.misc = ~0ull};

	(void)state;
	text_begin(&t, buffer, sizeof(buffer));
	caps_text(&t, &caps);
	assert_true(says("Not there: nothing\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ice_lake),
		cmocka_unit_test(sandy_bridge_has_less_in_x2apic_mode),
		cmocka_unit_test(penryn_cannot_run_it),
		cmocka_unit_test(a_processor_with_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
