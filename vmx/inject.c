/* SPDX-License-Identifier: BSD-2-Clause */
/* Event injection; see inject.h. */
#include "vmx/inject.h"

#include "hv/hw/cr.h"
#include "vmx/machine.h"
#include "vmx/trace_vcpu.h"
#include "vmx/vmcs.h"

static void set_event(struct vcpu *v, uint32_t information)
{
	vmcs_write32(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION,
		     information | INTERRUPTION_VALID);
	v->event_injected = true;
	if (trace_vcpu_on(v))
		trace_vcpu(v, TRACE_INJECT, information & INTERRUPTION_VECTOR,
			   information & ~INTERRUPTION_VALID, 0);
}

static bool has_error_code(uint8_t vector)
{
	return vector == VECTOR_DF || (vector >= VECTOR_TS && vector <= 14) ||
	       vector == 17 || vector == 21;
}

static bool is_contributory(uint8_t vector)
{
	return vector == 0 || (vector >= VECTOR_TS && vector <= VECTOR_GP);
}

/* "Conditions for Generating a Double Fault" */
static bool makes_double_fault(uint8_t first, uint8_t second)
{
	if (is_contributory(first))
		return is_contributory(second);
	return first == VECTOR_PF &&
	       (is_contributory(second) || second == VECTOR_PF);
}

static void block_nmis(void)
{
	vmcs_write32(VMCS_GUEST_INTERRUPTIBILITY_STATE,
		     vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE) |
			     INTERRUPTIBILITY_NMI);
}

bool inject_exception(struct vcpu *v, uint8_t vector, uint32_t error_code)
{
	uint32_t information = vector | INTERRUPTION_HARDWARE_EXCEPTION;

	if (v->event_injected) {
		uint32_t before =
			vmcs_read32(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION);
		uint8_t first = before & INTERRUPTION_VECTOR;

		/* Its delivery had begun, and with it the blocking. */
		if ((before & INTERRUPTION_TYPE_MASK) == INTERRUPTION_NMI)
			block_nmis();
		if ((before & INTERRUPTION_TYPE_MASK) ==
		    INTERRUPTION_HARDWARE_EXCEPTION) {
			if (first == VECTOR_DF)
				return false;
			if (makes_double_fault(first, vector)) {
				information = VECTOR_DF |
					      INTERRUPTION_HARDWARE_EXCEPTION;
				vector = VECTOR_DF;
				error_code = 0;
			}
		}
	}
	if (has_error_code(vector) && vmcs_read(VMCS_GUEST_CR0) & CR0_PE) {
		information |= INTERRUPTION_ERROR_CODE;
		vmcs_write32(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, error_code);
	}
	if (vector != VECTOR_DB)
		vmcs_write(VMCS_GUEST_RFLAGS,
			   vmcs_read(VMCS_GUEST_RFLAGS) | RFLAGS_RF);
	set_event(v, information);
	return true;
}

bool inject_page_fault(struct vcpu *v, gla_t address, uint32_t error_code)
{
	cr2_write(address.value);
	return inject_exception(v, VECTOR_PF, error_code);
}

void inject_interrupt(struct vcpu *v, uint8_t vector)
{
	set_event(v, vector | INTERRUPTION_EXTERNAL);
}

void inject_nmi(struct vcpu *v)
{
	set_event(v, VECTOR_NMI | INTERRUPTION_NMI);
}

void inject_same(struct vcpu *v, uint32_t information)
{
	uint32_t type = information & INTERRUPTION_TYPE_MASK;

	if (type >= INTERRUPTION_SOFTWARE_INTERRUPT)
		vmcs_write32(VMCS_VM_ENTRY_INSTRUCTION_LENGTH,
			     vmcs_read32(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
	set_event(v, type | (information & INTERRUPTION_VECTOR));
}

void inject_again(struct vcpu *v)
{
	uint32_t information = vmcs_read32(VMCS_IDT_VECTORING_INFORMATION);
	uint32_t type = information & INTERRUPTION_TYPE_MASK;

	v->event_injected = false;
	if (!(information & INTERRUPTION_VALID))
		return;
	if (information & INTERRUPTION_ERROR_CODE)
		vmcs_write32(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE,
			     vmcs_read32(VMCS_IDT_VECTORING_ERROR_CODE));
	if (type >= INTERRUPTION_SOFTWARE_INTERRUPT)
		vmcs_write32(VMCS_VM_ENTRY_INSTRUCTION_LENGTH,
			     vmcs_read32(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
	if (type == INTERRUPTION_NMI) /* the injection blocks NMIs again */
		vmcs_write32(VMCS_GUEST_INTERRUPTIBILITY_STATE,
			     vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE) &
				     ~INTERRUPTIBILITY_NMI);
	set_event(v, information & ~INTERRUPTION_NMI_UNBLOCKING);
}

static enum exit_result inject_or_end(struct vcpu *v, uint8_t vector)
{
	if (inject_exception(v, vector, 0))
		return EXIT_RESUME;
	return machine_end(v, MACHINE_TRIPLE_FAULT, 0, NULL);
}

enum exit_result inject_gp(struct vcpu *v)
{
	return inject_or_end(v, VECTOR_GP);
}

enum exit_result inject_ud(struct vcpu *v)
{
	return inject_or_end(v, VECTOR_UD);
}
