/* SPDX-License-Identifier: BSD-2-Clause */
/* The line editor of the monitor; see line.h. */
#include "hv/monitor/line.h"

#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define CTRL(letter) ((letter) - 'A' + 1)
#define TAB	     '\t'
#define ESCAPE	     0x1b
#define DELETE	     0x7f
#define BELL	     "\a"

_Static_assert(LINE_SHOWN >
		       sizeof("\r" LINE_PROMPT "\x1b[K\x1b[159D") + LINE_WINDOW,
	       "a line is drawn at once");

/* Where in a key's sequence: ECMA-48 CSI, or SS3. */
enum escape {
	ESCAPE_NONE,
	ESCAPE_BEGUN, /* after ESC */
	ESCAPE_CSI,   /* after ESC [, perhaps with a number */
	ESCAPE_SS3,   /* after ESC O */
};

static void show(struct line_shown *shown, const char *text)
{
	size_t size = strlen(text);

	if (size > sizeof(shown->text) - shown->size)
		return;
	memcpy(shown->text + shown->size, text, size);
	shown->size += size;
}

/* The window moves as little as it can to have the cursor in it. */
static void scroll(struct line *line)
{
	if (line->cursor < line->scroll)
		line->scroll = line->cursor;
	if (line->cursor > line->scroll + LINE_WINDOW)
		line->scroll = line->cursor - LINE_WINDOW;
}

void line_draw(const struct line *line, struct line_shown *shown)
{
	unsigned size = line->length - line->scroll;
	char text[LINE_SHOWN];

	if (size > LINE_WINDOW)
		size = LINE_WINDOW;
	shown->size = 0;
	format(text, sizeof(text), LINE_PROMPT "%.*s", (int)size,
	       line->text + line->scroll);
	show(shown, text);
	if (line->cursor == line->scroll + size)
		return;
	format(text, sizeof(text), "\x1b[%uD",
	       line->scroll + size - line->cursor);
	show(shown, text);
}

static void redraw(struct line *line, struct line_shown *shown)
{
	struct line_shown drawn;

	scroll(line);
	line_draw(line, &drawn);
	shown->size = 0;
	show(shown, "\r\x1b[K");
	memcpy(shown->text + shown->size, drawn.text, drawn.size);
	shown->size += drawn.size;
}

/* ---- changes ---- */

static void set_text(struct line *line, const char *text)
{
	line->length = (unsigned)strlen(text);
	memcpy(line->text, text, line->length + 1);
	line->cursor = line->length;
	line->scroll = 0;
	line->too_long = false;
}

/* False: there is no room. */
static bool put(struct line *line, char c)
{
	char *at = line->text + line->cursor;

	if (line->length == sizeof(line->text) - 1)
		return false;
	memmove(at + 1, at, line->length - line->cursor + 1);
	*at = c;
	line->length++;
	line->cursor++;
	return true;
}

/* The characters from..to - 1 disappear. */
static void cut(struct line *line, unsigned from, unsigned to)
{
	memmove(line->text + from, line->text + to, line->length - to + 1);
	line->length -= to - from;
	line->cursor = from;
	line->too_long = false;
}

static unsigned word_begin(const struct line *line)
{
	unsigned at = line->cursor;

	while (at && line->text[at - 1] == ' ')
		at--;
	while (at && line->text[at - 1] != ' ')
		at--;
	return at;
}

static void type(struct line *line, char c, struct line_shown *shown)
{
	const char echo[] = {c, '\0'};
	bool at_end = line->cursor == line->length;

	if (!put(line, c)) {
		line->too_long = true;
		show(shown, BELL);
	} else if (at_end && line->cursor <= line->scroll + LINE_WINDOW) {
		show(shown, echo);
	} else {
		redraw(line, shown);
	}
}

void line_insert(struct line *line, const char *text, struct line_shown *shown)
{
	while (*text && put(line, *text))
		text++;
	redraw(line, shown);
}

/* ---- history ---- */

static void look_back(struct line *line, unsigned back,
		      struct line_shown *shown)
{
	if (back > line->count) {
		show(shown, BELL);
		return;
	}
	if (!line->back)
		memcpy(line->typed, line->text, line->length + 1);
	line->back = back;
	set_text(line, back ? line->history[back - 1] : line->typed);
	redraw(line, shown);
}

void line_next(struct line *line)
{
	bool same = line->count && !strcmp(line->text, line->history[0]);

	if (line->length && !same && !line->too_long) {
		memmove(line->history[1], line->history[0],
			sizeof(line->history) - sizeof(line->history[0]));
		memcpy(line->history[0], line->text, line->length + 1);
		if (line->count < LINE_HISTORY)
			line->count++;
	}
	line->back = 0;
	set_text(line, "");
}

