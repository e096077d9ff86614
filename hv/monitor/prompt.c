/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's conversation on the serial line: a prompt, a line that is typed,
 * a command's output, which goes out as the line takes it; see monitor.h.
 */
#include "hv/console/console.h"
#include "hv/lib/string.h"
#include "hv/monitor/complete.h"
#include "hv/monitor/line.h"
#include "hv/monitor/monitor.h"
#include "hv/vm.h"

/* What is sent at once, if it has so many lines. */
#define PORTION 2048

static char output[MONITOR_TEXT_SIZE];

static struct {
	struct line line;
	struct monitor monitor;
	size_t sent;  /* of the output */
	bool running; /* a command's output is not all sent */
	bool drawn;   /* the prompt is on the screen, or will be again */
} prompt = {
	.monitor = {.text = {.buffer = output, .size = sizeof(output)}},
};

static void draw(const void *echo, size_t echo_size)
{
	struct line_shown drawn;

	line_draw(&prompt.line, &drawn);
	console_edit(echo, echo_size, drawn.text, drawn.size);
	prompt.drawn = true;
}

/* ---- a command's output ---- */

/* How much of size bytes goes out at once: whole lines. */
static size_t portion(const char *text, size_t size)
{
	size_t end = PORTION;

	if (size <= PORTION)
		return size;
	while (end && text[end - 1] != '\n')
		end--;
	return end ? end : PORTION;
}

/* False: the line has no room now, console_serve() is called when it has. */
static bool send(struct monitor *m)
{
	while (prompt.sent < m->text.used) {
		const char *text = m->text.buffer + prompt.sent;
		size_t size = portion(text, m->text.used - prompt.sent);

		if (console_text_room() < size)
			return false;
		console_text(text, size);
		prompt.sent += size;
	}
	prompt.sent = 0;
	m->text.used = 0;
	return true;
}

static void stop(struct monitor *m)
{
	m->more = NULL;
	m->text.used = 0;
	prompt.sent = 0;
}

/* Guests of this CPU run on between the pieces. */
static void go_on(struct monitor *m)
{
	if (console_broken())
		stop(m);
	if (!send(m))
		return;
	if (m->more) {
		if (!m->more(m))
			m->more = NULL;
		console_keyboard_attention();
		return;
	}
	prompt.running = false;
	draw("", 0);
}

/* ---- what was typed ---- */

static void enter(const char *line)
{
	prompt.running = true;
	console_broken(); /* that was for what came before */
	monitor_run(&prompt.monitor, line);
	line_next(&prompt.line);
	go_on(&prompt.monitor);
}

static void refuse(void)
{
	prompt.running = true;
	monitor_print(&prompt.monitor,
		      "the line is too long, %d characters at most\n",
		      WORDS_LINE_SIZE - 1);
	line_next(&prompt.line);
	go_on(&prompt.monitor);
}

/* The names that the word may become: commands first and after help, else VMs. */
static struct complete names_for(const char *word, size_t size, bool list)
{
	const char *text = prompt.line.text;
	struct complete found = {0};
	bool commands;

	while (*text == ' ')
		text++;
	commands = text == word || !strncmp(text, "help ", 5);
	for (unsigned i = 0;; i++) {
		const char *name = NULL;
		unsigned before = found.count;

		if (commands && monitor_command(i))
			name = monitor_command(i)->name;
		if (!commands && i < vms_count())
			name = vm_of(i)->config->name;
		if (!name)
			break;
		complete_add(&found, word, size, name);
		if (list && found.count > before)
			monitor_print(&prompt.monitor, "  %s", name);
	}
	return found;
}

static void insert(const char *text, size_t size)
{
	char part[WORDS_LINE_SIZE];
	struct line_shown shown = {0};

	if (size >= sizeof(part))
		return;
	memcpy(part, text, size);
	part[size] = '\0';
	line_insert(&prompt.line, part, &shown);
	draw(shown.text, shown.size);
}

static void complete(void)
{
	const struct line *line = &prompt.line;
	const char *word = line->text + line->cursor;
	struct complete found;
	size_t size;

	while (word > line->text && word[-1] != ' ')
		word--;
	size = (size_t)(line->text + line->cursor - word);
	found = names_for(word, size, false);
	if (!found.count) {
		draw("\a", 1);
	} else if (found.common > size) {
		insert(found.name + size, found.common - size);
		if (found.count == 1)
			insert(" ", 1);
	} else if (found.count > 1) {
		names_for(word, size, true);
		monitor_print(&prompt.monitor, "\n");
		send(&prompt.monitor);
	} else {
		insert(" ", 1);
	}
}

static void feed(uint8_t byte)
{
	struct line_shown shown;
	enum line_event event = line_feed(&prompt.line, byte, &shown);

	if (event == LINE_NONE) {
		draw(shown.text, shown.size);
		return;
	}
	if (event == LINE_TAB) {
		complete();
		return;
	}
	console_edit(shown.text, shown.size, "", 0);
	if (event == LINE_ENTERED)
		enter(prompt.line.text);
	else if (event == LINE_TOO_LONG)
		refuse();
	else
		draw("", 0);
}

void monitor_poll(void)
{
	uint8_t byte;

	if (console_keyboard() != CONSOLE_MUX_MONITOR) {
		prompt.drawn = false;
		return;
	}
	if (prompt.running)
		go_on(&prompt.monitor);
	else if (!prompt.drawn)
		draw("", 0);
	while (!prompt.running && console_typed(CONSOLE_MUX_MONITOR, &byte))
		feed(byte);
}
