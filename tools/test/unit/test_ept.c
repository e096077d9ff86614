/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of mm/ept.c: against a flat model, and with every frame missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mm/ept.h"
#include "mm/frame.h"

#define POOL_FRAMES 4096ul
#define POOL_HPA    0x123400000ull
#define GIB	    (1ull << 30)
#define MIB	    (1ull << 20)
#define ALL                            \
	{                              \
		true, true, true, true \
	}

static const struct ept_features all = ALL;
static uint8_t *pool;

static void frames(uint64_t count)
{
	frame_init(pool, hpa(POOL_HPA), count * PAGE_SIZE, 0);
}

static int setup(void **state)
{
	(void)state;
	pool = aligned_alloc(PAGE_SIZE, POOL_FRAMES * PAGE_SIZE);
	return !pool;
}

static int teardown(void **state)
{
	(void)state;
	free(pool);
	return 0;
}

static void expect(struct ept_translation t, uint64_t address, unsigned perms,
		   uint64_t page_bytes)
{
	assert_int_equal(t.present, perms != 0);
	assert_int_equal(t.perms, perms);
	if (perms)
		assert_int_equal(t.hpa.value, address);
	assert_int_equal(t.page_bytes, page_bytes);
}

static void test_page_sizes(void **state)
{
	static const struct {
		struct ept_features features;
		uint64_t gpa, hpa, size, page;
	} rows[] = {
		{ALL, 4 * GIB, GIB, GIB, GIB},
		{ALL, 4 * GIB, GIB + 2 * MIB, GIB, 2 * MIB},
		{ALL, 4 * GIB + 2 * MIB, 2 * MIB, GIB - 2 * MIB, 2 * MIB},
		{ALL, 0, 4096, GIB, 4096},
		{ALL, 4096, 4096, 1 * MIB, 4096},
		{{true, false, true, true}, 4 * GIB, GIB, GIB, 2 * MIB},
		{{false, false, true, true}, 4 * GIB, GIB, 4 * MIB, 4096},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ept ept;

		frames(POOL_FRAMES);
		assert_true(ept_init(&ept, rows[i].features));
		assert_true(ept_map(&ept, gpa(rows[i].gpa), hpa(rows[i].hpa),
				    rows[i].size, EPT_RWX, MEMORY_TYPE_WB));
		expect(ept_lookup(&ept, gpa(rows[i].gpa + 0x123)),
		       rows[i].hpa + 0x123, EPT_RWX, rows[i].page);
		expect(ept_lookup(&ept, gpa(rows[i].gpa + rows[i].size - 1)),
		       rows[i].hpa + rows[i].size - 1, EPT_RWX, rows[i].page);
		assert_false(ept_lookup(&ept, gpa(rows[i].gpa + rows[i].size))
				     .present);
	}
}

/* The entries, bit for bit, as the SDM's tables "Format of an EPT ..." say. */
static void test_entry_bits(void **state)
{
	struct ept ept;
	uint64_t *table;

	(void)state;
	frames(POOL_FRAMES);
	assert_true(ept_init(&ept, all));
	assert_int_equal(ept_pointer(&ept), POOL_HPA | 6 | 3 << 3 | 1 << 6);
	assert_true(ept_map(&ept, gpa(GIB), hpa(2 * GIB), GIB,
			    EPT_READ | EPT_WRITE, MEMORY_TYPE_WB));
	assert_true(ept_map(&ept, gpa(0x200000), hpa(0x400000), 2 * MIB,
			    EPT_READ, MEMORY_TYPE_UC));
	assert_true(ept_map(&ept, gpa(0x1000), hpa(0x5000), 4096, EPT_EXECUTE,
			    MEMORY_TYPE_WT));
	table = ept.root;
	assert_int_equal(table[0], (POOL_HPA + 0x1000) | 7);
	assert_int_equal(table[1], 0);
	table = frame_pointer(hpa(table[0] & ~0xfffull));
	assert_int_equal(table[1], 2 * GIB | 3 | 6 << 3 | 1 << 7);
	table = frame_pointer(hpa(table[0] & ~0xfffull));
	assert_int_equal(table[1], 0x400000 | 1 | 0 << 3 | 1 << 7);
	table = frame_pointer(hpa(table[0] & ~0xfffull));
	assert_int_equal(table[1], 0x5000 | 4 | 4 << 3);

	assert_true(ept_init(&ept, (struct ept_features){0}));
	assert_int_equal(ept_pointer(&ept) & 0xfff, 3 << 3);
}

