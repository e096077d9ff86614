/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of apic/vioapic.c: registers, edges, levels, remote IRR; a model. */
#include "tools/test/unit/test_vlapic.h"

#include "apic/vioapic.h"

#define MASK  0x10000u
#define LEVEL 0x8000u

static struct vioapic io;

static uint32_t reg(uint32_t index)
{
	vioapic_write(&io, 0, 4, index);
	return vioapic_read(&io, 0x10, 4);
}

static uint32_t set_reg(uint32_t index, uint32_t value)
{
	vioapic_write(&io, 0, 4, index);
	return vioapic_write(&io, 0x10, 4, value);
}

static uint32_t set_entry(unsigned pin, uint64_t entry)
{
	uint32_t pins = set_reg(0x11 + 2 * pin, (uint32_t)(entry >> 32));

	return pins | set_reg(0x10 + 2 * pin, (uint32_t)entry);
}

/* The pin's message, which somebody takes. */
static struct vlapic_message deliver(unsigned pin)
{
	struct vlapic_message m = vioapic_message(&io, pin);

	vioapic_sent(&io, pin, true);
	return m;
}

static void test_registers(void **state)
{
	(void)state;
	vioapic_init(&io, 5);
	assert_int_equal(reg(0), 0x05000000);
	assert_int_equal(reg(1), 0x00170020);
	assert_int_equal(reg(2), 0x05000000);
	set_reg(0, 0xffffffff);
	assert_int_equal(reg(0), 0x0f000000);
	set_reg(1, 0xffffffff);
	assert_int_equal(reg(1), 0x00170020);
	for (uint32_t index = 0x10; index < 0x40; index += 2) {
		assert_int_equal(reg(index), MASK);
		assert_int_equal(reg(index + 1), 0);
		set_reg(index, 0xffffffff);
		set_reg(index + 1, 0xffffffff);
		assert_int_equal(reg(index), 0x0001afff);
		assert_int_equal(reg(index + 1), 0xff000000);
		assert_int_equal(vioapic_entry(&io, (index - 0x10) / 2),
				 0xff0000000001afff);
	}
	for (uint32_t index = 0; index < 256; index++) {
		if (index < 3 || (index >= 0x10 && index < 0x40))
			continue;
		assert_int_equal(set_reg(index, 0xffffffff), 0);
		assert_int_equal(reg(index), 0);
	}
}

static void test_widths(void **state)
{
	(void)state;
	vioapic_init(&io, 0);
	for (unsigned size = 1; size <= 8; size *= 2) {
		vioapic_write(&io, 0, size, 0x10);
		assert_int_equal(vioapic_read(&io, 0, size), 0x10);
		vioapic_write(&io, 0x10, size, 0x0001a7f3);
		assert_int_equal(reg(0x10), size == 1	? 0xf3
					    : size == 2 ? 0xa7f3
							: 0x1a7f3);
	}
	/* The index is 8 bits wide. */
	vioapic_write(&io, 0, 4, 0xffffff01);
	assert_int_equal(vioapic_read(&io, 0, 4), 1);
	assert_int_equal(vioapic_read(&io, 0x10, 2), 0x0020);
	assert_int_equal(vioapic_read(&io, 0x10, 1), 0x20);
	for (uint32_t offset = 0; offset < 0x1000; offset++) {
		if (offset == 0 || offset == 0x10 || offset == 0x40)
			continue;
		assert_int_equal(vioapic_read(&io, offset, 4), 0);
		assert_int_equal(vioapic_write(&io, offset, 4, ~0u), 0);
	}
	assert_int_equal(vioapic_read(&io, 0x40, 4), 0);
	assert_int_equal(vioapic_read(&io, 0, 4), 1);
}

static void test_edge(void **state)
{
	struct vlapic_message m;

	(void)state;
	vioapic_init(&io, 0);
	set_entry(4, 0xab00000000000844);
	assert_int_equal(vioapic_set_line(&io, 4, true), 1 << 4);
	m = deliver(4);
	assert_int_equal(m.vector, 0x44);
	assert_int_equal(m.destination, 0xab);
	assert_true(m.logical);
	assert_false(m.wide);
	assert_false(m.level);
	assert_int_equal(m.shorthand, VLAPIC_SHORTHAND_NONE);
	assert_int_equal(vioapic_set_line(&io, 4, true), 0);
	assert_int_equal(vioapic_set_line(&io, 4, false), 0);
	assert_int_equal(vioapic_set_line(&io, 4, true), 1 << 4);
	assert_int_equal(vioapic_eoi(&io, 0x44), 0);
	/* Masked: lost, not kept. */
	vioapic_set_line(&io, 4, false);
	set_entry(4, MASK | 0x44);
	assert_int_equal(vioapic_set_line(&io, 4, true), 0);
	assert_int_equal(set_entry(4, 0x44), 0);
	/* Polarity changes nothing: lines are driven by their meaning. */
	vioapic_set_line(&io, 4, false);
	assert_int_equal(set_entry(4, 0x2044), 0);
	assert_int_equal(vioapic_set_line(&io, 4, true), 1 << 4);
	/* Pins that do not exist. */
	assert_int_equal(vioapic_set_line(&io, 24, true), 0);
	assert_int_equal(vioapic_set_line(&io, 32, true), 0);
	assert_int_equal(vioapic_set_line(&io, ~0u, true), 0);
	assert_int_equal(io.line, 1 << 4);
}

