/* SPDX-License-Identifier: BSD-2-Clause */
/* The fake of hv/hw/cr.h: CR2 and CR4 are variables. */
#ifndef HV_HW_CR_H
#define HV_HW_CR_H

#include <stdint.h>

#include "hv/hw/cr_bits.h"

extern uint64_t fake_cr2, fake_cr4;

static inline uint64_t cr2_read(void)
{
	return fake_cr2;
}

static inline void cr2_write(uint64_t value)
{
	fake_cr2 = value;
}

static inline uint64_t cr4_read(void)
{
	return fake_cr4;
}

static inline void cr4_write(uint64_t value)
{
	fake_cr4 = value;
}

#endif
