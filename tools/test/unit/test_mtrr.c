/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of mm/mtrr.c: against layouts of real firmware and a slow model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mm/mtrr.h"

#define ENABLE	     (1ull << 11)
#define FIXED_ENABLE (1ull << 10)
#define VALID	     (1ull << 11)
#define MIB	     (1ull << 20)
#define GIB	     (1ull << 30)

static void add(struct mtrr *m, uint64_t base, uint64_t bytes,
		enum memory_type type)
{
	uint64_t width = (1ull << m->physical_bits) - 1;

	m->base[m->variable_count] = base | type;
	m->mask[m->variable_count] = (width & ~(bytes - 1)) | VALID;
	m->variable_count++;
}

/* As OVMF leaves a machine with 3 GiB below 4 GiB: default WB, a UC hole. */
static struct mtrr ovmf(void)
{
	struct mtrr m = {
		.def_type = ENABLE | FIXED_ENABLE | MEMORY_TYPE_WB,
		.has_fixed = 1,
		.physical_bits = 36,
	};

	m.fixed[0] = 0x0606060606060606;
	m.fixed[1] = 0x0606060606060606;
	/* A0000-BFFFF is UC; C0000-C7FFF WP, E0000-E7FFF mixed */
	m.fixed[3] = 0x0505050505050505;
	m.fixed[7] = 0x0000000606060606;
	add(&m, 0xc0000000, GIB, MEMORY_TYPE_UC);
	return m;
}

static void expect(const struct mtrr *m, uint64_t start, uint64_t size,
		   enum memory_type type, uint64_t run_bytes)
{
	struct mtrr_run run = mtrr_run(m, hpa(start), size);

	assert_int_equal(run.type, type);
	assert_int_equal(run.size_bytes, run_bytes);
}

static void test_firmware_layout(void **state)
{
	struct mtrr m = ovmf();

	(void)state;
	expect(&m, 0, MIB, MEMORY_TYPE_WB, 0xa0000);
	expect(&m, 0xa0000, MIB, MEMORY_TYPE_UC, 0x20000);
	expect(&m, 0xc0000, 0x4000, MEMORY_TYPE_WP, 0x4000);
	expect(&m, 0xc7000, 0x4000, MEMORY_TYPE_WP, 0x1000);
	expect(&m, 0xc8000, 0x18000, MEMORY_TYPE_UC, 0x18000);
	expect(&m, 0xe0000, 0x10000, MEMORY_TYPE_WB, 0x5000);
	expect(&m, 0xe5000, MIB, MEMORY_TYPE_UC, 0x1b000);
	expect(&m, MIB, 16 * GIB, MEMORY_TYPE_WB, 3 * GIB - MIB);
	expect(&m, 3 * GIB, 16 * GIB, MEMORY_TYPE_UC, GIB);
	expect(&m, 4 * GIB, 16 * GIB, MEMORY_TYPE_WB, 16 * GIB);
}

static void test_fixed_disabled(void **state)
{
	struct mtrr m = ovmf();

	(void)state;
	m.def_type &= ~FIXED_ENABLE;
	expect(&m, 0, 2 * MIB, MEMORY_TYPE_WB, 2 * MIB);
	m = ovmf();
	m.has_fixed = 0;
	expect(&m, 0, 2 * MIB, MEMORY_TYPE_WB, 2 * MIB);
}

static void test_all_disabled_is_uc(void **state)
{
	struct mtrr m = ovmf();

	(void)state;
	m.def_type &= ~ENABLE;
	expect(&m, 0, 8 * GIB, MEMORY_TYPE_UC, 8 * GIB);
}

