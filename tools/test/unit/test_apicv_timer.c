/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of vmx/apicv_timer.c over the fake VMCS: a timer that the processor has
 * been given, while the guest's time stands still. */
#include "tools/test/unit/test_vlapic.h"

#include "vmx/apicv_timer.h"
#include "vmx/caps.h"
#include "vmx/vmcs.h"

#define VECTOR	 0x41
#define DEADLINE (2 << 17 | VECTOR) /* LVT timer: TSC-deadline mode */
#define OFFSET	 (0 - 300ull)	    /* guest TSC 0 is the host's 300 */
#define EXPIRY	 1000ull
#define STOOD	 5000ull

static struct vcpu vcpu __attribute__((aligned(4096)));
static uint8_t page[4096] __attribute__((aligned(4096)));
static struct vcpu *const v = &vcpu;

static void write_apic(uint32_t offset, uint32_t value)
{
	vlapic_effect_at(&v->vlapic, vlapic_write(&v->vlapic, offset, value),
			 300);
}

/* A deadline is armed, and posted in one of two ways. */
static void post(uint64_t proc3)
{
	memset(v, 0, sizeof(*v));
	fake_vmx_reset();
	v->controls.pin = VMX_PIN_POSTED_INTERRUPTS;
	v->controls.proc3 = proc3;
	v->quiet_tsc = 1;
	vlapic_init(&v->vlapic, page, &v->pi, 0, true);
	vlapic_reset(&v->vlapic);
	v->vlapic.tsc_offset = OFFSET;
	write_apic(APIC_SVR, APIC_SVR_ENABLE | 0xff);
	write_apic(APIC_LVT_TIMER, DEADLINE);
	vlapic_deadline_write(&v->vlapic, 300, EXPIRY + OFFSET);
	v->timer_tsc = vlapic_timer_next(&v->vlapic);
	assert_int_equal(v->timer_tsc, EXPIRY);
	assert_true(apicv_timer_post(v));
	v->due = 0;
}

static bool in_pir(void)
{
	return v->pi.pir[VECTOR / 64] >> (VECTOR % 64) & 1;
}

/* It is as far away as it was, and is to be posted anew. */
static void check_moved(void)
{
	assert_int_equal(v->timer_tsc, EXPIRY + STOOD);
	assert_int_equal(vlapic_deadline_read(&v->vlapic, EXPIRY + STOOD - 1),
			 EXPIRY + OFFSET);
	assert_int_equal(vmcs_read64(VMCS_TSC_OFFSET), OFFSET - STOOD);
	assert_int_equal(v->pi.timer, 0);
	assert_int_equal(v->armed_tsc, 0);
	assert_true(v->due & VCPU_DUE_TIME);
	assert_true(apicv_timer_post(v));
}

/* The processor delivered it before: it is over, whatever time does. */
static void check_over(void)
{
	assert_int_equal(v->timer_tsc, VLAPIC_NEVER);
	assert_int_equal(vlapic_deadline_read(&v->vlapic, EXPIRY + STOOD - 1),
			 0);
	assert_int_equal(vmcs_read64(VMCS_TSC_OFFSET), OFFSET - STOOD);
	assert_false(apicv_timer_post(v));
}

static void test_in_pir(void **state)
{
	(void)state;
	post(0);
	assert_true(in_pir());
	apicv_stood_still(v, STOOD);
	check_moved();
	assert_true(in_pir());
	post(0);
	v->pi.pir[VECTOR / 64] = 0;
	apicv_stood_still(v, STOOD);
	check_over();
	assert_false(in_pir());
}

static void test_virtual(void **state)
{
	(void)state;
	post(VMX_PROC3_APIC_TIMER_VIRTUALIZATION);
	assert_int_equal(vmcs_read64(VMCS_GUEST_DEADLINE), EXPIRY);
	apicv_stood_still(v, STOOD);
	assert_int_equal(vmcs_read64(VMCS_GUEST_DEADLINE), 0);
	check_moved();
	assert_int_equal(vmcs_read64(VMCS_GUEST_DEADLINE), EXPIRY + STOOD);
	assert_int_equal(vmcs_read64(VMCS_GUEST_DEADLINE_SHADOW),
			 EXPIRY + OFFSET);
	post(VMX_PROC3_APIC_TIMER_VIRTUALIZATION);
	vmcs_write64(VMCS_GUEST_DEADLINE, 0);
	apicv_stood_still(v, STOOD);
	check_over();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_pir),
		cmocka_unit_test(test_virtual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
