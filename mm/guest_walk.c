/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's page walk; see guest_walk.h. */
#include "mm/guest_walk.h"

#include "hv/hw/cr_bits.h"
#include "mm/guest_map.h"

#define PTE_PRESENT  (1ull << 0)
#define PTE_WRITE    (1ull << 1)
#define PTE_USER     (1ull << 2)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY    (1ull << 6)
#define PTE_LARGE    (1ull << 7)
#define PTE_NX	     (1ull << 63)

enum walk_kind { WALK_32, WALK_PAE, WALK_4, WALK_5 };

struct walk {
	const struct guest_mem *mem;
	const struct guest_paging *paging;
	enum walk_kind kind;
	enum guest_access access;
	bool user;
	struct guest_walk_entries *entries; /* or NULL */
	uint64_t reserved; /* what is 0 in the entries of all levels */
	/* ANDed over the levels: PTE_WRITE, PTE_USER, and PTE_NX for "may
	 * fetch", the other way round than in an entry. */
	uint64_t may;
};

#define MAY_FETCH PTE_NX
#define MAY_ALL	  (PTE_WRITE | PTE_USER | MAY_FETCH)

static enum walk_kind kind_of(const struct guest_paging *p)
{
	if (!(p->cr4 & CR4_PAE))
		return WALK_32;
	if (!(p->efer & EFER_LMA))
		return WALK_PAE;
	return p->cr4 & CR4_LA57 ? WALK_5 : WALK_4;
}

/* size: 4 with 32-bit paging, else 8. */
static inline uint64_t entry_read(const struct walk *w, gpa_t address,
				  unsigned size)
{
	uint64_t value;

	if ((address.value & ~PAGE_MASK) == w->paging->apic_page.value ||
	    !guest_map_read_word(w->mem, address, size, &value))
		return size == 4 ? UINT32_MAX : UINT64_MAX;
	return value;
}

/* Accessed and dirty flags; where no RAM is they are set already. */
static void entry_set(const struct walk *w, gpa_t address, uint64_t bits)
{
	/* A 32-bit entry may be the upper half of an aligned word. */
	unsigned up = address.value & 4 ? 32 : 0;

	guest_mem_or64(w->mem, gpa(address.value & ~7ull), bits << up);
}

static uint32_t error_code(const struct walk *w, uint32_t cause)
{
	bool nx = w->paging->efer & EFER_NXE || w->paging->cr4 & CR4_SMEP;

	if (w->access == GUEST_ACCESS_WRITE)
		cause |= GUEST_PF_WRITE;
	if (w->access == GUEST_ACCESS_FETCH && nx)
		cause |= GUEST_PF_FETCH;
	return w->user ? cause | GUEST_PF_USER : cause;
}

static struct guest_walk_result fault(const struct walk *w, uint32_t cause)
{
	return (struct guest_walk_result){
		.error_code = error_code(w, cause),
	};
}

/* Bits that must be 0 in every entry. */
static inline uint64_t reserved_everywhere(const struct walk *w)
{
	const struct guest_paging *p = w->paging;
	uint64_t reserved;

	if (w->kind == WALK_32)
		return 0;
	reserved = ~0ull << p->phys_bits & 0x000fffffffffffffull;
	if (w->kind == WALK_PAE)
		reserved |= 0x7ff0000000000000ull;
	if (!(p->efer & EFER_NXE))
		reserved |= PTE_NX;
	return reserved;
}

/* Bits that must be 0 in an entry that maps a large page. */
static uint64_t reserved_if_large(const struct walk *w, int level)
{
	if (w->kind == WALK_32) /* PSE-36: bits 20:13 are address bits */
		return 1ull << 21;
	return w->reserved | ((1ull << (12 + 9 * (level - 1))) - (1ull << 13));
}

static bool may_be_large(const struct walk *w, int level)
{
	if (w->kind == WALK_32)
		return level == 2 && w->paging->cr4 & CR4_PSE;
	return level == 2 || (level == 3 && w->kind != WALK_PAE);
}

/* The access rights of the whole walk: 0, or the cause of a #PF. */
static uint32_t rights_fault(const struct walk *w, uint64_t leaf)
{
	const struct guest_paging *p = w->paging;
	bool fetch = w->access == GUEST_ACCESS_FETCH;
	bool write = w->access == GUEST_ACCESS_WRITE;
	bool may_user = w->may & PTE_USER;

	if (fetch && !(w->may & MAY_FETCH))
		return GUEST_PF_PRESENT;
	if (w->user) {
		if (!may_user || (write && !(w->may & PTE_WRITE)))
			return GUEST_PF_PRESENT;
	} else {
		if (write && !(w->may & PTE_WRITE) && p->cr0 & CR0_WP)
			return GUEST_PF_PRESENT;
		if (fetch && may_user && p->cr4 & CR4_SMEP)
			return GUEST_PF_PRESENT;
		if (!fetch && may_user && p->cr4 & CR4_SMAP &&
		    !(p->rflags & RFLAGS_AC && p->cpl < 3))
			return GUEST_PF_PRESENT;
	}
	if (!fetch && may_user && w->kind >= WALK_4 && p->cr4 & CR4_PKE) {
		uint32_t key = p->pkru >> (2 * (leaf >> 59 & 15));

		if (key & 1 ||
		    (write && key & 2 && (w->user || p->cr0 & CR0_WP)))
			return GUEST_PF_PRESENT | GUEST_PF_PROTECTION_KEY;
	}
	return 0;
}

