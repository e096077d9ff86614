/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration mechanism #1 at CF8H and CFCH, on a bus without devices:
 * the address reads back, the data are all ones.  Pure.  The caller holds the
 * VM's device lock.
 * Source: PCI local bus specification, "Software Generation of Configuration
 * Transactions".
 */
#ifndef GUEST_DEV_PCI_H
#define GUEST_DEV_PCI_H

#include <stdint.h>

struct pci {
	uint32_t address;
};

void pci_init(struct pci *p);

/*
 * Ports CF8H-CFFH but for the reset register (see PORTS_RESET), size 1, 2 or 4.
 * Only a 32-bit access to CF8H is one to the address register.
 */
uint32_t pci_read(const struct pci *p, uint16_t port, unsigned size);
void pci_write(struct pci *p, uint16_t port, unsigned size, uint32_t value);

#endif
