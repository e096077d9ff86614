/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions, NMIs and interrupts in root mode; see idt.h. */
#include "hv/idt.h"

#include "apic/lapic.h"
#include "hv/gdt.h"
#include "hv/hw/cpu.h"
#include "hv/irq.h"
#include "hv/panic.h"
#include "hv/percpu.h"
#include "hv/smp.h"
#include "vmx/vcpu.h"

#define VECTORS	  256
#define STUB_SIZE 16

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

_Static_assert(sizeof(struct gate) == 16, "SDM: 64-bit gate");

#define GATE_INTERRUPT 0x8e /* present, DPL 0, interrupt gate */

/* One row of the table that hv/hw/msr.h writes. */
struct fixup {
	uint64_t fault, resume;
};

extern const uint8_t idt_stubs[];
extern const struct fixup fixups_start[], fixups_end[];

void idt_handle(struct idt_frame *frame);

static struct gate table[VECTORS];

static uint8_t ist_of(unsigned vector)
{
	switch (vector) {
	case VECTOR_NMI:
		return IST_NMI;
	case VECTOR_DOUBLE_FAULT:
		return IST_DOUBLE_FAULT;
	case VECTOR_MACHINE_CHECK:
		return IST_MACHINE_CHECK;
	default:
		return 0;
	}
}

void idt_init(void)
{
	for (unsigned vector = 0; vector < VECTORS; vector++) {
		uint64_t stub = (uintptr_t)idt_stubs + vector * STUB_SIZE;

		table[vector] = (struct gate){
			.offset_low = stub,
			.selector = GDT_CODE,
			.ist = ist_of(vector),
			.type = GATE_INTERRUPT,
			.offset_middle = stub >> 16,
			.offset_high = stub >> 32,
		};
	}
}

void idt_load(void)
{
	struct table_register reg = {sizeof(table) - 1, (uintptr_t)table};

	cpu_lidt(&reg);
}

uint64_t idt_base(void)
{
	return (uintptr_t)table;
}

void idt_handle_nmi(void)
{
	smp_stop_if_asked();
	percpu()->nmis_seen++;
	__atomic_fetch_add(&percpu()->nmis, 1, __ATOMIC_SEQ_CST);
	/* Before it has a vCPU a CPU enters none, and its local APIC may not be
	 * known yet. */
	if (!percpu()->vcpu)
		return;
	__atomic_fetch_or(&percpu()->vcpu->requests, VCPU_REQUEST_EVENT,
			  __ATOMIC_SEQ_CST);
	/* If the last look before a VM entry is over, this ends the entry. */
	lapic_send_self(IRQ_KICK);
}

static bool resume_at_fixup(struct idt_frame *frame)
{
	uint64_t size_bytes = (uintptr_t)fixups_end - (uintptr_t)fixups_start;

	for (uint64_t i = 0; i < size_bytes / sizeof(struct fixup); i++) {
		if (fixups_start[i].fault == frame->rip) {
			frame->rip = fixups_start[i].resume;
			return true;
		}
	}
	return false;
}

/* Called by idt.asm only. */
void idt_handle(struct idt_frame *frame)
{
	if (frame->vector == VECTOR_NMI)
		idt_handle_nmi();
	else if (frame->vector >= VECTOR_EXCEPTIONS)
		irq_dispatch(frame->vector);
	else if (frame->vector != VECTOR_GP || !resume_at_fixup(frame))
		panic_exception(frame);
}
