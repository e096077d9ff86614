/* SPDX-License-Identifier: BSD-2-Clause */
/* The console's keys: what follows Ctrl-A, and a debugger's packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hv/console/console_keys.h"

static struct console_keys keys;
static uint32_t vm;

static enum console_key feed(uint8_t byte, bool debugger)
{
	return console_keys_feed(&keys, byte, debugger, &vm);
}

/* What a key after the prefix means. */
static enum console_key key(uint8_t byte)
{
	assert_int_equal(feed(1, false), CONSOLE_KEY_NONE);
	return feed(byte, false);
}

static void all_keys(void **state)
{
	(void)state;
	assert_int_equal(key('c'), CONSOLE_KEY_MONITOR);
	assert_int_equal(key('g'), CONSOLE_KEY_DEBUGGER);
	assert_int_equal(key('x'), CONSOLE_KEY_END);
	assert_int_equal(key('?'), CONSOLE_KEY_HELP);
	assert_int_equal(key(1), CONSOLE_KEY_BYTE);
	for (uint32_t n = 0; n < 10; n++) {
		assert_int_equal(key((uint8_t)('0' + n)), CONSOLE_KEY_VM);
		assert_int_equal(vm, n);
	}
	assert_int_equal(key('z'), CONSOLE_KEY_UNKNOWN);
	assert_int_equal(key(0xff), CONSOLE_KEY_UNKNOWN);
}

static void all_else_passes(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++)
		if (byte != CONSOLE_KEYS_PREFIX)
			assert_int_equal(feed((uint8_t)byte, false),
					 CONSOLE_KEY_BYTE);
	/* The prefix is for one key. */
	assert_int_equal(key('c'), CONSOLE_KEY_MONITOR);
	assert_int_equal(feed('c', false), CONSOLE_KEY_BYTE);
}

static void packets_pass_whole(void **state)
{
	static const uint8_t packet[] = "+$X0,3:\x01"
					"c\x01#4\x01$m\x01#\x01x";

	(void)state;
	for (size_t i = 0; i < sizeof(packet) - 1; i++)
		assert_int_equal(feed(packet[i], true), CONSOLE_KEY_BYTE);
	/* Between packets it is a key again. */
	assert_int_equal(feed(1, true), CONSOLE_KEY_NONE);
	assert_int_equal(feed('c', true), CONSOLE_KEY_MONITOR);
}

/* A "$" that begins no packet keeps the keys away for a while only. */
static void no_packet_is_endless(void **state)
{
	(void)state;
	keys = (struct console_keys){0};
	feed('$', true);
	for (int i = 0; i < 20000; i++)
		feed('x', true);
	assert_int_equal(feed(CONSOLE_KEYS_PREFIX, true), CONSOLE_KEY_NONE);
	assert_int_equal(feed('c', true), CONSOLE_KEY_MONITOR);
}

static void half_a_packet(void **state)
{
	(void)state;
	feed('$', true);
	feed('m', true);
	assert_int_equal(feed(1, true), CONSOLE_KEY_BYTE);
	/* The debugger lost the line: whoever has it next has keys. */
	assert_int_equal(feed('a', false), CONSOLE_KEY_BYTE);
	assert_int_equal(feed(1, true), CONSOLE_KEY_NONE);
}

static int setup(void **state)
{
	(void)state;
	memset(&keys, 0, sizeof(keys));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_keys, setup),
		cmocka_unit_test_setup(all_else_passes, setup),
		cmocka_unit_test_setup(packets_pass_whole, setup),
		cmocka_unit_test_setup(half_a_packet, setup),
		cmocka_unit_test_setup(no_packet_is_endless, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
