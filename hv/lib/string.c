/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The C string functions for code that has no C library: loader and
 * hypervisor.  Touches only its arguments; may be called from anywhere.  Pure,
 * but host builds link the C library's instead.
 *
 * The empty asm statements keep the compiler from recognising a loop as the
 * very function that it implements.
 */
#include "hv/lib/string.h"

#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	void *destination = to;
	size_t words = size / 8;
	size_t bytes = size % 8;

	__asm__ volatile("rep movsq"
			 : "+D"(destination), "+S"(from), "+c"(words)
			 :
			 : "memory");
	__asm__ volatile("rep movsb"
			 : "+D"(destination), "+S"(from), "+c"(bytes)
			 :
			 : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *destination = to;
	const uint8_t *source = from;

	if ((uintptr_t)to - (uintptr_t)from >= size)
		return memcpy(to, from, size);
	while (size--) {
		destination[size] = source[size];
		__asm__ volatile("" : : : "memory");
	}
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	void *destination = to;
	uint64_t pattern = (uint8_t)byte * 0x0101010101010101ull;
	size_t words = size / 8;
	size_t bytes = size % 8;

	__asm__ volatile("rep stosq"
			 : "+D"(destination), "+c"(words)
			 : "a"(pattern)
			 : "memory");
	__asm__ volatile("rep stosb"
			 : "+D"(destination), "+c"(bytes)
			 : "a"(pattern)
			 : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *left = a;
	const uint8_t *right = b;

	for (size_t i = 0; i < size; i++)
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	return 0;
}

size_t strlen(const char *s)
{
	size_t length = 0;

	while (s[length]) {
		length++;
		__asm__ volatile("" : : : "memory");
	}
	return length;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t left = (uint8_t)a[i];
		uint8_t right = (uint8_t)b[i];

		if (left != right)
			return left < right ? -1 : 1;
		if (!left)
			break;
	}
	return 0;
}
