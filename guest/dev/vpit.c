/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An 8254 as a function of time: nothing counts, every output and count is
 * computed from the tick at which the counter was loaded.  Touches only the
 * struct vpit it is given.
 * Source: 82C54 data sheet, "Mode Definitions" and "Read Operations".
 *
 * Beyond the data sheet, to have everything defined: a count of 1 counts as 2
 * in the modes 2 and 3, a BCD count is taken by its digits' weights modulo
 * 10000, GATE low hides the strobe of mode 4, and a channel that was never
 * programmed is in mode 2 without a count.
 */
#include "guest/dev/vpit.h"

#include "guest/dev/ticks.h"
#include "guest/dev/ports.h"
#include "hv/lib/string.h"

#define VPIT_CONTROL	   (PORTS_PIT + 3)
#define VPIT_READ_BACK	   3
#define VPIT_NO_LATCH	   0x20 /* in a read-back command */
#define VPIT_NO_STATUS	   0x10
#define VPIT_STATUS_OUT	   0x80
#define VPIT_STATUS_NULL   0x40
#define VPIT_REFRESH_TICKS 18 /* channel 1 of a PC */

#define VPIT_B_GATE	   0x01
#define VPIT_B_WRITTEN	   0x0f
#define VPIT_B_REFRESH	   0x10
#define VPIT_B_OUT	   0x20

static bool vpit_is_periodic(const struct vpit_channel *c)
{
	return c->mode == 2 || c->mode == 3;
}

/* Modes that start by a rising GATE; in the others GATE low stops counting. */
static bool vpit_is_triggered(const struct vpit_channel *c)
{
	return c->mode == 1 || c->mode == 5;
}

static uint32_t vpit_high_ticks(uint32_t count)
{
	return (count + 1) / 2;
}

/* Ticks since the counter was loaded; negative: it will be, on the next. */
static int64_t vpit_elapsed(const struct vpit_channel *c, uint64_t tick)
{
	return (int64_t)((c->running ? tick - c->start : c->held));
}

/* The count is taken over on the next tick. */
static bool vpit_load_is_due(const struct vpit_channel *c, uint64_t tick)
{
	return c->loaded && (int64_t)(tick - c->start) < 0;
}

/* The OUT pin. */
static bool vpit_out(const struct vpit_channel *c, uint64_t tick)
{
	int64_t elapsed = vpit_elapsed(c, tick);

	if (!c->loaded)
		return c->mode != 0;
	if (c->mode == 0)
		return elapsed >= c->count;
	if (!c->running)
		return true;
	if (elapsed < 0)
		return c->early_out;
	switch (c->mode) {
	case 1:
		return elapsed >= c->count;
	case 2:
		return elapsed % c->count != c->count - 1;
	case 3:
		return elapsed % c->count < vpit_high_ticks(c->count);
	default: /* 4 and 5: a strobe of one tick */
		return elapsed != c->count;
	}
}

/* The counting element as it reads, 0 standing for the full range. */
static uint16_t vpit_count(const struct vpit_channel *c, uint64_t tick)
{
	uint32_t range = c->bcd ? 10000 : 65536;
	int64_t elapsed = vpit_elapsed(c, tick);
	uint32_t phase, value;

	if (elapsed < 0 || (!c->running && vpit_is_triggered(c)))
		elapsed = 0;
	phase = elapsed % c->count;
	if (c->mode == 2) {
		value = c->count - phase;
	} else if (c->mode == 3) {
		if (phase >= vpit_high_ticks(c->count))
			phase -= vpit_high_ticks(c->count);
		value = (c->count & ~1u) - 2 * phase;
	} else {
		value = c->count + range - elapsed % range;
	}
	value %= range;
	if (!c->bcd)
		return value;
	return value / 1000 << 12 | value / 100 % 10 << 8 |
	       value / 10 % 10 << 4 | value % 10;
}

/* Lets a count that waits for the end of the period come into force. */
static void vpit_channel_advance(struct vpit_channel *c, uint64_t tick)
{
	uint64_t elapsed = c->next_tick - c->start;

	if (!c->next || tick < c->next_tick)
		return;
	c->start = c->next_tick;
	if (c->mode == 3 && elapsed % c->count) /* a high half has ended */
		c->start -= vpit_high_ticks(c->next);
	c->count = c->next;
	c->next = 0;
	c->next_tick = TICKS_NEVER;
}

/*
 * The first tick after `tick` at which OUT rises; TICKS_NEVER if none.  The
 * channel has been advanced to `tick`.
 */
static uint64_t vpit_next_rise(const struct vpit_channel *c, uint64_t tick)
{
	int64_t elapsed = vpit_elapsed(c, tick);
	uint64_t rise;

	if (!c->loaded || !c->running)
		return TICKS_NEVER;
	if (vpit_is_periodic(c)) {
		if (c->next && c->mode == 3 && vpit_out(c, tick))
			return c->next_tick + c->next -
			       vpit_high_ticks(c->next);
		if (c->next)
			return c->next_tick;
		if (elapsed < 0)
			return c->start + c->count;
		return c->start + (elapsed / c->count + 1) * c->count;
	}
	if (elapsed < 0 && c->mode >= 4 && !c->early_out)
		return c->start; /* the load ends a strobe */
	rise = c->start + c->count + (c->mode >= 4);
	return rise > tick ? rise : TICKS_NEVER;
}

