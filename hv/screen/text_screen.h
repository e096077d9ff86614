/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A screen of text as a grid of cells: what is wanted on it, and what it shows.
 * Lines are added at the bottom; only cells that differ are drawn, so that
 * scrolling never reads a screen and writes no more of it than it must.  Pure.
 *
 * text_screen_line() and text_screen_header() are called under the caller's
 * lock.  text_screen_next() is too, by one caller at a time, who may draw what
 * it returns after letting the lock go.
 */
#ifndef HV_TEXT_SCREEN_H
#define HV_TEXT_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_SCREEN_COLUMNS_MAX 320u
#define TEXT_SCREEN_ROWS_MAX	160u
#define TEXT_SCREEN_HEADER_MAX	4u /* rows */

enum text_screen_style {
	TEXT_SCREEN_PLAIN,
	TEXT_SCREEN_ALARM,
	TEXT_SCREEN_STYLES,
};

struct text_screen_cell {
	uint8_t character;
	uint8_t style; /* enum text_screen_style */
};

struct text_screen {
	uint32_t columns, rows;
	uint32_t top;	 /* row of wanted that is the topmost */
	uint32_t used;	 /* rows with text; when all are, lines scroll */
	uint32_t header; /* rows that hide the topmost ones */
	uint32_t scan;	 /* the row where text_screen_next() goes on */
	struct text_screen_cell *wanted; /* a ring of rows */
	struct text_screen_cell *shown;	 /* rows as they are on the screen */
	struct text_screen_cell *headers;
	bool stale[TEXT_SCREEN_ROWS_MAX]; /* wanted and shown may differ */
};

/* Cells in a row that are to be drawn; of shown, thus the drawer's. */
struct text_screen_run {
	uint32_t row, column, count;
	const struct text_screen_cell *cell;
};

/* The memory that a screen needs; columns and rows are cut to the maximum. */
size_t text_screen_bytes(uint32_t columns, uint32_t rows);

/*
 * Takes over a cleared screen, and memory of text_screen_bytes(), for both
 * sizes 1 or more.
 */
void text_screen_init(struct text_screen *screen, uint32_t columns,
		      uint32_t rows, void *memory);

/* A line below the others, in as many rows as it takes. */
void text_screen_line(struct text_screen *screen, const char *text,
		      size_t size);

/* A line at the top that stays, white on red; at most TEXT_SCREEN_HEADER_MAX
 * rows of them all, and never the whole screen. */
void text_screen_header(struct text_screen *screen, const char *text,
			size_t size);

/* Some of what must be drawn, and counts as shown from now on; false: nothing
 * is left. */
bool text_screen_next(struct text_screen *screen, struct text_screen_run *run);

#endif