/* An entry has size bytes, and a table of them a page: how many bits of the
 * address choose one. */
static inline unsigned index_bits(unsigned size)
{
	return size == 4 ? 10 : 9;
}

static inline unsigned entry_size(const struct walk *w)
{
	return w->kind == WALK_32 ? 4 : 8;
}

/* How much of an address an entry of that level translates. */
static inline unsigned shift_of(const struct walk *w, int level)
{
	return 12 + index_bits(entry_size(w)) * (level - 1);
}

static inline gpa_t entry_address(uint64_t table, gla_t address, unsigned shift,
				  unsigned size)
{
	uint64_t last = (1u << index_bits(size)) - 1;

	return gpa(table | (address.value >> shift & last) * size);
}

static inline uint64_t table_of(uint64_t entry)
{
	return entry & 0x000ffffffffff000ull;
}

/* The first byte of the page that an entry maps. */
static inline uint64_t page_of(const struct walk *w, uint64_t entry, int level)
{
	if (w->kind == WALK_32 && level == 2) /* PSE-36 */
		return (entry & 0xffc00000) | (entry >> 13 & 0xff) << 32;
	return table_of(entry) & ~((1ull << shift_of(w, level)) - 1);
}

static inline void tell(const struct walk *w, gpa_t at, uint64_t entry)
{
	if (w->entries)
		w->entries->entry[w->entries->count++] =
			(struct guest_walk_entry){.at = at, .value = entry};
}

static inline struct guest_walk_result leaf(struct walk *w, gpa_t entry_at,
					    uint64_t entry, int level,
					    gla_t address)
{
	uint64_t size = 1ull << shift_of(w, level);
	uint64_t set = PTE_ACCESSED;
	uint32_t cause = rights_fault(w, entry);

	if (cause)
		return fault(w, cause);
	if (w->access == GUEST_ACCESS_WRITE)
		set |= PTE_DIRTY;
	if ((entry & set) != set)
		entry_set(w, entry_at, set);
	tell(w, entry_at, entry | set);
	return (struct guest_walk_result){
		.ok = true,
		.address = gpa(page_of(w, entry, level) +
			       (address.value & (size - 1))),
		.page_bytes = size,
	};
}

/* Whether a present entry has a bit set that must be 0. */
static inline bool is_reserved(const struct walk *w, uint64_t entry, int level,
			       bool large)
{
	if (large)
		return entry & reserved_if_large(w, level);
	return entry & (level >= 4 ? w->reserved | PTE_LARGE : w->reserved);
}

/* From a table of the given level down to the page; size as entry_size() has
 * it, which the compiler is to know. */
static inline __attribute__((always_inline)) struct guest_walk_result descend(
	struct walk *w, uint64_t table, int level, gla_t address, unsigned size)
{
	unsigned shift = shift_of(w, level);

	for (;; level--, shift -= index_bits(size)) {
		gpa_t at = entry_address(table, address, shift, size);
		uint64_t entry = entry_read(w, at, size);
		bool large = entry & PTE_LARGE && may_be_large(w, level);

		if (!(entry & PTE_PRESENT))
			return fault(w, 0);
		if (is_reserved(w, entry, level, large))
			return fault(w, GUEST_PF_PRESENT | GUEST_PF_RESERVED);
		w->may &= entry ^ MAY_FETCH;
		if (level == 1 || large)
			return leaf(w, at, entry, level, address);
		if (!(entry & PTE_ACCESSED))
			entry_set(w, at, PTE_ACCESSED);
		tell(w, at, entry | PTE_ACCESSED);
		table = table_of(entry);
	}
}

/* Where a walk begins: the level of the first table, and where it lies.  PAE's
 * PDPTEs are registers, and the caller's part. */
static int first_table(const struct walk *w, uint64_t *table)
{
	static const int level[] = {
		[WALK_32] = 2, [WALK_PAE] = 2, [WALK_4] = 4, [WALK_5] = 5};

	*table = w->kind == WALK_32 ? w->paging->cr3 & 0xfffff000
				    : table_of(w->paging->cr3);
	return level[w->kind];
}

/* What is the same for all levels. */
static inline struct walk begin(const struct guest_mem *mem,
				const struct guest_paging *paging)
{
	struct walk w = {
		.mem = mem,
		.paging = paging,
		.kind = kind_of(paging),
		.may = MAY_ALL,
	};

	w.reserved = reserved_everywhere(&w);
	return w;
}

static struct guest_walk_result translate(const struct guest_mem *mem,
					  const struct guest_paging *paging,
					  gla_t address,
					  enum guest_access access,
					  bool implicit_supervisor,
					  struct guest_walk_entries *entries)
{
	struct walk w;
	uint64_t table, pdpte;
	int level;

