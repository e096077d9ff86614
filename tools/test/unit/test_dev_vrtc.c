/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest/dev/vrtc.c and calendar.c: dates against the C library's, the way Linux
 * reads and sets the clock, and interrupts against counting second by second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "guest/dev/calendar.h"
#include "guest/dev/ticks.h"
#include "guest/dev/vrtc.h"

#define SECOND 1000000000ull
#define MS     1000000ull
/* Sunday 29 February 2032, 23:59:50. */
#define START	 1961711990ull
#define START_NS 7000000123ull

enum {
	SEC = 0,
	MIN = 2,
	HOUR = 4,
	WDAY = 6,
	MDAY,
	MONTH,
	YEAR,
	A,
	B,
	C,
	D,
	CENTURY = 0x32
};

static struct vrtc rtc;
static uint32_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

static int setup(void **state)
{
	(void)state;
	memset(&rtc, 0xa5, sizeof(rtc));
	vrtc_init(&rtc, START, 0, 0, START_NS);
	return 0;
}

static uint8_t in(unsigned reg, uint64_t now)
{
	vrtc_write(&rtc, 0x70, reg | (reg & 1 ? 0x80 : 0), now);
	return vrtc_read(&rtc, 0x71, now);
}

static void out(unsigned reg, uint8_t value, uint64_t now)
{
	vrtc_write(&rtc, 0x70, reg, now);
	vrtc_write(&rtc, 0x71, value, now);
}

/* Asserts on what a BCD, 24-hour clock shows: 0xYYYYMMDD, 0xHHMMSS. */
static void shows(uint64_t now, uint32_t date, uint32_t time)
{
	assert_int_equal(in(CENTURY, now), date >> 24);
	assert_int_equal(in(YEAR, now), date >> 16 & 0xff);
	assert_int_equal(in(MONTH, now), date >> 8 & 0xff);
	assert_int_equal(in(MDAY, now), date & 0xff);
	assert_int_equal(in(HOUR, now), time >> 16);
	assert_int_equal(in(MIN, now), time >> 8 & 0xff);
	assert_int_equal(in(SEC, now), time & 0xff);
}

/* Every day of 9999 years, and a second of each. */
static void test_calendar(void **state)
{
	const int64_t first = -62135596800 / 86400; /* 1 January 1 */

	(void)state;
	for (int64_t day = first; day < 2932897; day++) {
		int64_t unix_s = day * 86400 + random_below(86400);
		uint64_t seconds = unix_s + CALENDAR_UNIX_EPOCH_S;
		struct calendar c = calendar_of(seconds);
		struct tm tm;
		time_t t = unix_s;

		gmtime_r(&t, &tm);
		if ((int)c.year != tm.tm_year + 1900 ||
		    (int)c.month != tm.tm_mon + 1 || (int)c.day != tm.tm_mday ||
		    (int)c.weekday != tm.tm_wday || (int)c.hour != tm.tm_hour ||
		    (int)c.minute != tm.tm_min || (int)c.second != tm.tm_sec ||
		    calendar_seconds(&c) != seconds)
			fail_msg("day %lld", (long long)day);
	}
}

static void test_calendar_makes_dates_valid(void **state)
{
	struct calendar feb30 = {.year = 2023, .month = 2, .day = 30};
	struct calendar zero = {.year = 2000};
	struct calendar wild = {.year = 2100,
				.month = 200,
				.day = 200,
				.hour = 25,
				.minute = 61,
				.second = 62};
	struct calendar c = calendar_of(calendar_seconds(&feb30));

	(void)state;
	assert_int_equal(c.month * 100 + c.day, 228);
	c = calendar_of(calendar_seconds(&zero));
	assert_int_equal(c.month * 100 + c.day, 101);
	c = calendar_of(calendar_seconds(&wild));
	assert_int_equal(c.month * 100 + c.day, 1231);
	assert_int_equal(c.hour * 10000 + c.minute * 100 + c.second, 10102);
}

