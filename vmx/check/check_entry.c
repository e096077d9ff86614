/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM-entry checks, "Checks on VMX Controls": "VM-Exit Control Fields" and
 * "VM-Entry Control Fields" with the event to inject.  Pure but for
 * vmx_read().
 */
#include "hv/hw/cr_bits.h"
#include "vmx/check/check_state.h"
#include "vmx/insn.h"

#define EVENT_ERROR_CODE       (1u << 11)
#define EVENT_RESERVED	       0x7ffff000u

#define MSR_ENTRY_BYTES	       16
#define INSTRUCTION_LENGTH_MAX 15

#define VECTOR_NMI	       2

/* Exceptions that push an error code, and those that never do. */
#define WITH_ERROR_CODE	   0x00027d00u /* #DF #TS #NP #SS #GP #PF #AC */
#define WITHOUT_ERROR_CODE 0xffdd82ffu /* not: these, and 21 (#CP) */

static void vmx_check_msr_area(struct vmx_check_state *s, uint32_t address,
			       uint32_t count)
{
	uint64_t start = vmx_read(address), entries = vmx_read(count);

	if (!entries)
		return;
	vmx_check_address(s, address, MSR_ENTRY_BYTES);
	vmx_check_rule2(
		s,
		!vmx_check_physical(s, start) ||
			vmx_check_physical(
				s, start + entries * MSR_ENTRY_BYTES - 1),
		address, count,
		"the area must end within the physical-address width");
}

static void vmx_check_event_vector(struct vmx_check_state *s)
{
	uint32_t field = VMCS_VM_ENTRY_INTERRUPTION_INFORMATION;

	vmx_check_rule(s, s->event != VMX_EVENT_RESERVED, field,
		       "interruption type 1 is reserved");
	vmx_check_rule(s,
		       s->event != VMX_EVENT_OTHER ||
			       vmx_caps_allow(s->caps, VMX_WORD_PROC,
					      VMX_PROC_MONITOR_TRAP_FLAG),
		       field,
		       "interruption type 7 needs a processor with the monitor "
		       "trap flag");
	vmx_check_rule(s, s->event != VMX_EVENT_NMI || s->vector == VECTOR_NMI,
		       field, "an NMI must have vector 2");
	vmx_check_rule(
		s, s->event != VMX_EVENT_HARDWARE_EXCEPTION || s->vector <= 31,
		field, "a hardware exception must have a vector below 32");
	vmx_check_rule(s, s->event != VMX_EVENT_OTHER || !s->vector, field,
		       "an \"other event\" must have vector 0");
}

static void vmx_check_event_error_code(struct vmx_check_state *s)
{
	uint32_t field = VMCS_VM_ENTRY_INTERRUPTION_INFORMATION;
	uint32_t event = vmx_read(field), error = event & EVENT_ERROR_CODE;
	bool any = s->caps->basic & VMX_BASIC_ANY_ERROR_CODE;
	bool exception = s->event == VMX_EVENT_HARDWARE_EXCEPTION;
	uint32_t one = s->vector <= 31 ? 1u << s->vector : 0;

	vmx_check_rule(s, exception || !error, field,
		       "only a hardware exception delivers an error code");
	vmx_check_rule2(s, s->cr0 & CR0_PE || !error, field, VMCS_GUEST_CR0,
			"no error code is delivered in real mode");
	vmx_check_rule(
		s, any || !exception || !error || !(one & WITHOUT_ERROR_CODE),
		field, "this exception delivers no error code");
	vmx_check_rule(s,
		       any || !exception || error || !(s->cr0 & CR0_PE) ||
			       !(one & WITH_ERROR_CODE),
		       field, "this exception must deliver an error code");
	vmx_check_rule(
		s,
		!error || !(vmx_read(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE) >> 16),
		VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, "bits 31:16 must be 0");
	vmx_check_rule(s, !(event & EVENT_RESERVED), field,
		       "bits 30:12 must be 0");
}

static void vmx_check_event(struct vmx_check_state *s)
{
	uint32_t length = vmx_read(VMCS_VM_ENTRY_INSTRUCTION_LENGTH);
	bool zero = s->caps->misc & VMX_MISC_INJECT_ZERO_LENGTH;

	if (s->event == VMX_EVENT_NONE)
		return;
	vmx_check_event_vector(s);
	vmx_check_event_error_code(s);
	if (s->event < VMX_EVENT_SOFTWARE_INTERRUPT ||
	    s->event > VMX_EVENT_SOFTWARE_EXCEPTION)
		return;
	vmx_check_rule2(s, length <= INSTRUCTION_LENGTH_MAX && (length || zero),
			VMCS_VM_ENTRY_INTERRUPTION_INFORMATION,
			VMCS_VM_ENTRY_INSTRUCTION_LENGTH,
			"a software event needs an instruction length of 1 to "
			"15");
}

void vmx_check_entry(struct vmx_check_state *s)
{
	s->section = "VM-Exit Control Fields";
	vmx_check_msr_area(s, VMCS_VM_EXIT_MSR_STORE_ADDRESS,
			   VMCS_VM_EXIT_MSR_STORE_COUNT);
	vmx_check_msr_area(s, VMCS_VM_EXIT_MSR_LOAD_ADDRESS,
			   VMCS_VM_EXIT_MSR_LOAD_COUNT);
	s->section = "VM-Entry Control Fields";
	vmx_check_event(s);
	vmx_check_msr_area(s, VMCS_VM_ENTRY_MSR_LOAD_ADDRESS,
			   VMCS_VM_ENTRY_MSR_LOAD_COUNT);
	vmx_check_rule(
		s,
		!(s->controls.entry &
		  (VMX_ENTRY_TO_SMM | VMX_ENTRY_DEACTIVATE_DUAL_MONITOR)),
		VMCS_VM_ENTRY_CONTROLS,
		"\"entry to SMM\" and \"deactivate dual-monitor "
		"treatment\" must be 0 outside SMM");
}
