/* SPDX-License-Identifier: BSD-2-Clause */
/* The trace; see trace.h. */
#include "vmx/trace.h"

#include <stdarg.h>

#include "hv/lib/format.h"
#include "hv/lib/string.h"

_Static_assert(TRACE_EVENTS <= 16, "four bits in a packed record");

void trace_add(struct trace_ring *ring, uint64_t tsc, enum trace_event event,
	       uint16_t detail, uint64_t a, uint64_t b)
{
	uint64_t at = __atomic_fetch_add(&ring->next, 1, __ATOMIC_RELAXED);
	struct trace_record *r = &ring->record[at % TRACE_RECORDS];

	/* The number comes last: who reads the right one reads it whole. */
	__atomic_store_n(&r->number, 0, __ATOMIC_SEQ_CST);
	r->tsc = tsc;
	r->a = a;
	r->b = b;
	r->detail = detail;
	r->event = (uint8_t)event;
	__atomic_store_n(&r->number, (uint32_t)at + 1, __ATOMIC_RELEASE);
}

void trace_clear(struct trace_ring *ring)
{
	ring->first = __atomic_load_n(&ring->next, __ATOMIC_SEQ_CST);
}

uint64_t trace_oldest(const struct trace_ring *ring)
{
	uint64_t next = __atomic_load_n(&ring->next, __ATOMIC_SEQ_CST);

	if (next - ring->first > TRACE_RECORDS)
		return next - TRACE_RECORDS;
	return ring->first;
}

bool trace_read(const struct trace_ring *ring, uint64_t number,
		struct trace_record *record)
{
	const struct trace_record *r = &ring->record[number % TRACE_RECORDS];
	uint32_t before = __atomic_load_n(&r->number, __ATOMIC_ACQUIRE);

	*record = *r;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return before == (uint32_t)number + 1 &&
	       __atomic_load_n(&r->number, __ATOMIC_RELAXED) == before;
}

/* ---- text ---- */

/* A record is no longer than this: a byte, and LEB128 of 64, 16, 64, 64 bits. */
#define RECORD_BYTES (1 + 10 + 3 + 10 + 10)
#define LINE_BYTES   96 /* packed, in a line; a multiple of 3 */

#define HAS_DETAIL   (1u << 4)
#define HAS_A	     (1u << 5)
#define HAS_B	     (1u << 6)

/* The head, base64 and CRC of the longest line. */
_Static_assert(40 + LINE_BYTES / 3 * 4 + 12 <= TRACE_LINE_SIZE, "fits");

/* Polynomial 04C11DB7H, reflected; four bits at a time. */
static uint32_t crc32(const char *text, size_t size)
{
	static const uint32_t of_nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = ~0u;

	for (size_t i = 0; i < size; i++) {
		crc ^= (uint8_t)text[i];
		crc = crc >> 4 ^ of_nibble[crc & 15];
		crc = crc >> 4 ^ of_nibble[crc & 15];
	}
	return ~crc;
}

/* Completes a line of length bytes. */
static void seal(char *line, size_t length)
{
	line[length++] = ' ';
	format(line + length, TRACE_LINE_SIZE - length, "%08x\n",
	       crc32(line, length));
}

void trace_line(char *line, const char *fmt, ...)
{
	size_t room = TRACE_LINE_SIZE - sizeof(" 01234567\n"), length;
	va_list args;

	va_start(args, fmt);
	length = format_va(line, room, fmt, args);
	va_end(args);
	seal(line, length < room ? length : room - 1);
}

static unsigned put_number(uint8_t *to, uint64_t value)
{
	unsigned size = 0;

	for (; value >= 0x80; value >>= 7)
		to[size++] = (uint8_t)(value | 0x80);
	to[size++] = (uint8_t)value;
	return size;
}

/* Small numbers stay small whatever their sign. */
static uint64_t zigzag(uint64_t difference)
{
	return difference << 1 ^ (difference >> 63 ? ~0ull : 0);
}

static unsigned put_record(uint8_t *to, const struct trace_record *r,
			   uint64_t *tsc, uint64_t *b)
{
	unsigned size = 1;

	to[0] = r->event;
	size += put_number(to + size, zigzag(r->tsc - *tsc));
	*tsc = r->tsc;
	if (r->detail) {
		to[0] |= HAS_DETAIL;
		size += put_number(to + size, r->detail);
	}
	if (r->a) {
		to[0] |= HAS_A;
		size += put_number(to + size, r->a);
	}
	if (r->b) {
		to[0] |= HAS_B;
		size += put_number(to + size, zigzag(r->b - *b));
		*b = r->b;
	}
	return size;
}

static size_t put_base64(char *to, const uint8_t *bytes, unsigned size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t at = 0;

	for (unsigned i = 0; i < size; i += 3) {
		unsigned left = size - i;
		uint32_t three = (uint32_t)bytes[i] << 16 |
				 (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
				 (left > 2 ? bytes[i + 2] : 0);

		to[at++] = digits[three >> 18];
		to[at++] = digits[three >> 12 & 63];
		to[at++] = left > 1 ? digits[three >> 6 & 63] : '=';
		to[at++] = left > 2 ? digits[three & 63] : '=';
	}
	return at;
}

uint32_t trace_pack(const struct trace_ring *ring, uint32_t index,
		    uint64_t *number, uint64_t end, char *line)
{
	uint8_t bytes[LINE_BYTES];
	struct trace_record r;
	uint64_t tsc = 0, b = 0;
	uint32_t count = 0;
	unsigned used = 0;
	size_t length;

	while (*number < end && !trace_read(ring, *number, &r))
		++*number;
	if (*number >= end)
		return 0;
	length = format(line, TRACE_LINE_SIZE, "@t %u %lu ", index, *number);
	/* Up to the line's end, or the next record that is not there. */
	do {
		used += put_record(bytes + used, &r, &tsc, &b);
		count++;
		++*number;
	} while (*number < end && used <= LINE_BYTES - RECORD_BYTES &&
		 trace_read(ring, *number, &r));
	length += put_base64(line + length, bytes, used);
	seal(line, length);
	return count;
}
