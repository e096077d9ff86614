/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two local APICs as the SDM's chapter "Advanced Programmable Interrupt
 * Controller (APIC)" tells, in the simplest words: the reference for sequences
 * (sequence.h).  It shares no code with the hypervisor's.  What the SDM leaves
 * to the implementation is as Apical has it, and says so.
 */
#ifndef GUEST_TEST_SEQUENCE_MODEL_H
#define GUEST_TEST_SEQUENCE_MODEL_H

#include "guest/test/sequence.h"

#define MODEL_LVTS	6 /* by offset from 320H */
#define MODEL_LVT_ERROR 5
/* The implementation's: six LVT entries, EOI-broadcast suppression. */
#define MODEL_VERSION	0x1050014
#define MODEL_LVT_MASK	(1u << 16)
#define MODEL_MARK	0x600d0000u /* what RAM there holds, plus the page */
#define MODEL_BASE_BITS 0xffff0d00u /* that sequences set without #GP */

enum model_esr {
	MODEL_ESR_SEND = 1u << 5,
	MODEL_ESR_RECEIVE = 1u << 6,
	MODEL_ESR_REGISTER = 1u << 7,
};

struct model_apic {
	uint64_t base, deadline, nmis;
	uint32_t id, tpr, ldr, dfr, svr, esr, errors, icr, destination;
	uint32_t lvt[MODEL_LVTS];
	uint32_t initial, divide;
	uint32_t irr[8], isr[8];
	bool counting;
};

struct model {
	struct model_apic apic[SEQUENCE_CPUS];
};

static inline bool model_enabled(const struct model_apic *a)
{
	return a->base & SEQUENCE_BASE_EN;
}

static inline bool model_x2apic(const struct model_apic *a)
{
	return a->base & SEQUENCE_BASE_EXTD;
}

static inline bool model_xapic(const struct model_apic *a)
{
	return model_enabled(a) && !model_x2apic(a);
}

static inline void model_reset(struct model_apic *a)
{
	*a = (struct model_apic){
		.base = a->base,
		.nmis = a->nmis,
		.id = a->id,
		.dfr = 0xffffffff,
		.svr = 0xff,
	};
	for (int i = 0; i < MODEL_LVTS; i++)
		a->lvt[i] = MODEL_LVT_MASK;
}

/* ---- interrupts ---- */

static inline int model_highest(const uint32_t *bits)
{
	for (int vector = 255; vector >= 0; vector--) {
		if (!bits[vector / 32])
			vector &= ~31;
		else if (bits[vector / 32] >> vector % 32 & 1)
			return vector;
	}
	return -1;
}

static inline uint32_t model_ppr(const struct model_apic *a)
{
	int in_service = model_highest(a->isr);
	uint32_t class = in_service < 0 ? 0 : (uint32_t)in_service & 0xf0;

	return (a->tpr & 0xf0) >= class ? a->tpr : class;
}

static inline int model_pending(const struct model_apic *a)
{
	int vector = model_highest(a->irr);

	if (vector < 0 || (uint32_t)vector >> 4 <= model_ppr(a) >> 4)
		return -1;
	return vector;
}

static inline bool model_accepts(const struct model_apic *a)
{
	return model_enabled(a) && a->svr & 0x100;
}

static inline void model_raise(struct model_apic *a, uint8_t vector);

/* The first error since ESR was written raises the LVT's interrupt. */
static inline void model_error(struct model_apic *a, uint32_t bits)
{
	uint32_t lvt = a->lvt[MODEL_LVT_ERROR];
	bool first = !a->errors;

	a->errors |= bits;
	if (first && !(lvt & MODEL_LVT_MASK))
		model_raise(a, (uint8_t)lvt);
}

static inline void model_raise(struct model_apic *a, uint8_t vector)
{
	if (!model_accepts(a))
		return;
	if (vector < 16)
		model_error(a, MODEL_ESR_RECEIVE);
	else
		a->irr[vector / 32] |= 1u << vector % 32;
}

static inline void model_eoi(struct model_apic *a)
{
	int vector = model_highest(a->isr);

	if (vector >= 0)
		a->isr[vector / 32] &= ~(1u << vector % 32);
}

/* ---- IPIs ---- */

/* wide: the sender is in x2APIC mode.  A receiver in the other mode than the
 * sender is the implementation's own. */
