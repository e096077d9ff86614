/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration mechanism #1 at CF8H and CFCH, on a bus without devices:
 * the address reads back, the data are all ones.  Pure.  The caller holds the
 * VM's device lock.
 * Source: PCI local bus specification, "Software Generation of Configuration
 * Transactions".
 */
#ifndef GUEST_DEV_VPCI_H
#define GUEST_DEV_VPCI_H

#include <stdint.h>

struct vpci {
	uint32_t address;
};

void vpci_init(struct vpci *p);

/*
 * Ports CF8H-CFFH but for the reset register (see PORTS_RESET), size 1, 2 or 4.
 * Only a 32-bit access to CF8H is one to the address register.
 */
uint32_t vpci_read(const struct vpci *p, uint16_t port, unsigned size);
void vpci_write(struct vpci *p, uint16_t port, unsigned size, uint32_t value);

#endif