	if (!(paging->cr0 & CR0_PG))
		return (struct guest_walk_result){
			.ok = true,
			.address = gpa((uint32_t)address.value),
			.page_bytes = PAGE_SIZE,
		};
	w = begin(mem, paging);
	w.access = access;
	w.user = paging->cpl == 3 && !implicit_supervisor;
	level = first_table(&w, &table);
	if (w.kind >= WALK_4) {
		w.entries = entries;
		return descend(&w, table, level, address, 8);
	}
	address = gla((uint32_t)address.value);
	if (w.kind == WALK_32)
		return descend(&w, table, level, address, 4);
	pdpte = paging->pdpte[address.value >> 30 & 3];
	if (!(pdpte & PTE_PRESENT))
		return fault(&w, 0);
	return descend(&w, table_of(pdpte), level, address, 8);
}

struct guest_walk_result guest_walk(const struct guest_mem *mem,
				    const struct guest_paging *paging,
				    gla_t address, enum guest_access access,
				    bool implicit_supervisor)
{
	return translate(mem, paging, address, access, implicit_supervisor,
			 NULL);
}

struct guest_walk_result guest_walk_telling(const struct guest_mem *mem,
					    const struct guest_paging *paging,
					    gla_t address,
					    enum guest_access access,
					    struct guest_walk_entries *entries)
{
	struct guest_walk_result result;

	entries->count = 0;
	result = translate(mem, paging, address, access, false, entries);
	if (!result.ok)
		entries->count = 0;
	return result;
}

/* ---- for people ---- */

static bool is_canonical(const struct walk *w, gla_t address)
{
	unsigned unused = w->kind == WALK_5 ? 64 - 57 : 64 - 48;
	int64_t value = (int64_t)(address.value << unused) >> unused;

	return w->kind < WALK_4 || (uint64_t)value == address.value;
}

static void add_step(struct guest_walk_trace *trace, int level, gpa_t at,
		     uint64_t entry)
{
	trace->step[trace->count++] = (struct guest_walk_step){
		.level = (uint8_t)level, .at = at, .entry = entry};
}

static bool in_memory(const struct walk *w, gpa_t address)
{
	hpa_t unused;

	return (address.value & ~PAGE_MASK) != w->paging->apic_page.value &&
	       guest_mem_translate(w->mem, address, &unused);
}

static enum guest_walk_end trace_down(struct walk *w, uint64_t table, int level,
				      gla_t address,
				      struct guest_walk_trace *trace)
{
	for (;; level--) {
		unsigned size = entry_size(w);
		gpa_t at =
			entry_address(table, address, shift_of(w, level), size);
		uint64_t entry = entry_read(w, at, size);
		bool large = entry & PTE_LARGE && may_be_large(w, level);

		add_step(trace, level, at, entry);
		if (!in_memory(w, at))
			return GUEST_WALK_NO_MEMORY;
		if (!(entry & PTE_PRESENT))
			return GUEST_WALK_NOT_PRESENT;
		if (is_reserved(w, entry, level, large))
			return GUEST_WALK_RESERVED;
		w->may &= entry ^ MAY_FETCH;
		if (level > 1 && !large) {
			table = table_of(entry);
			continue;
		}
		trace->page_bytes = 1ull << shift_of(w, level);
		trace->address = gpa(page_of(w, entry, level) +
				     (address.value & (trace->page_bytes - 1)));
		return GUEST_WALK_MAPPED;
	}
}

static enum guest_walk_end trace_paged(struct walk *w, gla_t address,
				       struct guest_walk_trace *trace)
{
	uint64_t table, pdpte;
	int level = first_table(w, &table);

	if (!is_canonical(w, address))
		return GUEST_WALK_NOT_CANONICAL;
	if (w->kind < WALK_4)
		address = gla((uint32_t)address.value);
	if (w->kind == WALK_PAE) {
		pdpte = w->paging->pdpte[address.value >> 30 & 3];
		add_step(trace, 3, GUEST_WALK_REGISTER, pdpte);
		if (!(pdpte & PTE_PRESENT))
			return GUEST_WALK_NOT_PRESENT;
		table = table_of(pdpte);
	}
	return trace_down(w, table, level, address, trace);
}

void guest_walk_trace(const struct guest_mem *mem,
		      const struct guest_paging *paging, gla_t address,
		      struct guest_walk_trace *trace)
{
	struct walk w = begin(mem, paging);

	*trace = (struct guest_walk_trace){
		.end = GUEST_WALK_MAPPED,
		.address = gpa((uint32_t)address.value),
		.page_bytes = PAGE_SIZE,
	};
	trace->paged = paging->cr0 & CR0_PG;
	if (trace->paged)
		trace->end = trace_paged(&w, address, trace);
	trace->may_write = w.may & PTE_WRITE;
	trace->may_user = w.may & PTE_USER;
	trace->may_fetch = w.may & MAY_FETCH;
}
