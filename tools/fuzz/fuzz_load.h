/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzzers of guest/load share: any answer, but every copy of a plan
 * lies in a file or the scratch buffer and in guest RAM.
 */
#ifndef FUZZ_LOAD_H
#define FUZZ_LOAD_H

#include <stdlib.h>
#include <string.h>

#include "guest/load/load.h"

static _Alignas(LOAD_SCRATCH_ALIGN) uint8_t scratch[LOAD_SCRATCH_BYTES];

static inline int inside(const void *from, uint64_t bytes, const void *of,
			 uint64_t size)
{
	uint64_t start = (uint64_t)(uintptr_t)from;
	uint64_t base = (uint64_t)(uintptr_t)of;

	return start >= base && start - base <= size &&
	       bytes <= size - (start - base);
}

static inline void check_plan(const struct load_plan *plan,
			      const struct load_request *r,
			      const struct load_file *second)
{
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct load_copy *c = &plan->copy[i];
		uint64_t end = c->to.value + c->memory_bytes;

		if (c->file_bytes > c->memory_bytes || end < c->to.value ||
		    end > r->memory_bytes || end > LOAD_LOW_RAM_MAX)
			abort();
		if (!inside(c->from, c->file_bytes, r->kernel.data,
			    r->kernel.size_bytes) &&
		    !inside(c->from, c->file_bytes, second->data,
			    second->size_bytes) &&
		    !inside(c->from, c->file_bytes, scratch, sizeof(scratch)))
			abort();
	}
}

/* A guest of two vCPUs; choice, a byte of the input, says how much memory. */
static inline struct load_request fuzz_request(uint8_t choice)
{
	static const uint32_t apic_id[] = {0, 1};
	static const uint64_t memory_mib[] = {2, 64, 256, 4096};

	return (struct load_request){
		.cmdline = "console=ttyS0",
		.apic_id = apic_id,
		.vcpu_count = 2,
		.memory_bytes = memory_mib[choice & 3] << 20,
		.scratch = scratch,
		.scratch_bytes = sizeof(scratch),
	};
}

/* Plans the guest's start and checks the plan; second is the file of r that is not
 * the kernel. */
static inline void fuzz_load(const struct load_request *r,
			     const struct load_file *second)
{
	struct load_plan plan;
	char error[LOAD_ERROR_SIZE];

	if (load_guest(&plan, r, error))
		check_plan(&plan, r, second);
	else if (!error[0])
		abort();
}

#endif
