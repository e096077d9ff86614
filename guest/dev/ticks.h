/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nanoseconds to ticks of a device's clock and back, exact to the tick for
 * ever (no accumulated error), in 64-bit arithmetic only.  A clock is given as
 * `ticks` per `period_ns`; both must be from 1 to 2^32 - 1.  Pure.
 */
#ifndef GUEST_DEV_TICKS_H
#define GUEST_DEV_TICKS_H

#include <stdint.h>

#define TICKS_NEVER	UINT64_MAX
#define TICKS_SECOND_NS 1000000000u

/*
 * The PC's timer crystal: PM timer 3579545 Hz (ACPI specification, "Power
 * Management Timer"), the PIT runs at exactly a third of it (1193181.67 Hz), so
 * that the two agree for ever.
 */
#define TICKS_PM_COUNT	    3579545u
#define TICKS_PM_PERIOD_NS  TICKS_SECOND_NS
#define TICKS_PIT_COUNT	    3579545u
#define TICKS_PIT_PERIOD_NS (3 * TICKS_SECOND_NS)
#define TICKS_RTC_COUNT	    32768u
#define TICKS_RTC_PERIOD_NS TICKS_SECOND_NS

/* The number of whole ticks in ns, modulo 2^64. */
static inline uint64_t ticks_from_ns(uint64_t ns, uint32_t ticks,
				     uint32_t period_ns)
{
	return ns / period_ns * ticks + ns % period_ns * ticks / period_ns;
}

/*
 * The first nanosecond at which ticks_from_ns() is at least n; TICKS_NEVER when
 * that does not fit.
 */
static inline uint64_t ticks_to_ns(uint64_t n, uint32_t ticks,
				   uint32_t period_ns)
{
	uint64_t whole = n / ticks;
	uint64_t part = (n % ticks * period_ns + ticks - 1) / ticks;

	if (whole > (TICKS_NEVER - part) / period_ns)
		return TICKS_NEVER;
	return whole * period_ns + part;
}

#endif
