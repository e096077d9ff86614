/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of mm/guest_mem.c: copies over page and bank borders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "mm/guest_mem.h"
#include "mm/window.h"

/* Two banks that touch in guest-physical memory but not in the host's, and
 * one apart from them. */
static const struct guest_mem mem = {
	.bank =
		{
			{.start = {0},
			 .size_bytes = 0x4000,
			 .backing = {0x10000}},
			{.start = {0x4000},
			 .size_bytes = 0x2000,
			 .backing = {0x8000}},
			{.start = {1ull << 32},
			 .size_bytes = 0x1000,
			 .backing = {0x40000}},
		},
	.bank_count = 3,
};

static void test_translate(void **state)
{
	hpa_t where;

	(void)state;
	assert_true(guest_mem_translate(&mem, gpa(0x3fff), &where));
	assert_int_equal(where.value, 0x13fff);
	assert_true(guest_mem_translate(&mem, gpa(0x4000), &where));
	assert_int_equal(where.value, 0x8000);
	assert_true(guest_mem_translate(&mem, gpa((1ull << 32) + 5), &where));
	assert_int_equal(where.value, 0x40005);
	assert_false(guest_mem_translate(&mem, gpa(0x6000), &where));
	assert_false(guest_mem_translate(&mem, gpa((1ull << 32) - 1), &where));
	assert_false(guest_mem_translate(&mem, gpa(~0ull), &where));
}

static void test_copy_over_borders(void **state)
{
	uint8_t out[0x3000], in[0x3000];

	(void)state;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 7 + i / 256);
	assert_true(guest_mem_write(&mem, gpa(0x2345), out, sizeof(out)));
	assert_true(guest_mem_read(&mem, gpa(0x2345), in, sizeof(in)));
	assert_memory_equal(out, in, sizeof(in));
	/* The bytes lie where the banks say. */
	assert_int_equal(window_fake[0x12345], out[0]);
	assert_int_equal(window_fake[0x8000], out[0x4000 - 0x2345]);
	assert_true(guest_mem_zero(&mem, gpa(0x3ff0), 0x20));
	assert_int_equal(window_fake[0x13fff], 0);
	assert_int_equal(window_fake[0x800f], 0);
	assert_int_equal(window_fake[0x13fef], out[0x3fef - 0x2345]);
	assert_int_equal(window_fake[0x8010], out[0x4010 - 0x2345]);
}

static void test_outside(void **state)
{
	uint8_t bytes[32] = {0};

	(void)state;
	assert_false(guest_mem_read(&mem, gpa(0x5ff0), bytes, 32));
	assert_false(guest_mem_write(&mem, gpa(0x5ff0), bytes, 32));
	assert_false(guest_mem_zero(&mem, gpa(0x7000), 1));
	assert_false(guest_mem_read(&mem, gpa(~0ull - 3), bytes, 32));
	assert_true(guest_mem_read(&mem, gpa(0x7000), bytes, 0));
}

static void test_or64(void **state)
{
	uint64_t word = 0x10;

	(void)state;
	guest_mem_write(&mem, gpa(0x100), &word, sizeof(word));
	assert_true(guest_mem_or64(&mem, gpa(0x100), 0x61));
	guest_mem_read(&mem, gpa(0x100), &word, sizeof(word));
	assert_int_equal(word, 0x71);
	assert_false(guest_mem_or64(&mem, gpa(0x101), 1));
	assert_false(guest_mem_or64(&mem, gpa(0x7000), 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_translate),
		cmocka_unit_test(test_copy_over_borders),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_or64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
