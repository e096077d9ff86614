/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of vmx/caps_read.c and mm/mtrr_read.c: no MSR is read that the
 * processor does not have (on hardware a #GP, here a panic).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/msr.h"
#include "mm/mtrr.h"
#include "vmx/caps.h"

#define TRUE_CONTROLS (1ull << 55)

static void oldest(void)
{
	memset(&fake_msrs, 0, sizeof(fake_msrs));
	fake_msr_put(IA32_VMX_BASIC, 0x1a04000000000d);
	fake_msr_put(IA32_VMX_PINBASED_CTLS, 0x3f00000016);
	fake_msr_put(IA32_VMX_PROCBASED_CTLS, 0x77b9fffe0401e172);
	fake_msr_put(IA32_VMX_EXIT_CTLS, 0x3efff00036dff);
	fake_msr_put(IA32_VMX_ENTRY_CTLS, 0x1fff000011ff);
	fake_msr_put(IA32_VMX_MISC, 0x403c0);
	fake_msr_put(IA32_VMX_CR0_FIXED0, 0x80000021);
	fake_msr_put(IA32_VMX_CR0_FIXED1, 0xffffffff);
	fake_msr_put(IA32_VMX_CR4_FIXED0, 0x2000);
	fake_msr_put(IA32_VMX_CR4_FIXED1, 0x27ff);
}

/* No secondary controls at all. */
static void test_oldest(void **state)
{
	struct vmx_caps caps;

	(void)state;
	oldest();
	vmx_caps_read(&caps);
	assert_int_equal(caps.pin, 0x3f00000016);
	assert_int_equal(caps.proc, 0x77b9fffe0401e172);
	assert_int_equal(caps.exit, 0x3efff00036dff);
	assert_int_equal(caps.entry, 0x1fff000011ff);
	assert_int_equal(caps.misc, 0x403c0);
	assert_int_equal(caps.cr4_fixed1, 0x27ff);
	assert_int_equal(caps.proc2 | caps.proc3 | caps.ept_vpid, 0);
	assert_in_range(caps.physical_bits, 32, 52);
	assert_in_range(caps.linear_bits, 32, 57);
}

/* Penryn: secondary controls, but reading 48CH would fault. */
static void test_no_ept(void **state)
{
	struct vmx_caps caps;

	(void)state;
	oldest();
	fake_msr_put(IA32_VMX_PROCBASED_CTLS, 0xf7b9fffe0401e172);
	fake_msr_put(IA32_VMX_PROCBASED_CTLS2, 0x4100000000);
	vmx_caps_read(&caps);
	assert_int_equal(caps.proc2, 0x4100000000);
	assert_int_equal(caps.ept_vpid, 0);
}

static void test_newest(void **state)
{
	struct vmx_caps caps;

	(void)state;
	oldest();
	fake_msr_put(IA32_VMX_BASIC, 0xda04000000000d | TRUE_CONTROLS);
	fake_msr_put(IA32_VMX_TRUE_PINBASED, 0xff00000016);
	fake_msr_put(IA32_VMX_TRUE_PROCBASED, 0xfffbfffe04006172);
	fake_msr_put(IA32_VMX_TRUE_EXIT, 0x1ffffff00036dfb);
	fake_msr_put(IA32_VMX_TRUE_ENTRY, 0x3ffff000011fb);
	fake_msr_put(IA32_VMX_PROCBASED_CTLS2, 0x2d77fff00000000);
	fake_msr_put(IA32_VMX_PROCBASED_CTLS3, 0x10);
	fake_msr_put(IA32_VMX_EPT_VPID_CAP, 0xf0106734141);
	fake_msr_put(IA32_VMX_VMFUNC, 1);
	vmx_caps_read(&caps);
	assert_int_equal(caps.pin, 0xff00000016);
	assert_int_equal(caps.proc, 0xfffbfffe04006172);
	assert_int_equal(caps.exit, 0x1ffffff00036dfb);
	assert_int_equal(caps.entry, 0x3ffff000011fb);
	assert_int_equal(caps.proc2, 0x2d77fff00000000);
	assert_int_equal(caps.proc3, 0x10);
	assert_int_equal(caps.ept_vpid, 0xf0106734141);
	assert_int_equal(caps.vmfunc, 1);
}

static void test_mtrrs(void **state)
{
	struct mtrr mtrr;

	(void)state;
	memset(&fake_msrs, 0, sizeof(fake_msrs));
	fake_msr_put(IA32_MTRRCAP, 2);
	fake_msr_put(IA32_MTRR_DEF_TYPE, 0x806);
	fake_msr_put(IA32_MTRR_PHYSBASE0, 0xc0000000);
	fake_msr_put(IA32_MTRR_PHYSMASK0, 0xfc0000800);
	fake_msr_put(IA32_MTRR_PHYSBASE0 + 2, 0xa0000001);
	fake_msr_put(IA32_MTRR_PHYSMASK0 + 2, 0xfe0000800);
	mtrr_read(&mtrr);
	assert_int_equal(mtrr.variable_count, 2);
	assert_int_equal(mtrr.has_fixed, 0);
	assert_int_equal(mtrr.base[1], 0xa0000001);
	assert_int_equal(mtrr.mask[1], 0xfe0000800);
	assert_int_equal(mtrr.def_type, 0x806);

	fake_msr_put(IA32_MTRRCAP, 0x100);
	fake_msr_put(IA32_MTRR_FIX64K_00000, 10);
	fake_msr_put(IA32_MTRR_FIX16K_80000, 11);
	fake_msr_put(IA32_MTRR_FIX16K_A0000, 12);
	for (unsigned i = 0; i < 8; i++)
		fake_msr_put(IA32_MTRR_FIX4K_C0000 + i, 13 + i);
	mtrr_read(&mtrr);
	assert_int_equal(mtrr.variable_count, 0);
	for (unsigned i = 0; i < MTRR_FIXED_COUNT; i++)
		assert_int_equal(mtrr.fixed[i], 10 + i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oldest),
		cmocka_unit_test(test_no_ept),
		cmocka_unit_test(test_newest),
		cmocka_unit_test(test_mtrrs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
