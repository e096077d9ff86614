/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf-style formatting into a bounded buffer.  Touches only its arguments;
 * may be called from anywhere.  Pure.  Source: ISO C's fprintf(), of which
 * this is the part that format.h lists.
 */
#include "hv/lib/format.h"

#include <stdbool.h>
#include <stdint.h>

/* 64 binary digits would fit; octal and binary do not even exist. */
#define FORMAT_DIGITS_MAX 24

struct format_out {
	char *buffer;
	size_t size;
	size_t length; /* of the whole text, written or not */
};

struct format_spec {
	bool left;
	bool zero;
	size_t width;
	size_t precision; /* SIZE_MAX: none given */
	uint32_t longs;	  /* 0: int, 1: long or size_t, 2: long long */
};

static void format_char(struct format_out *out, char c)
{
	if (out->length + 1 < out->size)
		out->buffer[out->length] = c;
	out->length++;
}

static void format_repeat(struct format_out *out, char c, size_t count)
{
	while (count--)
		format_char(out, c);
}

static void format_padded(struct format_out *out,
			  const struct format_spec *spec, const char *text,
			  size_t length)
{
	size_t pad = spec->width > length ? spec->width - length : 0;

	if (!spec->left)
		format_repeat(out, ' ', pad);
	for (size_t i = 0; i < length; i++)
		format_char(out, text[i]);
	if (spec->left)
		format_repeat(out, ' ', pad);
}

static void format_string(struct format_out *out,
			  const struct format_spec *spec, const char *text)
{
	size_t length = 0;

	if (!text)
		text = "(null)";
	while (length < spec->precision && text[length])
		length++;
	format_padded(out, spec, text, length);
}

/* prefix: "", "-" or "0x"; stays in front of padding zeros. */
static void format_number(struct format_out *out,
			  const struct format_spec *spec, const char *prefix,
			  uint64_t value, uint32_t base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[FORMAT_DIGITS_MAX];
	size_t at = sizeof(text);
	size_t prefix_length = 0;
	size_t length;

	do {
		text[--at] = digits[value % base];
		value /= base;
	} while (value);
	while (prefix[prefix_length])
		prefix_length++;

	length = sizeof(text) - at + prefix_length;
	if (spec->zero && !spec->left) {
		struct format_spec plain = {.precision = SIZE_MAX};

		format_padded(out, &plain, prefix, prefix_length);
		if (spec->width > length)
			format_repeat(out, '0', spec->width - length);
		format_padded(out, &plain, text + at, sizeof(text) - at);
		return;
	}
	while (prefix_length)
		text[--at] = prefix[--prefix_length];
	format_padded(out, spec, text + at, length);
}

static int64_t format_signed_arg(const struct format_spec *spec, va_list *args)
{
	if (spec->longs == 2)
		return va_arg(*args, long long);
	return spec->longs ? va_arg(*args, long) : va_arg(*args, int);
}

static uint64_t format_unsigned_arg(const struct format_spec *spec,
				    va_list *args)
{
	if (spec->longs == 2)
		return va_arg(*args, unsigned long long);
	return spec->longs ? va_arg(*args, unsigned long)
			   : va_arg(*args, unsigned int);
}

/* Digits or '*' at *fmt; a negative '*' counts as 0. */
static size_t format_count(const char **fmt, va_list *args)
{
	size_t count = 0;

	if (**fmt == '*') {
		int value = va_arg(*args, int);

		(*fmt)++;
		return value > 0 ? (size_t)value : 0;
	}
	while (**fmt >= '0' && **fmt <= '9')
		count = count * 10 + (size_t)(*(*fmt)++ - '0');
	return count;
}

static struct format_spec format_spec(const char **fmt, va_list *args)
{
	struct format_spec spec = {.precision = SIZE_MAX};

	for (; **fmt == '-' || **fmt == '0'; (*fmt)++) {
		if (**fmt == '-')
			spec.left = true;
		else
			spec.zero = true;
	}
	spec.width = format_count(fmt, args);
	if (**fmt == '.') {
		(*fmt)++;
		spec.precision = format_count(fmt, args);
	}
	for (; **fmt == 'l' || **fmt == 'z'; (*fmt)++)
		spec.longs++;
	return spec;
}

static void format_conversion(struct format_out *out, char conversion,
			      const struct format_spec *spec, va_list *args)
{
	int64_t value;
	char c;

	switch (conversion) {
	case 's':
		format_string(out, spec, va_arg(*args, const char *));
		break;
	case 'c':
		c = (char)va_arg(*args, int);
		format_padded(out, spec, &c, 1);
		break;
	case 'd':
	case 'i':
		value = format_signed_arg(spec, args);
		format_number(out, spec, value < 0 ? "-" : "",
			      value < 0 ? -(uint64_t)value : (uint64_t)value,
			      10, false);
		break;
	case 'u':
		format_number(out, spec, "", format_unsigned_arg(spec, args),
			      10, false);
		break;
	case 'x':
	case 'X':
		format_number(out, spec, "", format_unsigned_arg(spec, args),
			      16, conversion == 'X');
		break;
	case 'p':
		format_number(out, spec, "0x", (uintptr_t)va_arg(*args, void *),
			      16, false);
		break;
	default: /* '%', and what does not exist shows as itself */
		format_char(out, conversion);
	}
}

size_t format_va(char *buffer, size_t size, const char *fmt, va_list args)
{
	struct format_out out = {.buffer = buffer, .size = size};
	va_list left;

	/* A parameter of type va_list may be an array that decayed. */
	va_copy(left, args);
	while (*fmt) {
		struct format_spec spec;

		if (*fmt != '%') {
			format_char(&out, *fmt++);
			continue;
		}
		fmt++;
		spec = format_spec(&fmt, &left);
		if (!*fmt)
			break;
		format_conversion(&out, *fmt++, &spec, &left);
	}
	va_end(left);
	if (size)
		buffer[out.length < size ? out.length : size - 1] = '\0';
	return out.length;
}

size_t format(char *buffer, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t length;

	va_start(args, fmt);
	length = format_va(buffer, size, fmt, args);
	va_end(args);
	return length;
}
