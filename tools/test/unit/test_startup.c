/* SPDX-License-Identifier: BSD-2-Clause */
/* hv/startup.c: sums, the three largest, and clocks that go back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/startup.h"

#define BEGIN " ticks from the loader's entry to the guest's start"

static void assert_text(const char *expected)
{
	char buffer[300];
	struct text t;

	text_begin(&t, buffer, sizeof(buffer));
	startup_text(&t);
	assert_string_equal(buffer, expected);
}

static void test_parts(void **state)
{
	(void)state;
	startup_begin(100);
	assert_text("0" BEGIN);
	startup_part("a", 110);
	assert_text("10" BEGIN "; most for a (10)");
	startup_part("b", 140);
	startup_part("c", 145);
	startup_part("d", 165);
	assert_text("65" BEGIN "; most for b (30), d (20), a (10)");
	startup_part("a", 205);
	assert_text("105" BEGIN "; most for a (50), b (30), d (20)");
}

static void test_clock_goes_back(void **state)
{
	(void)state;
	startup_begin(100);
	startup_part("a", 90);
	startup_part("b", 95);
	assert_text("5" BEGIN "; most for b (5), a (0)");
}

static void test_no_room(void **state)
{
	static char name[STARTUP_PARTS_MAX + 2][3];

	(void)state;
	startup_begin(0);
	for (unsigned i = 0; i < STARTUP_PARTS_MAX + 2; i++) {
		name[i][0] = (char)('a' + i);
		startup_part(name[i], i + 1);
	}
	assert_text("18" BEGIN "; most for p (3), a (1), b (1)");
	startup_begin(0);
	assert_text("0" BEGIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_clock_goes_back),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
