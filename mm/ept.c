/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended page tables and the vCPUs' views of them.  Pure; tables come from
 * mm/frame.h.
 */
#include "mm/ept.h"

#include "hv/lib/string.h"
#include "mm/frame.h"

/* Levels of the walk, by what an entry of the level can map. */
enum {
	LEVEL_4K, /* PT */
	LEVEL_2M, /* PD */
	LEVEL_1G, /* PDPT */
	LEVEL_ROOT,
};

#define ENTRIES		    512
#define ENTRY_ADDRESS	    0x000ffffffffff000ull
#define ENTRY_LARGE	    (1ull << 7)
#define ENTRY_TYPE(t)	    ((uint64_t)(t) << 3)

#define HPA_END		    (1ull << 52)
#define GPA_END		    (1ull << EPT_GPA_BITS)

#define EPTP_WRITE_BACK	    6ull
#define EPTP_WALK_LENGTH_4  (3ull << 3)
#define EPTP_ACCESSED_DIRTY (1ull << 6)

static unsigned ept_shift(unsigned level)
{
	return PAGE_SHIFT + 9 * level;
}

static uint64_t ept_bytes(unsigned level)
{
	return 1ull << ept_shift(level);
}

static unsigned ept_index(uint64_t address, unsigned level)
{
	return address >> ept_shift(level) & (ENTRIES - 1);
}

static bool ept_is_present(uint64_t entry)
{
	return entry & EPT_RWX;
}

static bool ept_is_table(uint64_t entry, unsigned level)
{
	return ept_is_present(entry) && level != LEVEL_4K &&
	       !(entry & ENTRY_LARGE);
}

static uint64_t *ept_table_of(uint64_t entry)
{
	return frame_pointer(hpa(entry & ENTRY_ADDRESS));
}

static uint64_t ept_link(const uint64_t *table)
{
	return frame_hpa(table).value | EPT_RWX;
}

/* An entry that maps a page; attributes hold permissions and memory type. */
static uint64_t ept_leaf(uint64_t address, uint64_t attributes, unsigned level)
{
	return address | attributes | (level == LEVEL_4K ? 0 : ENTRY_LARGE);
}

/* Fills the table of level - 1 so that it says what entry said at level. */
static void ept_expand(uint64_t *table, uint64_t entry, unsigned level)
{
	uint64_t address = entry & ENTRY_ADDRESS;
	uint64_t attributes = entry & ~(ENTRY_ADDRESS | ENTRY_LARGE);

	if (!ept_is_present(entry)) {
		memset(table, 0, PAGE_SIZE);
		return;
	}
	if (ept_is_table(entry, level)) {
		memcpy(table, ept_table_of(entry), PAGE_SIZE);
		return;
	}
	for (unsigned i = 0; i < ENTRIES; i++)
		table[i] = ept_leaf(address + i * ept_bytes(level - 1),
				    attributes, level - 1);
}

/* The table below *entry, made if there is none; NULL: no frame. */
static uint64_t *ept_descend(uint64_t *entry, unsigned level)
{
	uint64_t *table;

	if (ept_is_table(*entry, level))
		return ept_table_of(*entry);
	table = frame_alloc(FRAME_EPT, 1);
	if (!table)
		return NULL;
	ept_expand(table, *entry, level);
	__atomic_store_n(entry, ept_link(table), __ATOMIC_RELEASE);
	return table;
}

/*
 * The entry that may map address with a page of *level, or of a lower level
 * where a table is in the way.  NULL: no frame.
 */
static uint64_t *ept_slot(struct ept *ept, uint64_t address, unsigned *level)
{
	uint64_t *table = ept->root;

	for (unsigned l = LEVEL_ROOT; table; l--) {
		uint64_t *entry = &table[ept_index(address, l)];

		if (l <= *level && !ept_is_table(*entry, l)) {
			*level = l;
			return entry;
		}
		table = ept_descend(entry, l);
	}
	return NULL;
}

/* The largest page that alignment (of all addresses), size and features allow. */
static unsigned ept_level(const struct ept_features *features,
			  uint64_t alignment, uint64_t size_bytes)
{
	if (features->page_1g && !(alignment & (SIZE_1G - 1)) &&
	    size_bytes >= SIZE_1G)
		return LEVEL_1G;
	if (features->page_2m && !(alignment & (SIZE_2M - 1)) &&
	    size_bytes >= SIZE_2M)
		return LEVEL_2M;
	return LEVEL_4K;
}

