/* SPDX-License-Identifier: BSD-2-Clause */
/* The seam to the processor: the time-stamp counter. */
#ifndef HV_HW_TSC_H
#define HV_HW_TSC_H

#include <stdint.h>

static inline uint64_t tsc_read(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* Its low half alone. */
static inline uint32_t tsc_read_low(void)
{
	uint32_t low;

	__asm__ volatile("rdtsc" : "=a"(low) : : "edx", "memory");
	return low;
}

/* Not before the loads that come before it in the program are done. */
static inline uint64_t tsc_read_ordered(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

#endif
