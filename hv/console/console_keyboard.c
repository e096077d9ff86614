/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who has the serial line's keyboard, and what happens to what is typed.  CPU 0
 * only; see console.h and console_keys.h.
 */
#include "hv/console/console.h"
#include "hv/console/console_keys.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"
#include "hv/monitor/monitor.h"
#include "hv/percpu.h"
#include "hv/vm.h"

/* What was typed and not taken; a debugger's packet fits. */
#define QUEUE_SIZE 8192
#define BREAK	   0x03 /* Ctrl-C */

static struct {
	struct console_keys keys;
	bool operator;	     /* c, g and x may be typed */
	uint32_t vm;	     /* the VM that has the keyboard, or had it last */
	uint32_t before;     /* who had it before the debugger */
	bool attention;	     /* console_serve() has something to do */
	bool broken;	     /* Ctrl-C for the monitor */
	bool ending;	     /* the end of the run was asked for */
	uint32_t head, tail; /* of queue, count up */
	uint8_t queue[QUEUE_SIZE];
} keyboard;

void console_keyboard_init(uint32_t vm, bool monitor)
{
	keyboard.operator= monitor;
	keyboard.vm = vm;
	keyboard.before = vm;
	if (vm == CONSOLE_MUX_NOBODY && monitor)
		keyboard.before = CONSOLE_MUX_MONITOR;
	console_give(keyboard.before);
	console_keyboard_attention();
}

void console_keyboard_attention(void)
{
	struct vcpu *v = percpu()->vcpu;

	keyboard.attention = true;
	if (v)
		vcpu_request(v, VCPU_REQUEST_CONSOLE);
}

static void say(const char *text)
{
	console_log(text, strlen(text));
}

/* Nobody else says so. */
static void announce(uint32_t to)
{
	char text[80];

	if (to >= CONSOLE_MUX_VMS)
		return;
	format(text, sizeof(text), "[apical] keyboard: vm %s",
	       vm_of(to)->config->name);
	say(text);
}

/* Gives the keyboard away. */
static void give(uint32_t to)
{
	uint32_t from = console_keyboard();

	if (to == from)
		return;
	if (from != CONSOLE_MUX_DEBUGGER) {
		keyboard.before = from;
		announce(to); /* before what that VM has begun to say */
	}
	keyboard.tail = keyboard.head;
	console_give(to);
	if (from == CONSOLE_MUX_DEBUGGER)
		announce(to);
	if (to < CONSOLE_MUX_VMS)
		keyboard.vm = to;
	console_keyboard_attention();
}

static void give_to_vm(uint32_t vm)
{
	char text[80];

	if (vm < vms_count() && console_is_on(vm)) {
		give(vm);
		return;
	}
	format(text, sizeof(text), "[apical] no VM %u is on this line", vm);
	say(text);
}

static void help(void)
{
	if (keyboard.operator)
		say("[apical] Ctrl-A and: c monitor or guest, 0-9 a VM's "
		    "console, g debugger, x end of the run, Ctrl-A itself");
	else
		say("[apical] Ctrl-A and: 0-9 a VM's console, Ctrl-A itself");
}

/* For whoever has the keyboard. */
static void deliver(uint8_t byte)
{
	uint32_t to = console_keyboard();

	if (to < CONSOLE_MUX_VMS) {
		vm_console_input(to, byte);
		return;
	}
	if (to == CONSOLE_MUX_MONITOR && byte == BREAK) {
		keyboard.broken = true;
		keyboard.tail = keyboard.head;
	}
	if (to != CONSOLE_MUX_NOBODY &&
	    keyboard.head - keyboard.tail < QUEUE_SIZE)
		keyboard.queue[keyboard.head++ % QUEUE_SIZE] = byte;
	console_keyboard_attention();
}

static void perform(enum console_key key, uint32_t vm)
{
	switch (key) {
	case CONSOLE_KEY_MONITOR:
		give(console_keyboard() == CONSOLE_MUX_MONITOR &&
				     keyboard.vm != CONSOLE_MUX_NOBODY
			     ? keyboard.vm
			     : CONSOLE_MUX_MONITOR);
		break;
	case CONSOLE_KEY_DEBUGGER:
		give(CONSOLE_MUX_DEBUGGER);
		break;
	case CONSOLE_KEY_END:
		keyboard.ending = true;
		console_keyboard_attention();
		break;
	case CONSOLE_KEY_VM:
		give_to_vm(vm);
		break;
	default:
		help();
	}
}

void console_keyboard_byte(uint8_t byte)
{
	uint32_t vm = 0;
	enum console_key key = console_keys_feed(
		&keyboard.keys, byte,
		console_keyboard() == CONSOLE_MUX_DEBUGGER, &vm);

	if (key == CONSOLE_KEY_BYTE)
		deliver(byte);
	else if (key == CONSOLE_KEY_NONE)
		return;
	else if (keyboard.operator|| key == CONSOLE_KEY_VM)
		perform(key, vm);
	else
		help();
}

uint32_t console_last_vm(void)
{
	return keyboard.vm;
}

bool console_typed(uint32_t who, uint8_t *byte)
{
	if (console_keyboard() != who || keyboard.tail == keyboard.head)
		return false;
	*byte = keyboard.queue[keyboard.tail++ % QUEUE_SIZE];
	return true;
}

bool console_broken(void)
{
	bool broken = keyboard.broken;

	keyboard.broken = false;
	return broken;
}

void console_debugger_leave(void)
{
	if (console_keyboard() == CONSOLE_MUX_DEBUGGER)
		give(keyboard.before);
}

void console_serve(void)
{
	if (!keyboard.attention)
		return;
	keyboard.attention = false;
	if (keyboard.ending)
		vms_poweroff();
	monitor_poll();
}
