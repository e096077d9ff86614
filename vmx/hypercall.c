/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls for test guests; see hypercall.h. */
#include "vmx/hypercall.h"

#include "guest/hypercall.h"
#include "vmx/apicv.h"
#include "vmx/machine.h"
#include "vmx/vmcs.h"

#define FAILED (~0ull)

/* Access rights of CS */
#define CS_L (1u << 13)
#define CS_D (1u << 14)

_Static_assert((int)HYPERCALL_TIER_POSTED == (int)APIC_TIER_POSTED &&
		       (int)HYPERCALL_TIER_REGISTER == (int)APIC_TIER_REGISTER,
	       "guests name the tiers as we do");
_Static_assert((int)HYPERCALL_CONTROL_POSTED == (int)APIC_CONTROL_POSTED &&
		       (int)HYPERCALL_CONTROL_REGISTER ==
			       (int)APIC_CONTROL_REGISTER,
	       "and the controls");

void hypercall_log_exit(struct vcpu *v)
{
	struct exit_log *log = &v->log;

	switch (v->exit_reason) {
	case EXIT_REASON_VMCALL:
	case EXIT_REASON_EXTERNAL_INTERRUPT:
	case EXIT_REASON_INTERRUPT_WINDOW:
		return;
	}
	if (log->count++)
		return;
	log->reason = v->exit_reason;
	log->qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
	log->address = v->exit_reason == EXIT_REASON_EPT_VIOLATION
			       ? vmcs_read64(VMCS_GUEST_PHYSICAL_ADDRESS)
			       : 0;
}

/* The first call begins the log. */
static uint64_t exit_log(struct vcpu *v)
{
	v->gpr[GPR_RBX] = v->log.count;
	v->gpr[GPR_RCX] = v->log.reason;
	v->gpr[GPR_RDX] = v->log.qualification;
	v->gpr[GPR_RSI] = v->log.address;
	v->log = (struct exit_log){0};
	__atomic_fetch_or(&v->watched, VCPU_WATCH_LOG, __ATOMIC_RELAXED);
	return 0;
}

static uint64_t exit_count(struct vcpu *v, const struct vcpu *of)
{
	uint64_t reason = v->gpr[GPR_RBX], total = 0;

	if (!of)
		return FAILED;
	if (reason < EXIT_REASON_COUNT) {
		v->gpr[GPR_RBX] = of->exit_count[reason];
		return 0;
	}
	if (reason != FAILED)
		return FAILED;
	for (unsigned i = 0; i < EXIT_REASON_COUNT; i++)
		total += of->exit_count[i];
	v->gpr[GPR_RBX] = total;
	return 0;
}

static uint64_t exit_ticks(struct vcpu *v, const struct vcpu *of)
{
	struct exit_stats_summary s;
	uint64_t total = 0;

	if (!of)
		return FAILED;
	for (uint32_t row = 0; row < EXIT_STATS_ROWS; row++)
		if (exit_stats_read(&of->stats, row, &s) &&
		    s.reason != EXIT_REASON_VMCALL)
			total += s.sum;
	v->gpr[GPR_RBX] = total;
	return 0;
}

static uint64_t tier(struct vcpu *v)
{
	uint64_t on = v->gpr[GPR_RCX], off = v->gpr[GPR_RDX];
	struct apic_choice choice = {
		.tier = (uint8_t)v->gpr[GPR_RBX],
		.on = (uint8_t)on,
		.off = (uint8_t)off,
	};

	if (v->gpr[GPR_RBX] >= APIC_TIER_COUNT ||
	    (on | off) & ~(uint64_t)APIC_CONTROL_ALL || on & off ||
	    !machine_apic_switch(v, choice))
		return FAILED;
	apicv_switch(v);
	return 0;
}

static uint64_t tier_get(struct vcpu *v)
{
	v->gpr[GPR_RBX] = v->apic_wanted.tier;
	v->gpr[GPR_RCX] = vmx_caps_best_tier(v->caps, v->vlapic.x2apic_allowed);
	v->gpr[GPR_RDX] = v->controls.proc2;
	v->gpr[GPR_RSI] = v->controls.pin;
	return 0;
}

/* Fields that nothing writes again before the entry. */
static uint64_t break_entry(const struct vcpu *v)
{
	switch (v->gpr[GPR_RBX]) {
	case HYPERCALL_BREAK_CONTROLS:
		vmcs_write32(VMCS_CR3_TARGET_COUNT, 5);
		return 0;
	case HYPERCALL_BREAK_GUEST:
		vmcs_write32(VMCS_GUEST_CS_ACCESS_RIGHTS,
			     vmcs_read32(VMCS_GUEST_CS_ACCESS_RIGHTS) | CS_L |
				     CS_D);
		return 0;
	default:
		return FAILED;
	}
}

static uint64_t answer(struct vcpu *v)
{
	switch (v->gpr[GPR_RAX]) {
	case HYPERCALL_EXIT_LOG:
		return exit_log(v);
	case HYPERCALL_EXIT_COUNT:
		return exit_count(v, v);
	case HYPERCALL_TIER:
		return tier(v);
	case HYPERCALL_TIER_GET:
		return tier_get(v);
	case HYPERCALL_BREAK:
		return break_entry(v);
	case HYPERCALL_EXIT_COUNT_OF:
		return exit_count(v, machine_vcpu(v, v->gpr[GPR_RCX]));
	case HYPERCALL_EXIT_TICKS_OF:
		return exit_ticks(v, machine_vcpu(v, v->gpr[GPR_RCX]));
	default:
		return FAILED;
	}
}

enum exit_result hypercall(struct vcpu *v)
{
	v->gpr[GPR_RAX] = answer(v);
	return EXIT_NEXT_INSN;
}
