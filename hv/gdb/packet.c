/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of GDB's remote protocol; see packet.h. */
#include "hv/gdb/packet.h"

#define ESCAPE	     0x7d
#define ESCAPE_FLIPS 0x20
#define CTRL_C	     0x03

enum state {
	BETWEEN, /* packets */
	BODY,
	SUM_HIGH,
	SUM_LOW,
};

static void begin(struct gdb_packet *p)
{
	p->state = BODY;
	p->size = 0;
	p->sum = 0;
	p->escaped = p->overflow = false;
}

static enum gdb_event between(struct gdb_packet *p, uint8_t byte)
{
	switch (byte) {
	case '$':
		begin(p);
		return GDB_EVENT_NONE;
	case '+':
		return GDB_EVENT_ACK;
	case '-':
		return GDB_EVENT_NAK;
	case CTRL_C:
		return GDB_EVENT_INTERRUPT;
	default:
		return GDB_EVENT_NONE;
	}
}

static void body(struct gdb_packet *p, uint8_t byte)
{
	if (byte == '$') {
		begin(p);
		return;
	}
	if (byte == '#') {
		p->state = SUM_HIGH;
		return;
	}
	p->sum = (uint8_t)(p->sum + byte);
	if (byte == ESCAPE) {
		p->escaped = true;
		return;
	}
	if (p->escaped)
		byte ^= ESCAPE_FLIPS;
	p->escaped = false;
	if (p->size < sizeof(p->text))
		p->text[p->size++] = byte;
	else
		p->overflow = true;
}

/* Anything that is no digit makes the checksum wrong. */
static bool sum_digit(uint8_t byte, uint8_t *value)
{
	struct gdb_text text = {&byte, &byte + 1};
	uint64_t number;

	if (!gdb_take_number(&text, &number))
		return false;
	*value = (uint8_t)number;
	return true;
}

static enum gdb_event sum(struct gdb_packet *p, uint8_t byte)
{
	uint8_t value;

	if (!sum_digit(byte, &value)) {
		p->state = BETWEEN;
		if (byte == '$')
			begin(p);
		return GDB_EVENT_BAD;
	}
	if (p->state == SUM_HIGH) {
		p->sent_sum = (uint8_t)(value << 4);
		p->state = SUM_LOW;
		return GDB_EVENT_NONE;
	}
	p->state = BETWEEN;
	if ((p->sent_sum | value) != p->sum)
		return GDB_EVENT_BAD;
	return p->overflow ? GDB_EVENT_LONG : GDB_EVENT_PACKET;
}

enum gdb_event gdb_packet_byte(struct gdb_packet *p, uint8_t byte)
{
	switch (p->state) {
	case BETWEEN:
		return between(p, byte);
	case BODY:
		body(p, byte);
		return GDB_EVENT_NONE;
	default:
		return sum(p, byte);
	}
}

/* "*" would begin a run in a reply. */
static bool must_escape(uint8_t byte)
{
	return byte == '$' || byte == '#' || byte == ESCAPE || byte == '*';
}

size_t gdb_packet_frame(uint8_t *frame, const struct gdb_reply *reply)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;
	uint8_t all = 0;

	frame[at++] = '$';
	for (size_t i = 0; i < reply->size; i++) {
		uint8_t byte = reply->text[i];

		if (must_escape(byte)) {
			frame[at++] = ESCAPE;
			byte ^= ESCAPE_FLIPS;
		}
		frame[at++] = byte;
	}
	for (size_t i = 1; i < at; i++)
		all = (uint8_t)(all + frame[i]);
	frame[at++] = '#';
	frame[at++] = (uint8_t)hex[all >> 4];
	frame[at++] = (uint8_t)hex[all & 15];
	return at;
}
