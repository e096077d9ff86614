/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the CPUID leaves of the CPU that calls. */
#include "hv/hw/cpuid.h"

#include "vmx/cpuid_policy.h"

static struct cpuid_regs cpuid_read_leaf(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r = cpuid_or_zero(leaf, subleaf);

	return (struct cpuid_regs){{r.eax, r.ebx, r.ecx, r.edx}};
}

void cpuid_read(struct cpuid_leaves *native)
{
	for (uint32_t i = 0; i < CPUID_BASIC_COUNT; i++)
		native->basic[i] = cpuid_read_leaf(i, 0);
	for (uint32_t i = 0; i < CPUID_CACHE_COUNT; i++)
		native->cache[i] = cpuid_read_leaf(4, i);
	native->feature[0] = cpuid_read_leaf(7, 0);
	for (uint32_t i = 1; i < CPUID_FEATURE_COUNT; i++)
		native->feature[i] = i <= native->feature[0].reg[CPUID_EAX]
					     ? cpuid_read_leaf(7, i)
					     : (struct cpuid_regs){{0}};
	for (uint32_t i = 0; i < CPUID_XSAVE_COUNT; i++)
		native->xsave[i] = cpuid_read_leaf(0xd, i);
	for (uint32_t i = 0; i < CPUID_EXTENDED_COUNT; i++)
		native->extended[i] = cpuid_read_leaf(0x80000000 + i, 0);
}
