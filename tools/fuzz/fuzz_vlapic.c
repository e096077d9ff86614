/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzes the interrupt controllers as one machine: two virtual local APICs, the
 * I/O APIC and the 8259 pair, driven by a string of operations.  After each
 * operation all that must always hold is checked.
 */
#include <stdlib.h>
#include <string.h>

#include "apic/vioapic.h"
#include "apic/vlapic.h"
#include "apic/vpic.h"
#include "hv/lib/panic.h"

#define CPUS 2

static struct {
	uint8_t page[CPUS][4096] __attribute__((aligned(4096)));
	struct pi_desc pi[CPUS];
	struct vlapic v[CPUS];
	struct vioapic io;
	struct vpic pic;
	uint64_t tsc;
} machine;

struct input {
	const uint8_t *at, *end;
};

static uint64_t take(struct input *in, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | (in->at < in->end ? *in->at++ : 0);
	return value;
}

static uint32_t slot(const struct vlapic *v, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, v->page + offset, 4);
	return value;
}

static int highest(const struct vlapic *v, uint32_t base)
{
	for (int i = 255; i >= 0; i--)
		if (slot(v, base + (uint32_t)i / 32 * 16) >> i % 32 & 1)
			return i;
	return -1;
}

/* ---- what must always hold ---- */

static void check_vectors(const struct vlapic *v)
{
	ASSERT(!(slot(v, APIC_IRR) & 0xffff));
	ASSERT(!(slot(v, APIC_ISR) & 0xffff));
	ASSERT(!(slot(v, APIC_TMR) & 0xffff));
	ASSERT(!(v->pi->pir[0] & 0xffff));
	ASSERT(vlapic_highest_irr(v) == highest(v, APIC_IRR));
	ASSERT(vlapic_highest_isr(v) == highest(v, APIC_ISR));
}

static void check_priority(struct vlapic *v)
{
	uint32_t tpr = slot(v, APIC_TPR), before = slot(v, APIC_PPR);
	int isr = highest(v, APIC_ISR), irr = highest(v, APIC_IRR);
	uint32_t in_service = isr < 0 ? 0 : (uint32_t)isr & 0xf0;
	uint32_t ppr = tpr >> 4 >= in_service >> 4 ? tpr : in_service;
	bool pending = irr >= 0 && (uint32_t)irr >> 4 > ppr >> 4;

	ASSERT(vlapic_pending(v) == (pending ? irr : -1));
	ASSERT(slot(v, APIC_PPR) == before);
	vlapic_update_ppr(v);
	ASSERT(slot(v, APIC_PPR) == ppr);
	ASSERT(ppr <= 0xff);
}

static void check_shape(const struct vlapic *v)
{
	bool x2 = vlapic_mode(v) == VLAPIC_MODE_X2APIC;

	for (uint32_t offset = 0; offset < 4096; offset += 4)
		if ((offset & 0xf) || offset >= 0x400)
			ASSERT(!slot(v, offset) || (x2 && offset == 0x304));
	ASSERT(slot(v, APIC_ID) == (x2 ? v->id : v->id << 24));
	ASSERT(!slot(v, APIC_EOI) && !slot(v, APIC_SELF_IPI));
	ASSERT(slot(v, APIC_DFR) << 4 == (x2 ? 0 : 0xfffffff0));
	if (!(slot(v, APIC_SVR) & APIC_SVR_ENABLE))
		for (uint32_t o = APIC_LVT_TIMER; o <= APIC_LVT_ERROR; o += 16)
			ASSERT(slot(v, o) & APIC_LVT_MASK);
	ASSERT(slot(v, APIC_LVT_TIMER) == v->lvt_timer);
}

/* Reading changes nothing, and returns what lies in the slot. */
static void check_reads(struct vlapic *v)
{
	struct vlapic before = *v;
	enum vlapic_mode mode = vlapic_mode(v);

	for (uint32_t offset = 0; offset < 0x400; offset += 16) {
		uint32_t msr = APIC_MSR(offset), value32;
		uint64_t value;

		if (mode == VLAPIC_MODE_X2APIC &&
		    vlapic_msr_exists(msr, false)) {
			vlapic_msr_read(v, msr, machine.tsc, &value);
			ASSERT((uint32_t)value == slot(v, offset));
			ASSERT(!(value >> 32) || offset == APIC_ICR);
		}
		if (mode == VLAPIC_MODE_XAPIC &&
		    (vlapic_msr_exists(msr, false) || offset == APIC_DFR ||
		     offset == APIC_ICR_HIGH)) {
			vlapic_read(v, offset, machine.tsc, &value32);
			ASSERT(value32 == slot(v, offset));
		}
	}
	ASSERT(!memcmp(&before, v, sizeof(before)));
}