static void test_level(void **state)
{
	(void)state;
	vioapic_init(&io, 0);
	set_entry(9, LEVEL | 0x55);
	assert_int_equal(vioapic_set_line(&io, 9, true), 1 << 9);
	assert_true(deliver(9).level);
	assert_int_equal(reg(0x10 + 18), 0x4000 | LEVEL | 0x55);
	/* Remote IRR is read-only and holds back until the EOI. */
	assert_int_equal(set_entry(9, LEVEL | 0x55), 0);
	assert_int_equal(reg(0x10 + 18), 0x4000 | LEVEL | 0x55);
	assert_int_equal(vioapic_set_line(&io, 9, false), 0);
	assert_int_equal(vioapic_set_line(&io, 9, true), 0);
	assert_int_equal(vioapic_eoi(&io, 0x56), 0);
	assert_int_equal(vioapic_eoi(&io, 0x55), 1 << 9);
	deliver(9);
	vioapic_set_line(&io, 9, false);
	assert_int_equal(vioapic_eoi(&io, 0x55), 0);
	assert_int_equal(reg(0x10 + 18), LEVEL | 0x55);
	/* Masked while asserted; delivered when unmasked. */
	set_entry(9, MASK | LEVEL | 0x55);
	assert_int_equal(vioapic_set_line(&io, 9, true), 0);
	assert_int_equal(set_entry(9, LEVEL | 0x55), 1 << 9);
	deliver(9);
	/* Masked while in service: the EOI counts, no new message. */
	set_entry(9, MASK | LEVEL | 0x55);
	assert_int_equal(vioapic_eoi(&io, 0x55), 0);
	assert_int_equal(set_entry(9, LEVEL | 0x55), 1 << 9);
	/* The EOI register does the same. */
	deliver(9);
	assert_int_equal(vioapic_write(&io, 0x40, 4, 0x55), 1 << 9);
}

static void test_re_aimed_while_in_service(void **state)
{
	(void)state;
	vioapic_init(&io, 0);
	set_entry(9, LEVEL | 0x55);
	vioapic_set_line(&io, 9, true);
	deliver(9);
	/* A new vector while remote IRR is set: the old EOI no longer fits. */
	assert_int_equal(set_entry(9, 0x0200000000000000 | LEVEL | 0x66), 0);
	assert_int_equal(vioapic_eoi(&io, 0x55), 0);
	assert_int_equal(vioapic_eoi(&io, 0x66), 1 << 9);
	assert_int_equal(deliver(9).destination, 2);
	/* Edge and back clears remote IRR, as Linux does it. */
	set_entry(9, MASK | 0x66);
	assert_int_equal(reg(0x10 + 18), MASK | 0x66);
	assert_int_equal(set_entry(9, LEVEL | 0x66), 1 << 9);
}

