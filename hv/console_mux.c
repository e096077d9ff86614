/* SPDX-License-Identifier: BSD-2-Clause */
/* How the log and the VMs' consoles share one line; see console_mux.h. */
#include "hv/console_mux.h"

#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define RING_MASK (CONSOLE_MUX_RING_SIZE - 1)

_Static_assert(!(CONSOLE_MUX_RING_SIZE & RING_MASK), "a power of two");

void console_mux_init(struct console_mux *mux)
{
	mux->open = CONSOLE_MUX_NOBODY;
}

void console_mux_add(struct console_mux *mux, uint32_t vm, const char *name)
{
	mux->vm[vm].name = name;
	mux->vm_count++;
}

uint32_t console_mux_used(const struct console_mux *mux)
{
	return __atomic_load_n(&mux->head, __ATOMIC_ACQUIRE) -
	       __atomic_load_n(&mux->tail, __ATOMIC_ACQUIRE);
}

static uint32_t left(const struct console_mux *mux)
{
	return CONSOLE_MUX_RING_SIZE - console_mux_used(mux);
}

/* The caller has seen that there is room. */
static void put(struct console_mux *mux, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;
	uint32_t head = mux->head;

	for (size_t i = 0; i < size; i++)
		mux->ring[head++ & RING_MASK] = from[i];
	__atomic_store_n(&mux->head, head, __ATOMIC_RELEASE);
}

static void put_text(struct console_mux *mux, const char *text)
{
	put(mux, text, strlen(text));
}

/* What comes next begins on a fresh line. */
static void finish_line(struct console_mux *mux)
{
	if (mux->open != CONSOLE_MUX_NOBODY)
		put_text(mux, "\r\n");
	mux->open = CONSOLE_MUX_NOBODY;
}

static void say_what_was_lost(struct console_mux *mux)
{
	char text[64];

	format(text, sizeof(text), "[apical] %u log lines lost\r\n", mux->lost);
	put_text(mux, text);
	mux->lost = 0;
}

void console_mux_log(struct console_mux *mux, const char *text, size_t size)
{
	const size_t around = 80; /* line ends, and what was lost */

	if (left(mux) < size + around) {
		mux->lost++;
		return;
	}
	finish_line(mux);
	if (mux->lost)
		say_what_was_lost(mux);
	put(mux, text, size);
	put_text(mux, "\r\n");
}

bool console_mux_room(const struct console_mux *mux)
{
	return console_mux_used(mux) < CONSOLE_MUX_RING_SIZE / 2;
}

/* Only VM on the line: as it comes. */
static void pass(struct console_mux *mux, uint32_t vm, uint8_t byte)
{
	put(mux, &byte, 1);
	mux->open = byte == '\n' ? CONSOLE_MUX_NOBODY : vm;
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
}

bool console_mux_show(struct console_mux *mux, uint32_t vm)
{
	if (!mux->vm[vm].held)
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
	finish_line(mux);
}

void console_mux_guest(struct console_mux *mux, uint32_t vm, uint8_t byte)
{
	struct console_mux_vm *v = &mux->vm[vm];

	if (!v->name)
		return;
	if (mux->vm_count == 1) {
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
		console_mux_show(mux, vm);
}

void console_mux_end(struct console_mux *mux, uint32_t vm)
{
	console_mux_show(mux, vm);
	if (mux->open == vm)
		finish_line(mux);
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
