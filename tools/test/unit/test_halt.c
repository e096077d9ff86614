/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of vmx/halt.c: two ways of being halted, and how they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "vmx/halt.h"
#include "vmx/insn.h"

static struct vcpu v;

/* Activity states: 0 active, 1 HLT. */
static void put(enum vcpu_state state, uint32_t activity)
{
	v.state = state;
	vmx_write(VMCS_GUEST_ACTIVITY_STATE, activity);
}

static void expect(enum vcpu_state state)
{
	assert_int_equal(v.state, state);
	assert_int_equal(vmx_read(VMCS_GUEST_ACTIVITY_STATE), 0);
}

static int setup(void **state)
{
	(void)state;
	fake_vmx_reset();
	memset(&v, 0, sizeof(v));
	return 0;
}

static void test_state(void **state)
{
	(void)state;
	put(VCPU_RUNNING, 0);
	assert_int_equal(halt_state(&v), VCPU_RUNNING);
	put(VCPU_RUNNING, 1);
	assert_int_equal(halt_state(&v), VCPU_HALTED);
	put(VCPU_HALTED, 0);
	assert_int_equal(halt_state(&v), VCPU_HALTED);
	/* Its VM has ended; where it did, does not matter. */
	put(VCPU_SHUTDOWN, 1);
	assert_int_equal(halt_state(&v), VCPU_SHUTDOWN);
	put(VCPU_WAIT_FOR_SIPI, 0);
	assert_int_equal(halt_state(&v), VCPU_WAIT_FOR_SIPI);
}

static void test_in_root(void **state)
{
	(void)state;
	put(VCPU_RUNNING, 1);
	halt_in_root(&v);
	expect(VCPU_HALTED);
	halt_in_root(&v);
	expect(VCPU_HALTED);
	put(VCPU_RUNNING, 0);
	halt_in_root(&v);
	expect(VCPU_RUNNING);
	put(VCPU_WAIT_FOR_SIPI, 0);
	halt_in_root(&v);
	expect(VCPU_WAIT_FOR_SIPI);
}

static void test_end(void **state)
{
	(void)state;
	put(VCPU_RUNNING, 1);
	halt_end(&v);
	expect(VCPU_RUNNING);
	put(VCPU_HALTED, 0);
	halt_end(&v);
	expect(VCPU_RUNNING);
	put(VCPU_WAIT_FOR_SIPI, 0);
	halt_end(&v);
	expect(VCPU_WAIT_FOR_SIPI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_state, setup),
		cmocka_unit_test_setup(test_in_root, setup),
		cmocka_unit_test_setup(test_end, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
