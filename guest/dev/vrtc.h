/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM's MC146818 real-time clock and CMOS memory at ports 70H and 71H.
 * Times are nanoseconds since the VM started and must not run backwards; the
 * clock shows UTC.  Pure.  The caller holds the VM's device lock.
 * Source: MC146818A data sheet; the memory sizes by the PC's conventions.
 */
#ifndef GUEST_DEV_VRTC_H
#define GUEST_DEV_VRTC_H

#include <stdbool.h>
#include <stdint.h>

#define VRTC_CMOS_SIZE 128

struct vrtc {
	uint8_t index;
	uint8_t flags;		      /* PF, AF, UF of register C */
	uint8_t weekday_shift;	      /* guest's day of the week - the date's */
	uint8_t cmos[VRTC_CMOS_SIZE]; /* the time of day: only while stopped */
	uint64_t time_s;	      /* on our calendar when divider_ns was */
	uint64_t divider_ns; /* when the divider was at 0; modulo 2^64 */
	uint64_t seen_ns;    /* until when flags are up to date */
};

/*
 * unix_s: seconds since 1970 (UTC) at now_ns.  RAM sizes in bytes: all RAM
 * below 4 GiB, and all at and above it.
 */
void vrtc_init(struct vrtc *r, uint64_t unix_s, uint64_t ram_below_4g,
	       uint64_t ram_above_4g, uint64_t now_ns);

/* Ports 70H and 71H; any other port reads all ones, ignores writes. */
uint8_t vrtc_read(struct vrtc *r, uint16_t port, uint64_t now_ns);
void vrtc_write(struct vrtc *r, uint16_t port, uint8_t value, uint64_t now_ns);

/* The level of IRQ 8 as of the last read, write or tick. */
bool vrtc_irq(const struct vrtc *r);

/* Brings vrtc_irq() up to now. */
void vrtc_tick(struct vrtc *r, uint64_t now_ns);

/*
 * When vrtc_irq() will next become true; TICKS_NEVER for not until something is
 * written or register C read.  After vrtc_tick(r, now) later than now.
 */
uint64_t vrtc_next(const struct vrtc *r);

#endif
