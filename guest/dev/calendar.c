/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Gregorian calendar with years that begin in March: the leap day comes
 * last, and the day of the year follows from the month by one division.
 */
#include "guest/dev/calendar.h"

#include <stdbool.h>

#define CALENDAR_DAY_S	       86400u
#define CALENDAR_YEAR_DAYS     365u
#define CALENDAR_CENTURY_DAYS  36524u  /* without its leap day */
#define CALENDAR_CYCLE_DAYS    146097u /* 400 years */
#define CALENDAR_EPOCH_WEEKDAY 3u

/* Days from 1 March to the first of the month that comes n months later. */
static uint32_t calendar_days_to(uint32_t n)
{
	return (153 * n + 2) / 5;
}

struct calendar calendar_of(uint64_t seconds)
{
	uint64_t days = seconds / CALENDAR_DAY_S;
	uint32_t time = seconds % CALENDAR_DAY_S;
	uint32_t cycle_day = days % CALENDAR_CYCLE_DAYS;
	uint32_t year, year_day, month;
	struct calendar c;

	/* Remove the leap days, each of which ends 4, 100 or 400 years. */
	year = (cycle_day - cycle_day / (4 * CALENDAR_YEAR_DAYS) +
		cycle_day / CALENDAR_CENTURY_DAYS -
		cycle_day / (CALENDAR_CYCLE_DAYS - 1)) /
	       CALENDAR_YEAR_DAYS;
	year_day =
		cycle_day - (CALENDAR_YEAR_DAYS * year + year / 4 - year / 100);
	month = (5 * year_day + 2) / 153;
	c.day = year_day - calendar_days_to(month) + 1;
	c.month = month < 10 ? month + 3 : month - 9;
	c.year = year + days / CALENDAR_CYCLE_DAYS * 400 - 400 + (month >= 10);
	c.weekday = (days + CALENDAR_EPOCH_WEEKDAY) % 7;
	c.hour = time / 3600;
	c.minute = time / 60 % 60;
	c.second = time % 60;
	return c;
}

static uint32_t calendar_month_days(uint32_t year, uint32_t month)
{
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static uint32_t calendar_clamp(uint32_t value, uint32_t most)
{
	if (value < 1)
		return 1;
	return value < most ? value : most;
}

uint64_t calendar_seconds(const struct calendar *c)
{
	uint32_t month = calendar_clamp(c->month, 12);
	uint32_t day =
		calendar_clamp(c->day, calendar_month_days(c->year, month));
	uint64_t year = c->year + 400ull - (month <= 2);
	uint64_t days = year * CALENDAR_YEAR_DAYS + year / 4 - year / 100 +
			year / 400 + calendar_days_to((month + 9) % 12) + day -
			1;

	return days * CALENDAR_DAY_S + c->hour % 24 * 3600 +
	       c->minute % 60 * 60 + c->second % 60;
}
