/* SPDX-License-Identifier: BSD-2-Clause */
/* The seam to the processor: CPUID.  Source: SDM volume 2, "CPUID". */
#ifndef HV_HW_CPUID_H
#define HV_HW_CPUID_H

#include <stdint.h>

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

#define CPUID_1_ECX_MONITOR	      (1u << 3)
#define CPUID_1_ECX_VMX		      (1u << 5)
#define CPUID_1_ECX_PCID	      (1u << 17)
#define CPUID_1_ECX_X2APIC	      (1u << 21)
#define CPUID_1_ECX_TSC_DEADLINE      (1u << 24)
#define CPUID_1_ECX_XSAVE	      (1u << 26)
#define CPUID_1_ECX_OSXSAVE	      (1u << 27)
#define CPUID_1_ECX_HYPERVISOR	      (1u << 31)
#define CPUID_7_EBX_SMEP	      (1u << 7)
#define CPUID_7_EBX_SMAP	      (1u << 20)
#define CPUID_7_ECX_UMIP	      (1u << 2)
#define CPUID_7_EDX_ARCH_CAPABILITIES (1u << 29)
#define CPUID_80000001_EDX_NX	      (1u << 20)
#define CPUID_80000001_EDX_1G	      (1u << 26)

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

/* As cpuid(), but all zero when leaf is above its range's highest leaf. */
static inline struct cpuid cpuid_or_zero(uint32_t leaf, uint32_t subleaf)
{
	uint32_t highest = cpuid(leaf & 0xffff0000u, 0).eax;

	if (leaf > highest || (highest ^ leaf) >> 16)
		return (struct cpuid){0};
	return cpuid(leaf, subleaf);
}

#endif
