/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of apic/vlapic_timer.c: each rule alone, then against a timer that
 * really counts, tick by tick. */
#include "tools/test/unit/test_vlapic.h"

#define ONE_SHOT 0x00000u
#define PERIODIC 0x20000u
#define DEADLINE 0x40000u
#define MASKED	 0x10000u

static struct apic a;

static void write_at(uint32_t offset, uint64_t tsc, uint32_t value)
{
	struct vlapic_effect e = vlapic_write(&a.v, offset, value);

	assert_int_equal(e.kind, VLAPIC_EFFECT_TIME);
	assert_int_equal(vlapic_effect_at(&a.v, e, tsc).kind,
			 offset == APIC_SVR ? VLAPIC_EFFECT_SVR
					    : VLAPIC_EFFECT_TIMER);
}

static uint32_t count_at(uint64_t tsc)
{
	uint32_t value;

	vlapic_read(&a.v, APIC_CURRENT_COUNT, tsc, &value);
	assert_int_equal(value, apic_slot(&a, APIC_CURRENT_COUNT));
	return value;
}

/* True when vector (and only it) has been accepted or posted; takes it. */
static bool take(uint8_t vector)
{
	bool there;

	vlapic_merge(&a.v);
	there = vlapic_highest_irr(&a.v) == vector;
	apic_set_slot(&a, APIC_IRR + vector / 32 * 16, 0);
	assert_int_equal(vlapic_highest_irr(&a.v), -1);
	return there;
}

static void start(uint32_t lvt, uint32_t ratio)
{
	apic_xapic(&a, 0);
	a.v.timer_ratio = ratio;
	write_at(APIC_LVT_TIMER, 0, lvt);
	write_at(APIC_DIVIDE_CONFIGURATION, 0, 0xb);
}

static void test_one_shot(void **state)
{
	(void)state;
	start(ONE_SHOT | 0x40, 10);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	write_at(APIC_INITIAL_COUNT, 1000, 5);
	assert_int_equal(apic_read(&a, APIC_INITIAL_COUNT), 5);
	assert_int_equal(vlapic_timer_next(&a.v), 1050);
	assert_int_equal(count_at(1000), 5);
	assert_int_equal(count_at(1009), 5);
	assert_int_equal(count_at(1010), 4);
	assert_int_equal(count_at(1049), 1);
	assert_int_equal(count_at(1050), 0);
	assert_false(vlapic_timer_expire(&a.v, 1049));
	assert_true(vlapic_timer_expire(&a.v, 1050));
	assert_true(take(0x40));
	assert_false(vlapic_timer_expire(&a.v, 5000));
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	assert_int_equal(count_at(1051), 0);
	/* Zero stops it. */
	write_at(APIC_INITIAL_COUNT, 2000, 5);
	write_at(APIC_INITIAL_COUNT, 2010, 0);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	assert_int_equal(count_at(2011), 0);
	assert_false(take(0x40));
}