static inline bool model_is_destination(const struct model_apic *a,
					uint32_t destination, bool wide,
					bool logical)
{
	uint32_t ldr = a->ldr >> 24;

	if (destination == (wide ? 0xffffffff : 0xff))
		return true;
	if (!logical)
		return destination == a->id;
	if (model_x2apic(a))
		return destination >> 16 == a->id >> 4 &&
		       (destination >> (a->id & 15) & 1);
	if (destination > 0xff)
		return false;
	if (a->dfr >> 28 == 0xf)
		return destination & ldr;
	return a->dfr >> 28 == 0 && destination >> 4 == ldr >> 4 &&
	       (destination & ldr & 0xf);
}

static inline bool model_is_addressed(const struct model *m, unsigned sender,
				      unsigned cpu)
{
	const struct model_apic *from = &m->apic[sender];

	if (!model_enabled(&m->apic[cpu]))
		return false;
	switch (from->icr >> 18 & 3) {
	case 0:
		return model_is_destination(&m->apic[cpu], from->destination,
					    model_x2apic(from),
					    from->icr >> 11 & 1);
	case 1:
		return cpu == sender;
	case 2:
		return true;
	default:
		return cpu != sender;
	}
}

/* Arbitration by PPR, the lower index of two; the implementation's own. */
static inline void model_send_lowest(struct model *m, unsigned sender)
{
	struct model_apic *best = 0;

	for (unsigned i = 0; i < SEQUENCE_CPUS; i++) {
		struct model_apic *a = &m->apic[i];

		if (model_is_addressed(m, sender, i) && model_accepts(a) &&
		    (!best || model_ppr(a) < model_ppr(best)))
			best = a;
	}
	if (best)
		model_raise(best, (uint8_t)m->apic[sender].icr);
}

static inline void model_send(struct model *m, unsigned sender)
{
	struct model_apic *from = &m->apic[sender];
	uint32_t mode = from->icr >> 8 & 7, shorthand = from->icr >> 18 & 3;

	/* Self and all exist for fixed interrupts alone. */
	if (mode && (shorthand == 1 || shorthand == 2))
		return;
	if (mode < 2 && (from->icr & 0xff) < 16) {
		model_error(from,
			    MODEL_ESR_SEND |
				    (shorthand == 1 ? MODEL_ESR_RECEIVE : 0));
		return;
	}
	if (mode == 1) {
		model_send_lowest(m, sender);
		return;
	}
	for (unsigned i = 0; i < SEQUENCE_CPUS; i++) {
		if (!model_is_addressed(m, sender, i))
			continue;
		if (mode == 0)
			model_raise(&m->apic[i], (uint8_t)from->icr);
		else if (mode == 4)
			m->apic[i].nmis++;
	}
}

/* ---- registers ---- */

static inline int model_lvt_index(uint32_t offset)
{
	if (offset < SEQUENCE_LVT_TIMER || offset > SEQUENCE_LVT_ERROR)
		return -1;
	return (int)(offset - SEQUENCE_LVT_TIMER) / 0x10;
}

/* Bits that a write changes: timer, thermal, performance, LINT0, LINT1,
 * error. */
static inline uint32_t model_lvt_bits(int index)
{
	static const uint32_t bits[] = {0x700ff, 0x107ff, 0x107ff,
					0x1a7ff, 0x1a7ff, 0x100ff};

	return bits[index];
}

/* Read-only bits that may be written in vain. */
static inline uint32_t model_lvt_status(int index)
{
	return index == 3 || index == 4 ? 0x5000 : 0x1000;
}

/* The value; false if the mode has no such register to read. */
static inline bool model_get(struct model_apic *a, uint32_t offset,
			     uint64_t *value)
{
	bool x2apic = model_x2apic(a);
	int lvt = model_lvt_index(offset);

	*value = 0;
	if (lvt >= 0) {
		*value = a->lvt[lvt];
		return true;
	}
	if (offset >= SEQUENCE_ISR && offset < SEQUENCE_TMR) {
		*value = a->isr[(offset - SEQUENCE_ISR) / 16];
		return true;
	}
	if (offset >= SEQUENCE_TMR && offset < SEQUENCE_IRR)
		return true; /* all are edges */
	if (offset >= SEQUENCE_IRR && offset < SEQUENCE_ESR) {
		*value = a->irr[(offset - SEQUENCE_IRR) / 16];
		return true;
	}
	switch (offset) {
	case SEQUENCE_ID:
		*value = x2apic ? a->id : a->id << 24;
		return true;
	case SEQUENCE_VERSION:
		*value = MODEL_VERSION;
		return true;
	case SEQUENCE_TPR:
		*value = a->tpr;
		return true;
	case SEQUENCE_PPR:
		*value = model_ppr(a);
		return true;
	case SEQUENCE_LDR:
		*value =
			x2apic ? a->id >> 4 << 16 | 1u << (a->id & 15) : a->ldr;
		return true;
	case SEQUENCE_DFR:
		*value = a->dfr;
		return !x2apic;
	case SEQUENCE_SVR:
		*value = a->svr;
		return true;
	case SEQUENCE_ESR:
		*value = a->esr;
		return true;
	case SEQUENCE_ICR:
		*value = a->icr;
		if (x2apic)
			*value |= (uint64_t)a->destination << 32;
		return true;
	case SEQUENCE_ICR_HIGH:
		*value = (uint64_t)a->destination << 24;
		return !x2apic;
	case SEQUENCE_INITIAL:
		*value = a->initial;
		return true;
	case SEQUENCE_CURRENT:
		*value = a->counting;
		return true;
	case SEQUENCE_DIVIDE:
		*value = a->divide;
		return true;
	case SEQUENCE_EOI:
	case SEQUENCE_APR:
		return !x2apic;
	default:
		return false;
	}
}

