/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader's 16550, polled.  Works before and after ExitBootServices; boot
 * CPU only.  Source: PC16550D data sheet.
 */
#ifndef BOOT_SERIAL_H
#define BOOT_SERIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "boot/boot_info.h"

/* Uses this UART from now on; sets its line unless baud is 0.  False: none
 * answers there. */
bool serial_open(const struct boot_console *console);

/*
 * Sends the text.  A UART that is absent or does not take a byte in time is
 * not tried again.
 */
void serial_write(const char *text, size_t size);

#endif
