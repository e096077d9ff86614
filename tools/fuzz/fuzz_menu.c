/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as menu.txt: no crash, errors inside the text, texts that end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "boot/config_menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_menu menu;
	struct config_error error;

	if (!config_menu_parse(&menu, (const char *)data, size, &error)) {
		if (!memchr(error.text, '\0', sizeof(error.text)) ||
		    error.line > size + 1 || error.column > size + 1)
			abort();
		return 0;
	}
	if (!menu.count || menu.count > CONFIG_MENU_ENTRIES ||
	    menu.seconds > CONFIG_MENU_SECONDS_MAX)
		abort();
	for (uint32_t i = 0; i < menu.count; i++) {
		const struct config_menu_entry *entry = &menu.entry[i];

		if (!entry->key || !strnlen(entry->file, 1) ||
		    !memchr(entry->file, '\0', sizeof(entry->file)) ||
		    !memchr(entry->title, '\0', sizeof(entry->title)) ||
		    config_menu_find(&menu, (uint16_t)entry->key) != (int)i)
			abort();
	}
	return 0;
}
