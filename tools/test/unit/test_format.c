/* SPDX-License-Identifier: BSD-2-Clause */
/* hv/lib/format.c against the C library's snprintf, and at its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hv/lib/format.h"

#define SAME_AS_LIBC(...)                                                   \
	do {                                                                \
		char ours[128], theirs[128];                                \
		size_t length = format(ours, sizeof(ours), __VA_ARGS__);    \
		int wanted = snprintf(theirs, sizeof(theirs), __VA_ARGS__); \
                                                                            \
		assert_string_equal(ours, theirs);                          \
		assert_int_equal(length, wanted);                           \
	} while (0)

static void numbers(void **state)
{
	(void)state;
	SAME_AS_LIBC("%d %i %u", 0, -1, 1u);
	SAME_AS_LIBC("%d %d", INT32_MIN, INT32_MAX);
	SAME_AS_LIBC("%lld %lld", (long long)INT64_MIN, (long long)INT64_MAX);
	SAME_AS_LIBC("%llu %lu %zu", (unsigned long long)UINT64_MAX,
		     (unsigned long)UINT64_MAX, (size_t)7);
	SAME_AS_LIBC("%x %X %lx %llx", 0xabcdefu, 0xabcdefu, 0xffffffffful,
		     (unsigned long long)UINT64_MAX);
	SAME_AS_LIBC("%p", (void *)0x1234);
}

static void widths(void **state)
{
	(void)state;
	SAME_AS_LIBC("[%5d][%-5d][%05d][%05d]", 42, 42, 42, -42);
	SAME_AS_LIBC("[%*d][%-*d]", 7, 1, 7, 1);
	SAME_AS_LIBC("[%08x][%016llx]", 0xbeefu, 0xfee00000ull);
	SAME_AS_LIBC("[%30d][%030d]", 1, -1);
	SAME_AS_LIBC("[%1d][%01d]", 12345, -12345);
}

static void strings(void **state)
{
	(void)state;
	SAME_AS_LIBC("[%s][%8s][%-8s]", "abc", "abc", "abc");
	SAME_AS_LIBC("[%.2s][%.*s][%8.2s]", "abc", 1, "abc", "abc");
	SAME_AS_LIBC("[%c][%3c][%-3c]", 'x', 'y', 'z');
	SAME_AS_LIBC("100%% %s", "");
}

/* A precision bounds what is read, so the text needs no NUL. */
static void unterminated(void **state)
{
	const char text[3] = {'a', 'b', 'c'};
	char out[8];

	(void)state;
	assert_int_equal(format(out, sizeof(out), "%.3s", text), 3);
	assert_string_equal(out, "abc");
	assert_int_equal(format(out, sizeof(out), "%s", (char *)NULL), 6);
	assert_string_equal(out, "(null)");
}

static void bounds(void **state)
{
	char out[4] = "zzz";

	(void)state;
	assert_int_equal(format(out, 0, "abc"), 3);
	assert_string_equal(out, "zzz");
	assert_int_equal(format(out, 1, "abc"), 3);
	assert_string_equal(out, "");
	assert_int_equal(format(out, 4, "abc"), 3);
	assert_string_equal(out, "abc");
	assert_int_equal(format(out, 4, "%d", 123456), 6);
	assert_string_equal(out, "123");
	assert_int_equal(format(NULL, 0, "%5d", 1), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers), cmocka_unit_test(widths),
		cmocka_unit_test(strings), cmocka_unit_test(unterminated),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