static void test_ticks_are_exact(void **state)
{
	(void)state;
	for (int i = 0; i < 1000000; i++) {
		uint64_t ns = (uint64_t)random_below(1 << 24) << 40 |
			      (uint64_t)random_below(1 << 24) << 16 |
			      random_below(1 << 16);
		uint64_t n =
			ticks_from_ns(ns >>= random_below(64), TICKS_PIT_COUNT,
				      TICKS_PIT_PERIOD_NS);

		assert_true(n == (__uint128_t)ns * TICKS_PIT_COUNT /
					 TICKS_PIT_PERIOD_NS);
		if (n) {
			uint64_t at = ticks_to_ns(n, TICKS_PIT_COUNT,
						  TICKS_PIT_PERIOD_NS);

			assert_true(at <= ns);
			assert_true(ticks_from_ns(at, TICKS_PIT_COUNT,
						  TICKS_PIT_PERIOD_NS) == n);
			assert_true(ticks_from_ns(at - 1, TICKS_PIT_COUNT,
						  TICKS_PIT_PERIOD_NS) ==
				    n - 1);
		}
	}
	assert_true(ticks_to_ns(UINT64_MAX, TICKS_PIT_COUNT,
				TICKS_PIT_PERIOD_NS) == TICKS_NEVER);
}

static void test_runs_over_a_leap_day(void **state)
{
	(void)state;
	shows(START_NS, 0x20320229, 0x235950);
	assert_int_equal(in(WDAY, START_NS), 0x01);
	shows(START_NS + 10 * SECOND - 1, 0x20320229, 0x235959);
	shows(START_NS + 10 * SECOND, 0x20320301, 0x000000);
	assert_int_equal(in(WDAY, START_NS + 10 * SECOND), 0x02);
	assert_int_equal(in(D, START_NS), 0x80);
	assert_int_equal(in(A, START_NS), 0x26);
	assert_int_equal(in(B, START_NS), 0x02);
}

static void test_binary_and_12_hours(void **state)
{
	uint64_t now = START_NS;

	(void)state;
	out(B, 0x06, now);
	assert_int_equal(in(HOUR, now), 23);
	assert_int_equal(in(SEC, now), 50);
	assert_int_equal(in(CENTURY, now), 20);
	out(B, 0x04, now);
	assert_int_equal(in(HOUR, now), 0x80 | 11);
	out(B, 0x00, now);
	assert_int_equal(in(HOUR, now), 0x91);
	now += 10 * SECOND;
	assert_int_equal(in(HOUR, now), 0x12); /* 12 AM */
	now += 12 * 3600 * SECOND;
	assert_int_equal(in(HOUR, now), 0x92); /* 12 PM */
	out(HOUR, 0x81, now);
	out(B, 0x02, now);
	assert_int_equal(in(HOUR, now), 0x13);
}

/* Linux, mc146818_set_time(). */
static void set_like_linux(uint64_t now)
{
	uint8_t control = in(B, now), select;

	out(B, control | 0x80, now);
	select = in(A, now);
	out(A, select | 0x70, now);
	out(YEAR, 0x70, now);
	out(MONTH, 0x01, now);
	out(MDAY, 0x02, now);
	out(HOUR, 0x03, now);
	out(MIN, 0x04, now);
	out(SEC, 0x05, now);
	out(CENTURY, 0x19, now);
	shows(now, 0x19700102, 0x030405);
	out(B, control, now);
	out(A, select, now);
}

static void test_set_like_linux(void **state)
{
	uint64_t now = START_NS + 123 * MS;

	(void)state;
	set_like_linux(now);
	shows(now, 0x19700102, 0x030405);
	shows(now + 500 * MS - 1, 0x19700102, 0x030405);
	shows(now + 500 * MS, 0x19700102, 0x030406);
	shows(now + 86400 * SECOND + 500 * MS, 0x19700103, 0x030406);
	/* Just after the VM's start, the divider began before it. */
	vrtc_init(&rtc, START, 0, 0, 0);
	set_like_linux(1);
	shows(500 * MS, 0x19700102, 0x030405);
	shows(500 * MS + 1, 0x19700102, 0x030406);
}

static void test_set_alone_keeps_the_phase(void **state)
{
	uint64_t now = START_NS + 900 * MS;

	(void)state;
	out(B, 0x92, now); /* SET clears UIE */
	assert_int_equal(in(B, now), 0x82);
	shows(now + 5 * SECOND, 0x20320229, 0x235950);
	assert_int_equal(in(A, now + 99 * MS) & 0x80, 0);
	out(B, 0x02, now + 5 * SECOND);
	shows(now + 5 * SECOND + 99 * MS, 0x20320229, 0x235950);
	shows(now + 5 * SECOND + 100 * MS, 0x20320229, 0x235951);
}

