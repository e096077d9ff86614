/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The test device that kvm-unit-tests expect: ports that drive interrupt
 * lines, a register to try port I/O on, and RAM-like MMIO.  Pure.  The caller
 * holds the VM's device lock.
 * Source: the behaviour of QEMU's pc-testdev.
 */
#ifndef GUEST_DEV_TESTDEV_H
#define GUEST_DEV_TESTDEV_H

#include <stdbool.h>
#include <stdint.h>

#define TESTDEV_LINES	  24
#define TESTDEV_MMIO_BASE 0xff000000u
#define TESTDEV_MMIO_SIZE 0x10000u

struct testdev {
	uint32_t reg;
	uint8_t *mmio; /* TESTDEV_MMIO_SIZE bytes, owned by the caller */
};

/* What a port write does: drive line (0 to TESTDEV_LINES - 1) to level. */
struct testdev_effect {
	bool drive;
	uint8_t line;
	bool level;
};

/* mmio: TESTDEV_MMIO_SIZE bytes that live as long as the device; zeroed. */
void testdev_init(struct testdev *t, uint8_t *mmio);

/* True when the port is one of ours. */
bool testdev_owns(uint16_t port);

/* Size 1, 2 or 4 bytes; bytes outside E0H-E3H read all ones. */
uint32_t testdev_read(const struct testdev *t, uint16_t port, unsigned size);
struct testdev_effect testdev_write(struct testdev *t, uint16_t port,
				    unsigned size, uint32_t value);

/*
 * The access of size 1, 2, 4 or 8 at offset from TESTDEV_MMIO_BASE, any
 * alignment; bytes outside read all ones and ignore writes.
 */
uint64_t testdev_mmio_read(const struct testdev *t, uint64_t offset,
			   unsigned size);
void testdev_mmio_write(struct testdev *t, uint64_t offset, unsigned size,
			uint64_t value);

#endif
