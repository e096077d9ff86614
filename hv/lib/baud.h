/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A 16550's speed: its clock, divided by 16 and by a divisor of 16 bits.  Pure.
 * Source: PC16550D data sheet, "Programmable Baud Generator".
 */
#ifndef HV_LIB_BAUD_H
#define HV_LIB_BAUD_H

#include <stdbool.h>
#include <stdint.h>

#define BAUD_CLOCK_HZ	 1843200u /* a PC's */
#define BAUD_DIVISOR_MAX 0xffffu

/* How far apart, in percent, two ends may be that still understand each other. */
#define BAUD_ERROR_MAX 3u

/* The divisor that comes closest; clock_hz 0: a PC's; baud is not 0. */
static inline uint32_t baud_divisor(uint32_t clock_hz, uint32_t baud)
{
	uint64_t clock = clock_hz ? clock_hz : BAUD_CLOCK_HZ;
	uint64_t divisor = (clock + 8ull * baud) / (16ull * baud);

	if (!divisor)
		return 1;
	return divisor < BAUD_DIVISOR_MAX ? (uint32_t)divisor
					  : BAUD_DIVISOR_MAX;
}

/* Whether that is close enough. */
static inline bool baud_is_possible(uint32_t clock_hz, uint32_t baud)
{
	uint64_t clock = clock_hz ? clock_hz : BAUD_CLOCK_HZ;
	uint64_t wanted = 16ull * baud * baud_divisor(clock_hz, baud);
	uint64_t error = clock > wanted ? clock - wanted : wanted - clock;

	return error * 100 <= wanted * BAUD_ERROR_MAX;
}

#endif
