/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of vmx/insn_cache.c: a line is found while everything that the fetch
 * depends on is as it was, and not when anything of it has changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/cr_bits.h"
#include "mm/window.h"
#include "vmx/insn_cache.h"

#define RIP  0x5008ull
#define CODE 0x9008ull

static const struct guest_mem mem = {
	.bank = {{.size_bytes = WINDOW_FAKE_BYTES}},
	.bank_count = 1,
};

static struct insn_cache cache;
static struct guest_paging paging;
static struct insn_cache_key key;

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
	*word(0x1000) = 0x2003;
	*word(0x2000) = 0x3003;
	*word(0x3000) = 0x4003;
	*word(0x4000 + 5 * 8) = 0x9003;
	paging = (struct guest_paging){
		.cr0 = CR0_PE | CR0_PG,
		.cr3 = 0x1000,
		.cr4 = CR4_PAE,
		.efer = EFER_LME | EFER_LMA,
		.phys_bits = 40,
		.apic_page = GUEST_WALK_NO_APIC,
	};
	key = (struct insn_cache_key){.rip = RIP, .cr3 = 0x1000};
	return 0;
}

static void add(unsigned length)
{
	struct insn insn = {.length = (uint8_t)length};
	struct guest_walk_trace trace;
	struct guest_walk_result walk = guest_walk_traced(
		&mem, &paging, gla(RIP), GUEST_ACCESS_FETCH, false, &trace);

	assert_true(walk.ok);
	assert_int_equal(walk.address.value, CODE);
	insn_cache_add(&cache, &key, &trace, hpa(CODE), &insn);
}

static void test_found(void **state)
{
	(void)state;
	assert_null(insn_cache_find(&cache, &key));
	add(7);
	assert_non_null(insn_cache_find(&cache, &key));
	assert_int_equal(insn_cache_find(&cache, &key)->length, 7);
}

static void test_bytes(void **state)
{
	(void)state;
	for (unsigned length = 1; length <= 15; length++) {
		setup(state);
		add(length);
		for (unsigned i = 0; i < 16; i++) {
			window_fake[CODE + i] ^= 0x10;
			assert_int_equal(!insn_cache_find(&cache, &key),
					 i < length);
			window_fake[CODE + i] ^= 0x10;
		}
	}
}

static void test_entries(void **state)
{
	static const uint64_t entry[] = {0x1000, 0x2000, 0x3000,
					 0x4000 + 5 * 8};

	add(7);
	for (unsigned i = 0; i < 4; i++) {
		*word(entry[i]) ^= 1ull << 63;
		assert_null(insn_cache_find(&cache, &key));
		*word(entry[i]) ^= 1ull << 63;
		assert_non_null(insn_cache_find(&cache, &key));
	}
	(void)state;
}

static void test_key(void **state)
{
	struct insn_cache_key other;

	(void)state;
	add(7);
	for (unsigned i = 0; i < 7; i++) {
		other = key;
		switch (i) {
		case 0:
			other.rip += 1ull << 20;
			break;
		case 1:
			other.cr0 ^= 1;
			break;
		case 2:
			other.cr3 ^= 8;
			break;
		case 3:
			other.cr4 ^= CR4_SMEP;
			break;
		case 4:
			other.efer ^= EFER_NXE;
			break;
		case 5:
			other.apic_page = gpa(0x9000);
			break;
		default:
			other.cpl = 3;
		}
		assert_null(insn_cache_find(&cache, &other));
	}
}

/* Walks that cannot be told, and bytes that cannot be read whole. */
static void test_not_kept(void **state)
{
	struct insn insn = {.length = 7};
	struct guest_walk_trace trace;

	(void)state;
	guest_walk_traced(&mem, &paging, gla(RIP), GUEST_ACCESS_FETCH, false,
			  &trace);
	assert_int_equal(trace.count, 4);
	insn_cache_add(&cache, &key, &trace, hpa(0x9ff1), &insn);
	assert_null(insn_cache_find(&cache, &key));
	paging.apic_page = gpa(0x3000); /* a table in the APIC's page */
	guest_walk_traced(&mem, &paging, gla(RIP), GUEST_ACCESS_FETCH, false,
			  &trace);
	assert_int_equal(trace.count, 0);
	paging.phys_bits = 52; /* ones are an entry like any other */
	paging.efer |= EFER_NXE;
	paging.apic_page = gpa(0x4000);
	guest_walk_traced(&mem, &paging, gla(RIP), GUEST_ACCESS_READ, false,
			  &trace);
	assert_int_equal(trace.count, 0);
	paging.apic_page = GUEST_WALK_NO_APIC;
	paging.efer = 0;
	paging.cr4 = 0;
	paging.cr3 = 0x6000; /* 32-bit paging */
	*word(0x6000) = 0x7003;
	*(uint32_t *)(void *)(window_fake + 0x7000 + 5 * 4) = 0x9003;
	assert_true(guest_walk_traced(&mem, &paging, gla(RIP),
				      GUEST_ACCESS_FETCH, false, &trace)
			    .ok);
	assert_int_equal(trace.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_found, setup),
		cmocka_unit_test_setup(test_bytes, setup),
		cmocka_unit_test_setup(test_entries, setup),
		cmocka_unit_test_setup(test_key, setup),
		cmocka_unit_test_setup(test_not_kept, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