/* ---- keys ---- */

static void move(struct line *line, unsigned to, struct line_shown *shown)
{
	if (to > line->length) {
		show(shown, BELL);
		return;
	}
	line->cursor = to;
	redraw(line, shown);
}

static void cut_and_show(struct line *line, unsigned from, unsigned to,
			 struct line_shown *shown)
{
	if (from >= to || to > line->length) {
		show(shown, BELL);
		return;
	}
	cut(line, from, to);
	redraw(line, shown);
}

/* Underflows become numbers that the callee refuses. */
static void control(struct line *line, uint8_t key, struct line_shown *shown)
{
	unsigned cursor = line->cursor;

	switch (key) {
	case CTRL('B'):
		move(line, cursor - 1, shown);
		break;
	case CTRL('F'):
		move(line, cursor + 1, shown);
		break;
	case CTRL('A'):
		move(line, 0, shown);
		break;
	case CTRL('E'):
		move(line, line->length, shown);
		break;
	case CTRL('H'):
	case DELETE:
		cut_and_show(line, cursor - 1, cursor, shown);
		break;
	case CTRL('D'):
		cut_and_show(line, cursor, cursor + 1, shown);
		break;
	case CTRL('W'):
		cut_and_show(line, word_begin(line), cursor, shown);
		break;
	case CTRL('U'):
		cut_and_show(line, 0, cursor, shown);
		break;
	case CTRL('K'):
		cut_and_show(line, cursor, line->length, shown);
		break;
	case CTRL('P'):
		look_back(line, line->back + 1, shown);
		break;
	case CTRL('N'):
		look_back(line, line->back - 1, shown);
		break;
	case CTRL('L'):
		redraw(line, shown);
		break;
	}
}

/* The control key that does the same, or 0. */
static uint8_t same_as(uint8_t final, unsigned number)
{
	static const uint8_t by_final[] = {
		['A'] = CTRL('P'), ['B'] = CTRL('N'), ['C'] = CTRL('F'),
		['D'] = CTRL('B'), ['F'] = CTRL('E'), ['H'] = CTRL('A'),
	};
	static const uint8_t by_number[] = {
		[1] = CTRL('A'), [3] = CTRL('D'), [4] = CTRL('E'),
		[7] = CTRL('A'), [8] = CTRL('E'),
	};

	if (final == '~')
		return number < sizeof(by_number) ? by_number[number] : 0;
	return final < sizeof(by_final) ? by_final[final] : 0;
}

static void escape(struct line *line, uint8_t byte, struct line_shown *shown)
{
	if (line->escape == ESCAPE_BEGUN) {
		line->number = 0;
		line->escape = byte == '['   ? ESCAPE_CSI
			       : byte == 'O' ? ESCAPE_SS3
					     : ESCAPE_NONE;
		return;
	}
	if (line->escape == ESCAPE_CSI && byte >= '0' && byte <= '9') {
		if (line->number < 10) /* else it is no key that is known */
			line->number =
				(uint8_t)(line->number * 10 + byte - '0');
		return;
	}
	/* Further parameters (a Shift, say) and what belongs to them. */
	if (line->escape == ESCAPE_CSI && byte >= ' ' && byte < '@') {
		line->number = 0;
		return;
	}
	line->escape = ESCAPE_NONE;
	control(line, same_as(byte, line->number), shown);
}

static enum line_event enter(struct line *line, struct line_shown *shown)
{
	show(shown, "\r\n");
	return line->too_long ? LINE_TOO_LONG : LINE_ENTERED;
}

enum line_event line_feed(struct line *line, uint8_t byte,
			  struct line_shown *shown)
{
	bool after_cr = line->after_cr;

	shown->size = 0;
	line->after_cr = byte == '\r';
	if (byte == '\r' || byte == '\n') {
		line->escape = ESCAPE_NONE;
		return byte == '\n' && after_cr ? LINE_NONE
						: enter(line, shown);
	}
	if (byte == CTRL('C')) {
		line->escape = ESCAPE_NONE;
		line->back = 0;
		set_text(line, "");
		show(shown, "^C\r\n");
		return LINE_BREAK;
	}
	if (byte == ESCAPE)
		line->escape = ESCAPE_BEGUN;
	else if (line->escape)
		escape(line, byte, shown);
	else if (byte == TAB)
		return LINE_TAB;
	else if (byte >= ' ' && byte < DELETE)
		type(line, (char)byte, shown);
	else
		control(line, byte, shown);
	return LINE_NONE;
}
