/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of hv/monitor/memory_text.c: addresses out of words, walks as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/cr_bits.h"
#include "hv/monitor/memory_text.h"

static char buffer[1024];
static struct text text;

static int setup(void **state)
{
	(void)state;
	text_begin(&text, buffer, sizeof(buffer));
	return 0;
}

static void test_address(void **state)
{
	static const struct {
		const char *word;
		bool good, physical;
		uint64_t address;
	} rows[] = {
		{"0x1000", true, false, 0x1000},
		{"17", true, false, 17},
		{"v:0xffffffff80000000", true, false, 0xffffffff80000000},
		{"p:0xfee00000", true, true, 0xfee00000},
		{"p:0xffffffffffffffff", true, true, UINT64_MAX},
		{"p:", false, false, 0},
		{"p", false, false, 0},
		{"", false, false, 0},
		{"x:1", false, false, 0},
		{"p:p:1", false, false, 0},
		{"0x10000000000000000", false, false, 0},
		{"-1", false, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t address;
		bool physical;

		assert_int_equal(
			memory_text_address(rows[i].word, &physical, &address),
			rows[i].good);
		if (!rows[i].good)
			continue;
		assert_int_equal(physical, rows[i].physical);
		assert_int_equal(address, rows[i].address);
	}
}

static void test_size(void **state)
{
	(void)state;
	assert_int_equal(memory_text_size("b"), 1);
	assert_int_equal(memory_text_size("w"), 2);
	assert_int_equal(memory_text_size("d"), 4);
	assert_int_equal(memory_text_size("q"), 8);
	assert_int_equal(memory_text_size(NULL), 0);
	assert_int_equal(memory_text_size(""), 0);
	assert_int_equal(memory_text_size("bb"), 0);
	assert_int_equal(memory_text_size("4"), 0);
}

static void test_ept(void **state)
{
	struct ept_trace trace = {
		.count = 4,
		.step = {{512 * SIZE_1G, {0x1000}, 0x2007},
			 {SIZE_1G, {0x2008}, 0x3007},
			 {SIZE_2M, {0x3010}, 0x4007},
			 {PAGE_SIZE, {0x4018}, 0x5333}},
		.result = {.present = true},
	};

	(void)state;
	memory_text_ept(&text, &trace);
	assert_string_equal(
		buffer,
		"  PML4E at 000000001000 = 0000000000002007 rwx table\n"
		"  PDPTE at 000000002008 = 0000000000003007 rwx table\n"
		"  PDE   at 000000003010 = 0000000000004007 rwx table\n"
		"  PTE   at 000000004018 = 0000000000005333 rw- WB 4 KiB A D\n");
	setup(NULL);
	trace.count = 2;
	trace.step[1].entry = 0x400000a1;
	memory_text_ept(&text, &trace);
	assert_non_null(strstr(buffer, "r-- WT 1 GiB\n"));
	setup(NULL);
	trace.step[1].entry = 0;
	trace.result.present = false;
	memory_text_ept(&text, &trace);
	assert_string_equal(
		buffer,
		"  PML4E at 000000001000 = 0000000000002007 rwx table\n"
		"  PDPTE at 000000002008 = 0000000000000000 not present\n");
}

static void test_walk(void **state)
{
	struct guest_paging paging = {
		.cr0 = CR0_PG,
		.cr3 = 0x7000,
		.cr4 = CR4_PAE,
	};
	struct guest_walk_trace trace = {
		.paged = true,
		.count = 3,
		.step = {{3, GUEST_WALK_REGISTER, 0x3001},
			 {2, {0x3018}, 0x4027},
			 {1, {0x4020}, 1ull << 63 | 0x91fe}},
	};

	(void)state;
	memory_text_walk(&text, &paging, &trace);
	assert_string_equal(
		buffer,
		"  PAE paging, CR3 7000\n"
		"  PDPTE in register     = 0000000000003001 P\n"
		"  PDE   at 000000003018 = 0000000000004027 P W U A\n"
		"  PTE   at 000000004020 = 80000000000091fe W U PWT PCD A D "
		"PAT G XD not present\n");
	setup(NULL);
	paging.cr4 = 0;
	trace.count = 1;
	trace.step[0] = (struct guest_walk_step){2, {0x7004}, 0x800081};
	memory_text_walk(&text, &paging, &trace);
	assert_string_equal(buffer,
			    "  32-bit paging, CR3 7000\n"
			    "  PDE   at 000000007004 = 00800081 P PS\n");
	setup(NULL);
	memory_text_walk(&text, &(struct guest_paging){0},
			 &(struct guest_walk_trace){0});
	assert_string_equal(buffer, "  no paging\n");
}

static void test_dump(void **state)
{
	uint8_t bytes[] = "\1\2\3\4\x80pical~\x7f!..";

	(void)state;
	memory_text_dump(&text, 0x1234, bytes, 16, 1);
	assert_string_equal(buffer,
			    "0000000000001234: 01 02 03 04 80 70 69 63 "
			    "61 6c 7e 7f 21 2e 2e 00  .....pical~.!...\n");
	setup(NULL);
	memory_text_dump(&text, 0, bytes, 8, 4);
	assert_string_equal(buffer, "0000000000000000: 04030201 63697080       "
				    "             .....pic\n");
	setup(NULL);
	memory_text_dump(&text, UINT64_MAX, bytes, 8, 8);
	assert_string_equal(buffer, "ffffffffffffffff: 6369708004030201        "
				    "           .....pic\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_address, setup),
		cmocka_unit_test_setup(test_size, setup),
		cmocka_unit_test_setup(test_ept, setup),
		cmocka_unit_test_setup(test_walk, setup),
		cmocka_unit_test_setup(test_dump, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
