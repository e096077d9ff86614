/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of pages with INT3 in them; see shadow.h. */
#include "hv/gdb/shadow.h"

#include <stddef.h>

#include "hv/lib/string.h"
#include "mm/frame.h"

#define INT3	    0xccull
#define CHUNK_WORDS 32

static gpa_t page_of(gpa_t where)
{
	return gpa(where.value & ~PAGE_MASK);
}

static struct gdb_shadow *find(struct gdb_shadows *s, gpa_t where)
{
	for (size_t i = 0; i < GDB_SHADOWS_MAX; i++)
		if (s->shadow[i].count &&
		    s->shadow[i].page.value == page_of(where).value)
			return &s->shadow[i];
	return NULL;
}

static struct gdb_shadow *find_free(struct gdb_shadows *s)
{
	for (size_t i = 0; i < GDB_SHADOWS_MAX; i++) {
		struct gdb_shadow *p = &s->shadow[i];

		if (p->count)
			continue;
		if (!p->copy)
			p->copy = frame_alloc(FRAME_VM, 1);
		return p->copy ? p : NULL;
	}
	return NULL;
}

/* ---- what is in a copy ---- */

/* bits: which of the word's bytes are INT3. */
static uint64_t with_int3(uint64_t word, uint8_t bits)
{
	for (unsigned i = 0; bits; i++, bits >>= 1)
		if (bits & 1)
			word = (word & ~(0xffull << 8 * i)) | INT3 << 8 * i;
	return word;
}

/* Words that are right already stay: others fetch from there meanwhile. */
static void sync_chunk(uint64_t *copy, const uint64_t *chunk,
		       const uint8_t *int3)
{
	for (size_t i = 0; i < CHUNK_WORDS; i++) {
		uint64_t word = chunk[i];

		if (int3[i])
			word = with_int3(word, int3[i]);
		if (copy[i] != word)
			__atomic_store_n(&copy[i], word, __ATOMIC_RELAXED);
	}
}

static void sync_page(const struct gdb_shadows *s, struct gdb_shadow *p)
{
	uint64_t chunk[CHUNK_WORDS];

	for (size_t at = 0; at < PAGE_SIZE / 8; at += CHUNK_WORDS) {
		gpa_t from = gpa(p->page.value + at * 8);

		if (!guest_mem_read(s->memory, from, chunk, sizeof(chunk)))
			return;
		sync_chunk(p->copy + at, chunk, p->int3 + at);
	}
}

void gdb_shadow_sync(struct gdb_shadows *s)
{
	/* Else a word that was read before another vCPU wrote could be stored
	 * after that one's. */
	spin_lock(&s->lock);
	for (size_t i = 0; i < GDB_SHADOWS_MAX; i++)
		if (s->shadow[i].count)
			sync_page(s, &s->shadow[i]);
	spin_unlock(&s->lock);
}

/* ---- which pages have one ---- */

void gdb_shadow_begin(struct gdb_shadows *s, const struct ept *ept,
		      const struct guest_mem *memory)
{
	spin_lock(&s->lock);
	s->ept = ept;
	s->memory = memory;
	for (size_t i = 0; i < GDB_SHADOWS_MAX; i++)
		s->shadow[i].count = 0;
	spin_unlock(&s->lock);
}

static bool map(struct gdb_shadows *s, const struct gdb_shadow *p)
{
	return ept_overlay_set_page(&s->overlay, p->page, frame_hpa(p->copy),
				    EPT_EXECUTE, MEMORY_TYPE_WB);
}

/* Pages that were mapped together before find all their tables there. */
static void map_again(struct gdb_shadows *s)
{
	if (!ept_overlay_begin(&s->overlay, s->ept))
		return;
	for (size_t i = 0; i < GDB_SHADOWS_MAX; i++)
		if (s->shadow[i].count)
			map(s, &s->shadow[i]);
}

static struct gdb_shadow *make(struct gdb_shadows *s, gpa_t where)
{
	struct gdb_shadow *p = find_free(s);
	hpa_t backing;

	if (!p || !guest_mem_translate(s->memory, where, &backing))
		return NULL;
	if (!gdb_shadow_ept(s) && !ept_overlay_begin(&s->overlay, s->ept))
		return NULL;
	p->page = page_of(where);
	if (!map(s, p)) {
		map_again(s);
		return NULL;
	}
	memset(p->int3, 0, sizeof(p->int3));
	return p;
}

static uint8_t bit_of(gpa_t where)
{
	return (uint8_t)(1u << where.value % 8);
}

bool gdb_shadow_add(struct gdb_shadows *s, gpa_t where)
{
	uint32_t at = (where.value & PAGE_MASK) / 8;
	struct gdb_shadow *p = find(s, where);

	if (!p)
		p = make(s, where);
	if (!p)
		return false;
	if (!(p->int3[at] & bit_of(where)))
		p->count++;
	p->int3[at] |= bit_of(where);
	sync_page(s, p);
	return true;
}

void gdb_shadow_remove(struct gdb_shadows *s, gpa_t where)
{
	uint32_t at = (where.value & PAGE_MASK) / 8;
	struct gdb_shadow *p = find(s, where);

	if (!p || !(p->int3[at] & bit_of(where)))
		return;
	p->int3[at] &= (uint8_t)~bit_of(where);
	p->count--;
	if (p->count)
		sync_page(s, p);
	else
		map_again(s);
}

const struct ept *gdb_shadow_ept(const struct gdb_shadows *s)
{
	for (size_t i = 0; i < GDB_SHADOWS_MAX; i++)
		if (s->shadow[i].count)
			return &s->overlay.ept;
	return NULL;
}
