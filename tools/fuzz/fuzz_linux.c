/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest/load with a file that begins as a Linux kernel: any answer, but every
 * copy of a plan lies in the file or the scratch buffer and in guest RAM.
 */
#include <stdlib.h>
#include <string.h>

#include "guest/load/load.h"

#define FUZZ_HEADER_AT 0x202

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(LOAD_SCRATCH_ALIGN) uint8_t scratch[LOAD_SCRATCH_BYTES];

static int inside(const void *from, uint64_t bytes, const void *of,
		  uint64_t size)
{
	uint64_t start = (uint64_t)(uintptr_t)from;
	uint64_t base = (uint64_t)(uintptr_t)of;

	return start >= base && start - base <= size &&
	       bytes <= size - (start - base);
}

static void check(const struct load_plan *plan, const struct load_request *r)
{
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct load_copy *c = &plan->copy[i];
		uint64_t end = c->to.value + c->memory_bytes;

		if (c->file_bytes > c->memory_bytes || end < c->to.value ||
		    end > r->memory_bytes || end > LOAD_LOW_RAM_MAX)
			abort();
		if (!inside(c->from, c->file_bytes, r->kernel.data,
			    r->kernel.size_bytes) &&
		    !inside(c->from, c->file_bytes, r->initrd.data,
			    r->initrd.size_bytes) &&
		    !inside(c->from, c->file_bytes, scratch, sizeof(scratch)))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t apic_id[] = {0, 1};
	static const uint64_t memory_mib[] = {2, 64, 256, 4096};
	struct load_request r = {
		.cmdline = "console=ttyS0",
		.apic_id = apic_id,
		.vcpu_count = 2,
		.scratch = scratch,
		.scratch_bytes = sizeof(scratch),
	};
	struct load_plan plan;
	char error[LOAD_ERROR_SIZE];
	uint8_t *file;

	if (!size)
		return 0;
	/* The last byte chooses memory and initrd. */
	size--;
	r.memory_bytes = memory_mib[data[size] & 3] << 20;
	if (data[size] & 4)
		r.initrd = (struct load_file){data, size, "initrd"};
	file = malloc(size);
	memcpy(file, data, size);
	if (size >= FUZZ_HEADER_AT + 4)
		memcpy(file + FUZZ_HEADER_AT, "HdrS", 4);
	r.kernel = (struct load_file){file, size, "kernel"};
	if (load_guest(&plan, &r, error))
		check(&plan, &r);
	else if (!error[0])
		abort();
	free(file);
	return 0;
}
