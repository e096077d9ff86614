/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ports by which a PC is reset, without the keyboard controller: the reset
 * register CF9H and system control port A, 92H.  Pure.  The caller holds the
 * VM's device lock.
 */
#ifndef GUEST_DEV_RESET_PORTS_H
#define GUEST_DEV_RESET_PORTS_H

#include <stdint.h>

#include "guest/dev/dev_action.h"

struct reset_ports {
	uint8_t control;  /* CF9H */
	uint8_t system_a; /* 92H */
};

void reset_ports_init(struct reset_ports *r);

/* PORTS_RESET or PORTS_SYSTEM_A; others read all ones, ignore writes. */
uint8_t reset_ports_read(const struct reset_ports *r, uint16_t port);

/* Returns DEV_ACTION_RESET when the write asks for it. */
enum dev_action reset_ports_write(struct reset_ports *r, uint16_t port,
				  uint8_t value);

#endif
