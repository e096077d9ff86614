/* SPDX-License-Identifier: BSD-2-Clause */
/* The screen that the firmware drives.  Before ExitBootServices. */
#ifndef BOOT_SCREEN_H
#define BOOT_SCREEN_H

#include "boot/boot_info.h"

/*
 * Finds a framebuffer of 32-bit pixels that can be written to as memory, in the
 * mode that it is in.  Leaves *framebuffer alone if there is none.
 */
void screen_find(struct boot_framebuffer *framebuffer);

#endif
