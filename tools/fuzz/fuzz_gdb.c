/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes on a debugger's line, framed by us or not: no crash, replies that
 * fit, threads that exist. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hv/gdb/packet.h"
#include "hv/gdb/protocol.h"
#include "hv/gdb_target.h"

static struct gdb_packet packet;
static struct gdb_protocol protocol;
static struct gdb_reply reply;
static uint8_t frame[GDB_FRAME_SIZE];

static void check_reply(void)
{
	size_t size = gdb_packet_frame(frame, &reply);

	if (reply.overflow || size > sizeof(frame))
		abort();
}

static void run(const uint8_t *text, size_t size)
{
	memset(&reply, 0, sizeof(reply));
	if (gdb_protocol_packet(&protocol, text, size, &reply))
		check_reply();
	if (protocol.thread >= FAKE_GDB_THREADS)
		abort();
	if (protocol.running && !protocol.attached)
		abort();
}

static void stop(uint8_t how)
{
	struct gdb_stop stop = {
		.reason = how % (GDB_STOP_ENDED + 1),
		.thread = how % FAKE_GDB_THREADS,
		.address = how * 0x0101010101010101ull,
	};

	memset(&reply, 0, sizeof(reply));
	if (protocol.running && gdb_protocol_stopped(&protocol, &stop, &reply))
		check_reply();
}

static void feed(uint8_t byte)
{
	switch (gdb_packet_byte(&packet, byte)) {
	case GDB_EVENT_PACKET:
		run(packet.text, packet.size);
		break;
	case GDB_EVENT_INTERRUPT:
		memset(&reply, 0, sizeof(reply));
		if (gdb_protocol_interrupt(&protocol, &reply))
			check_reply();
		break;
	default:
		break;
	}
	if (packet.size > sizeof(packet.text))
		abort();
}

/* The first byte chooses: raw bytes, or lines that are packets each. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;

	if (!size)
		return 0;
	fake_gdb_reset();
	fake_gdb.avx = *data & 2;
	fake_gdb.there = !(*data & 4);
	memset(&packet, 0, sizeof(packet));
	memset(&protocol, 0, sizeof(protocol));
	if (*data++ & 1) {
		while (data < end)
			feed(*data++);
		return 0;
	}
	while (data < end) {
		const uint8_t *line = memchr(data, '\n', (size_t)(end - data));

		if (!line)
			line = end;
		run(data, (size_t)(line - data));
		stop((uint8_t)(line - data));
		data = line < end ? line + 1 : end;
	}
	return 0;
}
