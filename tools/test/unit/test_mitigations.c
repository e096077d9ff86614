/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx/mitigations.c and hv/lib/mitigation.c: what processors of each generation
 * get by "auto", what a mixture of them gets, and what a list does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/lib/string.h"
#include "vmx/mitigations.h"

#define MD_CLEAR   (1u << 10)
#define IBRS_IBPB  (1u << 26)
#define L1D_FLUSH  (1u << 28)
#define RTM	   (1u << 11)
#define BHI_CTRL   (1u << 4)
#define RDCL_NO	   (1ull << 0)
#define IBRS_ALL   (1ull << 1)
#define SKIP_L1DFL (1ull << 3)
#define MDS_NO	   (1ull << 5)
#define TAA_NO	   (1ull << 8)
#define BHI_NO	   (1ull << 20)
#define RFDS_CLEAR (1ull << 28)
#define ITS_NO	   (1ull << 62)

/* No microcode since 2018. */
static const struct mitigations_cpu old = {0};
/* Skylake with its last microcode: no IA32_ARCH_CAPABILITIES. */
static const struct mitigations_cpu skylake = {
	.signature = 0x506e3,
	.cpuid_7_ebx = RTM,
	.cpuid_7_edx = MD_CLEAR | IBRS_IBPB | L1D_FLUSH,
};
/* Cascade Lake: TSX, and nothing of L1TF and MDS. */
static const struct mitigations_cpu cascade_lake = {
	.signature = 0x50657,
	.cpuid_7_ebx = RTM,
	.cpuid_7_edx = MD_CLEAR | IBRS_IBPB | L1D_FLUSH,
	.arch_capabilities = RDCL_NO | IBRS_ALL | SKIP_L1DFL | MDS_NO,
};
static const struct mitigations_cpu golden_cove = {
	.signature = 0x90672,
	.cpuid_7_edx = MD_CLEAR | IBRS_IBPB | L1D_FLUSH,
	.cpuid_7_2_edx = BHI_CTRL,
	.arch_capabilities = RDCL_NO | IBRS_ALL | SKIP_L1DFL | MDS_NO | TAA_NO,
};
static const struct mitigations_cpu gracemont = {
	.signature = 0x90672,
	.cpuid_7_edx = MD_CLEAR | IBRS_IBPB | L1D_FLUSH,
	.cpuid_7_2_edx = BHI_CTRL,
	.arch_capabilities =
		RDCL_NO | IBRS_ALL | SKIP_L1DFL | MDS_NO | TAA_NO | RFDS_CLEAR,
};
/* What Bochs says of Ice Lake. */
static const struct mitigations_cpu bochs = {
	.signature = 0x706e5,
	.cpuid_7_edx = IBRS_IBPB | L1D_FLUSH,
	.arch_capabilities = 0x1f,
};
static const struct mitigations_cpu clean = {
	.signature = 0xc06f2,
	.cpuid_7_edx = MD_CLEAR | IBRS_IBPB | L1D_FLUSH,
	.arch_capabilities = RDCL_NO | IBRS_ALL | MDS_NO | TAA_NO | BHI_NO,
};

static struct mitigations made;

/* Up to two CPUs. */
static uint32_t decide(const struct mitigations_cpu *a,
		       const struct mitigations_cpu *b, uint32_t wanted)
{
	struct mitigations_facts facts;

	mitigations_begin(&facts);
	mitigations_add(&facts, a);
	if (b)
		mitigations_add(&facts, b);
	mitigations_decide(&made, &facts, wanted);
	return made.set;
}

static uint32_t automatic(const struct mitigations_cpu *cpu)
{
	return decide(cpu, NULL, MITIGATION_AUTO);
}

static void assert_text(const char *expected)
{
	char buffer[300];
	struct text t;

	text_begin(&t, buffer, sizeof(buffer));
	mitigations_text(&t, &made);
	assert_string_equal(buffer, expected);
}

static void test_generations(void **state)
{
	(void)state;
	assert_int_equal(automatic(&skylake),
			 MITIGATION_L1D | MITIGATION_IBRS | MITIGATION_IBPB);
	assert_int_equal(made.open, 0);
	assert_int_equal(mitigations_spec_ctrl(&made), 0);
	assert_int_equal(automatic(&cascade_lake),
			 MITIGATION_VERW | MITIGATION_EIBRS | MITIGATION_BHB |
				 MITIGATION_IBPB);
	assert_int_equal(mitigations_spec_ctrl(&made), 1);
	assert_text("mitigations: verw, bhb, eibrs, ibpb; against TAA, BTI, "
		    "BHI; not against ITS, which needs ibpb-exit and microcode "
		    "of May 2025 or later");
	assert_int_equal(automatic(&golden_cove), MITIGATION_EIBRS |
							  MITIGATION_BHI_DIS |
							  MITIGATION_IBPB);
	assert_int_equal(mitigations_spec_ctrl(&made), 0x401);
	assert_int_equal(automatic(&gracemont),
			 MITIGATION_VERW | MITIGATION_EIBRS |
				 MITIGATION_BHI_DIS | MITIGATION_IBPB);
	assert_int_equal(automatic(&clean), MITIGATION_EIBRS | MITIGATION_IBPB);
	assert_text("mitigations: eibrs, ibpb; against BTI");
}

