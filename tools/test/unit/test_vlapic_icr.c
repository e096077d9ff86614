/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of apic/vlapic_icr.c: what is sent, and who it is for. */
#include "tools/test/unit/test_vlapic.h"

static struct apic a, b;

/* "Valid Combinations for ... xAPIC Interrupt Command Register". */
static bool valid(uint32_t shorthand, uint32_t mode)
{
	bool by_self = shorthand == 1 || shorthand == 2;

	if (mode == 3 || mode == 7)
		return false;
	return by_self ? mode == APIC_DELIVERY_FIXED : true;
}

/* A self-IPI of a's: nobody else hears of it. */
static void check_accepted(struct vlapic_effect e, uint32_t vector)
{
	assert_int_equal(e.kind, VLAPIC_EFFECT_ACCEPTED);
	assert_int_equal(e.vector, vector);
	assert_int_equal(vlapic_highest_irr(&a.v), vector);
	assert_false(vlapic_is_level(&a.v, (uint8_t)vector));
	assert_false(pi_desc_on(a.v.pi));
	vlapic_deliver(&a.v, (uint8_t)vector);
	vlapic_eoi(&a.v);
}

/* Every value of every field, with 4 vectors. */
static void check_icr(bool x2, uint32_t icr)
{
	static const uint32_t vector[] = {0x00, 0x0f, 0x10, 0xff};
	uint32_t shorthand = icr >> 18 & 3, mode = icr >> 8 & 7;
	bool deassert = mode == 5 && (icr & 0x8000) && !(icr & 0x4000);

	for (int i = 0; i < 4; i++) {
		bool illegal = mode <= 1 && vector[i] < 16;
		bool sent = valid(shorthand, mode) && !deassert && !illegal;
		uint32_t errors = 0;
		struct vlapic_effect e;

		if (valid(shorthand, mode) && illegal)
			errors = shorthand == 1 ? 0x60 : 0x20;
		if (x2) {
			e = vlapic_msr_write(&a.v, 0x830,
					     0x123456780ull << 32 | icr |
						     vector[i]);
			assert_int_equal(apic_rdmsr(&a, 0x830),
					 0x2345678000000000 | icr | vector[i]);
		} else {
			e = vlapic_write(&a.v, APIC_ICR, icr | vector[i]);
			assert_int_equal(apic_read(&a, APIC_ICR),
					 icr | vector[i]);
		}
		assert_int_equal(apic_errors(&a), errors);
		if (!sent) {
			assert_int_equal(e.kind, VLAPIC_EFFECT_NONE);
			continue;
		}
		if (shorthand == VLAPIC_SHORTHAND_SELF) {
			check_accepted(e, vector[i]);
			continue;
		}
		assert_int_equal(e.kind, VLAPIC_EFFECT_IPI);
		assert_int_equal(a.v.message.delivery_mode, mode);
		assert_int_equal(a.v.message.shorthand, shorthand);
		assert_int_equal(a.v.message.vector, vector[i]);
		assert_int_equal(a.v.message.logical, icr >> 11 & 1);
		assert_int_equal(a.v.message.wide, x2);
		assert_int_equal(a.v.message.destination,
				 x2 ? 0x23456780u : 0x9au);
		assert_false(a.v.message.level);
	}
}

static void test_icr(void **state)
{
	(void)state;
	for (int x2 = 0; x2 < 2; x2++) {
		apic_xapic(&a, 1);
		apic_write(&a, APIC_ICR_HIGH, 0x9affffff);
		assert_int_equal(apic_read(&a, APIC_ICR_HIGH), 0x9a000000);
		if (x2)
			apic_to_x2apic(&a);
		for (uint32_t f = 0; f < 1 << 12; f++)
			if (!(f & 0x330))
				check_icr(x2, f << 8 & 0xccf00);
	}
}

