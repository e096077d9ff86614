/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seconds to Gregorian date and time of day and back, years 0 to 9999 and
 * beyond.  Seconds count from 1 March of the year -400, so that every date that
 * a real-time clock can be set to is positive.  Pure.
 */
#ifndef GUEST_DEV_CALENDAR_H
#define GUEST_DEV_CALENDAR_H

#include <stdint.h>

/* 1 January 1970, 0:00. */
#define CALENDAR_UNIX_EPOCH_S (865565ull * 86400)

struct calendar {
	uint32_t year;
	uint32_t month;	  /* 1 to 12 */
	uint32_t day;	  /* 1 to 31 */
	uint32_t weekday; /* 0 (Sunday) to 6 */
	uint32_t hour, minute, second;
};

/* The date of seconds, from the year 0 on. */
struct calendar calendar_of(uint64_t seconds);

/*
 * The seconds of a date (weekday is not looked at).  Fields out of range are
 * brought into it: month and day to the nearest, the time of day by wrapping.
 */
uint64_t calendar_seconds(const struct calendar *c);

#endif
