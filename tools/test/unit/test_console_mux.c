/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial line's sharing: fresh lines, prefixes, whole lines, full ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tools/test/unit/test_console.h"

static void one_vm_is_raw(void **state)
{
	(void)state;
	setup(1);
	guest(0, "\x1b[1mhi\r\nprompt$ ");
	assert_string_equal(taken(), "\x1b[1mhi\r\nprompt$ ");
	guest(0, "x");
	assert_string_equal(taken(), "x");
}

static void log_begins_a_fresh_line(void **state)
{
	(void)state;
	setup(1);
	log_text("[apical] one");
	guest(0, "half");
	log_text("[apical] two");
	guest(0, " line\r\n");
	log_text("[apical] three");
	assert_string_equal(taken(), "[apical] one\r\n"
				     "half\r\n"
				     "[apical] two\r\n"
				     " line\r\n"
				     "[apical] three\r\n");
}

static void two_vms_are_not_torn(void **state)
{
	(void)state;
	setup(2);
	guest(0, "aaa");
	guest(1, "bb");
	log_text("[apical] log");
	guest(0, "AAA\r\n");
	guest(1, "BB\n");
	assert_string_equal(taken(), "[apical] log\r\n"
				     "[a] aaaAAA\r\n"
				     "[longer] bbBB\r\n");
}

static void unfinished_line_is_shown_and_continued(void **state)
{
	(void)state;
	setup(2);
	guest(0, "login: ");
	assert_string_equal(taken(), "");
	assert_true(console_mux_show(&mux, 0));
	assert_false(console_mux_show(&mux, 0));
	assert_string_equal(taken(), "[a] login: ");
	guest(0, "r");
	assert_string_equal(taken(), "r");
	guest(1, "x\n");
	assert_string_equal(taken(), "\r\n[longer] x\r\n");
	guest(0, "oot\r\n");
	assert_string_equal(taken(), "[a] oot\r\n");
}

static void open_line_ends_with_its_newline(void **state)
{
	(void)state;
	setup(2);
	guest(0, "$ ");
	console_mux_show(&mux, 0);
	guest(0, "\r\n");
	guest(1, "x\n");
	assert_string_equal(taken(), "[a] $ \r\r\n[longer] x\r\n");
}

static void empty_lines_are_lines(void **state)
{
	(void)state;
	setup(2);
	guest(0, "\r\n\n");
	assert_string_equal(taken(), "[a] \r\n[a] \r\n");
}

static void long_line_comes_in_pieces(void **state)
{
	char text[CONSOLE_MUX_LINE_SIZE + 11];
	char want[sizeof(text) + 16] = "[a] ";

	(void)state;
	setup(2);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	guest(0, text);
	guest(0, "\n");
	strcat(want, text);
	strcat(want, "\r\n");
	assert_string_equal(taken(), want);
}

static void end_shows_what_is_left(void **state)
{
	(void)state;
	setup(2);
	guest(1, "no newline");
	console_mux_end(&mux, 1);
	console_mux_end(&mux, 0);
	assert_string_equal(taken(), "[longer] no newline\r\n");
	setup(1);
	guest(0, "raw");
	console_mux_end(&mux, 0);
	assert_string_equal(taken(), "raw\r\n");
}

static void vm_off_the_line_is_silent(void **state)
{
	(void)state;
	setup(1);
	guest(2, "nobody hears me\n");
	assert_string_equal(taken(), "");
}

/* A guest fills its half; the log still has room, and then says what it lost. */
static void full_ring(void **state)
{
	uint32_t before;
	const char *end;

	(void)state;
	setup(1);
	while (console_mux_room(&mux))
		console_mux_guest(&mux, 0, 'g');
	assert_int_equal(console_mux_used(&mux), CONSOLE_MUX_RING_SIZE / 2);
	while (!mux.lost)
		log_text("[apical] 0123456789");
	log_text("[apical] 0123456789");
	before = console_mux_used(&mux);
	assert_true(before <= CONSOLE_MUX_RING_SIZE);
	assert_int_equal(mux.lost, 2);
	assert_int_equal(strlen(taken()), before);
	log_text("[apical] again");
	end = taken();
	assert_string_equal(end, "[apical] 2 log lines lost\r\n"
				 "[apical] again\r\n");
	log_text("[apical] said once");
	assert_string_equal(taken(), "[apical] said once\r\n");
}

/* Nobody takes what is put there. */
static void a_dead_line_is_not_overfilled(void **state)
{
	(void)state;
	setup(1);
	for (int i = 0; i < 100000; i++) {
		console_mux_give(&mux, CONSOLE_MUX_DEBUGGER);
		console_mux_give(&mux, CONSOLE_MUX_MONITOR);
		assert_true(console_mux_used(&mux) <= CONSOLE_MUX_RING_SIZE);
	}
}

/* Counters wrap, the ring wraps: what comes out is what went in. */
static void wraps(void **state)
{
	uint8_t next_in = 0, next_out = 0, byte;

	(void)state;
	setup(1);
	mux.head = mux.tail = UINT32_MAX - 1000;
	for (int round = 0; round < 300; round++) {
		for (int i = 0; i < 1000; i++)
			console_mux_guest(&mux, 0, next_in++);
		for (int i = 0; i < 1000; i++) {
			assert_true(console_mux_take(&mux, &byte));
			assert_int_equal(byte, next_out++);
		}
	}
	assert_int_equal(console_mux_used(&mux), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_vm_is_raw),
		cmocka_unit_test(log_begins_a_fresh_line),
		cmocka_unit_test(two_vms_are_not_torn),
		cmocka_unit_test(unfinished_line_is_shown_and_continued),
		cmocka_unit_test(open_line_ends_with_its_newline),
		cmocka_unit_test(empty_lines_are_lines),
		cmocka_unit_test(long_line_comes_in_pieces),
		cmocka_unit_test(end_shows_what_is_left),
		cmocka_unit_test(vm_off_the_line_is_silent),
		cmocka_unit_test(full_ring),
		cmocka_unit_test(wraps),
		cmocka_unit_test(a_dead_line_is_not_overfilled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
