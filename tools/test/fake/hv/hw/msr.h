/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host tests' hv/hw/msr.h: the MSRs are a table.  Touching one that it does
 * not have is the #GP that hardware would raise, so it panics.
 */
#ifndef TOOLS_TEST_FAKE_HV_HW_MSR_H
#define TOOLS_TEST_FAKE_HV_HW_MSR_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/hw/msr_index.h"

#define FAKE_MSRS_MAX 128

struct fake_msrs {
	struct {
		uint32_t index;
		uint64_t value;
	} row[FAKE_MSRS_MAX];
	unsigned count;
};

extern struct fake_msrs fake_msrs;

/* Adds an MSR, or changes one that is there. */
void fake_msr_put(uint32_t index, uint64_t value);

uint64_t msr_read(uint32_t index);
void msr_write(uint32_t index, uint64_t value);
bool msr_read_safe(uint32_t index, uint64_t *value);
bool msr_write_safe(uint32_t index, uint64_t value);

#endif
