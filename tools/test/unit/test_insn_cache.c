/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of vmx/emulate/insn_cache.c: a line is found while everything that walk and
 * fetch depend on is as it was, and not when anything of it has changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/cr_bits.h"
#include "mm/window.h"
#include "vmx/emulate/insn_cache.h"

#define RIP  0x5008ull
#define CODE 0x9008ull

static const struct guest_mem mem = {
	.bank = {{.size_bytes = WINDOW_FAKE_BYTES}},
	.bank_count = 1,
};

static struct insn_cache cache;
static struct guest_paging paging;

static uint64_t *word(uint64_t address)
{
	return (uint64_t *)(void *)(window_fake + address);
}

/* PML4 at 1000H down to a PT at 4000H, RIP's page at 9000H. */
static int setup(void **state)
{
	(void)state;
	memset(window_fake, 0, sizeof(window_fake));
	memset(&cache, 0, sizeof(cache));
	window_fake_changes = 0;
	*word(0x1000) = 0x2003;
	*word(0x2000) = 0x3003;
	*word(0x3000) = 0x4003;
	*word(0x4000 + 5 * 8) = 0x9003;
	for (unsigned i = 0; i < 16; i++)
		window_fake[CODE + i] = (uint8_t)(i + 1);
	paging = (struct guest_paging){
		.cr0 = CR0_PE | CR0_PG,
		.cr3 = 0x1000,
		.cr4 = CR4_PAE,
		.efer = EFER_LME | EFER_LMA,
		.phys_bits = 40,
		.apic_page = GUEST_WALK_NO_APIC,
	};
	return 0;
}

static const struct insn_cache_line *find_at(uint64_t rip)
{
	return insn_cache_find(&cache, (struct insn_cache_state){
					       .rip = gla(rip),
					       .cr0 = paging.cr0,
					       .cr3 = paging.cr3,
					       .cr4 = paging.cr4,
					       .efer = paging.efer,
					       .apic_page = paging.apic_page,
					       .cpl = paging.cpl,
				       });
}

static const struct insn_cache_line *find(void)
{
	return find_at(RIP);
}

/* As a fetch from rip does it. */
static void add(uint64_t rip)
{
	struct insn insn = {.length = 7, .mode = DECODE_64};
	struct guest_walk_entries entries;
	struct guest_walk_result walk = guest_walk_telling(
		&mem, &paging, gla(rip), GUEST_ACCESS_FETCH, &entries);

	assert_true(walk.ok);
	insn_cache_add(&cache, &mem, &paging, gla(rip), &entries, walk.address,
		       window_fake + (CODE & ~0xfffull) + (rip & 0xfff), &insn);
}

static void test_found(void **state)
{
	(void)state;
	assert_null(find());
	add(RIP);
	assert_non_null(find());
	assert_int_equal(find()->insn.length, 7);
	assert_memory_equal(find()->byte, window_fake + CODE, 15);
	/* The windows have moved meanwhile. */
	window_fake_changes++;
	assert_non_null(find());
	window_fake[CODE] ^= 1;
	window_fake_changes++;
	assert_null(find());
}

static void test_bytes(void **state)
{
	(void)state;
	add(RIP);
	for (unsigned i = 0; i < 15; i++) {
		window_fake[CODE + i] ^= 0x10;
		assert_null(find());
		window_fake[CODE + i] ^= 0x10;
		assert_non_null(find());
	}
}

static void test_entries(void **state)
{
	static const uint64_t at[] = {0x1000, 0x2000, 0x3000, 0x4000 + 5 * 8};

	(void)state;
	add(RIP);
	for (unsigned i = 0; i < 4; i++)
		for (unsigned bit = 0; bit < 64; bit++) {
			*word(at[i]) ^= 1ull << bit;
			assert_null(find());
			*word(at[i]) ^= 1ull << bit;
			assert_non_null(find());
		}
}

static void test_state(void **state)
{
	const struct guest_paging before = paging;

	(void)state;
	add(RIP);
	assert_null(find_at(RIP + (1ull << 32)));
	for (unsigned i = 0; i < 6; i++) {
		paging = before;
		switch (i) {
		case 0:
			paging.cr0 ^= CR0_WP;
			break;
		case 1:
			paging.cr3 ^= 8;
			break;
		case 2:
			paging.cr4 ^= CR4_SMEP;
			break;
		case 3:
			paging.efer ^= EFER_NXE;
			break;
		case 4:
			paging.apic_page = gpa(CODE & ~0xfffull);
			break;
		default:
			paging.cpl = 3;
		}
		assert_null(find());
	}
	paging = before;
	assert_non_null(find());
}

/* Two in the same line: the later one. */
static void test_same_line(void **state)
{
	uint64_t rip = RIP + 16;

	(void)state;
	while (insn_cache_line_of(gla(rip)) != insn_cache_line_of(gla(RIP)))
		rip += 16;
	assert_true(rip < 0x5fe0);
	add(RIP);
	add(rip);
	assert_null(find());
	add(RIP);
	assert_non_null(find());
}

/* Where it could not be compared. */
static void test_not_kept(void **state)
{
	struct insn insn = {.length = 7, .mode = DECODE_64};
	struct guest_walk_entries entries;

	(void)state;
	add(RIP);
	add(0x5ff0);
	assert_non_null(find_at(0x5ff0));
	add(0x5ff1);
	assert_null(find_at(0x5ff1));
	/* The APIC's page lies over a table, or over the code. */
	guest_walk_telling(&mem, &paging, gla(RIP), GUEST_ACCESS_FETCH,
			   &entries);
	for (uint64_t page = 0x1000; page <= 0x9000; page += 0x1000) {
		paging.apic_page = gpa(page);
		insn_cache_add(&cache, &mem, &paging, gla(RIP), &entries,
			       gpa(CODE), window_fake + CODE, &insn);
		if (page <= 0x4000 || page == 0x9000)
			assert_null(find());
		else
			assert_non_null(find());
	}
	/* No RAM. */
	paging.apic_page = GUEST_WALK_NO_APIC;
	insn_cache_add(&cache, &mem, &paging, gla(RIP), &entries,
		       gpa(WINDOW_FAKE_BYTES), window_fake + CODE, &insn);
	assert_null(find());
	/* In compatibility mode. */
	insn.mode = DECODE_32;
	insn_cache_add(&cache, &mem, &paging, gla(RIP), &entries, gpa(CODE),
		       window_fake + CODE, &insn);
	assert_null(find());
	insn.mode = DECODE_64;
	insn_cache_add(&cache, &mem, &paging, gla(RIP), &entries, gpa(CODE),
		       window_fake + CODE, &insn);
	assert_non_null(find());
	/* Outside of IA-32e mode. */
	paging.efer = 0;
	guest_walk_telling(&mem, &paging, gla(RIP), GUEST_ACCESS_FETCH,
			   &entries);
	assert_int_equal(entries.count, 0);
	insn_cache_add(&cache, &mem, &paging, gla(RIP), &entries, gpa(CODE),
		       window_fake + CODE, &insn);
	assert_null(find());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_found, setup),
		cmocka_unit_test_setup(test_bytes, setup),
		cmocka_unit_test_setup(test_entries, setup),
		cmocka_unit_test_setup(test_state, setup),
		cmocka_unit_test_setup(test_same_line, setup),
		cmocka_unit_test_setup(test_not_kept, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