static inline bool model_deadline_mode(const struct model_apic *a)
{
	return (a->lvt[0] >> 17 & 3) == 2;
}

static inline void model_set_lvt(struct model_apic *a, int index,
				 uint32_t value)
{
	bool deadline = model_deadline_mode(a);

	if (!(a->svr & 0x100))
		value |= MODEL_LVT_MASK;
	a->lvt[index] = value & model_lvt_bits(index);
	/* To and from TSC-deadline mode the timer stops. */
	if (model_deadline_mode(a) != deadline) {
		a->counting = false;
		a->deadline = 0;
		a->initial = 0;
	}
}

static inline void model_set_svr(struct model_apic *a, uint32_t value)
{
	a->svr = value & 0x13ff;
	if (!(value & 0x100))
		for (int i = 0; i < MODEL_LVTS; i++)
			a->lvt[i] |= MODEL_LVT_MASK;
}

static inline void model_set_initial(struct model_apic *a, uint32_t value)
{
	if (model_deadline_mode(a))
		return;
	a->initial = value;
	a->counting = value;
}

/* What a write does in both modes; reserved bits were looked at. */
static inline void model_set(struct model *m, unsigned cpu, uint32_t offset,
			     uint32_t value)
{
	struct model_apic *a = &m->apic[cpu];
	int lvt = model_lvt_index(offset);

	if (lvt >= 0)
		model_set_lvt(a, lvt, value);
	switch (offset) {
	case SEQUENCE_TPR:
		a->tpr = value & 0xff;
		break;
	case SEQUENCE_EOI:
		model_eoi(a);
		break;
	case SEQUENCE_LDR:
		a->ldr = value & 0xff000000;
		break;
	case SEQUENCE_DFR:
		a->dfr = value | 0x0fffffff;
		break;
	case SEQUENCE_SVR:
		model_set_svr(a, value);
		break;
	case SEQUENCE_ESR:
		a->esr = a->errors;
		a->errors = 0;
		break;
	case SEQUENCE_ICR:
		a->icr = value & 0xccfff;
		model_send(m, cpu);
		break;
	case SEQUENCE_INITIAL:
		model_set_initial(a, value);
		break;
	case SEQUENCE_DIVIDE:
		a->divide = value & 0xb;
		break;
	default:
		break;
	}
}

/* x2APIC mode: the bits of a register that may be written; all others #GP. */
static inline bool model_writable(uint32_t offset, uint64_t *bits)
{
	int lvt = model_lvt_index(offset);

	if (lvt >= 0) {
		*bits = model_lvt_bits(lvt) | model_lvt_status(lvt);
		return true;
	}
	switch (offset) {
	case SEQUENCE_TPR:
	case SEQUENCE_SELF_IPI:
		*bits = 0xff;
		return true;
	case SEQUENCE_EOI:
	case SEQUENCE_ESR:
		*bits = 0;
		return true;
	case SEQUENCE_SVR:
		*bits = 0x13ff;
		return true;
	case SEQUENCE_ICR:
		*bits = 0xffffffff000cdfff;
		return true;
	case SEQUENCE_INITIAL:
		*bits = 0xffffffff;
		return true;
	case SEQUENCE_DIVIDE:
		*bits = 0xb;
		return true;
	default:
		return false;
	}
}

/* The register does not exist in xAPIC mode, and an access is an error. */
static inline bool model_is_hole(uint32_t offset)
{
	return offset == 0x40 || offset == 0x2f0 || offset == SEQUENCE_SELF_IPI;
}

#endif
