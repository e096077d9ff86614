/* SPDX-License-Identifier: BSD-2-Clause */
/* How loud the log is; see log_levels.h. */
#include "hv/lib/log_levels.h"

#include "hv/lib/string.h"

const char *const log_level_name[LOG_LEVEL_COUNT] = {
	[LOG_ERROR] = "error",	 [LOG_WARNING] = "warning",
	[LOG_NOTICE] = "notice", [LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

const char *const log_subject_name[LOG_SUBJECT_COUNT] = {
	[LOG_BOOT] = "boot", [LOG_VM] = "vm",		[LOG_APIC] = "apic",
	[LOG_VMX] = "vmx",   [LOG_CONSOLE] = "console", [LOG_GDB] = "gdb",
};

void log_levels_default(struct log_levels *levels)
{
	memset(levels->of, LOG_INFO, sizeof(levels->of));
}

/* The index of a name, or count. */
static uint32_t find(const char *const *names, uint32_t count, const char *text,
		     size_t size)
{
	uint32_t i = 0;

	while (i < count &&
	       (strlen(names[i]) != size || memcmp(names[i], text, size) != 0))
		i++;
	return i;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

static size_t skip(const char *text, size_t size, size_t at)
{
	while (at < size && is_blank(text[at]))
		at++;
	return at;
}

/* The end of the name that begins at at. */
static size_t name_end(const char *text, size_t size, size_t at)
{
	while (at < size && !is_blank(text[at]) && text[at] != '=')
		at++;
	return at;
}

bool log_levels_parse(struct log_levels *levels, const char *text, size_t size)
{
	struct log_levels result = *levels;
	size_t at = skip(text, size, 0);

	if (at == size)
		return false;
	while (at < size) {
		size_t end = name_end(text, size, at);
		size_t equals = skip(text, size, end);
		uint32_t subject = LOG_SUBJECT_COUNT, level;

		if (equals < size && text[equals] == '=') {
			subject = find(log_subject_name, LOG_SUBJECT_COUNT,
				       text + at, end - at);
			if (subject == LOG_SUBJECT_COUNT)
				return false;
			at = skip(text, size, equals + 1);
			end = name_end(text, size, at);
		}
		level = find(log_level_name, LOG_LEVEL_COUNT, text + at,
			     end - at);
		if (level == LOG_LEVEL_COUNT)
			return false;
		if (subject == LOG_SUBJECT_COUNT)
			memset(result.of, (int)level, sizeof(result.of));
		else
			result.of[subject] = (uint8_t)level;
		at = skip(text, size, end);
	}
	*levels = result;
	return true;
}
