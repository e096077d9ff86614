/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of mm/guest_walk.c: every paging mode, rights, reserved bits, A/D. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/cr_bits.h"
#include "mm/guest_walk.h"
#include "mm/window.h"
#include "tools/test/unit/test_random.h"

#define P  1ull
#define W  2ull
#define U  4ull
#define A  0x20ull
#define D  0x40ull
#define PS 0x80ull
#define NX (1ull << 63)

static const struct guest_mem mem = {
	.bank = {{.start = {0}, .size_bytes = WINDOW_FAKE_BYTES}},
	.bank_count = 1,
};

static struct guest_paging paging;

static uint64_t *table64(uint64_t address)
{
	return (uint64_t *)(void *)(window_fake + address);
}

static uint32_t *table32(uint64_t address)
{
	return (uint32_t *)(void *)(window_fake + address);
}

/* 4-level: PML4 at 1000H, PDPT 2000H, PD 3000H, PT 4000H. */
static int setup(void **state)
{
	(void)state;
	memset(window_fake, 0, sizeof(window_fake));
	paging = (struct guest_paging){
		.cr0 = CR0_PE | CR0_PG | CR0_WP,
		.cr3 = 0x1000,
		.cr4 = CR4_PAE,
		.efer = EFER_LME | EFER_LMA | EFER_NXE,
		.phys_bits = 40,
		.apic_page = GUEST_WALK_NO_APIC,
	};
	table64(0x1000)[1] = 0x2000 | P | W | U;
	table64(0x2000)[2] = 0x3000 | P | W | U;
	table64(0x3000)[3] = 0x4000 | P | W | U;
	table64(0x4000)[4] = 0x9000 | P | W | U;
	return 0;
}

#define LINEAR (1ull << 39 | 2ull << 30 | 3ull << 21 | 4ull << 12 | 0x123)

static struct guest_walk_result walk(uint64_t address, enum guest_access access)
{
	return guest_walk(&mem, &paging, gla(address), access, false);
}

static void fails(uint64_t address, enum guest_access access, uint32_t code)
{
	struct guest_walk_result r = walk(address, access);

	assert_false(r.ok);
	assert_int_equal(r.error_code, code);
}

static void maps(uint64_t address, enum guest_access access, uint64_t to,
		 uint64_t page_bytes)
{
	struct guest_walk_result r = walk(address, access);

	assert_true(r.ok);
	assert_int_equal(r.address.value, to);
	assert_int_equal(r.page_bytes, page_bytes);
}

static void test_no_paging(void **state)
{
	(void)state;
	paging.cr0 = CR0_PE;
	maps(0x100000456, GUEST_ACCESS_WRITE, 0x456, 4096);
}

static void test_four_levels(void **state)
{
	(void)state;
	maps(LINEAR, GUEST_ACCESS_READ, 0x9123, 4096);
	assert_int_equal(table64(0x4000)[4] & (A | D), A);
	assert_int_equal(table64(0x1000)[1] & A, A);
	maps(LINEAR, GUEST_ACCESS_WRITE, 0x9123, 4096);
	assert_int_equal(table64(0x4000)[4] & (A | D), A | D);
	fails(LINEAR + (1ull << 21), GUEST_ACCESS_READ, 0);
	fails(LINEAR + (1ull << 21), GUEST_ACCESS_WRITE, GUEST_PF_WRITE);
	fails(LINEAR + (1ull << 21), GUEST_ACCESS_FETCH, GUEST_PF_FETCH);
}

static void test_large_pages(void **state)
{
	(void)state;
	table64(0x3000)[3] = 0x40600000 | P | W | PS;
	maps(LINEAR, GUEST_ACCESS_WRITE, 0x40604123, 2u << 20);
	assert_int_equal(table64(0x3000)[3] & D, D);
	table64(0x3000)[3] |= 1ull << 13;
	fails(LINEAR, GUEST_ACCESS_READ, GUEST_PF_PRESENT | GUEST_PF_RESERVED);
	table64(0x2000)[2] = 0x80000000 | P | W | PS;
	maps(LINEAR, GUEST_ACCESS_READ, 0x80604123, 1u << 30);
	table64(0x1000)[1] |= PS; /* reserved at that level */
	fails(LINEAR, GUEST_ACCESS_READ, GUEST_PF_PRESENT | GUEST_PF_RESERVED);
}

