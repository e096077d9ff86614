/* SPDX-License-Identifier: BSD-2-Clause */
/* A screen of text as a grid of cells; see text_screen.h. */
#include "hv/screen/text_screen.h"

#include "hv/lib/string.h"

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

static size_t cell_count(uint32_t columns, uint32_t rows)
{
	return (size_t)at_most(columns, TEXT_SCREEN_COLUMNS_MAX) *
	       at_most(rows, TEXT_SCREEN_ROWS_MAX);
}

size_t text_screen_bytes(uint32_t columns, uint32_t rows)
{
	return (2 * cell_count(columns, rows) +
		cell_count(columns, TEXT_SCREEN_HEADER_MAX)) *
	       sizeof(struct text_screen_cell);
}

static void fill(struct text_screen_cell *cells, size_t count,
		 enum text_screen_style style)
{
	for (size_t i = 0; i < count; i++)
		cells[i] = (struct text_screen_cell){' ', (uint8_t)style};
}

void text_screen_init(struct text_screen *screen, uint32_t columns,
		      uint32_t rows, void *memory)
{
	size_t cells = cell_count(columns, rows);

	memset(screen, 0, sizeof(*screen));
	screen->columns = at_most(columns, TEXT_SCREEN_COLUMNS_MAX);
	screen->rows = at_most(rows, TEXT_SCREEN_ROWS_MAX);
	screen->wanted = memory;
	screen->shown = screen->wanted + cells;
	screen->headers = screen->shown + cells;
	fill(screen->wanted, 2 * cells, TEXT_SCREEN_PLAIN);
}

/* The cells that are wanted in row of the screen. */
static struct text_screen_cell *wanted_row(const struct text_screen *screen,
					   uint32_t row)
{
	if (row < screen->header)
		return screen->headers + (size_t)row * screen->columns;
	row = (screen->top + row) % screen->rows;
	return screen->wanted + (size_t)row * screen->columns;
}

static void all_stale(struct text_screen *screen)
{
	memset(screen->stale, true, screen->rows);
}

/* An empty row at the bottom, or below the last one that is used. */
static uint32_t new_row(struct text_screen *screen)
{
	if (screen->used < screen->rows)
		return screen->used++;
	screen->top = (screen->top + 1) % screen->rows;
	all_stale(screen);
	return screen->rows - 1;
}

/* As much of the text as fits in a row; returns how much that was. */
static size_t put_row(const struct text_screen *screen,
		      struct text_screen_cell *cells, const char *text,
		      size_t size, enum text_screen_style style)
{
	if (size > screen->columns)
		size = screen->columns;
	for (size_t i = 0; i < size; i++)
		cells[i] = (struct text_screen_cell){(uint8_t)text[i],
						     (uint8_t)style};
	fill(cells + size, screen->columns - size, style);
	return size;
}

void text_screen_line(struct text_screen *screen, const char *text, size_t size)
{
	do {
		uint32_t row = new_row(screen);
		/* Not wanted_row(): a header may hide it. */
		uint32_t ring = (screen->top + row) % screen->rows;
		size_t put = put_row(
			screen, screen->wanted + (size_t)ring * screen->columns,
			text, size, TEXT_SCREEN_PLAIN);

		screen->stale[row] = true;
		text += put;
		size -= put;
	} while (size);
}

void text_screen_header(struct text_screen *screen, const char *text,
			size_t size)
{
	do {
		size_t put;

		if (screen->header == TEXT_SCREEN_HEADER_MAX ||
		    screen->header + 1 >= screen->rows)
			return;
		put = put_row(screen,
			      screen->headers +
				      (size_t)screen->header * screen->columns,
			      text, size, TEXT_SCREEN_ALARM);
		screen->stale[screen->header++] = true;
		/* The log begins below. */
		if (screen->used < screen->header)
			screen->used = screen->header;
		text += put;
		size -= put;
	} while (size);
}

static bool differ(struct text_screen_cell a, struct text_screen_cell b)
{
	return a.character != b.character || a.style != b.style;
}

/* The first run of cells that differ in a row. */
static bool run_in_row(struct text_screen *screen, uint32_t row,
		       struct text_screen_run *run)
{
	const struct text_screen_cell *wanted = wanted_row(screen, row);
	struct text_screen_cell *shown =
		screen->shown + (size_t)row * screen->columns;
	uint32_t first = 0, end;

	while (first < screen->columns && !differ(wanted[first], shown[first]))
		first++;
	if (first == screen->columns)
		return false;
	for (end = first;
	     end < screen->columns && differ(wanted[end], shown[end]); end++)
		shown[end] = wanted[end];
	*run = (struct text_screen_run){row, first, end - first, shown + first};
	return true;
}

bool text_screen_next(struct text_screen *screen, struct text_screen_run *run)
{
	for (uint32_t i = 0; i < screen->rows; i++) {
		uint32_t row = screen->scan;

		if (screen->stale[row] && run_in_row(screen, row, run))
			return true;
		screen->stale[row] = false;
		screen->scan = (row + 1) % screen->rows;
	}
	return false;
}
