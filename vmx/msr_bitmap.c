/* SPDX-License-Identifier: BSD-2-Clause */
/* The MSR bitmaps.  Pure. */
#include "vmx/msr_bitmap.h"

#include "apic/regs.h"
#include "hv/lib/string.h"

#define MSRS_A_RANGE 0x2000u
#define HIGH_BASE    0xc0000000u
#define READ	     0u	   /* byte offset of the read bitmaps */
#define WRITE	     2048u /* and of the write bitmaps */
#define HIGH	     1024u /* of the high MSRs' within these */

/* Finds the byte and the bit in it; false: no bitmap has that MSR. */
static bool msr_bitmap_find(uint32_t msr, uint32_t *byte, uint8_t *mask)
{
	uint32_t index = msr, offset = 0;

	if (msr >= HIGH_BASE) {
		index = msr - HIGH_BASE;
		offset = HIGH;
	}
	if (index >= MSRS_A_RANGE)
		return false;
	*byte = offset + index / 8;
	*mask = 1u << index % 8;
	return true;
}

static bool msr_bitmap_change(struct msr_bitmap *bitmap, uint32_t which,
			      uint32_t msr, bool trap)
{
	uint32_t byte;
	uint8_t mask;

	if (!msr_bitmap_find(msr, &byte, &mask))
		return false;
	if (trap)
		bitmap->byte[which + byte] |= mask;
	else
		bitmap->byte[which + byte] &= ~mask;
	return true;
}

static bool msr_bitmap_traps(const struct msr_bitmap *bitmap, uint32_t which,
			     uint32_t msr)
{
	uint32_t byte;
	uint8_t mask;

	return !msr_bitmap_find(msr, &byte, &mask) ||
	       bitmap->byte[which + byte] & mask;
}

void msr_bitmap_trap_all(struct msr_bitmap *bitmap)
{
	memset(bitmap, 0xff, sizeof(*bitmap));
}

bool msr_bitmap_pass_read(struct msr_bitmap *bitmap, uint32_t msr)
{
	return msr_bitmap_change(bitmap, READ, msr, false);
}

bool msr_bitmap_pass_write(struct msr_bitmap *bitmap, uint32_t msr)
{
	return msr_bitmap_change(bitmap, WRITE, msr, false);
}

bool msr_bitmap_trap_read(struct msr_bitmap *bitmap, uint32_t msr)
{
	return msr_bitmap_change(bitmap, READ, msr, true);
}

bool msr_bitmap_trap_write(struct msr_bitmap *bitmap, uint32_t msr)
{
	return msr_bitmap_change(bitmap, WRITE, msr, true);
}

bool msr_bitmap_read_traps(const struct msr_bitmap *bitmap, uint32_t msr)
{
	return msr_bitmap_traps(bitmap, READ, msr);
}

bool msr_bitmap_write_traps(const struct msr_bitmap *bitmap, uint32_t msr)
{
	return msr_bitmap_traps(bitmap, WRITE, msr);
}

/* Runs of registers, by offset, that APIC-register virtualization may read. */
static const struct {
	uint16_t first, last;
} readable[] = {
	{APIC_ID, APIC_VERSION},
	{APIC_TPR, APIC_TPR},
	{APIC_LDR, APIC_LDR},
	{APIC_SVR, APIC_ESR}, /* with ISR, TMR, IRR in between */
	{APIC_ICR, APIC_ICR},
	{APIC_LVT_TIMER, APIC_INITIAL_COUNT},
	{APIC_DIVIDE_CONFIGURATION, APIC_DIVIDE_CONFIGURATION},
};

static void msr_bitmap_x2apic_reads(struct msr_bitmap *bitmap, uint32_t proc2)
{
	msr_bitmap_pass_read(bitmap, APIC_MSR(APIC_TPR));
	if (!(proc2 & VMX_PROC2_APIC_REGISTER_VIRTUALIZATION))
		return;
	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		for (uint32_t r = readable[i].first; r <= readable[i].last;
		     r += 0x10)
			msr_bitmap_pass_read(bitmap, APIC_MSR(r));
	/* Only virtual-interrupt delivery keeps VPPR. */
	if (proc2 & VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY)
		msr_bitmap_pass_read(bitmap, APIC_MSR(APIC_PPR));
}

static void msr_bitmap_x2apic_writes(struct msr_bitmap *bitmap,
				     const struct vmx_controls *controls)
{
	msr_bitmap_pass_write(bitmap, APIC_MSR(APIC_TPR));
	if (controls->proc2 & VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY) {
		msr_bitmap_pass_write(bitmap, APIC_MSR(APIC_EOI));
		msr_bitmap_pass_write(bitmap, APIC_MSR(APIC_SELF_IPI));
	}
	if (controls->proc3 & VMX_PROC3_IPI_VIRTUALIZATION)
		msr_bitmap_pass_write(bitmap, APIC_MSR(APIC_ICR));
}

void msr_bitmap_x2apic(struct msr_bitmap *bitmap,
		       const struct vmx_controls *controls)
{
	for (uint32_t msr = APIC_MSR_FIRST; msr <= APIC_MSR_LAST; msr++) {
		msr_bitmap_trap_read(bitmap, msr);
		msr_bitmap_trap_write(bitmap, msr);
	}
	if (!(controls->proc2 & VMX_PROC2_VIRTUALIZE_X2APIC_MODE))
		return;
	msr_bitmap_x2apic_reads(bitmap, controls->proc2);
	msr_bitmap_x2apic_writes(bitmap, controls);
}