static void test_reserved_bits(void **state)
{
	(void)state;
	table64(0x4000)[4] |= 1ull << 40; /* above MAXPHYADDR */
	fails(LINEAR, GUEST_ACCESS_READ, GUEST_PF_PRESENT | GUEST_PF_RESERVED);
	table64(0x4000)[4] = 0x9000 | P | NX;
	maps(LINEAR, GUEST_ACCESS_READ, 0x9123, 4096);
	paging.efer &= ~EFER_NXE;
	fails(LINEAR, GUEST_ACCESS_READ, GUEST_PF_PRESENT | GUEST_PF_RESERVED);
}

static void test_rights(void **state)
{
	(void)state;
	table64(0x2000)[2] &= ~W;
	fails(LINEAR, GUEST_ACCESS_WRITE, GUEST_PF_PRESENT | GUEST_PF_WRITE);
	paging.cr0 &= ~CR0_WP;
	maps(LINEAR, GUEST_ACCESS_WRITE, 0x9123, 4096);
	paging.cpl = 3;
	fails(LINEAR, GUEST_ACCESS_WRITE,
	      GUEST_PF_PRESENT | GUEST_PF_WRITE | GUEST_PF_USER);
	maps(LINEAR, GUEST_ACCESS_READ, 0x9123, 4096);
	table64(0x3000)[3] &= ~U;
	fails(LINEAR, GUEST_ACCESS_READ, GUEST_PF_PRESENT | GUEST_PF_USER);
	assert_true(
		guest_walk(&mem, &paging, gla(LINEAR), GUEST_ACCESS_READ, true)
			.ok);
}

static void test_nx_smep_smap(void **state)
{
	(void)state;
	table64(0x3000)[3] |= NX;
	fails(LINEAR, GUEST_ACCESS_FETCH, GUEST_PF_PRESENT | GUEST_PF_FETCH);
	table64(0x3000)[3] &= ~NX;
	maps(LINEAR, GUEST_ACCESS_FETCH, 0x9123, 4096);
	paging.cr4 |= CR4_SMEP;
	fails(LINEAR, GUEST_ACCESS_FETCH, GUEST_PF_PRESENT | GUEST_PF_FETCH);
	paging.cr4 |= CR4_SMAP;
	fails(LINEAR, GUEST_ACCESS_READ, GUEST_PF_PRESENT);
	paging.rflags = RFLAGS_AC;
	maps(LINEAR, GUEST_ACCESS_READ, 0x9123, 4096);
	assert_false(guest_walk(&mem,
				&(struct guest_paging){
					.cr0 = paging.cr0,
					.cr3 = paging.cr3,
					.cr4 = paging.cr4,
					.efer = paging.efer,
					.rflags = RFLAGS_AC,
					.cpl = 3,
					.phys_bits = 40,
					.apic_page = GUEST_WALK_NO_APIC,
				},
				gla(LINEAR + 0x200000), GUEST_ACCESS_READ, true)
			     .ok);
}

static void test_protection_keys(void **state)
{
	(void)state;
	paging.cr4 |= CR4_PKE;
	table64(0x4000)[4] |= 5ull << 59;
	paging.pkru = 1u << 10; /* key 5: no access */
	fails(LINEAR, GUEST_ACCESS_READ,
	      GUEST_PF_PRESENT | GUEST_PF_PROTECTION_KEY);
	maps(LINEAR, GUEST_ACCESS_FETCH, 0x9123, 4096);
	paging.pkru = 2u << 10; /* no writes */
	maps(LINEAR, GUEST_ACCESS_READ, 0x9123, 4096);
	fails(LINEAR, GUEST_ACCESS_WRITE,
	      GUEST_PF_PRESENT | GUEST_PF_WRITE | GUEST_PF_PROTECTION_KEY);
}

