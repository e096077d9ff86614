/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of vmx/cpuid_policy.c: what is hidden, what agrees with what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/cr_bits.h"
#include "vmx/controls.h"
#include "vmx/cpuid_bits.h"
#include "vmx/cpuid_policy.h"

#define EAX CPUID_EAX
#define EBX CPUID_EBX
#define ECX CPUID_ECX
#define EDX CPUID_EDX

#define PROC2_ALL                                                          \
	(VMX_PROC2_RDTSCP | VMX_PROC2_INVPCID | VMX_PROC2_XSAVES_XRSTORS | \
	 VMX_PROC2_EPT)

static struct cpuid_leaves native;
static struct cpuid_policy policy;

/* A processor with every bit of every leaf, and plausible XSAVE areas. */
static void everything(void)
{
	static const struct cpuid_regs areas[CPUID_XSAVE_COUNT] = {
		[0] = {{0xffffffff, 0xa88, 0xa88, 0xffffffff}},
		[1] = {{0xffffffff, 0x3c0, 0xffffffff, 0xffffffff}},
		[2] = {{256, 576, 0, 0}},
		[3] = {{64, 960, 0, 0}},
		[5] = {{64, 1088, 0, 0}},
		[6] = {{512, 1152, 0, 0}},
		[7] = {{1024, 1664, 2, 0}},
		[8] = {{128, 0, 1, 0}},
		[9] = {{8, 2688, 0, 0}},
	};

	memset(&native, 0xff, sizeof(native));
	memcpy(native.xsave, areas, sizeof(areas));
	native.basic[0] =
		(struct cpuid_regs){{0x20, 0x756e6547, 0x6c65746e, 0x49656e69}};
	native.basic[1].reg[EAX] = 0x706e5;
	native.basic[1].reg[EBX] = 0x07100800;
	native.feature[0].reg[EAX] = 2;
	/* L1D, L1I, L2 of one core with two threads; L3 of all eight. */
	native.cache[0] = (struct cpuid_regs){{0x1c004121, 1, 2, 3}};
	native.cache[1] = (struct cpuid_regs){{0x1c004122, 4, 5, 6}};
	native.cache[2] = (struct cpuid_regs){{0x1c004143, 7, 8, 9}};
	native.cache[3] = (struct cpuid_regs){{0x1c03c163, 1, 2, 6}};
	native.cache[4] = (struct cpuid_regs){{0, 0, 0, 0}};
	native.extended[0].reg[EAX] = 0x80000008;
	native.extended[1].reg[EAX] = 0;
	native.extended[8].reg[EAX] = 0x3934;
}

static struct cpuid_facts facts(void)
{
	return (struct cpuid_facts){
		.vcpu_count = 6,
		.x2apic = true,
		.tsc_hz = 2500000000,
		.proc2 = PROC2_ALL,
		.xcr0 = UINT64_MAX,
		.gpa_bits = 48,
	};
}

static void build(const struct cpuid_facts *f)
{
	everything();
	cpuid_policy_build(&policy, &native, f);
}

static struct cpuid_regs ask(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_vcpu v = {3, true, 0, 1};

	return cpuid_policy_answer(&policy, &v, leaf, subleaf);
}

static bool bit(uint32_t leaf, uint32_t subleaf, unsigned reg, unsigned b)
{
	return ask(leaf, subleaf).reg[reg] >> b & 1;
}

static void expect(struct cpuid_regs r, uint32_t eax, uint32_t ebx,
		   uint32_t ecx, uint32_t edx)
{
	assert_int_equal(r.reg[EAX], eax);
	assert_int_equal(r.reg[EBX], ebx);
	assert_int_equal(r.reg[ECX], ecx);
	assert_int_equal(r.reg[EDX], edx);
}