static bool ept_range_ok(uint64_t start, uint64_t size_bytes, uint64_t end)
{
	return !((start | size_bytes) & PAGE_MASK) && start <= end &&
	       size_bytes <= end - start;
}

static bool ept_perms_ok(unsigned perms)
{
	return perms && !(perms & ~EPT_RWX) &&
	       (perms & (EPT_READ | EPT_WRITE)) != EPT_WRITE;
}

static struct ept_translation ept_walk(const uint64_t *table, uint64_t address)
{
	struct ept_translation t = {.page_bytes = ept_bytes(LEVEL_ROOT)};

	if (address >= GPA_END)
		return t;
	for (unsigned level = LEVEL_ROOT;; level--) {
		uint64_t entry = table[ept_index(address, level)];

		t.page_bytes = ept_bytes(level);
		if (!ept_is_present(entry))
			return t;
		if (!ept_is_table(entry, level)) {
			t.present = true;
			t.perms = entry & EPT_RWX;
			t.type = (enum memory_type)(entry >> 3 & 7);
			t.hpa = hpa((entry & ENTRY_ADDRESS) |
				    (address & (t.page_bytes - 1)));
			return t;
		}
		table = ept_table_of(entry);
	}
}

static uint64_t ept_root_pointer(const uint64_t *root,
				 const struct ept_features *features)
{
	uint64_t eptp = frame_hpa(root).value | EPTP_WALK_LENGTH_4;

	if (features->write_back)
		eptp |= EPTP_WRITE_BACK;
	if (features->accessed_dirty)
		eptp |= EPTP_ACCESSED_DIRTY;
	return eptp;
}

bool ept_init(struct ept *ept, struct ept_features features)
{
	ept->features = features;
	ept->root = frame_alloc(FRAME_EPT, 1);
	return ept->root;
}

bool ept_map(struct ept *ept, gpa_t gpa, hpa_t hpa, uint64_t size_bytes,
	     unsigned perms, enum memory_type type)
{
	uint64_t to = gpa.value, from = hpa.value, left = size_bytes;

	if (!ept_range_ok(to, left, GPA_END) ||
	    !ept_range_ok(from, left, HPA_END) || !ept_perms_ok(perms))
		return false;
	while (left) {
		unsigned level = ept_level(&ept->features, to | from, left);
		uint64_t *entry = ept_slot(ept, to, &level);

		if (!entry)
			return false;
		__atomic_store_n(
			entry, ept_leaf(from, perms | ENTRY_TYPE(type), level),
			__ATOMIC_RELEASE);
		to += ept_bytes(level);
		from += ept_bytes(level);
		left -= ept_bytes(level);
	}
	return true;
}

bool ept_unmap(struct ept *ept, gpa_t gpa, uint64_t size_bytes)
{
	uint64_t at = gpa.value, end = at + size_bytes;

	if (!ept_range_ok(at, size_bytes, GPA_END))
		return false;
	while (at < end) {
		struct ept_translation t = ept_walk(ept->root, at);
		unsigned level = ept_level(&ept->features, at, end - at);
		uint64_t *entry;

		if (!t.present) {
			at = (at | (t.page_bytes - 1)) + 1;
			continue;
		}
		entry = ept_slot(ept, at, &level);
		if (!entry)
			return false;
		__atomic_store_n(entry, 0, __ATOMIC_RELEASE);
		at += ept_bytes(level);
	}
	return true;
}

struct ept_translation ept_lookup(const struct ept *ept, gpa_t gpa)
{
	return ept_walk(ept->root, gpa.value);
}

uint64_t ept_pointer(const struct ept *ept)
{
	return ept_root_pointer(ept->root, &ept->features);
}

bool ept_overlay_begin(struct ept_overlay *overlay, const struct ept *base)
{
	if (!overlay->ept.root)
		overlay->ept.root = frame_alloc(FRAME_EPT, 1);
	if (!overlay->ept.root)
		return false;
	overlay->ept.features = base->features;
	overlay->used_count = 0;
	memcpy(overlay->ept.root, base->root, PAGE_SIZE);
	return true;
}

