/* SPDX-License-Identifier: BSD-2-Clause */
/* hv/screen/text_screen.c: what drawing its runs leaves on a screen, against a list of
 * rows that is kept in the plainest way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hv/screen/text_screen.h"

#define COLUMNS 20u
#define ROWS	6u

static struct text_screen screen;
static void *memory;
static uint32_t columns, rows;

/* What was drawn, and how many cells that took. */
static struct text_screen_cell drawn[ROWS * 4][COLUMNS * 4];
static uint32_t cells;

/* All rows that were ever put, and the header's. */
static char history[64][COLUMNS * 4 + 1];
static char header[TEXT_SCREEN_HEADER_MAX][COLUMNS * 4 + 1];
static uint32_t history_rows, header_rows;

static void begin(uint32_t c, uint32_t r)
{
	free(memory);
	columns = c;
	rows = r;
	memory = malloc(text_screen_bytes(c, r));
	assert_non_null(memory);
	memset(memory, 0xa5, text_screen_bytes(c, r));
	text_screen_init(&screen, c, r, memory);
	for (uint32_t y = 0; y < r; y++)
		for (uint32_t x = 0; x < c; x++)
			drawn[y][x] = (struct text_screen_cell){' ', 0};
	history_rows = header_rows = cells = 0;
}

static void line(const char *text)
{
	size_t left = strlen(text);

	text_screen_line(&screen, text, left);
	do {
		size_t part = left < columns ? left : columns;

		memset(history[history_rows], ' ', columns);
		memcpy(history[history_rows++], text, part);
		text += part;
		left -= part;
	} while (left);
}

static void draw(uint32_t runs)
{
	struct text_screen_run run;

	while (runs-- && text_screen_next(&screen, &run)) {
		assert_true(run.count && run.row < rows);
		assert_true(run.column + run.count <= columns);
		memcpy(&drawn[run.row][run.column], run.cell,
		       run.count * sizeof(*run.cell));
		cells += run.count;
	}
}

static void assert_row(uint32_t row, const char *text, uint8_t style)
{
	for (uint32_t x = 0; x < columns; x++) {
		assert_int_equal(drawn[row][x].character, text[x]);
		if (text[x] != ' ' || style)
			assert_int_equal(drawn[row][x].style, style);
	}
}

static void assert_screen(void)
{
	char blank[COLUMNS * 4];
	uint32_t first = history_rows > rows ? history_rows - rows : 0;

	memset(blank, ' ', sizeof(blank));
	for (uint32_t y = 0; y < rows; y++) {
		if (y < header_rows)
			assert_row(y, header[y], TEXT_SCREEN_ALARM);
		else if (first + y < history_rows)
			assert_row(y, history[first + y], TEXT_SCREEN_PLAIN);
		else
			assert_row(y, blank, TEXT_SCREEN_PLAIN);
	}
}

static void lines_go_down_then_scroll(void **state)
{
	char text[] = "line A";

	(void)state;
	begin(COLUMNS, ROWS);
	draw(UINT32_MAX);
	assert_int_equal(cells, 0); /* a cleared screen is as it should be */
	for (; text[5] < 'A' + 20; text[5]++) {
		line(text);
		draw(UINT32_MAX);
		assert_screen();
	}
}

static void long_lines_take_several_rows(void **state)
{
	(void)state;
	begin(COLUMNS, ROWS);
	line("12345678901234567890");
	line("123456789012345678901");
	line("");
	line("this one is longer than two rows of twenty columns are");
	draw(UINT32_MAX);
	assert_screen();
}

static void only_what_differs_is_drawn(void **state)
{
	(void)state;
	begin(COLUMNS, ROWS);
	for (uint32_t i = 0; i < ROWS; i++)
		line("the same line");
	draw(UINT32_MAX);
	assert_int_equal(cells, ROWS * (sizeof("the same line") - 1 - 2));
	cells = 0;
	line("the same lime");
	draw(UINT32_MAX);
	assert_int_equal(cells, 1);
	assert_screen();
}

