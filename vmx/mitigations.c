/* SPDX-License-Identifier: BSD-2-Clause */
/* What is done about side channels of speculation; see mitigations.h.  Pure. */
#include "vmx/mitigations.h"

#include <stddef.h>

#include "hv/hw/msr_index.h"

/* CPUID.7.0 */
#define EBX_RTM	      (1u << 11)
#define EDX_MD_CLEAR  (1u << 10)
#define EDX_IBRS_IBPB (1u << 26)
#define EDX_L1D_FLUSH (1u << 28)
/* CPUID.7.2 */
#define EDX_BHI_CTRL	 (1u << 4)

#define RDCL_NO		 (1ull << 0)
#define IBRS_ALL	 (1ull << 1)
#define SKIP_L1DFL_ENTRY (1ull << 3)
#define MDS_NO		 (1ull << 5)
#define TAA_NO		 (1ull << 8)
#define BHI_NO		 (1ull << 20)
#define RFDS_CLEAR	 (1ull << 28)
#define ITS_NO		 (1ull << 62)

/* What needs no bit of the processor's: plain instructions. */
#define ALWAYS (MITIGATION_VERW | MITIGATION_BHB)

static const char *const issue_name[MITIGATIONS_ISSUE_COUNT] = {
	"L1TF", "MDS", "TAA", "RFDS", "BTI", "BHI", "ITS",
};

/*
 * CPUID.1:EAX of processors that let a guest steer, in spite of IBRS, what lies
 * in the lower half of a cache line; each with its first such stepping.  No bit
 * says so.  Ice Lake, Tiger Lake and Rocket Lake are not here: they have ITS
 * within a mode, and across IBPB without newer microcode, but keep guests from
 * the hypervisor; and IBPB parts a VM from none but itself (vmx/setup.c).
 */
static const uint32_t its_from[] = {
	0x50656, /* Cascade Lake, Cooper Lake */
	0x806ec, /* late Kaby Lake, for mobiles: Whiskey Lake, Comet Lake */
	0x906ed, /* late Kaby Lake: Coffee Lake Refresh */
	0xa0650, /* Comet Lake */
	0xa0660, /* Comet Lake, for mobiles */
};

/*
 * A hypervisor below may show another processor than there is, and says ITS_NO
 * if there is none of these; no processor does.  None of these has BHI_CTRL.
 */
static bool has_its(const struct mitigations_cpu *cpu)
{
	if (cpu->arch_capabilities & ITS_NO ||
	    cpu->cpuid_7_2_edx & EDX_BHI_CTRL)
		return false;
	if (cpu->virtual)
		return true;
	for (size_t i = 0; i < sizeof(its_from) / sizeof(its_from[0]); i++)
		if (cpu->signature >> 4 == its_from[i] >> 4)
			return cpu->signature >= its_from[i];
	return false;
}

/*
 * A processor without IA32_ARCH_CAPABILITIES is taken to have what that would
 * deny.  RFDS is a thing of some Atom cores, which say RFDS_CLEAR once their
 * microcode does something about it.  MMIO stale data is not in the list, as
 * reading it takes accesses to device memory, which no guest reaches; nor are
 * speculative store bypass and gather data sampling: the one leaks within one
 * program, the other is the microcode's own affair.
 */
static uint32_t affected(const struct mitigations_cpu *cpu)
{
	uint64_t caps = cpu->arch_capabilities;
	uint32_t issues = MITIGATIONS_BTI;

	if (!(caps & (RDCL_NO | SKIP_L1DFL_ENTRY)))
		issues |= MITIGATIONS_L1TF;
	if (!(caps & MDS_NO))
		issues |= MITIGATIONS_MDS;
	if (cpu->cpuid_7_ebx & EBX_RTM && !(caps & TAA_NO))
		issues |= MITIGATIONS_TAA;
	if (caps & RFDS_CLEAR)
		issues |= MITIGATIONS_RFDS;
	if (caps & IBRS_ALL && !(caps & BHI_NO))
		issues |= MITIGATIONS_BHI;
	if (has_its(cpu))
		issues |= MITIGATIONS_ITS;
	return issues;
}

static uint32_t possible(const struct mitigations_cpu *cpu)
{
	uint32_t set = ALWAYS;

	if (cpu->cpuid_7_edx & EDX_L1D_FLUSH)
		set |= MITIGATION_L1D;
	if (cpu->cpuid_7_edx & EDX_IBRS_IBPB) {
		set |= MITIGATION_IBRS | MITIGATION_IBPB | MITIGATION_IBPB_EXIT;
		if (cpu->arch_capabilities & IBRS_ALL)
			set |= MITIGATION_EIBRS;
		if (cpu->cpuid_7_2_edx & EDX_BHI_CTRL)
			set |= MITIGATION_BHI_DIS;
	}
	return set;
}

