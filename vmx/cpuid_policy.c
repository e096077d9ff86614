/* SPDX-License-Identifier: BSD-2-Clause */
/* What the VM sees of the processor.  Pure. */
#include "vmx/cpuid_policy.h"

#include "hv/hw/cr_bits.h"
#include "hv/lib/string.h"
#include "vmx/controls.h"
#include "vmx/cpuid_bits.h"

#define BASIC_MAX	   0x16u
#define EXTENDED_BASE	   0x80000000u
#define EXTENDED_MAX	   0x80000008u
#define HYPERVISOR_MAX	   0x40000010u
#define KVM_MAX		   0x40000101u

#define LEAF_1_EBX_NATIVE  0x0000ffffu /* brand index, CLFLUSH line size */
#define LEAF_1_ECX_X2APIC  (1u << 21)
#define LEAF_1_ECX_OSXSAVE (1u << 27)
#define LEAF_1_EDX_APIC	   (1u << 9)
#define LEAF_1_EDX_HTT	   (1u << 28)
#define LEAF_7_ECX_OSPKE   (1u << 4)
#define LEAF_4_EAX_SHARING 0xffffc000u /* what leaf 4 says of topology */
#define LEAF_D_ALIGNED	   2u
#define XSAVE_LEGACY_BYTES 576u /* legacy region and header */
#define KVM_NOP_IO_DELAY   (1u << 1)
#define BUS_MHZ		   100u
#define LINEAR_BITS	   48u

static const struct cpuid_regs no_leaf;

/* The registers of a leaf that is stored, or NULL. */
static const struct cpuid_regs *cpuid_leaf(const struct cpuid_leaves *leaves,
					   uint32_t leaf, uint32_t subleaf)
{
	switch (leaf) {
	case 4:
		return subleaf < CPUID_CACHE_COUNT ? &leaves->cache[subleaf]
						   : NULL;
	case 7:
		return subleaf < CPUID_FEATURE_COUNT ? &leaves->feature[subleaf]
						     : NULL;
	case 0xd:
		return subleaf < CPUID_XSAVE_COUNT ? &leaves->xsave[subleaf]
						   : NULL;
	}
	if (leaf < CPUID_BASIC_COUNT)
		return &leaves->basic[leaf];
	if (leaf >= EXTENDED_BASE &&
	    leaf - EXTENDED_BASE < CPUID_EXTENDED_COUNT)
		return &leaves->extended[leaf - EXTENDED_BASE];
	return NULL;
}

static bool cpuid_has(const struct cpuid_leaves *leaves,
		      const struct cpuid_bit *b)
{
	return cpuid_leaf(leaves, b->leaf, b->subleaf)->reg[b->reg] >> b->bit &
	       1;
}

static void cpuid_put(struct cpuid_leaves *leaves, const struct cpuid_bit *b,
		      bool value)
{
	struct cpuid_regs *r =
		(struct cpuid_regs *)cpuid_leaf(leaves, b->leaf, b->subleaf);

	if (value)
		r->reg[b->reg] |= 1u << b->bit;
	else
		r->reg[b->reg] &= ~(1u << b->bit);
}

static uint64_t cpuid_xcr0(const struct cpuid_leaves *leaves)
{
	return leaves->xsave[0].reg[CPUID_EAX] |
	       (uint64_t)leaves->xsave[0].reg[CPUID_EDX] << 32;
}

/* The bits of x0 that XSETBV's rules allow together. */
static uint64_t cpuid_xcr0_sound(uint64_t xcr0)
{
	if (!(xcr0 & XCR0_X87) || !(xcr0 & XCR0_SSE))
		return 0;
	if (!(xcr0 & XCR0_AVX) || (xcr0 & XCR0_AVX_512) != XCR0_AVX_512)
		xcr0 &= ~XCR0_AVX_512;
	return xcr0 &
	       (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX_512 | XCR0_PKRU);
}

/* log2 of the IDs that a package of that many CPUs takes. */
static unsigned cpuid_id_bits(uint32_t count)
{
	return count > 1 ? 32 - __builtin_clz(count - 1) : 0;
}

