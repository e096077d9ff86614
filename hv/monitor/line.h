/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line editor of the monitor: bytes that were typed in, what to show and
 * whole lines out.  Any bytes may come; what is no key is ignored.  Pure.
 *
 * Keys: left, right, Home, End, Ctrl-B, Ctrl-F, Ctrl-E; Backspace, Delete, Ctrl-D,
 * Ctrl-W (word), Ctrl-U (to the beginning), Ctrl-K (to the end); up, down, Ctrl-P,
 * Ctrl-N (history); Tab; Ctrl-C (forget the line); Ctrl-L (draw it again).
 */
#ifndef HV_MONITOR_LINE_H
#define HV_MONITOR_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/monitor/words.h"

#define LINE_HISTORY 16
#define LINE_PROMPT  "apical> "
/* Columns of the line that are shown; a longer one moves sideways. */
#define LINE_WINDOW 68
/* What line_feed() or line_draw() show at most. */
#define LINE_SHOWN 128

enum line_event {
	LINE_NONE,
	LINE_ENTERED,  /* text is a line; line_next() when it has been used */
	LINE_TOO_LONG, /* so is this, but it was longer than there is room */
	LINE_TAB,      /* wants to be completed */
	LINE_BREAK,    /* Ctrl-C: the line is forgotten */
};

struct line_shown {
	size_t size;
	char text[LINE_SHOWN];
};

/* A struct of zeroes is an empty line without a history. */
struct line {
	unsigned length, cursor;
	unsigned scroll; /* the first character in the window */
	bool too_long;	 /* characters were refused */
	bool after_cr;	 /* an LF belongs to it */
	uint8_t escape;	 /* how far a key's sequence has come */
	uint8_t number;	 /* in it */
	unsigned count;	 /* lines in history */
	unsigned back;	 /* lines back in it; 0: the one that is typed */
	char text[WORDS_LINE_SIZE];
	char typed[WORDS_LINE_SIZE]; /* while another one is looked at */
	char history[LINE_HISTORY][WORDS_LINE_SIZE]; /* newest first */
};

/*
 * One byte.  *shown is what to send to the terminal, on which the line is as
 * line_draw() leaves it.  After LINE_ENTERED, LINE_TOO_LONG and LINE_BREAK the
 * terminal is at the beginning of a fresh line.
 */
enum line_event line_feed(struct line *line, uint8_t byte,
			  struct line_shown *shown);

/* Remembers the line that was entered, if it says something new, and begins an
 * empty one. */
void line_next(struct line *line);

/* Inserts text at the cursor, as if it were typed. */
void line_insert(struct line *line, const char *text, struct line_shown *shown);

/* Prompt, text and cursor, from the first column of an empty line on. */
void line_draw(const struct line *line, struct line_shown *shown);

#endif
