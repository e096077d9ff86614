/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM's pair of 8259As with their edge/level control registers, at ports
 * 20H, 21H, A0H, A1H, 4D0H, 4D1H.  Pure.  The caller holds the device lock, and
 * looks at vpic_intr() again after each call that may have changed it.  Source:
 * Intel 8259A data sheet (231468), and for ELCR the 82371SB data sheet.
 */
#ifndef APIC_VPIC_H
#define APIC_VPIC_H

#include <stdbool.h>
#include <stdint.h>

struct vpic_chip {
	uint8_t irr, isr, imr, lines, elcr;
	uint8_t vector_base;
	uint8_t priority_base; /* the line with the highest priority */
	uint8_t init_step;     /* the ICW expected next, 2 to 4, or 0 */
	bool needs_icw4, single, auto_eoi, rotate_on_auto_eoi, special_mask;
	bool special_fully_nested, read_isr, poll;
};

struct vpic {
	struct vpic_chip chip[2];
};

/* Power-up: all lines masked and edge-triggered, not yet initialized. */
void vpic_init(struct vpic *pic);

/* The next read of one of the chips is a poll, which acknowledges. */
static inline bool vpic_polls(const struct vpic *pic)
{
	return pic->chip[0].poll || pic->chip[1].poll;
}

/* True when the port is one of ours. */
bool vpic_owns(uint32_t port);
uint32_t vpic_read(struct vpic *pic, uint32_t port); /* 8 bits */

/* False: the write has not changed vpic_intr(). */
bool vpic_write(struct vpic *pic, uint32_t port, uint8_t value);

/*
 * A device drives line 0 to 15 (2 is the cascade and ignored).  As with the
 * chip, the line must stay active until it is acknowledged: a request that goes
 * away before is forgotten.
 */
void vpic_set_line(struct vpic *pic, unsigned line, bool active);

/* The INTR output. */
bool vpic_intr(const struct vpic *pic);

/* The interrupt-acknowledge cycle: the vector (spurious IRQ7 if none). */
uint8_t vpic_acknowledge(struct vpic *pic);

#endif
