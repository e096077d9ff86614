/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam to the processor: model-specific registers.  The _safe forms survive
 * #GP by an entry in the fix-up table, which the exception handler searches.
 */
#ifndef HV_HW_MSR_H
#define HV_HW_MSR_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/hw/msr_index.h"

static inline uint64_t msr_read(uint32_t index)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr"
			 : "=a"(low), "=d"(high)
			 : "c"(index)
			 : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t index, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(index), "a"((uint32_t)value),
			   "d"((uint32_t)(value >> 32))
			 : "memory");
}

/* The same, where the halves are at hand. */
static inline void msr_write_halves(uint32_t index, uint32_t high, uint32_t low)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(index), "a"(low), "d"(high)
			 : "memory");
}

/* One row of the fix-up table: a #GP at fault continues at resume. */
#define MSR_FIXUP                         \
	".pushsection .fixups, \"a\"\n\t" \
	".balign 8\n\t"                   \
	".quad 1b, 2b\n\t"                \
	".popsection"

/* False, with *value untouched, when the processor answers #GP. */
static inline bool msr_read_safe(uint32_t index, uint64_t *value)
{
	uint32_t ok = 0, low, high;

	__asm__ volatile("1:	rdmsr\n\t"
			 "movl $1, %[ok]\n"
			 "2:\n\t" MSR_FIXUP
			 : [ok] "+&r"(ok), "=&a"(low), "=&d"(high)
			 : "c"(index)
			 : "memory");
	if (ok)
		*value = (uint64_t)high << 32 | low;
	return ok;
}

/* False when the processor answers #GP. */
static inline bool msr_write_safe(uint32_t index, uint64_t value)
{
	uint32_t ok = 0;

	__asm__ volatile("1:	wrmsr\n\t"
			 "movl $1, %[ok]\n"
			 "2:\n\t" MSR_FIXUP
			 : [ok] "+&r"(ok)
			 : "c"(index), "a"((uint32_t)value),
			   "d"((uint32_t)(value >> 32))
			 : "memory");
	return ok;
}

#endif
