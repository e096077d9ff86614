/* SPDX-License-Identifier: BSD-2-Clause */
/* Page frames: order, zeroing, exhaustion, accounting, both translations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mm/frame.h"

#define POOL_PAGES 16
#define POOL_HPA   0x12345000ull

static _Alignas(4096) uint8_t memory[POOL_PAGES * PAGE_SIZE];

static void setup(uint64_t used_pages)
{
	memset(memory, 0xa5, sizeof(memory));
	frame_init(memory, hpa(POOL_HPA), sizeof(memory),
		   used_pages * PAGE_SIZE);
}

static void zeroed_and_in_a_row(void **state)
{
	(void)state;
	setup(3);
	uint8_t *one = frame_alloc(FRAME_EPT, 1);
	uint8_t *four = frame_alloc(FRAME_VM, 4);

	assert_ptr_equal(one, memory + 3 * PAGE_SIZE);
	assert_ptr_equal(four, memory + 4 * PAGE_SIZE);
	for (unsigned i = 0; i < 4 * PAGE_SIZE; i++)
		assert_int_equal(four[i], 0);
	assert_int_equal(memory[3 * PAGE_SIZE - 1], 0xa5);
	assert_int_equal(memory[8 * PAGE_SIZE], 0xa5);
}

static void counts_by_kind(void **state)
{
	(void)state;
	setup(3);
	frame_alloc(FRAME_EPT, 1);
	frame_alloc(FRAME_EPT, 2);
	frame_alloc(FRAME_VM, 4);
	assert_int_equal(frame_used(FRAME_IMAGE), 3);
	assert_int_equal(frame_used(FRAME_EPT), 3);
	assert_int_equal(frame_used(FRAME_VM), 4);
	assert_int_equal(frame_used(FRAME_CPU), 0);
	assert_int_equal(frame_left(), 6);
}

static void exhaustion_is_null(void **state)
{
	(void)state;
	setup(3);
	assert_null(frame_alloc(FRAME_VM, POOL_PAGES - 2));
	assert_null(frame_alloc(FRAME_VM, UINT64_MAX));
	assert_null(frame_alloc(FRAME_VM, UINT64_MAX / PAGE_SIZE + 1));
	assert_int_equal(frame_used(FRAME_VM), 0);
	assert_non_null(frame_alloc(FRAME_VM, POOL_PAGES - 3));
	assert_int_equal(frame_left(), 0);
	assert_null(frame_alloc(FRAME_VM, 1));
}

static void translates_both_ways(void **state)
{
	(void)state;
	setup(0);
	assert_int_equal(frame_hpa(memory + 5).value, POOL_HPA + 5);
	assert_ptr_equal(frame_pointer(hpa(POOL_HPA + 5)), memory + 5);
	assert_null(frame_pointer(hpa(POOL_HPA - 1)));
	assert_null(frame_pointer(hpa(POOL_HPA + sizeof(memory))));
	assert_non_null(frame_pointer(hpa(POOL_HPA + sizeof(memory) - 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroed_and_in_a_row),
		cmocka_unit_test(counts_by_kind),
		cmocka_unit_test(exhaustion_is_null),
		cmocka_unit_test(translates_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
