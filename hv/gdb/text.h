/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of GDB's remote protocol: what a packet's text is taken apart
 * with, and what a reply is put together with.  Nothing is read or written
 * outside of its bounds, whatever the text.  Pure.
 *
 * Source: "Debugging with GDB", appendix "GDB Remote Serial Protocol".
 */
#ifndef HV_GDB_TEXT_H
#define HV_GDB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest packet either way, without frame; told as PacketSize. */
#define GDB_PACKET_SIZE 4096u

/* What is left of a packet. */
struct gdb_text {
	const uint8_t *at, *end;
};

/* Each takes something from the front.  False: it is not there; what was taken
 * of it until then is gone. */
bool gdb_take(struct gdb_text *t, char wanted);
bool gdb_take_word(struct gdb_text *t, const char *word);
/* 1 to 16 hexadecimal digits, as many as there are. */
bool gdb_take_number(struct gdb_text *t, uint64_t *value);
/* Two numbers with a comma between: a place and a size, mostly. */
bool gdb_take_range(struct gdb_text *t, uint64_t *first, uint64_t *second);
/* Two digits for each byte. */
bool gdb_take_bytes(struct gdb_text *t, uint8_t *bytes, size_t size);
/* A thread: -1 for all, 0 for any, or its number. */
bool gdb_take_thread(struct gdb_text *t, int32_t *thread);

static inline size_t gdb_left(const struct gdb_text *t)
{
	return (size_t)(t->end - t->at);
}

/* A reply as it grows; what does not fit is dropped and noted. */
struct gdb_reply {
	uint8_t text[GDB_PACKET_SIZE];
	size_t size;
	bool overflow;
};

void gdb_put(struct gdb_reply *r, const char *text);
void gdb_put_raw(struct gdb_reply *r, const void *bytes, size_t size);
/* Two digits for each byte; a number in as few digits as it needs. */
void gdb_put_bytes(struct gdb_reply *r, const void *bytes, size_t size);
void gdb_put_number(struct gdb_reply *r, uint64_t value);

#endif
