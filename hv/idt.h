/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions, NMIs and interrupts that arrive in root mode.  One IDT for all
 * CPUs.  Source: SDM volume 3, "Interrupt and Exception Handling".
 */
#ifndef HV_IDT_H
#define HV_IDT_H

#include <stdint.h>

#define VECTOR_NMI	     2
#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_GP	     13
#define VECTOR_MACHINE_CHECK 18
#define VECTOR_EXCEPTIONS    32 /* vectors below are exceptions and NMI */

/* What idt.asm leaves on the stack. */
struct idt_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error_code; /* 0 where there is none */
	uint64_t rip, cs, rflags, rsp, ss;
};

/* Fills the table; once, on the boot CPU. */
void idt_init(void);

/* Points this CPU's IDTR at it. */
void idt_load(void);

/* The table's linear address, for the host state of a VMCS. */
uint64_t idt_base(void);

/*
 * An NMI arrived: by the IDT in root mode, or as a VM exit, where the run loop
 * calls this and then idt_unblock_nmi().  Told apart by a flag: stops this CPU
 * when the machine is being stopped; else counts it in percpu()->nmis for the
 * guest and leaves a pending kick, so that a VM entry under way exits at once.
 */
void idt_handle_nmi(void);

/* Ends the blocking of NMIs that follows an NMI exit, by an IRET. */
void idt_unblock_nmi(void);

#endif
