/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the exit handlers need of the virtual machine around a vCPU.  vmx/
 * declares it, hv/ implements it (most of it in hv/board*.c, hv/vm*.c and
 * hv/vcpu.c): the one place where a call goes up a layer.
 */
#ifndef VMX_MACHINE_H
#define VMX_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "apic/vlapic.h"
#include "mm/addr.h"
#include "vmx/vcpu.h"

/* A port access, ports 0 to FFFFH, of size 1, 2 or 4; unclaimed ports read all
 * ones. */
uint32_t machine_port_in(struct vcpu *v, uint32_t port, unsigned size);
void machine_port_out(struct vcpu *v, uint32_t port, unsigned size,
		      uint32_t value);

/* Device memory; size 1, 2, 4 or 8; unbacked addresses read all ones. */
uint64_t machine_mmio_read(struct vcpu *v, gpa_t address, unsigned size);
void machine_mmio_write(struct vcpu *v, gpa_t address, unsigned size,
			uint64_t value);

/* Delivers an IPI (sender) or what a local pin raised. */
void machine_send(struct vcpu *sender, const struct vlapic_message *message);

/* v's local APIC has accepted an IPI of its own: for the trace. */
void machine_trace_self_ipi(struct vcpu *v, uint8_t vector);

/* A local APIC broadcast an EOI for a level-triggered vector, or did not take
 * it in the end. */
void machine_eoi(struct vcpu *v, uint8_t vector);

/* v's local APIC may take messages now that nobody took before. */
void machine_reach(struct vcpu *v);

/* The 8259s' INTR, which is LINT0's level, and its acknowledge cycle. */
bool machine_intr(struct vcpu *v);
uint8_t machine_intr_acknowledge(struct vcpu *v);

/* The vCPU with that index in v's VM, or NULL. */
struct vcpu *machine_vcpu(struct vcpu *v, uint64_t index);

/* Switches all vCPUs of the VM; false: the processor cannot, or a rule of the
 * SDM forbids it. */
bool machine_apic_switch(struct vcpu *v, struct apic_choice choice);

/*
 * After an exit that its handler has seen to: all that must happen before the
 * guest may go on, its sleep included.  False: its VM has ended.
 */
bool machine_resume(struct vcpu *v);

/* An external interrupt made the guest exit; not in service any more when this
 * returns. */
void machine_interrupt(struct vcpu *v, uint8_t vector);

/* A physical NMI made the guest exit; NMIs are blocked until this returns. */
void machine_nmi(struct vcpu *v);

/* What may be the debugger's doing. */
enum machine_debug {
	MACHINE_DEBUG_STEP,
	MACHINE_DEBUG_BREAKPOINT, /* INT3; detail: its linear address */
	MACHINE_DEBUG_HARDWARE,	  /* detail: bits 3:0 as in DR6 */
};

/* True: it is, and v enters its guest no more until the debugger lets it. */
bool machine_debug(struct vcpu *v, enum machine_debug what, uint64_t detail);

/* v has written to its memory where processors do not fetch from it
 * (vcpu_debug.hiding), or may have. */
void machine_code_written(struct vcpu *v);

/* How a VM ends. */
enum machine_end {
	MACHINE_POWEROFF,
	MACHINE_RESET,
	MACHINE_EXIT_CODE,
	MACHINE_NOT_STARTED, /* its files or its memory do not allow it */
	MACHINE_STOPPED,     /* by the operator, as is the next one */
	MACHINE_RESTARTED,   /* as at power-on, whatever reset = says */
	/* From here on v's state is worth a dump. */
	MACHINE_FAILURES,
	MACHINE_TRIPLE_FAULT = MACHINE_FAILURES,
	MACHINE_ENTRY_FAILED,
	MACHINE_UNHANDLED, /* the guest did what Apical cannot do */
};

/* Ends the VM of v, which is running; the text (may be NULL) says more.
 * EXIT_STOP. */
enum exit_result machine_end(struct vcpu *v, enum machine_end end,
			     uint32_t code, const char *text);

#endif