static void test_divide(void **state)
{
	static const struct {
		uint32_t value, divide;
	} rows[] = {
		{0x0, 2},  {0x1, 4},  {0x2, 8},	  {0x3, 16},
		{0x8, 32}, {0x9, 64}, {0xa, 128}, {0xb, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(ONE_SHOT | 0x40, 3);
		write_at(APIC_DIVIDE_CONFIGURATION, 0, rows[i].value | 0xfff4);
		assert_int_equal(apic_read(&a, APIC_DIVIDE_CONFIGURATION),
				 rows[i].value);
		write_at(APIC_INITIAL_COUNT, 7, 100);
		assert_int_equal(vlapic_timer_next(&a.v),
				 7 + 300 * rows[i].divide);
	}
	/* Power-up divides by 2. */
	apic_xapic(&a, 0);
	write_at(APIC_LVT_TIMER, 0, 0x40);
	write_at(APIC_INITIAL_COUNT, 0, 1);
	assert_int_equal(vlapic_timer_next(&a.v), 2);
}

static void test_longest(void **state)
{
	(void)state;
	start(PERIODIC | 0x40, 1 << 24);
	write_at(APIC_DIVIDE_CONFIGURATION, 0, 0xa);
	write_at(APIC_INITIAL_COUNT, 1ull << 60, 0xffffffff);
	assert_int_equal(vlapic_timer_next(&a.v),
			 (1ull << 60) + (0xffffffffull << 31));
	assert_int_equal(count_at(1ull << 60), 0xffffffff);
	assert_int_equal(count_at((1ull << 60) + (1ull << 31)), 0xfffffffe);
}

static void test_periodic_does_not_drift(void **state)
{
	uint64_t seed = 5, t0 = 12345;

	(void)state;
	start(PERIODIC | 0x41, 7);
	write_at(APIC_INITIAL_COUNT, t0, 143);
	for (uint64_t k = 1; k <= 10000; k++) {
		uint64_t next = vlapic_timer_next(&a.v);

		assert_int_equal(next, t0 + k * 1001);
		assert_true(vlapic_timer_expire(
			&a.v, next + random_below(&seed, 1001)));
		assert_true(take(0x41));
	}
	/* Looked at much too late: one interrupt, the same raster. */
	assert_true(vlapic_timer_expire(&a.v, t0 + 20000 * 1001 + 17));
	assert_int_equal(vlapic_timer_next(&a.v), t0 + 20001 * 1001);
	assert_int_equal(count_at(t0 + 20001 * 1001), 143);
	assert_int_equal(count_at(t0 + 20001 * 1001 + 1000), 1);
}

/* Only a periodic timer, and only while its vector is in IRR. */
static void test_waits(void **state)
{
	(void)state;
	start(APIC_LVT_TIMER_PERIODIC | 0x31, 1);
	write_at(APIC_INITIAL_COUNT, 0, 100);
	assert_false(vlapic_timer_waits(&a.v));
	vlapic_timer_expire(&a.v, vlapic_timer_next(&a.v));
	assert_true(vlapic_timer_waits(&a.v));
	vlapic_deliver(&a.v, 0x31);
	assert_false(vlapic_timer_waits(&a.v));
	write_at(APIC_LVT_TIMER, 0, APIC_LVT_TIMER_ONE_SHOT | 0x31);
	vlapic_accept(&a.v, 0x31, false);
	assert_false(vlapic_timer_waits(&a.v));
}

static void test_masked(void **state)
{
	(void)state;
	start(PERIODIC | MASKED | 0x40, 1);
	write_at(APIC_INITIAL_COUNT, 0, 100);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	assert_int_equal(count_at(30), 70);
	assert_int_equal(count_at(130), 70);
	assert_false(vlapic_timer_expire(&a.v, 250));
	/* Unmasked: the raster goes on, what passed is gone. */
	write_at(APIC_LVT_TIMER, 450, PERIODIC | 0x40);
	assert_false(take(0x40));
	assert_int_equal(vlapic_timer_next(&a.v), 500);
	/* A one-shot that passed while masked stays passed. */
	start(ONE_SHOT | MASKED | 0x40, 1);
	write_at(APIC_INITIAL_COUNT, 0, 100);
	write_at(APIC_LVT_TIMER, 100, 0x40);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	assert_false(take(0x40));
}

static void test_late_write_keeps_expiry(void **state)
{
	/* What was due before the write comes, with the vector of that time. */
	static const struct {
		uint32_t offset, value;
	} rows[] = {
		{APIC_LVT_TIMER, MASKED | 0x77},
		{APIC_LVT_TIMER, DEADLINE | 0x77},
		{APIC_INITIAL_COUNT, 0},
		{APIC_INITIAL_COUNT, 55},
		{APIC_DIVIDE_CONFIGURATION, 0},
		{APIC_SVR, 0xff},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(ONE_SHOT | 0x40, 1);
		write_at(APIC_INITIAL_COUNT, 0, 100);
		write_at(rows[i].offset, 100, rows[i].value);
		assert_true(take(0x40));
		start(ONE_SHOT | 0x40, 1);
		write_at(APIC_INITIAL_COUNT, 0, 100);
		write_at(rows[i].offset, 99, rows[i].value);
		assert_false(take(0x40));
	}
}

static void test_one_shot_and_periodic_switch(void **state)
{
	(void)state;
	start(ONE_SHOT | 0x40, 1);
	write_at(APIC_INITIAL_COUNT, 0, 100);
	write_at(APIC_LVT_TIMER, 50, PERIODIC | 0x40);
	assert_int_equal(vlapic_timer_next(&a.v), 100);
	assert_true(vlapic_timer_expire(&a.v, 100));
	assert_int_equal(vlapic_timer_next(&a.v), 200);
	write_at(APIC_LVT_TIMER, 150, ONE_SHOT | 0x40);
	assert_true(vlapic_timer_expire(&a.v, 200));
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	/* Run out in one-shot mode, it does not start again by itself. */
	write_at(APIC_LVT_TIMER, 250, PERIODIC | 0x40);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
}

static void test_divide_while_counting(void **state)
{
	(void)state;
	start(PERIODIC | 0x40, 10);
	write_at(APIC_INITIAL_COUNT, 0, 100);
	write_at(APIC_DIVIDE_CONFIGURATION, 400, 0x0);
	assert_int_equal(count_at(400), 60);
	assert_int_equal(vlapic_timer_next(&a.v), 400 + 60 * 20);
	assert_true(vlapic_timer_expire(&a.v, 1600));
	assert_int_equal(vlapic_timer_next(&a.v), 1600 + 2000);
}

static void test_deadline(void **state)
{
	(void)state;
	start(DEADLINE | 0x40, 10);
	assert_int_equal(vlapic_deadline_read(&a.v, 0), 0);
	assert_int_equal(vlapic_deadline_write(&a.v, 100, 500).kind,
			 VLAPIC_EFFECT_TIMER);
	assert_int_equal(vlapic_timer_next(&a.v), 500);
	assert_int_equal(vlapic_deadline_read(&a.v, 499), 500);
	assert_int_equal(vlapic_deadline_read(&a.v, 500), 0);
	assert_false(vlapic_timer_expire(&a.v, 499));
	assert_true(vlapic_timer_expire(&a.v, 500));
	assert_true(take(0x40));
	assert_int_equal(vlapic_deadline_read(&a.v, 400), 0);
	assert_false(vlapic_timer_expire(&a.v, 501));
	/* In the past, or now: at once.  Zero disarms. */
	vlapic_deadline_write(&a.v, 1000, 1000);
	assert_int_equal(vlapic_timer_next(&a.v), 1000);
	vlapic_deadline_write(&a.v, 1000, 1);
	assert_true(take(0x40));
	assert_int_equal(vlapic_timer_next(&a.v), 1000);
	assert_true(vlapic_timer_expire(&a.v, 1000));
	assert_true(take(0x40));
	vlapic_deadline_write(&a.v, 1000, 2000);
	vlapic_deadline_write(&a.v, 1000, 0);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	/* Masked: it passes in silence. */
	vlapic_deadline_write(&a.v, 1000, 2000);
	write_at(APIC_LVT_TIMER, 1500, DEADLINE | MASKED | 0x40);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	assert_int_equal(vlapic_deadline_read(&a.v, 1999), 2000);
	assert_int_equal(vlapic_deadline_read(&a.v, 2000), 0);
	write_at(APIC_LVT_TIMER, 2500, DEADLINE | 0x40);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	assert_false(take(0x40));
}

static void test_deadline_mode_rules(void **state)
{
	(void)state;
	/* In the other modes the MSR reads 0 and ignores writes. */
	start(ONE_SHOT | 0x40, 1);
	assert_int_equal(vlapic_deadline_write(&a.v, 0, 50).kind,
			 VLAPIC_EFFECT_NONE);
	assert_int_equal(vlapic_deadline_read(&a.v, 0), 0);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	/* Entering it stops the count, leaving it disarms. */
	write_at(APIC_INITIAL_COUNT, 0, 100);
	write_at(APIC_LVT_TIMER, 10, DEADLINE | 0x40);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	assert_int_equal(count_at(10), 0);
	assert_int_equal(apic_read(&a, APIC_INITIAL_COUNT), 0);
	/* In it the initial count ignores writes. */
	write_at(APIC_INITIAL_COUNT, 10, 100);
	assert_int_equal(apic_read(&a, APIC_INITIAL_COUNT), 0);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	vlapic_deadline_write(&a.v, 10, 50);
	write_at(APIC_INITIAL_COUNT, 10, 0);
	write_at(APIC_DIVIDE_CONFIGURATION, 10, 0);
	assert_int_equal(vlapic_timer_next(&a.v), 50);
	write_at(APIC_LVT_TIMER, 10, DEADLINE | 0x41);
	assert_int_equal(vlapic_timer_next(&a.v), 50);
	write_at(APIC_LVT_TIMER, 10, PERIODIC | 0x41);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	write_at(APIC_LVT_TIMER, 10, DEADLINE | 0x41);
	assert_int_equal(vlapic_deadline_read(&a.v, 10), 0);
}

static void test_tsc_offset(void **state)
{
	const uint64_t huge = 0xfffffffffff00000;

	(void)state;
	start(DEADLINE | 0x40, 1);
	vlapic_set_tsc_offset(&a.v, 100, 1000);
	vlapic_deadline_write(&a.v, 100, 1500);
	assert_int_equal(vlapic_timer_next(&a.v), 500);
	/* The guest sets its TSC back: later.  Forward: at once. */
	vlapic_set_tsc_offset(&a.v, 200, (uint64_t)-150);
	assert_int_equal(vlapic_timer_next(&a.v), 1650);
	assert_int_equal(vlapic_deadline_read(&a.v, 200), 1500);
	vlapic_set_tsc_offset(&a.v, 300, 1200);
	assert_int_equal(vlapic_timer_next(&a.v), 300);
	assert_true(vlapic_timer_expire(&a.v, 300));
	assert_true(take(0x40));
	/* What was due before the step comes all the same. */
	vlapic_set_tsc_offset(&a.v, 300, 0);
	vlapic_deadline_write(&a.v, 300, 400);
	vlapic_set_tsc_offset(&a.v, 400, (uint64_t)-390);
	assert_true(take(0x40));
	/* A TSC near its end, deadlines on both sides, and out of reach. */
	vlapic_set_tsc_offset(&a.v, 1000, huge - 1000);
	vlapic_deadline_write(&a.v, 1000, huge + 50);
	assert_int_equal(vlapic_timer_next(&a.v), 1050);
	vlapic_deadline_write(&a.v, 1000, huge - 1);
	assert_int_equal(vlapic_timer_next(&a.v), 1000);
	vlapic_set_tsc_offset(&a.v, 1000, (uint64_t)-1000);
	take(0x40);
	vlapic_deadline_write(&a.v, 1000, UINT64_MAX);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	assert_int_equal(vlapic_deadline_read(&a.v, 1000), UINT64_MAX);
	/* Counting modes do not care. */
	start(PERIODIC | 0x40, 1);
	write_at(APIC_INITIAL_COUNT, 0, 100);
	vlapic_set_tsc_offset(&a.v, 10, 12345678);
	assert_int_equal(vlapic_timer_next(&a.v), 100);
}

/* What stands still for 500 ticks is 500 later, and has as much left. */
static void test_stood_still(void **state)
{
	(void)state;
	start(ONE_SHOT | 0x40, 10);
	a.v.tsc_offset = 7;
	write_at(APIC_INITIAL_COUNT, 1000, 5);
	assert_int_equal(count_at(1020), 3);
	vlapic_stood_still(&a.v, 500);
	assert_int_equal(a.v.tsc_offset, 7 - 500);
	assert_int_equal(count_at(1520), 3);
	assert_false(vlapic_timer_expire(&a.v, 1549));
	assert_true(vlapic_timer_expire(&a.v, 1550));
	assert_true(take(0x40));
	vlapic_stood_still(&a.v, 500);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);

	start(PERIODIC | 0x40, 1);
	write_at(APIC_INITIAL_COUNT, 0, 100);
	assert_true(vlapic_timer_expire(&a.v, 130));
	vlapic_stood_still(&a.v, 1000);
	assert_int_equal(vlapic_timer_next(&a.v), 1200);

	start(DEADLINE | 0x40, 1);
	a.v.tsc_offset = 100;
	vlapic_deadline_write(&a.v, 1000, 1300);
	vlapic_stood_still(&a.v, 50);
	assert_int_equal(vlapic_timer_next(&a.v), 1250);
	assert_int_equal(vlapic_deadline_read(&a.v, 1249), 1300);
	/* One that is never reached. */
	vlapic_deadline_write(&a.v, 1000, UINT64_MAX);
	vlapic_stood_still(&a.v, UINT64_MAX / 2);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
}

