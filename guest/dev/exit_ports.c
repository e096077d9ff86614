/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug-exit and shutdown ports.  Touches only the struct exit_ports it is
 * given.
 */
#include "guest/dev/exit_ports.h"

#include "guest/dev/ports.h"

static const char exit_ports_word[] = "Shutdown";

#define EXIT_PORTS_WORD_LENGTH (sizeof(exit_ports_word) - 1)

void exit_ports_init(struct exit_ports *e)
{
	e->code = 0;
	e->matched = 0;
}

/* No letter but the first equals the first: a mismatch can only restart. */
static enum dev_action exit_ports_letter(struct exit_ports *e, uint8_t letter)
{
	if (letter != exit_ports_word[e->matched])
		e->matched = 0;
	if (letter == exit_ports_word[e->matched])
		e->matched++;
	if (e->matched < EXIT_PORTS_WORD_LENGTH)
		return DEV_ACTION_NONE;
	e->matched = 0;
	return DEV_ACTION_POWEROFF;
}

enum dev_action exit_ports_write(struct exit_ports *e, uint16_t port,
				 unsigned size, uint32_t value)
{
	if (port == PORTS_SHUTDOWN)
		return exit_ports_letter(e, value);
	if (port != PORTS_DEBUG_EXIT)
		return DEV_ACTION_NONE;
	e->code = size < 4 ? value & ((1u << 8 * size) - 1) : value;
	return DEV_ACTION_EXIT;
}