static void check_timer(struct vlapic *v)
{
	bool deadline_mode = (v->lvt_timer & APIC_LVT_TIMER_MODE) ==
			     APIC_LVT_TIMER_TSC_DEADLINE;

	if (v->lvt_timer & APIC_LVT_MASK)
		ASSERT(vlapic_timer_next(v) == VLAPIC_NEVER);
	ASSERT(deadline_mode || !v->deadline);
	ASSERT(!deadline_mode || !slot(v, APIC_INITIAL_COUNT));
	ASSERT(v->deadline || deadline_mode || v->period_tsc ||
	       v->expiry_tsc == VLAPIC_NEVER);
}

static void check_mode(const struct vlapic *v)
{
	/* 36 bits of address, EN, EXTD, BSP. */
	ASSERT(!(v->base_msr & ~0xffffffd00ull));
	ASSERT((v->base_msr >> 10 & 3) != 1);
	if (vlapic_mode(v) == VLAPIC_MODE_DISABLED) {
		ASSERT(!vlapic_accepts(v));
		ASSERT(vlapic_highest_irr(v) < 0 && vlapic_highest_isr(v) < 0);
	}
}

static void check_others(void)
{
	struct vioapic *io = &machine.io;

	ASSERT(!(io->line >> VIOAPIC_PINS) &&
	       !(io->remote_irr >> VIOAPIC_PINS));
	/* What waits to be taken is asserted, and not in service. */
	ASSERT(!(io->untaken & (io->remote_irr | ~io->line)));
	for (unsigned pin = 0; pin < VIOAPIC_PINS; pin++)
		ASSERT(!(vioapic_entry(io, pin) & 0x00fffffffffe0000));
	for (int n = 0; n < 2; n++)
		ASSERT(machine.pic.chip[n].priority_base < 8);
}

/* ---- what a hypervisor does with effects ---- */

/* True: somebody took it. */
static bool send(const struct vlapic_message *m, const struct vlapic *sender)
{
	struct vlapic *best = NULL;
	bool taken = false;

	for (int i = 0; i < CPUS; i++) {
		struct vlapic *v = &machine.v[i];

		if (!vlapic_matches(v, m, sender))
			continue;
		switch (m->delivery_mode) {
		case VLAPIC_FIXED:
			vlapic_post(v, m->vector, m->level);
			taken |= vlapic_accepts(v);
			break;
		case VLAPIC_LOWEST_PRIORITY:
			if (vlapic_accepts(v) &&
			    (!best ||
			     vlapic_arbitration(v) < vlapic_arbitration(best)))
				best = v;
			break;
		case VLAPIC_INIT:
			vlapic_reset(v);
			break;
		default:
			break;
		}
	}
	if (best)
		vlapic_post(best, m->vector, m->level);
	return taken || best;
}

static void send_pins(uint32_t pins)
{
	ASSERT(!(pins >> VIOAPIC_PINS));
	for (unsigned pin = 0; pin < VIOAPIC_PINS; pin++) {
		struct vlapic_message m;

		if (!(pins >> pin & 1))
			continue;
		m = vioapic_message(&machine.io, pin);
		ASSERT(!m.wide && m.destination <= 0xff);
		vioapic_sent(&machine.io, pin, send(&m, NULL));
	}
}

