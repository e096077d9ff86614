/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text for people, put together piece by piece in a buffer of the caller's.
 * What does not fit is left out.  Pure.
 */
#ifndef HV_LIB_TEXT_H
#define HV_LIB_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/lib/bitmap256.h"

struct text {
	char *buffer; /* always ends with a NUL */
	size_t size, used;
};

/* Empties it; size is at least 1. */
void text_begin(struct text *t, char *buffer, size_t size);

/* Adds to it, as format() does. */
__attribute__((format(printf, 2, 3))) void text_add(struct text *t,
						    const char *fmt, ...);
void text_add_va(struct text *t, const char *fmt, va_list args);

/* How many characters the last line has. */
size_t text_at(const struct text *t);

/* Spaces up to that column of the last line; at least one if it is not empty
 * there. */
void text_column(struct text *t, size_t column);

#define TEXT_WIDTH 78 /* columns of a line that text_words() fills */

/*
 * Adds words, which single spaces separate, with a space before the first one
 * unless a line or a space ends there.  Where a line would grow beyond
 * TEXT_WIDTH, a new one begins at column indent.
 */
void text_words(struct text *t, size_t indent, const char *words);

/* A bit's name, for text_bits(). */
struct text_bit {
	uint8_t bit;
	const char *name;
};

/*
 * The names of the bits that are 1, each after a space; those without a name as
 * "bit N" or "bits N-M".  bits has count rows.
 */
void text_bits(struct text *t, uint64_t value, const struct text_bit *bits,
	       size_t count);

/* The vectors of a set as "30 40-42 ff", or "none"; hexadecimal. */
void text_vectors(struct text *t, const struct bitmap256 *set);

#endif
