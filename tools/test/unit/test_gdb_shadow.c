/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of hv/gdb/shadow.c: what fetches get, what is mapped where, and what
 * is left when there is no page more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hv/gdb/shadow.h"
#include "mm/frame.h"
#include "mm/window.h"

#define POOL_FRAMES 128ul
#define POOL_HPA    0x123400000ull
#define PAGE_AT(n)  ((uint64_t)(n)*PAGE_SIZE)
#define RAM_PAGES   (WINDOW_FAKE_BYTES / PAGE_SIZE)

static const struct guest_mem memory = {
	.bank = {{.size_bytes = WINDOW_FAKE_BYTES}},
	.bank_count = 1,
};

static uint8_t *pool;
static struct ept ept;
static struct gdb_shadows s;

static void begin(uint64_t frames)
{
	const struct ept_features all = {true, true, true, true};

	frame_init(pool, hpa(POOL_HPA), frames * PAGE_SIZE, 0);
	assert_true(ept_init(&ept, all));
	assert_true(ept_map(&ept, gpa(0), hpa(0), 1 << 30, EPT_RWX,
			    MEMORY_TYPE_WB));
	for (size_t i = 0; i < WINDOW_FAKE_BYTES; i++)
		window_fake[i] = (uint8_t)(i * 7 + i / 4096);
	memset(&s, 0, sizeof(s));
	gdb_shadow_begin(&s, &ept, &memory);
}

static int setup(void **state)
{
	(void)state;
	pool = aligned_alloc(PAGE_SIZE, POOL_FRAMES * PAGE_SIZE);
	begin(POOL_FRAMES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(pool);
	return 0;
}

/* What a fetch gets; -1: the page is not hidden. */
static int fetched(uint64_t address)
{
	const struct ept *map = gdb_shadow_ept(&s);
	struct ept_translation t;

	if (!map)
		return -1;
	t = ept_lookup(map, gpa(address));
	assert_true(t.present);
	if (t.perms == EPT_RWX) {
		assert_int_equal(t.hpa.value, address);
		return -1;
	}
	assert_int_equal(t.perms, EPT_EXECUTE);
	return *(uint8_t *)frame_pointer(t.hpa);
}

static void expect_page(uint64_t page, const uint16_t *int3, size_t count)
{
	for (uint64_t at = page; at < page + PAGE_SIZE; at++) {
		int byte = window_fake[at];

		for (size_t i = 0; i < count; i++)
			if (int3[i] == (at & PAGE_MASK))
				byte = 0xcc;
		assert_int_equal(fetched(at), byte);
	}
}

static void test_bytes(void **state)
{
	static const uint16_t three[] = {0, 0x123, 0xfff};
	uint8_t before[PAGE_SIZE];

	(void)state;
	memcpy(before, window_fake + PAGE_AT(3), PAGE_SIZE);
	assert_null(gdb_shadow_ept(&s));
	for (size_t i = 0; i < 3; i++)
		assert_true(gdb_shadow_add(&s, gpa(PAGE_AT(3) + three[i])));
	expect_page(PAGE_AT(3), three, 3);
	assert_memory_equal(before, window_fake + PAGE_AT(3), PAGE_SIZE);
	assert_int_equal(fetched(PAGE_AT(2)), -1);
	assert_int_equal(fetched(PAGE_AT(4)), -1);
	assert_int_equal(ept_lookup(&ept, gpa(PAGE_AT(3))).perms, EPT_RWX);
	gdb_shadow_remove(&s, gpa(PAGE_AT(3)));
	expect_page(PAGE_AT(3), three + 1, 2);
	gdb_shadow_remove(&s, gpa(PAGE_AT(3) + 0x123));
	gdb_shadow_remove(&s, gpa(PAGE_AT(3) + 0x124));		  /* none */
	assert_true(gdb_shadow_add(&s, gpa(PAGE_AT(3) + 0xfff))); /* again */
	expect_page(PAGE_AT(3), three + 2, 1);
	gdb_shadow_remove(&s, gpa(PAGE_AT(3) + 0xfff));
	assert_null(gdb_shadow_ept(&s));
}

/* The guest writes, over breakpoints too. */
static void test_sync(void **state)
{
	static const uint16_t one[] = {0x800};

	(void)state;
	assert_true(gdb_shadow_add(&s, gpa(PAGE_AT(1) + 0x800)));
	memset(window_fake + PAGE_AT(1) + 0x7fd, 0x90, 7);
	gdb_shadow_sync(&s);
	expect_page(PAGE_AT(1), one, 1);
	gdb_shadow_remove(&s, gpa(PAGE_AT(1) + 0x800));
	assert_true(gdb_shadow_add(&s, gpa(PAGE_AT(1))));
	assert_int_equal(fetched(PAGE_AT(1) + 0x800), 0x90);
}

/* The frames that were used are used again. */
static void test_too_many(void **state)
{
	uint64_t used;

	(void)state;
	for (unsigned i = 0; i < GDB_SHADOWS_MAX; i++)
		assert_true(gdb_shadow_add(&s, gpa(PAGE_AT(i) + i)));
	used = frame_left();
	assert_false(gdb_shadow_add(&s, gpa(PAGE_AT(GDB_SHADOWS_MAX))));
	assert_true(gdb_shadow_add(&s, gpa(PAGE_AT(5) + 77)));
	for (unsigned i = 0; i < GDB_SHADOWS_MAX; i++)
		assert_int_equal(fetched(PAGE_AT(i) + i), 0xcc);
	gdb_shadow_remove(&s, gpa(PAGE_AT(7) + 7));
	assert_int_equal(fetched(PAGE_AT(7) + 7), -1);
	assert_int_equal(fetched(PAGE_AT(8) + 8), 0xcc);
	assert_true(gdb_shadow_add(&s, gpa(PAGE_AT(GDB_SHADOWS_MAX))));
	assert_int_equal(fetched(PAGE_AT(GDB_SHADOWS_MAX)), 0xcc);
	assert_false(gdb_shadow_add(&s, gpa(PAGE_AT(7))));
	gdb_shadow_begin(&s, &ept, &memory);
	assert_null(gdb_shadow_ept(&s));
	assert_true(gdb_shadow_add(&s, gpa(PAGE_AT(7))));
	assert_int_equal(fetched(PAGE_AT(8) + 8), -1);
	assert_int_equal(frame_left(), used);
}

static void test_no_ram(void **state)
{
	(void)state;
	assert_false(gdb_shadow_add(&s, gpa(WINDOW_FAKE_BYTES)));
	assert_null(gdb_shadow_ept(&s));
}

/* With the n-th frame missing: nothing is hidden, or all that was asked. */
static void test_out_of_frames(void **state)
{
	bool first = false, second = false;

	(void)state;
	for (uint64_t n = 2; !second; n++) {
		assert_in_range(n, 2, 32);
		begin(n);
		first = gdb_shadow_add(&s, gpa(PAGE_AT(1)));
		second = gdb_shadow_add(&s, gpa(PAGE_AT(2)));
		assert_true(first || !second);
		assert_int_equal(gdb_shadow_ept(&s) != NULL, first);
		assert_int_equal(fetched(PAGE_AT(1)), first ? 0xcc : -1);
		assert_int_equal(fetched(PAGE_AT(2)), second ? 0xcc : -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sync, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_ram, setup, teardown),
		cmocka_unit_test_setup_teardown(test_out_of_frames, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
