/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoded instructions; see insn_cache.h. */
#include "vmx/emulate/insn_cache.h"

#include "mm/window.h"

static const void *pointer_to(hpa_t address)
{
	const uint8_t *page = window_map(hpa(address.value & ~PAGE_MASK));

	return page + (address.value & PAGE_MASK);
}

/* What is mapped may take a window from what was mapped before, but then gets its
 * own at the next try. */
bool insn_cache_map(struct insn_cache_line *line)
{
	for (unsigned try = 0; try < 3; try++) {
		line->window_changes = window_changes();
		for (unsigned i = 0; i < line->entry_count; i++)
			line->entry[i].pointer = pointer_to(line->entry[i].at);
		line->code = pointer_to(line->code_at);
		if (window_changes() == line->window_changes)
			return true;
	}
	return false;
}

/* Where RAM is that the APIC's page does not hide. */
static bool backing(const struct guest_mem *memory,
		    const struct guest_paging *paging, gpa_t address, hpa_t *at)
{
	return (address.value & ~PAGE_MASK) != paging->apic_page.value &&
	       guest_mem_translate(memory, address, at);
}

void insn_cache_add(struct insn_cache *cache, const struct guest_mem *memory,
		    const struct guest_paging *paging, gla_t rip,
		    const struct guest_walk_entries *entries, gpa_t code,
		    const uint8_t *bytes, const struct insn *insn)
{
	struct insn_cache_line *line = &cache->line[insn_cache_line_of(rip)];
	const struct insn_cache_code *words;

	line->entry_count = 0;
	if (insn->mode != DECODE_64 ||
	    (code.value & PAGE_MASK) > PAGE_SIZE - INSN_CACHE_BYTES ||
	    !backing(memory, paging, code, &line->code_at))
		return;
	for (unsigned i = 0; i < entries->count; i++) {
		line->entry[i].value = entries->entry[i].value;
		if (!backing(memory, paging, entries->entry[i].at,
			     &line->entry[i].at))
			return;
	}
	line->entry_count = (uint8_t)entries->count;
	if (!insn_cache_map(line)) {
		line->entry_count = 0;
		return;
	}
	words = line->code;
	line->word[1] = words->word[1]; /* its last byte is not in bytes */
	__builtin_memcpy(line->byte, bytes, DECODE_MAX_LENGTH);
	line->rip = rip.value;
	line->cr0 = paging->cr0;
	line->cr3 = paging->cr3;
	line->cr4 = paging->cr4;
	line->efer = paging->efer;
	line->apic_page = paging->apic_page;
	line->cpl = paging->cpl;
	line->insn = *insn;
}
