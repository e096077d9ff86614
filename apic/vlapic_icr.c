/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interprocessor interrupts: what a write of ICR or SELF IPI sends, and which
 * local APICs a message is for.  Pure.  Source: SDM volume 3, "Issuing
 * Interprocessor Interrupts" and "ICR Operation in x2APIC Mode".
 */
#include "apic/vlapic_page.h"

#define MODE(name) (1u << APIC_DELIVERY_##name)

/* "Valid Combinations for the ... Local xAPIC Interrupt Command Register": what
 * may be sent beside the fixed mode; all else is not sent. */
static const uint8_t valid_modes[] = {
	[VLAPIC_SHORTHAND_NONE] = MODE(LOWEST_PRIORITY) | MODE(SMI) |
				  MODE(NMI) | MODE(INIT) | MODE(STARTUP),
	[VLAPIC_SHORTHAND_SELF] = 0,
	[VLAPIC_SHORTHAND_ALL] = 0,
	[VLAPIC_SHORTHAND_OTHERS] = MODE(LOWEST_PRIORITY) | MODE(SMI) |
				    MODE(NMI) | MODE(INIT) | MODE(STARTUP),
};

/* An INIT level de-assert does nothing since the Pentium 4; the level and
 * trigger bits of all other IPIs are ignored, they are edges. */
static bool is_init_deassert(uint32_t delivery_mode, uint32_t icr)
{
	return delivery_mode == APIC_DELIVERY_INIT &&
	       (icr & (APIC_ICR_LEVEL | APIC_ICR_ASSERT)) == APIC_ICR_LEVEL;
}

static bool has_vector(uint32_t delivery_mode)
{
	return delivery_mode <= APIC_DELIVERY_LOWEST_PRIORITY;
}

/* A self-IPI is sent and received by the same APIC, and logs both. */
static __attribute__((noinline)) struct vlapic_effect illegal_vector(
	struct vlapic *v, uint32_t shorthand)
{
	uint32_t errors = APIC_ESR_SEND_ILLEGAL_VECTOR;

	if (shorthand == VLAPIC_SHORTHAND_SELF)
		errors |= APIC_ESR_RECEIVE_ILLEGAL_VECTOR;
	vlapic_error(v, errors);
	return vlapic_effect_of(VLAPIC_EFFECT_NONE);
}

/* For a mode that is not fixed. */
static bool is_sent(uint32_t mode, uint32_t shorthand, uint32_t icr)
{
	return valid_modes[shorthand] >> mode & 1 &&
	       !is_init_deassert(mode, icr);
}

struct vlapic_effect vlapic_icr_send(struct vlapic *v, uint32_t icr)
{
	uint32_t mode =
		(icr & APIC_ICR_DELIVERY_MODE) >> APIC_ICR_DELIVERY_MODE_SHIFT;
	uint32_t shorthand =
		(icr & APIC_ICR_SHORTHAND) >> APIC_ICR_SHORTHAND_SHIFT;
	bool wide;

	if (mode != APIC_DELIVERY_FIXED && !is_sent(mode, shorthand, icr))
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	if (has_vector(mode) &&
	    (icr & APIC_ICR_VECTOR) < APIC_VECTOR_FIRST_LEGAL)
		return illegal_vector(v, shorthand);
	if (shorthand == VLAPIC_SHORTHAND_SELF) /* fixed, as the table says */
		return vlapic_accept_own(v, icr & APIC_ICR_VECTOR);
	wide = vlapic_in_x2apic_mode(v);
	v->message = (struct vlapic_message){
		.delivery_mode = mode,
		.shorthand = shorthand,
		.destination = wide ? vlapic_page_read(v, APIC_ICR_HIGH_X2APIC)
				    : vlapic_page_read(v, APIC_ICR_HIGH) >>
					       APIC_ID_SHIFT,
		.wide = wide,
		.logical = !!(icr & APIC_ICR_LOGICAL),
		.vector = icr & APIC_ICR_VECTOR,
	};
	return vlapic_effect_of(VLAPIC_EFFECT_IPI);
}

struct vlapic_effect vlapic_icr_send_self(struct vlapic *v, uint8_t vector)
{
	if (vector < APIC_VECTOR_FIRST_LEGAL)
		return illegal_vector(v, VLAPIC_SHORTHAND_SELF);
	return vlapic_accept_own(v, vector);
}

bool vlapic_is_broadcast(const struct vlapic_message *m)
{
	return m->destination ==
	       (m->wide ? APIC_BROADCAST_X2APIC : APIC_BROADCAST);
}

/* ID and LDR take no more than 8 bits in xAPIC mode, but an IPI from a vCPU in
 * x2APIC mode finds those that are not there yet by the whole ID. */
static bool matches_physical(const struct vlapic *v,
			     const struct vlapic_message *m)
{
	if (m->wide || vlapic_in_x2apic_mode(v))
		return m->destination == v->id;
	return m->destination == (v->id & 0xff);
}

/* "Logical Destination Mode" of xAPIC mode. */
static bool matches_logical_xapic(const struct vlapic *v, uint32_t destination)
{
	uint32_t ldr = vlapic_page_read(v, APIC_LDR) >> APIC_ID_SHIFT;
	uint32_t model = vlapic_page_read(v, APIC_DFR) >> APIC_DFR_MODEL_SHIFT;

	if (destination > 0xff)
		return false;
	switch (model) {
	case APIC_DFR_MODEL_FLAT:
		return destination & ldr;
	case APIC_DFR_MODEL_CLUSTER:
		return destination >> 4 == ldr >> 4 &&
		       (destination & ldr & 0xf);
	default:
		return false;
	}
}

/* "Logical Destination Mode in x2APIC Mode": cluster and member bits. */
static bool matches_logical_x2apic(const struct vlapic *v, uint32_t destination)
{
	uint32_t ldr = vlapic_page_read(v, APIC_LDR);

	return destination >> 16 == ldr >> 16 && (destination & ldr & 0xffff);
}

bool vlapic_matches(const struct vlapic *v, const struct vlapic_message *m,
		    const struct vlapic *sender)
{
	if (!(vlapic_mode_bits(v) & APIC_BASE_EN))
		return false;
	switch (m->shorthand) {
	case VLAPIC_SHORTHAND_SELF:
		return v == sender;
	case VLAPIC_SHORTHAND_ALL:
		return true;
	case VLAPIC_SHORTHAND_OTHERS:
		return v != sender;
	case VLAPIC_SHORTHAND_NONE:
		break;
	}
	if (vlapic_is_broadcast(m))
		return true;
	if (!m->logical)
		return matches_physical(v, m);
	if (vlapic_in_x2apic_mode(v))
		return matches_logical_x2apic(v, m->destination);
	return matches_logical_xapic(v, m->destination);
}