static void perform(struct vlapic *v, struct vlapic_effect e)
{
	e = vlapic_effect_at(v, e, machine.tsc);
	switch (e.kind) {
	case VLAPIC_EFFECT_IPI:
		ASSERT(v->message.delivery_mode > VLAPIC_LOWEST_PRIORITY ||
		       v->message.vector >= 16 || v->message.level ||
		       v->message.shorthand == VLAPIC_SHORTHAND_SELF);
		send(&v->message, v);
		break;
	case VLAPIC_EFFECT_ACCEPTED:
		ASSERT(e.vector >= 16 && vlapic_accepts(v) &&
		       vlapic_highest_irr(v) >= (int)e.vector);
		break;
	case VLAPIC_EFFECT_EOI:
		ASSERT(e.vector >= 16);
		send_pins(vioapic_eoi(&machine.io, e.vector));
		break;
	case VLAPIC_EFFECT_SVR:
	case VLAPIC_EFFECT_REACH:
		send_pins(vioapic_retry(&machine.io));
		break;
	default:
		break;
	}
}

/* ---- operations ---- */

static void processor_write(struct vlapic *v, struct input *in)
{
	static const uint32_t offsets[] = {
		0x020, 0x080, 0x0b0, 0x0d0, 0x0e0, 0x0f0, 0x280, 0x300, 0x310,
		0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x380, 0x3e0,
	};
	uint32_t offset = offsets[take(in, 1) % 17];
	uint32_t value = (uint32_t)take(in, 4);

	if (vlapic_mode(v) == VLAPIC_MODE_DISABLED)
		return;
	if (vlapic_mode(v) == VLAPIC_MODE_X2APIC) {
		offset = value & 1 ? APIC_ICR : APIC_SELF_IPI;
		value &= offset == APIC_ICR ? 0xcdfff : 0xff;
	}
	memcpy(v->page + offset, &value, 4);
	perform(v, vlapic_written(v, offset));
}

static void access_page(struct vlapic *v, struct input *in, bool write)
{
	uint32_t offset = (uint32_t)take(in, 2);
	uint32_t value;

	/* Mostly where registers are. */
	offset = offset & 0x8000 ? offset & 0xfff : offset & 0x3f0;
	if (write)
		perform(v, vlapic_write(v, offset, (uint32_t)take(in, 4)));
	else
		perform(v, vlapic_read(v, offset, machine.tsc, &value));
}

static void access_msr(struct vlapic *v, struct input *in, bool write)
{
	uint32_t msr = (uint32_t)take(in, 2);
	uint8_t before[4096];
	struct vlapic_effect e;
	uint64_t value;

	msr = msr & 0x8000 ? msr & 0x7fff : 0x800 | (msr & 0x3f);
	memcpy(before, v->page, 4096);
	if (write)
		e = vlapic_msr_write(v, msr, take(in, take(in, 1) & 1 ? 8 : 4));
	else
		e = vlapic_msr_read(v, msr, machine.tsc, &value);
	if (e.kind == VLAPIC_EFFECT_GP)
		ASSERT(!memcmp(before, v->page, 4096));
	else
		ASSERT(vlapic_mode(v) == VLAPIC_MODE_X2APIC &&
		       vlapic_msr_exists(msr, write));
	perform(v, e);
}

static void write_base(struct vlapic *v, struct input *in)
{
	uint64_t value =
		take(in, 1) & 1 ? take(in, 8) : 0xfee00100 | take(in, 1) << 10;

	perform(v, vlapic_base_write(v, value));
}

static void operate_timer(struct vlapic *v, struct input *in)
{
	uint64_t guest_tsc = machine.tsc + v->tsc_offset;

	switch (take(in, 1) % 5) {
	case 0:
		perform(v,
			vlapic_deadline_write(v, machine.tsc,
					      guest_tsc - 256 + take(in, 2)));
		break;
	case 1:
		vlapic_deadline_write(v, machine.tsc, take(in, 8));
		break;
	case 2:
		vlapic_set_tsc_offset(v, machine.tsc, take(in, 8));
		break;
	case 3:
		machine.tsc += take(in, 2);
		break;
	default:
		vlapic_timer_expire(v, machine.tsc);
		ASSERT(v->expiry_tsc > machine.tsc);
		ASSERT(vlapic_deadline_read(v, machine.tsc) == v->deadline);
	}
}

