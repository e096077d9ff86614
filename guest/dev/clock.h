/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nanoseconds to ticks of a device's clock and back, exact to the tick for
 * ever (no accumulated error), in 64-bit arithmetic only.  A clock is given as
 * `ticks` per `period_ns`; both must be from 1 to 2^32 - 1.  Pure.
 */
#ifndef GUEST_DEV_CLOCK_H
#define GUEST_DEV_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER	UINT64_MAX
#define CLOCK_SECOND_NS 1000000000u

/*
 * The PC's timer crystal: PM timer 3579545 Hz (ACPI specification, "Power
 * Management Timer"), the PIT runs at exactly a third of it (1193181.67 Hz), so
 * that the two agree for ever.
 */
#define CLOCK_PM_TICKS	    3579545u
#define CLOCK_PM_PERIOD_NS  CLOCK_SECOND_NS
#define CLOCK_PIT_TICKS	    3579545u
#define CLOCK_PIT_PERIOD_NS (3 * CLOCK_SECOND_NS)
#define CLOCK_RTC_TICKS	    32768u
#define CLOCK_RTC_PERIOD_NS CLOCK_SECOND_NS

/* The number of whole ticks in ns, modulo 2^64. */
static inline uint64_t clock_ticks(uint64_t ns, uint32_t ticks,
				   uint32_t period_ns)
{
	return ns / period_ns * ticks + ns % period_ns * ticks / period_ns;
}

/*
 * The first nanosecond at which clock_ticks() is at least n; CLOCK_NEVER when
 * that does not fit.
 */
static inline uint64_t clock_ns(uint64_t n, uint32_t ticks, uint32_t period_ns)
{
	uint64_t whole = n / ticks;
	uint64_t part = (n % ticks * period_ns + ticks - 1) / ticks;

	if (whole > (CLOCK_NEVER - part) / period_ns)
		return CLOCK_NEVER;
	return whole * period_ns + part;
}

#endif
