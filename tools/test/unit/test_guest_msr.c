/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of vmx/guest_msr.c: where each MSR is kept, and what may go there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/cr_bits.h"
#include "hv/hw/msr.h"
#include "vmx/exit.h"
#include "vmx/guest_msr.h"
#include "vmx/setup.h"
#include "vmx/vmcs.h"

static struct cpuid_policy policy;
static struct vcpu v;
static uint32_t asked; /* the MSR that reached the exit handlers */
static unsigned flushes;

bool exit_msr_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	(void)vcpu;
	asked = msr;
	*value = 0x77;
	return msr != 0x1234;
}

bool exit_msr_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	(void)vcpu;
	asked = msr;
	return value != 0x1234;
}

void setup_flush_linear(const struct vcpu *vcpu)
{
	(void)vcpu;
	flushes++;
}

static int setup(void **state)
{
	(void)state;
	fake_vmx_reset();
	fake_msrs.count = 0;
	asked = 0;
	flushes = 0;
	v.cpuid = &policy;
	v.controls.proc2 = 0;
	policy.shown.extended[1].reg[CPUID_EDX] = 1u << 11 | 1u << 20;
	return 0;
}

static void holds(uint32_t msr, uint64_t value)
{
	uint64_t is = ~value;

	assert_true(guest_msr_read(&v, msr, &is));
	assert_int_equal(is, value);
}

static void test_kept_in_the_vmcs(void **state)
{
	static const struct {
		uint32_t msr, field;
		uint64_t good, bad;
	} rows[] = {
		{IA32_SYSENTER_CS, VMCS_GUEST_IA32_SYSENTER_CS, 0x10,
		 1ull << 32},
		{IA32_SYSENTER_ESP, VMCS_GUEST_IA32_SYSENTER_ESP,
		 0xffff800000000000, 0x800000000000},
		{IA32_SYSENTER_EIP, VMCS_GUEST_IA32_SYSENTER_EIP,
		 0x7fffffffffff, 0xff00000000000000},
		{IA32_FS_BASE, VMCS_GUEST_FS_BASE, 0x1000, 1ull << 60},
		{IA32_GS_BASE, VMCS_GUEST_GS_BASE, ~0ull, 1ull << 48},
		{IA32_PAT, VMCS_GUEST_IA32_PAT, 0x0007040600070406,
		 0x0007040600070402},
		{IA32_PAT, VMCS_GUEST_IA32_PAT, 0x0505010100070406,
		 0x0807040600070406},
		{IA32_EFER, VMCS_GUEST_IA32_EFER, EFER_SCE, EFER_LME},
		{IA32_EFER, VMCS_GUEST_IA32_EFER, EFER_NXE, 1ull << 12},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned before = flushes;

		assert_true(guest_msr_write(&v, rows[i].msr, rows[i].good));
		assert_int_equal(vmx_read(rows[i].field), rows[i].good);
		assert_int_equal(flushes, before + 1);
		holds(rows[i].msr, rows[i].good);
		assert_false(guest_msr_write(&v, rows[i].msr, rows[i].bad));
		assert_int_equal(vmx_read(rows[i].field), rows[i].good);
		assert_int_equal(asked, 0);
	}
	vmcs_write(VMCS_GUEST_CR4, CR4_LA57);
	assert_true(guest_msr_write(&v, IA32_FS_BASE, 0x800000000000));
	policy.shown.extended[1].reg[CPUID_EDX] = 1u << 11;
	assert_false(guest_msr_write(&v, IA32_EFER, 0));
}

static void test_live(void **state)
{
	static const uint32_t live[] = {IA32_STAR, IA32_LSTAR, IA32_CSTAR,
					IA32_FMASK, IA32_KERNEL_GS_BASE};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++) {
		fake_msr_put(live[i], i);
		holds(live[i], i);
		assert_true(guest_msr_write(&v, live[i], 0x5000));
		assert_int_equal(msr_read(live[i]), 0x5000);
	}
	assert_int_equal(asked, 0);
	/* TSC_AUX is the guest's only with RDTSCP. */
	fake_msr_put(IA32_TSC_AUX, 9);
	holds(IA32_TSC_AUX, 0x77);
	assert_int_equal(asked, IA32_TSC_AUX);
	v.controls.proc2 = VMX_PROC2_RDTSCP;
	holds(IA32_TSC_AUX, 9);
	/* The processor says #GP. */
	fake_msrs.count = 0;
	assert_false(guest_msr_read(&v, IA32_STAR, &value));
	assert_false(guest_msr_write(&v, IA32_STAR, 1));
}

static void test_others_exit(void **state)
{
	uint64_t value;

	(void)state;
	holds(IA32_MISC_ENABLE, 0x77);
	assert_int_equal(asked, IA32_MISC_ENABLE);
	assert_false(guest_msr_read(&v, 0x1234, &value));
	assert_true(guest_msr_write(&v, IA32_APIC_BASE, 1));
	assert_int_equal(asked, IA32_APIC_BASE);
	assert_false(guest_msr_write(&v, IA32_APIC_BASE, 0x1234));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_kept_in_the_vmcs, setup),
		cmocka_unit_test_setup(test_live, setup),
		cmocka_unit_test_setup(test_others_exit, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
