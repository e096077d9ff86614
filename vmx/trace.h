/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace: a ring per vCPU of what happened to it, written when somebody
 * wants it, read by the monitor, which sends it over the serial line packed
 * into lines of text (tools/trace reads those).  Pure.
 *
 * A line is words separated by single spaces.  The last one is the CRC-32 (as
 * zlib's crc32()) of all that comes before it with the space, in hexadecimal:
 *
 *   @trace 1 HZ RINGS CRC                     HZ: the TSC's frequency
 *   @ring CPU FIRST END VM NAME VCPU CRC      records FIRST to END-1 follow
 *   @t CPU NUMBER BASE64 CRC                  records NUMBER and following
 *   @end LINES RECORDS CRC                    @t lines and records in all
 *
 * In base64, for each record: a byte, the event in bits 3:0 with bit 4 for a
 * detail, bit 5 for a and bit 6 for b; the TSC less that of the record before
 * it (0 before the first one of the line); the detail; a; b less the last b.
 * Those that are 0 are left out.  Numbers are LEB128, both differences ZigZag.
 */
#ifndef VMX_TRACE_H
#define VMX_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_VERSION 1

enum trace_event {
	TRACE_EXIT = 1, /* basic reason; qualification or vector; RIP */
	TRACE_ENTRY,	/* 0; RVI and SVI; RIP */
	TRACE_INJECT, /* vector; the interruption information, not its bit 31 */
	TRACE_POST,   /* vector; delivery mode, bit 8: level; sender */
	TRACE_EOI,    /* vector; 1: the processor did it */
	TRACE_TIMER,  /* vector; the deadline that is past */
	TRACE_TIMER_POST, /* vector; the deadline that needs no exit */
	TRACE_REQUEST,	  /* enum vcpu_request */
	TRACE_WAIT,	  /* the CPU halts, for the vCPU does or is held */
	TRACE_WAKE,
	TRACE_EVENTS, /* no more than 16 */
};

/* TRACE_POST's sender: VM and vCPU, or a device. */
#define TRACE_SENDER(vm, vcpu) (((uint64_t)(vm) << 16 | (vcpu)) + 1)
#define TRACE_DEVICE	       0

struct trace_record {
	uint64_t tsc;
	uint64_t a, b;
	uint32_t number; /* its place in all that was written, plus 1 */
	uint16_t detail;
	uint8_t event;
	uint8_t reserved;
};

_Static_assert(sizeof(struct trace_record) == 32, "two to a cache line");

#define TRACE_RECORDS 2048 /* a power of two */
#define TRACE_SIZE    (TRACE_RECORDS * sizeof(struct trace_record))

struct trace_ring {
	uint64_t next;		     /* records ever written; any CPU, atomic */
	uint64_t first;		     /* what is older is of no interest */
	struct trace_record *record; /* TRACE_RECORDS of them */
};

/* Any CPU, at any time. */
void trace_add(struct trace_ring *ring, uint64_t tsc, enum trace_event event,
	       uint16_t detail, uint64_t a, uint64_t b);

/* Forgets what was written. */
void trace_clear(struct trace_ring *ring);

/* The number of the oldest record that is still there. */
uint64_t trace_oldest(const struct trace_ring *ring);

/* Copies record number; false: it is gone, or is being written. */
bool trace_read(const struct trace_ring *ring, uint64_t number,
		struct trace_record *record);

/* ---- text ---- */

#define TRACE_LINE_SIZE 192 /* with its end of line and NUL */

/* Formats a line, its CRC and its end; the text has no space at its end. */
__attribute__((format(printf, 2, 3))) void trace_line(char *line,
						      const char *fmt, ...);

/*
 * Packs records from *number up to end into line, which is TRACE_LINE_SIZE
 * bytes, as many as fit; those that cannot be read are left out.  *number goes
 * on to where the next line begins.  Returns how many records there are in it;
 * 0: there was none left.
 */
uint32_t trace_pack(const struct trace_ring *ring, uint32_t index,
		    uint64_t *number, uint64_t end, char *line);

#endif