/* Brings everything up to now and returns now in ticks. */
static uint64_t vpit_advance(struct vpit *p, uint64_t now_ns)
{
	uint64_t tick =
		ticks_from_ns(now_ns, TICKS_PIT_COUNT, TICKS_PIT_PERIOD_NS);

	if (tick < p->seen)
		tick = p->seen;
	if (vpit_next_rise(&p->channel[0], p->seen) <= tick)
		p->rose = true;
	for (unsigned i = 0; i < VPIT_CHANNELS; i++)
		vpit_channel_advance(&p->channel[i], tick);
	p->seen = tick;
	return tick;
}

void vpit_init(struct vpit *p, uint64_t now_ns)
{
	memset(p, 0, sizeof(*p));
	for (unsigned i = 0; i < VPIT_CHANNELS; i++) {
		p->channel[i].mode = 2;
		p->channel[i].access = 3;
		p->channel[i].gate = i != 2;
		p->channel[i].count = 65536;
		p->channel[i].next_tick = TICKS_NEVER;
	}
	vpit_advance(p, now_ns);
}

/* A count was written that is not in force yet. */
static bool vpit_null_count(const struct vpit_channel *c, uint64_t tick)
{
	return !c->loaded || c->next || (vpit_is_triggered(c) && !c->running) ||
	       (vpit_load_is_due(c, tick) && c->fresh);
}

/* Starts the counter with the count written last, on the next tick. */
static void vpit_load(struct vpit_channel *c, uint64_t tick)
{
	c->early_out = vpit_out(c, tick);
	c->fresh = vpit_null_count(c, tick);
	c->loaded = true;
	if (c->next)
		c->count = c->next;
	c->next = 0;
	c->next_tick = TICKS_NEVER;
	c->start = tick + 1;
	c->held = 0;
	c->running = c->gate || vpit_is_triggered(c);
}

/* When the period (mode 3: its half) that runs now ends. */
static uint64_t vpit_boundary(const struct vpit_channel *c, uint64_t tick)
{
	int64_t elapsed = vpit_elapsed(c, tick);
	uint64_t period;

	if (!c->running)
		return TICKS_NEVER;
	if (elapsed < 0)
		elapsed = 0;
	period = c->start + elapsed / c->count * c->count;
	if (c->mode == 3 && elapsed % c->count < vpit_high_ticks(c->count))
		return period + vpit_high_ticks(c->count);
	return period + c->count;
}

static uint32_t vpit_decode(const struct vpit_channel *c, uint16_t value)
{
	uint32_t count = value;
	uint32_t range = 65536;

	if (c->bcd) {
		count = (value >> 12) * 1000 + (value >> 8 & 15) * 100 +
			(value >> 4 & 15) * 10 + (value & 15);
		range = 10000;
		count %= range;
	}
	if (!count)
		return range;
	return count == 1 && vpit_is_periodic(c) ? 2 : count;
}

static void vpit_set_count(struct vpit_channel *c, uint16_t value,
			   uint64_t tick)
{
	uint32_t count = vpit_decode(c, value);
	bool triggered = vpit_is_triggered(c);

	if (vpit_load_is_due(c, tick)) {
		c->count = count;
		c->fresh = true;
	} else if (triggered && !c->running) {
		c->loaded = true; /* waits for a trigger, but can be read */
		c->count = count;
	} else {
		c->next = count;
		if (!c->loaded || c->mode == 0 || c->mode == 4)
			vpit_load(c, tick);
		else if (!triggered && c->next_tick == TICKS_NEVER)
			c->next_tick = vpit_boundary(c, tick);
	}
}

static void vpit_write_count(struct vpit_channel *c, uint8_t value,
			     uint64_t tick)
{
	if (c->access == 1) {
		vpit_set_count(c, value, tick);
	} else if (c->access == 2) {
		vpit_set_count(c, value << 8, tick);
	} else if (!c->write_high) {
		c->low_byte = value;
		c->write_high = true;
		if (c->mode == 0) /* stops, and OUT goes low */
			c->loaded = false;
	} else {
		c->write_high = false;
		vpit_set_count(c, value << 8 | c->low_byte, tick);
	}
}

static void vpit_latch_count(struct vpit_channel *c, uint64_t tick)
{
	if (c->latched)
		return;
	c->latch = vpit_count(c, tick);
	c->latched = c->access == 3 ? 2 : 1;
	c->read_high = false;
}

