/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver of the physical local APIC, in xAPIC or x2APIC mode; all CPUs use the
 * same mode.  Each function acts on the calling CPU's APIC.  Interrupts are off.
 * Source: SDM volume 3, "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef APIC_LAPIC_H
#define APIC_LAPIC_H

#include <stdbool.h>
#include <stdint.h>

/* The mode that this CPU's APIC is in, before lapic_init(). */
bool lapic_x2apic_is_on(void);
bool lapic_x2apic_is_there(void);

/* Host-physical address of the xAPIC's page. */
uint64_t lapic_xapic_address(void);

/* Chooses the mode for all CPUs; xapic_page is that page's mapping, uncached,
 * NULL for x2APIC mode. */
void lapic_init(volatile uint8_t *xapic_page);

extern volatile uint8_t *lapic_page; /* NULL: x2APIC mode */

static inline bool lapic_x2apic(void)
{
	return !lapic_page;
}

/*
 * On each CPU: switches the APIC on in the chosen mode, masks its LVT entries
 * (but those by which the platform reports trouble: NMI at LINT1, SMI by the
 * thermal sensor), ends what is in service, and lets vectors 32 to 255 in.
 */
void lapic_cpu_init(uint8_t spurious_vector);

/* Some interrupt is requested and not in service yet. */
bool lapic_pending(void);

/* The APIC ID: 8 bits in xAPIC mode, 32 in x2APIC mode. */
uint32_t lapic_id(void);

void lapic_eoi(void);

/*
 * Interprocessor interrupts, by APIC ID.  False when the APIC did not accept
 * the previous or this one within about a millisecond.  In xAPIC mode sending is
 * two writes; NMI handlers use lapic_send_self() only, which does not disturb
 * an IPI under way.
 */
bool lapic_send(uint32_t apic_id, uint8_t vector);
void lapic_send_x2apic(uint32_t apic_id, uint8_t vector); /* in that mode */
bool lapic_send_nmi(uint32_t apic_id);
bool lapic_send_init(uint32_t apic_id);
bool lapic_send_startup(uint32_t apic_id, uint8_t page);
void lapic_send_self(uint8_t vector);

/* Chooses TSC-deadline mode or, where the CPU has none, measures the timer's
 * clock against the TSC for 10 ms.  Once, on the boot CPU, APIC on. */
void lapic_timer_init(uint64_t tsc_hz);

/* On each CPU: sets the timer's vector, unarmed. */
void lapic_timer_cpu_init(uint8_t vector);

/*
 * Fires once, at TSC value tsc or as soon as possible after it, at once when it
 * is past; replaces what was armed.  Without TSC-deadline mode it may fire early
 * when tsc is far off (2^32 bus clocks): look at the TSC, and arm again.
 */
void lapic_timer_arm(uint64_t tsc);
void lapic_timer_stop(void);

/* True when lapic_timer_arm() is never early. */
bool lapic_timer_is_exact(void);

/* What the timer sends from now on; it stays armed. */
void lapic_timer_vector(uint8_t vector);

#endif