static void test_self_ipi(void **state)
{
	(void)state;
	apic_x2apic(&a, 1);
	for (uint32_t vector = 0; vector < 256; vector++) {
		struct vlapic_effect e = vlapic_msr_write(&a.v, 0x83f, vector);

		assert_int_equal(apic_errors(&a), vector < 16 ? 0x60 : 0);
		assert_int_equal(apic_slot(&a, APIC_SELF_IPI), 0);
		if (vector < 16) {
			assert_int_equal(e.kind, VLAPIC_EFFECT_NONE);
			continue;
		}
		check_accepted(e, vector);
	}
	/* Software-disabled, it is sent and not taken. */
	apic_wrmsr(&a, 0x80f, 0xff);
	assert_int_equal(apic_wrmsr(&a, 0x83f, 0x40), VLAPIC_EFFECT_NONE);
	assert_int_equal(vlapic_highest_irr(&a.v), -1);
}

/* ---- destinations ---- */

static bool matches(const struct apic *target, bool wide, bool logical,
		    uint32_t destination)
{
	struct vlapic_message m = {
		.delivery_mode = VLAPIC_FIXED,
		.vector = 0x40,
		.destination = destination,
		.wide = wide,
		.logical = logical,
	};

	return vlapic_matches(&target->v, &m, NULL);
}

static void test_physical(void **state)
{
	(void)state;
	apic_xapic(&a, 0x05);
	apic_x2apic(&b, 0x205);
	for (uint32_t d = 0; d < 256; d++) {
		assert_int_equal(matches(&a, false, false, d),
				 d == 0x05 || d == 0xff);
		assert_int_equal(matches(&b, false, false, d), d == 0xff);
	}
	for (uint32_t d = 0; d < 0x1000; d++) {
		assert_int_equal(matches(&a, true, false, d), d == 0x05);
		assert_int_equal(matches(&b, true, false, d), d == 0x205);
	}
	assert_true(matches(&a, true, false, 0xffffffff));
	assert_true(matches(&b, true, false, 0xffffffff));
	/* An xAPIC sender reaches low IDs in x2APIC mode, and the reverse. */
	apic_x2apic(&b, 0x07);
	assert_true(matches(&b, false, false, 0x07));
	apic_xapic(&a, 0x105);
	assert_true(matches(&a, false, false, 0x05));
	assert_false(matches(&a, true, false, 0x05));
	assert_true(matches(&a, true, false, 0x105));
}

static void test_logical_flat(void **state)
{
	(void)state;
	apic_xapic(&a, 3);
	for (uint32_t ldr = 0; ldr < 256; ldr++) {
		apic_write(&a, APIC_LDR, ldr << 24 | 0xffffff);
		for (uint32_t d = 0; d < 256; d++)
			assert_int_equal(matches(&a, false, true, d),
					 d == 0xff || (d & ldr));
	}
	assert_false(matches(&a, true, true, 0x1ff));
	assert_true(matches(&a, true, true, 0xffffffff));
}

static void test_logical_cluster(void **state)
{
	(void)state;
	apic_xapic(&a, 3);
	apic_write(&a, APIC_DFR, 0x0fffffff);
	for (uint32_t ldr = 0; ldr < 256; ldr++) {
		apic_write(&a, APIC_LDR, ldr << 24);
		for (uint32_t d = 0; d < 256; d++) {
			bool same = d >> 4 == ldr >> 4 && (d & ldr & 0xf);

			assert_int_equal(matches(&a, false, true, d),
					 d == 0xff || same);
		}
	}
	/* A model that does not exist matches nothing but broadcasts. */
	apic_write(&a, APIC_DFR, 0x5fffffff);
	apic_write(&a, APIC_LDR, 0xff000000);
	for (uint32_t d = 0; d < 256; d++)
		assert_int_equal(matches(&a, false, true, d), d == 0xff);
}

