/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx/exit_stats against sums, orders and percentiles counted another way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/test/unit/test_random.h"
#include "vmx/exit_stats.h"

static struct exit_stats stats;

static int begin(void **state)
{
	(void)state;
	memset(&stats, 0xa5, sizeof(stats));
	exit_stats_reset(&stats);
	return 0;
}

static struct exit_stats_row *by_reason(uint32_t reason)
{
	return &stats.row[exit_stats_of_reason[reason]];
}

static void port(uint32_t number, uint32_t ticks)
{
	exit_stats_add(exit_stats_row(&stats, EXIT_STATS_PORT,
				      EXIT_REASON_IO_INSTRUCTION, number),
		       ticks);
}

/* The summary of a detail; its count is 0 if it has no row. */
static struct exit_stats_summary find(enum exit_stats_kind kind,
				      uint32_t reason, uint32_t detail)
{
	struct exit_stats_summary s, found = {0};

	for (uint32_t row = 0; row < EXIT_STATS_ROWS; row++)
		if (exit_stats_read(&stats, row, &s) && s.has_detail &&
		    s.kind == kind && s.reason == reason &&
		    s.detail == detail) {
			assert_int_equal(found.count, 0);
			found = s;
		}
	return found;
}

static uint64_t total(void)
{
	struct exit_stats_summary s;
	uint64_t sum = 0;

	for (uint32_t row = 0; row < EXIT_STATS_ROWS; row++)
		if (exit_stats_read(&stats, row, &s))
			sum += s.count;
	return sum;
}

static void nothing_yet(void **state)
{
	struct exit_stats_summary s;

	(void)state;
	for (uint32_t row = 0; row < EXIT_STATS_ROWS; row++)
		assert_false(exit_stats_read(&stats, row, &s));
}

static void every_reason_once(void **state)
{
	uint32_t reason_of[EXIT_STATS_REASONS] = {0};

	(void)state;
	for (uint32_t reason = 0; reason < EXIT_REASON_COUNT; reason++) {
		uint32_t row = exit_stats_of_reason[reason];
		struct exit_stats_summary s;

		assert_true(row < EXIT_STATS_REASONS);
		if (row)
			assert_int_equal(reason_of[row], 0);
		reason_of[row] = reason + 1;
		exit_stats_add(by_reason(reason), 100);
		assert_true(exit_stats_read(&stats, row, &s));
		assert_int_equal(s.reason, row ? reason : EXIT_REASON_COUNT);
		assert_false(s.has_detail);
	}
	assert_int_equal(total(), EXIT_REASON_COUNT);
}

