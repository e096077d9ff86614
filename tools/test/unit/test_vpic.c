/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of apic/vpic.c: initialization, every OCW, the cascade; a model that
 * walks the lines in order of priority. */
#include "tools/test/unit/test_vlapic.h"

#include "apic/vpic.h"

static struct vpic pic;

/* As PC firmware leaves the pair, with vectors 20H and 28H, all unmasked. */
static void start(uint8_t icw4)
{
	vpic_init(&pic);
	vpic_write(&pic, 0x20, 0x11);
	vpic_write(&pic, 0x21, 0x20);
	vpic_write(&pic, 0x21, 0x04);
	vpic_write(&pic, 0x21, icw4);
	vpic_write(&pic, 0xa0, 0x11);
	vpic_write(&pic, 0xa1, 0x28);
	vpic_write(&pic, 0xa1, 0x02);
	vpic_write(&pic, 0xa1, icw4);
	vpic_write(&pic, 0x21, 0x00);
	vpic_write(&pic, 0xa1, 0x00);
}

static uint8_t irr(unsigned n)
{
	vpic_write(&pic, n ? 0xa0 : 0x20, 0x0a);
	return vpic_read(&pic, n ? 0xa0 : 0x20);
}

static uint8_t isr(unsigned n)
{
	vpic_write(&pic, n ? 0xa0 : 0x20, 0x0b);
	return vpic_read(&pic, n ? 0xa0 : 0x20);
}

static void test_ports(void **state)
{
	unsigned owned = 0;

	(void)state;
	vpic_init(&pic);
	for (uint32_t port = 0; port < 0x10000; port++)
		owned += vpic_owns((uint16_t)port);
	assert_int_equal(owned, 6);
	assert_true(vpic_owns(0x20) && vpic_owns(0x21) && vpic_owns(0xa0) &&
		    vpic_owns(0xa1) && vpic_owns(0x4d0) && vpic_owns(0x4d1));
	assert_int_equal(vpic_read(&pic, 0x60), 0xff);
	vpic_write(&pic, 0x60, 0x11);
	assert_int_equal(vpic_read(&pic, 0x21), 0xff);
	assert_int_equal(vpic_read(&pic, 0xa1), 0xff);
	/* Nothing passes before software has initialized and unmasked. */
	for (unsigned line = 0; line < 20; line++)
		vpic_set_line(&pic, line, true);
	assert_false(vpic_intr(&pic));
}

static void test_vectors(void **state)
{
	(void)state;
	for (unsigned line = 0; line < 16; line++) {
		start(1);
		vpic_set_line(&pic, line, true);
		assert_int_equal(vpic_intr(&pic), line != 2);
		if (line == 2)
			continue;
		assert_int_equal(vpic_acknowledge(&pic), 0x20 + line);
		assert_false(vpic_intr(&pic));
		assert_int_equal(isr(0), line < 8 ? 1 << line : 4);
		assert_int_equal(isr(1), line < 8 ? 0 : 1 << (line - 8));
		assert_int_equal(irr(line / 8), 0);
	}
	/* ICW2's low bits are the line. */
	start(1);
	vpic_write(&pic, 0x20, 0x13); /* single: no ICW3 */
	vpic_write(&pic, 0x21, 0x37);
	vpic_write(&pic, 0x21, 0x01);
	vpic_write(&pic, 0x21, 0xfd);
	assert_int_equal(vpic_read(&pic, 0x21), 0xfd);
	vpic_set_line(&pic, 1, true);
	assert_int_equal(vpic_acknowledge(&pic), 0x31);
	/* No ICW4 either. */
	vpic_write(&pic, 0x20, 0x12);
	vpic_write(&pic, 0x21, 0x48);
	vpic_write(&pic, 0x21, 0x5a);
	assert_int_equal(vpic_read(&pic, 0x21), 0x5a);
}

static void test_spurious(void **state)
{
	(void)state;
	start(1);
	assert_int_equal(vpic_acknowledge(&pic), 0x27);
	assert_int_equal(isr(0), 0);
	/* A request that goes away before the acknowledge is forgotten. */
	vpic_set_line(&pic, 3, true);
	vpic_set_line(&pic, 3, false);
	assert_false(vpic_intr(&pic));
	assert_int_equal(irr(0), 0);
}

