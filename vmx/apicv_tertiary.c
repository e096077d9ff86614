/* SPDX-License-Identifier: BSD-2-Clause */
/* IPI virtualization and APIC-timer virtualization; see apicv_tertiary.h. */
#include "vmx/apicv_tertiary.h"

#include "mm/frame.h"
#include "vmx/vmcs.h"

/* An entry is the descriptor's address, whose low bits are 0, and this. */
#define PID_POINTER_VALID 1u

void apicv_tertiary_write(struct vcpu *v)
{
	uint64_t proc3 = v->controls.proc3;
	uint64_t pointer = 0;

	if (v->controls.proc & VMX_PROC_TERTIARY_CONTROLS)
		vmcs_write64(VMCS_TERTIARY_CONTROLS, proc3);
	if (proc3 & VMX_PROC3_IPI_VIRTUALIZATION) {
		vmcs_write64(VMCS_PID_POINTER_TABLE_ADDRESS,
			     frame_hpa(v->pid_pointers).value);
		vmcs_write16(VMCS_LAST_PID_POINTER_INDEX, v->pid_last);
		pointer = frame_hpa(&v->pi).value | PID_POINTER_VALID;
	}
	__atomic_store_n(&v->pid_pointers[v->index], pointer, __ATOMIC_SEQ_CST);
	if (proc3 & VMX_PROC3_APIC_TIMER_VIRTUALIZATION) {
		vmcs_write16(VMCS_VIRTUAL_TIMER_VECTOR, 0);
		vmcs_write64(VMCS_GUEST_DEADLINE, 0);
		vmcs_write64(VMCS_GUEST_DEADLINE_SHADOW, 0);
	}
}

void apicv_tertiary_arm(const struct vcpu *v, uint8_t vector)
{
	vmcs_write16(VMCS_VIRTUAL_TIMER_VECTOR, vector);
	vmcs_write64(VMCS_GUEST_DEADLINE, v->timer_tsc);
	vmcs_write64(VMCS_GUEST_DEADLINE_SHADOW,
		     v->timer_tsc + v->vlapic.tsc_offset);
}

bool apicv_tertiary_disarm(void)
{
	bool waits = vmcs_read64(VMCS_GUEST_DEADLINE); /* 0 when it came */

	vmcs_write64(VMCS_GUEST_DEADLINE, 0);
	vmcs_write64(VMCS_GUEST_DEADLINE_SHADOW, 0);
	return waits;
}
