/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's line editor: every key, and that the terminal shows what the line
 * holds.  A small terminal stands for a real one: CR, cursor left, erase to the
 * end of the line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hv/monitor/line.h"

#define COLUMNS 80

static struct line line;
static char screen[COLUMNS + 1];
static int column;
static int bells;

static void put_on_screen(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\r') {
			column = 0;
		} else if (text[i] == '\a') {
			bells++;
		} else if (text[i] == '\x1b') {
			char *end;
			long n = strtol(text + i + 2, &end, 10);

			assert_int_equal(text[i + 1], '[');
			if (*end == 'K')
				memset(screen + column, 0, COLUMNS - column);
			else if (*end == 'D' && n > 0 && n < COLUMNS)
				column -= (int)n;
			else
				fail_msg("sequence ends in %c", *end);
			assert_in_range(column, 0, COLUMNS - 1);
			i = (size_t)(end - text);
		} else {
			assert_in_range(text[i], ' ', '~');
			assert_in_range(column, 0, COLUMNS - 2);
			screen[column++] = text[i];
		}
	}
}

/* What a terminal shows that only ever gets the whole line. */
static void assert_screen(void)
{
	char expected[COLUMNS + 1] = LINE_PROMPT;

	strncat(expected, line.text + line.scroll, LINE_WINDOW);
	assert_string_equal(screen, expected);
	assert_int_equal(column,
			 strlen(LINE_PROMPT) + line.cursor - line.scroll);
}

static void begin(void)
{
	struct line_shown shown;

	memset(screen, 0, sizeof(screen));
	column = 0;
	line_draw(&line, &shown);
	put_on_screen(shown.text, shown.size);
	assert_screen();
}

static int setup(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	bells = 0;
	begin();
	return 0;
}

static enum line_event type(const char *keys)
{
	enum line_event event = LINE_NONE;
	struct line_shown shown;

	for (; *keys; keys++) {
		event = line_feed(&line, (uint8_t)*keys, &shown);
		if (event == LINE_NONE || event == LINE_TAB) {
			put_on_screen(shown.text, shown.size);
			assert_screen();
			continue;
		}
		assert_memory_equal(shown.text + shown.size - 2, "\r\n", 2);
		if (event != LINE_BREAK)
			return event;
		begin();
	}
	return event;
}

static void enter(const char *keys, const char *expected)
{
	assert_int_equal(type(keys), LINE_NONE);
	assert_int_equal(type("\r"), LINE_ENTERED);
	assert_string_equal(line.text, expected);
	line_next(&line);
	begin();
}

static void edits(void **state)
{
	(void)state;
	enter("vms", "vms");
	enter("vs\x1b[Dm", "vms");	       /* left */
	enter("vs\x1b[D\x1b[D\x1b[Cm", "vms"); /* right */
	enter("ms\x1b[Hv", "vms");	       /* Home */
	enter("ms\x1bOHv\x1bOF 1", "vms 1");
	enter("ms\x1b[1~v\x1b[4~ 1", "vms 1");
	enter("ms\x1b[7~v\x1b[8~ 1", "vms 1");
	enter("vmx\bs", "vms");
	enter("vmx\x7fs", "vms");
	enter("xvms\x1b[H\x1b[3~", "vms"); /* Delete */
	enter("xvms\x1b[H\x04", "vms");	   /* Ctrl-D */
	enter("wrong\x15vms", "vms");	   /* Ctrl-U */
	enter("xxvms\x02\x02\x02\x15", "vms");
	enter("vmsxx\x02\x02\x0b", "vms");  /* Ctrl-K */
	enter("vms a  bc \x17", "vms a  "); /* Ctrl-W */
	enter("vm s\x02\x02\x06\x02\x7fvm\x05.", "vvm s.");
	assert_int_equal(bells, 0);
}

static void edges_ring(void **state)
{
	(void)state;
	type("\b\x04\x15\x0b\x17\x02\x06\x10\x0e");
	assert_int_equal(bells, 9);
	assert_int_equal(line.length, 0);
	type("\x05\x0c\x1b[H");
	assert_int_equal(bells, 9);
}

