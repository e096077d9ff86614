/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two ports by which a test guest ends its VM: the debug-exit port F4H, and
 * 8900H, to which it sends the word "Shutdown" byte by byte.  Pure.  The caller
 * holds the VM's device lock and offers only the ports that the VM's
 * configuration asks for.
 */
#ifndef GUEST_DEV_EXIT_PORTS_H
#define GUEST_DEV_EXIT_PORTS_H

#include <stdint.h>

#include "guest/dev/dev_action.h"

struct exit_ports {
	uint32_t code;	  /* what was written to F4H, with DEV_ACTION_EXIT */
	unsigned matched; /* letters of "Shutdown" seen so far */
};

void exit_ports_init(struct exit_ports *e);

/*
 * A write of 1, 2 or 4 bytes to PORTS_DEBUG_EXIT or PORTS_SHUTDOWN; other ports
 * are ignored.  Returns DEV_ACTION_EXIT (the code is in e->code),
 * DEV_ACTION_POWEROFF after the last letter, else DEV_ACTION_NONE.
 */
enum dev_action exit_ports_write(struct exit_ports *e, uint16_t port,
				 unsigned size, uint32_t value);

#endif
