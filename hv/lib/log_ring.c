/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A log that outlives its writer; see log_ring.h.
 *
 * Two headers, then the ring.  They are written in turn, so that one of them is
 * whole at any time; the one with the higher sequence counts.  A line is added in
 * three steps with a fence after each: a header without the lines that are about
 * to be overwritten, the line, a header with it.
 */
#include "hv/lib/log_ring.h"

#include "hv/lib/string.h"

#define SIGNATURE   0x676f4c6c61636970ull /* "picalLog" */
#define LINE_HEADER 4u			  /* size and sum, 16 bits each */
#define FNV_OFFSET  2166136261u
#define FNV_PRIME   16777619u

struct header {
	uint64_t signature;
	uint64_t sequence;
	uint64_t start, end;
	uint32_t bytes;
	uint32_t sum; /* of all before it */
};

#define RING_OFFSET (2 * (uint32_t)sizeof(struct header))

_Static_assert(sizeof(struct header) == 40, "no padding");

/* FNV-1a. */
static uint32_t sum_of(uint32_t sum, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ from[i]) * FNV_PRIME;
	return sum;
}

static uint32_t header_sum(const struct header *header)
{
	return sum_of(FNV_OFFSET, header, offsetof(struct header, sum));
}

/* Where a line lies is part of its sum: an old one in its place is not taken
 * for it. */
static uint16_t line_sum(uint64_t at, const void *text, uint16_t size)
{
	uint32_t sum = sum_of(FNV_OFFSET, &at, sizeof(at));

	sum = sum_of(sum, &size, sizeof(size));
	sum = sum_of(sum, text, size);
	return (uint16_t)(sum ^ sum >> 16);
}

/* The writer's memory may be write-combining. */
static void fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void put_header(struct log_ring *ring)
{
	struct header header = {
		.signature = SIGNATURE,
		.sequence = ++ring->sequence,
		.start = ring->start,
		.end = ring->end,
		.bytes = ring->bytes,
	};

	header.sum = header_sum(&header);
	memcpy(ring->memory + (ring->sequence & 1) * sizeof(header), &header,
	       sizeof(header));
	fence();
}

/* Copies to or from the ring at a count, around its end; returns the count
 * behind. */
static uint64_t put(struct log_ring *ring, uint64_t at, const void *bytes,
		    uint32_t size)
{
	uint8_t *data = ring->memory + RING_OFFSET;
	uint32_t offset = (uint32_t)(at % ring->bytes);
	uint32_t first =
		size < ring->bytes - offset ? size : ring->bytes - offset;

	memcpy(data + offset, bytes, first);
	memcpy(data, (const uint8_t *)bytes + first, size - first);
	return at + size;
}

static void get(const uint8_t *memory, uint32_t ring_bytes, uint64_t at,
		void *bytes, uint32_t size)
{
	const uint8_t *data = memory + RING_OFFSET;
	uint32_t offset = (uint32_t)(at % ring_bytes);
	uint32_t first =
		size < ring_bytes - offset ? size : ring_bytes - offset;

	memcpy(bytes, data + offset, first);
	memcpy((uint8_t *)bytes + first, data, size - first);
}

void log_ring_begin(struct log_ring *ring, void *memory, uint32_t size_bytes)
{
	*ring = (struct log_ring){
		.memory = memory,
		.bytes = size_bytes - RING_OFFSET,
	};
	log_ring_erase(memory);
	put_header(ring);
}

void log_ring_erase(void *memory)
{
	memset(memory, 0, RING_OFFSET);
	fence();
}

void log_ring_add(struct log_ring *ring, const char *text, size_t size)
{
	uint16_t head[2];
	uint64_t at = ring->end, room;

	if (size > LOG_RING_LINE_MAX)
		size = LOG_RING_LINE_MAX;
	room = LINE_HEADER + size;
	if (ring->end + room - ring->start > ring->bytes) {
		/* The notes say where lines begin only through the ring itself;
		 * a size that is damaged there costs all old lines. */
		while (ring->end + room - ring->start > ring->bytes) {
			get(ring->memory, ring->bytes, ring->start, head,
			    LINE_HEADER);
			ring->start += LINE_HEADER + (uint64_t)head[0];
			if (ring->start > ring->end)
				ring->start = ring->end;
		}
		put_header(ring);
	}
	head[0] = (uint16_t)size;
	head[1] = line_sum(at, text, (uint16_t)size);
	at = put(ring, at, head, LINE_HEADER);
	ring->end = put(ring, at, text, (uint32_t)size);
	fence();
	put_header(ring);
}

static bool header_good(const struct header *header, uint32_t ring_bytes)
{
	return header->signature == SIGNATURE &&
	       header->sum == header_sum(header) &&
	       header->bytes == ring_bytes && header->start <= header->end &&
	       header->end - header->start <= ring_bytes;
}

bool log_ring_find(struct log_ring_reader *reader, const void *memory,
		   uint32_t size_bytes)
{
	uint32_t ring_bytes = size_bytes - RING_OFFSET;
	struct header header[2];
	const struct header *best = NULL;

	memcpy(header, memory, sizeof(header));
	for (int i = 0; i < 2; i++)
		if (header_good(&header[i], ring_bytes) &&
		    (!best || header[i].sequence > best->sequence))
			best = &header[i];
	if (!best)
		return false;
	*reader = (struct log_ring_reader){memory, ring_bytes, best->start,
					   best->end, false};
	return true;
}

int log_ring_next(struct log_ring_reader *reader, char line[LOG_RING_LINE_MAX])
{
	uint64_t left = reader->end - reader->at;
	uint16_t head[2];

	if (!left || reader->damaged)
		return -1;
	reader->damaged = true;
	if (left < LINE_HEADER)
		return -1;
	get(reader->memory, reader->bytes, reader->at, head, LINE_HEADER);
	if (head[0] > LOG_RING_LINE_MAX || head[0] > left - LINE_HEADER)
		return -1;
	get(reader->memory, reader->bytes, reader->at + LINE_HEADER, line,
	    head[0]);
	if (line_sum(reader->at, line, head[0]) != head[1])
		return -1;
	reader->at += LINE_HEADER + head[0];
	reader->damaged = false;
	return head[0];
}