/* Without the means nothing is done that would only look like something. */
static void test_old_microcode(void **state)
{
	struct mitigations_cpu cpu = skylake;

	(void)state;
	assert_int_equal(automatic(&old), 0);
	assert_int_equal(made.open,
			 MITIGATIONS_L1TF | MITIGATIONS_MDS | MITIGATIONS_BTI);
	assert_text("mitigations: nothing; against nothing; not against L1TF, "
		    "MDS, BTI, which needs newer microcode");
	cpu.cpuid_7_edx &= ~L1D_FLUSH;
	assert_int_equal(automatic(&cpu) & (MITIGATION_VERW | MITIGATION_L1D),
			 MITIGATION_VERW);
	assert_int_equal(made.open, MITIGATIONS_L1TF);
	cpu = skylake;
	cpu.cpuid_7_edx &= ~MD_CLEAR;
	assert_int_equal(automatic(&cpu) & (MITIGATION_VERW | MITIGATION_L1D),
			 MITIGATION_L1D);
	assert_int_equal(made.open, MITIGATIONS_MDS | MITIGATIONS_TAA);
	assert_int_equal(automatic(&bochs),
			 MITIGATION_EIBRS | MITIGATION_BHB | MITIGATION_IBPB);
	assert_text(
		"mitigations: bhb, eibrs, ibpb; against BTI, BHI; not against MDS, which needs newer "
		"microcode");
}

/* Each bit that says "not affected", alone. */
static void test_denials(void **state)
{
	struct mitigations_cpu cpu = skylake;

	(void)state;
	cpu.arch_capabilities = RDCL_NO;
	automatic(&cpu);
	assert_int_equal(made.affected,
			 MITIGATIONS_MDS | MITIGATIONS_TAA | MITIGATIONS_BTI);
	cpu.arch_capabilities = SKIP_L1DFL;
	automatic(&cpu);
	assert_int_equal(made.affected & MITIGATIONS_L1TF, 0);
	cpu.arch_capabilities = RDCL_NO | MDS_NO;
	assert_int_equal(automatic(&cpu) & MITIGATION_VERW, MITIGATION_VERW);
	assert_int_equal(made.affected, MITIGATIONS_TAA | MITIGATIONS_BTI);
	cpu.arch_capabilities |= TAA_NO;
	assert_int_equal(automatic(&cpu) & MITIGATION_VERW, 0);
	cpu.cpuid_7_ebx = 0;
	cpu.arch_capabilities &= ~TAA_NO;
	assert_int_equal(automatic(&cpu) & MITIGATION_VERW, 0);
}

static bool has_its(uint32_t signature)
{
	struct mitigations_cpu cpu = clean;

	cpu.signature = signature;
	automatic(&cpu);
	assert_int_equal(made.open, made.affected & MITIGATIONS_ITS);
	return made.open;
}

/* By model, from a stepping on; and what says that a processor has none. */
static void test_target_selection(void **state)
{
	static const uint32_t first[] = {0x50656, 0x806ec, 0x906ed};
	/* Ice Lake, Tiger Lake, Rocket Lake; Alder Lake; another family. */
	static const uint32_t without[] = {0x606a6, 0x606c1, 0x706e5, 0x806c1,
					   0x806d1, 0xa0671, 0x90672, 0xa50657};
	struct mitigations_cpu cpu = clean;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_false(has_its(first[i] - 1));
		assert_true(has_its(first[i]));
		assert_true(has_its(first[i] | 0xf));
	}
	for (uint32_t stepping = 0; stepping < 16; stepping++) {
		assert_true(has_its(0xa0650 | stepping));
		assert_true(has_its(0xa0660 | stepping));
	}
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		assert_false(has_its(without[i]));
	/* In a VM no model is to be believed. */
	cpu.virtual = true;
	automatic(&cpu);
	assert_int_equal(made.open, MITIGATIONS_ITS);
	cpu.signature = 0x50657;
	cpu.arch_capabilities |= ITS_NO;
	automatic(&cpu);
	assert_int_equal(made.affected, MITIGATIONS_BTI);
	cpu.arch_capabilities &= ~ITS_NO;
	cpu.cpuid_7_2_edx = BHI_CTRL;
	automatic(&cpu);
	assert_int_equal(made.affected, MITIGATIONS_BTI);
	/* One such CPU is enough. Without IBPB it needs newer microcode too. */
	decide(&clean, &cascade_lake, MITIGATION_AUTO);
	assert_int_equal(made.open, MITIGATIONS_ITS);
	cpu = old;
	cpu.signature = 0x50657;
	automatic(&cpu);
	assert_text("mitigations: nothing; against nothing; not against L1TF, "
		    "MDS, BTI, which needs newer microcode; not against ITS, "
		    "which needs ibpb-exit and microcode of May 2025 or "
		    "later");
	/* A list makes no claims. */
	decide(&cascade_lake, NULL, MITIGATION_EIBRS | MITIGATION_IBPB_EXIT);
	assert_text("mitigations: eibrs, ibpb-exit");
	decide(&cascade_lake, NULL, 0);
	assert_text("mitigations = off; these processors have TAA, BTI, BHI, "
		    "ITS");
}