static void test_overlaps(void **state)
{
	static const struct {
		enum memory_type a, b, result;
	} rows[] = {
		{MEMORY_TYPE_WB, MEMORY_TYPE_WB, MEMORY_TYPE_WB},
		{MEMORY_TYPE_WB, MEMORY_TYPE_UC, MEMORY_TYPE_UC},
		{MEMORY_TYPE_WT, MEMORY_TYPE_UC, MEMORY_TYPE_UC},
		{MEMORY_TYPE_WT, MEMORY_TYPE_WB, MEMORY_TYPE_WT},
		{MEMORY_TYPE_WB, MEMORY_TYPE_WT, MEMORY_TYPE_WT},
		{MEMORY_TYPE_WC, MEMORY_TYPE_WB, MEMORY_TYPE_UC},
		{MEMORY_TYPE_WP, MEMORY_TYPE_WT, MEMORY_TYPE_UC},
		/* reserved types */
		{2, 2, MEMORY_TYPE_UC},
		{7, MEMORY_TYPE_WB, MEMORY_TYPE_UC},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mtrr m = {
			.def_type = ENABLE | MEMORY_TYPE_WC,
			.physical_bits = 40,
		};

		add(&m, 0, 2 * GIB, rows[i].a);
		add(&m, GIB, GIB, rows[i].b);
		expect(&m, GIB, GIB, rows[i].result, GIB);
		expect(&m, 2 * GIB, GIB, MEMORY_TYPE_WC, GIB);
	}
}

static void test_invalid_pairs_do_not_count(void **state)
{
	struct mtrr m = ovmf();

	(void)state;
	m.mask[0] &= ~VALID;
	expect(&m, MIB, 8 * GIB, MEMORY_TYPE_WB, 8 * GIB);
}

/* The type of one page, straight from the definition. */
static enum memory_type slow(const struct mtrr *m, uint64_t address)
{
	uint64_t width = (1ull << m->physical_bits) - 1;
	bool uc = false, wt = false, wb = false, other = false;

	for (uint32_t i = 0; i < m->variable_count; i++) {
		uint64_t mask = m->mask[i] & width & ~0xfffull;

		if (!(m->mask[i] & VALID) ||
		    (address & mask) != (m->base[i] & mask))
			continue;
		uc |= (m->base[i] & 0xff) == MEMORY_TYPE_UC;
		wt |= (m->base[i] & 0xff) == MEMORY_TYPE_WT;
		wb |= (m->base[i] & 0xff) == MEMORY_TYPE_WB;
		other |= (m->base[i] & 0xff) == MEMORY_TYPE_WC;
	}
	if (uc || (other && (wt || wb)))
		return MEMORY_TYPE_UC;
	if (other)
		return MEMORY_TYPE_WC;
	if (wt)
		return MEMORY_TYPE_WT;
	if (wb)
		return MEMORY_TYPE_WB;
	return (enum memory_type)(m->def_type & 0xff);
}

/* Random ranges, also masks with holes, in a space of 4096 pages. */
static void test_against_the_definition(void **state)
{
	static const enum memory_type types[] = {
		MEMORY_TYPE_UC, MEMORY_TYPE_WC, MEMORY_TYPE_WT, MEMORY_TYPE_WB};

	(void)state;
	srand(1);
	for (int round = 0; round < 2000; round++) {
		struct mtrr m = {.physical_bits = 32};
		uint64_t at = 0, end = 4096 * 4096ull;

		m.def_type = ENABLE | types[rand() % 4];
		for (int i = rand() % 6; i > 0; i--) {
			add(&m, (rand() % 4096) * 4096ull,
			    4096ull << rand() % 12, types[rand() % 4]);
			if (rand() % 3 == 0)
				m.mask[i - 1] &= ~(4096ull << rand() % 20);
		}
		while (at < end) {
			struct mtrr_run run = mtrr_run(&m, hpa(at), end - at);

			assert_true(run.size_bytes &&
				    at + run.size_bytes <= end);
			for (uint64_t p = at; p < at + run.size_bytes;
			     p += 4096)
				assert_int_equal(slow(&m, p), run.type);
			at += run.size_bytes;
			if (at < end)
				assert_int_not_equal(slow(&m, at), run.type);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_firmware_layout),
		cmocka_unit_test(test_fixed_disabled),
		cmocka_unit_test(test_all_disabled_is_uc),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_invalid_pairs_do_not_count),
		cmocka_unit_test(test_against_the_definition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