static void test_icw1(void **state)
{
	(void)state;
	start(3);
	vpic_set_line(&pic, 3, true);
	vpic_set_line(&pic, 9, true);
	vpic_write(&pic, 0x20, 0xc5); /* rotate */
	vpic_write(&pic, 0x20, 0x68); /* special mask mode */
	vpic_write(&pic, 0x21, 0xf0);
	vpic_write(&pic, 0x20, 0x11);
	/* Edges must come again; all modes are off; the mask is clear. */
	assert_int_equal(vpic_read(&pic, 0x21), 0);
	assert_int_equal(pic.chip[0].irr & ~4, 0);
	assert_int_equal(pic.chip[0].priority_base, 0);
	assert_false(pic.chip[0].special_mask);
	assert_false(pic.chip[0].auto_eoi);
	vpic_write(&pic, 0x21, 0x40);
	vpic_write(&pic, 0x21, 0x04);
	vpic_write(&pic, 0x21, 0x01);
	/* The slave still asks. */
	assert_int_equal(vpic_acknowledge(&pic), 0x29);
}

static void test_edge_and_level(void **state)
{
	(void)state;
	start(1);
	vpic_set_line(&pic, 5, true);
	assert_int_equal(vpic_acknowledge(&pic), 0x25);
	vpic_write(&pic, 0x20, 0x20);
	assert_false(vpic_intr(&pic));
	vpic_set_line(&pic, 5, true);
	assert_false(vpic_intr(&pic));
	vpic_set_line(&pic, 5, false);
	vpic_set_line(&pic, 5, true);
	assert_true(vpic_intr(&pic));
	/* Level: asks again after the EOI as long as the line is active. */
	start(1);
	vpic_write(&pic, 0x4d0, 0x20);
	vpic_set_line(&pic, 5, true);
	assert_int_equal(vpic_acknowledge(&pic), 0x25);
	assert_false(vpic_intr(&pic));
	vpic_write(&pic, 0x20, 0x20);
	assert_int_equal(vpic_acknowledge(&pic), 0x25);
	vpic_set_line(&pic, 5, false);
	vpic_write(&pic, 0x20, 0x20);
	assert_false(vpic_intr(&pic));
	/* ELCR: 0, 1, 2, 8 and 13 stay edges; turning to level looks. */
	start(1);
	vpic_write(&pic, 0x4d0, 0xff);
	vpic_write(&pic, 0x4d1, 0xff);
	assert_int_equal(vpic_read(&pic, 0x4d0), 0xf8);
	assert_int_equal(vpic_read(&pic, 0x4d1), 0xde);
	start(1);
	vpic_set_line(&pic, 11, true);
	assert_int_equal(vpic_acknowledge(&pic), 0x2b);
	vpic_write(&pic, 0xa0, 0x20);
	vpic_write(&pic, 0x20, 0x20);
	assert_false(vpic_intr(&pic));
	vpic_write(&pic, 0x4d1, 0x08);
	assert_true(vpic_intr(&pic));
}

static void test_nesting(void **state)
{
	(void)state;
	start(1);
	vpic_set_line(&pic, 4, true);
	assert_int_equal(vpic_acknowledge(&pic), 0x24);
	vpic_set_line(&pic, 6, true);
	assert_false(vpic_intr(&pic));
	vpic_set_line(&pic, 1, true);
	assert_int_equal(vpic_acknowledge(&pic), 0x21);
	assert_int_equal(isr(0), 0x12);
	vpic_write(&pic, 0x20, 0x20); /* ends 1, the highest */
	assert_int_equal(isr(0), 0x10);
	vpic_write(&pic, 0x20, 0x61); /* specific, not in service */
	assert_int_equal(isr(0), 0x10);
	vpic_write(&pic, 0x20, 0x64);
	assert_int_equal(isr(0), 0);
	assert_int_equal(vpic_acknowledge(&pic), 0x26);
	vpic_write(&pic, 0x20, 0x20);
	vpic_write(&pic, 0x20, 0x20); /* nothing in service */
	assert_int_equal(isr(0), 0);
}

