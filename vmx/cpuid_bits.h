/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The feature bits of CPUID that a VM may see, one row each.  Pure; used by
 * vmx/cpuid_policy.c alone.
 */
#ifndef VMX_CPUID_BITS_H
#define VMX_CPUID_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpuid_bit {
	uint32_t leaf;
	uint8_t subleaf;
	uint8_t reg; /* enum cpuid_register */
	uint8_t bit;
	const char *name; /* as in Linux's /proc/cpuinfo */
	/* Emulated, so shown whether the processor has it or not.  Otherwise
	 * shown where the processor has it, and ... */
	bool always;
	uint32_t proc2; /* ... the VM has this secondary control, and */
	uint64_t xcr0;	/* ... may set all of these XCR0 bits. */
	uint64_t cr4;	/* CR4 bits that come with the feature */
	uint64_t gates; /* XCR0 bits that go when the feature is not shown */
};

extern const struct cpuid_bit cpuid_bits[];
extern const size_t cpuid_bits_count;

/* XCR0 */
#define XCR0_X87     (1ull << 0)
#define XCR0_SSE     (1ull << 1)
#define XCR0_AVX     (1ull << 2)
#define XCR0_AVX_512 (7ull << 5)
#define XCR0_PKRU    (1ull << 9)

#endif