/* State that the hypervisor does not keep apart must not be offered. */
static void test_hidden(void **state)
{
	static const struct {
		uint32_t leaf;
		uint8_t subleaf, reg;
		uint32_t mask;
		const char *what;
	} rows[] = {
		{1, 0, ECX, 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8,
		 "DTES64 MONITOR VMX SMX EIST TM2"},
		{1, 0, ECX, 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 18,
		 "CNXT-ID SDBG xTPR PDCM DCA"},
		{1, 0, EDX, 1 << 18 | 1 << 21 | 1 << 22 | 1 << 29 | 1u << 31,
		 "PSN DS ACPI TM PBE"},
		{5, 0, EAX, ~0u, "MONITOR/MWAIT"},
		{6, 0, EAX, ~4u, "power management"},
		{6, 0, ECX, ~0u, "APERF/MPERF"},
		{7, 0, EBX, 1 << 2 | 1 << 4 | 1 << 11 | 1 << 12 | 1 << 14,
		 "SGX HLE RTM RDT-M MPX"},
		{7, 0, EBX, 1 << 15 | 1 << 25, "RDT-A PT"},
		{7, 0, ECX, 1 << 5 | 1 << 7 | 1 << 13 | 1 << 16 | 1 << 23,
		 "WAITPKG CET TME LA57 KL"},
		{7, 0, ECX, 1 << 24 | 1 << 29 | 1 << 30 | 1u << 31,
		 "bus lock, ENQCMD SGX_LC PKS"},
		{7, 0, EDX, 1 << 5 | 1 << 9 | 1 << 11 | 1 << 13 | 1 << 16,
		 "UINTR SRBDS RTM TSXLDTRK"},
		{7, 0, EDX, 1 << 18 | 1 << 19 | 1 << 20 | 1 << 22 | 3 << 24,
		 "PCONFIG LBR IBT AMX"},
		{7, 0, EDX, 0xfc000000,
		 "IBRS STIBP L1D ARCH_CAP CORE_CAP SSBD"},
		{7, 1, EAX, 1 << 17 | 1 << 18 | 1 << 19 | 1 << 26 | 1 << 27,
		 "FRED LKGS WRMSRNS LAM MSRLIST"},
		{9, 0, EAX, ~0u, "DCA"},
		{0xa, 0, EAX, ~0u, "perfmon"},
		{0xa, 0, EDX, ~0u, "perfmon"},
		{0xd, 1, EAX, 1 << 4, "XFD"},
		{0xd, 1, ECX, ~0u, "XSS"},
		{0xd, 8, EAX, ~0u, "PT state"},
		{0xf, 0, EDX, ~0u, "RDT-M"},
		{0x10, 0, EBX, ~0u, "RDT-A"},
		{0x12, 0, EAX, ~0u, "SGX"},
		{0x14, 0, EBX, ~0u, "PT"},
		{0x80000001, 0, ECX, 1 << 2, "SVM"},
		{0x80000008, 0, EBX, ~0u, "WBNOINVD and others"},
	};
	struct cpuid_facts f = facts();

	(void)state;
	build(&f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (ask(rows[i].leaf, rows[i].subleaf).reg[rows[i].reg] &
		    rows[i].mask)
			fail_msg("%s", rows[i].what);
}

/* Nothing is shown that the processor lacks, but for what is emulated. */
static void test_nothing_invented(void **state)
{
	struct cpuid_facts f = facts();

	(void)state;
	memset(&native, 0, sizeof(native));
	f.x2apic = false;
	f.vcpu_count = 1;
	cpuid_policy_build(&policy, &native, &f);
	expect(ask(1, 0), 0, 0x03010000, 1u << 24 | 1u << 31, 1 << 9);
	expect(ask(6, 0), 4, 0, 0, 0);
	expect(ask(7, 0), 0, 1 << 1, 0, 0);
	expect(ask(0xd, 0), 0, 0, 0, 0);
	expect(ask(0x80000001, 0), 0, 0, 0, 0);
	expect(ask(0x80000007, 0), 0, 0, 0, 1 << 8);
	assert_int_equal(cpuid_policy_cr4(&policy), CR4_PCE);
	assert_int_equal(cpuid_policy_efer(&policy), 0);
	assert_int_equal(cpuid_policy_proc2(&policy, PROC2_ALL), VMX_PROC2_EPT);
}

static void test_ranges(void **state)
{
	struct cpuid_facts f = facts();
	struct cpuid_regs last;

	(void)state;
	build(&f);
	expect(ask(0, 0), 0x16, 0x756e6547, 0x6c65746e, 0x49656e69);
	last = ask(0x16, 0);
	expect(last, 2500, 2500, 100, 0);
	/* As on hardware: beyond a range the highest basic leaf answers. */
	assert_memory_equal((struct cpuid_regs[]){ask(0x17, 0)}, &last, 16);
	assert_memory_equal((struct cpuid_regs[]){ask(0x1f, 1)}, &last, 16);
	assert_memory_equal((struct cpuid_regs[]){ask(0x80000009, 0)}, &last,
			    16);
	assert_memory_equal((struct cpuid_regs[]){ask(0xffffffff, 9)}, &last,
			    16);
	assert_int_equal(ask(0x80000000, 0).reg[EAX], 0x80000008);
	expect(ask(4, 8), 0, 0, 0, 0);
	expect(ask(7, 2), 0, 0, 0, 0);
	expect(ask(7, 0xffffffff), 0, 0, 0, 0);
	expect(ask(0xd, 0xffffffff), 0, 0, 0, 0);
	assert_int_equal(ask(7, 0).reg[EAX], 1);
	assert_int_equal(ask(0x80000008, 0).reg[EAX], 0x3030);
	assert_int_equal(cpuid_policy_physical_bits(&policy), 48);
	native.extended[8].reg[EAX] = 0x3027;
	cpuid_policy_build(&policy, &native, &f);
	assert_int_equal(cpuid_policy_physical_bits(&policy), 39);
}

static void test_hypervisor_leaves(void **state)
{
	struct cpuid_facts f = facts();
	char text[12];

	(void)state;
	build(&f);
	assert_true(bit(1, 0, ECX, 31));
	memcpy(text, &(struct cpuid_regs[]){ask(0x40000000, 0)}[0].reg[EBX],
	       12);
	assert_memory_equal(text, "ApicalApical", 12);
	assert_int_equal(ask(0x40000000, 0).reg[EAX], 0x40000010);
	expect(ask(0x40000001, 0), 0, 0, 0, 0);
	expect(ask(0x40000010, 0), 2500000, 2500000, 0, 0);
	memcpy(text, &(struct cpuid_regs[]){ask(0x40000100, 0)}[0].reg[EBX],
	       12);
	assert_memory_equal(text, "KVMKVMKVM\0\0\0", 12);
	assert_int_equal(ask(0x40000100, 0).reg[EAX], 0x40000101);
	expect(ask(0x40000101, 0), 2, 0, 0, 0);
	expect(ask(0x40000102, 0), 0, 0, 0, 0);
	expect(ask(0x4fffffff, 0), 0, 0, 0, 0);

	f.x2apic = false;
	build(&f);
	assert_false(bit(1, 0, ECX, 21));
	expect(ask(0x40000100, 0), 0, 0, 0, 0);
	expect(ask(0x40000101, 0), 0, 0, 0, 0);
}

/* 15H, 16H and 40000010H all tell the measured frequency. */
static void test_clocks(void **state)
{
	static const struct {
		uint64_t tsc_hz;
		uint32_t ratio;
	} rows[] = {{100000000, 1},    {2394000000, 1}, {UINT32_MAX, 1},
		    {1ull << 32, 2},   {5200000000, 2}, {(1ull << 33) - 1, 2},
		    {9000000000ull, 3}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cpuid_facts f = facts();
		struct cpuid_regs r;
		uint64_t told;

		f.tsc_hz = rows[i].tsc_hz;
		build(&f);
		r = ask(0x15, 0);
		assert_int_equal(cpuid_policy_timer_ratio(f.tsc_hz),
				 rows[i].ratio);
		assert_int_equal(r.reg[EAX], 1);
		assert_int_equal(r.reg[EBX], rows[i].ratio);
		told = (uint64_t)r.reg[ECX] * r.reg[EBX] / r.reg[EAX];
		assert_in_range(f.tsc_hz - told, 0, rows[i].ratio - 1);
		assert_int_equal(ask(0x16, 0).reg[EAX], f.tsc_hz / 1000000);
		assert_int_equal(ask(0x40000010, 0).reg[EAX], f.tsc_hz / 1000);
		assert_int_equal(ask(0x40000010, 0).reg[EBX],
				 r.reg[ECX] / 1000);
	}
}

/* Leaves 1, 4 and BH: one package of single-threaded cores. */
static void test_topology(void **state)
{
	static const struct {
		uint32_t count, shift;
	} rows[] = {{1, 0}, {2, 1}, {3, 2}, {4, 2}, {5, 3}, {64, 6}, {256, 8}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t n = rows[i].count, ids = 1u << rows[i].shift;
		struct cpuid_facts f = facts();
		struct cpuid_vcpu v = {n - 1, true, 0, 1};
		struct cpuid_regs r;

		f.vcpu_count = n;
		build(&f);
		r = cpuid_policy_answer(&policy, &v, 1, 0);
		assert_int_equal(r.reg[EAX], 0x706e5);
		assert_int_equal(r.reg[EBX], ((n - 1) & 0xff) << 24 |
						     (ids > 255 ? 255 : ids)
							     << 16 |
						     0x0800);
		assert_int_equal(r.reg[EDX] >> 28 & 1, n > 1);
		expect(cpuid_policy_answer(&policy, &v, 0xb, 0), 0, 1, 0x100,
		       n - 1);
		expect(cpuid_policy_answer(&policy, &v, 0xb, 1), rows[i].shift,
		       n, 0x201, n - 1);
		expect(cpuid_policy_answer(&policy, &v, 0xb, 2), 0, 0, 2,
		       n - 1);
		expect(cpuid_policy_answer(&policy, &v, 0xb, 0x1ff), 0, 0, 0xff,
		       n - 1);
		expect(ask(4, 0), 0x121 | ((ids - 1 > 63 ? 63 : ids - 1) << 26),
		       1, 2, 3);
		expect(ask(4, 3),
		       0x163 | (ids - 1) << 14 |
			       ((ids - 1 > 63 ? 63 : ids - 1) << 26),
		       1, 2, 6);
		expect(ask(4, 4), 0, 0, 0, 0);
	}
}

static void test_vcpu_state(void **state)
{
	struct cpuid_vcpu v = {0x123, true, 0, 1};
	struct cpuid_facts f = facts();
	struct cpuid_regs r;

	(void)state;
	build(&f);
	r = cpuid_policy_answer(&policy, &v, 1, 0);
	assert_int_equal(r.reg[EBX] >> 24, 0x23);
	assert_true(r.reg[EDX] & 1 << 9);
	assert_true(r.reg[ECX] & 1 << 21);
	assert_false(r.reg[ECX] & 1 << 27);
	v.apic_enabled = false;
	v.cr4 = CR4_OSXSAVE | CR4_PKE;
	r = cpuid_policy_answer(&policy, &v, 1, 0);
	assert_false(r.reg[EDX] & 1 << 9);
	assert_true(r.reg[ECX] & 1 << 27);
	r = cpuid_policy_answer(&policy, &v, 7, 0);
	assert_true(r.reg[ECX] & 1 << 4);
	assert_false(bit(7, 0, ECX, 4));
}

static void test_xsave(void **state)
{
	static const struct {
		uint64_t native, facts, shown;
	} rows[] = {{~0ull, ~0ull, 0x2e7},  {0x7, ~0ull, 0x7},
		    {0x3, ~0ull, 0x3},	    {~0ull, 0, 0},
		    {0x1, ~0ull, 0},	    {0xe3, ~0ull, 0x3},
		    {0x67, ~0ull, 0x7},	    {~0ull, 0x7, 0x7},
		    {0x602e7, ~0ull, 0x2e7}};
	struct cpuid_facts f = facts();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		everything();
		native.xsave[0].reg[EAX] = (uint32_t)rows[i].native;
		native.xsave[0].reg[EDX] = rows[i].native >> 32;
		f.xcr0 = rows[i].facts;
		cpuid_policy_build(&policy, &native, &f);
		assert_int_equal(cpuid_policy_xcr0(&policy), rows[i].shown);
		assert_int_equal(bit(1, 0, ECX, 28), rows[i].shown >> 2 & 1);
		assert_int_equal(bit(7, 0, EBX, 5), rows[i].shown >> 2 & 1);
		assert_int_equal(bit(7, 0, EBX, 16), rows[i].shown >> 5 & 1);
		assert_int_equal(bit(7, 0, ECX, 3), rows[i].shown >> 9 & 1);
	}
}

