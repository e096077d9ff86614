/* SPDX-License-Identifier: BSD-2-Clause */
/* A set of the 256 interrupt vectors.  Pure. */
#ifndef HV_LIB_BITMAP256_H
#define HV_LIB_BITMAP256_H

#include <stdbool.h>
#include <stdint.h>

struct bitmap256 {
	uint64_t word[4];
};

static inline void bitmap256_set(struct bitmap256 *b, uint8_t vector)
{
	b->word[vector / 64] |= 1ull << (vector % 64);
}

static inline void bitmap256_clear(struct bitmap256 *b, uint8_t vector)
{
	b->word[vector / 64] &= ~(1ull << (vector % 64));
}

static inline bool bitmap256_test(const struct bitmap256 *b, uint8_t vector)
{
	uint32_t bit = vector; /* an index that is no byte is one shift */

	return b->word[bit / 64] >> bit % 64 & 1;
}

/* The highest vector in the set, or -1 when it is empty. */
static inline int bitmap256_highest(const struct bitmap256 *b)
{
	for (int i = 3; i >= 0; i--)
		if (b->word[i])
			return i * 64 + 63 - __builtin_clzll(b->word[i]);
	return -1;
}

#endif
