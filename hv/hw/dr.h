/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam to the processor: the debug registers, which but for DR7 are the
 * guest's all the time.
 */
#ifndef HV_HW_DR_H
#define HV_HW_DR_H

#include <stdint.h>

/* DR0 to DR3 become 0, DR6 the value given. */
static inline void dr_reset(uint64_t dr6)
{
	uint64_t zero = 0;

	__asm__ volatile("mov %0, %%dr0\n\t"
			 "mov %0, %%dr1\n\t"
			 "mov %0, %%dr2\n\t"
			 "mov %0, %%dr3\n\t"
			 "mov %1, %%dr6"
			 :
			 : "r"(zero), "r"(dr6));
}

/* DR0 to DR3. */
static inline void dr_read_addresses(uint64_t address[4])
{
	__asm__ volatile("mov %%dr0, %0\n\t"
			 "mov %%dr1, %1\n\t"
			 "mov %%dr2, %2\n\t"
			 "mov %%dr3, %3"
			 : "=r"(address[0]), "=r"(address[1]), "=r"(address[2]),
			   "=r"(address[3]));
}

static inline void dr_write_addresses(const uint64_t address[4])
{
	__asm__ volatile("mov %0, %%dr0\n\t"
			 "mov %1, %%dr1\n\t"
			 "mov %2, %%dr2\n\t"
			 "mov %3, %%dr3"
			 :
			 : "r"(address[0]), "r"(address[1]), "r"(address[2]),
			   "r"(address[3]));
}

static inline uint64_t dr6_read(void)
{
	uint64_t value;

	__asm__ volatile("mov %%dr6, %0" : "=r"(value));
	return value;
}

/* The upper half must be 0. */
static inline void dr6_write(uint64_t value)
{
	__asm__ volatile("mov %0, %%dr6" : : "r"(value));
}

#endif
