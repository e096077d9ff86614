/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The test device.  Touches only the struct testdev it is given and the memory
 * that this was given.
 */
#include "guest/dev/testdev.h"

#include "guest/dev/ports.h"
#include "hv/lib/string.h"

void testdev_init(struct testdev *t, uint8_t *mmio)
{
	t->reg = 0;
	t->mmio = mmio;
	memset(mmio, 0, TESTDEV_MMIO_SIZE);
}

static bool testdev_is_line(uint16_t port)
{
	return port >= PORTS_TESTDEV_LINES &&
	       port < PORTS_TESTDEV_LINES + TESTDEV_LINES;
}

bool testdev_owns(uint16_t port)
{
	return testdev_is_line(port) ||
	       (port >= PORTS_TESTDEV_REG && port < PORTS_TESTDEV_FLUSH + 4);
}

/* The bit at which a port's byte of the register begins; 32: not there. */
static unsigned testdev_reg_shift(unsigned port)
{
	if (port < PORTS_TESTDEV_REG || port >= PORTS_TESTDEV_REG + 4)
		return 32;
	return 8 * (port - PORTS_TESTDEV_REG);
}

uint32_t testdev_read(const struct testdev *t, uint16_t port, unsigned size)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < size && i < 4; i++) {
		unsigned shift = testdev_reg_shift(port + i);
		uint32_t byte = shift < 32 ? t->reg >> shift & 0xff : 0xff;

		value |= byte << 8 * i;
	}
	return value;
}

struct testdev_effect testdev_write(struct testdev *t, uint16_t port,
				    unsigned size, uint32_t value)
{
	struct testdev_effect effect = {0};

	if (testdev_is_line(port)) {
		effect.drive = true;
		effect.line = port - PORTS_TESTDEV_LINES;
		effect.level = value;
		return effect;
	}
	for (unsigned i = 0; i < size && i < 4; i++) {
		unsigned shift = testdev_reg_shift(port + i);

		if (shift == 32)
			continue;
		t->reg &= ~(0xffu << shift);
		t->reg |= (value >> 8 * i & 0xff) << shift;
	}
	return effect;
}

uint64_t testdev_mmio_read(const struct testdev *t, uint64_t offset,
			   unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size && i < 8; i++) {
		uint64_t byte = 0xff;

		if (offset < TESTDEV_MMIO_SIZE &&
		    i < TESTDEV_MMIO_SIZE - offset)
			byte = t->mmio[offset + i];
		value |= byte << 8 * i;
	}
	return value;
}

void testdev_mmio_write(struct testdev *t, uint64_t offset, unsigned size,
			uint64_t value)
{
	if (offset >= TESTDEV_MMIO_SIZE)
		return;
	for (unsigned i = 0; i < size && i < 8; i++) {
		if (i < TESTDEV_MMIO_SIZE - offset)
			t->mmio[offset + i] = value >> 8 * i;
	}
}
