/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Anything that guests write, is logged, is typed or said, in any order: the ring
 * never overflows, and "[apical]" comes from nobody but the log.  The log's own
 * lines begin with "[LOG]" here, so that the two can be told apart.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hv/console/console_keys.h"
#include "hv/console/console_mux.h"

static struct console_mux mux;
static struct console_keys keys;

static void must(bool good)
{
	if (!good)
		abort();
}

/* What may follow "[apical] " all the same: the mux's own two lines. */
static bool is_from_mux(const char *text)
{
	return (*text >= '1' && *text <= '9') ||
	       !strncmp(text, "not shown while", 15);
}

static void drain(void)
{
	static char out[CONSOLE_MUX_RING_SIZE + 1];
	const char *at = out;
	size_t size = 0;
	uint8_t byte;

	/* To the end of a line, if there is one: no text is cut in two. */
	while (console_mux_take(&mux, &byte))
		out[size++] = byte ? (char)byte : '0';
	out[size] = '\0';
	while ((at = strstr(at, "[apical]"))) {
		at += strlen("[apical]");
		must(*at == ' ' && is_from_mux(at + 1));
	}
}

static void edit(uint8_t byte)
{
	uint8_t prompt[CONSOLE_MUX_PROMPT_SIZE + 8];

	memset(prompt, 'p', sizeof(prompt));
	console_mux_edit(&mux, "e", 1, prompt, byte % sizeof(prompt));
}

static void type(uint8_t byte)
{
	uint32_t vm = 0;
	enum console_key key = console_keys_feed(
		&keys, byte, mux.keyboard == CONSOLE_MUX_DEBUGGER, &vm);

	if (key == CONSOLE_KEY_MONITOR)
		console_mux_give(&mux, CONSOLE_MUX_MONITOR);
	if (key == CONSOLE_KEY_DEBUGGER)
		console_mux_give(&mux, CONSOLE_MUX_DEBUGGER);
	if (key == CONSOLE_KEY_VM && console_mux_is_on(&mux, vm))
		console_mux_give(&mux, vm);
	must(key != CONSOLE_KEY_VM || vm < 10);
}

static void say(const uint8_t *data, size_t size)
{
	if (size <= console_mux_text_room(&mux))
		console_mux_text(&mux, (const char *)data, size);
}

static void guest(uint32_t vm, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size && console_mux_room(&mux); i++)
		console_mux_guest(&mux, vm, data[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 1;

	if (!size)
		return 0;
	memset(&mux, 0, sizeof(mux));
	memset(&keys, 0, sizeof(keys));
	console_mux_init(&mux);
	console_mux_add(&mux, 0, "a");
	if (data[0] & 1)
		console_mux_add(&mux, 1, "b");
	mux.patient = data[0] & 2;
	while (at + 2 <= size) {
		uint8_t what = data[at] & 15, n = data[at + 1];
		const uint8_t *from = data + at + 2;
		size_t left = size - at - 2;

		left = n < left ? n : left;
		at += 2;
		if (what < 6)
			guest(what & 1, from, left);
		else if (what < 8)
			console_mux_log(&mux, "[LOG] line", 10);
		else if (what == 8)
			type(n);
		else if (what == 9)
			say(from, left);
		else if (what == 10)
			edit(n);
		else if (what == 11)
			console_mux_show(&mux, n & 1);
		else if (what == 12)
			console_mux_end(&mux, n & 1);
		else if (what == 13)
			console_mux_hurry(&mux);
		else if (what == 14)
			drain();
		if (what < 6 || what == 9)
			at += left;
		must(console_mux_used(&mux) <= CONSOLE_MUX_RING_SIZE);
	}
	drain();
	return 0;
}
