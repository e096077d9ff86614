/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of the console; see console_keys.h. */
#include "hv/console/console_keys.h"

/* "#" and the checksum's two digits; before it, the end is not in sight. */
#define PACKET_TAIL 3

/* Far longer than any packet is: what began with "$" is none. */
#define PACKET_BYTES_MAX 16384

static enum console_key after_prefix(uint8_t byte, uint32_t *vm)
{
	if (byte >= '0' && byte <= '9') {
		*vm = byte - '0';
		return CONSOLE_KEY_VM;
	}
	switch (byte) {
	case CONSOLE_KEYS_PREFIX:
		return CONSOLE_KEY_BYTE;
	case 'c':
		return CONSOLE_KEY_MONITOR;
	case 'g':
		return CONSOLE_KEY_DEBUGGER;
	case 'x':
		return CONSOLE_KEY_END;
	case '?':
	case 'h':
		return CONSOLE_KEY_HELP;
	default:
		return CONSOLE_KEY_UNKNOWN;
	}
}

/* True: the byte belongs to a packet. */
static bool in_packet(struct console_keys *keys, uint8_t byte)
{
	if (!keys->packet) {
		if (byte == '$')
			keys->packet = PACKET_TAIL;
		keys->packet_bytes = 0;
		return byte == '$';
	}
	if (keys->packet < PACKET_TAIL || byte == '#')
		keys->packet--;
	if (++keys->packet_bytes > PACKET_BYTES_MAX)
		keys->packet = 0;
	return true;
}

enum console_key console_keys_feed(struct console_keys *keys, uint8_t byte,
				   bool debugger, uint32_t *vm)
{
	if (keys->prefix) {
		keys->prefix = false;
		return after_prefix(byte, vm);
	}
	if (!debugger)
		keys->packet = 0;
	else if (in_packet(keys, byte))
		return CONSOLE_KEY_BYTE;
	if (byte != CONSOLE_KEYS_PREFIX)
		return CONSOLE_KEY_BYTE;
	keys->prefix = true;
	return CONSOLE_KEY_NONE;
}