static void vpit_latch_status(struct vpit_channel *c, uint64_t tick)
{
	bool null = vpit_null_count(c, tick);

	if (c->has_status)
		return;
	c->has_status = true;
	c->status = (vpit_out(c, tick) ? VPIT_STATUS_OUT : 0) |
		    (null ? VPIT_STATUS_NULL : 0) | c->access << 4 |
		    c->mode << 1 | c->bcd;
}

static void vpit_program(struct vpit_channel *c, uint8_t value)
{
	c->access = value >> 4 & 3;
	c->mode = value >> 1 & 7;
	if (c->mode > 5) /* 6 and 7 are other names of 2 and 3 */
		c->mode -= 4;
	c->bcd = value & 1;
	c->loaded = c->running = false;
	c->write_high = c->read_high = false;
	c->latched = 0;
	c->has_status = false;
	c->next = 0;
	c->next_tick = TICKS_NEVER;
	c->held = 0;
}

static void vpit_write_control(struct vpit *p, uint8_t value, uint64_t tick)
{
	unsigned select = value >> 6;

	if (select != VPIT_READ_BACK) {
		if (value & 0x30)
			vpit_program(&p->channel[select], value);
		else
			vpit_latch_count(&p->channel[select], tick);
		return;
	}
	for (unsigned i = 0; i < VPIT_CHANNELS; i++) {
		if (!(value & 2u << i))
			continue;
		if (!(value & VPIT_NO_LATCH))
			vpit_latch_count(&p->channel[i], tick);
		if (!(value & VPIT_NO_STATUS))
			vpit_latch_status(&p->channel[i], tick);
	}
}

/* GATE falls: modes 1 and 5 do not care, the others stop. */
static void vpit_gate_falls(struct vpit_channel *c, uint64_t tick)
{
	if (vpit_is_triggered(c) || !c->running)
		return;
	c->held = vpit_load_is_due(c, tick) ? 0 : tick - c->start;
	c->running = false;
	c->next_tick = TICKS_NEVER;
}

/* GATE rises: modes 0 and 4 go on, the others start over. */
static void vpit_gate_rises(struct vpit_channel *c, uint64_t tick)
{
	if (!c->loaded)
		return;
	if (vpit_is_triggered(c) || vpit_is_periodic(c)) {
		vpit_load(c, tick);
		return;
	}
	if (!vpit_load_is_due(c, tick))
		c->start = tick - c->held;
	c->running = true;
}

static void vpit_set_gate(struct vpit_channel *c, bool gate, uint64_t tick)
{
	bool was = c->gate;

	c->gate = gate;
	if (was && !gate)
		vpit_gate_falls(c, tick);
	if (gate && !was)
		vpit_gate_rises(c, tick);
}

static uint8_t vpit_read_count(struct vpit_channel *c, uint64_t tick)
{
	uint16_t value = c->latched ? c->latch : vpit_count(c, tick);
	bool high = c->access == 2 || (c->access == 3 && c->read_high);

	if (c->has_status) {
		c->has_status = false;
		return c->status;
	}
	if (c->latched)
		c->latched--;
	if (c->access == 3)
		c->read_high = !c->read_high;
	return high ? value >> 8 : value;
}

uint8_t vpit_read(struct vpit *p, uint16_t port, uint64_t now_ns)
{
	uint64_t tick = vpit_advance(p, now_ns);

	if (port == PORTS_SYSTEM_B) {
		return p->system_b |
		       (tick / VPIT_REFRESH_TICKS % 2 ? VPIT_B_REFRESH : 0) |
		       (vpit_out(&p->channel[2], tick) ? VPIT_B_OUT : 0);
	}
	if (port < PORTS_PIT || port >= VPIT_CONTROL)
		return 0xff;
	return vpit_read_count(&p->channel[port - PORTS_PIT], tick);
}

void vpit_write(struct vpit *p, uint16_t port, uint8_t value, uint64_t now_ns)
{
	uint64_t tick = vpit_advance(p, now_ns);
	bool was = vpit_out(&p->channel[0], tick);

	if (port == PORTS_SYSTEM_B) {
		p->system_b = value & VPIT_B_WRITTEN;
		vpit_set_gate(&p->channel[2], value & VPIT_B_GATE, tick);
	} else if (port == VPIT_CONTROL) {
		vpit_write_control(p, value, tick);
	} else if (port >= PORTS_PIT && port < VPIT_CONTROL) {
		vpit_write_count(&p->channel[port - PORTS_PIT], value, tick);
	}
	if (!was && vpit_out(&p->channel[0], tick))
		p->rose = true;
}

bool vpit_tick(struct vpit *p, uint64_t now_ns)
{
	bool rose;

	vpit_advance(p, now_ns);
	rose = p->rose;
	p->rose = false;
	return rose;
}

uint64_t vpit_next(const struct vpit *p)
{
	uint64_t tick = p->seen;

	if (!p->rose)
		tick = vpit_next_rise(&p->channel[0], p->seen);
	if (tick == TICKS_NEVER)
		return TICKS_NEVER;
	return ticks_to_ns(tick, TICKS_PIT_COUNT, TICKS_PIT_PERIOD_NS);
}