/* Issues that microcode alone can help against, and does not. */
static uint32_t hopeless(const struct mitigations_cpu *cpu)
{
	uint32_t issues = 0;

	if (!(cpu->cpuid_7_edx & EDX_L1D_FLUSH))
		issues |= MITIGATIONS_L1TF;
	if (!(cpu->cpuid_7_edx & EDX_MD_CLEAR))
		issues |= MITIGATIONS_MDS | MITIGATIONS_TAA;
	if (!(cpu->cpuid_7_edx & EDX_IBRS_IBPB))
		issues |= MITIGATIONS_BTI;
	return issues & affected(cpu);
}

void mitigations_begin(struct mitigations_facts *facts)
{
	*facts = (struct mitigations_facts){.possible = MITIGATION_ALL};
}

void mitigations_add(struct mitigations_facts *facts,
		     const struct mitigations_cpu *cpu)
{
	facts->affected |= affected(cpu);
	facts->hopeless |= hopeless(cpu);
	facts->possible &= possible(cpu);
}

/* Against what the core's buffers and its data cache hold. */
static uint32_t for_data(uint32_t issues)
{
	uint32_t set = issues & MITIGATIONS_RFDS ? MITIGATION_VERW : 0;

	/* IA32_FLUSH_CMD overwrites the buffers as well. */
	if (issues & MITIGATIONS_L1TF)
		return set | MITIGATION_L1D;
	if (issues & (MITIGATIONS_MDS | MITIGATIONS_TAA))
		set |= MITIGATION_VERW;
	return set;
}

/* Against predictions of branches that the guest has trained. */
static uint32_t for_branches(uint32_t issues, uint32_t possible)
{
	uint32_t set = possible & MITIGATION_IBPB;

	if (possible & MITIGATION_EIBRS)
		set |= MITIGATION_EIBRS;
	else
		set |= possible & MITIGATION_IBRS;
	if (issues & MITIGATIONS_BHI)
		set |= possible & MITIGATION_BHI_DIS ? MITIGATION_BHI_DIS
						     : MITIGATION_BHB;
	return set;
}

void mitigations_decide(struct mitigations *m,
			const struct mitigations_facts *facts, uint32_t wanted)
{
	*m = (struct mitigations){
		.wanted = wanted,
		.affected = facts->affected,
	};
	if (wanted != MITIGATION_AUTO) {
		m->set = wanted & facts->possible;
		m->missing = wanted & ~facts->possible;
		return;
	}
	/* An IBPB at each exit is for those who ask for it. */
	m->open = facts->hopeless | (facts->affected & MITIGATIONS_ITS);
	if (!(facts->possible & MITIGATION_L1D))
		m->open |= facts->affected & MITIGATIONS_L1TF;
	if (!(facts->possible & MITIGATION_IBRS))
		m->open |= facts->affected & MITIGATIONS_BTI;
	m->set = for_data(facts->affected & ~m->open) |
		 for_branches(facts->affected, facts->possible);
}

uint64_t mitigations_spec_ctrl(const struct mitigations *m)
{
	uint64_t value = 0;

	if (m->set & MITIGATION_EIBRS)
		value |= IA32_SPEC_CTRL_IBRS;
	if (m->set & MITIGATION_BHI_DIS)
		value |= IA32_SPEC_CTRL_BHI_DIS_S;
	return value;
}

/* ---- for people ---- */

/* Names of the bits that are 1, with commas between; "nothing" if none is. */
static void text_names(struct text *t, uint32_t mask, const char *const *names,
		       unsigned count)
{
	const char *between = "";

	if (!mask)
		text_add(t, "nothing");
	for (unsigned i = 0; i < count; i++) {
		if (!(mask >> i & 1))
			continue;
		text_add(t, "%s%s", between, names[i]);
		between = ", ";
	}
}

static void text_issues(struct text *t, uint32_t issues)
{
	text_names(t, issues, issue_name, MITIGATIONS_ISSUE_COUNT);
}

static void text_set(struct text *t, uint32_t set)
{
	text_names(t, set, mitigation_name, MITIGATION_COUNT);
}

void mitigations_text(struct text *t, const struct mitigations *m)
{
	if (!m->wanted) {
		text_add(t, "mitigations = off; these processors have ");
		text_issues(t, m->affected);
		return;
	}
	text_add(t, "mitigations: ");
	text_set(t, m->set);
	if (m->missing) {
		text_add(t, "; these processors cannot do ");
		text_set(t, m->missing);
	}
	if (m->wanted != MITIGATION_AUTO)
		return;
	text_add(t, "; against ");
	text_issues(t, m->affected & ~m->open);
	if (m->open & ~MITIGATIONS_ITS) {
		text_add(t, "; not against ");
		text_issues(t, m->open & ~MITIGATIONS_ITS);
		text_add(t, ", which needs newer microcode");
	}
	if (m->open & MITIGATIONS_ITS)
		text_add(t, "; not against ITS, which needs ibpb-exit and "
			    "microcode of May 2025 or later");
}
