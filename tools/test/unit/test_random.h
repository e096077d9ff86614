/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers that a seed repeats (xorshift64*). */
#ifndef TOOLS_TEST_UNIT_TEST_RANDOM_H
#define TOOLS_TEST_UNIT_TEST_RANDOM_H

#include <stdint.h>

static uint64_t random_state;

static inline void random_seed(uint64_t seed)
{
	random_state = seed ? seed : 1;
}

static inline uint64_t random64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dull;
}

#endif
