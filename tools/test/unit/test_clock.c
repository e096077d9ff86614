/* SPDX-License-Identifier: BSD-2-Clause */
/* Clock arithmetic: both conversions, the median, which frequency is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hv/clock_math.h"

static const uint64_t frequencies[] = {
	1000000,    100000000,	 999999999,  1000000000,
	2399999999, 3333333333u, 5000000001, 9999999999,
};

#define COUNT (sizeof(frequencies) / sizeof(frequencies[0]))

/* A year must be right to about a second at any frequency (2^-32 per factor of
 * at least 2^28, and the factor's own rounding). */
static void a_year_is_a_year(void **state)
{
	const uint64_t year_s = 365 * 86400;

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		uint64_t hz = frequencies[i];
		uint64_t ns = clock_scale(year_s * hz, clock_ns_factor(hz));
		uint64_t ticks = clock_scale(year_s * CLOCK_SECOND_NS,
					     clock_tick_factor(hz));

		assert_in_range(ns, year_s * CLOCK_SECOND_NS - CLOCK_SECOND_NS,
				year_s * CLOCK_SECOND_NS);
		/* One unit in 2^-32 ticks per ns: 1e6 Hz has few bits. */
		assert_in_range(ticks, year_s * hz - year_s / 4 - 1,
				year_s * hz);
	}
}

static void small_values_round_down(void **state)
{
	(void)state;
	uint64_t ns = clock_ns_factor(100000000);
	uint64_t ticks = clock_tick_factor(100000000);

	assert_int_equal(clock_scale(0, ns), 0);
	assert_int_equal(clock_scale(1, ns), 10);
	assert_int_equal(clock_scale(9, ticks), 0);
	assert_in_range(clock_scale(100, ticks), 9, 10);
}

static void median_ignores_the_odd_one(void **state)
{
	uint64_t values[] = {5, 1000000, 4, 6, 0};
	uint64_t one[] = {7};

	(void)state;
	assert_int_equal(clock_median(values, 5), 5);
	assert_int_equal(clock_median(one, 1), 7);
}

static void claim_counts_when_near(void **state)
{
	(void)state;
	assert_int_equal(clock_choose(1000000, 1001000), 1001000);
	assert_int_equal(clock_choose(1000000, 999000), 999000);
	assert_int_equal(clock_choose(1000000, 1001001), 1000000);
	assert_int_equal(clock_choose(1000000, 998999), 1000000);
	assert_int_equal(clock_choose(100000000, 2400000000), 100000000);
	assert_int_equal(clock_choose(100000000, 0), 100000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_year_is_a_year),
		cmocka_unit_test(small_values_round_down),
		cmocka_unit_test(median_ignores_the_odd_one),
		cmocka_unit_test(claim_counts_when_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
