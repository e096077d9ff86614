/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSR bitmaps: which RDMSR and WRMSR exit.  A bit that is 1 traps.  Pure.
 *
 * Source: SDM volume 3, section "MSR-Bitmap Address", and for the x2APIC's
 * MSRs "Virtualizing MSR-Based APIC Accesses".
 */
#ifndef VMX_MSR_BITMAP_H
#define VMX_MSR_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "vmx/controls.h"

/* One page: read low, read high, write low, write high; 1 KiB each. */
struct msr_bitmap {
	uint8_t byte[4096];
};

_Static_assert(sizeof(struct msr_bitmap) == 4096, "the processor's layout");

void msr_bitmap_trap_all(struct msr_bitmap *bitmap);

/*
 * Let the guest's RDMSR or WRMSR of msr through, or trap it again.  MSRs
 * outside 0-1FFFH and C0000000H-C0001FFFH always trap; false for those.
 */
bool msr_bitmap_pass_read(struct msr_bitmap *bitmap, uint32_t msr);
bool msr_bitmap_pass_write(struct msr_bitmap *bitmap, uint32_t msr);
bool msr_bitmap_trap_read(struct msr_bitmap *bitmap, uint32_t msr);
bool msr_bitmap_trap_write(struct msr_bitmap *bitmap, uint32_t msr);

bool msr_bitmap_read_traps(const struct msr_bitmap *bitmap, uint32_t msr);
bool msr_bitmap_write_traps(const struct msr_bitmap *bitmap, uint32_t msr);

/*
 * Sets all bits of 800H-8FFH as these controls need them: clear only where the
 * controls virtualize the access and the virtual-APIC page has a fresh value.
 * Everything else would reach the physical APIC.  So when controls are taken
 * away, call this before they are; when they are given, after.
 */
void msr_bitmap_x2apic(struct msr_bitmap *bitmap,
		       const struct vmx_controls *controls);

#endif