static uint32_t cpuid_at_most(uint32_t value, uint32_t most)
{
	return value < most ? value : most;
}

/* ---- features ---- */

static bool cpuid_feature(const struct cpuid_leaves *native,
			  const struct cpuid_facts *facts, uint64_t xcr0,
			  const struct cpuid_bit *b)
{
	if (b->always)
		return true;
	return cpuid_has(native, b) && !(b->proc2 & ~facts->proc2) &&
	       !(b->xcr0 & ~xcr0);
}

/* XSAVE's leaf: what is allowed, the sizes of that, and no IA32_XSS. */
static void cpuid_build_xsave(struct cpuid_leaves *shown,
			      const struct cpuid_leaves *native, uint64_t xcr0)
{
	shown->xsave[0].reg[CPUID_EAX] = (uint32_t)xcr0;
	shown->xsave[0].reg[CPUID_EDX] = xcr0 >> 32;
	for (unsigned i = 2; i < CPUID_XSAVE_COUNT; i++) {
		if (!(xcr0 >> i & 1))
			continue;
		shown->xsave[i] = native->xsave[i];
		shown->xsave[i].reg[CPUID_ECX] &= LEAF_D_ALIGNED;
		shown->xsave[i].reg[CPUID_EDX] = 0;
	}
}

static void cpuid_build_features(struct cpuid_leaves *shown,
				 const struct cpuid_leaves *native,
				 const struct cpuid_facts *facts)
{
	uint64_t xcr0 = cpuid_xcr0_sound(cpuid_xcr0(native) & facts->xcr0);

	for (size_t i = 0; i < cpuid_bits_count; i++)
		cpuid_put(shown, &cpuid_bits[i],
			  cpuid_feature(native, facts, xcr0, &cpuid_bits[i]));
	cpuid_build_xsave(shown, native, xcr0);
	if (facts->x2apic)
		shown->basic[1].reg[CPUID_ECX] |= LEAF_1_ECX_X2APIC;
	if (facts->vcpu_count > 1)
		shown->basic[1].reg[CPUID_EDX] |= LEAF_1_EDX_HTT;
}

/* Takes away what rests on a feature that is not shown (any more). */
static void cpuid_settle(struct cpuid_policy *policy)
{
	uint64_t xcr0 = cpuid_xcr0(&policy->shown);

	for (size_t i = 0; i < cpuid_bits_count; i++)
		if (!cpuid_has(&policy->shown, &cpuid_bits[i]))
			xcr0 &= ~cpuid_bits[i].gates;
	for (size_t i = 0; i < cpuid_bits_count; i++) {
		const struct cpuid_bit *b = &cpuid_bits[i];

		if (b->xcr0 & ~xcr0 || (!xcr0 && b->leaf == 0xd))
			cpuid_put(&policy->shown, b, false);
	}
	policy->shown.xsave[0].reg[CPUID_EAX] = (uint32_t)xcr0;
	policy->shown.xsave[0].reg[CPUID_EDX] = xcr0 >> 32;
	for (unsigned i = 2; i < CPUID_XSAVE_COUNT; i++)
		if (!(xcr0 >> i & 1))
			policy->shown.xsave[i] = no_leaf;
}

/* ---- the other leaves ---- */

/* Leaf 4: native caches; all but the last level are one CPU's own. */
static void cpuid_build_caches(struct cpuid_leaves *shown,
			       const struct cpuid_leaves *native,
			       uint32_t vcpu_count)
{
	uint32_t ids = (1u << cpuid_id_bits(vcpu_count)) - 1;

	for (unsigned i = 0; i < CPUID_CACHE_COUNT; i++) {
		uint32_t eax = native->cache[i].reg[CPUID_EAX];
		uint32_t level = eax >> 5 & 7;

		if (!(eax & 0x1f)) /* no more caches */
			break;
		shown->cache[i] = native->cache[i];
		eax &= ~LEAF_4_EAX_SHARING;
		if (level >= 3)
			eax |= cpuid_at_most(ids, 0xfff) << 14;
		eax |= cpuid_at_most(ids, 0x3f) << 26;
		shown->cache[i].reg[CPUID_EAX] = eax;
	}
}

