/* SPDX-License-Identifier: BSD-2-Clause */
/* Serial ports on PCI, by their class code.  As boot/pci.h. */
#ifndef BOOT_PCI_UART_H
#define BOOT_PCI_UART_H

#include "boot/boot_info.h"

/*
 * The 16550 with this number, counted from 0 in the order of buses, devices and
 * functions, made to answer to its address; at the PC's clock and 115200 baud,
 * polled.  False: there are not so many.
 */
bool pci_uart_find(uint32_t number, struct boot_console *console);

#endif