static void test_refused(void **state)
{
	static const struct {
		uint64_t gpa, hpa, size;
		unsigned perms;
	} rows[] = {
		{0x800, 0, 4096, 7},
		{0, 0x800, 4096, 7},
		{0, 0, 0x800, 7},
		{0, 0, 4096, 0},
		{0, 0, 4096, 8},
		{0, 0, 4096, EPT_WRITE},
		{0, 0, 4096, EPT_WRITE | EPT_EXECUTE},
		{1ull << 48, 0, 4096, 7},
		{(1ull << 48) - 4096, 0, 8192, 7},
		{0, 1ull << 52, 4096, 7},
		{0, (1ull << 52) - 4096, 8192, 7},
		{4096, 0, -4096ull, 7},
	};
	struct ept ept;
	struct ept_view view;

	(void)state;
	frames(POOL_FRAMES);
	assert_true(ept_init(&ept, all));
	assert_true(ept_view_init(&view, &ept));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_false(ept_map(&ept, gpa(rows[i].gpa), hpa(rows[i].hpa),
				     rows[i].size, rows[i].perms, 6));
		if (rows[i].perms && rows[i].size == 4096)
			assert_false(ept_view_set_page(&view, gpa(rows[i].gpa),
						       hpa(rows[i].hpa),
						       rows[i].perms, 6));
	}
	assert_false(ept_unmap(&ept, gpa(0x800), 4096));
	assert_false(ept_unmap(&ept, gpa(1ull << 48), 4096));
	assert_int_equal(frame_used(FRAME_EPT), 5);
	assert_true(ept_map(&ept, gpa((1ull << 48) - 4096),
			    hpa((1ull << 52) - 4096), 4096, 7, 6));
	assert_false(ept_lookup(&ept, gpa(1ull << 48)).present);
	assert_false(ept_lookup(&ept, gpa(UINT64_MAX)).present);
}

/* Holes are crossed without tables; the rest of a split page stays. */
static void test_unmap(void **state)
{
	struct ept ept;
	uint64_t used;

	(void)state;
	frames(POOL_FRAMES);
	assert_true(ept_init(&ept, all));
	assert_true(ept_unmap(&ept, gpa(0), 1ull << 48));
	assert_int_equal(frame_used(FRAME_EPT), 1);
	assert_true(ept_map(&ept, gpa(GIB), hpa(GIB), GIB, 7, 6));
	assert_true(ept_unmap(&ept, gpa(GIB + 4096), 4096));
	expect(ept_lookup(&ept, gpa(GIB)), GIB, 7, 4096);
	assert_false(ept_lookup(&ept, gpa(GIB + 4096)).present);
	expect(ept_lookup(&ept, gpa(GIB + 8192)), GIB + 8192, 7, 4096);
	expect(ept_lookup(&ept, gpa(GIB + 2 * MIB)), GIB + 2 * MIB, 7, 2 * MIB);
	/* From the middle of a hole's entry on. */
	assert_true(ept_unmap(&ept, gpa(GIB - 4096), 8192));
	assert_false(ept_lookup(&ept, gpa(GIB)).present);
	used = frame_used(FRAME_EPT);
	assert_true(ept_unmap(&ept, gpa(0), 1ull << 48));
	assert_int_equal(frame_used(FRAME_EPT), used);
	for (uint64_t at = 0; at < 4 * GIB; at += MIB)
		assert_false(ept_lookup(&ept, gpa(at)).present);
}

/* A table that exists is filled, never lost. */
static void test_large_over_small(void **state)
{
	struct ept ept;
	uint64_t used;

	(void)state;
	frames(POOL_FRAMES);
	assert_true(ept_init(&ept, all));
	assert_true(ept_map(&ept, gpa(4096), hpa(0), 4096, 3, 6));
	used = frame_used(FRAME_EPT);
	assert_true(ept_map(&ept, gpa(0), hpa(GIB), GIB, 7, 6));
	expect(ept_lookup(&ept, gpa(4096)), GIB + 4096, 7, 4096);
	expect(ept_lookup(&ept, gpa(2 * MIB)), GIB + 2 * MIB, 7, 2 * MIB);
	assert_int_equal(frame_used(FRAME_EPT), used);
}