static void test_written_while_it_runs(void **state)
{
	(void)state;
	out(MIN, 0x30, START_NS + MS);
	shows(START_NS + SECOND, 0x20320229, 0x233051);
	out(WDAY, 0x05, START_NS + SECOND);
	assert_int_equal(in(WDAY, START_NS + SECOND), 0x05);
	assert_int_equal(in(WDAY, START_NS + 3 * 86400 * SECOND), 0x01);
	/* Thursday, called day 4: five days on is Tuesday, then day 2. */
	out(WDAY, 0x04, START_NS + 4 * 86400 * SECOND);
	assert_int_equal(in(WDAY, START_NS + 4 * 86400 * SECOND), 0x04);
	assert_int_equal(in(WDAY, START_NS + 9 * 86400 * SECOND), 0x02);
	setup(NULL);
	for (unsigned v = 0; v < 256; v++) {
		for (unsigned reg = 0; reg < A; reg++)
			out(reg, v, START_NS + SECOND);
		assert_in_range(in(SEC, START_NS + SECOND), 0, 0x59);
		assert_in_range(in(MDAY, START_NS + SECOND), 1, 0x31);
		assert_in_range(in(WDAY, START_NS + SECOND), 1, 7);
	}
}

static void test_update_in_progress(void **state)
{
	uint64_t edge = START_NS + SECOND;

	(void)state;
	assert_int_equal(in(A, edge - 2228001) & 0x80, 0);
	assert_int_equal(in(A, edge - 2228000) & 0x80, 0x80);
	assert_int_equal(in(A, edge - 1) & 0x80, 0x80);
	assert_int_equal(in(A, edge) & 0x80, 0);
	assert_int_equal(in(C, edge), 0x50); /* PF, UF: not enabled */
	assert_int_equal(in(C, edge), 0x00);
	vrtc_tick(&rtc, edge - SECOND); /* time never runs backwards */
	assert_int_equal(in(C, edge), 0x00);
}

static void test_update_interrupt(void **state)
{
	uint64_t now = START_NS;

	(void)state;
	assert_true(vrtc_next(&rtc) == TICKS_NEVER);
	out(B, 0x12, now);
	for (int i = 0; i < 1000; i++) {
		now = vrtc_next(&rtc);
		assert_true(now == START_NS + (i + 1) * SECOND);
		vrtc_tick(&rtc, now - 1);
		assert_false(vrtc_irq(&rtc));
		vrtc_tick(&rtc, now);
		assert_true(vrtc_irq(&rtc));
		assert_true(vrtc_next(&rtc) == TICKS_NEVER);
		assert_int_equal(in(C, now) & 0x90, 0x90);
		assert_false(vrtc_irq(&rtc));
	}
}

static void test_periodic_rates(void **state)
{
	static const uint32_t hz[16] = {0,    256, 128, 8192, 4096, 2048,
					1024, 512, 256, 128,  64,   32,
					16,   8,   4,	2};

	(void)state;
	for (unsigned rs = 0; rs < 16; rs++) {
		uint64_t now = START_NS + random_below(1000000000), end;
		uint32_t count = 0;

		vrtc_init(&rtc, START, 0, 0, START_NS);
		out(A, 0x20 | rs, now);
		out(B, 0x42, now);
		in(C, now);
		for (end = now + SECOND; vrtc_next(&rtc) <= end; count++) {
			assert_true(vrtc_next(&rtc) > now);
			now = vrtc_next(&rtc);
			vrtc_tick(&rtc, now - 1);
			assert_false(vrtc_irq(&rtc));
			vrtc_tick(&rtc, now);
			assert_int_equal(in(C, now) & 0xc0, 0xc0);
		}
		assert_int_equal(count, hz[rs]);
	}
}

static void test_alarm_against_counting(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++) {
		uint64_t unix_s = START + random_below(1000000);
		uint8_t want[3]; /* hour, minute, second; 0xc0-0xff: any */
		bool any[3], found = false;
		uint64_t now = START_NS, t = 0;

		vrtc_init(&rtc, unix_s, 0, 0, now);
		out(B, 0x26, now);
		for (int i = 0; i < 3; i++) {
			any[i] = random_below(3) == 0;
			want[i] = any[i] ? 0xc0 + random_below(64)
					 : random_below(i ? 61 : 25);
			out(5 - 2 * i, want[i], now);
		}
		while (!found && t < 86400) {
			uint32_t s = (unix_s + ++t) % 86400;

			found = (any[0] || s / 3600 == want[0]) &&
				(any[1] || s / 60 % 60 == want[1]) &&
				(any[2] || s % 60 == want[2]);
		}
		if (!found) {
			assert_true(vrtc_next(&rtc) == TICKS_NEVER);
			vrtc_tick(&rtc, now + 90000 * SECOND);
			assert_false(vrtc_irq(&rtc));
			continue;
		}
		assert_true(vrtc_next(&rtc) == now + t * SECOND);
		vrtc_tick(&rtc, now + t * SECOND - 1);
		assert_false(vrtc_irq(&rtc));
		vrtc_tick(&rtc, now + t * SECOND + random_below(2) * SECOND);
		assert_true(vrtc_irq(&rtc));
		assert_int_equal(in(C, now + (t + 1) * SECOND), 0xf0);
	}
}

