/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx/trace: the ring, and lines that say what went in; tools/lib/trace.py reads
 * the same golden line in tools/test/host/test_trace.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/test/unit/test_random.h"
#include "vmx/trace.h"

static struct trace_record records[TRACE_RECORDS];
static struct trace_ring ring;

static int begin(void **state)
{
	(void)state;
	memset(records, 0, sizeof(records));
	ring = (struct trace_ring){.record = records};
	return 0;
}

static void add(uint64_t n)
{
	trace_add(&ring, 1000 + n, TRACE_EXIT, (uint16_t)n, 2 * n, 3 * n);
}

static void is(uint64_t number, uint64_t n)
{
	struct trace_record r;

	assert_true(trace_read(&ring, number, &r));
	assert_int_equal(r.tsc, 1000 + n);
	assert_int_equal(r.event, TRACE_EXIT);
	assert_int_equal(r.detail, (uint16_t)n);
	assert_int_equal(r.a, 2 * n);
	assert_int_equal(r.b, 3 * n);
}

static void keeps_the_last(void **state)
{
	struct trace_record r;

	(void)state;
	assert_int_equal(trace_oldest(&ring), 0);
	assert_false(trace_read(&ring, 0, &r));
	for (uint64_t n = 0; n < TRACE_RECORDS; n++)
		add(n);
	assert_int_equal(trace_oldest(&ring), 0);
	is(0, 0);
	for (uint64_t n = TRACE_RECORDS; n < 3 * TRACE_RECORDS + 5; n++)
		add(n);
	assert_int_equal(trace_oldest(&ring), 2 * TRACE_RECORDS + 5);
	assert_false(trace_read(&ring, 2 * TRACE_RECORDS + 4, &r));
	for (uint64_t n = 2 * TRACE_RECORDS + 5; n < 3 * TRACE_RECORDS + 5; n++)
		is(n, n);
	assert_false(trace_read(&ring, 3 * TRACE_RECORDS + 5, &r));
}

static void forgets(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 10; n++)
		add(n);
	trace_clear(&ring);
	assert_int_equal(trace_oldest(&ring), 10);
	add(10);
	assert_int_equal(trace_oldest(&ring), 10);
	is(10, 10);
}

/* One that is being written, or was overwritten, is not read. */
static void unfinished(void **state)
{
	struct trace_record r;

	(void)state;
	add(0);
	records[0].number = 0;
	assert_false(trace_read(&ring, 0, &r));
	records[0].number = 1 + TRACE_RECORDS;
	assert_false(trace_read(&ring, 0, &r));
}

/* ---- lines ---- */