static void test_five_levels(void **state)
{
	(void)state;
	paging.cr4 |= CR4_LA57;
	paging.cr3 = 0x5000;
	table64(0x5000)[7] = 0x1000 | P | W | U;
	maps(7ull << 48 | LINEAR, GUEST_ACCESS_READ, 0x9123, 4096);
}

static void test_pae(void **state)
{
	(void)state;
	paging.efer = 0;
	paging.pdpte[2] = 0x3000 | P;
	maps(2u << 30 | 3u << 21 | 4u << 12, GUEST_ACCESS_WRITE, 0x9000, 4096);
	fails(1u << 30, GUEST_ACCESS_READ, 0);
	table64(0x4000)[4] |= 1ull << 55;
	fails(2u << 30 | 3u << 21 | 4u << 12, GUEST_ACCESS_READ,
	      GUEST_PF_PRESENT | GUEST_PF_RESERVED);
}

static void test_32_bit(void **state)
{
	(void)state;
	paging.efer = 0;
	paging.cr4 = CR4_PSE;
	paging.cr3 = 0x6000;
	table32(0x6000)[5] = 0x7000 | P | W;
	table32(0x7000)[9] = 0xb000 | P | W; /* the upper half of a word */
	maps(5u << 22 | 9u << 12 | 0x77, GUEST_ACCESS_WRITE, 0xb077, 4096);
	assert_int_equal(table32(0x7000)[9], 0xb000 | P | W | A | D);
	assert_int_equal(table32(0x7000)[8], 0);
	table32(0x6000)[6] = 0x00800000 | P | PS | 3u << 13; /* PSE-36 */
	maps(6u << 22 | 0x5678, GUEST_ACCESS_READ, 0x300805678, 4u << 20);
	paging.cr4 = 0; /* bit 7 means nothing then */
	table32(0x6000)[6] = 0x7000 | P | PS;
	maps(6u << 22 | 9u << 12, GUEST_ACCESS_READ, 0xb000, 4096);
}

/* A table outside RAM reads as all ones. */
static void test_table_outside_ram(void **state)
{
	(void)state;
	table64(0x3000)[3] = 0xfee00000 | P | W | U;
	fails(LINEAR, GUEST_ACCESS_READ, GUEST_PF_PRESENT | GUEST_PF_RESERVED);
	paging.cr3 = 0xfffff000;
	fails(LINEAR, GUEST_ACCESS_WRITE,
	      GUEST_PF_PRESENT | GUEST_PF_RESERVED | GUEST_PF_WRITE);
}

/* ---- the walk with all that it meets ---- */

static struct guest_walk_trace trace;

static void traces(uint64_t address, enum guest_walk_end end, unsigned count)
{
	guest_walk_trace(&mem, &paging, gla(address), &trace);
	assert_int_equal(trace.end, end);
	assert_int_equal(trace.count, count);
}

static void step_is(unsigned n, unsigned level, uint64_t at, uint64_t entry)
{
	assert_int_equal(trace.step[n].level, level);
	assert_int_equal(trace.step[n].at.value, at);
	assert_int_equal(trace.step[n].entry, entry);
}

static void test_trace_modes(void **state)
{
	(void)state;
	table64(0x3000)[3] &= ~W;
	traces(LINEAR, GUEST_WALK_MAPPED, 4);
	step_is(0, 4, 0x1008, 0x2000 | P | W | U);
	step_is(1, 3, 0x2010, 0x3000 | P | W | U);
	step_is(2, 2, 0x3018, 0x4000 | P | U);
	step_is(3, 1, 0x4020, 0x9000 | P | W | U); /* and no A is set */
	assert_int_equal(trace.address.value, 0x9123);
	assert_int_equal(trace.page_bytes, 4096);
	assert_true(trace.paged && trace.may_user && trace.may_fetch);
	assert_false(trace.may_write);
	table64(0x2000)[2] = 0x80000000 | P | W | PS | NX;
	traces(LINEAR, GUEST_WALK_MAPPED, 2);
	assert_int_equal(trace.address.value, 0x80604123);
	assert_int_equal(trace.page_bytes, 1u << 30);
	assert_false(trace.may_fetch || trace.may_user);

	paging.cr4 |= CR4_LA57;
	paging.cr3 = 0x5000;
	table64(0x5000)[7] = 0x1000 | P;
	traces(7ull << 48 | LINEAR, GUEST_WALK_MAPPED, 3);
	step_is(0, 5, 0x5038, 0x1000 | P);
	paging.cr0 = CR0_PE;
	traces(0x100000456, GUEST_WALK_MAPPED, 0);
	assert_false(trace.paged);
	assert_int_equal(trace.address.value, 0x456);
}