static void test_illegal_vector(void **state)
{
	(void)state;
	start(ONE_SHOT | 0x0f, 1);
	write_at(APIC_INITIAL_COUNT, 0, 100);
	vlapic_timer_expire(&a.v, 100);
	assert_int_equal(vlapic_highest_irr(&a.v), -1);
	assert_int_equal(apic_errors(&a), 0x40);
}

static void test_init_stops(void **state)
{
	(void)state;
	start(PERIODIC | 0x40, 1);
	write_at(APIC_INITIAL_COUNT, 0, 100);
	vlapic_reset(&a.v);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	assert_false(vlapic_timer_expire(&a.v, 1000));
	assert_int_equal(count_at(10), 0);
	start(DEADLINE | 0x40, 1);
	vlapic_deadline_write(&a.v, 0, 100);
	vlapic_base_write(&a.v, APIC_BASE_DEFAULT);
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	assert_int_equal(vlapic_deadline_read(&a.v, 0), 0);
}

/* ---- a timer that counts ---- */

#define RATIO 3

static struct {
	uint64_t tsc, offset, deadline;
	uint32_t lvt, initial, count, divide, phase;
	bool fired;
} m;

static bool model_deadline_mode(void)
{
	return (m.lvt & 0x60000) == DEADLINE;
}

