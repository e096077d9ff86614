/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of GDB's remote protocol; see text.h. */
#include "hv/gdb/text.h"

#include "hv/lib/string.h"

#define DIGITS_MAX 16

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool gdb_take(struct gdb_text *t, char wanted)
{
	if (t->at == t->end || *t->at != (uint8_t)wanted)
		return false;
	t->at++;
	return true;
}

bool gdb_take_word(struct gdb_text *t, const char *word)
{
	size_t size = strlen(word);

	if (gdb_left(t) < size || memcmp(t->at, word, size) != 0)
		return false;
	t->at += size;
	return true;
}

bool gdb_take_number(struct gdb_text *t, uint64_t *value)
{
	unsigned digits = 0;

	*value = 0;
	while (t->at != t->end && digit(*t->at) >= 0) {
		if (++digits > DIGITS_MAX)
			return false;
		*value = *value << 4 | (unsigned)digit(*t->at++);
	}
	return digits;
}

bool gdb_take_range(struct gdb_text *t, uint64_t *first, uint64_t *second)
{
	return gdb_take_number(t, first) && gdb_take(t, ',') &&
	       gdb_take_number(t, second);
}

bool gdb_take_bytes(struct gdb_text *t, uint8_t *bytes, size_t size)
{
	if (gdb_left(t) / 2 < size)
		return false;
	for (size_t i = 0; i < size; i++, t->at += 2) {
		int high = digit(t->at[0]), low = digit(t->at[1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool gdb_take_thread(struct gdb_text *t, int32_t *thread)
{
	uint64_t number;

	if (gdb_take_word(t, "-1")) {
		*thread = -1;
		return true;
	}
	if (!gdb_take_number(t, &number) || number > INT32_MAX)
		return false;
	*thread = (int32_t)number;
	return true;
}

void gdb_put_raw(struct gdb_reply *r, const void *bytes, size_t size)
{
	if (size > sizeof(r->text) - r->size) {
		r->overflow = true;
		return;
	}
	memcpy(r->text + r->size, bytes, size);
	r->size += size;
}

void gdb_put(struct gdb_reply *r, const char *text)
{
	gdb_put_raw(r, text, strlen(text));
}

void gdb_put_bytes(struct gdb_reply *r, const void *bytes, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *from = bytes;

	for (size_t i = 0; i < size; i++) {
		const char two[2] = {hex[from[i] >> 4], hex[from[i] & 15]};

		gdb_put_raw(r, two, sizeof(two));
	}
}

void gdb_put_number(struct gdb_reply *r, uint64_t value)
{
	static const char hex[] = "0123456789abcdef";
	unsigned shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	for (;; shift -= 4) {
		gdb_put_raw(r, &hex[value >> shift & 15], 1);
		if (!shift)
			return;
	}
}