static void test_trace_32_and_pae(void **state)
{
	(void)state;
	paging.efer = 0;
	paging.pdpte[2] = 0x3000 | P;
	traces(2u << 30 | 3u << 21 | 4u << 12, GUEST_WALK_MAPPED, 3);
	step_is(0, 3, GUEST_WALK_REGISTER.value, 0x3000 | P);
	step_is(1, 2, 0x3018, 0x4000 | P | W | U);
	traces(1u << 30, GUEST_WALK_NOT_PRESENT, 1);
	paging.cr4 = CR4_PSE;
	paging.cr3 = 0x6000;
	table32(0x6000)[5] = 0x7000 | P | W;
	table32(0x6000)[6] = 0x00800000 | P | PS | 3u << 13;
	table32(0x7000)[9] = 0xb000 | P | W;
	traces(5u << 22 | 9u << 12 | 0x77, GUEST_WALK_MAPPED, 2);
	step_is(1, 1, 0x7024, 0xb000 | P | W);
	traces(6u << 22 | 0x5678, GUEST_WALK_MAPPED, 1);
	assert_int_equal(trace.address.value, 0x300805678);
}

static void test_trace_ends(void **state)
{
	(void)state;
	traces(LINEAR + (1ull << 21), GUEST_WALK_NOT_PRESENT, 3);
	traces(1ull << 47, GUEST_WALK_NOT_CANONICAL, 0);
	traces(0xffff7fffffffffff, GUEST_WALK_NOT_CANONICAL, 0);
	traces(0xffff800000000000, GUEST_WALK_NOT_PRESENT, 1);
	table64(0x4000)[4] |= 1ull << 40;
	traces(LINEAR, GUEST_WALK_RESERVED, 4);
	table64(0x3000)[3] = 0xfee00000 | P;
	traces(LINEAR, GUEST_WALK_NO_MEMORY, 4);
	step_is(3, 1, 0xfee00020, ~0ull);
	paging.apic_page = gpa(0x2000);
	traces(LINEAR, GUEST_WALK_NO_MEMORY, 2);
}

/* Random tables: it ends where guest_walk() ends. */
static void test_trace_random(void **state)
{
	unsigned mapped = 0;

	(void)state;
	random_seed(11);
	for (int i = 0; i < 200000; i++) {
		uint64_t address = random64() & 0x7fffffffffff;
		struct guest_walk_result r;

		for (unsigned t = 1; t < 6; t++)
			for (unsigned n = 0; n < 4; n++) {
				uint64_t e = random64();

				e &= random64() | 0x7000;
				e &= 0xf000000000007fff & ~(7ull << 60);
				table64(t * 0x1000)[random64() % 512] =
					e | P | W;
			}
		paging.cr4 = (random64() & CR4_LA57) | CR4_PAE;
		paging.efer = EFER_LMA | (random64() & EFER_NXE);
		if (i % 3 == 0)
			paging.efer = 0;
		if (i % 3 == 1) {
			paging.efer = 0;
			paging.cr4 = random64() & CR4_PSE;
		}
		paging.cr3 = 0x1000;
		paging.pdpte[random64() % 4] = random64() & 0x7001;
		guest_walk_trace(&mem, &paging, gla(address), &trace);
		r = walk(address, GUEST_ACCESS_READ);
		if (trace.end == GUEST_WALK_NO_MEMORY)
			continue;
		assert_int_equal(trace.end == GUEST_WALK_MAPPED, r.ok);
		if (!r.ok) {
			assert_int_equal(trace.end == GUEST_WALK_RESERVED,
					 !!(r.error_code & GUEST_PF_RESERVED));
			continue;
		}
		mapped++;
		assert_int_equal(trace.address.value, r.address.value);
		assert_int_equal(trace.page_bytes, r.page_bytes);
	}
	assert_true(mapped > 1000);
}

