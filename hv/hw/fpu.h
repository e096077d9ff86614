/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam to the processor: the x87, SSE and AVX state as a whole, which is the
 * guest's all the time.  Areas are aligned to 64 bytes.
 * Source: SDM volume 1, "FXSAVE and FXRSTOR Instructions" and "Managing State
 * Using the XSAVE Feature Set".
 */
#ifndef HV_HW_FPU_H
#define HV_HW_FPU_H

#include <stdint.h>

#define FPU_XSAVE_AVX	    (1ull << 2)
#define FPU_AVX_OFFSET	    576 /* of the upper halves, without compaction */
#define FPU_AREA_SIZE	    (FPU_AVX_OFFSET + 256)
#define FPU_MXCSR_MASK_ZERO 0xffbfu /* what a mask of 0 means */

/* The first 512 bytes of an area, as FXSAVE64 lays them out. */
struct fpu_legacy {
	uint16_t fcw, fsw;
	uint8_t ftw; /* a bit for each register: not empty */
	uint8_t reserved;
	uint16_t fop;
	uint64_t fip, fdp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t st[8][16];
	uint8_t xmm[16][16];
	uint8_t unused[96];
};

_Static_assert(sizeof(struct fpu_legacy) == 512, "SDM: 512 bytes");

struct fpu_area {
	struct fpu_legacy legacy;
	uint64_t xstate_bv, header[7];
	uint8_t ymm_high[16][16];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct fpu_area) == FPU_AREA_SIZE, "no holes");

static inline void fpu_save(struct fpu_area *area)
{
	__asm__ volatile("fxsave64 %0" : "=m"(area->legacy));
}

/* MXCSR has no bit that mxcsr_mask does not have. */
static inline void fpu_load(const struct fpu_area *area)
{
	__asm__ volatile("fxrstor64 %0" : : "m"(area->legacy));
}

/* The components of mask; CR4.OSXSAVE is 1, XCR0 has them, the header is 0. */
static inline void fpu_xsave(struct fpu_area *area, uint64_t mask)
{
	__asm__ volatile("xsave64 %0"
			 : "+m"(*area)
			 : "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32)));
}

static inline void fpu_xrstor(const struct fpu_area *area, uint64_t mask)
{
	__asm__ volatile("xrstor64 %0"
			 :
			 : "m"(*area), "a"((uint32_t)mask),
			   "d"((uint32_t)(mask >> 32)));
}

#endif