static void test_xsave_sizes(void **state)
{
	static const struct {
		uint64_t xcr0;
		uint32_t standard, compacted;
	} rows[] = {
		{0x1, 576, 576},
		{0x3, 576, 576},
		{0x7, 832, 832},
		/* Hi16_ZMM is 64-byte aligned: 576 + 256 + 64 + 512. */
		{0xe7, 2688, 576 + 256 + 64 + 512 + 1024},
		{0x2e7, 2696, 576 + 256 + 64 + 512 + 1024 + 8},
		{0x203, 2696, 584},
	};
	struct cpuid_facts f = facts();

	(void)state;
	build(&f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cpuid_vcpu v = {0, true, 0, rows[i].xcr0};

		expect(cpuid_policy_answer(&policy, &v, 0xd, 0), 0x2e7,
		       rows[i].standard, 2696, 0);
		expect(cpuid_policy_answer(&policy, &v, 0xd, 1), 0xf,
		       rows[i].compacted, 0, 0);
	}
	native.xsave[5].reg[EAX] = 72;
	cpuid_policy_build(&policy, &native, &f);
	expect(cpuid_policy_answer(
		       &policy, &(struct cpuid_vcpu){0, true, 0, 0xe7}, 0xd, 1),
	       0xf, 576 + 256 + 72 + 512 + 56 + 1024, 0, 0);
	expect(ask(0xd, 2), 256, 576, 0, 0);
	expect(ask(0xd, 3), 0, 0, 0, 0);
	expect(ask(0xd, 7), 1024, 1664, 2, 0);
}

