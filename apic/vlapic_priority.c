/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the virtual local APIC accepts, ranks, delivers and finishes fixed
 * interrupts, and how it logs errors.  Pure.  Source: SDM volume 3, "Handling
 * Interrupts" and "Error Handling" of the APIC chapter.
 */
#include "apic/vlapic_page.h"

/* The vectors of a class have bits 7:4 in common. */
#define CLASS 0xf0u

/* The highest vector among the 128 whose words begin at offset, or -1. */
static inline int highest_of_half(const struct vlapic *v, uint32_t offset)
{
	uint32_t w0 = vlapic_page_read(v, offset);
	uint32_t w1 = vlapic_page_read(v, offset + 0x10);
	uint32_t w2 = vlapic_page_read(v, offset + 0x20);
	uint32_t w3 = vlapic_page_read(v, offset + 0x30);

	if (!(w0 | w1 | w2 | w3))
		return -1;
	if (w2 | w3)
		return 127 - __builtin_clzll((uint64_t)w3 << 32 | w2);
	return 63 - __builtin_clzll((uint64_t)w1 << 32 | w0);
}

/* The highest vector in the 256-bit register at base, or -1. */
static int highest_vector(const struct vlapic *v, uint32_t base)
{
	int high = highest_of_half(v, base + 0x40);

	return high < 0 ? highest_of_half(v, base) : high + 128;
}

bool vlapic_irr_is_empty(const struct vlapic *v)
{
	uint32_t words = 0;

	/* Nobody else writes IRR meanwhile, so plain reads do. */
#pragma GCC unroll 8
	for (uint32_t i = 0; i < 8; i++)
		words |= *vlapic_page_word(v, APIC_IRR + i * 0x10);
	return !words;
}

int vlapic_highest_irr(const struct vlapic *v)
{
	return highest_vector(v, APIC_IRR);
}

int vlapic_highest_isr(const struct vlapic *v)
{
	return highest_vector(v, APIC_ISR);
}

static uint8_t processor_priority(const struct vlapic *v)
{
	uint32_t tpr = vlapic_page_read(v, APIC_TPR) & 0xff;
	int isr = vlapic_highest_isr(v);
	uint32_t in_service = isr < 0 ? 0 : (uint32_t)isr & CLASS;

	return (uint8_t)((tpr & CLASS) >= in_service ? tpr : in_service);
}

void vlapic_update_ppr(struct vlapic *v)
{
	vlapic_page_write(v, APIC_PPR, processor_priority(v));
}

uint8_t vlapic_arbitration(const struct vlapic *v)
{
	return processor_priority(v);
}

static inline bool is_software_enabled(const struct vlapic *v)
{
	return vlapic_page_read(v, APIC_SVR) & APIC_SVR_ENABLE;
}

bool vlapic_accepts(const struct vlapic *v)
{
	return (vlapic_mode_bits(v) & APIC_BASE_EN) && is_software_enabled(v);
}

bool vlapic_error(struct vlapic *v, uint32_t errors)
{
	uint32_t lvt = vlapic_page_read(v, APIC_LVT_ERROR);

	/* Writing ESR arms the interrupt again, the first error uses it up; so
	 * an illegal vector in the entry itself does not recurse further. */
	if (__atomic_fetch_or(&v->esr_latched, errors, __ATOMIC_SEQ_CST))
		return false;
	if (lvt & APIC_LVT_MASK)
		return false;
	return vlapic_post(v, lvt & APIC_LVT_VECTOR, false);
}