/* Nobody takes it: "send pending", and no EOI is due. */
static void test_untaken(void **state)
{
	(void)state;
	vioapic_init(&io, 0);
	set_entry(9, LEVEL | 0x55);
	assert_int_equal(vioapic_retry(&io), 0);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(vioapic_set_line(&io, 9, true), 1 << 9);
		vioapic_sent(&io, 9, false);
		assert_int_equal(reg(0x10 + 18), 0x1000 | LEVEL | 0x55);
		assert_int_equal(vioapic_eoi(&io, 0x55), 0);
		assert_int_equal(vioapic_retry(&io), 1 << 9);
		/* Its line falls: nothing is left of it. */
		vioapic_set_line(&io, 9, false);
		assert_int_equal(reg(0x10 + 18), LEVEL | 0x55);
		assert_int_equal(vioapic_retry(&io), 0);
	}
	vioapic_set_line(&io, 9, true);
	vioapic_sent(&io, 9, false);
	/* Masked: not tried again, before it is unmasked. */
	assert_int_equal(set_reg(0x10 + 18, MASK | LEVEL | 0x55), 0);
	assert_int_equal(reg(0x10 + 18), MASK | LEVEL | 0x55);
	assert_int_equal(vioapic_retry(&io), 0);
	assert_int_equal(set_reg(0x10 + 18, LEVEL | 0x55), 1 << 9);
	vioapic_sent(&io, 9, false);
	assert_int_equal(vioapic_retry(&io), 1 << 9);
	vioapic_sent(&io, 9, true);
	assert_int_equal(reg(0x10 + 18), 0x4000 | LEVEL | 0x55);
	assert_int_equal(vioapic_retry(&io), 0);
	assert_int_equal(vioapic_eoi(&io, 0x55), 1 << 9);
	/* An edge that nobody takes is lost. */
	set_entry(4, 0x44);
	assert_int_equal(vioapic_set_line(&io, 4, true), 1 << 4);
	vioapic_sent(&io, 4, false);
	assert_int_equal(reg(0x10 + 8), 0x44);
	assert_int_equal(io.untaken & 1 << 4, 0);
}

static void test_shared_vector(void **state)
{
	(void)state;
	vioapic_init(&io, 0);
	set_entry(5, LEVEL | 0x77);
	set_entry(6, LEVEL | 0x77);
	set_entry(7, LEVEL | 0x78);
	for (unsigned pin = 5; pin < 8; pin++) {
		vioapic_set_line(&io, pin, true);
		deliver(pin);
	}
	vioapic_set_line(&io, 6, false);
	assert_int_equal(vioapic_eoi(&io, 0x77), 1 << 5);
	assert_int_equal(io.remote_irr, 1 << 7);
}

static void test_delivery_modes(void **state)
{
	static const bool exists[8] = {true, true, true,  false,
				       true, true, false, true};

	(void)state;
	for (uint32_t mode = 0; mode < 8; mode++) {
		for (uint32_t trigger = 0; trigger < 2; trigger++) {
			bool level = trigger && mode <= 1;
			uint32_t expected = exists[mode] ? 1 << 3 : 0;

			vioapic_init(&io, 0);
			set_entry(3, trigger << 15 | mode << 8 | 0x31);
			assert_int_equal(vioapic_set_line(&io, 3, true),
					 expected);
			if (!expected)
				continue;
			assert_int_equal(deliver(3).delivery_mode, mode);
			assert_int_equal(io.remote_irr, level ? 1 << 3 : 0);
		}
	}
}

/* All pins, random entries, lines and EOIs, against one bit per fact. */
static void test_model(void **state)
{
	static bool line[24], remote[24];
	static uint32_t low[24];
	uint64_t seed = 9;

	(void)state;
	vioapic_init(&io, 0);
	for (int i = 0; i < 24; i++)
		low[i] = MASK;
	for (int step = 0; step < 500000; step++) {
		unsigned pin = random_below(&seed, 24);
		uint8_t vector = (uint8_t)(0x30 + random_below(&seed, 6));
		uint32_t got, expected = 0;
		bool edge = false;

		switch (random_below(&seed, 3)) {
		case 0:
			edge = !line[pin];
			line[pin] = random_below(&seed, 2);
			edge = edge && line[pin];
			got = vioapic_set_line(&io, pin, line[pin]);
			break;
		case 1:
			low[pin] = (random_below(&seed, 4) ? 0 : MASK) |
				   (random_below(&seed, 3) ? LEVEL : 0) |
				   vector;
			got = set_entry(pin, low[pin]);
			break;
		default:
			got = vioapic_eoi(&io, vector);
			for (int i = 0; i < 24; i++)
				if ((low[i] & 0xff) == vector)
					remote[i] = false;
		}
		for (unsigned i = 0; i < 24; i++) {
			bool level = low[i] & LEVEL;

			remote[i] = remote[i] && level;
			if (low[i] & MASK)
				continue;
			if (level ? line[i] && !remote[i] : edge && i == pin)
				expected |= 1u << i;
		}
		assert_int_equal(got, expected);
		for (unsigned i = 0; i < 24; i++)
			if (got >> i & 1) {
				deliver(i);
				remote[i] = low[i] & LEVEL;
			}
		pin = random_below(&seed, 24);
		assert_int_equal(reg(0x10 + 2 * pin),
				 low[pin] | (remote[pin] ? 0x4000 : 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_edge),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_re_aimed_while_in_service),
		cmocka_unit_test(test_untaken),
		cmocka_unit_test(test_shared_vector),
		cmocka_unit_test(test_delivery_modes),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