static void model_fire(void)
{
	m.fired |= !(m.lvt & MASKED);
}

static void model_check_deadline(void)
{
	if (m.deadline && m.tsc + m.offset >= m.deadline) {
		m.deadline = 0;
		model_fire();
	}
}

static void model_tick(void)
{
	m.tsc++;
	model_check_deadline();
	if (!m.count || ++m.phase < RATIO * m.divide)
		return;
	m.phase = 0;
	if (--m.count)
		return;
	model_fire();
	if ((m.lvt & 0x60000) == PERIODIC)
		m.count = m.initial;
}

static void random_operation(uint64_t *seed)
{
	static const uint32_t modes[] = {ONE_SHOT, PERIODIC, DEADLINE};
	uint32_t value = random_below(seed, 40);

	switch (random_below(seed, 8)) {
	case 0:
		value = modes[random_below(seed, 3)] |
			(value & 1 ? MASKED : 0) | 0x40;
		write_at(APIC_LVT_TIMER, m.tsc, value);
		if (((m.lvt ^ value) & 0x60000) &&
		    (model_deadline_mode() || (value & 0x60000) == DEADLINE)) {
			m.count = m.initial = 0;
			m.deadline = 0;
		}
		m.lvt = value;
		break;
	case 1:
	case 2:
		write_at(APIC_INITIAL_COUNT, m.tsc, value);
		if (!model_deadline_mode()) {
			m.initial = m.count = value;
			m.phase = 0;
		}
		break;
	case 3:
		value &= 3;
		write_at(APIC_DIVIDE_CONFIGURATION, m.tsc, value);
		m.divide = 2u << value;
		m.phase = 0;
		break;
	case 4:
	case 5:
		vlapic_deadline_write(&a.v, m.tsc,
				      m.tsc + m.offset + value * 10 - 20);
		if (model_deadline_mode())
			m.deadline = m.tsc + m.offset + value * 10 - 20;
		break;
	case 6:
		m.offset += value * 8 - 160;
		vlapic_set_tsc_offset(&a.v, m.tsc, m.offset);
		break;
	}
	model_check_deadline();
}

