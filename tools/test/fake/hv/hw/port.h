/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host tests' hv/hw/port.h: 64 KiB of bytes that keep what is written, with PCI
 * configuration space behind ports CF8H and CFCH, and a list of all byte writes.
 */
#ifndef TOOLS_TEST_FAKE_HV_HW_PORT_H
#define TOOLS_TEST_FAKE_HV_HW_PORT_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_PORT_WRITES_MAX 64
#define FAKE_PCI_MAX	     16

struct fake_pci_function {
	uint32_t function; /* bus, device, function: 8, 5, 3 bits */
	uint32_t reg[64];
};

struct fake_ports {
	uint8_t byte[65536];
	struct {
		uint16_t port;
		uint8_t value;
	} write[FAKE_PORT_WRITES_MAX];
	unsigned writes;

	bool no_pci;
	uint32_t pci_address;
	struct fake_pci_function pci[FAKE_PCI_MAX];
	unsigned pci_count;
	unsigned pci_reads;
};

extern struct fake_ports fake_ports;

uint8_t port_in8(uint16_t port);
uint32_t port_in32(uint16_t port);
void port_out8(uint16_t port, uint8_t value);
void port_out32(uint16_t port, uint32_t value);

#endif