/* Many lines between two looks at the screen cost no more than the screen. */
static void a_flood_is_drawn_once(void **state)
{
	(void)state;
	begin(COLUMNS, ROWS);
	for (uint32_t i = 0; i < 40; i++)
		line(i % 2 ? "aaaaaaaaaaaaaaaaaaaa" : "bbbbbbbbbbbbbbbbbbbb");
	draw(UINT32_MAX);
	assert_int_equal(cells, ROWS * COLUMNS);
	assert_screen();
}

static void headers_stay(void **state)
{
	static const char text[] = "  a panic";

	(void)state;
	begin(COLUMNS, ROWS);
	line("old");
	draw(UINT32_MAX);
	text_screen_header(&screen, text, sizeof(text) - 1);
	memset(header[header_rows], ' ', columns);
	memcpy(header[header_rows++], text, sizeof(text) - 1);
	draw(UINT32_MAX);
	assert_screen();
	for (uint32_t i = 0; i < 12; i++) {
		line("more");
		draw(i % 3); /* now and then only a part */
	}
	draw(UINT32_MAX);
	assert_screen();
}

/* On an empty screen the log begins below the header. */
static void headers_hide_no_line_that_comes_later(void **state)
{
	(void)state;
	begin(COLUMNS, ROWS);
	text_screen_header(&screen, "one", 3);
	text_screen_header(&screen, "two", 3);
	text_screen_line(&screen, "below", 5);
	draw(UINT32_MAX);
	assert_memory_equal(
		&drawn[2][0],
		((struct text_screen_cell[]){{'b', 0}, {'e', 0}, {'l', 0}}),
		3 * sizeof(struct text_screen_cell));
}

static void headers_leave_a_row(void **state)
{
	char text[COLUMNS * 9];

	(void)state;
	memset(text, 'x', sizeof(text));
	begin(COLUMNS, ROWS);
	text_screen_header(&screen, text, sizeof(text));
	assert_int_equal(screen.header, TEXT_SCREEN_HEADER_MAX);
	begin(COLUMNS, 2);
	text_screen_header(&screen, text, sizeof(text));
	assert_int_equal(screen.header, 1);
	begin(1, 1);
	text_screen_header(&screen, text, 3);
	assert_int_equal(screen.header, 0);
	line("q");
	draw(UINT32_MAX);
	assert_screen();
}

static void sizes_are_cut(void **state)
{
	(void)state;
	assert_int_equal(text_screen_bytes(100000, 100000),
			 text_screen_bytes(TEXT_SCREEN_COLUMNS_MAX,
					   TEXT_SCREEN_ROWS_MAX));
	begin(COLUMNS, ROWS);
	free(memory);
	memory = malloc(text_screen_bytes(1000, 1000));
	text_screen_init(&screen, 1000, 1000, memory);
	assert_int_equal(screen.columns, TEXT_SCREEN_COLUMNS_MAX);
	assert_int_equal(screen.rows, TEXT_SCREEN_ROWS_MAX);
	for (uint32_t i = 0; i < 2 * TEXT_SCREEN_ROWS_MAX; i++)
		text_screen_line(&screen, "x", 1);
}

/* Lines of all lengths, drawn in pieces. */
static void anything(void **state)
{
	(void)state;
	srand(1);
	for (uint32_t round = 0; round < 300; round++) {
		begin(1 + (uint32_t)rand() % (COLUMNS * 2),
		      1 + (uint32_t)rand() % (ROWS * 2));
		while (history_rows < 20) {
			char text[COLUMNS * 4];
			size_t size = (size_t)rand() %
				      (columns * 2 < 60 ? columns * 2 + 1 : 60);

			for (size_t i = 0; i < size; i++)
				text[i] = (char)('a' + rand() % 3);
			text[size] = '\0';
			line(text);
			draw((uint32_t)rand() % 8);
		}
		draw(UINT32_MAX);
		assert_screen();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_go_down_then_scroll),
		cmocka_unit_test(long_lines_take_several_rows),
		cmocka_unit_test(only_what_differs_is_drawn),
		cmocka_unit_test(a_flood_is_drawn_once),
		cmocka_unit_test(headers_stay),
		cmocka_unit_test(headers_hide_no_line_that_comes_later),
		cmocka_unit_test(headers_leave_a_row),
		cmocka_unit_test(sizes_are_cut),
		cmocka_unit_test(anything),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(memory);
	return failed;
}
