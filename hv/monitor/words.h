/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor's lines taken apart: words, numbers, names.  Pure. */
#ifndef HV_MONITOR_WORDS_H
#define HV_MONITOR_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_LINE_SIZE 160 /* with its NUL */
#define WORDS_MAX	9   /* a command's name and its arguments */

enum words_result {
	WORDS_GOOD,
	WORDS_TOO_LONG, /* the line */
	WORDS_TOO_MANY,
};

struct words {
	unsigned count;
	const char *word[WORDS_MAX]; /* into text */
	char text[WORDS_LINE_SIZE];
};

/*
 * Takes a line apart at spaces, tabs and whatever else is no printing ASCII
 * character; a '#' at the beginning of a word begins a comment.
 */
enum words_result words_split(struct words *words, const char *line);

/* Decimal, or hexadecimal after 0x, up to max.  False: it is no such number. */
bool words_number(const char *word, uint64_t max, uint64_t *value);

/* word is "before.after"; neither is empty, before has less than size bytes
 * with its NUL and is copied.  False: it is not so. */
bool words_dotted(const char *word, char *before, size_t size,
		  const char **after);

#endif
