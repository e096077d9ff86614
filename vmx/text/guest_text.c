/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU's state in words; see guest_text.h.  Source: SDM volume 3, "Modes of
 * Operation", "Paging Modes and Control Bits".
 */
#include "vmx/text/guest_text.h"

#include "hv/hw/cr.h"
#include "vmx/text/exit_text.h"
#include "vmx/text/field_text.h"
#include "vmx/halt.h"
#include "vmx/inject.h"
#include "vmx/vmcs.h"

#define CS_L	    (1u << 13)
#define CS_D	    (1u << 14)
#define DPL(rights) ((rights) >> 5 & 3)

/* ---- taking ---- */

static void take_segments(struct guest_state *s)
{
	for (uint32_t i = 0; i < GUEST_SEGMENTS; i++) {
		uint32_t step = 2 * i; /* field encodings are two apart */

		s->segment[i].selector =
			(uint16_t)vmx_read(VMCS_GUEST_ES_SELECTOR + step);
		s->segment[i].base = vmx_read(VMCS_GUEST_ES_BASE + step);
		s->segment[i].limit =
			(uint32_t)vmx_read(VMCS_GUEST_ES_LIMIT + step);
		s->segment[i].rights =
			(uint32_t)vmx_read(VMCS_GUEST_ES_ACCESS_RIGHTS + step);
	}
	s->gdtr_base = vmcs_read(VMCS_GUEST_GDTR_BASE);
	s->gdtr_limit = vmcs_read32(VMCS_GUEST_GDTR_LIMIT);
	s->idtr_base = vmcs_read(VMCS_GUEST_IDTR_BASE);
	s->idtr_limit = vmcs_read32(VMCS_GUEST_IDTR_LIMIT);
}