static uint32_t crc32_of(const char *text, size_t size)
{
	uint32_t crc = 0xffffffff;

	while (size--) {
		crc ^= (uint8_t)*text++;
		for (int i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

static void assert_sealed(const char *line)
{
	const char *last = strrchr(line, ' ');
	unsigned crc;

	assert_non_null(last);
	assert_int_equal(strlen(last), 10);
	assert_int_equal(last[9], '\n');
	assert_int_equal(sscanf(last, " %8x", &crc), 1);
	assert_int_equal(crc, crc32_of(line, (size_t)(last + 1 - line)));
}

static void golden(void **state)
{
	uint64_t number = 0;
	char line[TRACE_LINE_SIZE];

	(void)state;
	trace_line(line, "@trace %u %lu %u", 1, 400000000ul, 2);
	assert_string_equal(line, "@trace 1 400000000 2 b126eaae\n");
	trace_add(&ring, 123456789, TRACE_EXIT, 10, 0, 0xffffffff81000000);
	trace_add(&ring, 123456999, TRACE_ENTRY, 0, 0, 0xffffffff81000002);
	trace_add(&ring, 123456998, TRACE_POST, 0xec, 0x100, 0x10002);
	assert_int_equal(trace_pack(&ring, 3, &number, 3, line), 3);
	assert_int_equal(number, 3);
	assert_string_equal(line, "@t 3 0 Uaq03nUK////7w9CpAMEdAHsAYACgICI8A8= "
				  "2e9fcf74\n");
}

static int digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	assert_non_null(at);
	return (int)(at - digits);
}

static size_t unpack_base64(const char *text, size_t size, uint8_t *out)
{
	size_t used = 0;

	assert_int_equal(size % 4, 0);
	for (size_t i = 0; i < size; i += 4) {
		uint32_t value = 0;
		int digits = text[i + 3] != '='	  ? 4
			     : text[i + 2] != '=' ? 3
						  : 2;

		for (int j = 0; j < 4; j++)
			value = value << 6 |
				(j < digits ? (uint32_t)digit(text[i + j]) : 0);
		for (int j = 0; j < digits - 1; j++)
			out[used++] = (uint8_t)(value >> (16 - 8 * j));
	}
	return used;
}

static uint64_t leb128(const uint8_t **at)
{
	uint64_t value = 0;
	unsigned shift = 0;

	do {
		assert_true(shift < 64);
		value |= (uint64_t)(**at & 0x7f) << shift;
		shift += 7;
	} while (*(*at)++ & 0x80);
	return value;
}

static uint64_t zigzag(uint64_t value)
{
	return value >> 1 ^ (value & 1 ? ~0ull : 0);
}

/* Compares a line's records with those of the ring; returns how many. */
static uint32_t assert_packed(const char *line)
{
	char payload[TRACE_LINE_SIZE];
	unsigned long number;
	uint8_t bytes[TRACE_LINE_SIZE];
	const uint8_t *at = bytes, *end;
	uint64_t tsc = 0, b = 0;
	unsigned index;
	uint32_t count = 0;

	assert_sealed(line);
	assert_true(strlen(line) < TRACE_LINE_SIZE);
	assert_int_equal(
		sscanf(line, "@t %u %lu %191s ", &index, &number, payload), 3);
	assert_int_equal(index, 7);
	end = bytes + unpack_base64(payload, strlen(payload), bytes);
	for (; at < end; count++, number++) {
		const struct trace_record *r = &records[number % TRACE_RECORDS];
		unsigned kind = *at++;

		tsc += zigzag(leb128(&at));
		assert_int_equal(kind & 15, r->event);
		assert_int_equal(tsc, r->tsc);
		assert_int_equal(kind & 16 ? leb128(&at) : 0, r->detail);
		assert_int_equal(kind & 32 ? leb128(&at) : 0, r->a);
		if (kind & 64)
			b += zigzag(leb128(&at));
		assert_int_equal(kind & 64 ? b : 0, r->b);
	}
	assert_ptr_equal(at, end);
	return count;
}

static uint64_t any_size(void)
{
	return random64() >> random64() % 64;
}

static void round_trip(void **state)
{
	char line[TRACE_LINE_SIZE];
	uint64_t number, end, seen = 0;
	uint32_t count, missing = 0;

	(void)state;
	random_seed(7);
	for (unsigned i = 0; i < 3 * TRACE_RECORDS / 2; i++)
		trace_add(&ring, any_size(),
			  (enum trace_event)(random64() % TRACE_EVENTS),
			  (uint16_t)any_size(), any_size(), any_size());
	for (unsigned i = 0; i < TRACE_RECORDS; i += 97) {
		records[i].number = 0;
		missing++;
	}
	number = trace_oldest(&ring);
	end = ring.next;
	while ((count = trace_pack(&ring, 7, &number, end, line))) {
		assert_int_equal(assert_packed(line), count);
		seen += count;
	}
	assert_int_equal(number, end);
	assert_int_equal(seen, TRACE_RECORDS - missing);
}

/* The greatest numbers there are fit a line. */
static void longest(void **state)
{
	char line[TRACE_LINE_SIZE];
	uint64_t number = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		trace_add(&ring, i % 2 ? 0 : 1ull << 63, TRACE_WAKE, 0xffff,
			  UINT64_MAX, i % 2 ? 1 : 1ull << 63);
	while (trace_pack(&ring, 7, &number, 100, line))
		assert_packed(line);
	assert_int_equal(number, 100);
}

/* A text that is too long is cut, and the line is one all the same. */
static void long_text(void **state)
{
	char line[TRACE_LINE_SIZE], name[300];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[299] = '\0';
	trace_line(line, "@ring %s", name);
	assert_sealed(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(keeps_the_last, begin),
		cmocka_unit_test_setup(forgets, begin),
		cmocka_unit_test_setup(unfinished, begin),
		cmocka_unit_test_setup(golden, begin),
		cmocka_unit_test_setup(round_trip, begin),
		cmocka_unit_test_setup(longest, begin),
		cmocka_unit_test_setup(long_text, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
