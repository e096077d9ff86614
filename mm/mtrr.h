/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which memory type the firmware gave to physical memory.  Pure but for
 * mtrr_read(), which lives in mm/mtrr_read.c.
 *
 * Source: SDM volume 3, section "Memory Type Range Registers (MTRRs)".
 */
#ifndef MM_MTRR_H
#define MM_MTRR_H

#include <stdint.h>

#include "mm/addr.h"

enum memory_type {
	MEMORY_TYPE_UC = 0,
	MEMORY_TYPE_WC = 1,
	MEMORY_TYPE_WT = 4,
	MEMORY_TYPE_WP = 5,
	MEMORY_TYPE_WB = 6,
};

#define MTRR_VARIABLE_MAX 32
#define MTRR_FIXED_COUNT  11

/* The MSRs, as read. */
struct mtrr {
	uint64_t def_type;		  /* IA32_MTRR_DEF_TYPE */
	uint64_t fixed[MTRR_FIXED_COUNT]; /* 64K, 16K x 2, 4K x 8 */
	uint64_t base[MTRR_VARIABLE_MAX], mask[MTRR_VARIABLE_MAX];
	uint32_t variable_count; /* at most MTRR_VARIABLE_MAX */
	uint8_t has_fixed;	 /* IA32_MTRRCAP bit 8 */
	uint8_t physical_bits;	 /* MAXPHYADDR, 32 to 52 */
};

/* Memory of one type. */
struct mtrr_run {
	enum memory_type type;
	uint64_t size_bytes;
};

/*
 * Reads the MTRRs of the CPU that calls; without MTRRs (CPUID) everything is
 * WB.
 */
void mtrr_read(struct mtrr *mtrr);

/*
 * The type at start, and how many of the size bytes from there on have it.
 * start and size are multiples of 4 KiB, size is not 0.  Overlaps that the SDM
 * leaves undefined, and types that it reserves, count as UC.
 */
struct mtrr_run mtrr_run(const struct mtrr *mtrr, hpa_t start,
			 uint64_t size_bytes);

#endif
