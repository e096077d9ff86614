/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The windows onto guest memory: what is mapped where, hits, and that the two
 * pages asked for last stay mapped.  The seam below is replaced here, as other
 * tests replace the windows themselves by a fake.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Instead of hv/hw/self.h and hv/hw/cpu.h. */
#define HV_HW_SELF_H
#define HV_HW_CPU_H

struct window;

struct cpu_self {
	struct window *window;
};

static struct cpu_self self;
static unsigned invalidations;

static struct cpu_self *cpu_self(void)
{
	return &self;
}

static void cpu_invlpg(const void *address)
{
	(void)address;
	invalidations++;
}

#include "../../../mm/window.h"
#include "../../../mm/window.c"

#define NUMBER 3

static uint8_t *const base = (uint8_t *)0x7000000000;
static uint64_t entries[WINDOW_SLOTS];
static struct window window;

uint64_t *paging_window(uint32_t number, uint32_t slots, uint8_t **address)
{
	assert_int_equal(number, NUMBER);
	assert_int_equal(slots, WINDOW_SLOTS);
	*address = base;
	return entries;
}

uint64_t paging_window_entry(hpa_t page)
{
	return page.value | 3;
}

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < WINDOW_SLOTS; i++)
		entries[i] = 0;
	window = (struct window){0};
	self.window = &window;
	invalidations = 0;
	assert_true(window_init(&window, NUMBER));
	return 0;
}

/* The page that a pointer reaches, by the page-table entries. */
static uint64_t page_at(const void *pointer)
{
	uint64_t slot = (uint64_t)((const uint8_t *)pointer - base) / PAGE_SIZE;

	assert_in_range(slot, 0, WINDOW_SLOTS - 1);
	return entries[slot] & ~PAGE_MASK;
}

static void *map(uint64_t page)
{
	void *pointer = window_map(hpa(page * PAGE_SIZE));

	assert_int_equal(page_at(pointer), page * PAGE_SIZE);
	return pointer;
}

static void hit_changes_nothing(void **state)
{
	(void)state;
	void *zero = map(0); /* page 0 is a page like any other */
	void *five = map(5);

	assert_int_equal(invalidations, 2);
	assert_ptr_equal(map(5), five);
	assert_ptr_equal(map(0), zero);
	assert_ptr_not_equal(zero, five);
	assert_int_equal(invalidations, 2);
}

/* While the count is the same, what was mapped before is where it was. */
static void changes_are_counted(void **state)
{
	uint64_t before = window_changes();
	void *at[32];

	(void)state;
	srand(1);
	memset(at, 0, sizeof(at));
	for (int i = 0; i < 100000; i++) {
		uint64_t page = (uint64_t)rand() % 20;
		void *now = map(page);

		if (window_changes() != before)
			memset(at, 0, sizeof(at));
		before = window_changes();
		at[page] = now;
		for (uint64_t other = 0; other < 20; other++)
			if (at[other])
				assert_int_equal(page_at(at[other]),
						 other * PAGE_SIZE);
	}
	window_forget();
	assert_int_not_equal(window_changes(), before);
}

static void as_many_as_there_are_slots(void **state)
{
	(void)state;
	for (uint64_t page = 1; page <= WINDOW_SLOTS; page++)
		map(page);
	for (uint64_t page = 1; page <= WINDOW_SLOTS; page++)
		map(page);
	assert_int_equal(invalidations, WINDOW_SLOTS);
}

static void last_two_stay(void **state)
{
	void *before = map(100);
	uint64_t page_before = 100;

	(void)state;
	srand(1);
	for (int i = 0; i < 100000; i++) {
		uint64_t page = (uint64_t)rand() % 7;
		void *now = map(page);

		assert_int_equal(page_at(before), page_before * PAGE_SIZE);
		before = now;
		page_before = page;
	}
}

static void forget_unmaps(void **state)
{
	(void)state;
	map(1);
	map(2);
	window_forget();
	for (unsigned i = 0; i < WINDOW_SLOTS; i++)
		assert_int_equal(entries[i], 0);
	assert_int_equal(invalidations, 2 + WINDOW_SLOTS);
	map(2);
	assert_int_equal(invalidations, 3 + WINDOW_SLOTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hit_changes_nothing, setup),
		cmocka_unit_test_setup(changes_are_counted, setup),
		cmocka_unit_test_setup(as_many_as_there_are_slots, setup),
		cmocka_unit_test_setup(last_two_stay, setup),
		cmocka_unit_test_setup(forget_unmaps, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
