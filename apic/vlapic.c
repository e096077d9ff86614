/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of the virtual local APIC as a whole: power-up, INIT, the modes
 * that IA32_APIC_BASE selects, and the two local pins.  Pure.  Source: SDM
 * volume 3, "Local APIC State" and "x2APIC State Transitions".
 */
#include "apic/vlapic_page.h"
#include "hv/lib/string.h"

/* Entries that exist: timer, thermal, performance, LINT0, LINT1, error. */
#define MAX_LVT_ENTRY 5u

/* The registers end here; the rest of the page stays 0. */
#define REGISTERS_END 0x400u

static uint32_t x2apic_ldr(uint32_t id)
{
	return id >> 4 << 16 | 1u << (id & 0xf);
}

/* ID, LDR, DFR and ICR's high half: the slots that differ between modes. */
static void enter_x2apic_mode(struct vlapic *v)
{
	uint32_t high = vlapic_page_read(v, APIC_ICR_HIGH);

	vlapic_page_write(v, APIC_ID, v->id);
	vlapic_page_write(v, APIC_LDR, x2apic_ldr(v->id));
	vlapic_page_write(v, APIC_DFR, 0);
	vlapic_page_write(v, APIC_ICR_HIGH, 0);
	vlapic_page_write(v, APIC_ICR_HIGH_X2APIC, high >> APIC_ID_SHIFT);
}

void vlapic_init(struct vlapic *v, uint8_t *page, struct pi_desc *pi,
		 uint32_t id, bool bsp)
{
	memset(page, 0, 4096);
	memset(pi, 0, sizeof(*pi));
	*v = (struct vlapic){
		.page = page,
		.pi = pi,
		.base_msr = APIC_BASE_DEFAULT | APIC_BASE_EN |
			    (bsp ? APIC_BASE_BSP : 0),
		.id = id,
		.bsp = bsp,
		.tsc_deadline_allowed = 1,
		.max_phys_bits = 36,
		.timer_ratio = 1,
	};
	vlapic_reset(v);
}

void vlapic_reset(struct vlapic *v)
{
	uint64_t dropped[4];

	/* Software-disabled first: from here on nothing more is posted. */
	vlapic_page_write(v, APIC_SVR, APIC_SVR_VECTOR);
	pi_desc_take(v->pi, dropped);
	for (uint32_t offset = 0; offset < REGISTERS_END; offset += 4)
		if (offset != APIC_SVR)
			vlapic_page_write(v, offset, 0);
	for (uint32_t offset = APIC_LVT_TIMER; offset <= APIC_LVT_ERROR;
	     offset += 0x10)
		vlapic_page_write(v, offset, APIC_LVT_MASK);
	vlapic_page_write(v, APIC_VERSION,
			  APIC_VERSION_INTEGRATED |
				  MAX_LVT_ENTRY << APIC_VERSION_MAX_LVT_SHIFT |
				  (v->suppress_eoi_broadcast
					   ? APIC_VERSION_EOI_SUPPRESSION
					   : 0));
	vlapic_page_write(v, APIC_ID, v->id << APIC_ID_SHIFT);
	vlapic_page_write(v, APIC_DFR, ~0u);
	if (vlapic_in_x2apic_mode(v))
		enter_x2apic_mode(v);
	v->lint0_remote_irr = 0;
	v->delivered = 0;
	__atomic_store_n(&v->esr_latched, 0, __ATOMIC_SEQ_CST);
	vlapic_timer_reset(v);
}

static bool is_legal_base(const struct vlapic *v, uint64_t value)
{
	uint64_t legal = (1ull << v->max_phys_bits) - 4096;
	uint64_t mode = value & (APIC_BASE_EN | APIC_BASE_EXTD);

	legal |= APIC_BASE_BSP | APIC_BASE_EN;
	if (v->x2apic_allowed)
		legal |= APIC_BASE_EXTD;
	if (value & ~legal)
		return false;
	switch (vlapic_mode_bits(v)) {
	case APIC_BASE_EN:
		return mode != APIC_BASE_EXTD;
	case APIC_BASE_EN | APIC_BASE_EXTD:
		return mode != APIC_BASE_EXTD && mode != APIC_BASE_EN;
	default:
		return !(mode & APIC_BASE_EXTD);
	}
}

struct vlapic_effect vlapic_base_write(struct vlapic *v, uint64_t value)
{
	enum vlapic_mode before = vlapic_mode(v);
	enum vlapic_mode after;

