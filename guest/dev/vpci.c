/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration mechanism #1 on an empty bus.  Touches only the struct vpci
 * it is given.
 */
#include "guest/dev/vpci.h"

#include "guest/dev/ports.h"

#define VPCI_ADDRESS_RESERVED 0x7f000003u /* read 0 */

void vpci_init(struct vpci *p)
{
	p->address = 0;
}

uint32_t vpci_read(const struct vpci *p, uint16_t port, unsigned size)
{
	return port == PORTS_PCI_ADDRESS && size == 4 ? p->address : UINT32_MAX;
}

void vpci_write(struct vpci *p, uint16_t port, unsigned size, uint32_t value)
{
	if (port == PORTS_PCI_ADDRESS && size == 4)
		p->address = value & ~VPCI_ADDRESS_RESERVED;
}
