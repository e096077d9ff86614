/* SPDX-License-Identifier: BSD-2-Clause */
/* The arithmetic of hv/clock.c.  Pure. */
#ifndef HV_CLOCK_MATH_H
#define HV_CLOCK_MATH_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_SECOND_NS 1000000000ull

/* Factors are fixed-point, 2^32 standing for 1. */
static inline uint64_t clock_scale(uint64_t value, uint64_t factor)
{
	return (unsigned __int128)value * factor >> 32;
}

/* Nanoseconds per tick; hz at least 1. */
static inline uint64_t clock_ns_factor(uint64_t hz)
{
	return (CLOCK_SECOND_NS << 32) / hz;
}

/* Ticks per nanosecond; hz below 2^61. */
static inline uint64_t clock_tick_factor(uint64_t hz)
{
	return (hz / CLOCK_SECOND_NS << 32) +
	       (hz % CLOCK_SECOND_NS << 32) / CLOCK_SECOND_NS;
}

/* Sorts values; the one in the middle.  count at least 1. */
static inline uint64_t clock_median(uint64_t *values, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		uint64_t value = values[i];
		size_t at = i;

		for (; at && values[at - 1] > value; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
	return values[count / 2];
}

/*
 * The frequency to believe: what CPUID claims (0: nothing) is exact on metal,
 * but may be made up; within a thousandth of what was measured it is right.
 */
static inline uint64_t clock_choose(uint64_t measured, uint64_t claimed)
{
	uint64_t distance =
		measured > claimed ? measured - claimed : claimed - measured;

	return distance <= measured / 1000 ? claimed : measured;
}

#endif