/* A split keeps every attribute, and accessed and dirty flags. */
static void test_split_keeps_attributes(void **state)
{
	struct ept ept;
	uint64_t *entry;

	(void)state;
	frames(POOL_FRAMES);
	assert_true(ept_init(&ept, all));
	assert_true(
		ept_map(&ept, gpa(0), hpa(GIB), GIB, EPT_READ, MEMORY_TYPE_WT));
	entry = frame_pointer(hpa(ept.root[0] & ~0xfffull));
	*entry |= 3 << 8;
	assert_true(ept_map(&ept, gpa(0), hpa(0), 4096, 7, 6));
	entry = frame_pointer(hpa(*entry & ~0xfffull));
	assert_int_equal(entry[511],
			 (2 * GIB - 2 * MIB) | 1 | 4 << 3 | 1 << 7 | 3 << 8);
	entry = frame_pointer(hpa(*entry & ~0xfffull));
	assert_int_equal(entry[511],
			 (GIB + 2 * MIB - 4096) | 1 | 4 << 3 | 3 << 8);
}

/* ---- random sequences against a flat array, one element a page ---- */

#define MODEL_PAGES (4 * 512 * 512ul) /* 4 GiB */

struct model_page {
	uint64_t hpa;
	uint8_t perms, type;
};

static struct model_page model[MODEL_PAGES];

static void same(struct ept_translation t, uint64_t page,
		 struct model_page expected)
{
	if (t.present != (expected.perms != 0) ||
	    (t.present &&
	     (t.perms != expected.perms || t.type != expected.type ||
	      t.hpa.value != expected.hpa)))
		fail_msg("page %lx: %lx %x %x, not %lx %x %x", page,
			 t.hpa.value, t.perms, t.type, expected.hpa,
			 expected.perms, expected.type);
}

static uint64_t some(uint64_t below)
{
	return (((uint64_t)rand() << 31) ^ rand()) % below;
}

/* Rounded, now and then, so that large pages happen. */
static uint64_t some_page(void)
{
	static const uint64_t step[] = {1, 1, 512, 512, 512 * 512};

	return some(MODEL_PAGES) / step[rand() % 5] * step[rand() % 5] %
	       MODEL_PAGES;
}

static void change(struct ept *ept)
{
	uint64_t start = some_page(), to = some_page();
	uint64_t count = some_page() % (MODEL_PAGES - start) + 1;
	struct model_page new = {0, "\1\3\5\7\4"[rand() % 5], rand() % 2 * 6};

	if (rand() % 2)
		count = count % 1024 + 1;
	if (count > MODEL_PAGES - start)
		count = MODEL_PAGES - start;
	if (rand() % 3 == 0)
		new.perms = 0;
	if (new.perms)
		assert_true(ept_map(ept, gpa(start * 4096), hpa(to * 4096),
				    count * 4096, new.perms, new.type));
	else
		assert_true(ept_unmap(ept, gpa(start * 4096), count * 4096));
	for (uint64_t i = 0; i < count; i++) {
		new.hpa = (to + i) * 4096;
		model[start + i] = new;
	}
}

static void test_random(void **state)
{
	(void)state;
	for (int seed = 0; seed < 12; seed++) {
		struct ept_features f = {seed & 1 || seed & 2, seed & 2, true,
					 true};
		struct ept ept;

		srand(seed);
		frames(POOL_FRAMES);
		memset(model, 0, sizeof(model));
		assert_true(ept_init(&ept, f));
		for (int step = 0; step < 12; step++) {
			change(&ept);
			for (uint64_t p = 0; p < MODEL_PAGES; p += 1 + some(64))
				same(ept_lookup(&ept, gpa(p * 4096)), p,
				     model[p]);
		}
	}
}

