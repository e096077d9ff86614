/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cells of text to pixels of 32 bits, in the font of font.h, each pixel as one
 * or as two by two.  Writes pixels, never reads one.  Pure but for those.
 */
#ifndef HV_TEXT_DRAW_H
#define HV_TEXT_DRAW_H

#include <stdint.h>

#include "hv/screen/text_screen.h"

struct text_draw {
	uint32_t *pixels;
	uint32_t width, height; /* in pixels */
	uint32_t stride;	/* pixels from a row to the next */
	uint32_t scale;		/* 1 or 2 */
	uint32_t paper[TEXT_SCREEN_STYLES], ink[TEXT_SCREEN_STYLES];
};

/* A colour of 8 bits each, 0xRRGGBB, where the masks (not 0) have each. */
uint32_t text_draw_pixel(uint32_t rgb, uint32_t red_mask, uint32_t green_mask,
			 uint32_t blue_mask);

/* How many cells fit. */
uint32_t text_draw_columns(const struct text_draw *draw);
uint32_t text_draw_rows(const struct text_draw *draw);

/* All of it in plain paper. */
void text_draw_clear(const struct text_draw *draw);

/* The run must lie within the columns and rows above. */
void text_draw_run(const struct text_draw *draw,
		   const struct text_screen_run *run);

#endif