static void edges(void **state)
{
	static const uint32_t ticks[] = {0,  7,	 8,	   15,	       16,
					 17, 31, 1u << 31, UINT32_MAX, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		uint32_t counts_as = ticks[i] < 8 ? 8 : ticks[i];
		struct exit_stats_summary s;

		exit_stats_reset(&stats);
		exit_stats_add(by_reason(EXIT_REASON_CPUID), ticks[i]);
		assert_true(exit_stats_read(
			&stats, exit_stats_of_reason[EXIT_REASON_CPUID], &s));
		assert_int_equal(s.count, 1);
		assert_int_equal(s.sum, counts_as);
		assert_int_equal(s.min, counts_as);
		assert_int_equal(s.median, counts_as);
		assert_int_equal(s.p99, counts_as);
		assert_int_equal(s.max, counts_as);
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The range grows on either side, whatever comes first. */
static void ranges(void **state)
{
	static const uint32_t ticks[] = {UINT32_MAX, 100, 50, 120, 99, 8, 300};
	uint32_t row = exit_stats_of_reason[EXIT_REASON_CPUID];

	(void)state;
	for (size_t first = 0; first < sizeof(ticks) / sizeof(ticks[0]);
	     first++) {
		uint32_t min = UINT32_MAX, max = 0;

		exit_stats_reset(&stats);
		for (size_t i = first; i < sizeof(ticks) / sizeof(ticks[0]);
		     i++) {
			struct exit_stats_summary s;

			exit_stats_add(by_reason(EXIT_REASON_CPUID), ticks[i]);
			min = ticks[i] < min ? ticks[i] : min;
			max = ticks[i] > max ? ticks[i] : max;
			assert_true(exit_stats_read(&stats, row, &s));
			assert_int_equal(s.count, i - first + 1);
			assert_int_equal(s.min, min);
			assert_int_equal(s.max, max);
		}
	}
}

/* What came out for a percentile is in the bucket of the true one. */
static void assert_same_bucket(uint32_t is, uint32_t is_true)
{
	if (is_true < 16)
		assert_true(is <= 16);
	else
		assert_true(is / 2 <= is_true && is_true / 2 <= is);
}

static void percentiles(void **state)
{
	static uint32_t ticks[1000];

	(void)state;
	random_seed(1);
	for (unsigned round = 0; round < 200; round++) {
		uint32_t count = 1 + (uint32_t)random64() % 1000;
		unsigned spread = (uint32_t)random64() % 31;
		struct exit_stats_summary s;
		uint64_t sum = 0;

		exit_stats_reset(&stats);
		for (uint32_t i = 0; i < count; i++) {
			ticks[i] = (uint32_t)random64() >>
				   ((uint32_t)random64() % (spread + 1));
			if (ticks[i] < 8)
				ticks[i] = 8;
			sum += ticks[i];
			exit_stats_add(by_reason(EXIT_REASON_HLT), ticks[i]);
		}
		qsort(ticks, count, sizeof(ticks[0]), compare);
		assert_true(exit_stats_read(
			&stats, exit_stats_of_reason[EXIT_REASON_HLT], &s));
		assert_int_equal(s.count, count);
		assert_int_equal(s.sum, sum);
		assert_int_equal(s.min, ticks[0]);
		assert_int_equal(s.max, ticks[count - 1]);
		assert_same_bucket(s.median, ticks[(count + 1) / 2 - 1]);
		assert_same_bucket(s.p99, ticks[(count * 99 + 99) / 100 - 1]);
		assert_true(s.min <= s.median && s.median <= s.p99 &&
			    s.p99 <= s.max);
	}
}

static void details_apart(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		port(0x3f8, 100);
		port(0x3fd, 200);
		exit_stats_add(exit_stats_row(&stats, EXIT_STATS_MSR,
					      EXIT_REASON_RDMSR, 0x3b),
			       300);
		exit_stats_add(exit_stats_row(&stats, EXIT_STATS_MSR,
					      EXIT_REASON_WRMSR, 0x3b),
			       400);
		exit_stats_add(exit_stats_row(&stats, EXIT_STATS_APIC,
					      EXIT_REASON_APIC_WRITE, 0xb0),
			       500);
	}
	assert_int_equal(
		find(EXIT_STATS_PORT, EXIT_REASON_IO_INSTRUCTION, 0x3f8).sum,
		10000);
	assert_int_equal(
		find(EXIT_STATS_PORT, EXIT_REASON_IO_INSTRUCTION, 0x3fd).sum,
		20000);
	assert_int_equal(find(EXIT_STATS_MSR, EXIT_REASON_RDMSR, 0x3b).sum,
			 30000);
	assert_int_equal(find(EXIT_STATS_MSR, EXIT_REASON_WRMSR, 0x3b).sum,
			 40000);
	assert_int_equal(
		find(EXIT_STATS_APIC, EXIT_REASON_APIC_WRITE, 0xb0).count, 100);
	assert_int_equal(
		find(EXIT_STATS_APIC, EXIT_REASON_APIC_ACCESS, 0xb0).count, 0);
}

/* A walk over all ports takes no row away from one that is in use, and leaves
 * room for what comes later; nothing is lost or counted twice. */
static void scan(void **state)
{
	struct exit_stats_summary s;

	(void)state;
	for (unsigned i = 0; i < EXIT_STATS_STAYS; i++)
		port(0x3f8, 64);
	for (uint32_t number = 0; number < 65536; number++)
		if (number != 0x3f8)
			port(number, 32);
	for (unsigned i = 0; i < 1000; i++)
		port(0x70, 48);
	s = find(EXIT_STATS_PORT, EXIT_REASON_IO_INSTRUCTION, 0x3f8);
	assert_int_equal(s.count, EXIT_STATS_STAYS);
	s = find(EXIT_STATS_PORT, EXIT_REASON_IO_INSTRUCTION, 0x70);
	assert_true(s.count >= 1000);
	assert_int_equal(total(), EXIT_STATS_STAYS + 65535 + 1000);
	assert_true(exit_stats_read(
		&stats, exit_stats_of_reason[EXIT_REASON_IO_INSTRUCTION], &s));
	assert_true(s.rest);
	assert_int_equal(s.min, 32);
}

/* More details than rows, all of them often: the rest has its row. */
static void full(void **state)
{
	struct exit_stats_summary s;
	uint64_t in_rows = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		for (uint32_t msr = 0; msr < 3 * EXIT_STATS_DETAILS; msr++)
			exit_stats_add(exit_stats_row(&stats, EXIT_STATS_MSR,
						      EXIT_REASON_WRMSR, msr),
				       1000);
	for (uint32_t msr = 0; msr < 3 * EXIT_STATS_DETAILS; msr++)
		in_rows += find(EXIT_STATS_MSR, EXIT_REASON_WRMSR, msr).count;
	assert_true(exit_stats_read(
		&stats, exit_stats_of_reason[EXIT_REASON_WRMSR], &s));
	assert_int_equal(in_rows + s.count, 100 * 3 * EXIT_STATS_DETAILS);
	assert_int_equal(s.sum, 1000 * s.count);
	assert_true(s.count > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_yet, begin),
		cmocka_unit_test_setup(every_reason_once, begin),
		cmocka_unit_test_setup(edges, begin),
		cmocka_unit_test_setup(ranges, begin),
		cmocka_unit_test_setup(percentiles, begin),
		cmocka_unit_test_setup(details_apart, begin),
		cmocka_unit_test_setup(scan, begin),
		cmocka_unit_test_setup(full, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