/* Views move about over a base; what they do not set is the base's. */
static void test_views(void **state)
{
	struct ept_view view[3];
	uint64_t at[3] = {0}, pointer[3], used;
	struct ept ept;

	(void)state;
	srand(7);
	frames(POOL_FRAMES);
	memset(model, 0, sizeof(model));
	assert_true(ept_init(&ept, all));
	for (int i = 0; i < 12; i++)
		change(&ept);
	for (int i = 0; i < 3; i++) {
		assert_true(ept_view_init(&view[i], &ept));
		pointer[i] = ept_view_pointer(&view[i]);
		at[i] = MODEL_PAGES;
	}
	used = frame_used(FRAME_EPT);
	for (int step = 0; step < 60; step++) {
		struct model_page mine[3];

		for (int i = 0; i < 3; i++) {
			mine[i] = (struct model_page){some_page() * 4096,
						      rand() % 2 * 3, 6};
			at[i] = rand() % 4 ? some_page() : MODEL_PAGES;
			if (at[i] == MODEL_PAGES)
				ept_view_clear(&view[i]);
			else
				assert_true(ept_view_set_page(
					&view[i], gpa(at[i] * 4096),
					hpa(mine[i].hpa), mine[i].perms, 6));
			assert_int_equal(ept_view_pointer(&view[i]),
					 pointer[i]);
		}
		for (int i = 0; i < 3; i++) {
			for (uint64_t p = 0; p < MODEL_PAGES;
			     p += 1 + some(999))
				if (p != at[i])
					same(ept_view_lookup(&view[i],
							     gpa(p * 4096)),
					     p, model[p]);
			for (uint64_t p = at[i] & ~511ul;
			     at[i] < MODEL_PAGES && p <= (at[i] | 511); p++)
				same(ept_view_lookup(&view[i], gpa(p * 4096)),
				     p, p == at[i] ? mine[i] : model[p]);
		}
		assert_int_equal(frame_used(FRAME_EPT), used);
		for (uint64_t p = 0; p < MODEL_PAGES; p += 1 + some(999))
			same(ept_lookup(&ept, gpa(p * 4096)), p, model[p]);
	}
}

/* Pages that differ, once and again; the base stays, views show it all. */
static void test_overlay(void **state)
{
	static struct model_page base[MODEL_PAGES];
	struct ept_overlay overlay = {0};
	struct ept_view view;
	uint64_t at[EPT_OVERLAY_PAGES], used = 0;
	struct ept ept;

	(void)state;
	srand(8);
	frames(POOL_FRAMES);
	memset(model, 0, sizeof(model));
	assert_true(ept_init(&ept, all));
	for (int i = 0; i < 12; i++)
		change(&ept);
	memcpy(base, model, sizeof(base));
	assert_true(ept_view_init(&view, &ept));
	for (int step = 0; step < 30; step++) {
		unsigned count = step ? rand() % (EPT_OVERLAY_PAGES + 1)
				      : EPT_OVERLAY_PAGES;

		memcpy(model, base, sizeof(model));
		assert_true(ept_overlay_begin(&overlay, &ept));
		for (unsigned i = 0; i < count; i++) {
			/* Near another one, now and then. */
			at[i] = i && rand() % 2 ? at[i - 1] ^ some(1024)
						: some_page();
			model[at[i]] = (struct model_page){some_page() * 4096,
							   EPT_EXECUTE, 6};
			assert_true(ept_overlay_set_page(
				&overlay, gpa(at[i] * 4096),
				hpa(model[at[i]].hpa), EPT_EXECUTE, 6));
		}
		view.base = &overlay.ept;
		ept_view_clear(&view);
		for (uint64_t p = 0; p < MODEL_PAGES; p += 1 + some(999)) {
			same(ept_lookup(&overlay.ept, gpa(p * 4096)), p,
			     model[p]);
			same(ept_view_lookup(&view, gpa(p * 4096)), p,
			     model[p]);
			same(ept_lookup(&ept, gpa(p * 4096)), p, base[p]);
		}
		for (unsigned i = 0; i < count; i++) {
			same(ept_view_lookup(&view, gpa(at[i] * 4096)), at[i],
			     model[at[i]]);
			same(ept_lookup(&ept, gpa(at[i] * 4096)), at[i],
			     base[at[i]]);
		}
	}
	/* Frames for the pages that need most. */
	for (int step = 0; step < 2; step++) {
		assert_true(ept_overlay_begin(&overlay, &ept));
		for (uint64_t i = 0; i < EPT_OVERLAY_PAGES; i++)
			assert_true(ept_overlay_set_page(&overlay, gpa(i << 40),
							 hpa(0), EPT_EXECUTE,
							 6));
		if (step)
			assert_int_equal(frame_used(FRAME_EPT), used);
		used = frame_used(FRAME_EPT);
	}
	assert_false(ept_overlay_set_page(&overlay, gpa(17ull << 40), hpa(0),
					  EPT_EXECUTE, 6));
	assert_false(ept_overlay_set_page(&overlay, gpa(0x800), hpa(0), 4, 6));
	assert_false(
		ept_overlay_set_page(&overlay, gpa(1ull << 48), hpa(0), 4, 6));
	assert_false(ept_overlay_set_page(&overlay, gpa(0), hpa(0x800), 4, 6));
	assert_false(ept_overlay_set_page(&overlay, gpa(0), hpa(0), 0, 6));
}

