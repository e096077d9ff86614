/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of apic/vlapic_regs.c: every register and every bit, in both modes,
 * against a table that was written from the SDM once more.
 */
#include "tools/test/unit/test_vlapic.h"

static struct apic a, b;

/* What the SDM says of a register.  Letters: r read, w write, s write-only
 * register whose xAPIC read is legal (0), q absent without an ESR bit. */
struct fact {
	uint32_t offset;
	const char *xapic, *x2apic;
	uint32_t writable;  /* bits that keep what is written */
	uint32_t ignored;   /* not reserved, but unchanged by a write */
	uint32_t read_ones; /* bits that read as 1, written or not */
};

static const struct fact facts[] = {
	{0x020, "rw", "r", 0, 0, 0}, /* ID; see reads_back() */
	{0x030, "r", "r", 0, 0, 0},
	{0x080, "rw", "rw", 0xff, 0, 0},
	{0x090, "q", "", 0, 0, 0},
	{0x0a0, "r", "r", 0, 0, 0},
	{0x0b0, "sw", "w", 0, 0, 0},
	{0x0c0, "q", "", 0, 0, 0},
	{0x0d0, "rw", "r", 0xff000000, 0, 0},
	{0x0e0, "rw", "", 0xf0000000, 0, 0x0fffffff},
	{0x0f0, "rw", "rw", 0x13ff, 0, 0},
	{0x280, "rw", "rw", 0, 0, 0},
	{0x300, "rw", "rw", 0xccfff & ~0x1000u, 0x1000, 0},
	{0x310, "rw", "", 0xff000000, 0, 0},
	{0x320, "rw", "rw", 0x700ff, 0x1000, 0},
	{0x330, "rw", "rw", 0x107ff, 0x1000, 0},
	{0x340, "rw", "rw", 0x107ff, 0x1000, 0},
	{0x350, "rw", "rw", 0x1a7ff, 0x5000, 0},
	{0x360, "rw", "rw", 0x1a7ff, 0x5000, 0},
	{0x370, "rw", "rw", 0x100ff, 0x1000, 0},
	{0x380, "rw", "rw", 0xffffffff, 0, 0},
	{0x390, "r", "r", 0, 0, 0},
	{0x3e0, "rw", "rw", 0xb, 0, 0},
	{0x3f0, "", "w", 0xff, 0, 0},
};

static const struct fact vectors = {0, "r", "r", 0, 0, 0};
static const struct fact reserved = {0, "", "", 0, 0, 0};

static struct fact fact_of(uint32_t offset)
{
	struct fact f = reserved;

	if (offset >= 0x100 && offset < 0x280)
		f = vectors;
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (facts[i].offset == (offset & ~0xfu))
			f = facts[i];
	f.offset = offset;
	return f;
}

static bool has(const char *letters, char letter)
{
	return strchr(letters, letter);
}

static void test_xapic_existence(void **state)
{
	(void)state;
	apic_xapic(&a, 2);
	for (uint32_t offset = 0; offset < 4096; offset += 4) {
		struct fact f = fact_of(offset);
		bool slot = !(offset & 0xf);
		uint32_t value = apic_read(&a, offset);

		assert_int_equal(value, slot && has(f.xapic, 'r')
						? apic_slot(&a, offset)
						: 0);
		assert_int_equal(apic_errors(&a), *f.xapic ? 0 : 0x80);
		if (offset == 0x280)
			continue;
		apic_write(&a, offset, 0x10051);
		/* 51H in the LVT error entry: the first error posts it. */
		assert_int_equal(apic_errors(&a) & 0x80, *f.xapic ? 0 : 0x80);
		apic_power_up(&a, 2);
		apic_write(&a, APIC_SVR, 0x1ff);
	}
}

static void test_xapic_bytes_4_to_15(void **state)
{
	uint8_t before[4096];

	(void)state;
	apic_xapic(&a, 2);
	memcpy(before, a.page, 4096);
	for (uint32_t offset = 0; offset < 4096; offset++) {
		if (!(offset & 0xf))
			continue;
		assert_int_equal(apic_read(&a, offset), 0);
		assert_int_equal(apic_write(&a, offset, 0xffffffff),
				 VLAPIC_EFFECT_NONE);
	}
	assert_memory_equal(a.page, before, 4096);
}

/* Writes that would start something else are looked at elsewhere. */
static uint32_t reads_back(const struct fact *f, uint32_t value)
{
	if (f->offset == 0x020)
		return 0x02000000;
	return (value & f->writable) | f->read_ones;
}