/* From any CPU.  The locked operation is spared when nothing changes. */
static inline void set_trigger_mode(struct vlapic *v, uint8_t vector,
				    bool level)
{
	vlapic_word_t *tmr =
		vlapic_page_word(v, APIC_TMR + vlapic_vector_word(vector));
	uint32_t bit = vlapic_vector_bit(vector);
	bool now = __atomic_load_n(tmr, __ATOMIC_RELAXED) & bit;

	if (__builtin_expect(now == level, 1))
		return;
	if (level)
		__atomic_fetch_or(tmr, bit, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(tmr, ~bit, __ATOMIC_SEQ_CST);
}

bool vlapic_post(struct vlapic *v, uint8_t vector, bool level)
{
	return vlapic_accepts(v) && vlapic_post_accepted(v, vector, level);
}

bool vlapic_post_enabled(struct vlapic *v, uint8_t vector, bool level)
{
	return is_software_enabled(v) && vlapic_post_accepted(v, vector, level);
}

bool vlapic_post_accepted(struct vlapic *v, uint8_t vector, bool level)
{
	if (vector < APIC_VECTOR_FIRST_LEGAL)
		return vlapic_error(v, APIC_ESR_RECEIVE_ILLEGAL_VECTOR);
	set_trigger_mode(v, vector, level);
	return pi_desc_post(v->pi, vector);
}

/* A vector that is legal. */
static inline bool accept(struct vlapic *v, uint8_t vector, bool level)
{
	uint64_t irr = APIC_IRR + vlapic_vector_word(vector);

	if (!vlapic_accepts(v))
		return false;
	set_trigger_mode(v, vector, level);
	vlapic_page_write(v, irr, vlapic_page_read(v, irr) | 1u << vector % 32);
	return true;
}

bool vlapic_accept(struct vlapic *v, uint8_t vector, bool level)
{
	if (vector >= APIC_VECTOR_FIRST_LEGAL)
		return accept(v, vector, level);
	if (!vlapic_accepts(v))
		return false;
	vlapic_error(v, APIC_ESR_RECEIVE_ILLEGAL_VECTOR);
	return true;
}

struct vlapic_effect vlapic_accept_own(struct vlapic *v, uint8_t vector)
{
	if (!accept(v, vector, false))
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	return (struct vlapic_effect){
		.kind = VLAPIC_EFFECT_ACCEPTED,
		.vector = vector,
	};
}

static void merge_word(struct vlapic *v, uint32_t offset, uint32_t posted)
{
	if (posted)
		vlapic_page_write(v, offset,
				  vlapic_page_read(v, offset) | posted);
}

int vlapic_merge(struct vlapic *v)
{
	uint64_t posted[4];
	int highest = -1;

	if (!pi_desc_on(v->pi))
		return -1;
	pi_desc_take(v->pi, posted);
	for (uint32_t i = 0; i < 4; i++) {
		if (!posted[i])
			continue;
		highest = (int)i * 64 + 63 - __builtin_clzll(posted[i]);
		merge_word(v, APIC_IRR + i * 0x20, (uint32_t)posted[i]);
		merge_word(v, APIC_IRR + i * 0x20 + 0x10,
			   (uint32_t)(posted[i] >> 32));
	}
	return highest;
}

int vlapic_pending(const struct vlapic *v)
{
	int vector = vlapic_highest_irr(v);

	if (vector < 0)
		return -1;
	if (((uint32_t)vector & CLASS) <= (processor_priority(v) & CLASS))
		return -1;
	return vector;
}

void vlapic_deliver(struct vlapic *v, uint8_t vector)
{
	uint64_t word = vlapic_vector_word(vector);
	uint32_t bit = vlapic_vector_bit(vector);

	vlapic_page_write(v, APIC_IRR + word,
			  vlapic_page_read(v, APIC_IRR + word) & ~bit);
	vlapic_page_write(v, APIC_ISR + word,
			  vlapic_page_read(v, APIC_ISR + word) | bit);
	v->delivered = vector;
	/* It was pending, so its class is above TPR's and all in service. */
	vlapic_page_write(v, APIC_PPR, vector & CLASS);
}

void vlapic_handed_over(struct vlapic *v)
{
	v->delivered = 0;
}

bool vlapic_is_level(const struct vlapic *v, uint8_t vector)
{
	return vlapic_page_read(v, APIC_TMR + vlapic_vector_word(vector)) &
	       vlapic_vector_bit(vector);
}

/* True: the EOI was LINT0's. */
static bool end_lint0(struct vlapic *v, uint8_t vector)
{
	uint32_t lint0 = vlapic_page_read(v, APIC_LVT_LINT0);

	if (!v->lint0_remote_irr || (lint0 & APIC_LVT_VECTOR) != vector)
		return false;
	v->lint0_remote_irr = 0;
	vlapic_page_write(v, APIC_LVT_LINT0, lint0 & ~APIC_LVT_REMOTE_IRR);
	return true;
}

static struct vlapic_effect eoi_level(struct vlapic *v, uint8_t vector,
				      uint32_t events)
{
	if (end_lint0(v, vector))
		events |= VLAPIC_EVENTS_PIN;
	if (vlapic_page_read(v, APIC_SVR) & APIC_SVR_EOI_SUPPRESSION)
		return (struct vlapic_effect){.events = events};
	return (struct vlapic_effect){
		.kind = VLAPIC_EFFECT_EOI, .vector = vector, .events = events};
}

struct vlapic_effect vlapic_eoi_broadcast(struct vlapic *v, uint8_t vector)
{
	if (!vlapic_is_level(v, vector))
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	return eoi_level(v, vector, 0);
}

struct vlapic_effect vlapic_eoi(struct vlapic *v)
{
	int vector = v->delivered;
	uint64_t word;
	uint32_t isr;

	if (!vector)
		vector = vlapic_highest_isr(v);
	if (vector < 0)
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	v->delivered = 0;
	word = vlapic_vector_word((uint8_t)vector);
	isr = vlapic_page_read(v, APIC_ISR + word);
	vlapic_page_write(v, APIC_ISR + word, isr & ~(1u << (vector % 32)));
	if (!(vlapic_page_read(v, APIC_TMR + word) >> (vector % 32) & 1))
		return vlapic_effect_events(VLAPIC_EVENTS_PRIORITY);
	return eoi_level(v, (uint8_t)vector, VLAPIC_EVENTS_PRIORITY);
}
