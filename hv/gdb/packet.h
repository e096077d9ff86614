/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets of GDB's remote protocol: bytes that arrive become packets, replies
 * become bytes.  Noise between packets is skipped; a "$" inside of one begins
 * it anew, so that a line that lost bytes recovers.  Pure.
 *
 * Source: "Debugging with GDB", section "Overview" of appendix "GDB Remote
 * Serial Protocol".
 */
#ifndef HV_GDB_PACKET_H
#define HV_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/gdb/text.h"

/* What a byte has completed. */
enum gdb_event {
	GDB_EVENT_NONE,
	GDB_EVENT_PACKET,    /* text and size have it, escapes undone */
	GDB_EVENT_BAD,	     /* a packet whose checksum is wrong */
	GDB_EVENT_LONG,	     /* a packet longer than GDB_PACKET_SIZE */
	GDB_EVENT_ACK,	     /* "+" */
	GDB_EVENT_NAK,	     /* "-" */
	GDB_EVENT_INTERRUPT, /* Ctrl-C */
};

/* A struct of zeroes waits for the first packet. */
struct gdb_packet {
	uint8_t text[GDB_PACKET_SIZE];
	size_t size;
	uint8_t state; /* of packet.c */
	bool escaped, overflow;
	uint8_t sum, sent_sum;
};

enum gdb_event gdb_packet_byte(struct gdb_packet *p, uint8_t byte);

/* "$", the text with its escapes, "#" and the checksum. */
#define GDB_FRAME_SIZE (2 * GDB_PACKET_SIZE + 4)

/* Returns how many bytes of frame (GDB_FRAME_SIZE) the reply takes. */
size_t gdb_packet_frame(uint8_t *frame, const struct gdb_reply *reply);

#endif
