/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor's lines taken apart; see words.h. */
#include "hv/monitor/words.h"

#include "hv/lib/string.h"

static bool is_of_word(char c)
{
	return c > ' ' && c < 0x7f;
}

enum words_result words_split(struct words *words, const char *line)
{
	size_t length = strlen(line);
	char *at = words->text;

	words->count = 0;
	if (length >= sizeof(words->text))
		return WORDS_TOO_LONG;
	memcpy(words->text, line, length + 1);
	for (;;) {
		while (*at && !is_of_word(*at))
			at++;
		if (!*at || *at == '#')
			return WORDS_GOOD;
		if (words->count == WORDS_MAX)
			return WORDS_TOO_MANY;
		words->word[words->count++] = at;
		while (is_of_word(*at))
			at++;
		if (*at)
			*at++ = '\0';
	}
}

/* -1: no digit of this base. */
static int digit_of(char c, unsigned base)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (base == 16 && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (base == 16 && c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool words_number(const char *word, uint64_t max, uint64_t *value)
{
	unsigned base = 10;
	uint64_t n = 0;

	if (word[0] == '0' && (word[1] == 'x' || word[1] == 'X')) {
		base = 16;
		word += 2;
	}
	if (!*word)
		return false;
	for (; *word; word++) {
		int digit = digit_of(*word, base);

		if (digit < 0 || n > (UINT64_MAX - (unsigned)digit) / base)
			return false;
		n = n * base + (unsigned)digit;
	}
	*value = n;
	return n <= max;
}

bool words_dotted(const char *word, char *before, size_t size,
		  const char **after)
{
	size_t length = strlen(word);
	size_t dot = length;

	/* The last one: names may have dots. */
	while (dot && word[dot - 1] != '.')
		dot--;
	if (dot < 2 || dot == length || dot > size)
		return false;
	memcpy(before, word, dot - 1);
	before[dot - 1] = '\0';
	*after = word + dot;
	return true;
}
