/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hv/lib/log_ring.c: a ring that was written, then changed by the input, is read
 * and written on.  Whatever memory holds after a reset, nothing is touched but
 * the ring, and what is read is no longer than a line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hv/lib/log_ring.h"

#define SIZE LOG_RING_BYTES_MIN

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const uint8_t *memory)
{
	struct log_ring_reader reader;
	char line[LOG_RING_LINE_MAX];
	size_t total = 0;
	int length;

	if (!log_ring_find(&reader, memory, SIZE))
		return;
	while ((length = log_ring_next(&reader, line)) >= 0) {
		total += (size_t)length + 4;
		if (length > (int)LOG_RING_LINE_MAX || total > SIZE)
			abort();
	}
}

/* The input: changes of three bytes each, place and value; between two of them
 * lines are added now and then. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t memory[SIZE] __attribute__((aligned(8)));
	char text[LOG_RING_LINE_MAX];
	struct log_ring ring;

	memset(text, 't', sizeof(text));
	log_ring_begin(&ring, memory, SIZE);
	for (uint32_t i = 0; i < 30; i++)
		log_ring_add(&ring, text, i * 7);
	for (; size >= 3; data += 3, size -= 3) {
		uint32_t at = (data[0] | (uint32_t)data[1] << 8) % SIZE;

		memory[at] = data[2];
		if (data[1] & 0x80)
			log_ring_add(&ring, text, data[2]);
		read_all(memory);
	}
	/* or all of it */
	if (size)
		memset(memory, *data, SIZE);
	read_all(memory);
	return 0;
}
