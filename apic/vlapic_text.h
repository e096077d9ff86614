/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtual local APIC's registers in words, for people.  Pure. */
#ifndef APIC_VLAPIC_TEXT_H
#define APIC_VLAPIC_TEXT_H

#include "apic/vlapic.h"
#include "hv/lib/bitmap256.h"
#include "hv/lib/text.h"

/* The 256 bits of ISR, TMR or IRR: base is APIC_ISR, APIC_TMR, APIC_IRR. */
void vlapic_text_set(const struct vlapic *v, uint32_t base,
		     struct bitmap256 *set);

/* PPR as TPR and ISR have it, whatever lies in its slot. */
uint8_t vlapic_text_ppr(const struct vlapic *v);

/* "xAPIC mode at fee00000, enabled"; no line end. */
void vlapic_text_mode(struct text *t, const struct vlapic *v);

/* All registers, several lines, at that time.  tsc_hz 0: times in ticks. */
void vlapic_text_registers(struct text *t, const struct vlapic *v, uint64_t tsc,
			   uint64_t tsc_hz);

/* "fixed" and so on; mode is 0 to 7. */
const char *vlapic_text_delivery_mode(unsigned mode);

#endif