static void test_cr4_agrees(void **state)
{
	const uint64_t all = CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE |
			     CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE |
			     CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_UMIP |
			     CR4_FSGSBASE | CR4_PCIDE | CR4_OSXSAVE | CR4_SMEP |
			     CR4_SMAP | CR4_PKE;
	struct cpuid_facts f = facts();

	(void)state;
	build(&f);
	assert_int_equal(cpuid_policy_cr4(&policy), all);
	assert_int_equal(cpuid_policy_efer(&policy),
			 EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE);
	/* Each CR4 bit goes with its feature. */
	for (size_t i = 0; i < cpuid_bits_count; i++) {
		build(&f);
		assert_true(cpuid_policy_hide(&policy, cpuid_bits[i].name,
					      strlen(cpuid_bits[i].name)));
		assert_int_equal(cpuid_policy_cr4(&policy) & cpuid_bits[i].cr4,
				 0);
		assert_false(bit(cpuid_bits[i].leaf, cpuid_bits[i].subleaf,
				 cpuid_bits[i].reg, cpuid_bits[i].bit));
	}
}

static void test_controls_agree(void **state)
{
	struct cpuid_facts f = facts();

	(void)state;
	f.proc2 = VMX_PROC2_EPT;
	build(&f);
	assert_false(bit(7, 0, EBX, 10));
	assert_false(bit(7, 0, ECX, 22));
	assert_false(bit(0xd, 1, EAX, 3));
	assert_false(bit(0x80000001, 0, EDX, 27));
	f = facts();
	build(&f);
	assert_int_equal(cpuid_policy_proc2(&policy, PROC2_ALL), PROC2_ALL);
	/* RDTSCP and RDPID share a control: it goes with the last of them. */
	assert_true(cpuid_policy_hide(&policy, "rdtscp", 6));
	assert_int_equal(cpuid_policy_proc2(&policy, PROC2_ALL), PROC2_ALL);
	assert_true(cpuid_policy_hide(&policy, "rdpid", 5));
	assert_true(cpuid_policy_hide(&policy, "invpcid", 7));
	assert_int_equal(cpuid_policy_proc2(&policy, PROC2_ALL),
			 VMX_PROC2_EPT | VMX_PROC2_XSAVES_XRSTORS);
}

