/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI configuration space; see pci.h. */
#include "boot/pci.h"

#include "hv/hw/port.h"

#define PCI_ADDRESS	    0xcf8
#define PCI_DATA	    0xcfc
#define PCI_ENABLE	    (1u << 31)
#define PCI_ID		    0x00
#define PCI_HEADER_MULTIPLE (1u << 23)
#define PCI_FUNCTIONS	    0x10000u

static void pci_select(uint32_t function, uint32_t offset)
{
	port_out32(PCI_ADDRESS, PCI_ENABLE | function << 8 | offset);
}

uint32_t pci_read(uint32_t function, uint32_t offset)
{
	pci_select(function, offset);
	return port_in32(PCI_DATA);
}

void pci_write(uint32_t function, uint32_t offset, uint32_t value)
{
	pci_select(function, offset);
	port_out32(PCI_DATA, value);
}

static bool pci_is_there(void)
{
	port_out32(PCI_ADDRESS, PCI_ENABLE);
	return port_in32(PCI_ADDRESS) == PCI_ENABLE;
}

/* A device without function 0 is none; without its bit for several functions it
 * has that one alone. */
static bool pci_has_others(uint32_t device)
{
	return pci_read(device, PCI_ID) != UINT32_MAX &&
	       pci_read(device, PCI_HEADER) & PCI_HEADER_MULTIPLE;
}

bool pci_next(uint32_t *function)
{
	uint32_t next = *function + 1;

	if (*function == PCI_NOT_STARTED && !pci_is_there())
		return false;
	for (; next < PCI_FUNCTIONS; next++) {
		if (next % 8 == 1 && !pci_has_others(next - 1)) {
			next += 6; /* and one: the next device */
			continue;
		}
		if (pci_read(next, PCI_ID) == UINT32_MAX)
			continue;
		*function = next;
		return true;
	}
	port_out32(PCI_ADDRESS, 0);
	return false;
}
