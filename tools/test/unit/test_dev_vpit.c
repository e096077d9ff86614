/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest/dev/vpit.c against a model that counts every clock the way the data
 * sheet tells it, and what guests rely on: edges, drift, port 61H.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/dev/ticks.h"
#include "guest/dev/vpit.h"

#define CONTROL	 0x43
#define SYSTEM_B 0x61

static uint64_t ns_of(uint64_t tick)
{
	return ticks_to_ns(tick, TICKS_PIT_COUNT, TICKS_PIT_PERIOD_NS);
}

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

/* ---- one channel of an 8254, counting ------------------------------------ */

struct chip {
	unsigned mode, access;
	bool bcd, gate, out;
	bool has_count;	 /* a whole count was written */
	bool null;	 /* CR was written, CE does not have it */
	bool load;	 /* the next clock loads CE from CR */
	bool counting;	 /* CE holds something */
	bool high_next;	 /* the next byte written is the high one */
	bool odd;	 /* mode 3: the count loaded was */
	bool strobe;	 /* modes 4 and 5: this clock reached 0 */
	bool strobed;	 /* only once per load */
	uint8_t low;	 /* byte, written */
	uint32_t cr, ce; /* 65536 or 10000 for 0 */
};

static uint32_t chip_range(const struct chip *c)
{
	return c->bcd ? 10000 : 65536;
}

static void chip_control(struct chip *c, unsigned access, unsigned mode,
			 bool bcd)
{
	c->mode = mode > 5 ? mode - 4 : mode;
	c->access = access;
	c->bcd = bcd;
	c->has_count = c->load = c->counting = c->high_next = false;
	c->strobe = c->strobed = false;
	c->null = true;
	c->out = c->mode != 0;
}

static void chip_count(struct chip *c, uint16_t raw)
{
	uint32_t n = raw;

	if (c->bcd)
		n = (raw >> 12) * 1000 + (raw >> 8 & 15) * 100 +
		    (raw >> 4 & 15) * 10 + (raw & 15);
	n %= chip_range(c);
	if (!n)
		n = chip_range(c);
	if (n == 1 && (c->mode == 2 || c->mode == 3))
		n = 2;
	c->cr = n;
	c->null = true;
	if (!c->gate)
		c->strobe = false;
	if (c->mode == 0)
		c->out = false;
	if (c->mode == 0 || c->mode == 4)
		c->load = true;
	if ((c->mode == 2 || c->mode == 3) && !c->has_count)
		c->load = true;
	c->has_count = true;
}

static void chip_write(struct chip *c, uint8_t byte)
{
	if (c->access == 1) {
		chip_count(c, byte);
	} else if (c->access == 2) {
		chip_count(c, byte << 8);
	} else if (!c->high_next) {
		c->low = byte;
		c->high_next = true;
		if (c->mode == 0) {
			c->out = false;
			c->counting = c->load = c->has_count = false;
			c->null = true;
		}
	} else {
		c->high_next = false;
		chip_count(c, byte << 8 | c->low);
	}
}

static void chip_gate(struct chip *c, bool gate)
{
	if (gate && !c->gate && c->has_count && c->mode != 0 && c->mode != 4)
		c->load = true;
	if (!gate && (c->mode == 2 || c->mode == 3))
		c->out = true;
	c->gate = gate;
}

static void chip_load(struct chip *c)
{
	c->load = c->null = false;
	c->counting = true;
	c->ce = c->cr;
	if (c->mode == 3) {
		c->odd = c->cr & 1;
		c->ce &= ~1u;
	}
	c->strobe = c->strobed = false;
	c->out = c->mode != 0 && c->mode != 1;
}

static void chip_decrement(struct chip *c)
{
	c->ce = c->ce ? c->ce - 1 : chip_range(c) - 1;
}

static void chip_square(struct chip *c)
{
	bool out = c->out;

	if (c->ce && (c->odd && out)) {
		c->ce -= 2;
		return;
	}
	if (c->ce)
		c->ce -= 2;
	if (!c->ce) {
		chip_load(c);
		c->out = !out;
	}
}

static void chip_clock(struct chip *c)
{
	bool triggered = c->mode == 1 || c->mode == 5;

	if (c->load) {
		chip_load(c);
		return;
	}
	if (!c->counting || (!c->gate && !triggered))
		return;
	if (c->mode == 3) {
		chip_square(c);
		return;
	}
	chip_decrement(c);
	if (c->mode == 2) {
		c->out = c->ce != 1;
		if (!c->ce)
			chip_load(c);
	} else if (c->mode >= 4) {
		c->strobe = !c->ce && !c->strobed;
		c->strobed |= c->strobe;
	} else if (!c->ce) {
		c->out = true;
	}
}

