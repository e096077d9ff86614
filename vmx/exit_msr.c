/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RDMSR and WRMSR that exit.  An MSR that is not named here, and not let
 * through by the bitmap, is #GP(0).
 * Source: SDM volume 4.
 */
#include "hv/hw/msr_index.h"
#include "hv/hw/tsc.h"
#include "vmx/apicv.h"
#include "vmx/apicv_timer.h"
#include "vmx/exit.h"
#include "vmx/exit_row.h"
#include "vmx/inject.h"
#include "vmx/vmcs.h"

/* The guest's own MTRRs: kept for it to read, without effect, as EPT decides
 * memory types together with the PAT. */
#define MTRR_CAP	    0x508ull /* 8 variable ranges, fixed ranges, WC */
#define MTRR_VARIABLE_COUNT 8
#define MTRR_TYPES_VALID    0x73u /* UC, WC, WT, WP, WB */

enum mtrr_slot {
	MTRR_SLOT_VARIABLE, /* base and mask, in pairs */
	MTRR_SLOT_FIXED = 2 * MTRR_VARIABLE_COUNT,
	MTRR_SLOT_DEF_TYPE = MTRR_SLOT_FIXED + 11,
	MTRR_SLOT_NONE,
};

/* IA32_MISC_ENABLE */
#define MISC_ENABLE_BTS_UNAVAILABLE  (1ull << 11)
#define MISC_ENABLE_PEBS_UNAVAILABLE (1ull << 12)
#define MISC_ENABLE_WRITABLE	     IA32_MISC_ENABLE_FAST_STRING

static enum mtrr_slot mtrr_slot_of(uint32_t msr)
{
	if (msr >= 0x200 && msr < 0x200 + 2 * MTRR_VARIABLE_COUNT)
		return MTRR_SLOT_VARIABLE + (msr - 0x200);
	if (msr == 0x250)
		return MTRR_SLOT_FIXED;
	if (msr == 0x258 || msr == 0x259)
		return MTRR_SLOT_FIXED + 1 + (msr - 0x258);
	if (msr >= 0x268 && msr <= 0x26f)
		return MTRR_SLOT_FIXED + 3 + (msr - 0x268);
	return msr == 0x2ff ? MTRR_SLOT_DEF_TYPE : MTRR_SLOT_NONE;
}

static bool mtrr_type_valid(uint64_t type)
{
	return type < 8 && MTRR_TYPES_VALID >> type & 1;
}

/* What a WRMSR to an MTRR may not set. */
static bool mtrr_value_valid(const struct vcpu *v, enum mtrr_slot slot,
			     uint64_t value)
{
	uint64_t beyond = ~0ull << v->phys_bits;

	if (slot == MTRR_SLOT_DEF_TYPE)
		return !(value & ~0xcffull) && mtrr_type_valid(value & 0xff);
	if (slot >= MTRR_SLOT_FIXED) {
		for (unsigned i = 0; i < 64; i += 8)
			if (!mtrr_type_valid(value >> i & 0xff))
				return false;
		return true;
	}
	if (slot & 1) /* mask */
		return !(value & (beyond | 0x7ff));
	return !(value & (beyond | 0xf00)) && mtrr_type_valid(value & 0xff);
}

void exit_msr_reset(struct vcpu *v)
{
	uint64_t write_back = 0x0606060606060606ull;

	for (unsigned i = 0; i < MTRR_SLOT_NONE; i++)
		v->mtrr[i] = 0;
	for (unsigned i = 0; i < 2; i++) /* 0 to 9FFFFH */
		v->mtrr[MTRR_SLOT_FIXED + i] = write_back;
	for (unsigned i = 3; i < 11; i++) /* C0000H to FFFFFH */
		v->mtrr[MTRR_SLOT_FIXED + i] = write_back;
	v->mtrr[MTRR_SLOT_DEF_TYPE] = 0xc06; /* all on, else write-back */
	v->misc_enable = IA32_MISC_ENABLE_FAST_STRING |
			 MISC_ENABLE_BTS_UNAVAILABLE |
			 MISC_ENABLE_PEBS_UNAVAILABLE;
	v->tsc_adjust = 0;
}

/* While a deadline waits, which goes by the guest's TSC. */
static __attribute__((noinline)) void move_deadline(struct vcpu *v,
						    uint64_t offset)
{
	apicv_sync(v);
	vlapic_set_tsc_offset(&v->vlapic, tsc_read(), offset);
	vmcs_write64(VMCS_TSC_OFFSET, offset);
	apicv_timer(v);
}