/* Hiding takes along what rests on the feature. */
static void test_hide(void **state)
{
	struct cpuid_facts f = facts();

	(void)state;
	build(&f);
	assert_false(cpuid_policy_hide(&policy, "nosuch", 6));
	assert_false(cpuid_policy_hide(&policy, "av", 2));
	assert_false(cpuid_policy_hide(&policy, "", 0));
	assert_true(cpuid_policy_hide(&policy, "avx", 3));
	assert_int_equal(cpuid_policy_xcr0(&policy), 0x203);
	assert_false(bit(7, 0, EBX, 5) || bit(7, 0, EBX, 16));
	assert_false(bit(1, 0, ECX, 12) || bit(7, 1, EAX, 4));
	expect(ask(0xd, 2), 0, 0, 0, 0);
	assert_true(bit(1, 0, ECX, 26));

	assert_true(cpuid_policy_hide(&policy, "xsave", 5));
	assert_int_equal(cpuid_policy_xcr0(&policy), 0);
	assert_false(bit(7, 0, ECX, 3));
	expect(ask(0xd, 0), 0, 0, 0, 0);
	expect(ask(0xd, 1), 0, 0, 0, 0);
	assert_false(cpuid_policy_cr4(&policy) & (CR4_OSXSAVE | CR4_PKE));
	assert_false(cpuid_policy_proc2(&policy, PROC2_ALL) &
		     VMX_PROC2_XSAVES_XRSTORS);

	assert_true(cpuid_policy_hide(&policy, "x2apic", 6));
	assert_false(bit(1, 0, ECX, 21));
	expect(ask(0x40000100, 0), 0, 0, 0, 0);
}

static void test_intersect(void **state)
{
	struct cpuid_facts f = facts();
	struct cpuid_leaves other;

	(void)state;
	everything();
	other = native;
	other.basic[1].reg[ECX] &= ~(1u << 17);
	other.xsave[0].reg[EAX] = 7;
	other.extended[8].reg[EAX] = 0x3027;
	cpuid_intersect(&native, &other);
	cpuid_policy_build(&policy, &native, &f);
	assert_false(bit(1, 0, ECX, 17));
	assert_true(bit(1, 0, ECX, 26));
	assert_int_equal(cpuid_policy_xcr0(&policy), 7);
	assert_int_equal(ask(0x80000008, 0).reg[EAX], 0x3027);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_nothing_invented),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_hypervisor_leaves),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_topology),
		cmocka_unit_test(test_vcpu_state),
		cmocka_unit_test(test_xsave),
		cmocka_unit_test(test_xsave_sizes),
		cmocka_unit_test(test_cr4_agrees),
		cmocka_unit_test(test_controls_agree),
		cmocka_unit_test(test_hide),
		cmocka_unit_test(test_intersect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
