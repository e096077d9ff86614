/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory type that the MTRRs give to a range.  Pure. */
#include "mm/mtrr.h"

#include <stdbool.h>

#define DEF_TYPE_FIXED_ENABLE (1ull << 10)
#define DEF_TYPE_ENABLE	      (1ull << 11)
#define MASK_VALID	      (1ull << 11)
#define TYPE_MASK	      0xffull
#define FIXED_END	      0x100000ull

/* Eight types a register, one for each granule. */
static const struct {
	uint32_t start, granule_bytes;
} fixed_ranges[MTRR_FIXED_COUNT] = {
	{0x00000, 0x10000}, {0x80000, 0x4000}, {0xa0000, 0x4000},
	{0xc0000, 0x1000},  {0xc8000, 0x1000}, {0xd0000, 0x1000},
	{0xd8000, 0x1000},  {0xe0000, 0x1000}, {0xe8000, 0x1000},
	{0xf0000, 0x1000},  {0xf8000, 0x1000},
};

static enum memory_type mtrr_type_of(uint64_t field)
{
	switch (field & TYPE_MASK) {
	case MEMORY_TYPE_WC:
	case MEMORY_TYPE_WT:
	case MEMORY_TYPE_WP:
	case MEMORY_TYPE_WB:
		return (enum memory_type)(field & TYPE_MASK);
	}
	return MEMORY_TYPE_UC;
}

/* "MTRR Precedences": UC wins, WT wins over WB, anything else is undefined. */
static enum memory_type mtrr_combine(enum memory_type a, enum memory_type b)
{
	if (a == b)
		return a;
	if ((a == MEMORY_TYPE_WT && b == MEMORY_TYPE_WB) ||
	    (a == MEMORY_TYPE_WB && b == MEMORY_TYPE_WT))
		return MEMORY_TYPE_WT;
	return MEMORY_TYPE_UC;
}

static struct mtrr_run mtrr_fixed(const struct mtrr *mtrr, uint64_t address)
{
	unsigned i = MTRR_FIXED_COUNT - 1, granule;
	uint64_t offset;

	while (fixed_ranges[i].start > address)
		i--;
	offset = address - fixed_ranges[i].start;
	granule = offset / fixed_ranges[i].granule_bytes;
	return (struct mtrr_run){
		mtrr_type_of(mtrr->fixed[i] >> granule * 8),
		fixed_ranges[i].granule_bytes -
			offset % fixed_ranges[i].granule_bytes,
	};
}

/*
 * How far from address on a variable range that is hit or missed there stays
 * so.  A mask without holes has one range; one with holes may change at every
 * multiple of its lowest bit.
 */
static uint64_t mtrr_reach(uint64_t address, uint64_t base, uint64_t mask,
			   uint64_t width)
{
	uint64_t lowest = mask & -mask;
	bool whole = (mask | (lowest - 1)) == width;

	base &= mask;
	if (!whole)
		return lowest - (address & (lowest - 1));
	if (address < base)
		return base - address;
	if (address - base < lowest)
		return lowest - (address - base);
	return UINT64_MAX;
}

/* The variable ranges and the default at address. */
static struct mtrr_run mtrr_variable(const struct mtrr *mtrr, uint64_t address)
{
	uint64_t width = (1ull << mtrr->physical_bits) - 1;
	struct mtrr_run run = {mtrr_type_of(mtrr->def_type), UINT64_MAX};
	bool hit = false;

	for (uint32_t i = 0; i < mtrr->variable_count; i++) {
		uint64_t mask = mtrr->mask[i] & width & ~PAGE_MASK;
		uint64_t reach;

		if (!(mtrr->mask[i] & MASK_VALID))
			continue;
		if ((address & mask) == (mtrr->base[i] & mask)) {
			enum memory_type type = mtrr_type_of(mtrr->base[i]);

			run.type = hit ? mtrr_combine(run.type, type) : type;
			hit = true;
		}
		if (!mask)
			continue;
		reach = mtrr_reach(address, mtrr->base[i], mask, width);
		if (reach < run.size_bytes)
			run.size_bytes = reach;
	}
	return run;
}

/* The type at address and a length, perhaps short, for which it holds. */
static struct mtrr_run mtrr_piece(const struct mtrr *mtrr, uint64_t address)
{
	if (!(mtrr->def_type & DEF_TYPE_ENABLE))
		return (struct mtrr_run){MEMORY_TYPE_UC, UINT64_MAX};
	if (address < FIXED_END && mtrr->has_fixed &&
	    mtrr->def_type & DEF_TYPE_FIXED_ENABLE)
		return mtrr_fixed(mtrr, address);
	return mtrr_variable(mtrr, address);
}

struct mtrr_run mtrr_run(const struct mtrr *mtrr, hpa_t start,
			 uint64_t size_bytes)
{
	struct mtrr_run run = mtrr_piece(mtrr, start.value);

	while (run.size_bytes < size_bytes) {
		struct mtrr_run next =
			mtrr_piece(mtrr, start.value + run.size_bytes);

		if (next.type != run.type)
			return run;
		if (next.size_bytes >= size_bytes - run.size_bytes)
			break;
		run.size_bytes += next.size_bytes;
	}
	run.size_bytes = size_bytes;
	return run;
}
