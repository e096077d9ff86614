/* SPDX-License-Identifier: BSD-2-Clause */
/* Text put together piece by piece; see text.h. */
#include "hv/lib/text.h"

#include <stdbool.h>

#include "hv/lib/format.h"

void text_begin(struct text *t, char *buffer, size_t size)
{
	*t = (struct text){.buffer = buffer, .size = size};
	buffer[0] = '\0';
}

void text_add_va(struct text *t, const char *fmt, va_list args)
{
	size_t room = t->size - t->used;
	size_t wanted = format_va(t->buffer + t->used, room, fmt, args);

	t->used += wanted < room ? wanted : room - 1;
}

void text_add(struct text *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text_add_va(t, fmt, args);
	va_end(args);
}

size_t text_at(const struct text *t)
{
	size_t at = 0;

	while (at < t->used && t->buffer[t->used - 1 - at] != '\n')
		at++;
	return at;
}

void text_column(struct text *t, size_t column)
{
	size_t at = text_at(t);

	if (at < column)
		text_add(t, "%*s", (int)(column - at), "");
	else if (at)
		text_add(t, " ");
}

void text_words(struct text *t, size_t indent, const char *words)
{
	while (*words) {
		size_t at = text_at(t), size = 0;
		bool space = at && t->buffer[t->used - 1] != ' ';

		while (words[size] && words[size] != ' ')
			size++;
		if (at > indent && at + space + size > TEXT_WIDTH)
			text_add(t, "\n%*s", (int)indent, "");
		else if (space)
			text_add(t, " ");
		text_add(t, "%.*s", (int)size, words);
		words += size + (words[size] == ' ');
	}
}

static const char *name_of(unsigned bit, const struct text_bit *bits,
			   size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bits[i].bit == bit)
			return bits[i].name;
	return NULL;
}

void text_bits(struct text *t, uint64_t value, const struct text_bit *bits,
	       size_t count)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		const char *name = name_of(bit, bits, count);
		unsigned last = bit;

		if (!(value >> bit & 1))
			continue;
		if (name) {
			text_add(t, " %s", name);
			continue;
		}
		while (last < 63 && value >> (last + 1) & 1 &&
		       !name_of(last + 1, bits, count))
			last++;
		if (last == bit)
			text_add(t, " bit %u", bit);
		else
			text_add(t, " bits %u-%u", bit, last);
		bit = last;
	}
}

void text_vectors(struct text *t, const struct bitmap256 *set)
{
	const char *before = "";

	if (bitmap256_highest(set) < 0)
		text_add(t, "none");
	for (unsigned first = 0; first < 256; first++) {
		unsigned last = first;

		if (!bitmap256_test(set, (uint8_t)first))
			continue;
		while (last < 255 && bitmap256_test(set, (uint8_t)(last + 1)))
			last++;
		text_add(t, "%s%02x", before, first);
		if (last > first)
			text_add(t, "%s%02x", last > first + 1 ? "-" : " ",
				 last);
		before = " ";
		first = last;
	}
}
