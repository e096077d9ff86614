/* SPDX-License-Identifier: BSD-2-Clause */
/* How all that is to be seen shares one line; see console_mux.h. */
#include "hv/console/console_mux.h"

#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define RING_MASK (CONSOLE_MUX_RING_SIZE - 1)
/* Of the ring, what the monitor and the debugger leave to the log. */
#define LOG_SHARE (CONSOLE_MUX_RING_SIZE / 4)
#define ERASE	  "\r\x1b[K"

_Static_assert(!(CONSOLE_MUX_RING_SIZE & RING_MASK), "a power of two");

void console_mux_init(struct console_mux *mux)
{
	mux->open = CONSOLE_MUX_NOBODY;
	mux->keyboard = CONSOLE_MUX_NOBODY;
}

void console_mux_add(struct console_mux *mux, uint32_t vm, const char *name)
{
	mux->vm[vm].name = name;
	mux->vm_count++;
}

bool console_mux_is_on(const struct console_mux *mux, uint32_t vm)
{
	return vm < CONSOLE_MUX_VMS && mux->vm[vm].name;
}

/* ---- the ring ---- */

uint32_t console_mux_used(const struct console_mux *mux)
{
	return __atomic_load_n(&mux->head, __ATOMIC_ACQUIRE) -
	       __atomic_load_n(&mux->tail, __ATOMIC_ACQUIRE);
}

/* But for log lines that wait. */
static uint32_t left(const struct console_mux *mux)
{
	return CONSOLE_MUX_RING_SIZE - console_mux_used(mux) -
	       mux->waiting_size;
}

/* The caller has seen that there is room, but for the few bytes around a change
 * of the keyboard: on a line that is dead they may find none. */
static void put(struct console_mux *mux, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;
	uint32_t head = mux->head;
	uint32_t room = CONSOLE_MUX_RING_SIZE - console_mux_used(mux);

	for (size_t i = 0; i < size && i < room; i++)
		mux->ring[head++ & RING_MASK] = from[i];
	__atomic_store_n(&mux->head, head, __ATOMIC_RELEASE);
}

static void put_text(struct console_mux *mux, const char *text)
{
	put(mux, text, strlen(text));
}

bool console_mux_take(struct console_mux *mux, uint8_t *byte)
{
	uint32_t tail = mux->tail;

	if (tail == __atomic_load_n(&mux->head, __ATOMIC_ACQUIRE))
		return false;
	*byte = mux->ring[tail & RING_MASK];
	__atomic_store_n(&mux->tail, tail + 1, __ATOMIC_RELEASE);
	return true;
}

/* ---- where lines begin and end ---- */

static bool is_prompt_shown(const struct console_mux *mux)
{
	return mux->open == CONSOLE_MUX_MONITOR && mux->prompt_size;
}

/* What comes next begins on a fresh line. */
static void finish_line(struct console_mux *mux)
{
	if (is_prompt_shown(mux))
		put_text(mux, ERASE);
	else if (mux->open != CONSOLE_MUX_NOBODY)
		put_text(mux, "\r\n");
	mux->open = CONSOLE_MUX_NOBODY;
}

/* A line is over: what waited for that follows, and the prompt. */
static void go_on(struct console_mux *mux)
{
	if (mux->open != CONSOLE_MUX_NOBODY)
		return;
	put(mux, mux->waiting, mux->waiting_size);
	mux->waiting_size = 0;
	if (!mux->prompt_size)
		return;
	put(mux, mux->prompt, mux->prompt_size);
	mux->open = CONSOLE_MUX_MONITOR;
}

/* ---- the log ---- */

static void say_what_was_lost(struct console_mux *mux)
{
	char text[64];

	format(text, sizeof(text), "[apical] %u log lines lost\r\n", mux->lost);
	put_text(mux, text);
	mux->lost = 0;
}

/* False: no room. */
static bool wait_for_line(struct console_mux *mux, const char *text,
			  size_t size)
{
	char *to = mux->waiting + mux->waiting_size;

	if (size + 2 > sizeof(mux->waiting) - mux->waiting_size)
		return false;
	memcpy(to, text, size);
	memcpy(to + size, "\r\n", 2);
	mux->waiting_size += (uint32_t)size + 2;
	return true;
}