static void operate_interrupts(struct vlapic *v, struct input *in)
{
	uint8_t vector = (uint8_t)take(in, 1);
	int pending;

	switch (take(in, 1) % 8) {
	case 0:
		vlapic_accept(v, vector, vector & 1);
		break;
	case 1:
		vlapic_post(v, vector, vector & 1);
		break;
	case 2:
		vlapic_merge(v);
		ASSERT(!pi_desc_on(v->pi));
		break;
	case 3:
		pending = vlapic_pending(v);
		if (pending < 0)
			break;
		vlapic_deliver(v, (uint8_t)pending);
		ASSERT(vlapic_highest_isr(v) == pending);
		ASSERT(slot(v, APIC_PPR) == ((uint32_t)pending & 0xf0));
		ASSERT(vlapic_pending(v) < 0 ||
		       vlapic_pending(v) >> 4 > pending >> 4);
		break;
	case 4:
		perform(v, vlapic_eoi(v));
		break;
	case 5:
		perform(v, vlapic_lint_raise(v, vector & 1));
		break;
	case 6:
		vlapic_cr8_write(v, vector & 0xf);
		ASSERT(vlapic_cr8_read(v) == (vector & 0xf));
		break;
	default:
		vlapic_takes_extint(v);
	}
}

static void operate_others(struct input *in)
{
	static const uint16_t ports[] = {0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1};
	uint8_t which = (uint8_t)take(in, 1), value = (uint8_t)take(in, 1);

	switch (which % 6) {
	case 0:
		vpic_set_line(&machine.pic, value & 0x1f, value >> 7);
		send_pins(vioapic_set_line(&machine.io, value & 0x1f,
					   value >> 7));
		break;
	case 1:
		vpic_write(&machine.pic, ports[value % 6],
			   (uint8_t)take(in, 1));
		break;
	case 2:
		vpic_read(&machine.pic, ports[value % 6]);
		break;
	case 3:
		if (vpic_intr(&machine.pic))
			vpic_acknowledge(&machine.pic);
		break;
	case 4:
		send_pins(vioapic_write(&machine.io, value & 0x50, 4,
					(uint32_t)take(in, 4)));
		break;
	default:
		vioapic_read(&machine.io, (uint32_t)take(in, 2) & 0xfff,
			     1u << value % 4);
	}
}

static void step(struct input *in)
{
	uint8_t operation = (uint8_t)take(in, 1);
	struct vlapic *v = &machine.v[operation >> 7];

	switch (operation & 0x1f) {
	case 0:
	case 1:
	case 2:
		processor_write(v, in);
		break;
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
		access_page(v, in, operation & 0x40);
		break;
	case 8:
	case 9:
	case 10:
	case 11:
	case 12:
		access_msr(v, in, operation & 0x40);
		break;
	case 13:
		write_base(v, in);
		break;
	case 14:
		vlapic_reset(v);
		break;
	case 15:
	case 16:
	case 17:
	case 18:
		operate_timer(v, in);
		break;
	case 19:
	case 20:
	case 21:
	case 22:
		operate_others(in);
		break;
	default:
		operate_interrupts(v, in);
	}
}

static void check(void)
{
	for (int i = 0; i < CPUS; i++) {
		check_vectors(&machine.v[i]);
		check_priority(&machine.v[i]);
		check_shape(&machine.v[i]);
		check_reads(&machine.v[i]);
		check_timer(&machine.v[i]);
		check_mode(&machine.v[i]);
	}
	check_others();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	uint8_t set_up = (uint8_t)take(&in, 1);

	memset(&machine, 0, sizeof(machine));
	machine.tsc = 1000;
	vioapic_init(&machine.io, 0);
	vpic_init(&machine.pic);
	for (uint32_t i = 0; i < CPUS; i++) {
		struct vlapic *v = &machine.v[i];

		vlapic_init(v, machine.page[i], &machine.pi[i],
			    set_up & 1 ? i : 0x123 + i, !i);
		v->x2apic_allowed = !(set_up & 2);
		v->suppress_eoi_broadcast = !(set_up & 4);
		v->tsc_deadline_allowed = !(set_up & 8);
		v->timer_ratio = set_up & 16 ? 7 : 1;
		vlapic_reset(v);
		if (!(set_up & 32))
			vlapic_write(v, APIC_SVR, 0x1ff);
		if (set_up & 64)
			vlapic_base_write(v, v->base_msr | APIC_BASE_EXTD);
	}
	check();
	while (in.at < in.end) {
		step(&in);
		check();
	}
	return 0;
}