/* The worst of all, and only what all can do. */
static void test_mixtures(void **state)
{
	(void)state;
	assert_int_equal(decide(&golden_cove, &gracemont, MITIGATION_AUTO),
			 MITIGATION_VERW | MITIGATION_EIBRS |
				 MITIGATION_BHI_DIS | MITIGATION_IBPB);
	assert_int_equal(decide(&gracemont, &golden_cove, MITIGATION_AUTO),
			 made.set);
	/* One without enhanced IBRS: written each time, on both. */
	assert_int_equal(decide(&clean, &skylake, MITIGATION_AUTO),
			 MITIGATION_L1D | MITIGATION_IBRS | MITIGATION_IBPB);
	assert_int_equal(mitigations_spec_ctrl(&made), 0);
	/* Only what is hopeless on the CPU that needs it is open. */
	decide(&clean, &bochs, MITIGATION_AUTO);
	assert_int_equal(made.open, MITIGATIONS_MDS);
	/* No MSR that a CPU does not have is ever written. */
	assert_int_equal(decide(&skylake, &old, MITIGATION_AUTO) &
				 ~(MITIGATION_VERW | MITIGATION_BHB),
			 0);
	assert_int_equal(made.open & (MITIGATIONS_L1TF | MITIGATIONS_BTI),
			 MITIGATIONS_L1TF | MITIGATIONS_BTI);
}

static void test_lists(void **state)
{
	(void)state;
	assert_int_equal(decide(&skylake, NULL, 0), 0);
	assert_text("mitigations = off; these processors have L1TF, MDS, TAA, "
		    "BTI");
	assert_int_equal(decide(&clean, NULL, MITIGATION_VERW | MITIGATION_L1D),
			 MITIGATION_VERW | MITIGATION_L1D);
	assert_text("mitigations: verw, l1d");
	assert_int_equal(decide(&clean, NULL, MITIGATION_IBPB_EXIT),
			 MITIGATION_IBPB_EXIT);
	assert_int_equal(mitigations_spec_ctrl(&made), 0);
	assert_int_equal(decide(&old, NULL, MITIGATION_ALL),
			 MITIGATION_VERW | MITIGATION_BHB);
	assert_text("mitigations: verw, bhb; these processors "
		    "cannot do l1d, ibrs, eibrs, bhi-dis, ibpb, ibpb-exit");
}

static uint32_t parsed(const char *text)
{
	uint32_t set;

	return mitigation_parse(text, strlen(text), &set) ? set : UINT32_MAX;
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(parsed("auto"), MITIGATION_AUTO);
	assert_int_equal(parsed("off"), 0);
	assert_int_equal(parsed("verw"), MITIGATION_VERW);
	assert_int_equal(parsed("bhi-dis, ibpb ,verw"),
			 MITIGATION_BHI_DIS | MITIGATION_IBPB |
				 MITIGATION_VERW);
	for (unsigned i = 0; i < MITIGATION_COUNT; i++)
		assert_int_equal(parsed(mitigation_name[i]), 1u << i);
	assert_null(mitigation_name[MITIGATION_COUNT]);
	assert_int_equal(parsed(""), UINT32_MAX);
	assert_int_equal(parsed("on"), UINT32_MAX);
	assert_int_equal(parsed("verw,"), UINT32_MAX);
	assert_int_equal(parsed(",verw"), UINT32_MAX);
	assert_int_equal(parsed("verw bhb"), UINT32_MAX);
	assert_int_equal(parsed("verw,off"), UINT32_MAX);
	assert_int_equal(parsed("auto,verw"), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_old_microcode),
		cmocka_unit_test(test_denials),
		cmocka_unit_test(test_target_selection),
		cmocka_unit_test(test_mixtures),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
