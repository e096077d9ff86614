/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loader tells people: whole lines, each begun with "[apical] ", on
 * the UEFI console and on serial.  Boot CPU only.
 */
#ifndef BOOT_SAY_H
#define BOOT_SAY_H

#include "boot/boot_info.h"

/* Which UART lines go to from now on; false: none answers there. */
bool say_open(const struct boot_console *console);

/* One line of at most 400 characters, "[apical] loader: ...". */
__attribute__((format(printf, 1, 2))) void say(const char *fmt, ...);

/* While on, a refusal is not the end: refuse() says "[apical] loader: no VM can
 * run: ..." instead. */
void say_going_on(bool on);

/*
 * The one line that says why nothing is started, "[apical] refused: ...".
 * Always false: what fails returns it, and its callers return at once.
 */
__attribute__((format(printf, 1, 2))) bool refuse(const char *fmt, ...);

#endif