static inline void set_tsc_offset(struct vcpu *v, uint64_t offset)
{
	if (__builtin_expect(v->vlapic.deadline != 0, 0)) {
		move_deadline(v, offset);
		return;
	}
	v->vlapic.tsc_offset = offset;
	vmcs_write64(VMCS_TSC_OFFSET, offset);
}

/* The guest's TSC is to be value now. */
static void set_tsc(struct vcpu *v, uint64_t value)
{
	uint64_t offset = value - tsc_read();

	v->tsc_adjust += offset - v->vlapic.tsc_offset;
	set_tsc_offset(v, offset);
}

static void set_tsc_adjust(struct vcpu *v, uint64_t value)
{
	uint64_t offset = v->vlapic.tsc_offset + value - v->tsc_adjust;

	v->tsc_adjust = value;
	set_tsc_offset(v, offset);
}

static uint32_t msr_of(const struct vcpu *v)
{
	return (uint32_t)v->gpr[GPR_RCX];
}

/* What an MSR reads; it exists, or RDMSR is #GP(0). */
struct reading {
	uint64_t exists;
	uint64_t value;
};

_Static_assert(sizeof(struct reading) == 16, "comes in two registers");

static struct reading reads(uint64_t value)
{
	return (struct reading){true, value};
}

/* SDM volume 4, IA32_XSS: it is there with XSAVES. */
static bool has_xss(const struct vcpu *v)
{
	return v->controls.proc2 & VMX_PROC2_XSAVES_XRSTORS;
}

/* The only effect that a read has is #GP(0). */
static struct reading read_x2apic(struct vcpu *v, uint32_t msr)
{
	struct reading r;

	apicv_sync(v);
	r.exists =
		vlapic_msr_read(&v->vlapic, msr, tsc_read(), &r.value).kind ==
		VLAPIC_EFFECT_NONE;
	return r;
}

static bool is_x2apic(uint32_t msr)
{
	return msr >= APIC_MSR_FIRST && msr <= APIC_MSR_LAST;
}

static struct reading read_deadline(struct vcpu *v)
{
	if (!v->vlapic.tsc_deadline_allowed)
		return (struct reading){false, 0};
	apicv_sync(v);
	return reads(vlapic_deadline_read(&v->vlapic, tsc_read()));
}

static struct reading read_mtrr(const struct vcpu *v, uint32_t msr)
{
	enum mtrr_slot slot = mtrr_slot_of(msr);

	if (slot == MTRR_SLOT_NONE)
		return (struct reading){false, 0};
	return reads(v->mtrr[slot]);
}

/* MSRs whose value lies ready; false: it is not one of them. */
static inline bool read_ready(const struct vcpu *v, uint32_t msr,
			      uint64_t *value)
{
	switch (msr) {
	case IA32_TSC_ADJUST:
		*value = v->tsc_adjust;
		return true;
	case IA32_APIC_BASE:
		*value = v->vlapic.base_msr;
		return true;
	case IA32_MISC_ENABLE:
		*value = v->misc_enable;
		return true;
	default:
		return false;
	}
}

static struct reading read_other(struct vcpu *v, uint32_t msr)
{
	if (is_x2apic(msr))
		return read_x2apic(v, msr);
	switch (msr) {
	case IA32_TIME_STAMP_COUNTER:
		return reads(tsc_read() + v->vlapic.tsc_offset);
	case IA32_TSC_DEADLINE:
		return read_deadline(v);
	case IA32_BIOS_SIGN_ID: /* some microcode revision */
		return reads(1ull << 32);
	case IA32_DEBUGCTL:
		return reads(vmcs_read64(VMCS_GUEST_IA32_DEBUGCTL));
	case IA32_MTRRCAP:
		return reads(MTRR_CAP);
	case IA32_PLATFORM_ID:
	case IA32_MCG_CAP: /* no banks */
	case IA32_MCG_STATUS:
		return reads(0);
	case IA32_XSS:
		return (struct reading){has_xss(v), 0};
	default:
		return read_mtrr(v, msr);
	}
}

bool exit_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	struct reading r;

	if (read_ready(v, msr, value))
		return true;
	r = read_other(v, msr);
	*value = r.value;
	return r.exists;
}

static __attribute__((noinline)) enum exit_result rdmsr_other(struct vcpu *v)
{
	struct reading r = read_other(v, msr_of(v));

	if (!r.exists)
		return inject_gp(v);
	vcpu_set_edx_eax(v, r.value);
	return EXIT_NEXT_INSN;
}

