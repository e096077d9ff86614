/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the bench's own handlers (handlers.asm) into the IDT that lib/trap.c made. */
#include "guest/test/bench/bench.h"

struct irq_gate {
	uint16_t offset_low, selector, type, offset_mid;
	uint32_t offset_high, reserved;
};

struct irq_idtr {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

void bench_irq_quiet(void);
void bench_irq_xapic(void);
void bench_irq_x2apic(void);

volatile uint64_t bench_taken;

static void irq_set(unsigned vector, void (*handler)(void))
{
	uint64_t address = (uint64_t)handler;
	struct irq_idtr idtr;
	struct irq_gate *gate;

	__asm__ volatile("sidt %0" : "=m"(idtr));
	gate = (struct irq_gate *)idtr.base + vector;
	gate->offset_low = (uint16_t)address;
	gate->offset_mid = (uint16_t)(address >> 16);
	gate->offset_high = (uint32_t)(address >> 32);
}

void bench_irq_begin(void)
{
	void (*ends)(void) = bench_x2apic ? bench_irq_x2apic : bench_irq_xapic;

	irq_set(BENCH_QUIET, bench_irq_quiet);
	irq_set(BENCH_LEVEL, bench_irq_quiet);
	irq_set(BENCH_EOI, ends);
	irq_set(BENCH_TIMER, ends);
}
