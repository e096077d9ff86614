/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the processor's VMX can do, and the control fields that a VM gets from
 * it.  Pure, but for vmx_caps_read(), which lives in vmx/caps_read.c.
 *
 * Source: SDM volume 3, appendix "VMX Capability Reporting Facility".
 */
#ifndef VMX_CAPS_H
#define VMX_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/lib/apic_tier.h"
#include "vmx/controls.h"

/* IA32_VMX_BASIC */
#define VMX_BASIC_REVISION_MASK	 0x7fffffffull
#define VMX_BASIC_PHYSICAL_32BIT (1ull << 48)
#define VMX_BASIC_TRUE_CONTROLS	 (1ull << 55)
#define VMX_BASIC_ANY_ERROR_CODE (1ull << 56)

/* IA32_VMX_MISC */
#define VMX_MISC_TIMER_SHIFT_MASK   0x1full
#define VMX_MISC_STORES_LMA	    (1ull << 5)
#define VMX_MISC_ACTIVITY_HLT	    (1ull << 6)
#define VMX_MISC_ACTIVITY_SHUTDOWN  (1ull << 7)
#define VMX_MISC_ACTIVITY_WAIT_SIPI (1ull << 8)
#define VMX_MISC_WRITE_ANY_FIELD    (1ull << 29)
#define VMX_MISC_INJECT_ZERO_LENGTH (1ull << 30)

/* IA32_VMX_EPT_VPID_CAP */
#define VMX_EPT_EXECUTE_ONLY	      (1ull << 0)
#define VMX_EPT_WALK_LENGTH_4	      (1ull << 6)
#define VMX_EPT_WALK_LENGTH_5	      (1ull << 7)
#define VMX_EPT_MEMORY_TYPE_UC	      (1ull << 8)
#define VMX_EPT_MEMORY_TYPE_WB	      (1ull << 14)
#define VMX_EPT_PAGE_2M		      (1ull << 16)
#define VMX_EPT_PAGE_1G		      (1ull << 17)
#define VMX_EPT_INVEPT		      (1ull << 20)
#define VMX_EPT_ACCESSED_DIRTY	      (1ull << 21)
#define VMX_EPT_INVEPT_SINGLE_CONTEXT (1ull << 25)
#define VMX_EPT_INVEPT_ALL_CONTEXTS   (1ull << 26)
#define VMX_VPID_INVVPID	      (1ull << 32)
#define VMX_VPID_INVVPID_SINGLE	      (1ull << 41)
#define VMX_VPID_INVVPID_ALL	      (1ull << 42)

/*
 * The capability MSRs, as read; 0 for one that this processor does not have.
 * In pin, proc, proc2, exit and entry the low half has the bits that must be
 * 1, the high half those that may be 1; pin, proc, exit and entry come from
 * the "true" MSRs where these exist.  proc3 has the bits that may be 1.
 */
struct vmx_caps {
	uint64_t basic;
	uint64_t pin, proc, proc2, exit, entry;
	uint64_t proc3;
	uint64_t misc;
	uint64_t cr0_fixed0, cr0_fixed1;
	uint64_t cr4_fixed0, cr4_fixed1;
	uint64_t ept_vpid;
	uint64_t vmfunc;
	uint8_t physical_bits; /* MAXPHYADDR, 32 to 52 */
	uint8_t linear_bits;   /* 32 to 57 */
};

/*
 * Reads the capabilities of the CPU that calls; CPUID.1:ECX.VMX must be 1.
 * An MSR is read only if another says that it exists.  Never fails.
 */
void vmx_caps_read(struct vmx_caps *caps);

#define VMX_CAPS_MSRS 19 /* 480H to 492H */

/* The MSRs themselves, for people and to compare CPUs. */
struct vmx_caps_raw {
	uint32_t there; /* bit i: the processor has MSR 480H + i */
	uint64_t value[VMX_CAPS_MSRS]; /* 0 where it has not */
};

/* Tries each on the CPU that calls; it need not know VMX.  Never fails. */
void vmx_caps_raw_read(struct vmx_caps_raw *raw);

/*
 * Takes from *all what *one lacks.  The VMCS revision and the preemption
 * timer's shift stay those of *all: each CPU writes its own into its regions.
 */
void vmx_caps_intersect(struct vmx_caps *all, const struct vmx_caps *one);

/* May all bits of mask be 1 in that word?  And which bits must be 1? */
bool vmx_caps_allow(const struct vmx_caps *caps, enum vmx_control_word word,
		    uint64_t mask);
uint64_t vmx_caps_must(const struct vmx_caps *caps, enum vmx_control_word word);

/* The VMX preemption timer counts once every 2^this TSC ticks. */
unsigned vmx_caps_timer_shift(const struct vmx_caps *caps);

/* What a VM's controls are to be. */
struct vmx_wish {
	enum apic_tier tier; /* not APIC_TIER_AUTO */
	/* The local APIC is in x2APIC mode: its MSRs are virtualized instead of
	 * its page. */
	bool x2apic;
	/* Controls that must be 1 (refused if they cannot), and that must be 0
	 * (refused likewise), whatever the tier and the base say. */
	struct vmx_controls on, off;
};

/*
 * The controls of a VM: the base that every VM has, the tier's, the wish's
 * own, and what the processor insists on.  False with one sentence in text
 * (size bytes, NUL included) when the processor lacks something that is
 * needed, or when the wish breaks a rule of the SDM.
 *
 * Always 1 in the result: external-interrupt exiting, NMI exiting, virtual
 * NMIs, MWAIT, MONITOR and RDPMC exiting, TSC offsetting, I/O and MSR
 * bitmaps, EPT, unrestricted guest, save/load of debug controls, EFER and PAT
 * on exit and entry, acknowledge interrupt on exit, 64-bit host; CR8 exiting
 * exactly without TPR shadow.  1 where the processor has them: VPID, RDTSCP,
 * INVPCID, XSAVES, WBINVD exiting; and, with posted interrupts, IPI and
 * APIC-timer virtualization.  0, but allowed: HLT, interrupt-window
 * and NMI-window exiting.  The preemption timer only by wish->on.
 */
bool vmx_caps_controls(const struct vmx_caps *caps, const struct vmx_wish *wish,
		       struct vmx_controls *controls, char *text, size_t size);

/*
 * The highest tier that the processor can run; x2apic: the guest may switch to
 * x2APIC mode, so both modes must be able to run on that tier.
 */
enum apic_tier vmx_caps_best_tier(const struct vmx_caps *caps, bool x2apic);

/*
 * Why the processor cannot run that tier, as one sentence that names the MSR
 * and the bit.  False with text empty if it can.
 */
bool vmx_caps_why_not(const struct vmx_caps *caps, enum apic_tier tier,
		      bool x2apic, char *text, size_t size);

/* Such a sentence ends in "): what to do"; cuts that, for somebody who asked
 * for nothing. */
void vmx_caps_cut_advice(char *text);

#endif
