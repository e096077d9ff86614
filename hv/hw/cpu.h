/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam to the processor: single instructions that C has no words for.
 * Source: SDM volume 2.
 */
#ifndef HV_HW_CPU_H
#define HV_HW_CPU_H

#include <stdint.h>

/* What LGDT, LIDT, SGDT and SIDT take. */
struct table_register {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

_Static_assert(sizeof(struct table_register) == 10, "SDM: 2 + 8 bytes");

static inline void cpu_lgdt(const struct table_register *table)
{
	__asm__ volatile("lgdt %0" : : "m"(*table));
}

static inline void cpu_lidt(const struct table_register *table)
{
	__asm__ volatile("lidt %0" : : "m"(*table));
}

static inline void cpu_lldt(uint16_t selector)
{
	__asm__ volatile("lldt %0" : : "r"(selector));
}

static inline void cpu_ltr(uint16_t selector)
{
	__asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void cpu_cli(void)
{
	__asm__ volatile("cli" : : : "memory");
}

/*
 * The idle window, the only place in root mode where interrupts are taken:
 * nothing that is already pending can slip in between STI and HLT.
 */
static inline void cpu_wait_for_interrupt(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* Never again runs anything but NMI handlers. */
static inline __attribute__((noreturn)) void cpu_halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

static inline void cpu_invlpg(const void *address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void cpu_wbinvd(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}

/* Before a WRMSR that makes others look at memory (x2APIC's ICR) or that must
 * follow a store to the xAPIC's page: WRMSR to those waits for nothing. */
static inline void cpu_fence(void)
{
	__asm__ volatile("mfence; lfence" : : : "memory");
}

/* Takes what is pending now; for draining what the firmware left. */
static inline void cpu_interrupt_window(void)
{
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

/* CR4.PKE must be 1. */
static inline uint32_t cpu_rdpkru(void)
{
	uint32_t value, zero;

	__asm__ volatile("rdpkru" : "=a"(value), "=d"(zero) : "c"(0));
	return value;
}

#endif
