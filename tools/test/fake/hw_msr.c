/* SPDX-License-Identifier: BSD-2-Clause */
/* The table behind the fake hv/hw/msr.h. */
#include "hv/hw/msr.h"

#include <stddef.h>

#include "hv/lib/panic.h"

struct fake_msrs fake_msrs;

static uint64_t *fake_msr_find(uint32_t index)
{
	for (unsigned i = 0; i < fake_msrs.count; i++)
		if (fake_msrs.row[i].index == index)
			return &fake_msrs.row[i].value;
	return NULL;
}

void fake_msr_put(uint32_t index, uint64_t value)
{
	uint64_t *old = fake_msr_find(index);

	if (old) {
		*old = value;
		return;
	}
	ASSERT(fake_msrs.count < FAKE_MSRS_MAX);
	fake_msrs.row[fake_msrs.count].index = index;
	fake_msrs.row[fake_msrs.count++].value = value;
}

bool msr_read_safe(uint32_t index, uint64_t *value)
{
	uint64_t *found = fake_msr_find(index);

	if (found)
		*value = *found;
	return found;
}

bool msr_write_safe(uint32_t index, uint64_t value)
{
	uint64_t *found = fake_msr_find(index);

	if (found)
		*found = value;
	return found;
}

uint64_t msr_read(uint32_t index)
{
	uint64_t value;

	if (!msr_read_safe(index, &value))
		panic("RDMSR of %x, which does not exist", index);
	return value;
}

void msr_write(uint32_t index, uint64_t value)
{
	if (!msr_write_safe(index, value))
		panic("WRMSR of %x, which does not exist", index);
}
