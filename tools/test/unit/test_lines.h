/* SPDX-License-Identifier: BSD-2-Clause */
/* For the tests of functions that add whole lines of a report. */
#ifndef TEST_LINES_H
#define TEST_LINES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hv/lib/text.h"

/* Nobody's line is wider than it may be; lines end. */
static inline void check_lines(const struct text *t)
{
	const char *line = t->buffer;

	assert_true(t->used < t->size - 1);
	while (*line) {
		size_t size = strcspn(line, "\n");

		assert_true(size < 80);
		assert_int_equal(line[size], '\n');
		line += size + 1;
	}
}

#endif