static bool ept_overlay_has(const struct ept_overlay *overlay,
			    const uint64_t *table)
{
	for (unsigned i = 0; i < overlay->used_count; i++)
		if (overlay->table[i] == table)
			return true;
	return false;
}

/* The overlay's own table below *entry; NULL: no frame. */
static uint64_t *ept_overlay_descend(struct ept_overlay *overlay,
				     uint64_t *entry, unsigned level)
{
	uint64_t **table = &overlay->table[overlay->used_count];

	if (ept_is_table(*entry, level) &&
	    ept_overlay_has(overlay, ept_table_of(*entry)))
		return ept_table_of(*entry);
	if (overlay->used_count == overlay->table_count) {
		if (overlay->table_count == 3 * EPT_OVERLAY_PAGES)
			return NULL;
		*table = frame_alloc(FRAME_EPT, 1);
		if (!*table)
			return NULL;
		overlay->table_count++;
	}
	overlay->used_count++;
	ept_expand(*table, *entry, level);
	*entry = ept_link(*table);
	return *table;
}

bool ept_overlay_set_page(struct ept_overlay *overlay, gpa_t gpa, hpa_t hpa,
			  unsigned perms, enum memory_type type)
{
	uint64_t *table = overlay->ept.root;

	if (!ept_range_ok(gpa.value, PAGE_SIZE, GPA_END) ||
	    !ept_range_ok(hpa.value, PAGE_SIZE, HPA_END) ||
	    !ept_perms_ok(perms))
		return false;
	for (unsigned level = LEVEL_ROOT; level > LEVEL_4K; level--) {
		table = ept_overlay_descend(
			overlay, &table[ept_index(gpa.value, level)], level);
		if (!table)
			return false;
	}
	table[ept_index(gpa.value, LEVEL_4K)] =
		ept_leaf(hpa.value, perms | ENTRY_TYPE(type), LEVEL_4K);
	return true;
}

bool ept_view_init(struct ept_view *view, const struct ept *base)
{
	view->base = base;
	for (unsigned level = 0; level <= LEVEL_ROOT; level++) {
		view->table[level] = frame_alloc(FRAME_EPT, 1);
		if (!view->table[level])
			return false;
	}
	ept_view_clear(view);
	return true;
}

bool ept_view_set_page(struct ept_view *view, gpa_t gpa, hpa_t hpa,
		       unsigned perms, enum memory_type type)
{
	if (!ept_range_ok(gpa.value, PAGE_SIZE, GPA_END) ||
	    !ept_range_ok(hpa.value, PAGE_SIZE, HPA_END) ||
	    (perms && !ept_perms_ok(perms)))
		return false;
	ept_view_clear(view);
	for (unsigned level = LEVEL_ROOT; level > LEVEL_4K; level--) {
		unsigned index = ept_index(gpa.value, level);

		ept_expand(view->table[level - 1], view->table[level][index],
			   level);
		view->table[level][index] = ept_link(view->table[level - 1]);
	}
	view->table[LEVEL_4K][ept_index(gpa.value, LEVEL_4K)] =
		perms ? ept_leaf(hpa.value, perms | ENTRY_TYPE(type), LEVEL_4K)
		      : 0;
	return true;
}

void ept_view_clear(struct ept_view *view)
{
	memcpy(view->table[LEVEL_ROOT], view->base->root, PAGE_SIZE);
}

struct ept_translation ept_view_lookup(const struct ept_view *view, gpa_t gpa)
{
	return ept_walk(view->table[LEVEL_ROOT], gpa.value);
}

void ept_view_trace(const struct ept_view *view, gpa_t gpa,
		    struct ept_trace *trace)
{
	const uint64_t *table = view->table[LEVEL_ROOT];

	*trace = (struct ept_trace){.result = ept_walk(table, gpa.value)};
	if (gpa.value >= GPA_END)
		return;
	for (unsigned level = LEVEL_ROOT;; level--) {
		const uint64_t *entry = &table[ept_index(gpa.value, level)];

		trace->step[trace->count++] = (struct ept_step){
			.page_bytes = ept_bytes(level),
			.at = frame_hpa(entry),
			.entry = *entry,
		};
		if (!ept_is_table(*entry, level))
			return;
		table = ept_table_of(*entry);
	}
}

uint64_t ept_view_pointer(const struct ept_view *view)
{
	return ept_root_pointer(view->table[LEVEL_ROOT], &view->base->features);
}
