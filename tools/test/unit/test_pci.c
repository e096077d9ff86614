/* SPDX-License-Identifier: BSD-2-Clause */
/* boot/pci.c and boot/pci_uart.c over a configuration space that is a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/pci.h"
#include "boot/pci_uart.h"
#include "hv/hw/port.h"

#define ID	 0x00 / 4
#define COMMAND	 0x04 / 4
#define CLASS	 0x08 / 4
#define HEADER	 0x0c / 4
#define BAR	 0x10 / 4
#define MULTIPLE 0x800000u

static struct boot_console found;

static uint32_t *add(uint32_t bus, uint32_t device, uint32_t function,
		     uint32_t class)
{
	struct fake_pci_function *f = &fake_ports.pci[fake_ports.pci_count++];

	memset(f, 0, sizeof(*f));
	f->function = bus << 8 | device << 3 | function;
	f->reg[ID] = 0x12348086;
	f->reg[CLASS] = class << 8 | 0x42; /* a revision */
	return f->reg;
}

static int reset(void **state)
{
	(void)state;
	memset(&fake_ports, 0, sizeof(fake_ports));
	return 0;
}

static void walk(void **state)
{
	static const uint32_t expected[] = {0x0000, 0x0008, 0x000b,
					    0x01f8, 0xfff8, 0xffff};
	uint32_t function = PCI_NOT_STARTED;

	(void)state;
	add(0, 0, 0, 0);
	add(0, 1, 0, 0)[HEADER] = MULTIPLE;
	add(0, 1, 3, 0);
	add(0, 2, 5, 0);  /* no function 0: not there */
	add(1, 31, 0, 0); /* has function 0 alone */
	add(1, 31, 2, 0);
	add(255, 31, 7, 0);
	add(255, 31, 0, 0)[HEADER] = MULTIPLE;
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_true(pci_next(&function));
		assert_int_equal(function, expected[i]);
	}
	assert_false(pci_next(&function));
	/* of 65536 functions most need no look */
	assert_true(fake_ports.pci_reads < 3 * 8192);
}

static void no_pci(void **state)
{
	uint32_t function = PCI_NOT_STARTED;

	(void)state;
	add(0, 0, 0, 0);
	fake_ports.no_pci = true;
	assert_false(pci_next(&function));
	assert_int_equal(fake_ports.pci_reads, 0);
	assert_false(pci_uart_find(0, &found));
}

static void uarts(void **state)
{
	uint32_t *io, *memory, *wide, *bridge;

	(void)state;
	add(0, 0, 0, 0x060000);		 /* a host bridge */
	add(0, 1, 0, 0x070300);		 /* a modem */
	add(0, 2, 0, 0x070002)[BAR] = 1; /* was given no ports */
	io = add(0, 3, 0, 0x070002);
	io[BAR] = 0xc0a1;
	io[COMMAND] = 0x02900004;
	memory = add(2, 0, 0, 0x070000);
	memory[BAR] = 0xfebf1000;
	wide = add(2, 1, 0, 0x070006);
	wide[BAR] = 0xe000000c; /* prefetchable, 64 bits */
	wide[BAR + 1] = 0x38;
	bridge = add(3, 0, 0, 0x070002);
	bridge[HEADER] = 0x010000;
	bridge[BAR] = 0xc001;
	add(3, 1, 0, 0x070007)[BAR] = 0xc001; /* no such interface */
	add(3, 2, 0, 0x070000);		      /* memory, but none given */

	assert_true(pci_uart_find(0, &found));
	assert_int_equal(found.kind, BOOT_CONSOLE_IO);
	assert_int_equal(found.address, 0xc0a0);
	assert_int_equal(found.stride_bytes, 1);
	assert_int_equal(found.width_bytes, 1);
	assert_int_equal(found.gsi, UINT32_MAX);
	assert_int_equal(found.baud, 115200);
	/* decoding on, all else as it was, no status bit cleared */
	assert_int_equal(io[COMMAND], 0x0005);
	assert_int_equal(memory[COMMAND], 0);

	assert_true(pci_uart_find(1, &found));
	assert_int_equal(found.kind, BOOT_CONSOLE_MMIO);
	assert_int_equal(found.address, 0xfebf1000);
	assert_int_equal(memory[COMMAND], 0x0002);

	assert_true(pci_uart_find(2, &found));
	assert_int_equal(found.kind, BOOT_CONSOLE_MMIO);
	assert_int_equal(found.address, 0x38e0000000);
	assert_int_equal(found.pci_function, 2 << 8 | 1 << 3);

	found.address = 7;
	assert_false(pci_uart_find(3, &found));
	assert_int_equal(found.address, 7);
	assert_int_equal(bridge[COMMAND], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(walk, reset),
		cmocka_unit_test_setup(no_pci, reset),
		cmocka_unit_test_setup(uarts, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