static void test_xapic_bits(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset < 0x400; offset += 16) {
		struct fact f = fact_of(offset);

		if (!has(f.xapic, 'w') || has(f.xapic, 's'))
			continue;
		for (int bit = -1; bit <= 32; bit++) {
			uint32_t value = bit < 0    ? 0
					 : bit < 32 ? 1u << bit
						    : 0xffffffff;

			apic_xapic(&a, 2);
			if (offset == APIC_SVR)
				value |= APIC_SVR_ENABLE;
			apic_write(&a, offset, value);
			/* In TSC-deadline mode the count stays 0. */
			assert_int_equal(apic_read(&a, offset),
					 reads_back(&f, value));
			assert_int_equal(apic_slot(&a, offset),
					 reads_back(&f, value));
		}
	}
}

static void test_x2apic_existence(void **state)
{
	uint64_t value;

	(void)state;
	apic_x2apic(&a, 2);
	for (uint32_t msr = 0x800; msr < 0x900; msr++) {
		struct fact f = fact_of((msr - 0x800) << 4);
		bool r = has(f.x2apic, 'r'), w = has(f.x2apic, 'w');

		assert_int_equal(vlapic_msr_read(&a.v, msr, 0, &value).kind,
				 r ? VLAPIC_EFFECT_NONE : VLAPIC_EFFECT_GP);
		if (r && msr != 0x830)
			assert_int_equal(value, apic_slot(&a, f.offset));
		assert_int_equal(vlapic_msr_exists(msr, false), r);
		assert_int_equal(vlapic_msr_exists(msr, true), w);
		assert_int_equal(apic_wrmsr(&a, msr, 0) == VLAPIC_EFFECT_GP,
				 !w);
		assert_int_equal(a.v.esr_latched & 0x80, 0);
	}
	for (uint32_t msr = 0; msr < 0x3000; msr++)
		if (msr < 0x800 || msr >= 0x900) {
			assert_false(vlapic_msr_exists(msr, false));
			assert_false(vlapic_msr_exists(msr, true));
			assert_int_equal(apic_wrmsr(&a, msr, 0),
					 VLAPIC_EFFECT_GP);
		}
	assert_int_equal(apic_wrmsr(&a, 0xffffffff, 0), VLAPIC_EFFECT_GP);
}

static void test_x2apic_bits(void **state)
{
	(void)state;
	for (uint32_t msr = 0x800; msr < 0x840; msr++) {
		struct fact f = fact_of((msr - 0x800) << 4);

		if (!has(f.x2apic, 'w'))
			continue;
		for (int bit = 0; bit < 64; bit++) {
			uint64_t value = 1ull << bit;
			bool legal = bit < 32 ? (f.writable | f.ignored) & value
					      : msr == 0x830;
			enum vlapic_effect_kind kind;
			uint8_t before[4096];

			apic_x2apic(&a, 2);
			memcpy(before, a.page, 4096);
			kind = apic_wrmsr(&a, msr, value);
			assert_int_equal(kind != VLAPIC_EFFECT_GP, legal);
			if (!legal)
				assert_memory_equal(a.page, before, 4096);
			else if (msr == 0x830)
				assert_int_equal(apic_rdmsr(&a, msr),
						 value & ~0x1000ull);
			else if (msr == 0x80f && bit != 8)
				assert_int_equal(apic_slot(&a, 0x0f0), value);
			else if (has(f.x2apic, 'r'))
				assert_int_equal(apic_rdmsr(&a, msr),
						 value & f.writable);
		}
	}
}

static void test_msrs_outside_x2apic(void **state)
{
	uint64_t value = 1;

	(void)state;
	apic_xapic(&a, 2);
	for (int i = 0; i < 2; i++) {
		for (uint32_t msr = 0x800; msr < 0x900; msr++) {
			assert_int_equal(
				vlapic_msr_read(&a.v, msr, 0, &value).kind,
				VLAPIC_EFFECT_GP);
			assert_int_equal(value, 0);
			assert_int_equal(apic_wrmsr(&a, msr, 0),
					 VLAPIC_EFFECT_GP);
		}
		vlapic_base_write(&a.v, APIC_BASE_DEFAULT);
	}
}

static void test_capabilities(void **state)
{
	(void)state;
	apic_xapic(&a, 2);
	a.v.suppress_eoi_broadcast = 0;
	a.v.tsc_deadline_allowed = 0;
	apic_write(&a, APIC_SVR, 0x11ff);
	assert_int_equal(apic_read(&a, APIC_SVR), 0x1ff);
	apic_write(&a, APIC_LVT_TIMER, 0x700ff);
	assert_int_equal(apic_read(&a, APIC_LVT_TIMER), 0x300ff);
	apic_to_x2apic(&a);
	assert_int_equal(apic_wrmsr(&a, 0x80f, 0x11ff), VLAPIC_EFFECT_GP);
	assert_int_equal(apic_wrmsr(&a, 0x832, 0x40040), VLAPIC_EFFECT_GP);
}

