/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Temporary page tables: identity for the loader's last instructions and for
 * what the hypervisor reads before it has tables of its own, and the pool at
 * HV_BASE, all of it writable and executable until then.  Source: SDM volume 3,
 * "4-Level Paging and 5-Level Paging".
 */
#include "boot/tables.h"

#include "boot/memory.h"
#include "boot/say.h"
#include "hv/hw/cpuid.h"
#include "hv/hw/cr.h"
#include "hv/lib/string.h"

#define TABLES_ENTRIES 512u
#define TABLES_PRESENT 0x03ull /* and writable */
#define TABLES_LEAF    0x80ull
#define TABLES_512G    (512ull * SIZE_1G)
#define TABLES_TOP_MAX (1ull << 47)

/* Below, 2 MiB leaves keep different memory types apart. */
#define TABLES_SMALL_LEAVES_END (4ull * SIZE_1G)

/* Where HV_BASE lies: the last 512 GiB, of them the last but one GiB. */
#define TABLES_HV_INDEX_512G 511u
#define TABLES_HV_INDEX_1G   510u

_Static_assert(HV_BASE == 0ull - 2 * SIZE_1G, "the indices above");

/* Zeroed pages, taken one after the other. */
struct tables {
	uint64_t next, end;
};

static uint64_t *tables_new(struct tables *tables)
{
	uint64_t *page = (uint64_t *)tables->next;

	tables->next += PAGE_SIZE;
	memset(page, 0, PAGE_SIZE);
	return page;
}

static uint64_t tables_entry(const uint64_t *page)
{
	return (uint64_t)page | TABLES_PRESENT;
}

static void tables_fill_1g(struct tables *tables, uint64_t *entry,
			   uint64_t address)
{
	uint64_t *directory = tables_new(tables);

	for (uint32_t i = 0; i < TABLES_ENTRIES; i++)
		directory[i] =
			(address + i * SIZE_2M) | TABLES_PRESENT | TABLES_LEAF;
	*entry = tables_entry(directory);
}

static void tables_identity(struct tables *tables, uint64_t *top_level,
			    uint64_t end, bool large)
{
	for (uint64_t at = 0; at < end; at += SIZE_1G) {
		uint64_t *slot = &top_level[at / TABLES_512G];
		uint64_t *pointers;

		if (!*slot)
			*slot = tables_entry(tables_new(tables));
		pointers = (uint64_t *)(*slot & ~PAGE_MASK);
		pointers += at / SIZE_1G % TABLES_ENTRIES;
		if (large && at >= TABLES_SMALL_LEAVES_END)
			*pointers = at | TABLES_PRESENT | TABLES_LEAF;
		else
			tables_fill_1g(tables, pointers, at);
	}
}

static void tables_pool(struct tables *tables, uint64_t *top_level,
			const struct boot_region *pool)
{
	uint64_t *pointers = tables_new(tables);
	uint64_t *directory = tables_new(tables);

	for (uint64_t i = 0; i * SIZE_2M < pool->size_bytes; i++)
		directory[i] = (pool->start.value + i * SIZE_2M) |
			       TABLES_PRESENT | TABLES_LEAF;
	pointers[TABLES_HV_INDEX_1G] = tables_entry(directory);
	top_level[TABLES_HV_INDEX_512G] = tables_entry(pointers);
}

bool tables_build(const struct boot_region *pool, hpa_t *root)
{
	bool large = cpuid_or_zero(0x80000001, 0).edx & CPUID_80000001_EDX_1G;
	uint64_t end = (memory_top() + SIZE_1G - 1) & ~(SIZE_1G - 1);
	uint64_t directories =
		(large ? TABLES_SMALL_LEAVES_END : end) / SIZE_1G;
	struct tables tables;
	uint64_t *top_level;
	hpa_t start;

	if (end > TABLES_TOP_MAX)
		end = TABLES_TOP_MAX;
	/* One per directory and per 512 GiB, two for the pool, two on top. */
	tables.end = (directories + end / TABLES_512G + 1 + 4) * PAGE_SIZE;
	if (pool->size_bytes > SIZE_1G ||
	    !memory_pages(TABLES_SMALL_LEAVES_END - 1, tables.end, &start))
		return refuse("there is no memory for the page tables that "
			      "start the hypervisor.");
	tables.next = start.value;
	top_level = tables_new(&tables);
	tables_identity(&tables, top_level, end, large);
	tables_pool(&tables, top_level, pool);
	*root = hpa((uint64_t)top_level);
	if (cr4_read() & CR4_LA57) {
		uint64_t *fifth_level = tables_new(&tables);

		/* Both ends: low addresses, and HV_BASE, which is high. */
		fifth_level[0] = tables_entry(top_level);
		fifth_level[TABLES_ENTRIES - 1] = tables_entry(top_level);
		*root = hpa((uint64_t)fifth_level);
	}
	return true;
}
