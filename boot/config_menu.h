/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * menu.txt: the configurations among which the person at the machine may choose
 * before the loader reads one.  Lines of key = value, '#' begins a comment:
 *
 *	seconds = 3			how long the loader asks; 0: not at all
 *	enter = apical.cfg, Debian	the default: its file and title
 *	l = lab.cfg, APIC lab		another, by the key l
 *
 * Pure; used by boot/menu.c.
 */
#ifndef BOOT_CONFIG_MENU_H
#define BOOT_CONFIG_MENU_H

#include "boot/config.h"

#define CONFIG_MENU_ENTRIES	8
#define CONFIG_MENU_TITLE	40
#define CONFIG_MENU_SECONDS	3 /* the default */
#define CONFIG_MENU_SECONDS_MAX 120
#define CONFIG_MENU_ENTER	'\r'

struct config_menu_entry {
	char key; /* a lower-case letter, a digit or CONFIG_MENU_ENTER */
	char file[CONFIG_PATH_SIZE];
	char title[CONFIG_MENU_TITLE]; /* the file's name if none is given */
};

struct config_menu {
	uint32_t seconds; /* at most CONFIG_MENU_SECONDS_MAX */
	uint32_t count;
	struct config_menu_entry entry[CONFIG_MENU_ENTRIES]; /* [0]: default */
};

/*
 * Parses size bytes of text (need not end in NUL); `enter` must be there once.
 * False with *error filled on the first thing that is wrong (line and column 0
 * where it is about the whole); *menu is then not to be used.
 */
bool config_menu_parse(struct config_menu *menu, const char *text, size_t size,
		       struct config_error *error);

/* The index of the entry that a key chooses, or -1. */
int config_menu_find(const struct config_menu *menu, uint16_t key);

#endif
