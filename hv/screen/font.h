/* SPDX-License-Identifier: BSD-2-Clause */
/* The framebuffer console's font; see font.c.  Pure. */
#ifndef HV_FONT_H
#define HV_FONT_H

#include <stdint.h>

#define FONT_WIDTH  8u
#define FONT_HEIGHT 16u
#define FONT_FIRST  0x20 /* the first glyph's character */
#define FONT_GLYPHS 96	 /* up to 7EH, and a box for what is none of these */

extern const uint64_t font_glyphs[FONT_GLYPHS][2];

/* The pixels of row y (below FONT_HEIGHT) of a character, the leftmost in bit
 * 7. */
static inline uint8_t font_row(uint8_t character, uint32_t y)
{
	uint8_t index = (uint8_t)(character - FONT_FIRST);

	if (index >= FONT_GLYPHS)
		index = FONT_GLYPHS - 1;
	return (uint8_t)(font_glyphs[index][y / 8 & 1] >> (56 - y % 8 * 8));
}

#endif