void console_mux_log(struct console_mux *mux, const char *text, size_t size)
{
	bool in_line = mux->open < CONSOLE_MUX_VMS;

	if (mux->keyboard == CONSOLE_MUX_DEBUGGER) {
		mux->unshown_lines++;
		return;
	}
	if (left(mux) < size + CONSOLE_MUX_AROUND) {
		mux->lost++;
		return;
	}
	if (mux->patient && in_line && wait_for_line(mux, text, size))
		return;
	console_mux_hurry(mux);
	finish_line(mux);
	if (mux->lost)
		say_what_was_lost(mux);
	put(mux, text, size);
	put_text(mux, "\r\n");
	go_on(mux);
}

void console_mux_hurry(struct console_mux *mux)
{
	if (!mux->waiting_size)
		return;
	finish_line(mux);
	go_on(mux);
}

/* ---- guests ---- */

bool console_mux_room(const struct console_mux *mux)
{
	return console_mux_used(mux) < CONSOLE_MUX_RING_SIZE / 2;
}

/* Whole lines with their origin, in place of bytes as they come. */
static bool are_marked(const struct console_mux *mux)
{
	return mux->vm_count > 1 || mux->keyboard == CONSOLE_MUX_MONITOR;
}

/* Only VM on the line: as it comes. */
static void pass(struct console_mux *mux, uint32_t vm, uint8_t byte)
{
	if (mux->open != vm)
		finish_line(mux);
	put(mux, &byte, 1);
	mux->open = byte == '\n' ? CONSOLE_MUX_NOBODY : vm;
	go_on(mux);
}

/* What is held of vm's line goes out, behind its beginning. */
static void put_held(struct console_mux *mux, uint32_t vm)
{
	struct console_mux_vm *v = &mux->vm[vm];

	if (mux->open != vm) {
		finish_line(mux);
		put_text(mux, "[");
		put_text(mux, v->name);
		put_text(mux, "] ");
	}
	put(mux, v->line, v->held);
	v->held = 0;
	mux->open = vm;
	/* The prompt does not wait for the rest of the line. */
	if (mux->keyboard == CONSOLE_MUX_MONITOR) {
		finish_line(mux);
		go_on(mux);
	}
}

bool console_mux_show(struct console_mux *mux, uint32_t vm)
{
	if (!mux->vm[vm].held || mux->keyboard == CONSOLE_MUX_MONITOR)
		return false;
	put_held(mux, vm);
	return true;
}

/* vm's line ends here; a CR of its own is as good as ours. */
static void end_line(struct console_mux *mux, uint32_t vm)
{
	struct console_mux_vm *v = &mux->vm[vm];

	if (v->held && v->line[v->held - 1] == '\r')
		v->held--;
	put_held(mux, vm);
	if (mux->open == vm)
		finish_line(mux);
	go_on(mux);
}

static void put_guest(struct console_mux *mux, uint32_t vm, uint8_t byte)
{
	struct console_mux_vm *v = &mux->vm[vm];

	if (!are_marked(mux)) {
		pass(mux, vm, byte);
		return;
	}
	if (byte == '\n') {
		end_line(mux, vm);
		return;
	}
	v->line[v->held++] = byte;
	/* An unfinished line that is on the screen goes on there. */
	if (v->held == CONSOLE_MUX_LINE_SIZE || mux->open == vm)
		put_held(mux, vm);
}

/*
 * Only the log says "[apical]": whoever reads the line, a program too, must be
 * able to tell.  True when the byte would complete it; *matched is how much of
 * it came before.
 */
static bool is_like_ours(uint32_t *matched, uint8_t byte)
{
	static const char ours[] = "[apical]";

	if (byte != (uint8_t)ours[*matched]) {
		*matched = byte == '[';
		return false;
	}
	if (++*matched < sizeof(ours) - 1)
		return false;
	*matched = 0;
	return true;
}