static inline enum exit_result rdmsr(struct vcpu *v)
{
	uint64_t value;

	if (!read_ready(v, msr_of(v), &value))
		return rdmsr_other(v);
	vcpu_set_edx_eax(v, value);
	return EXIT_NEXT_INSN;
}

static __attribute__((noinline)) enum exit_result rdmsr_anew(struct vcpu *v)
{
	exit_row_find(v, EXIT_STATS_MSR, EXIT_REASON_RDMSR, msr_of(v));
	return rdmsr(v);
}

enum exit_result exit_rdmsr(struct vcpu *v)
{
	if (!exit_row(v, EXIT_STATS_MSR, EXIT_REASON_RDMSR, msr_of(v)))
		return rdmsr_anew(v);
	return rdmsr(v);
}

static bool write_mtrr(struct vcpu *v, uint32_t msr, uint64_t value)
{
	enum mtrr_slot slot = mtrr_slot_of(msr);

	if (slot == MTRR_SLOT_NONE || !mtrr_value_valid(v, slot, value))
		return false;
	v->mtrr[slot] = value;
	return true;
}

/* MSRs that are no more than a value; false: it is not one of them. */
static inline bool write_ready(struct vcpu *v, uint32_t msr, uint64_t value)
{
	switch (msr) {
	case IA32_TSC_ADJUST:
		if (v->vlapic.deadline)
			return false;
		set_tsc_adjust(v, value);
		return true;
	case IA32_MISC_ENABLE:
		v->misc_enable = (v->misc_enable & ~MISC_ENABLE_WRITABLE) |
				 (value & MISC_ENABLE_WRITABLE);
		return true;
	default:
		return false;
	}
}

/* False: #GP(0). */
static bool write_other(struct vcpu *v, uint32_t msr, uint64_t value)
{
	switch (msr) {
	case IA32_TIME_STAMP_COUNTER:
		set_tsc(v, value);
		return true;
	case IA32_TSC_ADJUST:
		set_tsc_adjust(v, value);
		return true;
	case IA32_BIOS_SIGN_ID: /* the way to ask for the revision */
	case IA32_MCG_STATUS:
		return value == 0;
	case IA32_XSS:
		return value == 0 && has_xss(v);
	case IA32_DEBUGCTL:
		if (value & ~(uint64_t)IA32_DEBUGCTL_BTF)
			return false;
		vmcs_write64(VMCS_GUEST_IA32_DEBUGCTL, value);
		return true;
	default:
		return write_mtrr(v, msr, value);
	}
}

static inline bool is_deadline(const struct vcpu *v, uint32_t msr)
{
	return msr == IA32_TSC_DEADLINE && v->vlapic.tsc_deadline_allowed;
}

static __attribute__((noinline)) enum exit_result wrmsr_other(struct vcpu *v)
{
	uint32_t msr = msr_of(v);
	uint64_t value = vcpu_edx_eax(v);

	if (msr == IA32_APIC_BASE)
		return apicv_wrmsr_base(v, value);
	return write_other(v, msr, value) ? EXIT_NEXT_INSN : inject_gp(v);
}

/* The most frequent ones first. */
static inline enum exit_result wrmsr(struct vcpu *v)
{
	uint32_t msr = msr_of(v);
	uint64_t value = vcpu_edx_eax(v);

	if (is_x2apic(msr))
		return apicv_wrmsr_x2apic(v, msr, value);
	if (is_deadline(v, msr))
		return apicv_wrmsr_deadline(v, value);
	return write_ready(v, msr, value) ? EXIT_NEXT_INSN : wrmsr_other(v);
}

static __attribute__((noinline)) enum exit_result wrmsr_anew(struct vcpu *v)
{
	exit_row_find(v, EXIT_STATS_MSR, EXIT_REASON_WRMSR, msr_of(v));
	return wrmsr(v);
}

enum exit_result exit_wrmsr(struct vcpu *v)
{
	if (!exit_row(v, EXIT_STATS_MSR, EXIT_REASON_WRMSR, msr_of(v)))
		return wrmsr_anew(v);
	return wrmsr(v);
}

bool exit_msr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
	if (is_x2apic(msr) || is_deadline(v, msr) || msr == IA32_APIC_BASE)
		return apicv_msr_write(v, msr, value);
	return write_ready(v, msr, value) || write_other(v, msr, value);
}
