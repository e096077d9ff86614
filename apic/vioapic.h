/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM's I/O APIC (82093AA, version 20H with the EOI register), 24 pins.
 * Pure: what must be delivered comes back as a set of pins, whose messages the
 * caller sends.  The caller holds the VM's device lock.
 */
#ifndef APIC_VIOAPIC_H
#define APIC_VIOAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "apic/vlapic.h"

#define VIOAPIC_PINS 24
#define VIOAPIC_BASE 0xfec00000u

struct vioapic {
	uint32_t id;
	uint32_t select;
	uint64_t entry[VIOAPIC_PINS]; /* without the status bits, below */
	uint32_t line; /* pin levels as driven by devices (active state) */
	uint32_t remote_irr; /* pins whose level interrupt awaits its EOI */
	uint32_t untaken; /* level pins whose message no local APIC took: their
			   * delivery status is "send pending" */
};

/* Power-up state: all pins masked; id is 0 to 15. */
void vioapic_init(struct vioapic *io, uint32_t id);

/* A redirection entry as the guest reads it; pin is below VIOAPIC_PINS. */
uint64_t vioapic_entry(const struct vioapic *io, unsigned pin);

/*
 * An access to the page at offset (0 to 0xfff), size 1, 2, 4 or 8 bytes.  The
 * registers are 32 bits wide: narrower writes are zero-extended, wider ones
 * cut; other offsets read as 0 and ignore writes.
 * vioapic_write returns the set of pins to deliver now.
 */
uint32_t vioapic_read(const struct vioapic *io, uint32_t offset, unsigned size);
uint32_t vioapic_write(struct vioapic *io, uint32_t offset, unsigned size,
		       uint32_t value);

/* A device drives a pin; a pin that does not exist is ignored.  active is the
 * asserted state, whatever the polarity.  Returns the set of pins to deliver;
 * an edge on a masked pin is lost, as in the 82093AA. */
uint32_t vioapic_set_line(struct vioapic *io, unsigned pin, bool active);

/* EOI of vector, broadcast by a local APIC: clears remote IRR of every level
 * pin with that vector; those still asserted are in the returned set. */
uint32_t vioapic_eoi(struct vioapic *io, uint8_t vector);

/* Some local APIC may take now what it did not take before: returns the level
 * pins whose message is to be tried again. */
uint32_t vioapic_retry(const struct vioapic *io);

/*
 * The message of one pin in a returned set.  It must be sent, and then
 * vioapic_sent() called, before the device lock is released: it sets remote IRR
 * for a level pin whose message was taken, else its delivery status.
 */
struct vlapic_message vioapic_message(const struct vioapic *io, unsigned pin);
void vioapic_sent(struct vioapic *io, unsigned pin, bool taken);

#endif
