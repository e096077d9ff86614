/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the console's sharing have in common: a line with up to three
 * VMs, and what comes out of it. */
#ifndef TOOLS_TEST_UNIT_TEST_CONSOLE_H
#define TOOLS_TEST_UNIT_TEST_CONSOLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hv/console/console_mux.h"

static struct console_mux mux;
static char out[CONSOLE_MUX_RING_SIZE + 1];

static inline void setup(unsigned vms)
{
	static const char *const name[] = {"a", "longer", "c"};

	memset(&mux, 0, sizeof(mux));
	console_mux_init(&mux);
	for (unsigned i = 0; i < vms; i++)
		console_mux_add(&mux, i, name[i]);
}

static inline void guest(uint32_t vm, const char *text)
{
	for (; *text; text++) {
		assert_true(console_mux_room(&mux));
		console_mux_guest(&mux, vm, (uint8_t)*text);
	}
}

static inline void log_text(const char *text)
{
	console_mux_log(&mux, text, strlen(text));
}

static inline const char *taken(void)
{
	size_t n = 0;
	uint8_t byte;

	while (console_mux_take(&mux, &byte))
		out[n++] = (char)byte;
	out[n] = 0;
	return out;
}

#endif
