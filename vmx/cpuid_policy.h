/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the VM sees of the processor: a decision for each leaf, register and
 * bit of CPUID.  A bit that no row of the table names is hidden.  Pure.
 *
 * Source: SDM volume 2, "CPUID--CPU Identification".
 */
#ifndef VMX_CPUID_POLICY_H
#define VMX_CPUID_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUID_HYPERVISOR_BASE 0x40000000u /* "ApicalApical" */
#define CPUID_KVM_BASE	      0x40000100u /* with x2APIC only */

enum cpuid_register {
	CPUID_EAX,
	CPUID_EBX,
	CPUID_ECX,
	CPUID_EDX,
};

struct cpuid_regs {
	uint32_t reg[4]; /* by enum cpuid_register */
};

#define CPUID_BASIC_COUNT    0x17 /* leaves 0 to 16H */
#define CPUID_CACHE_COUNT    8	  /* subleaves of leaf 4 */
#define CPUID_FEATURE_COUNT  2	  /* subleaves of leaf 7 */
#define CPUID_XSAVE_COUNT    10	  /* subleaves of leaf 0DH: to PKRU */
#define CPUID_EXTENDED_COUNT 9	  /* leaves 80000000H to 80000008H */

/*
 * One set of leaves, of the processor or of a VM.  basic[4], [7], [0BH], [0DH]
 * are unused: their subleaves have arrays of their own, or are computed.
 */
struct cpuid_leaves {
	struct cpuid_regs basic[CPUID_BASIC_COUNT];
	struct cpuid_regs cache[CPUID_CACHE_COUNT];
	struct cpuid_regs feature[CPUID_FEATURE_COUNT];
	struct cpuid_regs xsave[CPUID_XSAVE_COUNT];
	struct cpuid_regs extended[CPUID_EXTENDED_COUNT];
};

/* What a VM is told about itself; does not change while it runs. */
struct cpuid_facts {
	uint32_t vcpu_count; /* at least 1 */
	bool x2apic;	     /* offered; brings KVM's signature with it */
	uint64_t tsc_hz;     /* as Apical measured it; at least 1 MHz */
	uint32_t proc2;	     /* the VM's secondary controls */
	uint64_t xcr0;	     /* the processor's XCR0 bits; 0: no XSAVE */
	uint8_t gpa_bits;    /* guest-physical address bits that EPT maps */
};

/* All that cpuid_policy_answer() needs. */
struct cpuid_policy {
	struct cpuid_leaves shown;
	uint32_t vcpu_count;
	uint32_t tsc_khz, timer_khz;
	bool x2apic;
};

/* What differs from one vCPU, and from one moment, to the next. */
struct cpuid_vcpu {
	uint32_t apic_id;  /* the x2APIC ID */
	bool apic_enabled; /* IA32_APIC_BASE bit 11 */
	uint64_t cr4;	   /* as the guest reads it */
	uint64_t xcr0;	   /* the guest's */
};

/*
 * Reads the leaves of the CPU that calls; leaves that it does not have are 0.
 * In vmx/cpuid_read.c.
 */
void cpuid_read(struct cpuid_leaves *native);

/* Keeps in *all what *one has too; for VMs whose CPUs differ. */
void cpuid_intersect(struct cpuid_leaves *all, const struct cpuid_leaves *one);

/* Decides everything; native: of a CPU that the VM runs on. */
void cpuid_policy_build(struct cpuid_policy *policy,
			const struct cpuid_leaves *native,
			const struct cpuid_facts *facts);

/*
 * Hides the feature of that name (a word as in Linux's /proc/cpuinfo, size
 * characters); after build, before the VM runs.  False: no such name.
 */
bool cpuid_policy_hide(struct cpuid_policy *policy, const char *name,
		       size_t size);

/* Basic leaves that depend on the subleaf, the vCPU or the moment. */
#define CPUID_BASIC_VARYING \
	(1u << 1 | 1u << 4 | 1u << 7 | 1u << 0xb | 1u << 0xd)

/* The answer of a basic leaf that has only one, or NULL. */
static inline const struct cpuid_regs *cpuid_policy_constant(
	const struct cpuid_policy *policy, uint32_t leaf)
{
	if (leaf >= CPUID_BASIC_COUNT || CPUID_BASIC_VARYING >> leaf & 1)
		return NULL;
	return &policy->shown.basic[leaf];
}

/* What the guest's CPUID answers; any leaf and subleaf. */
struct cpuid_regs cpuid_policy_answer(const struct cpuid_policy *policy,
				      const struct cpuid_vcpu *vcpu,
				      uint32_t leaf, uint32_t subleaf);

/* The CR4 bits that the guest may set: those whose feature it is shown. */
uint64_t cpuid_policy_cr4(const struct cpuid_policy *policy);

/* The XCR0 bits that the guest may set; 0: XSETBV is #UD. */
uint64_t cpuid_policy_xcr0(const struct cpuid_policy *policy);

/* The secondary controls that the guest may keep: RDTSCP, INVPCID and XSAVES
 * are cleared when their feature is hidden, so that they #UD. */
uint32_t cpuid_policy_proc2(const struct cpuid_policy *policy, uint32_t proc2);

/* Is that bit of EFER backed by a shown feature?  Mask of those that are. */
uint64_t cpuid_policy_efer(const struct cpuid_policy *policy);

/* Is the TSC-deadline mode of the APIC timer shown? */
bool cpuid_policy_tsc_deadline(const struct cpuid_policy *policy);

/* MAXPHYADDR as the guest sees it. */
unsigned cpuid_policy_physical_bits(const struct cpuid_policy *policy);

/*
 * TSC ticks per tick of the crystal clock that leaf 15H describes, at which
 * the APIC timer counts: 1 unless tsc_hz needs more than 32 bits.
 */
uint32_t cpuid_policy_timer_ratio(uint64_t tsc_hz);

#endif
