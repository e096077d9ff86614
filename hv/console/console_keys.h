/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of the console: what is typed after Ctrl-A is for the hypervisor, the
 * rest for whoever has the keyboard.  Pure.
 *
 *	Ctrl-A c	to the monitor, or back
 *	Ctrl-A 0..9	to the console of that VM
 *	Ctrl-A g	gives the line to the debugger
 *	Ctrl-A x	ends the run
 *	Ctrl-A ?	what keys there are
 *	Ctrl-A Ctrl-A	one Ctrl-A
 */
#ifndef HV_CONSOLE_KEYS_H
#define HV_CONSOLE_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#define CONSOLE_KEYS_PREFIX 0x01

enum console_key {
	CONSOLE_KEY_NONE,    /* more is to come */
	CONSOLE_KEY_BYTE,    /* the byte is for whoever has the keyboard */
	CONSOLE_KEY_MONITOR, /* to the monitor, or back */
	CONSOLE_KEY_VM,	     /* the VM's number is in *vm */
	CONSOLE_KEY_DEBUGGER,
	CONSOLE_KEY_END,
	CONSOLE_KEY_HELP,
	CONSOLE_KEY_UNKNOWN,
};

/* A struct of zeroes is one at which nothing was typed. */
struct console_keys {
	bool prefix;
	uint8_t packet;	       /* bytes to the end of a debugger's packet */
	uint32_t packet_bytes; /* of it that came */
};

/*
 * What a byte means.  debugger: a debugger has the line, whose packets ("$", any
 * bytes but "#", "#", two more) pass whole.
 */
enum console_key console_keys_feed(struct console_keys *keys, uint8_t byte,
				   bool debugger, uint32_t *vm);

#endif
