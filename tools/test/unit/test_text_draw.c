/* SPDX-License-Identifier: BSD-2-Clause */
/* hv/screen/text_draw.c and hv/screen/font.c: pixels where they belong, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/screen/font.h"
#include "hv/screen/text_draw.h"

#define WIDTH  100u
#define HEIGHT 70u
#define STRIDE 104u
#define UNUSED 0x55555555u

static uint32_t pixels[HEIGHT + 1][STRIDE];
static struct text_draw draw;

static void begin(uint32_t scale)
{
	for (uint32_t y = 0; y <= HEIGHT; y++)
		for (uint32_t x = 0; x < STRIDE; x++)
			pixels[y][x] = UNUSED;
	draw = (struct text_draw){
		.pixels = &pixels[0][0],
		.width = WIDTH,
		.height = HEIGHT,
		.stride = STRIDE,
		.scale = scale,
		.paper = {1, 3},
		.ink = {2, 4},
	};
}

static void clear_stays_inside(void **state)
{
	(void)state;
	begin(1);
	text_draw_clear(&draw);
	for (uint32_t y = 0; y <= HEIGHT; y++)
		for (uint32_t x = 0; x < STRIDE; x++)
			assert_int_equal(pixels[y][x],
					 x < WIDTH && y < HEIGHT ? 1 : UNUSED);
}

static void check_run(uint32_t scale)
{
	const struct text_screen_cell cells[] = {{'A', TEXT_SCREEN_PLAIN},
						 {'g', TEXT_SCREEN_ALARM}};
	struct text_screen_run run = {1, 1, 2, cells};

	begin(scale);
	text_draw_run(&draw, &run);
	for (uint32_t y = 0; y <= HEIGHT; y++) {
		for (uint32_t x = 0; x < STRIDE; x++) {
			uint32_t row = y / scale / FONT_HEIGHT;
			uint32_t column = x / scale / FONT_WIDTH;
			const struct text_screen_cell *cell =
				&cells[column == 2];
			uint32_t expected = UNUSED;

			if (row == 1 && (column == 1 || column == 2)) {
				uint8_t bits =
					font_row(cell->character,
						 y / scale % FONT_HEIGHT);
				bool set = bits >> (7 - x / scale % 8) & 1;

				expected = set ? draw.ink[cell->style]
					       : draw.paper[cell->style];
			}
			assert_int_equal(pixels[y][x], expected);
		}
	}
}

static void runs(void **state)
{
	(void)state;
	check_run(1);
	check_run(2);
}

static void sizes(void **state)
{
	(void)state;
	begin(1);
	assert_int_equal(text_draw_columns(&draw), 12);
	assert_int_equal(text_draw_rows(&draw), 4);
	draw.scale = 2;
	assert_int_equal(text_draw_columns(&draw), 6);
	assert_int_equal(text_draw_rows(&draw), 2);
}

static void colours(void **state)
{
	(void)state;
	assert_int_equal(text_draw_pixel(0x123456, 0xff0000, 0xff00, 0xff),
			 0x123456);
	assert_int_equal(text_draw_pixel(0x123456, 0xff, 0xff00, 0xff0000),
			 0x563412);
	/* 10 bits each, and 5, 6 and 5 */
	assert_int_equal(text_draw_pixel(0xff0080, 0x3ff00000, 0xffc00, 0x3ff),
			 0x3fc00200);
	assert_int_equal(text_draw_pixel(0xff8040, 0xf800, 0x7e0, 0x1f),
			 0xfc08);
	/* a whole word for one colour is odd, but does no harm */
	assert_int_equal(text_draw_pixel(0xff0000, UINT32_MAX, 1, 1),
			 0xff000000);
}

/* Every character is a picture of its own, and all else is the box. */
static void glyphs(void **state)
{
	(void)state;
	for (uint32_t a = 0x21; a < 0x7f; a++) {
		uint32_t ink = 0;

		for (uint32_t y = 0; y < FONT_HEIGHT; y++)
			ink |= font_row((uint8_t)a, y);
		assert_true(ink);
		for (uint32_t b = 0x20; b < a; b++)
			assert_memory_not_equal(font_glyphs[a - FONT_FIRST],
						font_glyphs[b - FONT_FIRST],
						sizeof(font_glyphs[0]));
	}
	for (uint32_t y = 0; y < FONT_HEIGHT; y++) {
		assert_int_equal(font_row(' ', y), 0);
		assert_int_equal(font_row(0x00, y), font_row(0x7f, y));
		assert_int_equal(font_row(0x1f, y), font_row(0x7f, y));
		assert_int_equal(font_row(0xff, y), font_row(0x7f, y));
	}
	assert_int_equal(font_row('L', 2), 0xc0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clear_stays_inside),
		cmocka_unit_test(runs),
		cmocka_unit_test(sizes),
		cmocka_unit_test(colours),
		cmocka_unit_test(glyphs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
