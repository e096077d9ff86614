/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hv/lib/string.c against the C library, at every small size and distance.
 * The source is included under other names, since host programs have the C
 * library's functions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define memcpy	ours_memcpy
#define memmove ours_memmove
#define memset	ours_memset
#define memcmp	ours_memcmp
#define strlen	ours_strlen
#define strcmp	ours_strcmp
#define strncmp ours_strncmp
/* The renamed prototypes, which the library's header has not declared. */
#include "hv/lib/string.h"
#include "hv/lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp

#define SIZE 48u

static uint8_t ours[SIZE], theirs[SIZE];

static void fill(void)
{
	for (uint32_t i = 0; i < SIZE; i++)
		ours[i] = theirs[i] = (uint8_t)(i * 7 + 1);
}

static void moves(void **state)
{
	(void)state;
	for (uint32_t to = 0; to < SIZE; to++)
		for (uint32_t from = 0; from < SIZE; from++)
			for (uint32_t n = 0; to + n <= SIZE && from + n <= SIZE;
			     n++) {
				fill();
				assert_ptr_equal(
					ours_memmove(ours + to, ours + from, n),
					ours + to);
				memmove(theirs + to, theirs + from, n);
				assert_memory_equal(ours, theirs, SIZE);
			}
}

static void copies_and_sets(void **state)
{
	uint8_t source[SIZE];

	(void)state;
	memset(source, 0xee, sizeof(source));
	for (uint32_t to = 0; to < 16; to++)
		for (uint32_t n = 0; to + n <= SIZE; n++) {
			fill();
			ours_memcpy(ours + to, source, n);
			memcpy(theirs + to, source, n);
			assert_memory_equal(ours, theirs, SIZE);
			ours_memset(ours + to, -3, n);
			memset(theirs + to, -3, n);
			assert_memory_equal(ours, theirs, SIZE);
		}
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void comparisons(void **state)
{
	static const char *const words[] = {"",	   "a",	   "ab",  "abc",
					    "abd", "\xff", "ab\1"};

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(ours_strlen(words[i]), strlen(words[i]));
		for (size_t j = 0; j < 7; j++) {
			assert_int_equal(ours_strcmp(words[i], words[j]),
					 sign(strcmp(words[i], words[j])));
			for (size_t n = 0; n < 5; n++)
				assert_int_equal(
					ours_strncmp(words[i], words[j], n),
					sign(strncmp(words[i], words[j], n)));
		}
	}
	assert_int_equal(ours_memcmp("a\0b", "a\0c", 3), -1);
	assert_int_equal(ours_memcmp("a\0b", "a\0c", 2), 0);
	assert_int_equal(ours_memcmp("\xff", "a", 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves),
		cmocka_unit_test(copies_and_sets),
		cmocka_unit_test(comparisons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