static void take_exit(const struct vcpu *v, struct guest_state *s)
{
	s->exit_reason = vmcs_read32(VMCS_VM_EXIT_REASON);
	s->history_count = exit_reason_ring_read(&v->history, s->history,
						 GUEST_TEXT_HISTORY);
	s->exited =
		s->history_count || s->exit_reason & EXIT_REASON_ENTRY_FAILURE;
	s->entry_error = v->exit_reason == UINT32_MAX ? v->entry_error : 0;
	s->instruction_length = vmcs_read32(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
	s->exit_event = vmcs_read32(VMCS_VM_EXIT_INTERRUPTION_INFORMATION);
	s->vectoring = vmcs_read32(VMCS_IDT_VECTORING_INFORMATION);
	s->qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
	s->guest_linear = vmcs_read(VMCS_GUEST_LINEAR_ADDRESS);
	s->guest_physical = vmcs_read64(VMCS_GUEST_PHYSICAL_ADDRESS);
}

/* What the guest reads in a control register. */
static uint64_t shadowed(uint64_t value, uint64_t mask, uint64_t shadow)
{
	return (value & ~mask) | (shadow & mask);
}

void guest_text_take(const struct vcpu *v, struct guest_state *s)
{
	s->state = halt_state(v);
	s->held = __atomic_load_n(&v->held_by, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < GPR_COUNT; i++)
		s->gpr[i] = v->gpr[i];
	s->gpr[GPR_RSP] = vmcs_read(VMCS_GUEST_RSP);
	s->rip = vmcs_read(VMCS_GUEST_RIP);
	s->rflags = vmcs_read(VMCS_GUEST_RFLAGS);
	s->cr0 = shadowed(vmcs_read(VMCS_GUEST_CR0),
			  vmcs_read(VMCS_CR0_GUEST_HOST_MASK),
			  vmcs_read(VMCS_CR0_READ_SHADOW));
	s->cr2 = cr2_read();
	s->cr3 = vmcs_read(VMCS_GUEST_CR3);
	s->cr4 = shadowed(vmcs_read(VMCS_GUEST_CR4),
			  vmcs_read(VMCS_CR4_GUEST_HOST_MASK),
			  vmcs_read(VMCS_CR4_READ_SHADOW));
	s->cr8 = vlapic_cr8_read(&v->vlapic);
	s->xcr0 = v->xcr0;
	s->efer = vmcs_read64(VMCS_GUEST_IA32_EFER);
	s->dr7 = vmcs_read(VMCS_GUEST_DR7);
	s->activity = vmcs_read32(VMCS_GUEST_ACTIVITY_STATE);
	s->interruptibility = vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	s->entry_event = vmcs_read32(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION);
	take_segments(s);
	take_exit(v, s);
}

/* ---- the mode ---- */

static const char *activity(const struct guest_state *s)
{
	static const char *const names[] = {
		[VCPU_RUNNING] = "running",
		[VCPU_HALTED] = "halted",
		[VCPU_WAIT_FOR_SIPI] = "waiting for a start-up IPI",
		[VCPU_SHUTDOWN] = "its VM has ended",
	};

	return (unsigned)s->state < sizeof(names) / sizeof(names[0])
		       ? names[s->state]
		       : "?";
}

static const char *operating_mode(const struct guest_state *s)
{
	uint32_t cs = s->segment[GUEST_CS].rights;

	if (!(s->cr0 & CR0_PE))
		return "real-address mode";
	if (s->rflags & RFLAGS_VM)
		return "virtual-8086 mode";
	if (s->efer & EFER_LMA) {
		if (cs & CS_L)
			return "64-bit mode";
		return cs & CS_D ? "compatibility mode, 32-bit"
				 : "compatibility mode, 16-bit";
	}
	return cs & CS_D ? "protected mode, 32-bit" : "protected mode, 16-bit";
}

static const char *paging_mode(const struct guest_state *s)
{
	if (!(s->cr0 & CR0_PG))
		return "no paging";
	if (!(s->cr4 & CR4_PAE))
		return "32-bit paging";
	if (!(s->efer & EFER_LMA))
		return "PAE paging";
	return s->cr4 & CR4_LA57 ? "5-level paging" : "4-level paging";
}

void guest_text_mode(struct text *t, const struct guest_state *s)
{
	text_add(t, "%s%s%s, %s", activity(s),
		 /* Only an NMI, INIT or a reset ends that. */
		 s->state == VCPU_HALTED && !(s->rflags & RFLAGS_IF)
			 ? " with interrupts off"
			 : "",
		 s->held ? " (held)" : "", operating_mode(s));
	if (s->cr0 & CR0_PE)
		text_add(t, ", CPL %u", DPL(s->segment[GUEST_SS].rights));
	text_add(t, ", %s", paging_mode(s));
}

/* ---- registers ---- */

static void general(struct text *t, const struct guest_state *s)
{
	static const char *const names[GPR_COUNT] = {
		"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15",
	};
	static const uint8_t order[GPR_COUNT] = {
		GPR_RAX, GPR_RBX, GPR_RCX, GPR_RDX, GPR_RSI, GPR_RDI,
		GPR_RBP, GPR_RSP, 8,	   9,	    10,	     11,
		12,	 13,	  14,	   15,
	};

	text_add(t, "  rip %016lx  rflags %08lx", s->rip, s->rflags);
	field_text_rflags(t, s->rflags);
	text_add(t, "\n");
	for (unsigned i = 0; i < GPR_COUNT; i++)
		text_add(t, "%s%-3s %016lx%s", i % 4 ? "" : "  ",
			 names[order[i]], s->gpr[order[i]],
			 i % 4 == 3 ? "\n" : " ");
}

static void control(struct text *t, const struct guest_state *s)
{
	text_add(t, "  cr0 %08lx", s->cr0);
	field_text_cr0(t, s->cr0);
	text_add(t, "\n  cr2 %016lx  cr3 %lx  cr8 %x  dr7 %lx  xcr0 %lx\n",
		 s->cr2, s->cr3, s->cr8, s->dr7, s->xcr0);
	text_add(t, "  cr4 %08lx", s->cr4);
	field_text_cr4(t, s->cr4);
	text_add(t, "\n  efer %lx", s->efer);
	field_text_efer(t, s->efer);
	text_add(t, "\n");
}

static void segments(struct text *t, const struct guest_state *s)
{
	static const char *const names[GUEST_SEGMENTS] = {
		"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};

	for (unsigned i = 0; i < GUEST_SEGMENTS; i++) {
		text_add(t, "  %-4s %04x base %016lx limit %08x  ", names[i],
			 s->segment[i].selector, s->segment[i].base,
			 s->segment[i].limit);
		field_text_rights(t, s->segment[i].rights);
		text_add(t, "\n");
	}
	text_add(t, "  gdtr      base %016lx limit %08x\n", s->gdtr_base,
		 s->gdtr_limit);
	text_add(t, "  idtr      base %016lx limit %08x\n", s->idtr_base,
		 s->idtr_limit);
}

void guest_text_registers(struct text *t, const struct guest_state *s)
{
	general(t, s);
	control(t, s);
	segments(t, s);
	if (s->interruptibility) {
		text_add(t, "  ");
		field_text_value(t, VMCS_GUEST_INTERRUPTIBILITY_STATE,
				 s->interruptibility, 0);
		text_add(t, "\n");
	}
	if (s->entry_event & INTERRUPTION_VALID) {
		text_add(t, "  the next VM entry injects: ");
		exit_text_event(t, s->entry_event);
		text_add(t, "\n");
	}
}

/* ---- exits ---- */

/* What goes with the reason: qualification, addresses, MSR. */
static void exit_details(struct text *t, const struct guest_state *s)
{
	uint32_t basic = s->exit_reason & EXIT_REASON_BASIC_MASK;
	char buffer[120];
	struct text q;

	text_begin(&q, buffer, sizeof(buffer));
	exit_text_qualification(&q, basic, s->qualification);
	if (q.used)
		text_add(t, "  qualification %lx: %s\n", s->qualification,
			 buffer);
	else if (s->qualification)
		text_add(t, "  qualification %lx\n", s->qualification);
	if (basic == EXIT_REASON_EPT_VIOLATION ||
	    basic == EXIT_REASON_EPT_MISCONFIGURATION)
		text_add(t, "  guest-physical %lx, linear %lx\n",
			 s->guest_physical, s->guest_linear);
	if (basic == EXIT_REASON_RDMSR || basic == EXIT_REASON_WRMSR)
		text_add(t, "  MSR %x\n", (uint32_t)s->gpr[GPR_RCX]);
}

void guest_text_exit(struct text *t, const struct guest_state *s)
{
	uint32_t basic = s->exit_reason & EXIT_REASON_BASIC_MASK;

	if (s->entry_error) {
		text_add(t, "  the VM entry failed: ");
		field_text_value(t, VMCS_VM_INSTRUCTION_ERROR, s->entry_error,
				 0);
		text_add(t, "\n");
	}
	if (!s->exited) {
		text_add(t, "  no exit yet\n");
		return;
	}
	text_add(t, "  last exit: ");
	exit_text_reason(t, s->exit_reason);
	if (s->exit_event & INTERRUPTION_VALID) {
		text_add(t, " (");
		exit_text_event(t, s->exit_event);
		text_add(t, ")");
	}
	if (exit_text_has_length(basic, s->qualification, s->exit_event))
		text_add(t, ", instruction length %u", s->instruction_length);
	text_add(t, "\n");
	exit_details(t, s);
	if (s->vectoring & INTERRUPTION_VALID) {
		text_add(t, "  it cut off the delivery of: ");
		exit_text_event(t, s->vectoring);
		text_add(t, "\n");
	}
	text_add(t, "  exits, newest first: ");
	exit_text_history(t, s->history, s->history_count);
	text_add(t, "\n");
}
