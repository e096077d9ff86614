/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot menu: one line, and a key from the firmware's console input, which
 * takes keyboards and, where the firmware has its console there, serial lines.
 * Source: UEFI specification, "Simple Text Input Protocol".
 */
#include "boot/menu.h"

#include "boot/config_menu.h"
#include "boot/files.h"
#include "boot/firmware.h"
#include "boot/say.h"
#include "hv/lib/format.h"

#define MENU_FILE      "menu.txt"
#define MENU_CONFIG    "apical.cfg"
#define MENU_POLL_US   20000
#define MENU_SECOND_US 1000000u
#define MENU_LINE_SIZE 400

static struct config_menu menu;

/* An entry whose file is not there is not offered. */
static void menu_drop_missing(void)
{
	uint32_t kept = 1;

	for (uint32_t i = 1; i < menu.count; i++)
		if (files_exists(menu.entry[i].file))
			menu.entry[kept++] = menu.entry[i];
	menu.count = kept;
}

static void menu_show(void)
{
	char text[MENU_LINE_SIZE];
	size_t length =
		format(text, sizeof(text), "[Enter] %s", menu.entry[0].title);

	for (uint32_t i = 1; i < menu.count && length < sizeof(text); i++)
		length += format(text + length, sizeof(text) - length,
				 "  [%c] %s", menu.entry[i].key,
				 menu.entry[i].title);
	say("%s  (%u s)", text, menu.seconds);
}

/* The index of the entry; 0 when no key of the menu comes in time. */
static int menu_ask(void)
{
	SIMPLE_INPUT_INTERFACE *input = firmware.system->ConIn;
	EFI_INPUT_KEY key;

	for (uint32_t us = 0; us < menu.seconds * MENU_SECOND_US;
	     us += MENU_POLL_US) {
		while (!EFI_ERROR(input->ReadKeyStroke(input, &key))) {
			int chosen = config_menu_find(&menu, key.UnicodeChar);

			if (chosen >= 0)
				return chosen;
		}
		firmware.boot->Stall(MENU_POLL_US);
	}
	return 0;
}

const char *menu_choose(void)
{
	struct config_error error;
	struct boot_file file;
	int chosen = 0;

	if (!files_exists(MENU_FILE))
		return MENU_CONFIG;
	if (!files_read(MENU_FILE, "the boot menu", &file))
		return NULL;
	if (!config_menu_parse(&menu, (const char *)file.start.value,
			       file.size_bytes, &error)) {
		refuse("%s:%u:%u: %s.", MENU_FILE, error.line, error.column,
		       error.text);
		return NULL;
	}
	menu_drop_missing();
	if (menu.count > 1 && menu.seconds && firmware.system->ConIn) {
		menu_show();
		chosen = menu_ask();
		say("%s.", menu.entry[chosen].title);
	}
	return menu.entry[chosen].file;
}
