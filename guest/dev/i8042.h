/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A keyboard controller at ports 60H and 64H with nothing plugged in: it
 * passes its self-test, gates A20 without effect, pulses the reset line, and
 * never interrupts.  Pure.  The caller holds the VM's device lock.
 */
#ifndef GUEST_DEV_I8042_H
#define GUEST_DEV_I8042_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/dev/dev_action.h"

struct i8042 {
	uint8_t command;      /* whose parameter is due at 60H; 0: none */
	uint8_t command_byte; /* the controller's RAM byte 0 */
	uint8_t output_port;
	uint8_t answer;
	bool has_answer;
};

void i8042_init(struct i8042 *k);

/* Ports 60H and 64H; others read all ones, ignore writes. */
uint8_t i8042_read(struct i8042 *k, uint16_t port);

/* Returns DEV_ACTION_RESET when the write pulls the reset line. */
enum dev_action i8042_write(struct i8042 *k, uint16_t port, uint8_t value);

#endif
