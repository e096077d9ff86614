/* SPDX-License-Identifier: BSD-2-Clause */
/* Page walks and memory as text; see memory_text.h. */
#include "hv/monitor/memory_text.h"

#include "hv/hw/cr_bits.h"
#include "hv/lib/string.h"
#include "hv/monitor/words.h"

#define ENTRY_FLAGS   0x80000000000001ffull /* P to G, and XD */
#define ENTRY_PRESENT (1ull << 0)
#define EPT_LEAF_BITS 0x340ull /* ignore PAT, accessed, dirty */

static const struct text_bit entry_bits[] = {
	{0, "P"}, {1, "W"}, {2, "U"},  {3, "PWT"}, {4, "PCD"},
	{5, "A"}, {6, "D"}, {7, "PS"}, {8, "G"},   {63, "XD"},
};
/* In an entry that maps 4 KiB. */
static const struct text_bit page_bits[] = {
	{0, "P"}, {1, "W"}, {2, "U"},	{3, "PWT"}, {4, "PCD"},
	{5, "A"}, {6, "D"}, {7, "PAT"}, {8, "G"},   {63, "XD"},
};
static const struct text_bit ept_bits[] = {
	{6, "ignore-PAT"},
	{8, "A"},
	{9, "D"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool memory_text_address(const char *word, bool *physical, uint64_t *address)
{
	*physical = word[0] == 'p' && word[1] == ':';
	if (*physical || (word[0] == 'v' && word[1] == ':'))
		word += 2;
	return words_number(word, UINT64_MAX, address);
}

unsigned memory_text_size(const char *word)
{
	static const struct {
		char letter;
		unsigned bytes;
	} sizes[] = {{'b', 1}, {'w', 2}, {'d', 4}, {'q', 8}};

	for (unsigned i = 0; word && i < COUNT(sizes); i++)
		if (word[0] == sizes[i].letter && !word[1])
			return sizes[i].bytes;
	return 0;
}

void memory_text_page(struct text *t, uint64_t page_bytes)
{
	if (page_bytes >= SIZE_1G)
		text_add(t, "%lu GiB", page_bytes >> 30);
	else if (page_bytes >= 1ul << 20)
		text_add(t, "%lu MiB", page_bytes >> 20);
	else
		text_add(t, "%lu KiB", page_bytes >> 10);
}

/* ---- EPT ---- */

static const char *type_name(uint64_t entry)
{
	static const char *const names[8] = {
		[MEMORY_TYPE_UC] = "UC", [MEMORY_TYPE_WC] = "WC",
		[MEMORY_TYPE_WT] = "WT", [MEMORY_TYPE_WP] = "WP",
		[MEMORY_TYPE_WB] = "WB",
	};
	const char *name = names[entry >> 3 & 7];

	return name ? name : "reserved memory type";
}

static void add_rights(struct text *t, uint64_t entry)
{
	text_add(t, "%c%c%c", entry & EPT_READ ? 'r' : '-',
		 entry & EPT_WRITE ? 'w' : '-',
		 entry & EPT_EXECUTE ? 'x' : '-');
}

static const char *ept_entry_name(uint64_t page_bytes)
{
	if (page_bytes > SIZE_1G)
		return "PML4E";
	if (page_bytes == SIZE_1G)
		return "PDPTE";
	return page_bytes == SIZE_2M ? "PDE" : "PTE";
}

void memory_text_ept(struct text *t, const struct ept_trace *trace)
{
	for (unsigned i = 0; i < trace->count; i++) {
		const struct ept_step *step = &trace->step[i];
		bool last = i + 1 == trace->count;

		text_add(t, "  %-5s at %012lx = %016lx ",
			 ept_entry_name(step->page_bytes), step->at.value,
			 step->entry);
		if (last && !trace->result.present) {
			text_add(t, "not present\n");
			return;
		}
		add_rights(t, step->entry);
		if (!last) {
			text_add(t, " table\n");
			continue;
		}
		text_add(t, " %s ", type_name(step->entry));
		memory_text_page(t, step->page_bytes);
		text_bits(t, step->entry & EPT_LEAF_BITS, ept_bits,
			  COUNT(ept_bits));
		text_add(t, "\n");
	}
}

/* ---- the guest's own tables ---- */

static const char *mode_name(const struct guest_paging *paging)
{
	if (!(paging->cr0 & CR0_PG))
		return "no paging";
	if (!(paging->cr4 & CR4_PAE))
		return "32-bit paging";
	if (!(paging->efer & EFER_LMA))
		return "PAE paging";
	return paging->cr4 & CR4_LA57 ? "5-level paging" : "4-level paging";
}

void memory_text_walk(struct text *t, const struct guest_paging *paging,
		      const struct guest_walk_trace *trace)
{
	static const char *const names[] = {"?",     "PTE",   "PDE",
					    "PDPTE", "PML4E", "PML5E"};
	int digits = paging->cr4 & CR4_PAE ? 16 : 8;

	text_add(t, "  %s", mode_name(paging));
	if (trace->paged)
		text_add(t, ", CR3 %lx", paging->cr3);
	text_add(t, "\n");
	for (unsigned i = 0; i < trace->count; i++) {
		const struct guest_walk_step *step = &trace->step[i];
		bool small = step->level == 1;

		text_add(t, "  %-5s ", names[step->level]);
		if (step->at.value == GUEST_WALK_REGISTER.value)
			text_add(t, "in register    ");
		else
			text_add(t, "at %012lx", step->at.value);
		text_add(t, " = %0*lx", digits, step->entry);
		text_bits(t, step->entry & ENTRY_FLAGS,
			  small ? page_bits : entry_bits, COUNT(page_bits));
		text_add(t, "%s\n",
			 step->entry & ENTRY_PRESENT ? "" : " not present");
	}
}

const char *memory_text_end(enum guest_walk_end end)
{
	switch (end) {
	case GUEST_WALK_MAPPED:
		return "is mapped";
	case GUEST_WALK_NOT_PRESENT:
		return "is not mapped";
	case GUEST_WALK_RESERVED:
		return "is not mapped: a reserved bit is set";
	case GUEST_WALK_NO_MEMORY:
		return "is not mapped: its page table is in no memory";
	case GUEST_WALK_NOT_CANONICAL:
		return "is not canonical";
	}
	return "is not mapped";
}

/* ---- memory ---- */

void memory_text_dump(struct text *t, uint64_t address, const uint8_t *bytes,
		      unsigned count, unsigned size)
{
	size_t start = t->used;

	text_add(t, "%016lx:", address);
	for (unsigned at = 0; at < count; at += size) {
		uint64_t value = 0;

		memcpy(&value, bytes + at, size);
		text_add(t, " %0*lx", (int)(2 * size), value);
	}
	/* As far as a full line of such values goes. */
	while (t->used - start < 19 + MEMORY_TEXT_LINE / size * (2 * size + 1))
		text_add(t, " ");
	for (unsigned at = 0; at < count; at++) {
		uint8_t c = bytes[at];

		text_add(t, "%c", c >= ' ' && c < 0x7f ? c : '.');
	}
	text_add(t, "\n");
}
