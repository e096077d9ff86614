/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of vmx/machine_check.c: what is logged, cleared, and how the VM ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/cr_bits.h"
#include "hv/hw/msr.h"
#include "hv/lib/log.h"
#include "vmx/insn.h"
#include "vmx/machine.h"
#include "vmx/machine_check.h"

static struct vcpu v;
static char told[256];
static unsigned lines;
static enum machine_end ended;

void log_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(told, sizeof(told), fmt, args);
	va_end(args);
	lines++;
}

enum exit_result machine_end(struct vcpu *vcpu, enum machine_end how,
			     uint32_t code, const char *text)
{
	(void)vcpu;
	(void)code;
	assert_non_null(strstr(text, "a machine check"));
	ended = how;
	return EXIT_STOP;
}

/* Three banks, the last without MSRs; bank 1 has an error and an address. */
static void test_banks(void **state)
{
	(void)state;
	fake_msr_put(IA32_MCG_CAP, 0x1000003);
	fake_msr_put(IA32_MCG_STATUS, 5);
	fake_msr_put(0x401, 0x7fffffffffffffff);
	fake_msr_put(0x405, 0xb400000000000134);
	fake_msr_put(0x406, 0x12345678);
	fake_msr_put(0x407, 0x99);
	vmx_write(VMCS_CR4_READ_SHADOW, CR4_MCE | CR4_PAE);
	assert_int_equal(machine_check(&v), EXIT_STOP);
	assert_int_equal(ended, MACHINE_UNHANDLED);
	assert_int_equal(lines, 1);
	assert_non_null(strstr(told, "bank 1: status b400000000000134, "
				     "address 12345678, misc 0"));
	assert_int_equal(msr_read(0x405), 0);
	assert_int_equal(msr_read(0x401), 0x7fffffffffffffff);
	assert_int_equal(msr_read(IA32_MCG_STATUS), 0);
	/* Nothing is left; and the guest does not want to know. */
	vmx_write(VMCS_CR4_READ_SHADOW, CR4_PAE);
	assert_int_equal(machine_check(&v), EXIT_STOP);
	assert_int_equal(ended, MACHINE_TRIPLE_FAULT);
	assert_int_equal(lines, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_banks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
