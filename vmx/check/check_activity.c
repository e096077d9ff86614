/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM-entry checks, "Checks on Guest Non-Register State": activity,
 * interruptibility, pending debug exceptions, VMCS link pointer.  Pure but for
 * vmx_read().
 */
#include "hv/hw/cr_bits.h"
#include "vmx/check/check_state.h"
#include "vmx/insn.h"

/* "Guest Non-Register State" */
enum { ACTIVE, HLT, SHUTDOWN, WAIT_FOR_SIPI };

#define BLOCKING_STI	  (1u << 0)
#define BLOCKING_MOV_SS	  (1u << 1)
#define BLOCKING_SMI	  (1u << 2)
#define BLOCKING_NMI	  (1u << 3)
#define ENCLAVE		  (1u << 4)
#define BLOCKING_RESERVED 0xffffffe0u

#define PENDING_BUS_LOCK  (1ull << 11) /* 0 means: it happened */
#define PENDING_ENABLED	  (1ull << 12)
#define PENDING_BS	  (1ull << 14)
#define PENDING_RTM	  (1ull << 16)
#define PENDING_HITS	  0xfull

#define DEBUGCTL_BTF	  (1ull << 1)

#define VECTOR_DB	  1
#define VECTOR_MC	  18

static bool vmx_check_activity_supported(const struct vmx_check_state *s,
					 uint32_t state)
{
	switch (state) {
	case ACTIVE:
		return true;
	case HLT:
		return s->caps->misc & VMX_MISC_ACTIVITY_HLT;
	case SHUTDOWN:
		return s->caps->misc & VMX_MISC_ACTIVITY_SHUTDOWN;
	case WAIT_FOR_SIPI:
		return s->caps->misc & VMX_MISC_ACTIVITY_WAIT_SIPI;
	}
	return false;
}

/* May the event be injected into that state? */
static bool vmx_check_activity_takes(const struct vmx_check_state *s,
				     uint32_t state)
{
	bool exception = s->event == VMX_EVENT_HARDWARE_EXCEPTION;

	if (s->event == VMX_EVENT_NONE || state == ACTIVE)
		return true;
	if (state == HLT)
		return s->event == VMX_EVENT_EXTERNAL_INTERRUPT ||
		       s->event == VMX_EVENT_NMI ||
		       s->event == VMX_EVENT_OTHER ||
		       (exception &&
			(s->vector == VECTOR_DB || s->vector == VECTOR_MC));
	if (state == SHUTDOWN)
		return s->event == VMX_EVENT_NMI ||
		       (exception && s->vector == VECTOR_MC);
	return false;
}

static void vmx_check_activity_state(struct vmx_check_state *s,
				     uint32_t blocking)
{
	uint32_t field = VMCS_GUEST_ACTIVITY_STATE, state = vmx_read(field);
	uint32_t ss = vmx_read(VMCS_GUEST_SS_ACCESS_RIGHTS);

	vmx_check_rule(s, vmx_check_activity_supported(s, state), field,
		       "IA32_VMX_MISC does not allow this state");
	vmx_check_rule2(s, state != HLT || !(ss >> 5 & 3), field,
			VMCS_GUEST_SS_ACCESS_RIGHTS,
			"HLT needs SS's DPL to be 0");
	vmx_check_rule2(s,
			state == ACTIVE ||
				!(blocking & (BLOCKING_STI | BLOCKING_MOV_SS)),
			field, VMCS_GUEST_INTERRUPTIBILITY_STATE,
			"the state must be active under blocking by STI or "
			"MOV SS");
	vmx_check_rule2(s, vmx_check_activity_takes(s, state), field,
			VMCS_VM_ENTRY_INTERRUPTION_INFORMATION,
			"this event cannot be injected in this state");
}

static void vmx_check_blocking(struct vmx_check_state *s, uint32_t blocking)
{
	uint32_t field = VMCS_GUEST_INTERRUPTIBILITY_STATE;
	uint32_t event = VMCS_VM_ENTRY_INTERRUPTION_INFORMATION;
	bool mov_ss = blocking & BLOCKING_MOV_SS;
	bool sti = blocking & BLOCKING_STI;
	bool nmi = s->event == VMX_EVENT_NMI;

	vmx_check_rule(s, !(blocking & BLOCKING_RESERVED), field,
		       "bits 31:5 must be 0");
	vmx_check_rule(s, !sti || !mov_ss, field,
		       "blocking by STI and by MOV SS exclude each other");
	vmx_check_rule2(s, !sti || s->rflags & RFLAGS_IF, field,
			VMCS_GUEST_RFLAGS, "blocking by STI needs RFLAGS.IF");
	vmx_check_rule2(s,
			s->event != VMX_EVENT_EXTERNAL_INTERRUPT ||
				(!sti && !mov_ss),
			field, event,
			"an external interrupt cannot be injected under "
			"blocking by STI or MOV SS");
	vmx_check_rule2(s, !nmi || !mov_ss, field, event,
			"an NMI cannot be injected under blocking by MOV SS");
	vmx_check_rule2(s, !nmi || !sti, field, event,
			"a processor may refuse to inject an NMI under "
			"blocking by STI");
	vmx_check_rule(s, !(blocking & BLOCKING_SMI), field,
		       "blocking by SMI must be 0 outside SMM");
	vmx_check_rule2(s,
			!nmi || !(s->controls.pin & VMX_PIN_VIRTUAL_NMIS) ||
				!(blocking & BLOCKING_NMI),
			field, event,
			"a virtual NMI cannot be injected under blocking by "
			"NMI");
	vmx_check_rule(s, !(blocking & ENCLAVE) || !mov_ss, field,
		       "blocking by MOV SS cannot follow an enclave");
}

static void vmx_check_pending_debug(struct vmx_check_state *s,
				    uint32_t blocking)
{
	uint32_t field = VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS;
	uint64_t pending = vmx_read(field);
	bool step = s->rflags & RFLAGS_TF &&
		    !(vmx_read(VMCS_GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF);

	vmx_check_rule(
		s,
		!(pending & ~(PENDING_HITS | PENDING_BUS_LOCK |
			      PENDING_ENABLED | PENDING_BS | PENDING_RTM)),
		field, "reserved bits must be 0");
	if (!(blocking & (BLOCKING_STI | BLOCKING_MOV_SS)) &&
	    vmx_read(VMCS_GUEST_ACTIVITY_STATE) != HLT)
		return;
	vmx_check_rule2(s, !step || pending & PENDING_BS, field,
			VMCS_GUEST_RFLAGS,
			"BS must be 1: TF is 1, under blocking by STI or MOV "
			"SS or in HLT");
	vmx_check_rule2(s, step || !(pending & PENDING_BS), field,
			VMCS_GUEST_RFLAGS,
			"BS must be 0: TF is 0 or DEBUGCTL.BTF 1, under "
			"blocking by STI or MOV SS or in HLT");
}

void vmx_check_activity(struct vmx_check_state *s)
{
	uint32_t blocking = vmx_read(VMCS_GUEST_INTERRUPTIBILITY_STATE);

	s->section = "Checks on Guest Non-Register State";
	vmx_check_activity_state(s, blocking);
	vmx_check_blocking(s, blocking);
	vmx_check_pending_debug(s, blocking);
	if (vmx_read(VMCS_LINK_POINTER) != UINT64_MAX)
		vmx_check_address(s, VMCS_LINK_POINTER, 4096);
}
