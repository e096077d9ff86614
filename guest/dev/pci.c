/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration mechanism #1 on an empty bus.  Touches only the struct pci
 * it is given.
 */
#include "guest/dev/pci.h"

#include "guest/dev/ports.h"

#define PCI_ADDRESS_RESERVED 0x7f000003u /* read 0 */

void pci_init(struct pci *p)
{
	p->address = 0;
}

uint32_t pci_read(const struct pci *p, uint16_t port, unsigned size)
{
	return port == PORTS_PCI_ADDRESS && size == 4 ? p->address : UINT32_MAX;
}

void pci_write(struct pci *p, uint16_t port, unsigned size, uint32_t value)
{
	if (port == PORTS_PCI_ADDRESS && size == 4)
		p->address = value & ~PCI_ADDRESS_RESERVED;
}