	if (!is_legal_base(v, value))
		return vlapic_effect_of(VLAPIC_EFFECT_GP);
	if (value == v->base_msr)
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	__atomic_store_n(&v->base_msr, value, __ATOMIC_RELAXED);
	after = vlapic_mode(v);
	if (before == after)
		return vlapic_effect_of(VLAPIC_EFFECT_BASE);
	if (after == VLAPIC_MODE_DISABLED)
		vlapic_reset(v);
	else if (after == VLAPIC_MODE_X2APIC)
		enter_x2apic_mode(v);
	return vlapic_effect_of(VLAPIC_EFFECT_BASE);
}

uint8_t vlapic_cr8_read(const struct vlapic *v)
{
	return vlapic_page_read(v, APIC_TPR) >> 4 & 0xf;
}

void vlapic_cr8_write(struct vlapic *v, uint8_t value)
{
	vlapic_page_write(v, APIC_TPR, (uint32_t)(value & 0xf) << 4);
}

bool vlapic_takes_extint(const struct vlapic *v)
{
	uint32_t lint0 = vlapic_page_read(v, APIC_LVT_LINT0);

	if (!(vlapic_mode_bits(v) & APIC_BASE_EN))
		return true;
	return (lint0 & (APIC_LVT_MASK | APIC_LVT_DELIVERY_MODE)) ==
	       APIC_DELIVERY_EXTINT << APIC_LVT_DELIVERY_MODE_SHIFT;
}

bool vlapic_lint0_wants_level(const struct vlapic *v)
{
	uint32_t lint0 = vlapic_page_read(v, APIC_LVT_LINT0);
	uint32_t bits = APIC_LVT_MASK | APIC_LVT_DELIVERY_MODE | APIC_LVT_LEVEL;

	return (lint0 & bits) == APIC_LVT_LEVEL && !v->lint0_remote_irr &&
	       (lint0 & APIC_LVT_VECTOR) >= APIC_VECTOR_FIRST_LEGAL &&
	       (vlapic_mode_bits(v) & APIC_BASE_EN);
}

static struct vlapic_effect to_self(struct vlapic *v,
				    enum vlapic_delivery_mode mode,
				    uint8_t vector, bool level)
{
	v->message = (struct vlapic_message){
		.delivery_mode = mode,
		.shorthand = VLAPIC_SHORTHAND_SELF,
		.level = level,
		.vector = vector,
	};
	return vlapic_effect_of(VLAPIC_EFFECT_IPI);
}

/* Level-sensitive fixed interrupts exist on LINT0 only, and one at a time. */
static struct vlapic_effect lint_fixed(struct vlapic *v, unsigned pin,
				       uint32_t lvt)
{
	uint8_t vector = lvt & APIC_LVT_VECTOR;
	bool level = pin == 0 && (lvt & APIC_LVT_LEVEL);

	if (!level)
		return to_self(v, VLAPIC_FIXED, vector, false);
	if (v->lint0_remote_irr)
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	if (vector >= APIC_VECTOR_FIRST_LEGAL) {
		v->lint0_remote_irr = 1;
		vlapic_page_write(v, APIC_LVT_LINT0, lvt | APIC_LVT_REMOTE_IRR);
	}
	return to_self(v, VLAPIC_FIXED, vector, true);
}

struct vlapic_effect vlapic_lint_raise(struct vlapic *v, unsigned pin)
{
	uint32_t lvt =
		vlapic_page_read(v, pin ? APIC_LVT_LINT1 : APIC_LVT_LINT0);
	uint32_t mode =
		(lvt & APIC_LVT_DELIVERY_MODE) >> APIC_LVT_DELIVERY_MODE_SHIFT;

	/* Without an APIC the pins are INTR and NMI. */
	if (!(vlapic_mode_bits(v) & APIC_BASE_EN))
		return pin ? to_self(v, VLAPIC_NMI, 0, false)
			   : vlapic_effect_of(VLAPIC_EFFECT_NONE);
	if (lvt & APIC_LVT_MASK)
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	switch (mode) {
	case APIC_DELIVERY_FIXED:
		return lint_fixed(v, pin, lvt);
	case APIC_DELIVERY_SMI:
	case APIC_DELIVERY_NMI:
	case APIC_DELIVERY_INIT:
		return to_self(v, mode, 0, false);
	default:
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	}
}
