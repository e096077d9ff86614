/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical interrupts: who owns which vector, and the physical I/O APICs.
 * Source: SDM volume 3, chapter "Advanced Programmable Interrupt Controller
 * (APIC)"; Intel 82093AA datasheet.
 */
#ifndef HV_IRQ_H
#define HV_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/boot_info.h"

enum irq_vector {
	IRQ_CONSOLE = 0x41,  /* the UART of the serial line */
	IRQ_GDB = 0x42,	     /* the UART of the debugger's line */
	IRQ_TIMER = 0xef,    /* the local APIC's timer */
	IRQ_KICK = 0xf1,     /* look at your requests */
	IRQ_NOTIFY = 0xf2,   /* posted-interrupt notification */
	IRQ_SPURIOUS = 0xff, /* the local APIC's; no EOI */
};

/* Finds the I/O APICs, whose pins the loader has masked, like the 8259s. */
void irq_init(const struct boot_info *info);

/*
 * Routes gsi to vector on this CPU.  False when no I/O APIC is known for it,
 * the CPU's APIC ID does not fit (8 bits), or interrupt remapping is on.
 */
bool irq_route(const struct boot_info *info, uint32_t gsi, uint8_t vector);

/*
 * An external interrupt: from the IDT in the idle window, or from an exit with
 * "acknowledge interrupt on exit".  Does what belongs to the vector and sends
 * the EOI; that a timer, kick or notification arrived is all there is to it.
 */
void irq_dispatch(uint8_t vector);

#endif