static void test_model(void **state)
{
	uint64_t seed = 11;
	unsigned fired = 0;

	(void)state;
	apic_xapic(&a, 0);
	a.v.timer_ratio = RATIO;
	m.lvt = MASKED;
	m.divide = 2;
	m.tsc = 1000;
	m.offset = 1ull << 40;
	vlapic_set_tsc_offset(&a.v, m.tsc, m.offset);
	for (int i = 0; i < 200000; i++) {
		bool expected;

		for (uint32_t n = random_below(&seed, 100); n; n--)
			model_tick();
		assert_int_equal(count_at(m.tsc), m.count);
		assert_int_equal(vlapic_deadline_read(&a.v, m.tsc), m.deadline);
		/* Sometimes nobody looked before the next write. */
		if (random_below(&seed, 2))
			vlapic_timer_expire(&a.v, m.tsc);
		random_operation(&seed);
		vlapic_timer_expire(&a.v, m.tsc);
		expected = m.fired;
		m.fired = false;
		fired += expected;
		assert_int_equal(take(0x40), expected);
		assert_int_equal(count_at(m.tsc), m.count);
		assert_int_equal(vlapic_deadline_read(&a.v, m.tsc), m.deadline);
		assert_int_equal(apic_slot(&a, APIC_INITIAL_COUNT), m.initial);
	}
	assert_true(fired > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_shot),
		cmocka_unit_test(test_divide),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_periodic_does_not_drift),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_masked),
		cmocka_unit_test(test_late_write_keeps_expiry),
		cmocka_unit_test(test_one_shot_and_periodic_switch),
		cmocka_unit_test(test_divide_while_counting),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_deadline_mode_rules),
		cmocka_unit_test(test_tsc_offset),
		cmocka_unit_test(test_stood_still),
		cmocka_unit_test(test_illegal_vector),
		cmocka_unit_test(test_init_stops),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
