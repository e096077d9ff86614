/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The controller's own commands; bytes for a keyboard or mouse get no answer.
 * Touches only the struct i8042 it is given.
 * Source: IBM PS/2 technical reference, "Keyboard and Auxiliary Device
 * Controller".
 */
#include "guest/dev/i8042.h"

#include "guest/dev/ports.h"
#include "hv/lib/string.h"

enum {
	I8042_READ_COMMAND_BYTE = 0x20,
	I8042_WRITE_COMMAND_BYTE = 0x60,
	I8042_DISABLE_AUX = 0xa7,
	I8042_ENABLE_AUX = 0xa8,
	I8042_TEST_AUX = 0xa9,
	I8042_SELF_TEST = 0xaa,
	I8042_TEST_KEYBOARD = 0xab,
	I8042_DISABLE_KEYBOARD = 0xad,
	I8042_ENABLE_KEYBOARD = 0xae,
	I8042_READ_INPUT_PORT = 0xc0,
	I8042_READ_OUTPUT_PORT = 0xd0,
	I8042_WRITE_OUTPUT_PORT = 0xd1,
	I8042_WRITE_OUTPUT_BUFFER = 0xd2,
	I8042_WRITE_AUX_BUFFER = 0xd3,
	I8042_WRITE_AUX = 0xd4,
	I8042_PULSE = 0xf0, /* bits 3:0: output lines not to pulse */
};

#define I8042_STATUS_OBF	 0x01
#define I8042_STATUS_SYSTEM	 0x04 /* as bit 2 of the command byte */
#define I8042_STATUS_NOT_LOCKED	 0x10
#define I8042_DISABLE_KEYBOARD_B 0x10
#define I8042_DISABLE_AUX_B	 0x20
#define I8042_LINE_RESET	 0x01 /* of the output port, active low */
#define I8042_LINE_A20		 0x02
#define I8042_SELF_TEST_PASSED	 0x55
#define I8042_INTERFACE_GOOD	 0x00
#define I8042_INPUT_NOT_LOCKED	 0x80

void i8042_init(struct i8042 *k)
{
	memset(k, 0, sizeof(*k));
	k->output_port = I8042_LINE_RESET | I8042_LINE_A20;
}

uint8_t i8042_read(struct i8042 *k, uint16_t port)
{
	if (port == PORTS_I8042_COMMAND) {
		return I8042_STATUS_NOT_LOCKED |
		       (k->command_byte & I8042_STATUS_SYSTEM) |
		       (k->has_answer ? I8042_STATUS_OBF : 0);
	}
	if (port != PORTS_I8042_DATA)
		return 0xff;
	k->has_answer = false;
	return k->answer;
}

static void i8042_answer(struct i8042 *k, uint8_t answer)
{
	k->answer = answer;
	k->has_answer = true;
}

static void i8042_command(struct i8042 *k, uint8_t command)
{
	k->command = 0;
	switch (command) {
	case I8042_READ_COMMAND_BYTE:
		i8042_answer(k, k->command_byte);
		break;
	case I8042_DISABLE_AUX:
		k->command_byte |= I8042_DISABLE_AUX_B;
		break;
	case I8042_ENABLE_AUX:
		k->command_byte &= ~I8042_DISABLE_AUX_B;
		break;
	case I8042_DISABLE_KEYBOARD:
		k->command_byte |= I8042_DISABLE_KEYBOARD_B;
		break;
	case I8042_ENABLE_KEYBOARD:
		k->command_byte &= ~I8042_DISABLE_KEYBOARD_B;
		break;
	case I8042_SELF_TEST:
		k->command_byte |= I8042_STATUS_SYSTEM;
		i8042_answer(k, I8042_SELF_TEST_PASSED);
		break;
	case I8042_TEST_AUX:
	case I8042_TEST_KEYBOARD:
		i8042_answer(k, I8042_INTERFACE_GOOD);
		break;
	case I8042_READ_INPUT_PORT:
		i8042_answer(k, I8042_INPUT_NOT_LOCKED);
		break;
	case I8042_READ_OUTPUT_PORT:
		i8042_answer(k, k->output_port);
		break;
	case I8042_WRITE_COMMAND_BYTE:
	case I8042_WRITE_OUTPUT_PORT:
	case I8042_WRITE_OUTPUT_BUFFER:
	case I8042_WRITE_AUX_BUFFER:
	case I8042_WRITE_AUX:
		k->command = command;
		break;
	default:
		break;
	}
}

static enum dev_action i8042_parameter(struct i8042 *k, uint8_t value)
{
	uint8_t command = k->command;

	k->command = 0;
	switch (command) {
	case I8042_WRITE_COMMAND_BYTE:
		k->command_byte = value;
		break;
	case I8042_WRITE_OUTPUT_PORT:
		k->output_port = value | I8042_LINE_RESET;
		if (!(value & I8042_LINE_RESET))
			return DEV_ACTION_RESET;
		break;
	case I8042_WRITE_OUTPUT_BUFFER:
	case I8042_WRITE_AUX_BUFFER:
		i8042_answer(k, value);
		break;
	default: /* for a keyboard or mouse that is not there */
		break;
	}
	return DEV_ACTION_NONE;
}

enum dev_action i8042_write(struct i8042 *k, uint16_t port, uint8_t value)
{
	if (port == PORTS_I8042_DATA)
		return i8042_parameter(k, value);
	if (port != PORTS_I8042_COMMAND)
		return DEV_ACTION_NONE;
	if (value >= I8042_PULSE)
		return value & I8042_LINE_RESET ? DEV_ACTION_NONE
						: DEV_ACTION_RESET;
	i8042_command(k, value);
	return DEV_ACTION_NONE;
}