static bool chip_out(const struct chip *c)
{
	if (c->mode == 4)
		return !(c->strobe && c->gate);
	return c->mode == 5 ? !c->strobe : c->out;
}

/* ---- both, side by side ---------------------------------------------------- */

struct pair {
	struct vpit pit;
	struct chip chip;
	unsigned channel;
	uint64_t tick;
	bool rose; /* the chip's OUT rose since it was asked */
};

static void pair_check(struct pair *p)
{
	uint64_t now = ns_of(p->tick);
	uint8_t status, low = 0, high = 0;
	uint32_t count;

	vpit_write(&p->pit, CONTROL, 0xe0 | 2u << p->channel, now);
	status = vpit_read(&p->pit, 0x40 + p->channel, now);
	assert_int_equal(status >> 7, chip_out(&p->chip));
	assert_int_equal(status >> 6 & 1, p->chip.null);
	assert_int_equal(status >> 4 & 3, p->chip.access);
	assert_int_equal(status >> 1 & 7, p->chip.mode);
	assert_int_equal(status & 1, p->chip.bcd);
	if (p->channel == 2)
		assert_int_equal(vpit_read(&p->pit, SYSTEM_B, now) >> 5 & 1,
				 chip_out(&p->chip));
	if (p->chip.load || !p->chip.counting)
		return;
	vpit_write(&p->pit, CONTROL, p->channel << 6, now);
	count = p->chip.ce % chip_range(&p->chip);
	if (p->chip.bcd)
		count = count / 1000 << 12 | count / 100 % 10 << 8 |
			count / 10 % 10 << 4 | count % 10;
	if (p->chip.access & 1) {
		low = vpit_read(&p->pit, 0x40 + p->channel, now);
		assert_int_equal(low, count & 0xff);
	}
	if (p->chip.access & 2) {
		high = vpit_read(&p->pit, 0x40 + p->channel, now);
		assert_int_equal(high, count >> 8);
	}
}

static void pair_clock(struct pair *p)
{
	bool was = chip_out(&p->chip);

	chip_clock(&p->chip);
	p->tick++;
	p->rose |= !was && chip_out(&p->chip);
}

static void pair_write(struct pair *p, bool control, uint8_t value)
{
	bool was = chip_out(&p->chip);

	vpit_write(&p->pit, control ? CONTROL : 0x40 + p->channel, value,
		   ns_of(p->tick));
	if (control)
		chip_control(&p->chip, value >> 4 & 3, value >> 1 & 7,
			     value & 1);
	else
		chip_write(&p->chip, value);
	p->rose |= !was && chip_out(&p->chip);
}

static void pair_program(struct pair *p)
{
	unsigned mode = random_below(8), access = 1 + random_below(3);

	pair_write(p, true,
		   p->channel << 6 | access << 4 | mode << 1 |
			   (random_below(4) == 0));
}

/* What vpit_next says is when the chip's OUT rises, looking so far ahead. */
static void pair_check_next(struct pair *p)
{
	enum { AHEAD = 600 };
	struct pair ahead = *p;
	uint64_t next = vpit_next(&p->pit);

	ahead.rose = false;
	while (!ahead.rose && ahead.tick < p->tick + AHEAD)
		pair_clock(&ahead);
	if (ahead.rose)
		assert_true(next == ns_of(ahead.tick));
	else
		assert_true(next > ns_of(ahead.tick));
}

static void pair_step(struct pair *p)
{
	unsigned what = random_below(100);

	if (what < 3)
		pair_program(p);
	else if (what < 14)
		pair_write(p, false,
			   random_below(3)
				   ? random_below(12)
				   : random_below(256) >> random_below(8));
	if (what >= 95 && p->channel == 2) {
		bool gate = random_below(2);

		vpit_write(&p->pit, SYSTEM_B, gate, ns_of(p->tick));
		chip_gate(&p->chip, gate);
	}
	if (what % 2)
		pair_check(p);
	if (what % 5 == 0 && p->channel == 0) {
		assert_int_equal(vpit_tick(&p->pit, ns_of(p->tick)), p->rose);
		p->rose = false;
		if (what % 10 == 0)
			pair_check_next(p);
	}
	for (unsigned i = random_below(4) * random_below(12); i; i--)
		pair_clock(p);
}

static void side_by_side(unsigned channel, uint32_t seed)
{
	struct pair p = {.channel = channel, .tick = random_below(100000)};

	random_state = seed;
	vpit_init(&p.pit, ns_of(p.tick));
	p.chip.gate = channel != 2;
	pair_program(&p);
	p.rose = false;
	vpit_tick(&p.pit, ns_of(p.tick));
	for (int i = 0; i < 500; i++)
		pair_step(&p);
}

static void test_against_counting_model(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 1000; seed++) {
		side_by_side(0, seed);
		side_by_side(2, seed * 77);
	}
}