/* 15H and 16H: the measured TSC, whatever the processor says of itself. */
static void cpuid_build_clocks(struct cpuid_policy *policy, uint64_t tsc_hz)
{
	uint32_t ratio = cpuid_policy_timer_ratio(tsc_hz);
	uint32_t mhz = tsc_hz / 1000000;
	struct cpuid_leaves *shown = &policy->shown;

	shown->basic[0x15] = (struct cpuid_regs){{1, ratio, tsc_hz / ratio, 0}};
	shown->basic[0x16] = (struct cpuid_regs){{mhz, mhz, BUS_MHZ, 0}};
	policy->tsc_khz = tsc_hz / 1000;
	policy->timer_khz = tsc_hz / ratio / 1000;
}

static void cpuid_build_extended(struct cpuid_leaves *shown,
				 const struct cpuid_leaves *native,
				 const struct cpuid_facts *facts)
{
	uint32_t widths = native->extended[8].reg[CPUID_EAX];
	uint32_t physical = cpuid_at_most(widths & 0xff, facts->gpa_bits);
	uint32_t linear = cpuid_at_most(widths >> 8 & 0xff, LINEAR_BITS);

	shown->extended[0].reg[CPUID_EAX] = EXTENDED_MAX;
	shown->extended[1].reg[CPUID_EAX] = native->extended[1].reg[CPUID_EAX];
	for (unsigned i = 2; i <= 6; i++) /* brand string, caches */
		shown->extended[i] = native->extended[i];
	shown->extended[8].reg[CPUID_EAX] = physical | linear << 8;
}

void cpuid_policy_build(struct cpuid_policy *policy,
			const struct cpuid_leaves *native,
			const struct cpuid_facts *facts)
{
	struct cpuid_leaves *shown = &policy->shown;
	uint32_t ids = 1u << cpuid_id_bits(facts->vcpu_count);

	memset(policy, 0, sizeof(*policy));
	policy->vcpu_count = facts->vcpu_count;
	policy->x2apic = facts->x2apic;
	shown->basic[0] = native->basic[0];
	shown->basic[0].reg[CPUID_EAX] = BASIC_MAX;
	shown->basic[1].reg[CPUID_EAX] = native->basic[1].reg[CPUID_EAX];
	shown->basic[1].reg[CPUID_EBX] =
		(native->basic[1].reg[CPUID_EBX] & LEAF_1_EBX_NATIVE) |
		cpuid_at_most(ids, 0xff) << 16;
	shown->basic[2] = native->basic[2];
	shown->feature[0].reg[CPUID_EAX] = cpuid_at_most(
		native->feature[0].reg[CPUID_EAX], CPUID_FEATURE_COUNT - 1);
	cpuid_build_caches(shown, native, facts->vcpu_count);
	cpuid_build_clocks(policy, facts->tsc_hz);
	cpuid_build_extended(shown, native, facts);
	cpuid_build_features(shown, native, facts);
	cpuid_settle(policy);
}

bool cpuid_policy_hide(struct cpuid_policy *policy, const char *name,
		       size_t size)
{
	struct cpuid_leaves *shown = &policy->shown;

	if (size == 6 && !memcmp(name, "x2apic", 6)) {
		policy->x2apic = false;
		shown->basic[1].reg[CPUID_ECX] &= ~LEAF_1_ECX_X2APIC;
		return true;
	}
	for (size_t i = 0; i < cpuid_bits_count; i++) {
		const struct cpuid_bit *b = &cpuid_bits[i];

		if (strlen(b->name) != size || memcmp(b->name, name, size))
			continue;
		cpuid_put(shown, b, false);
		cpuid_settle(policy);
		return true;
	}
	return false;
}

