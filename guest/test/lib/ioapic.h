/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O APIC as a test guest uses it.  Source: Intel, 82093AA I/O Advanced
 * Programmable Interrupt Controller, "Register Description".
 */
#ifndef GUEST_TEST_LIB_IOAPIC_H
#define GUEST_TEST_LIB_IOAPIC_H

#include <stdint.h>

#include "guest/test/lib/guest.h"

#define IOAPIC_BASE   0xfec00000ul
#define IOAPIC_SELECT (*(volatile uint32_t *)IOAPIC_BASE)
#define IOAPIC_WINDOW (*(volatile uint32_t *)(IOAPIC_BASE + 0x10))
#define IOAPIC_EOI    (*(volatile uint32_t *)(IOAPIC_BASE + 0x40))

/* The low half of a pin's entry. */
#define IOAPIC_LOGICAL (1u << 11)
#define IOAPIC_PENDING (1u << 12)
#define IOAPIC_IRR     (1u << 14)
#define IOAPIC_LEVEL   (1u << 15)
#define IOAPIC_MASKED  (1u << 16)

/* The register that the low half is in; the high half is in the next. */
static inline uint32_t ioapic_entry(unsigned pin)
{
	return 0x10 + 2 * pin;
}

static inline void ioapic_write(uint32_t index, uint32_t value)
{
	IOAPIC_SELECT = index;
	IOAPIC_WINDOW = value;
}

static inline uint32_t ioapic_read(uint32_t index)
{
	IOAPIC_SELECT = index;
	return IOAPIC_WINDOW;
}

/* A pin's interrupts go to that CPU; low: vector, mode, mask. */
static inline void ioapic_route(unsigned pin, const struct cpu *to,
				uint32_t low)
{
	ioapic_write(ioapic_entry(pin) + 1, to->apic_id << 24);
	ioapic_write(ioapic_entry(pin), low);
}

#endif
