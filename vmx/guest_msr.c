/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's MSRs from outside; see guest_msr.h. */
#include "vmx/guest_msr.h"

#include "hv/hw/cr_bits.h"
#include "hv/hw/msr.h"
#include "vmx/exit.h"
#include "vmx/setup.h"
#include "vmx/vmcs.h"

#define PAT_TYPES 0xf3u /* UC, WC, WT, WP, WB, UC- */

/* Where an MSR is kept that the guest reaches without an exit. */
enum place {
	PLACE_EXITS, /* it does not */
	PLACE_LIVE,  /* in the processor, in root mode too */
	PLACE_VMCS,
};

/* What may be written there. */
enum rule {
	RULE_32_BITS,
	RULE_CANONICAL,
	RULE_PAT,
	RULE_EFER,
};

struct passed {
	enum place place;
	enum rule rule;
	uint32_t field; /* in the VMCS */
};

static struct passed passed_of(const struct vcpu *v, uint32_t msr)
{
	switch (msr) {
	case IA32_SYSENTER_CS:
		return (struct passed){PLACE_VMCS, RULE_32_BITS,
				       VMCS_GUEST_IA32_SYSENTER_CS};
	case IA32_SYSENTER_ESP:
		return (struct passed){PLACE_VMCS, RULE_CANONICAL,
				       VMCS_GUEST_IA32_SYSENTER_ESP};
	case IA32_SYSENTER_EIP:
		return (struct passed){PLACE_VMCS, RULE_CANONICAL,
				       VMCS_GUEST_IA32_SYSENTER_EIP};
	case IA32_FS_BASE:
		return (struct passed){PLACE_VMCS, RULE_CANONICAL,
				       VMCS_GUEST_FS_BASE};
	case IA32_GS_BASE:
		return (struct passed){PLACE_VMCS, RULE_CANONICAL,
				       VMCS_GUEST_GS_BASE};
	case IA32_PAT:
		return (struct passed){PLACE_VMCS, RULE_PAT,
				       VMCS_GUEST_IA32_PAT};
	case IA32_EFER:
		return (struct passed){PLACE_VMCS, RULE_EFER,
				       VMCS_GUEST_IA32_EFER};
	case IA32_STAR:
	case IA32_LSTAR:
	case IA32_CSTAR:
	case IA32_FMASK:
	case IA32_KERNEL_GS_BASE:
		return (struct passed){.place = PLACE_LIVE};
	case IA32_TSC_AUX:
		if (v->controls.proc2 & VMX_PROC2_RDTSCP)
			return (struct passed){.place = PLACE_LIVE};
		break;
	}
	return (struct passed){.place = PLACE_EXITS};
}

bool guest_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	struct passed p = passed_of(v, msr);

	switch (p.place) {
	case PLACE_VMCS:
		*value = vmx_read(p.field);
		return true;
	case PLACE_LIVE:
		return msr_read_safe(msr, value);
	case PLACE_EXITS:
		break;
	}
	return exit_msr_read(v, msr, value);
}

static bool is_canonical(uint64_t value)
{
	unsigned unused = vmcs_read(VMCS_GUEST_CR4) & CR4_LA57 ? 7 : 16;

	return (uint64_t)((int64_t)(value << unused) >> unused) == value;
}

static bool is_pat(uint64_t value)
{
	for (unsigned i = 0; i < 64; i += 8) {
		uint64_t type = value >> i & 0xff;

		if (type > 7 || !(PAT_TYPES >> type & 1))
			return false;
	}
	return true;
}

static bool allows(const struct vcpu *v, enum rule rule, uint64_t value)
{
	uint64_t changes;

	switch (rule) {
	case RULE_32_BITS:
		return value <= UINT32_MAX;
	case RULE_CANONICAL:
		return is_canonical(value);
	case RULE_PAT:
		return is_pat(value);
	case RULE_EFER:
		changes = value ^ vmcs_read64(VMCS_GUEST_IA32_EFER);
		return !(changes & ~(uint64_t)(EFER_SCE | EFER_NXE)) &&
		       !(changes & ~cpuid_policy_efer(v->cpuid));
	}
	return false;
}

bool guest_msr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
	struct passed p = passed_of(v, msr);

	switch (p.place) {
	case PLACE_LIVE:
		return msr_write_safe(msr, value);
	case PLACE_VMCS:
		if (!allows(v, p.rule, value))
			return false;
		vmx_write(p.field, value);
		setup_flush_linear(v); /* what NXE or PAT made of it */
		return true;
	case PLACE_EXITS:
		break;
	}
	return exit_msr_write(v, msr, value);
}
