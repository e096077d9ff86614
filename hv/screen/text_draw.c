/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells of text to pixels; see text_draw.h. */
#include "hv/screen/text_draw.h"

#include "hv/screen/font.h"

/* Where one component's mask is: its bits are in a row. */
static uint32_t component(uint32_t value, uint32_t mask)
{
	uint32_t shift = (uint32_t)__builtin_ctz(mask);
	uint32_t bits = 32 - (uint32_t)__builtin_clz(mask) - shift;

	value &= 0xff;
	value = bits < 8 ? value >> (8 - bits) : value << (bits - 8);
	return value << shift & mask;
}

uint32_t text_draw_pixel(uint32_t rgb, uint32_t red_mask, uint32_t green_mask,
			 uint32_t blue_mask)
{
	return component(rgb >> 16, red_mask) |
	       component(rgb >> 8, green_mask) | component(rgb, blue_mask);
}

uint32_t text_draw_columns(const struct text_draw *draw)
{
	return draw->width / (FONT_WIDTH * draw->scale);
}

uint32_t text_draw_rows(const struct text_draw *draw)
{
	return draw->height / (FONT_HEIGHT * draw->scale);
}

void text_draw_clear(const struct text_draw *draw)
{
	for (uint32_t y = 0; y < draw->height; y++) {
		uint32_t *row = draw->pixels + (size_t)y * draw->stride;

		for (uint32_t x = 0; x < draw->width; x++)
			row[x] = draw->paper[TEXT_SCREEN_PLAIN];
	}
}

/* One row of pixels of one cell; returns where the next cell begins. */
static uint32_t *draw_bits(uint32_t *to, uint8_t bits, uint32_t scale,
			   uint32_t ink, uint32_t paper)
{
	for (uint32_t x = 0; x < FONT_WIDTH; x++, bits <<= 1) {
		uint32_t pixel = bits & 0x80 ? ink : paper;

		*to++ = pixel;
		if (scale == 2)
			*to++ = pixel;
	}
	return to;
}

/* Row by row of pixels, so that a write-combining buffer fills up. */
void text_draw_run(const struct text_draw *draw,
		   const struct text_screen_run *run)
{
	uint32_t scale = draw->scale;
	uint32_t *corner =
		draw->pixels +
		(size_t)run->row * FONT_HEIGHT * scale * draw->stride +
		(size_t)run->column * FONT_WIDTH * scale;

	for (uint32_t y = 0; y < FONT_HEIGHT * scale; y++) {
		uint32_t *to = corner + (size_t)y * draw->stride;

		for (uint32_t i = 0; i < run->count; i++) {
			struct text_screen_cell cell = run->cell[i];
			uint32_t style = cell.style % TEXT_SCREEN_STYLES;

			to = draw_bits(to, font_row(cell.character, y / scale),
				       scale, draw->ink[style],
				       draw->paper[style]);
		}
	}
}
