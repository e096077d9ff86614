/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of text in a piece of memory that outlives whoever wrote them: after a
 * reset they are found by signature and checksum.  The newest lines are kept.
 * Written so that a reset at any moment loses at most the line that is being
 * added.  Pure; shared by the hypervisor, which writes, and the loader of the
 * next boot, which reads.
 */
#ifndef HV_LIB_LOG_RING_H
#define HV_LIB_LOG_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_RING_LINE_MAX 320u
/* A ring smaller than this could not hold a line and its header. */
#define LOG_RING_BYTES_MIN 4096u
#define LOG_RING_BYTES_MAX (1u << 24)

/* The writer's own notes, not in the memory that is written to. */
struct log_ring {
	uint8_t *memory;
	uint32_t bytes;	     /* of text and line headers */
	uint64_t start, end; /* count up; the ring holds [start, end) */
	uint64_t sequence;
};

/* Where reading goes on. */
struct log_ring_reader {
	const uint8_t *memory;
	uint32_t bytes;
	uint64_t at, end;
	bool damaged; /* what came last was not what was written */
};

/* Makes size_bytes of memory, 8-byte aligned, an empty ring; the size is within
 * the limits above. */
void log_ring_begin(struct log_ring *ring, void *memory, uint32_t size_bytes);

/* Adds a line, cut at LOG_RING_LINE_MAX; the oldest make room. */
void log_ring_add(struct log_ring *ring, const char *text, size_t size);

/* Nothing is found in this memory any more. */
void log_ring_erase(void *memory);

/* Whatever the memory holds: true if log_ring_begin() made it a ring of the same
 * size. */
bool log_ring_find(struct log_ring_reader *reader, const void *memory,
		   uint32_t size_bytes);

/* The next line, oldest first, into line; its length, or -1: there are no more,
 * or the rest is damaged. */
int log_ring_next(struct log_ring_reader *reader, char line[LOG_RING_LINE_MAX]);

#endif
