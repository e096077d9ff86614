/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image's own symbols, for backtraces.  tools/mksyms writes the table at
 * link time; read-only, callable from anywhere, at any time.
 *
 * Format, little-endian, from ksyms_start:
 *	u32 count, u32 names		(names: offset from ksyms_start)
 *	count times { i32 address, u32 name }, ascending
 *		address: the symbol's, minus that of ksyms_start
 *		name: offset from names, ends in NUL
 */
#ifndef HV_LIB_KSYMS_H
#define HV_LIB_KSYMS_H

#include <stdint.h>

extern const uint8_t ksyms_start[], ksyms_end[];

/*
 * The function that address lies in, and how far in; NULL if there is none
 * (then *offset is left alone).
 */
const char *ksyms_lookup(uint64_t address, uint64_t *offset);

#endif
