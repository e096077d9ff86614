/* SPDX-License-Identifier: BSD-2-Clause */
/* Halted vCPUs; see halt.h. */
#include "vmx/halt.h"

#include "vmx/vmcs.h"

#define ACTIVITY_ACTIVE 0
#define ACTIVITY_HLT	1

static bool in_guest(void)
{
	return vmcs_read32(VMCS_GUEST_ACTIVITY_STATE) == ACTIVITY_HLT;
}

enum vcpu_state halt_state(const struct vcpu *v)
{
	return v->state == VCPU_RUNNING && in_guest() ? VCPU_HALTED : v->state;
}

void halt_in_root(struct vcpu *v)
{
	if (halt_state(v) != VCPU_HALTED)
		return;
	vmcs_write32(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_ACTIVE);
	vcpu_set_state(v, VCPU_HALTED);
}

void halt_end(struct vcpu *v)
{
	if (halt_state(v) != VCPU_HALTED)
		return;
	vmcs_write32(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_ACTIVE);
	vcpu_set_state(v, VCPU_RUNNING);
}
