/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the log and the VMs' consoles share one line: what goes into the ring, in
 * which order, and where a line begins.  With one VM on the line its bytes pass
 * as they come; with several, whole lines go out, each begun with "[name] ".
 * Pure.  All functions but the last two are called under the caller's lock;
 * those two by one caller at a time, which may run beside the others.
 */
#ifndef HV_CONSOLE_MUX_H
#define HV_CONSOLE_MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONSOLE_MUX_VMS	      8
#define CONSOLE_MUX_RING_SIZE 65536u
#define CONSOLE_MUX_LINE_SIZE 240
#define CONSOLE_MUX_NOBODY    UINT32_MAX

struct console_mux_vm {
	const char *name; /* NULL: not on the line */
	uint32_t held;	  /* bytes of line that wait for its end */
	uint8_t line[CONSOLE_MUX_LINE_SIZE];
};

struct console_mux {
	uint32_t head, tail; /* count up; the ring holds [tail, head) */
	uint32_t open;	     /* the VM whose line is not finished */
	uint32_t vm_count;   /* VMs on the line */
	uint32_t lost;	     /* log lines that found no room */
	struct console_mux_vm vm[CONSOLE_MUX_VMS];
	uint8_t ring[CONSOLE_MUX_RING_SIZE];
};

/* A struct of zeroes becomes an empty line. */
void console_mux_init(struct console_mux *mux);

/* Puts VM vm on the line; name stays the caller's.  Before its first byte. */
void console_mux_add(struct console_mux *mux, uint32_t vm, const char *name);

/* One line of the log, on a line of its own; dropped and counted when there is
 * no room, which the next one that has room says. */
void console_mux_log(struct console_mux *mux, const char *text, size_t size);

/* Guests are let in while half of the ring is free, so that the log always has
 * room; console_mux_guest() must not be called else. */
bool console_mux_room(const struct console_mux *mux);
void console_mux_guest(struct console_mux *mux, uint32_t vm, uint8_t byte);

/* Shows what is held of vm's unfinished line; true when there was something. */
bool console_mux_show(struct console_mux *mux, uint32_t vm);

/* vm has ended: shows what is held, and ends the line. */
void console_mux_end(struct console_mux *mux, uint32_t vm);

/* The next byte for the wire; false: none. */
bool console_mux_take(struct console_mux *mux, uint8_t *byte);
uint32_t console_mux_used(const struct console_mux *mux);

#endif
