/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plans the loadable segments of an ELF executable for x86, 32-bit or 64-bit.
 * Pure; used by guest/load/multiboot.c.  Source: System V ABI, "Program
 * Loading and Dynamic Linking".
 */
#ifndef GUEST_LOAD_ELF_H
#define GUEST_LOAD_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/load/builder.h"

/* Where an image lies in guest-physical memory, and where it starts. */
struct elf_extent {
	uint64_t start, end;
	uint64_t entry;
};

/*
 * Adds a copy for every PT_LOAD segment of the request's kernel, to its
 * physical address.  False with the error written.
 */
bool elf_plan(struct builder *b, struct elf_extent *extent);

#endif