/* What decides which messages the APIC takes tells of it, however it came. */
static void test_reach(void **state)
{
	static const uint32_t offset[] = {APIC_LDR, APIC_DFR, APIC_SVR};
	static const enum vlapic_effect_kind kind[] = {
		VLAPIC_EFFECT_REACH, VLAPIC_EFFECT_REACH, VLAPIC_EFFECT_SVR};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		apic_xapic(&a, 2);
		assert_int_equal(vlapic_effect_at(&a.v,
						  vlapic_write(&a.v, offset[i],
							       0x1000133),
						  0)
					 .kind,
				 kind[i]);
		assert_int_equal(
			vlapic_effect_at(&a.v, vlapic_written(&a.v, offset[i]),
					 0)
				.kind,
			kind[i]);
	}
	assert_int_equal(
		vlapic_effect_at(&a.v, vlapic_write(&a.v, APIC_SVR, 0x33), 0)
			.kind,
		VLAPIC_EFFECT_SVR);
	assert_int_equal(
		vlapic_effect_at(&a.v, vlapic_write(&a.v, APIC_TPR, 0x33), 0)
			.kind,
		VLAPIC_EFFECT_NONE);
}

static uint32_t events_of(uint32_t offset, bool in_service)
{
	if (offset == APIC_LVT_LINT0)
		return VLAPIC_EVENTS_PIN;
	if (offset == APIC_TPR || (offset == APIC_EOI && in_service))
		return VLAPIC_EVENTS_PRIORITY;
	return 0;
}

/* Of all writes only these change what may be delivered, but by an effect. */
static void test_events(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset < 4096; offset += 0x10) {
		struct vlapic_effect e;

		apic_xapic(&a, 2);
		e = vlapic_effect_at(&a.v,
				     vlapic_write(&a.v, offset, 0x1000133), 0);
		assert_int_equal(e.events, events_of(offset, false));
		apic_xapic(&a, 2);
		vlapic_accept(&a.v, 0x40, false);
		vlapic_deliver(&a.v, 0x40);
		e = vlapic_effect_at(&a.v,
				     vlapic_write(&a.v, offset, 0x1000133), 0);
		assert_int_equal(e.events, events_of(offset, true));
	}
}

/* Bytes 4 to 15 of each block, and all beyond the registers, stay 0. */
static void check_page_shape(const struct apic *x)
{
	for (uint32_t offset = 0; offset < 4096; offset += 4) {
		bool high = offset == APIC_ICR_HIGH_X2APIC &&
			    vlapic_mode(&x->v) == VLAPIC_MODE_X2APIC;

		if (((offset & 0xf) || offset >= 0x400) && !high)
			assert_int_equal(apic_slot(x, offset), 0);
	}
}

/* Offsets after whose virtualized write the processor exits. */
static const uint32_t apic_write_exits[] = {
	0x020, 0x0b0, 0x0d0, 0x0e0, 0x0f0, 0x280, 0x300, 0x310, 0x320,
	0x330, 0x340, 0x350, 0x360, 0x370, 0x380, 0x3e0, 0x080,
};

static uint32_t random_value(uint64_t *seed, uint32_t offset)
{
	uint32_t value = (uint32_t)next_random(seed);

	if (offset == APIC_INITIAL_COUNT && random_below(seed, 2))
		value &= 0xff;
	if (offset == APIC_SVR && random_below(seed, 4))
		value |= APIC_SVR_ENABLE;
	return value;
}

static bool same_effect(struct vlapic_effect x, struct vlapic_effect y)
{
	return x.kind == y.kind && x.vector == y.vector &&
	       x.events == y.events &&
	       !memcmp(&a.v.message, &b.v.message, sizeof(a.v.message));
}

/* vlapic_write() and the processor's write plus vlapic_written() are one. */
static void test_written_is_write(void **state)
{
	uint64_t seed = 1, tsc = 0;

	(void)state;
	apic_xapic(&a, 6);
	apic_xapic(&b, 6);
	for (int i = 0; i < 400000; i++) {
		uint32_t offset = apic_write_exits[random_below(
			&seed, sizeof(apic_write_exits) / sizeof(uint32_t))];
		uint32_t value = random_value(&seed, offset);
		uint8_t vector = (uint8_t)next_random(&seed);
		struct vlapic_effect x, y;

		tsc += random_below(&seed, 300);
		if (!random_below(&seed, 3)) {
			vlapic_accept(&a.v, vector, vector & 1);
			vlapic_accept(&b.v, vector, vector & 1);
			if (vlapic_pending(&a.v) == vector) {
				vlapic_deliver(&a.v, vector);
				vlapic_deliver(&b.v, vector);
			}
		}
		x = vlapic_effect_at(&a.v, vlapic_write(&a.v, offset, value),
				     tsc);
		apic_set_slot(&b, offset, value);
		y = vlapic_effect_at(&b.v, vlapic_written(&b.v, offset), tsc);
		assert_true(same_effect(x, y));
		assert_memory_equal(a.page, b.page, 4096);
		assert_memory_equal(&a.pi, &b.pi, sizeof(a.pi));
		assert_int_equal(vlapic_timer_next(&a.v),
				 vlapic_timer_next(&b.v));
		if (!(i % 64)) {
			check_page_shape(&a);
			vlapic_merge(&a.v);
			vlapic_merge(&b.v);
		}
	}
}