void cpuid_intersect(struct cpuid_leaves *all, const struct cpuid_leaves *one)
{
	uint32_t *widths = &all->extended[8].reg[CPUID_EAX];
	uint32_t w = one->extended[8].reg[CPUID_EAX];

	for (size_t i = 0; i < cpuid_bits_count; i++)
		if (!cpuid_has(one, &cpuid_bits[i]))
			cpuid_put(all, &cpuid_bits[i], false);
	all->xsave[0].reg[CPUID_EAX] &= one->xsave[0].reg[CPUID_EAX];
	all->xsave[0].reg[CPUID_EDX] &= one->xsave[0].reg[CPUID_EDX];
	*widths = cpuid_at_most(*widths & 0xff, w & 0xff) |
		  cpuid_at_most(*widths & 0xff00, w & 0xff00);
}

/* ---- answers ---- */

/* Bytes of an XSAVE area for these components. */
static uint32_t cpuid_xsave_bytes(const struct cpuid_policy *policy,
				  uint64_t xcr0, bool compacted)
{
	uint32_t size = XSAVE_LEGACY_BYTES;

	for (unsigned i = 2; i < CPUID_XSAVE_COUNT; i++) {
		const uint32_t *part = policy->shown.xsave[i].reg;

		if (!(xcr0 >> i & 1))
			continue;
		if (compacted) {
			if (part[CPUID_ECX] & LEAF_D_ALIGNED)
				size = (size + 63) & ~63u;
			size += part[CPUID_EAX];
		} else if (part[CPUID_EBX] + part[CPUID_EAX] > size) {
			size = part[CPUID_EBX] + part[CPUID_EAX];
		}
	}
	return size;
}

static struct cpuid_regs cpuid_answer_xsave(const struct cpuid_policy *policy,
					    const struct cpuid_vcpu *vcpu,
					    uint32_t subleaf)
{
	uint64_t allowed = cpuid_policy_xcr0(policy);
	struct cpuid_regs r = no_leaf;

	if (!allowed || subleaf >= CPUID_XSAVE_COUNT)
		return r;
	r = policy->shown.xsave[subleaf];
	if (subleaf == 0) {
		r.reg[CPUID_EBX] = cpuid_xsave_bytes(policy, vcpu->xcr0, false);
		r.reg[CPUID_ECX] = cpuid_xsave_bytes(policy, allowed, false);
	}
	if (subleaf == 1 && r.reg[CPUID_EAX] & (1u << 1 | 1u << 3))
		r.reg[CPUID_EBX] = cpuid_xsave_bytes(policy, vcpu->xcr0, true);
	return r;
}

/* "Extended Topology Enumeration": one thread a core, one package. */
static struct cpuid_regs cpuid_answer_topology(
	const struct cpuid_policy *policy, uint32_t apic_id, uint32_t subleaf)
{
	enum { LEVEL_SMT = 1, LEVEL_CORE = 2 };
	struct cpuid_regs r = {{0, 0, subleaf & 0xff, apic_id}};

	if (subleaf == 0) {
		r.reg[CPUID_EBX] = 1;
		r.reg[CPUID_ECX] |= LEVEL_SMT << 8;
	} else if (subleaf == 1) {
		r.reg[CPUID_EAX] = cpuid_id_bits(policy->vcpu_count);
		r.reg[CPUID_EBX] = policy->vcpu_count;
		r.reg[CPUID_ECX] |= LEVEL_CORE << 8;
	}
	return r;
}

/* 12 characters in the registers EBX, ECX, EDX. */
static struct cpuid_regs cpuid_signature(uint32_t max_leaf, const char *text)
{
	struct cpuid_regs r = {{max_leaf, 0, 0, 0}};

	memcpy(&r.reg[CPUID_EBX], text, 12);
	return r;
}

