/* SPDX-License-Identifier: BSD-2-Clause */
/* Which configuration to boot with.  Before ExitBootServices. */
#ifndef BOOT_MENU_H
#define BOOT_MENU_H

/*
 * The configuration's file.  Where the volume has a menu.txt (see
 * boot/config_menu.h) with more than one file that is there, asks on the
 * console and on serial, and takes the default when no key comes in time.
 * Otherwise apical.cfg, without delay.  NULL: refused.
 */
const char *menu_choose(void);

#endif
