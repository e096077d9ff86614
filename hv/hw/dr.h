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

#endif