static struct cpuid_regs cpuid_answer_hypervisor(
	const struct cpuid_policy *policy, uint32_t leaf)
{
	if (leaf == CPUID_HYPERVISOR_BASE)
		return cpuid_signature(HYPERVISOR_MAX, "ApicalApical");
	if (leaf == HYPERVISOR_MAX)
		return (struct cpuid_regs){
			{policy->tsc_khz, policy->timer_khz, 0, 0}};
	/* Linux uses x2APIC without interrupt remapping only under a
	 * hypervisor that it knows. */
	if (policy->x2apic && leaf == CPUID_KVM_BASE)
		return cpuid_signature(KVM_MAX, "KVMKVMKVM\0\0");
	if (policy->x2apic && leaf == KVM_MAX)
		return (struct cpuid_regs){{KVM_NOP_IO_DELAY, 0, 0, 0}};
	return no_leaf;
}

struct cpuid_regs cpuid_policy_answer(const struct cpuid_policy *policy,
				      const struct cpuid_vcpu *vcpu,
				      uint32_t leaf, uint32_t subleaf)
{
	const struct cpuid_regs *stored;
	struct cpuid_regs r;

	if (leaf >> 28 == CPUID_HYPERVISOR_BASE >> 28)
		return cpuid_answer_hypervisor(policy, leaf);
	/* Above a range's end, the highest basic leaf answers. */
	if ((leaf > BASIC_MAX && leaf < EXTENDED_BASE) || leaf > EXTENDED_MAX)
		leaf = BASIC_MAX;
	if (leaf == 0xb)
		return cpuid_answer_topology(policy, vcpu->apic_id, subleaf);
	if (leaf == 0xd)
		return cpuid_answer_xsave(policy, vcpu, subleaf);
	stored = cpuid_leaf(&policy->shown, leaf, subleaf);
	r = stored ? *stored : no_leaf;
	if (leaf == 1) {
		r.reg[CPUID_EBX] |= vcpu->apic_id << 24;
		if (vcpu->cr4 & CR4_OSXSAVE)
			r.reg[CPUID_ECX] |= LEAF_1_ECX_OSXSAVE;
		if (!vcpu->apic_enabled)
			r.reg[CPUID_EDX] &= ~LEAF_1_EDX_APIC;
	}
	if (leaf == 7 && subleaf == 0 && vcpu->cr4 & CR4_PKE)
		r.reg[CPUID_ECX] |= LEAF_7_ECX_OSPKE;
	return r;
}

/* ---- what follows from what is shown ---- */

uint64_t cpuid_policy_cr4(const struct cpuid_policy *policy)
{
	uint64_t cr4 = CR4_PCE; /* RDPMC exits, whatever it says */

	for (size_t i = 0; i < cpuid_bits_count; i++)
		if (cpuid_has(&policy->shown, &cpuid_bits[i]))
			cr4 |= cpuid_bits[i].cr4;
	return cr4;
}

uint64_t cpuid_policy_xcr0(const struct cpuid_policy *policy)
{
	return cpuid_xcr0(&policy->shown);
}

uint32_t cpuid_policy_proc2(const struct cpuid_policy *policy, uint32_t proc2)
{
	uint32_t used = 0, shown = 0;

	for (size_t i = 0; i < cpuid_bits_count; i++) {
		used |= cpuid_bits[i].proc2;
		if (cpuid_has(&policy->shown, &cpuid_bits[i]))
			shown |= cpuid_bits[i].proc2;
	}
	return proc2 & ~(used & ~shown);
}

uint64_t cpuid_policy_efer(const struct cpuid_policy *policy)
{
	uint32_t edx = policy->shown.extended[1].reg[CPUID_EDX];
	uint64_t efer = 0;

	if (edx & 1u << 11)
		efer |= EFER_SCE;
	if (edx & 1u << 20)
		efer |= EFER_NXE;
	if (edx & 1u << 29)
		efer |= EFER_LME | EFER_LMA;
	return efer;
}

bool cpuid_policy_tsc_deadline(const struct cpuid_policy *policy)
{
	return policy->shown.basic[1].reg[CPUID_ECX] & 1u << 24;
}

unsigned cpuid_policy_physical_bits(const struct cpuid_policy *policy)
{
	return policy->shown.extended[8].reg[CPUID_EAX] & 0xff;
}

uint32_t cpuid_policy_timer_ratio(uint64_t tsc_hz)
{
	return (tsc_hz >> 32) + 1;
}
