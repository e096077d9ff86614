/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks up an address in the image's symbol table (ksyms.h).  Touches only
 * that table; called by panic and dumps, so it trusts nothing else to work.
 */
#include "hv/lib/ksyms.h"

#include <stddef.h>

/* The linker script's: where code ends. */
extern const uint8_t image_rodata[];

struct ksyms_head {
	uint32_t count;
	uint32_t names;
};

struct ksyms_entry {
	int32_t address;
	uint32_t name;
};

const char *ksyms_lookup(uint64_t address, uint64_t *offset)
{
	const struct ksyms_head *head = (const void *)ksyms_start;
	const struct ksyms_entry *entry = (const void *)(head + 1);
	int64_t wanted = (int64_t)(address - (uint64_t)ksyms_start);
	uint32_t low = 0, high = head->count;

	if (address >= (uint64_t)image_rodata)
		return NULL;
	/* Below low: at or before wanted.  From high on: behind it. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (entry[middle].address <= wanted)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	entry += low - 1;
	*offset = (uint64_t)(wanted - entry->address);
	return (const char *)ksyms_start + head->names + entry->name;
}
