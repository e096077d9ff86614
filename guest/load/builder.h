/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loaders share while they make a plan: the scratch buffer, the list
 * of copies, the memory map and the one error sentence.  Pure; used by
 * guest/load alone.
 */
#ifndef GUEST_LOAD_BUILDER_H
#define GUEST_LOAD_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/load/load.h"

struct builder {
	struct load_plan *plan;
	const struct load_request *request;
	char *error; /* LOAD_ERROR_SIZE bytes */
	size_t scratch_used;
};

/* The values are those of an e820 entry and of a multiboot mmap entry. */
enum builder_region_type {
	BUILDER_REGION_RAM = 1,
	BUILDER_REGION_RESERVED = 2,
};

struct builder_region {
	uint64_t start;
	uint64_t size_bytes;
	enum builder_region_type type;
};

#define BUILDER_REGIONS_MAX 4

/* Writes the error sentence; always false. */
__attribute__((format(printf, 2, 3))) bool builder_fail(struct builder *b,
							const char *fmt, ...);

/* Zeroed, aligned bytes of scratch, or NULL with the error written. */
void *builder_take(struct builder *b, size_t size_bytes);

/* Where guest RAM below 4 GiB ends. */
uint64_t builder_low_end(const struct builder *b);

/*
 * Adds a copy to guest RAM.  False with the error written if the range is not
 * RAM that a guest may use, below 4 GiB, or the plan is full.  what names the
 * bytes in the error.
 */
bool builder_copy(struct builder *b, const char *what, uint64_t to,
		  const void *from, uint64_t file_bytes, uint64_t memory_bytes);

/* The memory map that a guest is told, ascending; returns how many. */
uint32_t builder_map(const struct builder *b,
		     struct builder_region map[BUILDER_REGIONS_MAX]);

#endif
