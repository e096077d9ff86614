/* SPDX-License-Identifier: BSD-2-Clause */
/* hv/lib/log_ring.c: the newest lines come back, whenever the writer stops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hv/lib/log_ring.h"

#define SIZE	LOG_RING_BYTES_MIN
#define HEADERS 80u

static uint8_t memory[SIZE] __attribute__((aligned(8)));
static uint8_t before[SIZE];
static struct log_ring ring;
static struct log_ring_reader reader;
static char text[LOG_RING_LINE_MAX];

static void add(const char *line)
{
	log_ring_add(&ring, line, strlen(line));
}

/* Line number n, of a length that differs from line to line. */
static size_t numbered(char *to, int n)
{
	int size = sprintf(to, "line %d ", n);

	while (size < 10 + n % 50)
		to[size++] = (char)('a' + n % 26);
	return (size_t)size;
}

static void nothing_is_found_in_memory_of_others(void **state)
{
	(void)state;
	memset(memory, 0, SIZE);
	assert_false(log_ring_find(&reader, memory, SIZE));
	memset(memory, 0xff, SIZE);
	assert_false(log_ring_find(&reader, memory, SIZE));
	log_ring_begin(&ring, memory, SIZE);
	assert_false(log_ring_find(&reader, memory, SIZE - 8));
	assert_true(log_ring_find(&reader, memory, SIZE));
	assert_int_equal(log_ring_next(&reader, text), -1);
	assert_false(reader.damaged);
	log_ring_erase(memory);
	assert_false(log_ring_find(&reader, memory, SIZE));
}

static void lines_come_back(void **state)
{
	char long_line[LOG_RING_LINE_MAX + 50];

	(void)state;
	memset(long_line, 'x', sizeof(long_line));
	log_ring_begin(&ring, memory, SIZE);
	add("first");
	add("");
	log_ring_add(&ring, long_line, sizeof(long_line));
	add("last");
	assert_true(log_ring_find(&reader, memory, SIZE));
	assert_int_equal(log_ring_next(&reader, text), 5);
	assert_memory_equal(text, "first", 5);
	assert_int_equal(log_ring_next(&reader, text), 0);
	assert_int_equal(log_ring_next(&reader, text), LOG_RING_LINE_MAX);
	assert_int_equal(log_ring_next(&reader, text), 4);
	assert_int_equal(log_ring_next(&reader, text), -1);
	assert_int_equal(log_ring_next(&reader, text), -1);
	assert_false(reader.damaged);
}

/* The lines are [oldest, newest], whole and in a row; returns oldest. */
static int check_numbered(int newest)
{
	char expected[LOG_RING_LINE_MAX];
	int n = -1, oldest = -1, size;

	assert_true(log_ring_find(&reader, memory, SIZE));
	while ((size = log_ring_next(&reader, text)) >= 0) {
		if (n < 0) {
			char *end;

			n = oldest = (int)strtol(text + 5, &end, 10);
		}
		assert_int_equal(size, numbered(expected, n));
		assert_memory_equal(text, expected, (size_t)size);
		n++;
	}
	assert_false(reader.damaged);
	assert_int_equal(n - 1, newest);
	return oldest;
}

static void the_newest_are_kept(void **state)
{
	(void)state;
	log_ring_begin(&ring, memory, SIZE);
	for (int n = 0; n < 1000; n++) {
		char line[LOG_RING_LINE_MAX];

		log_ring_add(&ring, line, numbered(line, n));
		/* at least half of the ring is full of lines */
		assert_true(check_numbered(n) <= (n < 50 ? 0 : n - 40));
	}
}

/*
 * A reset in the middle of adding a line: the bytes that the addition changes
 * are written one after the other, in the order of its steps, which are header,
 * line, header.  Whatever has been written, the old lines are there, or those
 * without the oldest, or the new ones.
 */
static void a_reset_at_any_byte(void **state)
{
	static const uint32_t step[][2] = {
		{0, HEADERS / 2}, {HEADERS / 2, HEADERS}, {HEADERS, SIZE}};
	static const int order[2][3] = {{0, 2, 1}, {1, 2, 0}};
	char line[LOG_RING_LINE_MAX];

	(void)state;
	log_ring_begin(&ring, memory, SIZE);
	for (int n = 0; n < 300; n++) {
		uint8_t after[SIZE];
		uint64_t sequence = ring.sequence;

		memcpy(before, memory, SIZE);
		log_ring_add(&ring, line, numbered(line, n));
		memcpy(after, memory, SIZE);
		if (n < 150)
			continue;
		/* Two headers mean that old lines made room; then the header
		 * of the first step is overwritten by none. */
		const int *steps = order[(sequence + 1) & 1];
		int first = ring.sequence - sequence == 2 ? 0 : 1;

		memcpy(memory, before, SIZE);
		for (int s = first; s < 3; s++) {
			int part = steps[s];

			if (first == 1 && s == 2)
				part = steps[0];
			for (uint32_t i = step[part][0]; i < step[part][1];
			     i++) {
				if (memory[i] == after[i])
					continue;
				memory[i] = after[i];
				if (i % 7 == 0 && i + 1 < step[part][1])
					check_numbered(n - 1);
			}
		}
		assert_memory_equal(memory, after, SIZE);
		check_numbered(n);
	}
}

static void damage_is_noticed(void **state)
{
	(void)state;
	log_ring_begin(&ring, memory, SIZE);
	add("good");
	add("bad");
	memory[HEADERS + 4 + 4 + 4] ^= 1;
	assert_true(log_ring_find(&reader, memory, SIZE));
	assert_int_equal(log_ring_next(&reader, text), 4);
	assert_int_equal(log_ring_next(&reader, text), -1);
	assert_true(reader.damaged);
	assert_int_equal(log_ring_next(&reader, text), -1);
}

/* Any bytes behind good headers: nothing is read that is not there. */
static void noise(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 3000; round++) {
		log_ring_begin(&ring, memory, SIZE);
		for (int n = 0; n < round % 200; n++)
			log_ring_add(&ring, text, numbered(text, n));
		for (int i = 0; i < 1 + round % 9; i++)
			memory[rand() % (int)SIZE] = (uint8_t)rand();
		if (!log_ring_find(&reader, memory, SIZE))
			continue;
		while (log_ring_next(&reader, text) >= 0)
			;
	}
	/* and the writer goes on in memory that was changed under it */
	for (int n = 0; n < 3000; n++) {
		memory[HEADERS + (uint32_t)rand() % (SIZE - HEADERS)] ^= 0x11;
		log_ring_add(&ring, text, numbered(text, n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_found_in_memory_of_others),
		cmocka_unit_test(lines_come_back),
		cmocka_unit_test(the_newest_are_kept),
		cmocka_unit_test(a_reset_at_any_byte),
		cmocka_unit_test(damage_is_noticed),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
