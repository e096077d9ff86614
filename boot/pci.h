/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space by the two ports that every PC has, segment 0.  A
 * function is bus, device and function number as 8, 5 and 3 bits.  Boot CPU
 * only; the firmware must not use the ports meanwhile, so neither may its
 * services be called in between.  Source: PCI Local Bus specification,
 * "Configuration Space".
 */
#ifndef BOOT_PCI_H
#define BOOT_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_COMMAND	   0x04
#define PCI_COMMAND_IO	   (1u << 0)
#define PCI_COMMAND_MEMORY (1u << 1)
#define PCI_COMMAND_MASTER (1u << 2)
#define PCI_CLASS	   0x08
#define PCI_HEADER	   0x0c
#define PCI_HEADER_TYPE	   (0x7fu << 16) /* 0: an ordinary device */
#define PCI_BAR(n)	   (0x10u + 4 * (n))

#define PCI_NOT_STARTED	   UINT32_MAX

/* offset is a multiple of 4 below 256. */
uint32_t pci_read(uint32_t function, uint32_t offset);
void pci_write(uint32_t function, uint32_t offset, uint32_t value);

/* From PCI_NOT_STARTED on: the next function that is there; false: there are no
 * more, or there is no PCI. */
bool pci_next(uint32_t *function);

#endif