static void test_cascade(void **state)
{
	(void)state;
	start(1);
	vpic_set_line(&pic, 12, true);
	assert_int_equal(irr(0), 4);
	assert_int_equal(vpic_acknowledge(&pic), 0x2c);
	/* A higher one of the slave waits for the master's EOI ... */
	vpic_set_line(&pic, 8, true);
	assert_int_equal(irr(0), 4);
	assert_false(vpic_intr(&pic));
	/* ... but lines 0 and 1 do not, and 3 waits. */
	vpic_set_line(&pic, 3, true);
	assert_false(vpic_intr(&pic));
	vpic_set_line(&pic, 0, true);
	assert_int_equal(vpic_acknowledge(&pic), 0x20);
	vpic_write(&pic, 0x20, 0x20);
	vpic_write(&pic, 0x20, 0x62);
	assert_int_equal(vpic_acknowledge(&pic), 0x28);
	/* Special fully nested: the slave's higher request goes through. */
	start(0x11);
	vpic_set_line(&pic, 12, true);
	vpic_acknowledge(&pic);
	vpic_set_line(&pic, 14, true);
	assert_false(vpic_intr(&pic));
	vpic_set_line(&pic, 8, true);
	assert_int_equal(vpic_acknowledge(&pic), 0x28);
	assert_int_equal(isr(1), 0x11);
	/* The master's mask of line 2 cuts the slave off. */
	start(1);
	vpic_write(&pic, 0x21, 4);
	vpic_set_line(&pic, 12, true);
	assert_false(vpic_intr(&pic));
}

static void test_auto_eoi_and_rotation(void **state)
{
	(void)state;
	start(3);
	vpic_set_line(&pic, 4, true);
	assert_int_equal(vpic_acknowledge(&pic), 0x24);
	assert_int_equal(isr(0), 0);
	vpic_write(&pic, 0x20, 0x80); /* rotate in automatic EOI mode */
	vpic_set_line(&pic, 3, true);
	vpic_acknowledge(&pic);
	vpic_set_line(&pic, 3, false);
	vpic_set_line(&pic, 3, true);
	vpic_set_line(&pic, 7, true);
	assert_int_equal(vpic_acknowledge(&pic), 0x27);
	vpic_write(&pic, 0x20, 0x00);
	assert_int_equal(vpic_acknowledge(&pic), 0x23);
	assert_int_equal(pic.chip[0].priority_base, 0);
	/* Rotate on non-specific and specific EOI, set priority. */
	start(1);
	vpic_set_line(&pic, 4, true);
	vpic_acknowledge(&pic);
	vpic_write(&pic, 0x20, 0xa0);
	assert_int_equal(pic.chip[0].priority_base, 5);
	vpic_set_line(&pic, 1, true);
	vpic_set_line(&pic, 6, true);
	assert_int_equal(vpic_acknowledge(&pic), 0x26);
	vpic_write(&pic, 0x20, 0xe6);
	assert_int_equal(isr(0), 0);
	assert_int_equal(pic.chip[0].priority_base, 7);
	vpic_write(&pic, 0x20, 0xc0);
	assert_int_equal(pic.chip[0].priority_base, 1);
	vpic_write(&pic, 0x20, 0x40); /* no operation */
	assert_int_equal(pic.chip[0].priority_base, 1);
}

static void test_special_mask(void **state)
{
	(void)state;
	start(1);
	vpic_set_line(&pic, 4, true);
	vpic_acknowledge(&pic);
	vpic_set_line(&pic, 6, true);
	assert_false(vpic_intr(&pic));
	vpic_write(&pic, 0x21, 0x10);
	assert_false(vpic_intr(&pic));
	vpic_write(&pic, 0x20, 0x68);
	assert_int_equal(vpic_acknowledge(&pic), 0x26);
	/* The EOI ends 6, as 4 is masked; OCW3 without ESMM changes nothing. */
	vpic_write(&pic, 0x20, 0x20);
	assert_int_equal(isr(0), 0x10);
	vpic_write(&pic, 0x20, 0x28);
	assert_true(pic.chip[0].special_mask);
	vpic_write(&pic, 0x20, 0x48);
	assert_false(pic.chip[0].special_mask);
}

