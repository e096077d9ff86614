/* SPDX-License-Identifier: BSD-2-Clause */
/* GDB's packets: frames, checksums, escapes, noise, words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "hv/gdb/packet.h"

static struct gdb_packet packet;

/* What the last byte of text completes; those before must complete nothing. */
static enum gdb_event feed_bytes(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i + 1 < size; i++)
		assert_int_equal(gdb_packet_byte(&packet, at[i]),
				 GDB_EVENT_NONE);
	return gdb_packet_byte(&packet, at[size - 1]);
}

static enum gdb_event feed(const char *text)
{
	return feed_bytes(text, strlen(text));
}

static void assert_packet(const char *text)
{
	assert_int_equal(packet.size, strlen(text));
	assert_memory_equal(packet.text, text, packet.size);
}

static int setup(void **state)
{
	(void)state;
	memset(&packet, 0, sizeof(packet));
	return 0;
}

static void whole_packets(void **state)
{
	(void)state;
	assert_int_equal(feed("$g#67"), GDB_EVENT_PACKET);
	assert_packet("g");
	assert_int_equal(feed("$#00"), GDB_EVENT_PACKET);
	assert_packet("");
	assert_int_equal(feed("$m0,10#2A"), GDB_EVENT_PACKET);
	assert_packet("m0,10");
	assert_int_equal(feed("+"), GDB_EVENT_ACK);
	assert_int_equal(feed("-"), GDB_EVENT_NAK);
	assert_int_equal(feed("\x03"), GDB_EVENT_INTERRUPT);
}

static void checksum(void **state)
{
	(void)state;
	assert_int_equal(feed("$g#68"), GDB_EVENT_BAD);
	assert_int_equal(feed("$g#6x"), GDB_EVENT_BAD);
	assert_int_equal(feed("$g#x"), GDB_EVENT_BAD);
	/* The next one begins inside of the checksum. */
	assert_int_equal(feed("$g#$"), GDB_EVENT_BAD);
	assert_int_equal(feed("g#67"), GDB_EVENT_PACKET);
	assert_packet("g");
}

static void noise(void **state)
{
	(void)state;
	assert_int_equal(feed("\xff\r\nlogin: $g#67"), GDB_EVENT_PACKET);
	/* A packet that lost its end. */
	assert_int_equal(feed("$m1234$g#67"), GDB_EVENT_PACKET);
	assert_packet("g");
	assert_int_equal(feed("#67g$?#3f"), GDB_EVENT_PACKET);
	assert_packet("?");
}

static void escapes(void **state)
{
	static const char sent[] = "$X:}\x03}\x04}]}\x0a\x03#";
	static const char is[] = "X:#$}*\x03";
	uint8_t sum = 0;
	char text[64];

	(void)state;
	for (size_t i = 1; i + 2 < sizeof(sent); i++)
		sum = (uint8_t)(sum + (uint8_t)sent[i]);
	snprintf(text, sizeof(text), "%s%02x", sent, sum);
	assert_int_equal(feed(text), GDB_EVENT_PACKET);
	assert_packet(is);
}

static void too_long(void **state)
{
	static char text[GDB_PACKET_SIZE + 16];
	size_t size = GDB_PACKET_SIZE;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[0] = '$';
	snprintf(text + size + 1, 4, "#%02x", (unsigned)(uint8_t)('a' * size));
	assert_int_equal(feed(text), GDB_EVENT_PACKET);
	assert_int_equal(packet.size, GDB_PACKET_SIZE);
	memset(text + 1, 'a', size + 1);
	size++;
	snprintf(text + size + 1, 4, "#%02x", (unsigned)(uint8_t)('a' * size));
	assert_int_equal(feed(text), GDB_EVENT_LONG);
	assert_int_equal(feed("$g#67"), GDB_EVENT_PACKET);
}

static void frames(void **state)
{
	static struct gdb_reply reply;
	static uint8_t frame[GDB_FRAME_SIZE];
	static const char wanted[] = "$OK}\x03}\x04}]}\x0a#7f";
	size_t size;

	(void)state;
	gdb_put(&reply, "OK#$}*");
	size = gdb_packet_frame(frame, &reply);
	assert_int_equal(size, strlen(wanted));
	assert_memory_equal(frame, wanted, size - 2);
	/* What goes out comes in. */
	assert_int_equal(feed_bytes(frame, size), GDB_EVENT_PACKET);
	assert_packet("OK#$}*");
	/* The longest: each byte is escaped. */
	memset(reply.text, '#', sizeof(reply.text));
	reply.size = sizeof(reply.text);
	size = gdb_packet_frame(frame, &reply);
	assert_int_equal(size, GDB_FRAME_SIZE);
	assert_int_equal(feed_bytes(frame, size), GDB_EVENT_PACKET);
	assert_int_equal(packet.size, GDB_PACKET_SIZE);
}

static struct gdb_text text_of(const char *text)
{
	const uint8_t *at = (const uint8_t *)text;

	return (struct gdb_text){at, at + strlen(text)};
}

static void words(void **state)
{
	struct gdb_text t = text_of("Cont;fF,0a1z");
	uint8_t bytes[2];
	uint64_t number;
	int32_t thread;

	(void)state;
	assert_false(gdb_take_word(&t, "Control and more"));
	assert_true(gdb_take_word(&t, "Cont"));
	assert_false(gdb_take(&t, ','));
	assert_true(gdb_take(&t, ';'));
	assert_true(gdb_take_number(&t, &number));
	assert_int_equal(number, 0xff);
	assert_true(gdb_take(&t, ','));
	assert_false(gdb_take_bytes(&t, bytes, 2));
	t = text_of("0123456789abcdef0");
	assert_false(gdb_take_number(&t, &number));
	t = text_of("ffffffffffffffff");
	assert_true(gdb_take_number(&t, &number));
	assert_true(number == UINT64_MAX);
	assert_false(gdb_take_number(&t, &number));
	t = text_of("12");
	assert_false(gdb_take_bytes(&t, bytes, SIZE_MAX));
	t = text_of("-1");
	assert_true(gdb_take_thread(&t, &thread));
	assert_int_equal(thread, -1);
	t = text_of("80000000");
	assert_false(gdb_take_thread(&t, &thread));
}

static void replies(void **state)
{
	static struct gdb_reply r;

	(void)state;
	gdb_put_number(&r, 0);
	gdb_put(&r, ",");
	gdb_put_number(&r, 0x1f0);
	gdb_put(&r, ",");
	gdb_put_number(&r, UINT64_MAX);
	gdb_put_bytes(&r, "\x0a\xf1", 2);
	assert_int_equal(r.size, 26);
	assert_memory_equal(r.text, "0,1f0,ffffffffffffffff0af1", 26);
	r.size = sizeof(r.text) - 1;
	gdb_put(&r, "xy");
	assert_true(r.overflow);
	assert_int_equal(r.size, sizeof(r.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whole_packets, setup),
		cmocka_unit_test_setup(checksum, setup),
		cmocka_unit_test_setup(noise, setup),
		cmocka_unit_test_setup(escapes, setup),
		cmocka_unit_test_setup(too_long, setup),
		cmocka_unit_test_setup(frames, setup),
		cmocka_unit_test(words),
		cmocka_unit_test(replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
