/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of guest/load share: a request, and looking into a plan. */
#ifndef TOOLS_TEST_UNIT_TEST_LOAD_H
#define TOOLS_TEST_UNIT_TEST_LOAD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest/load/bytes.h"
#include "guest/load/load.h"

#define MIB (1ull << 20)

static _Alignas(LOAD_SCRATCH_ALIGN) uint8_t load_scratch[LOAD_SCRATCH_BYTES];
static const uint32_t load_apic_ids[] = {0, 1};
static struct load_plan load_plan_made;
static char load_error[LOAD_ERROR_SIZE];

static struct load_request load_request_of(const void *kernel, size_t size)
{
	return (struct load_request){
		.kernel = {kernel, size, "kernel"},
		.cmdline = "console=ttyS0",
		.memory_bytes = 256 * MIB,
		.apic_id = load_apic_ids,
		.vcpu_count = 2,
		.scratch = load_scratch,
		.scratch_bytes = sizeof(load_scratch),
	};
}

static inline void load_succeeds(const struct load_request *request)
{
	if (!load_guest(&load_plan_made, request, load_error))
		fail_msg("%s", load_error);
	for (uint32_t i = 0; i < load_plan_made.count; i++) {
		const struct load_copy *copy = &load_plan_made.copy[i];
		uint64_t end = copy->to.value + copy->memory_bytes;

		assert_true(copy->file_bytes <= copy->memory_bytes);
		assert_true(end <= request->memory_bytes);
		assert_true(end <= LOAD_LOW_RAM_MAX);
	}
}

static inline void load_fails(const struct load_request *request,
			      const char *error)
{
	assert_false(load_guest(&load_plan_made, request, load_error));
	assert_string_equal(load_error, error);
}

/* The bytes that the plan puts at a guest-physical address. */
static inline const uint8_t *load_at(uint64_t address, size_t size)
{
	const uint8_t *found = NULL;

	for (uint32_t i = 0; i < load_plan_made.count; i++) {
		const struct load_copy *copy = &load_plan_made.copy[i];

		if (address >= copy->to.value &&
		    address + size <= copy->to.value + copy->file_bytes)
			found = (const uint8_t *)copy->from +
				(address - copy->to.value);
	}
	if (!found)
		fail_msg("nothing is loaded at 0x%llx",
			 (unsigned long long)address);
	return found;
}

#endif
