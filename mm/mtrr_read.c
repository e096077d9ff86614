/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the MTRRs of the CPU that calls. */
#include "mm/mtrr.h"

#include "hv/hw/cpuid.h"
#include "hv/hw/msr.h"
#include "hv/lib/string.h"

#define CPUID_1_EDX_MTRR    (1u << 12)
#define MTRRCAP_VARIABLE    0xffu
#define MTRRCAP_FIXED	    (1u << 8)
#define DEF_TYPE_ENABLED_WB (1ull << 11 | MEMORY_TYPE_WB)
#define PHYSICAL_BITS_LEAST 32
#define PHYSICAL_BITS_LIMIT 52

static const uint32_t fixed_msrs[MTRR_FIXED_COUNT] = {
	IA32_MTRR_FIX64K_00000,	   IA32_MTRR_FIX16K_80000,
	IA32_MTRR_FIX16K_A0000,	   IA32_MTRR_FIX4K_C0000,
	IA32_MTRR_FIX4K_C0000 + 1, IA32_MTRR_FIX4K_C0000 + 2,
	IA32_MTRR_FIX4K_C0000 + 3, IA32_MTRR_FIX4K_C0000 + 4,
	IA32_MTRR_FIX4K_C0000 + 5, IA32_MTRR_FIX4K_C0000 + 6,
	IA32_MTRR_FIX4K_C0000 + 7,
};

void mtrr_read(struct mtrr *mtrr)
{
	uint32_t bits = cpuid_or_zero(0x80000008, 0).eax & 0xff;
	uint64_t capability;

	memset(mtrr, 0, sizeof(*mtrr));
	if (bits < PHYSICAL_BITS_LEAST || bits > PHYSICAL_BITS_LIMIT)
		bits = PHYSICAL_BITS_LEAST + 4;
	mtrr->physical_bits = bits;
	mtrr->def_type = DEF_TYPE_ENABLED_WB;
	if (!(cpuid(1, 0).edx & CPUID_1_EDX_MTRR))
		return;
	capability = msr_read(IA32_MTRRCAP);
	mtrr->def_type = msr_read(IA32_MTRR_DEF_TYPE);
	mtrr->variable_count = capability & MTRRCAP_VARIABLE;
	if (mtrr->variable_count > MTRR_VARIABLE_MAX)
		mtrr->variable_count = MTRR_VARIABLE_MAX;
	for (uint32_t i = 0; i < mtrr->variable_count; i++) {
		mtrr->base[i] = msr_read(IA32_MTRR_PHYSBASE0 + 2 * i);
		mtrr->mask[i] = msr_read(IA32_MTRR_PHYSMASK0 + 2 * i);
	}
	mtrr->has_fixed = !!(capability & MTRRCAP_FIXED);
	for (unsigned i = 0; mtrr->has_fixed && i < MTRR_FIXED_COUNT; i++)
		mtrr->fixed[i] = msr_read(fixed_msrs[i]);
}
