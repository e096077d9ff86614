/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx/text/caps_list.c: capabilities by name, and what one CPU has and another not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/msr.h"
#include "tools/test/unit/test_caps.h"
#include "tools/test/unit/test_lines.h"
#include "vmx/text/caps_list.h"

static char buffer[8192];
static struct text t;

static struct vmx_caps haswell; /* no posted interrupts */

static int begin(void **state)
{
	(void)state;
	haswell = processor(0x47fff, 0x7f);
	text_begin(&t, buffer, sizeof(buffer));
	return 0;
}

static void controls_by_name(void **state)
{
	(void)state;
	caps_list_word(&t, &haswell, VMX_WORD_PIN);
	assert_string_equal(buffer,
			    "pin-based VM-execution controls\n"
			    "  can be 1:   external-interrupt exiting, NMI "
			    "exiting, virtual NMIs, activate\n"
			    "              VMX-preemption timer\n"
			    "  always 1:   reserved bits 1 2 4\n"
			    "  always 0:   process posted interrupts\n");
	check_lines(&t);
}

/* A word that the processor has not. */
static void no_tertiary_controls(void **state)
{
	(void)state;
	caps_list_word(&t, &haswell, VMX_WORD_PROC3);
	assert_non_null(strstr(buffer, "\n  always 0:   LOADIWKEY exiting, "));
	assert_null(strstr(buffer, "can be 1"));
	assert_null(strstr(buffer, "always 1"));
	check_lines(&t);
}

/* A control that is newer than the table. */
static void unknown_controls(void **state)
{
	struct vmx_caps caps = haswell;

	(void)state;
	caps.proc2 |= 1ull << 61;
	caps_list_word(&t, &caps, VMX_WORD_PROC2);
	assert_non_null(
		strstr(buffer, " EPT-violation #VE, reserved bit 29\n"));
	check_lines(&t);
}

static void everything_fits_the_line(void **state)
{
	struct vmx_caps caps = haswell;

	(void)state;
	caps_list_basics(&t, &haswell);
	assert_non_null(strstr(buffer, "VMX: VMCS revision 12H, 1024 bytes, "
				       "memory type 6\n"));
	assert_non_null(strstr(buffer, "physical addresses of 39 bits, linear "
				       "ones of 48;\n"));
	assert_non_null(strstr(buffer, "every 2^7 TSC ticks; 4 CR3 targets;"));
	assert_non_null(strstr(buffer, "CR4:        always 1: 00002000; can be "
				       "1: 003747ff\n"));
	caps_list_ept(&t, &haswell);
	assert_non_null(strstr(buffer, "EPT and VPID\n  has:        "
				       "execute-only pages, walks of length "
				       "4, "));
	for (unsigned word = 0; word < VMX_WORD_COUNT; word++)
		caps_list_word(&t, &haswell, word);
	check_lines(&t);
	begin(NULL);
	memset(&caps, 0xff, sizeof(caps));
	caps_list_basics(&t, &caps);
	caps_list_ept(&t, &caps);
	for (unsigned word = 0; word < VMX_WORD_COUNT; word++)
		caps_list_word(&t, &caps, word);
	assert_non_null(strstr(buffer, "HLAT prefix: up to 63 bits"));
	check_lines(&t);
}

static void no_ept(void **state)
{
	struct vmx_caps caps = haswell;

	(void)state;
	caps.ept_vpid = 0;
	caps_list_ept(&t, &caps);
	assert_string_equal(buffer, "EPT and VPID: none\n");
}

static struct vmx_caps_raw raw_of_fake(void)
{
	struct vmx_caps_raw raw;

	memset(&fake_msrs, 0, sizeof(fake_msrs));
	fake_msr_put(IA32_VMX_BASIC, 0x1a04000000000d);
	fake_msr_put(IA32_VMX_PROCBASED_CTLS2, 0x47fffull << 32);
	fake_msr_put(IA32_VMX_TRUE_PINBASED, 0x7f00000016);
	vmx_caps_raw_read(&raw);
	return raw;
}

static void msrs_that_are_there(void **state)
{
	struct vmx_caps_raw raw = raw_of_fake();

	(void)state;
	assert_int_equal(raw.there, 1 << 0 | 1 << 11 | 1 << 13);
	caps_list_msrs(&t, &raw);
	assert_string_equal(
		buffer,
		"  480H  IA32_VMX_BASIC                001a04000000000d\n"
		"  48BH  IA32_VMX_PROCBASED_CTLS2      00047fff00000000\n"
		"  48DH  IA32_VMX_TRUE_PINBASED_CTLS   0000007f00000016\n");
	check_lines(&t);
}

static void differences(void **state)
{
	struct vmx_caps_raw first = raw_of_fake(), one;

	(void)state;
	caps_list_differences(&t, &first, &first);
	assert_string_equal(buffer, "");
	fake_msr_put(IA32_VMX_PROCBASED_CTLS2, 0x247fdfull << 32);
	fake_msr_put(IA32_VMX_TRUE_PINBASED, 0x7f00000017);
	fake_msr_put(IA32_VMX_VMFUNC, 0);
	vmx_caps_raw_read(&one);
	caps_list_differences(&t, &first, &one);
	assert_string_equal(
		buffer, "  IA32_VMX_PROCBASED_CTLS2 is 00247fdf00000000\n"
			"  with:       PASID translation\n"
			"  without:    enable VPID\n"
			"  IA32_VMX_TRUE_PINBASED_CTLS is 0000007f00000017\n"
			"  now fixed:  external-interrupt exiting\n"
			"  IA32_VMX_VMFUNC is there\n");
	begin(NULL);
	caps_list_differences(&t, &one, &first);
	assert_non_null(strstr(buffer, "  with:       enable VPID\n"
				       "  without:    PASID translation\n"));
	assert_non_null(strstr(buffer, "now free:   external-interrupt"));
	assert_non_null(strstr(buffer, "IA32_VMX_VMFUNC is not there\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(controls_by_name, begin),
		cmocka_unit_test_setup(no_tertiary_controls, begin),
		cmocka_unit_test_setup(unknown_controls, begin),
		cmocka_unit_test_setup(everything_fits_the_line, begin),
		cmocka_unit_test_setup(no_ept, begin),
		cmocka_unit_test_setup(msrs_that_are_there, begin),
		cmocka_unit_test_setup(differences, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
