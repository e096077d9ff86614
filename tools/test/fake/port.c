/* SPDX-License-Identifier: BSD-2-Clause */
/* The ports behind the fake of hv/hw/port.h. */
#include "hv/hw/port.h"

#include <stddef.h>
#include <stdlib.h>

#define PCI_ADDRESS 0xcf8
#define PCI_DATA    0xcfc

struct fake_ports fake_ports;

uint8_t port_in8(uint16_t port)
{
	return fake_ports.byte[port];
}

void port_out8(uint16_t port, uint8_t value)
{
	fake_ports.byte[port] = value;
	if (fake_ports.writes == FAKE_PORT_WRITES_MAX)
		abort();
	fake_ports.write[fake_ports.writes].port = port;
	fake_ports.write[fake_ports.writes++].value = value;
}

/* The register that the address port selects; NULL: nobody is there. */
static uint32_t *selected(void)
{
	uint32_t address = fake_ports.pci_address;

	for (unsigned i = 0; i < fake_ports.pci_count; i++)
		if (address >> 31 &&
		    fake_ports.pci[i].function == (address >> 8 & 0xffff))
			return &fake_ports.pci[i].reg[address / 4 & 63];
	return NULL;
}

uint32_t port_in32(uint16_t port)
{
	uint32_t *reg = selected();

	if (fake_ports.no_pci)
		return UINT32_MAX;
	if (port == PCI_ADDRESS)
		return fake_ports.pci_address;
	if (port != PCI_DATA)
		abort();
	fake_ports.pci_reads++;
	return reg ? *reg : UINT32_MAX;
}

void port_out32(uint16_t port, uint32_t value)
{
	uint32_t *reg = selected();

	if (port == PCI_ADDRESS)
		fake_ports.pci_address = value;
	else if (port == PCI_DATA && reg)
		*reg = value;
}