static void test_poll(void **state)
{
	(void)state;
	start(1);
	vpic_write(&pic, 0x20, 0x0c);
	assert_int_equal(vpic_read(&pic, 0x20), 0);
	vpic_set_line(&pic, 5, true);
	vpic_set_line(&pic, 10, true);
	vpic_write(&pic, 0x20, 0x0c);
	assert_int_equal(vpic_read(&pic, 0x20), 0x82);
	assert_int_equal(vpic_read(&pic, 0x20), pic.chip[0].irr);
	vpic_write(&pic, 0xa0, 0x0c);
	assert_int_equal(vpic_read(&pic, 0xa1), 0x82);
	assert_int_equal(isr(0), 4);
	assert_int_equal(isr(1), 4);
}

/* ---- a model: per chip, walk the lines from the highest priority ---- */

static int model_request(unsigned n)
{
	const struct vpic_chip *c = &pic.chip[n];

	for (unsigned i = 0; i < 8; i++) {
		unsigned line = (c->priority_base + i) % 8;
		bool in_service = c->isr >> line & 1;
		bool masked = c->imr >> line & 1;

		if (c->special_mask && masked)
			in_service = false;
		if (n == 0 && line == 2 && c->special_fully_nested)
			in_service = false;
		if (in_service)
			return -1;
		if ((c->irr >> line & 1) && !masked)
			return (int)line;
	}
	return -1;
}

static unsigned said_unchanged;

static void checked_write(uint16_t port, uint8_t value)
{
	bool before = vpic_intr(&pic);

	if (vpic_write(&pic, port, value))
		return;
	assert_int_equal(vpic_intr(&pic), before);
	said_unchanged++;
}

static void random_step(uint64_t *seed)
{
	static const uint16_t port[] = {0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1};
	uint16_t p = port[random_below(seed, 6)];

	switch (random_below(seed, 8)) {
	case 0:
		checked_write(p, (uint8_t)next_random(seed));
		break;
	case 1:
		vpic_read(&pic, p);
		break;
	case 2:
		checked_write(random_below(seed, 2) ? 0x20 : 0xa0, 0x20);
		break;
	case 3:
		checked_write(random_below(seed, 2) ? 0x21 : 0xa1, 0);
		break;
	default:
		vpic_set_line(&pic, random_below(seed, 18),
			      random_below(seed, 2));
	}
}

static void test_model(void **state)
{
	uint64_t seed = 13;
	unsigned acknowledged = 0;

	(void)state;
	start(1);
	for (int i = 0; i < 1000000; i++) {
		int line, slave;
		uint8_t expected;

		random_step(&seed);
		line = model_request(0);
		slave = model_request(1);
		assert_int_equal(vpic_intr(&pic), line >= 0);
		assert_int_equal(pic.chip[0].irr >> 2 & 1, slave >= 0);
		for (int n = 0; n < 2; n++) {
			const struct vpic_chip *c = &pic.chip[n];

			assert_int_equal(c->irr & ~c->lines & (n ? 0xff : 0xfb),
					 0);
			assert_true(c->priority_base < 8 && c->init_step < 5);
		}
		if (random_below(&seed, 4))
			continue;
		expected = pic.chip[0].vector_base |
			   (line < 0 ? 7 : (uint8_t)line);
		if (line == 2)
			expected = pic.chip[1].vector_base | (uint8_t)slave;
		assert_int_equal(vpic_acknowledge(&pic), expected);
		acknowledged += line >= 0;
	}
	assert_true(acknowledged > 10000);
	assert_true(said_unchanged > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_spurious),
		cmocka_unit_test(test_icw1),
		cmocka_unit_test(test_edge_and_level),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_cascade),
		cmocka_unit_test(test_auto_eoi_and_rotation),
		cmocka_unit_test(test_special_mask),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
