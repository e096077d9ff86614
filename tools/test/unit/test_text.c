/* SPDX-License-Identifier: BSD-2-Clause */
/* hv/lib/text.c: pieces, columns, bits by name, sets of vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hv/lib/text.h"

static char buffer[64];
static struct text t;

static int begin(void **state)
{
	(void)state;
	text_begin(&t, buffer, sizeof(buffer));
	return 0;
}

static void pieces_follow_each_other(void **state)
{
	(void)state;
	text_add(&t, "a%u", 1u);
	text_add(&t, " %s", "b");
	assert_string_equal(buffer, "a1 b");
	assert_int_equal(t.used, 4);
}

static void what_does_not_fit_is_left_out(void **state)
{
	(void)state;
	text_begin(&t, buffer, 5);
	text_add(&t, "abc");
	text_add(&t, "defg");
	text_add(&t, "h");
	text_column(&t, 20);
	assert_string_equal(buffer, "abcd");
	assert_int_equal(t.used, 4);
	text_begin(&t, buffer, 1);
	text_add(&t, "x");
	assert_string_equal(buffer, "");
}

static void columns_count_from_the_line(void **state)
{
	(void)state;
	text_add(&t, "one\nab");
	text_column(&t, 4);
	text_add(&t, "c");
	text_column(&t, 2);
	text_add(&t, "d\n");
	text_column(&t, 0);
	text_add(&t, "e");
	assert_string_equal(buffer, "one\nab  c d\ne");
}

static void words_fill_lines(void **state)
{
	static char wide[300];

	(void)state;
	text_begin(&t, wide, sizeof(wide));
	text_add(&t, "%*s", TEXT_WIDTH - 4, "a:");
	text_words(&t, 2, "bc d ef");
	text_words(&t, 2, "g");
	assert_string_equal(wide + TEXT_WIDTH - 6, "a: bc\n  d ef g");
	text_begin(&t, buffer, sizeof(buffer));
	text_words(&t, 2, "");
	text_add(&t, "a\n");
	text_words(&t, 2, "b");
	assert_string_equal(buffer, "a\nb");
}

static void bits_have_names(void **state)
{
	static const struct text_bit bits[] = {{0, "PE"}, {63, "top"}};

	(void)state;
	text_bits(&t, 1ull << 63 | 1 << 5 | 1, bits, 2);
	assert_string_equal(buffer, " PE bit 5 top");
	text_begin(&t, buffer, sizeof(buffer));
	text_bits(&t, ~(uint64_t)2, bits, 2);
	assert_string_equal(buffer, " PE bits 2-62 top");
	text_begin(&t, buffer, sizeof(buffer));
	text_bits(&t, 3ull << 62, bits, 1);
	assert_string_equal(buffer, " bits 62-63");
}

static void vectors_are_ranges(void **state)
{
	struct bitmap256 set = {{0}};
	static const uint8_t vectors[] = {0,	0x30, 0x3f, 0x40,
					  0x41, 0x50, 0x51, 0xff};

	(void)state;
	text_vectors(&t, &set);
	assert_string_equal(buffer, "none");
	for (size_t i = 0; i < sizeof(vectors); i++)
		bitmap256_set(&set, vectors[i]);
	text_begin(&t, buffer, sizeof(buffer));
	text_vectors(&t, &set);
	assert_string_equal(buffer, "00 30 3f-41 50 51 ff");
	set = (struct bitmap256){{~0ull, ~0ull, ~0ull, ~0ull}};
	text_begin(&t, buffer, sizeof(buffer));
	text_vectors(&t, &set);
	assert_string_equal(buffer, "00-ff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(pieces_follow_each_other, begin),
		cmocka_unit_test_setup(what_does_not_fit_is_left_out, begin),
		cmocka_unit_test_setup(columns_count_from_the_line, begin),
		cmocka_unit_test_setup(words_fill_lines, begin),
		cmocka_unit_test_setup(bits_have_names, begin),
		cmocka_unit_test_setup(vectors_are_ranges, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
