/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instructions that a vCPU has last been found at, decoded: most accesses
 * to devices and to the APIC come from few places.  Finding one is as good as
 * walking, fetching and decoding anew, for everything that these depend on is
 * compared: the paging state, each paging-structure entry that the walk has
 * used, and the bytes, as they are in the guest's memory now.  Nothing has to
 * be told of a change.  In 64-bit mode alone.  Pure over mm/window.h.
 */
#ifndef VMX_INSN_CACHE_H
#define VMX_INSN_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mm/guest_walk.h"
#include "mm/window.h"
#include "vmx/emulate/decode.h"

#define INSN_CACHE_LINES_LOG2 4
#define INSN_CACHE_LINES      (1u << INSN_CACHE_LINES_LOG2)
#define INSN_CACHE_BYTES      16 /* the first 15 are what was decoded */

/* All but memory that a fetch in 64-bit mode depends on. */
struct insn_cache_state {
	gla_t rip;
	uint64_t cr0, cr3, cr4, efer;
	gpa_t apic_page;
	uint8_t cpl;
};

struct insn_cache_line {
	/* What insn_cache_state is compared with. */
	uint64_t rip, cr0, cr3, cr4, efer;
	gpa_t apic_page;
	uint8_t cpl;
	uint8_t entry_count; /* 0: the line is empty */
	struct {
		uint64_t value;
		const uint64_t *pointer;
		hpa_t at;
	} entry[GUEST_WALK_ENTRIES];
	hpa_t code_at;
	const void *code;
	uint64_t window_changes; /* the pointers are valid until it changes */
	union {
		uint64_t word[INSN_CACHE_BYTES / 8];
		uint8_t byte[INSN_CACHE_BYTES];
	};
	struct insn insn;
};

/* All zeroes at first. */
struct insn_cache {
	struct insn_cache_line line[INSN_CACHE_LINES];
};

/* Bytes of an instruction, at any address but in one page. */
struct insn_cache_code {
	uint64_t word[INSN_CACHE_BYTES / 8];
} __attribute__((packed, may_alias));

static inline unsigned insn_cache_line_of(gla_t rip)
{
	return (uint32_t)rip.value * 0x9e3779b1u >>
	       (32 - INSN_CACHE_LINES_LOG2);
}

/* For insn_cache_find(): maps all that a line was made from.  False: it does not
 * fit into the windows at once. */
bool insn_cache_map(struct insn_cache_line *line);

static inline __attribute__((always_inline)) bool insn_cache_same_state(
	const struct insn_cache_line *line, struct insn_cache_state now)
{
	return line->rip == now.rip.value && line->cr0 == now.cr0 &&
	       line->cr3 == now.cr3 && line->cr4 == now.cr4 &&
	       line->efer == now.efer &&
	       line->apic_page.value == now.apic_page.value &&
	       line->cpl == now.cpl;
}

/* Whether the guest's memory, which is mapped, has what it was made from. */
static inline __attribute__((always_inline)) bool insn_cache_same_memory(
	const struct insn_cache_line *line)
{
	const struct insn_cache_code *code = line->code;
	unsigned count = line->entry_count;

	for (unsigned i = 0; i < count; i++)
		if (__atomic_load_n(line->entry[i].pointer, __ATOMIC_RELAXED) !=
		    line->entry[i].value)
			return false;
	return code->word[0] == line->word[0] && code->word[1] == line->word[1];
}

/*
 * The line of the instruction that is now at rip in 64-bit mode (the caller has
 * seen CS.L; EFER.LMA is compared), good until the next call of
 * insn_cache_add(), or NULL: not known.
 */
static inline __attribute__((always_inline)) const struct insn_cache_line *
insn_cache_find(struct insn_cache *cache, struct insn_cache_state now)
{
	struct insn_cache_line *line =
		&cache->line[insn_cache_line_of(now.rip)];

	if (!line->entry_count || !insn_cache_same_state(line, now) ||
	    (line->window_changes != window_changes() &&
	     !insn_cache_map(line)) ||
	    !insn_cache_same_memory(line))
		return NULL;
	return line;
}

/*
 * Keeps *insn, decoded out of the DECODE_MAX_LENGTH bytes at bytes, which were
 * fetched from rip: guest_walk_telling() said that they are at code, by these
 * entries.  Does nothing outside of 64-bit mode, and when it could not be compared
 * later: the bytes or an entry are not in RAM, or the bytes are at a page's very
 * end.
 */
void insn_cache_add(struct insn_cache *cache, const struct guest_mem *memory,
		    const struct guest_paging *paging, gla_t rip,
		    const struct guest_walk_entries *entries, gpa_t code,
		    const uint8_t *bytes, const struct insn *insn);

#endif
