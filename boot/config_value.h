/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pieces of apical.cfg's text and the values that they spell.  Pure; used by
 * boot/config.c alone.
 */
#ifndef BOOT_CONFIG_VALUE_H
#define BOOT_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/config.h"
#include "hv/lib/string.h"

/* A piece of the text and where it stands. */
struct config_span {
	const char *text;
	size_t size;
	uint32_t line, column;
};

static inline bool config_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Drops the first count characters; count <= span.size. */
static inline struct config_span config_skip(struct config_span span,
					     size_t count)
{
	span.text += count;
	span.size -= count;
	span.column += (uint32_t)count;
	return span;
}

static inline struct config_span config_first(struct config_span span,
					      size_t count)
{
	span.size = count;
	return span;
}

static inline struct config_span config_trim(struct config_span span)
{
	while (span.size && config_blank(span.text[0]))
		span = config_skip(span, 1);
	while (span.size && config_blank(span.text[span.size - 1]))
		span.size--;
	return span;
}

static inline bool config_equal(struct config_span span, const char *word)
{
	return span.size == strlen(word) &&
	       memcmp(span.text, word, span.size) == 0;
}

/* The place of the first c, or span.size. */
static inline size_t config_find(struct config_span span, char c)
{
	size_t at = 0;

	while (at < span.size && span.text[at] != c)
		at++;
	return at;
}

/*
 * Each is true if the span spells such a value, which is then stored; on false
 * what is stored means nothing.
 */

/* Decimal, or hexadecimal after "0x"; from min to max. */
bool config_range(struct config_span span, uint32_t min, uint32_t max,
		  uint32_t *number);
/* The same, or 0. */
bool config_baud(struct config_span span, uint32_t min, uint32_t max,
		 uint32_t *baud);
/* "on" or "off". */
bool config_flag(struct config_span span, bool *flag);
/* The index of a name in choices, which end in NULL. */
bool config_choice(struct config_span span, const char *const *choices,
		   uint32_t *choice);
/* A UART's I/O port by name or number, or CONFIG_PORT_*. */
bool config_port(struct config_span span, uint32_t *port);
/* A list like "0,2-3", into vm->cpus and vm->cpu_count. */
bool config_cpus(struct config_span span, struct config_vm *vm);

#endif
