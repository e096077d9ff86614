/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serial ports on PCI.  Touches configuration space: reads it, and switches on
 * the decoding of the port that is used.  Which interrupt it has, only the
 * firmware's AML knows; so it is polled.  Sources: PCI Code and ID Assignment
 * specification, "Base Class 07h"; PCI Local Bus specification, "Base
 * Addresses".
 */
#include "boot/pci_uart.h"

#include "boot/pci.h"

/* Class 07, subclass 00; the interface tells which chip of the 16550's family. */
#define PCI_UART_CLASS	       0x0700u
#define PCI_UART_INTERFACE_MAX 6u

#define PCI_BAR_IO	       1u
#define PCI_BAR_IO_ADDRESS     0xfffcu
#define PCI_BAR_TYPE	       6u
#define PCI_BAR_64	       4u
#define PCI_BAR_ADDRESS	       0xfffffff0u

#define PCI_UART_PORT_MAX      0xfff8u
#define PCI_UART_BAUD	       115200u

static bool pci_uart_is_one(uint32_t function)
{
	uint32_t class = pci_read(function, PCI_CLASS);

	return class >> 16 == PCI_UART_CLASS &&
	       (class >> 8 & 0xff) <= PCI_UART_INTERFACE_MAX &&
	       !(pci_read(function, PCI_HEADER) & PCI_HEADER_TYPE);
}

/* Its first base address is the UART's; one that is 0 was given none. */
static bool pci_uart_address(uint32_t function, struct boot_console *console)
{
	uint32_t bar = pci_read(function, PCI_BAR(0));

	if (bar & PCI_BAR_IO) {
		console->kind = BOOT_CONSOLE_IO;
		console->address = bar & PCI_BAR_IO_ADDRESS;
		return console->address && bar <= PCI_UART_PORT_MAX;
	}
	console->kind = BOOT_CONSOLE_MMIO;
	console->address = bar & PCI_BAR_ADDRESS;
	if ((bar & PCI_BAR_TYPE) == PCI_BAR_64)
		console->address |= (uint64_t)pci_read(function, PCI_BAR(1))
				    << 32;
	return console->address;
}

/* The status bits in the register's upper half are left alone by zeroes. */
static void pci_uart_enable(uint32_t function, enum boot_console_kind kind)
{
	uint32_t command = pci_read(function, PCI_COMMAND) & 0xffff;

	command |=
		kind == BOOT_CONSOLE_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	pci_write(function, PCI_COMMAND, command);
}

bool pci_uart_find(uint32_t number, struct boot_console *console)
{
	uint32_t function = PCI_NOT_STARTED;

	while (pci_next(&function)) {
		struct boot_console found = {
			.stride_bytes = 1,
			.width_bytes = 1,
			.gsi = UINT32_MAX,
			.baud = PCI_UART_BAUD,
		};

		if (!pci_uart_is_one(function) ||
		    !pci_uart_address(function, &found) || number--)
			continue;
		pci_uart_enable(function, found.kind);
		found.pci_function = function;
		*console = found;
		return true;
	}
	return false;
}
