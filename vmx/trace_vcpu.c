/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes into a vCPU's trace; see trace_vcpu.h. */
#include "vmx/trace_vcpu.h"

#include "apic/regs.h"
#include "hv/hw/tsc.h"
#include "vmx/guest_access.h"
#include "vmx/inject.h"
#include "vmx/qualification.h"
#include "vmx/vmcs.h"

void trace_vcpu(struct vcpu *v, enum trace_event event, uint16_t detail,
		uint64_t a, uint64_t b)
{
	trace_add(&v->trace, tsc_read(), event, detail, a, b);
}

static bool writes_eoi(uint32_t offset)
{
	return (offset & 0xff0) == APIC_EOI;
}

static bool violation_writes_eoi(const struct vcpu *v, uint64_t q)
{
	uint64_t address = vmcs_read64(VMCS_GUEST_PHYSICAL_ADDRESS);

	return qualification_ept(q).write &&
	       (address & ~PAGE_MASK) == guest_access_apic_page(v).value &&
	       writes_eoi(address & PAGE_MASK);
}

/* The guest tells its APIC of an EOI, which has not been done yet. */
static bool is_eoi(const struct vcpu *v, uint64_t q)
{
	switch (v->exit_reason) {
	case EXIT_REASON_APIC_WRITE:
		return writes_eoi((uint32_t)q);
	case EXIT_REASON_APIC_ACCESS:
		return qualification_apic(q).type == QUALIFICATION_APIC_WRITE &&
		       writes_eoi(qualification_apic(q).offset);
	case EXIT_REASON_EPT_VIOLATION:
		return violation_writes_eoi(v, q);
	case EXIT_REASON_WRMSR:
		return (uint32_t)v->gpr[GPR_RCX] == APIC_MSR(APIC_EOI);
	}
	return false;
}

static void trace_eoi(struct vcpu *v, uint64_t q)
{
	int vector = vlapic_highest_isr(&v->vlapic);

	if (v->exit_reason == EXIT_REASON_VIRTUALIZED_EOI)
		trace_vcpu(v, TRACE_EOI, (uint8_t)q, 1, 0);
	else if (vector >= 0 && is_eoi(v, q))
		trace_vcpu(v, TRACE_EOI, (uint8_t)vector, 0, 0);
}

void trace_vcpu_exit(struct vcpu *v)
{
	uint64_t q = vmcs_read(VMCS_EXIT_QUALIFICATION);

	if (v->exit_reason == EXIT_REASON_EXTERNAL_INTERRUPT)
		q = vmcs_read32(VMCS_VM_EXIT_INTERRUPTION_INFORMATION) &
		    INTERRUPTION_VECTOR;
	if (v->exit_reason == EXIT_REASON_RDMSR ||
	    v->exit_reason == EXIT_REASON_WRMSR)
		q = (uint32_t)v->gpr[GPR_RCX];
	trace_vcpu(v, TRACE_EXIT, (uint16_t)v->exit_reason, q,
		   vmcs_read(VMCS_GUEST_RIP));
	trace_eoi(v, q);
}

void trace_vcpu_entry(struct vcpu *v)
{
	bool delivery =
		v->controls.proc2 & VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;

	trace_vcpu(v, TRACE_ENTRY, 0,
		   delivery ? vmcs_read16(VMCS_GUEST_INTERRUPT_STATUS) : 0,
		   vmcs_read(VMCS_GUEST_RIP));
}
