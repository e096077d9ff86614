/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC as a test guest uses it, in xAPIC and x2APIC mode alike.
 * Source: SDM volume 3, "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef GUEST_TEST_LIB_APIC_H
#define GUEST_TEST_LIB_APIC_H

#include <stdint.h>

#define APIC_BASE	      0xfee00000ul
#define APIC_BASE_MSR	      0x1b
#define APIC_BASE_BSP	      (1u << 8)
#define APIC_BASE_EXTD	      (1u << 10)
#define APIC_BASE_ENABLE      (1u << 11)
#define APIC_DEADLINE_MSR     0x6e0
#define APIC_X2APIC_MSR	      0x800
#define APIC_SPURIOUS_VECTOR  0xff
#define APIC_SVR_ENABLE	      (1u << 8)
#define APIC_LVT_MASKED	      (1u << 16)
#define APIC_TIMER_PERIODIC   (1u << 17)
#define APIC_TIMER_DEADLINE   (2u << 17)
#define APIC_DIVIDE_BY_1      0xb
#define APIC_DIVIDE_BY_16     0x3
#define APIC_ICR_BUSY	      (1u << 12)
#define APIC_ICR_LOWEST	      (1u << 8)
#define APIC_ICR_NMI	      (4u << 8)
#define APIC_ICR_INIT	      (5u << 8)
#define APIC_ICR_STARTUP      (6u << 8)
#define APIC_ICR_LOGICAL      (1u << 11)
#define APIC_ICR_ASSERT	      (1u << 14)
#define APIC_ICR_LEVEL	      (1u << 15)
#define APIC_ICR_SELF	      (1u << 18)
#define APIC_ICR_ALL	      (2u << 18)
#define APIC_ICR_OTHERS	      (3u << 18)
#define APIC_ESR_SEND_ILLEGAL (1u << 5)
#define APIC_ESR_RECV_ILLEGAL (1u << 6)
#define APIC_ESR_REGISTER     (1u << 7)

/* Offsets in the page; the MSR is 800H + offset / 16. */
enum {
	APIC_ID = 0x20,
	APIC_VERSION = 0x30,
	APIC_TPR = 0x80,
	APIC_APR = 0x90,
	APIC_PPR = 0xa0,
	APIC_EOI = 0xb0,
	APIC_RRD = 0xc0,
	APIC_LDR = 0xd0,
	APIC_DFR = 0xe0,
	APIC_SVR = 0xf0,
	APIC_ISR = 0x100,
	APIC_TMR = 0x180,
	APIC_IRR = 0x200,
	APIC_ESR = 0x280,
	APIC_LVT_CMCI = 0x2f0,
	APIC_ICR = 0x300,
	APIC_ICR_HIGH = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330,
	APIC_LVT_PERF = 0x340,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_INITIAL = 0x380,
	APIC_CURRENT = 0x390,
	APIC_DIVIDE = 0x3e0,
	APIC_SELF_IPI = 0x3f0,
};

static inline uint32_t apic_mmio_read(uint32_t offset)
{
	return *(volatile uint32_t *)(APIC_BASE + offset);
}

static inline void apic_mmio_write(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(APIC_BASE + offset) = value;
}

/* In the mode that this CPU's struct cpu says. */
uint32_t apic_read(uint32_t offset);
void apic_write(uint32_t offset, uint32_t value);

/* Software-enables the APIC with the spurious vector; LVTs masked. */
void apic_enable(void);
/* Turns x2APIC mode on for this CPU. */
void apic_to_x2apic(void);
/* Sends an IPI; low has all but the destination. */
void apic_send(uint32_t destination, uint32_t low);
/* Is vector set in the 256-bit register that begins at offset? */
int apic_bit(uint32_t offset, unsigned vector);

static inline void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

#endif