/* ---- the entries that a walk has used ---- */

static struct guest_walk_result telling(struct guest_walk_entries *entries,
					enum guest_access access)
{
	return guest_walk_telling(&mem, &paging, gla(LINEAR), access, entries);
}

static void has_entry(const struct guest_walk_entries *entries, unsigned i,
		      uint64_t table, unsigned index)
{
	assert_int_equal(entries->entry[i].at.value, table + 8 * index);
	/* With the flags that the walk has set. */
	assert_int_equal(entries->entry[i].value, table64(table)[index]);
	assert_true(entries->entry[i].value & A);
}

static void test_telling(void **state)
{
	struct guest_walk_entries entries;

	(void)state;
	assert_int_equal(telling(&entries, GUEST_ACCESS_WRITE).address.value,
			 0x9123);
	assert_int_equal(entries.count, 4);
	for (unsigned i = 0; i < 4; i++)
		has_entry(&entries, i, 0x1000 * (i + 1), i + 1);
	assert_true(entries.entry[3].value & D);
	table64(0x3000)[3] = 0x40600000 | P | W | PS;
	assert_true(telling(&entries, GUEST_ACCESS_FETCH).ok);
	assert_int_equal(entries.count, 3);
	has_entry(&entries, 2, 0x3000, 3);
	table64(0x6000)[0] = 0x1000 | P | W;
	paging.cr3 = 0x6000;
	paging.cr4 |= CR4_LA57;
	assert_true(telling(&entries, GUEST_ACCESS_FETCH).ok);
	assert_int_equal(entries.count, 4);
	has_entry(&entries, 0, 0x6000, 0);
	table64(0x3000)[3] = 0x4000 | P;
	assert_true(telling(&entries, GUEST_ACCESS_FETCH).ok);
	assert_int_equal(entries.count, 5);
}

/* Nothing when there is a fault, or outside of IA-32e mode. */
static void test_telling_nothing(void **state)
{
	struct guest_walk_entries entries;

	(void)state;
	table64(0x4000)[4] = 0;
	assert_false(telling(&entries, GUEST_ACCESS_READ).ok);
	assert_int_equal(entries.count, 0);
	paging.efer = 0;
	paging.pdpte[2] = 0x3001;
	table64(0x3000)[3] = 0x4000 | P;
	table64(0x4000)[4] = 0x9000 | P;
	assert_true(telling(&entries, GUEST_ACCESS_READ).ok);
	assert_int_equal(entries.count, 0);
	paging.cr0 = CR0_PE;
	assert_true(telling(&entries, GUEST_ACCESS_READ).ok);
	assert_int_equal(entries.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_no_paging, setup),
		cmocka_unit_test_setup(test_four_levels, setup),
		cmocka_unit_test_setup(test_large_pages, setup),
		cmocka_unit_test_setup(test_reserved_bits, setup),
		cmocka_unit_test_setup(test_rights, setup),
		cmocka_unit_test_setup(test_nx_smep_smap, setup),
		cmocka_unit_test_setup(test_protection_keys, setup),
		cmocka_unit_test_setup(test_five_levels, setup),
		cmocka_unit_test_setup(test_pae, setup),
		cmocka_unit_test_setup(test_32_bit, setup),
		cmocka_unit_test_setup(test_table_outside_ram, setup),
		cmocka_unit_test_setup(test_trace_modes, setup),
		cmocka_unit_test_setup(test_trace_32_and_pae, setup),
		cmocka_unit_test_setup(test_trace_ends, setup),
		cmocka_unit_test_setup(test_trace_random, setup),
		cmocka_unit_test_setup(test_telling, setup),
		cmocka_unit_test_setup(test_telling_nothing, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
