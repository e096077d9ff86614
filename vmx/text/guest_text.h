/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU's registers, mode and last exit, taken at one moment and shown to
 * people.  Pure but for the taking, which reads the current VMCS and CR2.
 */
#ifndef VMX_GUEST_TEXT_H
#define VMX_GUEST_TEXT_H

#include "hv/lib/text.h"
#include "vmx/vcpu.h"

#define GUEST_TEXT_HISTORY 32 /* exits */

enum guest_segment {
	GUEST_ES,
	GUEST_CS,
	GUEST_SS,
	GUEST_DS,
	GUEST_FS,
	GUEST_GS,
	GUEST_LDTR,
	GUEST_TR,
	GUEST_SEGMENTS,
};

struct guest_state {
	enum vcpu_state state;
	bool held;
	uint64_t gpr[GPR_COUNT];
	uint64_t rip, rflags;
	uint64_t cr0, cr2, cr3, cr4, xcr0, efer, dr7;
	uint8_t cr8;
	struct {
		uint64_t base;
		uint32_t limit, rights;
		uint16_t selector;
	} segment[GUEST_SEGMENTS];
	uint64_t gdtr_base, idtr_base;
	uint32_t gdtr_limit, idtr_limit;
	uint32_t activity, interruptibility;
	uint32_t entry_event; /* what the next VM entry injects */
	uint32_t entry_error; /* VM-instruction error of a failed entry, or 0 */
	bool exited;	      /* there was an exit; the last one: */
	uint32_t exit_reason, instruction_length;
	uint32_t exit_event, vectoring;
	uint64_t qualification, guest_linear, guest_physical;
	uint8_t history[GUEST_TEXT_HISTORY]; /* the newest first */
	uint32_t history_count;
};

/* On the CPU that runs v, its VMCS current. */
void guest_text_take(const struct vcpu *v, struct guest_state *s);

/* "running, 64-bit mode, CPL 0, 4-level paging" and the like; no line end. */
void guest_text_mode(struct text *t, const struct guest_state *s);

/* Registers, several lines. */
void guest_text_registers(struct text *t, const struct guest_state *s);

/* Why it last exited, and the exits before; several lines. */
void guest_text_exit(struct text *t, const struct guest_state *s);

#endif
