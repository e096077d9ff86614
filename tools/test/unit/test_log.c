/* SPDX-License-Identifier: BSD-2-Clause */
/* The log's levels as text, and how much a subject may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hv/lib/log_levels.h"
#include "hv/console/log_limit.h"

static struct log_levels levels;

static bool parse(const char *text)
{
	return log_levels_parse(&levels, text, strlen(text));
}

static void levels_by_name(void **state)
{
	(void)state;
	log_levels_default(&levels);
	for (uint32_t s = 0; s < LOG_SUBJECT_COUNT; s++)
		assert_int_equal(levels.of[s], LOG_INFO);
	assert_true(parse("error"));
	for (uint32_t s = 0; s < LOG_SUBJECT_COUNT; s++)
		assert_int_equal(levels.of[s], LOG_ERROR);
	assert_true(parse("notice, vm=debug,apic = warning gdb=info"));
	assert_int_equal(levels.of[LOG_BOOT], LOG_NOTICE);
	assert_int_equal(levels.of[LOG_VM], LOG_DEBUG);
	assert_int_equal(levels.of[LOG_APIC], LOG_WARNING);
	assert_int_equal(levels.of[LOG_GDB], LOG_INFO);
	assert_int_equal(levels.of[LOG_VMX], LOG_NOTICE);
}

static void mistakes_change_nothing(void **state)
{
	static const char *const bad[] = {
		"",	  " ,",	     "loud",	"vm=",	       "vm",
		"=debug", "x=debug", "vm=loud", "debug=",      "vm==debug",
		"debu",	  "debug1",  "error x", "debug, vm=x",
	};
	struct log_levels before;

	(void)state;
	log_levels_default(&levels);
	before = levels;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(parse(bad[i]));
		assert_memory_equal(&before, &levels, sizeof(levels));
	}
}

static void a_burst_and_then_a_rate(void **state)
{
	struct log_limit limit = {0};
	uint32_t dropped = 99;
	uint64_t ms = 1000;

	(void)state;
	for (int i = 0; i < LOG_LIMIT_BURST; i++)
		assert_int_equal(log_limit_line(&limit, ms, &dropped),
				 LOG_LIMIT_PASS);
	assert_int_equal(log_limit_line(&limit, ms, &dropped),
			 LOG_LIMIT_FIRST_DROP);
	assert_int_equal(log_limit_line(&limit, ms, &dropped), LOG_LIMIT_DROP);
	ms += 1000 / LOG_LIMIT_PER_SECOND;
	assert_int_equal(log_limit_line(&limit, ms, &dropped),
			 LOG_LIMIT_PASS_AFTER_DROPS);
	assert_int_equal(dropped, 2);
	assert_int_equal(log_limit_line(&limit, ms, &dropped),
			 LOG_LIMIT_FIRST_DROP);
	assert_int_equal(limit.total, 3);
	/* A second's worth, in whatever steps. */
	for (int i = 0, passed = 0; i < 1000; i++) {
		ms++;
		passed += log_limit_line(&limit, ms, &dropped) <=
			  LOG_LIMIT_PASS_AFTER_DROPS;
		if (i == 999)
			assert_int_equal(passed, LOG_LIMIT_PER_SECOND);
	}
	ms += 100000000;
	for (int i = 0; i < LOG_LIMIT_BURST; i++)
		assert_true(log_limit_line(&limit, ms, &dropped) <=
			    LOG_LIMIT_PASS_AFTER_DROPS);
	assert_int_equal(log_limit_line(&limit, ms, &dropped),
			 LOG_LIMIT_FIRST_DROP);
}

static void a_clock_that_stands_or_steps_back(void **state)
{
	struct log_limit limit = {0};
	uint32_t dropped;

	(void)state;
	assert_int_equal(log_limit_line(&limit, 5000, &dropped),
			 LOG_LIMIT_PASS);
	for (int i = 1; i < LOG_LIMIT_BURST; i++)
		log_limit_line(&limit, 0, &dropped);
	assert_int_equal(log_limit_line(&limit, 1, &dropped),
			 LOG_LIMIT_FIRST_DROP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_by_name),
		cmocka_unit_test(mistakes_change_nothing),
		cmocka_unit_test(a_burst_and_then_a_rate),
		cmocka_unit_test(a_clock_that_stands_or_steps_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
