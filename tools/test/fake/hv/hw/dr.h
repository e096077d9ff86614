/* SPDX-License-Identifier: BSD-2-Clause */
/* The fake of hv/hw/dr.h: DR0 to DR3 and DR6 are variables. */
#ifndef HV_HW_DR_H
#define HV_HW_DR_H

#include <stdint.h>

extern uint64_t fake_dr[4], fake_dr6;

static inline void dr_read_addresses(uint64_t address[4])
{
	for (unsigned i = 0; i < 4; i++)
		address[i] = fake_dr[i];
}

static inline void dr_write_addresses(const uint64_t address[4])
{
	for (unsigned i = 0; i < 4; i++)
		fake_dr[i] = address[i];
}

static inline uint64_t dr6_read(void)
{
	return fake_dr6;
}

static inline void dr6_write(uint64_t value)
{
	fake_dr6 = value;
}

#endif