static void test_written_in_x2apic(void **state)
{
	struct vlapic_effect e;

	(void)state;
	apic_x2apic(&a, 2);
	/* SELF IPI with a vector below 16 exits with the value in the page. */
	apic_set_slot(&a, 0x3f0, 0x0f);
	assert_int_equal(
		vlapic_effect_at(&a.v, vlapic_written(&a.v, 0x3f0), 0).kind,
		VLAPIC_EFFECT_NONE);
	assert_int_equal(apic_slot(&a, 0x3f0), 0);
	assert_int_equal(apic_errors(&a), 0x60);
	/* ICR lies there in one piece. */
	apic_set_slot(&a, 0x300, 0x1041);
	apic_set_slot(&a, 0x304, 0x12345);
	e = vlapic_effect_at(&a.v, vlapic_written(&a.v, 0x300), 0);
	assert_int_equal(e.kind, VLAPIC_EFFECT_IPI);
	assert_int_equal(a.v.message.destination, 0x12345);
	assert_int_equal(apic_rdmsr(&a, 0x830), 0x1234500000041);
	check_page_shape(&a);
	/* Registers that this mode does not have. */
	assert_int_equal(
		vlapic_effect_at(&a.v, vlapic_written(&a.v, 0x310), 0).kind,
		VLAPIC_EFFECT_NONE);
	vlapic_base_write(&a.v, APIC_BASE_DEFAULT);
	assert_int_equal(
		vlapic_effect_at(&a.v, vlapic_written(&a.v, 0x300), 0).kind,
		VLAPIC_EFFECT_NONE);
	assert_int_equal(
		vlapic_effect_at(&a.v, vlapic_written(&a.v, 0xffffffff), 0)
			.kind,
		VLAPIC_EFFECT_NONE);
}

static void test_soft_disable_masks(void **state)
{
	(void)state;
	for (int x2 = 0; x2 < 2; x2++) {
		apic_xapic(&a, 2);
		if (x2)
			apic_to_x2apic(&a);
		for (uint32_t o = APIC_LVT_TIMER; o <= APIC_LVT_ERROR;
		     o += 16) {
			apic_write(&a, o, 0x44);
			apic_wrmsr(&a, APIC_MSR(o), 0x44);
			assert_int_equal(apic_slot(&a, o), 0x44);
		}
		apic_write(&a, APIC_SVR, 0xff);
		apic_wrmsr(&a, APIC_MSR(APIC_SVR), 0xff);
		for (uint32_t o = APIC_LVT_TIMER; o <= APIC_LVT_ERROR;
		     o += 16) {
			assert_int_equal(apic_slot(&a, o), 0x10044);
			apic_write(&a, o, 0x55);
			apic_wrmsr(&a, APIC_MSR(o), 0x55);
			assert_int_equal(apic_slot(&a, o), 0x10055);
		}
		apic_write(&a, APIC_SVR, 0x1ff);
		apic_wrmsr(&a, APIC_MSR(APIC_SVR), 0x1ff);
		for (uint32_t o = APIC_LVT_TIMER; o <= APIC_LVT_ERROR;
		     o += 16) {
			assert_int_equal(apic_slot(&a, o), 0x10055);
			apic_write(&a, o, 0x55);
			apic_wrmsr(&a, APIC_MSR(o), 0x55);
			assert_int_equal(apic_slot(&a, o), 0x55);
		}
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(vlapic_register_name(0x0b0), "EOI");
	assert_string_equal(vlapic_register_name(0x0b4), "EOI");
	assert_string_equal(vlapic_register_name(0x210), "IRR 63:32");
	assert_string_equal(vlapic_register_name(0x170), "ISR 255:224");
	assert_string_equal(vlapic_register_name(0x000), "reserved");
	assert_string_equal(vlapic_register_name(0x2f0), "reserved");
	assert_string_equal(vlapic_register_name(0x1000), "reserved");
	assert_string_equal(vlapic_register_name(0xffffffff), "reserved");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xapic_existence),
		cmocka_unit_test(test_xapic_bytes_4_to_15),
		cmocka_unit_test(test_xapic_bits),
		cmocka_unit_test(test_x2apic_existence),
		cmocka_unit_test(test_x2apic_bits),
		cmocka_unit_test(test_msrs_outside_x2apic),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_written_is_write),
		cmocka_unit_test(test_written_in_x2apic),
		cmocka_unit_test(test_soft_disable_masks),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
