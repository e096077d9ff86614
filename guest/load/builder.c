/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a load plan's making that all loaders share.  Pure. */
#include "guest/load/builder.h"

#include <stdarg.h>

#include "hv/lib/format.h"
#include "hv/lib/string.h"

bool builder_fail(struct builder *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	format_va(b->error, LOAD_ERROR_SIZE, fmt, args);
	va_end(args);
	return false;
}

void *builder_take(struct builder *b, size_t size_bytes)
{
	size_t at = (b->scratch_used + LOAD_SCRATCH_ALIGN - 1) &
		    ~(size_t)(LOAD_SCRATCH_ALIGN - 1);
	uint8_t *bytes = (uint8_t *)b->request->scratch + at;

	if (at > b->request->scratch_bytes ||
	    size_bytes > b->request->scratch_bytes - at) {
		builder_fail(b,
			     "the loader's scratch buffer of %zu bytes is "
			     "too small",
			     b->request->scratch_bytes);
		return NULL;
	}
	b->scratch_used = at + size_bytes;
	memset(bytes, 0, size_bytes);
	return bytes;
}

uint64_t builder_low_end(const struct builder *b)
{
	uint64_t memory = b->request->memory_bytes;

	return memory < LOAD_LOW_RAM_MAX ? memory : LOAD_LOW_RAM_MAX;
}

static bool builder_is_ram(const struct builder *b, uint64_t start,
			   uint64_t size_bytes)
{
	uint64_t end = start + size_bytes;

	if (end < start || end > builder_low_end(b))
		return false;
	return end <= LOAD_RESERVED || start >= LOAD_RESERVED_END;
}

bool builder_copy(struct builder *b, const char *what, uint64_t to,
		  const void *from, uint64_t file_bytes, uint64_t memory_bytes)
{
	struct load_plan *plan = b->plan;

	if (!builder_is_ram(b, to, memory_bytes))
		return builder_fail(b,
				    "%s (%llu bytes at 0x%llx) does not lie in "
				    "the guest's RAM",
				    what, (unsigned long long)memory_bytes,
				    (unsigned long long)to);
	if (plan->count == LOAD_COPIES_MAX)
		return builder_fail(b, "the image has too many segments");
	plan->copy[plan->count++] = (struct load_copy){
		.to = gpa(to),
		.from = from,
		.file_bytes = file_bytes,
		.memory_bytes = memory_bytes,
	};
	return true;
}

uint32_t builder_map(const struct builder *b,
		     struct builder_region map[BUILDER_REGIONS_MAX])
{
	uint64_t memory = b->request->memory_bytes;
	uint64_t low_end = builder_low_end(b);
	uint32_t count = 0;

	map[count++] = (struct builder_region){
		.start = 0,
		.size_bytes = LOAD_RESERVED,
		.type = BUILDER_REGION_RAM,
	};
	map[count++] = (struct builder_region){
		.start = LOAD_RESERVED,
		.size_bytes = LOAD_RESERVED_END - LOAD_RESERVED,
		.type = BUILDER_REGION_RESERVED,
	};
	map[count++] = (struct builder_region){
		.start = LOAD_RESERVED_END,
		.size_bytes = low_end - LOAD_RESERVED_END,
		.type = BUILDER_REGION_RAM,
	};
	if (memory > low_end)
		map[count++] = (struct builder_region){
			.start = LOAD_HIGH_RAM,
			.size_bytes = memory - low_end,
			.type = BUILDER_REGION_RAM,
		};
	return count;
}
