/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoded instructions; see insn_cache.h. */
#include "vmx/insn_cache.h"

#include "mm/window.h"

static unsigned line_of(uint64_t rip)
{
	return (unsigned)(rip ^ rip >> 3 ^ rip >> 6) % INSN_CACHE_LINES;
}

/* The bytes that the instruction has of the word that begins at byte first. */
static uint64_t mask_of(unsigned length, unsigned first)
{
	if (length <= first)
		return 0;
	length -= first;
	return length >= 8 ? ~0ull : (1ull << 8 * length) - 1;
}

static const uint64_t *words_at(hpa_t code)
{
	uint8_t *page = window_map(hpa(code.value & ~PAGE_MASK));

	return (const uint64_t *)(void *)(page + (code.value & PAGE_MASK));
}

static uint64_t word(const uint64_t *words, unsigned index)
{
	uint64_t value; /* not aligned */

	__builtin_memcpy(&value, words + index, sizeof(value));
	return value;
}

static bool same_key(const struct insn_cache_key *a,
		     const struct insn_cache_key *b)
{
	return a->rip == b->rip && a->cr0 == b->cr0 && a->cr3 == b->cr3 &&
	       a->cr4 == b->cr4 && a->efer == b->efer &&
	       a->apic_page.value == b->apic_page.value && a->cpl == b->cpl;
}

const struct insn *insn_cache_find(const struct insn_cache *cache,
				   const struct insn_cache_key *key)
{
	const struct insn_cache_line *line = &cache->line[line_of(key->rip)];
	const uint64_t *words;

	if (!line->trace.count || !same_key(&line->key, key) ||
	    !guest_walk_is_same(&line->trace))
		return NULL;
	words = words_at(line->code);
	if ((word(words, 0) ^ line->bytes[0]) & line->mask[0] ||
	    (word(words, 1) ^ line->bytes[1]) & line->mask[1])
		return NULL;
	return &line->insn;
}

void insn_cache_add(struct insn_cache *cache, const struct insn_cache_key *key,
		    const struct guest_walk_trace *trace, hpa_t code,
		    const struct insn *insn)
{
	struct insn_cache_line *line = &cache->line[line_of(key->rip)];
	const uint64_t *words;

	if (!trace->count || (code.value & PAGE_MASK) > PAGE_SIZE - 16)
		return;
	words = words_at(code);
	*line = (struct insn_cache_line){
		.key = *key,
		.trace = *trace,
		.code = code,
		.bytes = {word(words, 0), word(words, 1)},
		.mask = {mask_of(insn->length, 0), mask_of(insn->length, 8)},
		.insn = *insn,
	};
}
