/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * menu.txt's parser.  Touches only its arguments; called by boot/menu.c.  Pure.
 * The text comes from whoever wrote the boot medium: nothing in it is trusted.
 */
#include "boot/config_menu.h"

#include <stdarg.h>

#include "boot/config_value.h"
#include "hv/lib/format.h"

#define MENU_DEFAULT 0

__attribute__((format(printf, 3, 4))) static bool menu_fail(
	struct config_error *error, struct config_span at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	format_va(error->text, sizeof(error->text), fmt, args);
	va_end(args);
	error->line = at.line;
	error->column = at.column;
	return false;
}

/* Printable ASCII that fits, with its NUL, into size bytes. */
static bool menu_text(struct config_span span, char *to, size_t size)
{
	if (!span.size || span.size >= size)
		return false;
	for (size_t i = 0; i < span.size; i++)
		if (span.text[i] < ' ' || span.text[i] > '~')
			return false;
	memcpy(to, span.text, span.size);
	to[span.size] = '\0';
	return true;
}

/* The key that the name stands for, or 0. */
static char menu_key(struct config_span name)
{
	char c = name.size == 1 ? name.text[0] : 0;

	if (config_equal(name, "enter"))
		return CONFIG_MENU_ENTER;
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return c;
	return 0;
}

static bool menu_entry(struct config_menu *menu, char key,
		       struct config_span name, struct config_span value,
		       struct config_error *error)
{
	struct config_menu_entry *entry = &menu->entry[MENU_DEFAULT];
	size_t comma = config_find(value, ',');
	struct config_span file = config_trim(config_first(value, comma));
	struct config_span title = file;

	if (config_menu_find(menu, (uint16_t)key) >= 0)
		return menu_fail(error, name, "this key is there twice");
	if (key != CONFIG_MENU_ENTER) {
		if (menu->count == CONFIG_MENU_ENTRIES)
			return menu_fail(error, name,
					 "there are more than %u entries",
					 CONFIG_MENU_ENTRIES);
		entry = &menu->entry[menu->count++];
	}
	if (comma < value.size)
		title = config_trim(config_skip(value, comma + 1));
	if (!menu_text(file, entry->file, sizeof(entry->file)))
		return menu_fail(error, file,
				 "a file's name of 1 to %u printable "
				 "characters must stand here",
				 CONFIG_PATH_SIZE - 1);
	if (!menu_text(title, entry->title, sizeof(entry->title)))
		return menu_fail(error, title,
				 "a title of 1 to %u printable characters must "
				 "stand here",
				 CONFIG_MENU_TITLE - 1);
	entry->key = key;
	return true;
}

static bool menu_line(struct config_menu *menu, struct config_span line,
		      struct config_error *error)
{
	size_t equals;
	struct config_span name, value;
	char key;

	line = config_trim(config_first(line, config_find(line, '#')));
	if (!line.size)
		return true;
	equals = config_find(line, '=');
	if (equals == line.size)
		return menu_fail(error, line, "there is no '=' in this line");
	name = config_trim(config_first(line, equals));
	value = config_trim(config_skip(line, equals + 1));
	if (config_equal(name, "seconds")) {
		if (!config_range(value, 0, CONFIG_MENU_SECONDS_MAX,
				  &menu->seconds))
			return menu_fail(error, value,
					 "seconds must be a number from 0 to "
					 "%u",
					 CONFIG_MENU_SECONDS_MAX);
		return true;
	}
	key = menu_key(name);
	if (!key)
		return menu_fail(error, name,
				 "before '=' must stand seconds, enter, a "
				 "letter from a to z or a digit");
	return menu_entry(menu, key, name, value, error);
}

bool config_menu_parse(struct config_menu *menu, const char *text, size_t size,
		       struct config_error *error)
{
	struct config_span rest = {text, size, 1, 1};

	*menu = (struct config_menu){.seconds = CONFIG_MENU_SECONDS,
				     .count = 1};
	while (rest.size) {
		size_t length = config_find(rest, '\n');
		struct config_span line = config_first(rest, length);

		if (length && line.text[length - 1] == '\r')
			line.size--;
		if (!menu_line(menu, line, error))
			return false;
		rest = config_skip(rest,
				   length < rest.size ? length + 1 : length);
		rest.line++;
		rest.column = 1;
	}
	if (menu->entry[MENU_DEFAULT].key)
		return true;
	rest.line = rest.column = 0;
	return menu_fail(error, rest, "there is no enter = FILE, the default");
}

int config_menu_find(const struct config_menu *menu, uint16_t key)
{
	for (uint32_t i = 0; i < menu->count; i++)
		if (menu->entry[i].key && menu->entry[i].key == key)
			return (int)i;
	return -1;
}