static void test_alarm_in_12_hours(void **state)
{
	(void)state;
	out(B, 0x20, START_NS);
	out(5, 0x12, START_NS); /* 12 AM */
	out(3, 0x00, START_NS);
	out(1, 0x05, START_NS);
	assert_true(vrtc_next(&rtc) == START_NS + 15 * SECOND);
	out(5, 0x92, START_NS); /* 12 PM */
	assert_true(vrtc_next(&rtc) == START_NS + (12 * 3600 + 15) * SECOND);
	out(B, 0xa0, START_NS); /* no alarm while SET */
	assert_true(vrtc_next(&rtc) == TICKS_NEVER);
}

static void test_divider_reset_stops_everything(void **state)
{
	(void)state;
	out(B, 0x72, START_NS);
	out(A, 0x76, START_NS);
	in(C, START_NS);
	assert_true(vrtc_next(&rtc) == TICKS_NEVER);
	vrtc_tick(&rtc, START_NS + 100 * SECOND);
	assert_int_equal(in(C, START_NS + 100 * SECOND), 0);
	out(A, 0x26, START_NS + 100 * SECOND);
	assert_int_equal(in(C, START_NS + 100 * SECOND), 0);
	shows(START_NS + 100 * SECOND, 0x20320229, 0x235950);
}

static void test_memory_sizes(void **state)
{
	static const struct {
		uint64_t below, above;
		uint16_t base, extended, above_16m;
		uint32_t above_4g;
	} cases[] = {
		{0, 0, 0, 0, 0, 0},
		{512 << 10, 0, 512, 0, 0, 0},
		{16 << 20, 0, 640, 15360, 0, 0},
		{256 << 20, 0, 640, 65535, 0xf00, 0},
		{0xc0000000, 1ull << 32, 640, 65535, 0xbf00, 0x10000},
		{0xffff0000, 1ull << 50, 640, 65535, 0xfeff, 0xffffff},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		vrtc_init(&rtc, START, cases[i].below, cases[i].above, 0);
		assert_int_equal(in(0x15, 0) | in(0x16, 0) << 8, cases[i].base);
		assert_int_equal(in(0x17, 0) | in(0x18, 0) << 8,
				 cases[i].extended);
		assert_int_equal(in(0x30, 0) | in(0x31, 0) << 8,
				 cases[i].extended);
		assert_int_equal(in(0x34, 0) | in(0x35, 0) << 8,
				 cases[i].above_16m);
		assert_int_equal(in(0x5b, 0) | in(0x5c, 0) << 8 |
					 in(0x5d, 0) << 16,
				 cases[i].above_4g);
	}
}

static void test_memory_holds(void **state)
{
	(void)state;
	for (unsigned i = 0x0e; i < 128; i++) {
		if (i != CENTURY)
			out(i, i ^ 0x5a, START_NS);
	}
	for (unsigned i = 0x0e; i < 128; i++) {
		if (i != CENTURY)
			assert_int_equal(in(i, START_NS), i ^ 0x5a);
	}
	out(C, 0xff, START_NS);
	out(D, 0x00, START_NS);
	assert_int_equal(in(C, START_NS), 0x00);
	assert_int_equal(in(D, START_NS), 0x80);
	assert_int_equal(vrtc_read(&rtc, 0x70, START_NS), 0xff);
	assert_int_equal(vrtc_read(&rtc, 0x72, START_NS), 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, setup)
		TEST(test_calendar),
		TEST(test_calendar_makes_dates_valid),
		TEST(test_ticks_are_exact),
		TEST(test_runs_over_a_leap_day),
		TEST(test_binary_and_12_hours),
		TEST(test_set_like_linux),
		TEST(test_set_alone_keeps_the_phase),
		TEST(test_written_while_it_runs),
		TEST(test_update_in_progress),
		TEST(test_update_interrupt),
		TEST(test_periodic_rates),
		TEST(test_alarm_against_counting),
		TEST(test_alarm_in_12_hours),
		TEST(test_divider_reset_stops_everything),
		TEST(test_memory_sizes),
		TEST(test_memory_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
