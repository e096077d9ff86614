/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU's VMCS: made once, reset at power-up and INIT.  For the CPU that runs
 * the vCPU.
 */
#ifndef VMX_SETUP_H
#define VMX_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "vmx/vcpu.h"

/* Host state that vmx/ cannot know by itself. */
struct setup_host {
	uint64_t gs_base, tr_base, gdt_base, idt_base;
	uint16_t code_selector, data_selector, tss_selector;
};

/* What a vCPU starts with; fields as struct load_entry has them. */
enum setup_mode {
	SETUP_REAL16,
	SETUP_PROTECTED32,
	SETUP_LONG64,
};

struct setup_entry {
	enum setup_mode mode;
	uint64_t rip, rsp, rax, rbx, rsi, cr3, gdt_base;
	uint16_t gdt_limit, cs, ds;
};

/*
 * Makes the VMCS current and writes all that never changes.  Everything under
 * "set once" in *v is filled in.  VMCLEAR and VMPTRLD cannot fail but by a bug.
 */
void setup_vmcs(struct vcpu *v, const struct setup_host *host);

/* Drops what the TLB has for v: after software changed its paging mode.
 * Source: SDM volume 3, "Guidelines for Use of the INVVPID Instruction". */
void setup_flush_linear(const struct vcpu *v);

/* RESET of the processor and its APIC; tsc_offset as all of its VM has it. */
void setup_power_up(struct vcpu *v, uint64_t tsc_offset);

/* INIT. */
void setup_init(struct vcpu *v);

/* A start-up IPI: real mode at vector << 12. */
void setup_startup(struct vcpu *v, uint8_t vector);

/* The boot CPU's first state as a loader wants it; after setup_power_up(). */
void setup_entry(struct vcpu *v, const struct setup_entry *entry);

#endif