/* A view beyond what the base has, at the very end of the address space. */
static void test_view_of_a_hole(void **state)
{
	struct ept ept;
	struct ept_view view;
	uint64_t last = (1ull << 48) - 4096;

	(void)state;
	frames(POOL_FRAMES);
	assert_true(ept_init(&ept, all));
	assert_true(ept_view_init(&view, &ept));
	assert_true(ept_view_set_page(&view, gpa(last), hpa(GIB), 3, 6));
	expect(ept_view_lookup(&view, gpa(last + 8)), GIB + 8, 3, 4096);
	assert_false(ept_view_lookup(&view, gpa(last - 1)).present);
	assert_false(ept_lookup(&ept, gpa(last)).present);
	/* A change of the base shows after the next set or clear. */
	assert_true(ept_map(&ept, gpa(last - 4096), hpa(0), 4096, 7, 6));
	ept_view_clear(&view);
	assert_false(ept_view_lookup(&view, gpa(last)).present);
	expect(ept_view_lookup(&view, gpa(last - 4096)), 0, 7, 4096);
}

/* Every entry on the way, in the base's tables and in the view's own. */
static void test_trace(void **state)
{
	struct ept_view view;
	struct ept_trace t;
	struct ept ept;

	(void)state;
	frames(POOL_FRAMES);
	assert_true(ept_init(&ept, all));
	assert_true(ept_map(&ept, gpa(GIB), hpa(2 * GIB), GIB, 7, 6));
	assert_true(ept_view_init(&view, &ept));
	ept_view_trace(&view, gpa(GIB + 0x123), &t);
	assert_int_equal(t.count, 2);
	assert_int_equal(t.step[0].page_bytes, 512 * GIB);
	assert_int_equal(t.step[0].at.value,
			 frame_hpa(view.table[3]).value); /* the view's root */
	assert_int_equal(t.step[0].entry, (POOL_HPA + 0x1000) | 7);
	assert_int_equal(t.step[1].page_bytes, GIB);
	assert_int_equal(t.step[1].at.value, POOL_HPA + 0x1000 + 8);
	assert_int_equal(t.step[1].entry, 2 * GIB | 7 | 6 << 3 | 1 << 7);
	expect(t.result, 2 * GIB + 0x123, 7, GIB);

	assert_true(
		ept_view_set_page(&view, gpa(GIB + 0x5000), hpa(0x7000), 3, 6));
	ept_view_trace(&view, gpa(GIB + 0x5008), &t);
	assert_int_equal(t.count, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(t.step[i].at.value & ~0xfffull,
				 frame_hpa(view.table[3 - i]).value);
	assert_int_equal(t.step[3].at.value & 0xfff, 5 * 8);
	assert_int_equal(t.step[3].entry, 0x7000 | 3 | 6 << 3);
	expect(t.result, 0x7008, 3, 4096);

	ept_view_trace(&view, gpa(3 * GIB), &t); /* a hole */
	assert_int_equal(t.count, 2);
	assert_int_equal(t.step[1].entry, 0);
	assert_false(t.result.present);
	ept_view_trace(&view, gpa(1ull << 48), &t);
	assert_int_equal(t.count, 0);
	assert_false(t.result.present);
}

/* With the n-th frame missing, for every n: false, and nothing wrong. */
static void test_out_of_frames(void **state)
{
	bool ok = false;

	(void)state;
	for (uint64_t n = 0; !ok; n++) {
		struct ept ept;
		struct ept_view view;

		assert_in_range(n, 0, 64);
		frames(n);
		ok = ept_init(&ept, all);
		if (!ok)
			continue;
		ok = ept_map(&ept, gpa(4 * GIB), hpa(4 * GIB), GIB, 7, 6);
		ok = ok &&
		     ept_map(&ept, gpa(4 * GIB + 0x5000), hpa(0), 0x3000, 3, 6);
		ok = ok && ept_unmap(&ept, gpa(4 * GIB + 2 * MIB), 0x1000);
		for (uint64_t at = 4 * GIB; at < 5 * GIB; at += 4096) {
			struct ept_translation t = ept_lookup(&ept, gpa(at));

			if (t.present && t.perms == 7)
				assert_int_equal(t.hpa.value, at);
		}
		ok = ok && ept_view_init(&view, &ept);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_sizes),
		cmocka_unit_test(test_entry_bits),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unmap),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_large_over_small),
		cmocka_unit_test(test_split_keeps_attributes),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_view_of_a_hole),
		cmocka_unit_test(test_overlay),
		cmocka_unit_test(test_out_of_frames),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
