/* SPDX-License-Identifier: BSD-2-Clause */
/* The reference (sequence_model.h) as a machine that sequences run on. */
#ifndef GUEST_TEST_SEQUENCE_MODEL_MACHINE_H
#define GUEST_TEST_SEQUENCE_MODEL_MACHINE_H

#include "guest/test/sequence_model.h"

static inline struct model *model_of(struct sequence *s)
{
	return s->owner;
}

static inline struct model_apic *model_apic_of(struct sequence *s, unsigned cpu)
{
	return &model_of(s)->apic[cpu];
}

static inline uint32_t model_load(struct sequence *s, unsigned cpu,
				  uint64_t address)
{
	struct model_apic *a = model_apic_of(s, cpu);
	uint64_t page = address & ~0xfffull, value;
	uint32_t offset = address & 0xfff;

	if (!model_xapic(a) || page != (a->base & ~0xfffull))
		return page == SEQUENCE_BASE ? 0xffffffff
					     : MODEL_MARK + (uint32_t)page;
	if (model_is_hole(offset))
		model_error(a, MODEL_ESR_REGISTER);
	return model_get(a, offset, &value) ? (uint32_t)value : 0;
}

static inline void model_store(struct sequence *s, unsigned cpu,
			       uint64_t address, uint32_t value)
{
	struct model_apic *a = model_apic_of(s, cpu);
	uint32_t offset = address & 0xfff;

	if (!model_xapic(a))
		return;
	if (model_is_hole(offset))
		model_error(a, MODEL_ESR_REGISTER);
	else if (offset == SEQUENCE_ICR_HIGH)
		a->destination = value >> 24;
	else
		model_set(model_of(s), cpu, offset, value);
}

static inline bool model_set_base(struct model_apic *a, uint64_t value)
{
	uint64_t mode = value & (SEQUENCE_BASE_EN | SEQUENCE_BASE_EXTD);
	bool was_enabled = model_enabled(a), was_x2apic = model_x2apic(a);

	if (value & ~(uint64_t)MODEL_BASE_BITS & ~0xf000ull)
		return false;
	if (mode == SEQUENCE_BASE_EXTD)
		return false;
	if (mode == SEQUENCE_BASE_EN && was_x2apic)
		return false;
	if (mode && mode != SEQUENCE_BASE_EN && !was_enabled)
		return false;
	a->base = value;
	if (!mode && was_enabled)
		model_reset(a);
	else if (mode & SEQUENCE_BASE_EXTD && !was_x2apic)
		a->dfr = 0;
	return true;
}

static inline bool model_wrmsr(struct sequence *s, unsigned cpu, uint32_t msr,
			       uint64_t value)
{
	struct model_apic *a = model_apic_of(s, cpu);
	uint32_t offset = (msr - 0x800) * 16;
	uint64_t bits;

	if (msr == SEQUENCE_BASE_MSR)
		return model_set_base(a, value);
	if (msr == SEQUENCE_DEADLINE_MSR) {
		if (model_deadline_mode(a))
			a->deadline = value;
		return true;
	}
	if (!model_x2apic(a) || !model_writable(offset, &bits) || value & ~bits)
		return false;
	if (offset == SEQUENCE_ICR)
		a->destination = (uint32_t)(value >> 32);
	if (offset != SEQUENCE_SELF_IPI)
		model_set(model_of(s), cpu, offset, (uint32_t)value);
	else if (value < 16)
		model_error(a, MODEL_ESR_SEND | MODEL_ESR_RECEIVE);
	else
		model_raise(a, (uint8_t)value);
	return true;
}

static inline bool model_rdmsr(struct sequence *s, unsigned cpu, uint32_t msr,
			       uint64_t *value)
{
	struct model_apic *a = model_apic_of(s, cpu);

	*value = 0;
	if (msr == SEQUENCE_BASE_MSR)
		*value = a->base;
	else if (msr == SEQUENCE_DEADLINE_MSR)
		*value = a->deadline;
	else
		return model_x2apic(a) &&
		       model_get(a, (msr - 0x800) * 16, value);
	return true;
}

static inline uint64_t model_cr8_read(struct sequence *s, unsigned cpu)
{
	return model_apic_of(s, cpu)->tpr >> 4;
}

static inline bool model_cr8_write(struct sequence *s, unsigned cpu,
				   uint64_t value)
{
	if (value > 15)
		return false;
	model_apic_of(s, cpu)->tpr = (uint32_t)value << 4;
	return true;
}

static inline void model_window(struct sequence *s, unsigned cpu, bool halt)
{
	struct model_apic *a = model_apic_of(s, cpu);
	int vector;

	(void)halt;
	while ((vector = model_pending(a)) >= 0) {
		a->irr[vector / 32] &= ~(1u << vector % 32);
		a->isr[vector / 32] |= 1u << vector % 32;
		sequence_interrupt(s, cpu, (uint8_t)vector);
	}
}

static inline void model_expire(struct sequence *s, unsigned cpu)
{
	struct model_apic *a = model_apic_of(s, cpu);

	if (!a->counting && !a->deadline)
		return;
	if (!(a->lvt[0] & MODEL_LVT_MASK))
		model_raise(a, (uint8_t)a->lvt[0]);
	if ((a->lvt[0] >> 17 & 3) != 1)
		a->counting = false;
	a->deadline = 0;
}

static inline uint64_t model_tsc(struct sequence *s, unsigned cpu)
{
	(void)s;
	(void)cpu;
	return 0;
}

static inline uint64_t model_nmis(struct sequence *s, unsigned cpu)
{
	return model_apic_of(s, cpu)->nmis;
}

static const struct sequence_machine model_machine = {
	.rdmsr = model_rdmsr,
	.wrmsr = model_wrmsr,
	.load = model_load,
	.store = model_store,
	.cr8_read = model_cr8_read,
	.cr8_write = model_cr8_write,
	.window = model_window,
	.expire = model_expire,
	.tsc = model_tsc,
	.nmis = model_nmis,
};

/* As after power-up; ids are the CPUs' APIC IDs. */
static inline void model_begin(struct sequence *s, struct model *m,
			       enum sequence_mode mode)
{
	*s = (struct sequence){.machine = &model_machine, .owner = m};
	for (unsigned cpu = 0; cpu < SEQUENCE_CPUS; cpu++) {
		m->apic[cpu] = (struct model_apic){.id = cpu};
		model_reset(&m->apic[cpu]);
	}
	for (unsigned cpu = 0; cpu < SEQUENCE_CPUS; cpu++)
		sequence_begin(s, cpu, mode);
}

#endif