static void line_ends(void **state)
{
	struct line_shown shown;

	(void)state;
	enter("a", "a");
	/* The LF of a CR LF ends no line of its own. */
	assert_int_equal(line_feed(&line, '\n', &shown), LINE_NONE);
	assert_int_equal(line_feed(&line, '\n', &shown), LINE_ENTERED);
	assert_int_equal(line_feed(&line, '\r', &shown), LINE_ENTERED);
	assert_int_equal(line_feed(&line, '\r', &shown), LINE_ENTERED);
}

static void breaks(void **state)
{
	(void)state;
	assert_int_equal(type("half a l\x03"), LINE_BREAK);
	assert_int_equal(line.length, 0);
	enter("vms", "vms");
	assert_int_equal(line.count, 1);
}

static void history(void **state)
{
	char text[8];

	(void)state;
	enter("one", "one");
	enter("two", "two");
	enter("two", "two"); /* not remembered twice */
	enter("", "");	     /* nor is nothing */
	enter("\x1b[A", "two");
	enter("\x1b[A\x1b[A", "one");
	enter("new\x1b[A\x1b[A\x1b[B\x1b[B", "new");
	enter("\x10\x10\x0e!", "new!");
	for (int i = 0; i < 30; i++) {
		snprintf(text, sizeof(text), "%d", i);
		enter(text, text);
	}
	assert_int_equal(line.count, LINE_HISTORY);
	for (int i = 0; i < LINE_HISTORY; i++)
		type("\x1b[A");
	assert_string_equal(line.text, "14");
	assert_int_equal(bells, 0);
	type("\x1b[A");
	assert_int_equal(bells, 1);
}

static void long_lines(void **state)
{
	char text[WORDS_LINE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	text[sizeof(text) - 1] = '\0';
	enter(text, text);
	assert_int_equal(bells, 0);
	type(text);
	for (int i = 0; i < 100; i++)
		type("\x1b[D");
	type("\x1b[H\x1b[F\x02\x7f");
	assert_int_equal(bells, 0);
	type("XY");
	assert_int_equal(bells, 1);
	assert_int_equal(type("\r"), LINE_TOO_LONG);
	line_next(&line);
	begin();
	assert_int_equal(line.count, 1); /* not what was refused */
	/* Room that is made again counts. */
	type(text);
	type("x\b");
	assert_int_equal(type("\r"), LINE_ENTERED);
}

static void noise(void **state)
{
	(void)state;
	/* Unknown sequences, with parameters; bytes that are no text. */
	enter("v\x1b[15~m\x1b[1;5Cs\x1b[999999~\x1bOP\x1b[<1;2M", "vms");
	enter("v\x80\xff\x07m\x0e\x1f\x1b\x1b[Ds", "vsm");
	enter("a\x1b\x1bxb", "ab"); /* Alt-x */
	enter("a\x1b[", "a");
	enter("b", "b");
}

static void inserts(void **state)
{
	struct line_shown shown = {0};
	char text[2 * WORDS_LINE_SIZE];

	(void)state;
	type("v 1\x1b[D\x1b[D");
	line_insert(&line, "ms", &shown);
	put_on_screen(shown.text, shown.size);
	assert_screen();
	assert_string_equal(line.text, "vms 1");
	assert_int_equal(type("\t"), LINE_TAB);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	shown.size = 0;
	line_insert(&line, text, &shown);
	put_on_screen(shown.text, shown.size);
	assert_screen();
	assert_int_equal(line.length, WORDS_LINE_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(edits, setup),
		cmocka_unit_test_setup(edges_ring, setup),
		cmocka_unit_test_setup(line_ends, setup),
		cmocka_unit_test_setup(breaks, setup),
		cmocka_unit_test_setup(history, setup),
		cmocka_unit_test_setup(long_lines, setup),
		cmocka_unit_test_setup(noise, setup),
		cmocka_unit_test_setup(inserts, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