static void test_logical_x2apic(void **state)
{
	static const uint32_t ids[] = {0,    1,	   15,	    16,
				       0x2f, 0xfe, 0x12345, 0xfffff};
	uint64_t seed = 3;

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		uint32_t cluster = ids[i] >> 4 & 0xffff;

		apic_x2apic(&a, ids[i]);
		assert_int_equal(apic_rdmsr(&a, 0x802), ids[i]);
		assert_int_equal(apic_rdmsr(&a, 0x80d),
				 cluster << 16 | 1u << ids[i] % 16);
		for (unsigned member = 0; member < 16; member++)
			assert_int_equal(matches(&a, true, true,
						 cluster << 16 | 1u << member),
					 member == ids[i] % 16);
		for (int k = 0; k < 10000; k++) {
			uint32_t d = (uint32_t)next_random(&seed);
			bool in = d >> 16 == cluster && d >> ids[i] % 16 & 1;

			assert_int_equal(matches(&a, true, true, d),
					 in || d == 0xffffffff);
		}
		assert_true(matches(&a, true, true, 0xffffffff));
		assert_true(matches(&a, false, true, 0xff));
	}
}

static void test_shorthands(void **state)
{
	struct vlapic_message m = {.vector = 0x40, .destination = 0x77};

	(void)state;
	apic_xapic(&a, 1);
	apic_x2apic(&b, 2);
	for (int mode = 0; mode < 2; mode++) {
		m.shorthand = VLAPIC_SHORTHAND_SELF;
		assert_true(vlapic_matches(&a.v, &m, &a.v));
		assert_false(vlapic_matches(&b.v, &m, &a.v));
		m.shorthand = VLAPIC_SHORTHAND_ALL;
		assert_true(vlapic_matches(&a.v, &m, &a.v));
		assert_true(vlapic_matches(&b.v, &m, &a.v));
		m.shorthand = VLAPIC_SHORTHAND_OTHERS;
		assert_false(vlapic_matches(&a.v, &m, &a.v));
		assert_true(vlapic_matches(&b.v, &m, &a.v));
		m.shorthand = VLAPIC_SHORTHAND_NONE;
		assert_false(vlapic_matches(&b.v, &m, &a.v));
	}
}

static void test_disabled_receives_nothing(void **state)
{
	struct vlapic_message m = {.shorthand = VLAPIC_SHORTHAND_ALL};

	(void)state;
	apic_xapic(&a, 1);
	vlapic_base_write(&a.v, APIC_BASE_DEFAULT);
	assert_false(vlapic_matches(&a.v, &m, &b.v));
	assert_false(matches(&a, false, false, 1));
	assert_false(matches(&a, false, false, 0xff));
	/* Software-disabled: INIT, NMI and SIPI still arrive. */
	apic_power_up(&a, 1);
	assert_true(matches(&a, false, false, 1));
	assert_true(vlapic_matches(&a.v, &m, &b.v));
}

static void test_arbitration(void **state)
{
	(void)state;
	apic_xapic(&a, 1);
	apic_xapic(&b, 2);
	apic_write(&a, APIC_TPR, 0x20);
	apic_write(&b, APIC_TPR, 0x30);
	assert_true(vlapic_arbitration(&a.v) < vlapic_arbitration(&b.v));
	vlapic_accept(&a.v, 0x51, false);
	vlapic_deliver(&a.v, 0x51);
	assert_true(vlapic_arbitration(&a.v) > vlapic_arbitration(&b.v));
	assert_true(vlapic_accepts(&a.v));
	apic_write(&a, APIC_SVR, 0xff);
	assert_false(vlapic_accepts(&a.v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_icr),
		cmocka_unit_test(test_self_ipi),
		cmocka_unit_test(test_physical),
		cmocka_unit_test(test_logical_flat),
		cmocka_unit_test(test_logical_cluster),
		cmocka_unit_test(test_logical_x2apic),
		cmocka_unit_test(test_shorthands),
		cmocka_unit_test(test_disabled_receives_nothing),
		cmocka_unit_test(test_arbitration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
