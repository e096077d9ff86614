/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of vmx/apicv_tertiary.c over the fake VMCS: fields and table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mm/frame.h"
#include "vmx/apicv_tertiary.h"
#include "vmx/vmcs.h"

#define POOL_PAGES 32
#define POOL_HPA   0x7654000

static uint8_t pool[POOL_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));
static struct vcpu *v;

static int setup(void **state)
{
	(void)state;
	fake_vmx_reset();
	frame_init(pool, hpa(POOL_HPA), sizeof(pool), 0);
	v = frame_alloc(FRAME_VM, (sizeof(*v) + PAGE_MASK) / PAGE_SIZE);
	v->pid_pointers = frame_alloc(FRAME_VMX, 1);
	v->index = 2;
	v->pid_last = 3;
	v->timer_tsc = 1000;
	v->vlapic.tsc_offset = 0 - 300ull;
	return 0;
}

static void ipis(bool on)
{
	v->controls.proc = on ? VMX_PROC_TERTIARY_CONTROLS : 0;
	v->controls.proc3 = on ? VMX_PROC3_IPI_VIRTUALIZATION : 0;
	apicv_tertiary_write(v);
}

static void test_without(void **state)
{
	(void)state;
	ipis(false);
	assert_int_equal(fake_vmx.writes, 0); /* no such fields */
	assert_int_equal(v->pid_pointers[2], 0);
}

static void test_table(void **state)
{
	(void)state;
	ipis(true);
	assert_int_equal(vmcs_read64(VMCS_TERTIARY_CONTROLS), 1u << 4);
	assert_int_equal(vmcs_read64(VMCS_PID_POINTER_TABLE_ADDRESS),
			 frame_hpa(v->pid_pointers).value);
	assert_int_equal(vmcs_read16(VMCS_LAST_PID_POINTER_INDEX), 3);
	assert_int_equal(v->pid_pointers[2], frame_hpa(&v->pi).value | 1);
	assert_int_equal(v->pid_pointers[2] & 0x3e, 0); /* reserved bits */
	for (unsigned i = 0; i < 4; i++)
		if (i != 2)
			assert_int_equal(v->pid_pointers[i], 0);
	ipis(false); /* takes none any more: the entry is gone */
	assert_int_equal(v->pid_pointers[2], 0);
}

static void test_timer(void **state)
{
	(void)state;
	v->controls.proc = VMX_PROC_TERTIARY_CONTROLS;
	v->controls.proc3 = VMX_PROC3_APIC_TIMER_VIRTUALIZATION;
	vmcs_write64(VMCS_GUEST_DEADLINE, 77);
	apicv_tertiary_write(v);
	assert_int_equal(vmcs_read64(VMCS_GUEST_DEADLINE), 0);
	assert_int_equal(v->pid_pointers[2], 0);
	apicv_tertiary_arm(v, 0xec);
	assert_int_equal(vmcs_read16(VMCS_VIRTUAL_TIMER_VECTOR), 0xec);
	assert_int_equal(vmcs_read64(VMCS_GUEST_DEADLINE), 1000);
	assert_int_equal(vmcs_read64(VMCS_GUEST_DEADLINE_SHADOW), 700);
	assert_true(apicv_tertiary_disarm());
	assert_int_equal(vmcs_read64(VMCS_GUEST_DEADLINE), 0);
	assert_int_equal(vmcs_read64(VMCS_GUEST_DEADLINE_SHADOW), 0);
	apicv_tertiary_arm(v, 0xec);
	vmcs_write64(VMCS_GUEST_DEADLINE, 0); /* the processor: it came */
	assert_false(apicv_tertiary_disarm());
}

static void test_target(void **state)
{
	struct pi_desc pi = {0};

	(void)state;
	pi_desc_set_target(&pi, 0xf2, 0x1234, true);
	assert_int_equal(pi.control, 0xf2 << 16);
	assert_int_equal(pi.ndst, 0x1234);
	pi_desc_set_target(&pi, 0xf2, 0x12, false);
	assert_int_equal(pi.ndst, 0x1200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_without, setup),
		cmocka_unit_test_setup(test_table, setup),
		cmocka_unit_test_setup(test_timer, setup),
		cmocka_unit_test_setup(test_target, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
