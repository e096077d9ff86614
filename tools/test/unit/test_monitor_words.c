/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor's lines taken apart: words, numbers, names; names completed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hv/monitor/complete.h"
#include "hv/monitor/words.h"

static struct words words;

static void splits(void **state)
{
	(void)state;
	assert_int_equal(words_split(&words, "  mem\t0x10   4 "), WORDS_GOOD);
	assert_int_equal(words.count, 3);
	assert_string_equal(words.word[0], "mem");
	assert_string_equal(words.word[1], "0x10");
	assert_string_equal(words.word[2], "4");
	assert_int_equal(words_split(&words, "a\001b\377c"), WORDS_GOOD);
	assert_int_equal(words.count, 3);
}

static void nothing_and_comments(void **state)
{
	(void)state;
	assert_int_equal(words_split(&words, ""), WORDS_GOOD);
	assert_int_equal(words.count, 0);
	assert_int_equal(words_split(&words, "  # vms"), WORDS_GOOD);
	assert_int_equal(words.count, 0);
	assert_int_equal(words_split(&words, "vms #x y"), WORDS_GOOD);
	assert_int_equal(words.count, 1);
	assert_int_equal(words_split(&words, "a#b"), WORDS_GOOD);
	assert_string_equal(words.word[0], "a#b");
}

static void limits(void **state)
{
	char line[WORDS_LINE_SIZE + 1];

	(void)state;
	assert_int_equal(words_split(&words, "1 2 3 4 5 6 7 8 9"), WORDS_GOOD);
	assert_int_equal(words.count, WORDS_MAX);
	assert_int_equal(words_split(&words, "1 2 3 4 5 6 7 8 9 10"),
			 WORDS_TOO_MANY);
	memset(line, 'x', sizeof(line));
	line[WORDS_LINE_SIZE] = '\0';
	assert_int_equal(words_split(&words, line), WORDS_TOO_LONG);
	line[WORDS_LINE_SIZE - 1] = '\0';
	assert_int_equal(words_split(&words, line), WORDS_GOOD);
	assert_int_equal(strlen(words.word[0]), WORDS_LINE_SIZE - 1);
}

static void numbers(void **state)
{
	static const char *const bad[] = {
		"",
		"0x",
		"-1",
		"+1",
		"1 ",
		"12a",
		"0xg",
		"x1",
		"1.5",
		"18446744073709551616",
		"0x10000000000000000",
	};
	uint64_t n;

	(void)state;
	assert_true(words_number("0", 0, &n));
	assert_int_equal(n, 0);
	assert_true(words_number("255", 255, &n));
	assert_false(words_number("256", 255, &n));
	assert_true(words_number("0XfF", 255, &n));
	assert_int_equal(n, 255);
	assert_true(words_number("18446744073709551615", UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	assert_true(words_number("0xffffffffffffffff", UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(words_number(bad[i], UINT64_MAX, &n));
}

static void dotted(void **state)
{
	const char *after;
	char before[8];

	(void)state;
	assert_true(words_dotted("deb.12", before, sizeof(before), &after));
	assert_string_equal(before, "deb");
	assert_string_equal(after, "12");
	assert_true(words_dotted("1234567.0", before, sizeof(before), &after));
	assert_string_equal(before, "1234567");
	assert_false(
		words_dotted("12345678.0", before, sizeof(before), &after));
	assert_false(words_dotted("deb", before, sizeof(before), &after));
	assert_false(words_dotted("deb.", before, sizeof(before), &after));
	assert_false(words_dotted(".1", before, sizeof(before), &after));
	assert_false(words_dotted("", before, sizeof(before), &after));
}

static struct complete completed(const char *word)
{
	static const char *const names[] = {"vm", "vms", "vmcs", "vcpu", "mem"};
	struct complete found = {0};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		complete_add(&found, word, strlen(word), names[i]);
	return found;
}

static void completes(void **state)
{
	(void)state;
	assert_int_equal(completed("x").count, 0);
	assert_null(completed("x").name);
	assert_int_equal(completed("m").count, 1);
	assert_int_equal(completed("m").common, 3);
	assert_string_equal(completed("m").name, "mem");
	assert_int_equal(completed("v").count, 4);
	assert_int_equal(completed("v").common, 1);
	assert_int_equal(completed("vm").count, 3);
	assert_int_equal(completed("vm").common, 2);
	assert_int_equal(completed("vmsx").count, 0);
	assert_int_equal(completed("").count, 5);
	assert_int_equal(completed("").common, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits),
		cmocka_unit_test(nothing_and_comments),
		cmocka_unit_test(limits),
		cmocka_unit_test(numbers),
		cmocka_unit_test(dotted),
		cmocka_unit_test(completes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