void console_mux_guest(struct console_mux *mux, uint32_t vm, uint8_t byte)
{
	if (!mux->vm[vm].name)
		return;
	if (mux->keyboard == CONSOLE_MUX_DEBUGGER) {
		mux->unshown_bytes++;
		return;
	}
	if (is_like_ours(&mux->vm[vm].like_ours, byte))
		put_guest(mux, vm, '?');
	put_guest(mux, vm, byte);
}

void console_mux_end(struct console_mux *mux, uint32_t vm)
{
	if (mux->vm[vm].held)
		put_held(mux, vm);
	if (mux->open == vm)
		finish_line(mux);
	go_on(mux);
}

/* ---- the monitor, the debugger and the keyboard ---- */

static void say_what_was_unshown(struct console_mux *mux)
{
	char text[128];

	if (!mux->unshown_lines && !mux->unshown_bytes)
		return;
	format(text, sizeof(text),
	       "[apical] not shown while the debugger had the line: %u log "
	       "lines, %u bytes of VMs\r\n",
	       mux->unshown_lines, mux->unshown_bytes);
	put_text(mux, text);
	mux->unshown_lines = 0;
	mux->unshown_bytes = 0;
}

/* What VMs have begun to say is not held any longer. */
static void show_all(struct console_mux *mux)
{
	for (uint32_t vm = 0; vm < CONSOLE_MUX_VMS; vm++)
		if (mux->vm[vm].held)
			put_held(mux, vm);
}

void console_mux_give(struct console_mux *mux, uint32_t to)
{
	uint32_t from = mux->keyboard;

	if (is_prompt_shown(mux))
		finish_line(mux);
	mux->prompt_size = 0;
	mux->keyboard = to;
	if (to != CONSOLE_MUX_MONITOR)
		show_all(mux);
	if (to == CONSOLE_MUX_DEBUGGER) {
		finish_line(mux);
		go_on(mux);
	}
	if (from == CONSOLE_MUX_DEBUGGER) {
		put_text(mux, "\r\n");
		say_what_was_unshown(mux);
	}
}

uint32_t console_mux_text_room(const struct console_mux *mux)
{
	uint32_t room = left(mux);

	/* Line ends and marks make text longer, twice at the most. */
	return room < LOG_SHARE ? 0 : (room - LOG_SHARE) / 2;
}

void console_mux_text(struct console_mux *mux, const char *text, size_t size)
{
	if (mux->open != CONSOLE_MUX_MONITOR || mux->prompt_size)
		finish_line(mux);
	for (size_t i = 0; i < size; i++) {
		if (is_like_ours(&mux->like_ours, (uint8_t)text[i]))
			put(mux, "?", 1);
		if (text[i] == '\n')
			put(mux, "\r", 1);
		put(mux, &text[i], 1);
		mux->open = text[i] == '\n' ? CONSOLE_MUX_NOBODY
					    : CONSOLE_MUX_MONITOR;
	}
	/* The prompt does not wait for the rest of a line. */
	if (is_prompt_shown(mux)) {
		put_text(mux, "\r\n");
		mux->open = CONSOLE_MUX_NOBODY;
	}
	go_on(mux);
}

void console_mux_packet(struct console_mux *mux, const void *bytes, size_t size)
{
	put(mux, bytes, size);
}

void console_mux_edit(struct console_mux *mux, const void *echo,
		      size_t echo_size, const void *prompt, size_t prompt_size)
{
	bool shown = is_prompt_shown(mux);

	if (mux->keyboard != CONSOLE_MUX_MONITOR ||
	    prompt_size > sizeof(mux->prompt) ||
	    left(mux) < echo_size + CONSOLE_MUX_AROUND)
		return;
	if (shown)
		put(mux, echo, echo_size);
	else
		finish_line(mux);
	memcpy(mux->prompt, prompt, prompt_size);
	mux->prompt_size = (uint32_t)prompt_size;
	if (!prompt_size)
		mux->open = CONSOLE_MUX_NOBODY;
	go_on(mux);
}
