/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM's 8254 at ports 40H-43H with the port 61H that gates its channel 2.
 * All times are nanoseconds since the VM started and must not run backwards.
 * State is kept in ticks since the VM started (TICKS_PIT_COUNT), never as an
 * accumulated time: nothing drifts.  Pure.  The caller holds the device lock.
 * Source: 82C54 data sheet.
 */
#ifndef GUEST_DEV_VPIT_H
#define GUEST_DEV_VPIT_H

#include <stdbool.h>
#include <stdint.h>

#define VPIT_CHANNELS 3

struct vpit_channel {
	uint8_t mode;	  /* 0 to 5 */
	uint8_t access;	  /* bit 0: low byte, bit 1: high byte */
	bool bcd;	  /* counts 10000 instead of 65536 */
	bool gate;	  /* the level of the GATE input */
	bool loaded;	  /* a count was written since the control word */
	bool early_out;	  /* OUT until the tick on which a load happens */
	bool fresh;	  /* that load brings a count never in force */
	bool running;	  /* counts (mode 1 and 5: was triggered) */
	bool write_high;  /* the next byte written is the high one */
	bool read_high;	  /* the next byte read is the high one */
	uint8_t latched;  /* bytes of latch left to read: 0 to 2 */
	bool has_status;  /* the next byte read is `status` */
	uint8_t low_byte; /* written, waits for its high byte */
	uint8_t status;
	uint16_t latch;
	uint32_t count;	    /* in force: 1 to 65536 */
	uint32_t next;	    /* written, not yet in force; 0: none */
	uint64_t start;	    /* tick at which `count` was loaded */
	uint64_t next_tick; /* tick at which `next` comes into force */
	uint64_t held;	    /* ticks counted when GATE stopped the counter */
};

struct vpit {
	struct vpit_channel channel[VPIT_CHANNELS];
	uint8_t system_b; /* bits 3:0 of port 61H, as written */
	bool rose;	  /* channel 0 rose and vpit_tick has not said so */
	uint64_t seen;	  /* tick up to which channel 0 was looked at */
};

void vpit_init(struct vpit *p, uint64_t now_ns);

/* Ports 40H-43H and 61H; any other port reads all ones, ignores writes. */
uint8_t vpit_read(struct vpit *p, uint16_t port, uint64_t now_ns);
void vpit_write(struct vpit *p, uint16_t port, uint8_t value, uint64_t now_ns);

/*
 * True when the output of channel 0 (IRQ 0, edge) rose since the last call,
 * however many times.
 */
bool vpit_tick(struct vpit *p, uint64_t now_ns);

/*
 * When vpit_tick will next return true; TICKS_NEVER for not until something is
 * written.  After vpit_tick(p, now) later than now.
 */
uint64_t vpit_next(const struct vpit *p);

#endif