/* ---- what guests rely on --------------------------------------------------- */

static void program(struct vpit *p, uint8_t control, uint16_t count,
		    uint64_t now)
{
	vpit_write(p, CONTROL, control, now);
	vpit_write(p, 0x40 + (control >> 6), count, now);
	vpit_write(p, 0x40 + (control >> 6), count >> 8, now);
}

/* Linux's HZ = 250 in mode 2: edge k stays where the crystal has it. */
static void test_no_drift(void **state)
{
	enum { COUNT = 4773, EDGES = 1000000 };
	struct vpit p;
	uint64_t now = 12345, first, next;

	(void)state;
	vpit_init(&p, now);
	assert_true(vpit_next(&p) == TICKS_NEVER);
	program(&p, 0x34, COUNT, now);
	assert_false(vpit_tick(&p, now));
	first = vpit_next(&p);
	for (uint64_t k = 0; k < EDGES; k++) {
		uint64_t ideal = first + (uint64_t)((__uint128_t)k * COUNT *
						    3000000000u / 3579545u);

		next = vpit_next(&p);
		assert_in_range(next + 1000 - ideal, 0, 2000);
		assert_false(vpit_tick(&p, next - 1));
		now = next + k % 1000 * 100; /* the timer is late */
		assert_true(vpit_tick(&p, now));
		assert_true(vpit_next(&p) > now);
	}
}

static void test_coalesces(void **state)
{
	struct vpit p;

	(void)state;
	vpit_init(&p, 0);
	program(&p, 0x36, 1193, 0);
	assert_true(vpit_tick(&p, 1000000000));
	assert_false(vpit_tick(&p, 1000000000));
	assert_in_range(vpit_next(&p), 1000000001, 1001000000);
}

/* Linux's quick calibration, and its loop on OUT2. */
static void test_calibration_by_channel_2(void **state)
{
	struct vpit p;
	uint64_t now = 5000;
	uint8_t before;

	(void)state;
	vpit_init(&p, now);
	vpit_write(&p, SYSTEM_B, 0x01, now);
	program(&p, 0xb0, 0xffff, now);
	assert_int_equal(vpit_read(&p, SYSTEM_B, now) & 0x20, 0);
	for (int msb = 0xff; msb > 0; msb--) {
		uint64_t tick = ticks_from_ns(5000, TICKS_PIT_COUNT,
					      TICKS_PIT_PERIOD_NS) +
				1 + (0xffff - (msb << 8 | 0x80));

		now = ns_of(tick);
		assert_int_equal(vpit_read(&p, 0x42, now), 0x80);
		assert_int_equal(vpit_read(&p, 0x42, now), msb);
	}
	assert_int_equal(vpit_read(&p, SYSTEM_B, now) & 0x20, 0);
	now += 0x180 * 839;
	assert_int_equal(vpit_read(&p, SYSTEM_B, now) & 0x20, 0x20);
	before = vpit_read(&p, SYSTEM_B, now) & 0x10;
	assert_int_not_equal(before,
			     vpit_read(&p, SYSTEM_B, now + 15086) & 0x10);
}

static void test_latches(void **state)
{
	struct vpit p;
	uint64_t later = ns_of(1000);

	(void)state;
	vpit_init(&p, 0);
	program(&p, 0x34, 0x1000, 0);
	vpit_write(&p, CONTROL, 0x00, ns_of(1));   /* latches 0x1000 */
	vpit_write(&p, CONTROL, 0x00, ns_of(500)); /* ignored */
	vpit_write(&p, CONTROL, 0xc2, ns_of(600)); /* status; count not */
	assert_int_equal(vpit_read(&p, 0x40, later), 0xb4);
	assert_int_equal(vpit_read(&p, 0x40, later), 0x00);
	assert_int_equal(vpit_read(&p, 0x40, later), 0x10);
	/* and now live: 0x1000 - 999 */
	assert_int_equal(vpit_read(&p, 0x40, later), 0x19);
	assert_int_equal(vpit_read(&p, 0x40, later), 0x0c);
}

static void test_other_ports(void **state)
{
	struct vpit p, same;

	(void)state;
	vpit_init(&p, 0);
	same = p;
	for (uint32_t port = 0; port < 0x10000; port++) {
		if ((port >= 0x40 && port <= 0x42) || port == 0x61)
			continue;
		assert_int_equal(vpit_read(&p, port, 0), 0xff);
		if (port != CONTROL)
			vpit_write(&p, port, 0x34, 0);
	}
	assert_memory_equal(&p, &same, sizeof(p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_counting_model),
		cmocka_unit_test(test_no_drift),
		cmocka_unit_test(test_coalesces),
		cmocka_unit_test(test_calibration_by_channel_2),
		cmocka_unit_test(test_latches),
		cmocka_unit_test(test_other_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
