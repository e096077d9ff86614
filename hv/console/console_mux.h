/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the log, the VMs' consoles, the monitor and a debugger share one line: what
 * goes into the ring, in which order, and where a line begins.
 *
 * With one VM on the line that has the keyboard, its bytes pass as they come;
 * else whole lines go out, each begun with "[name] ".  A line of the log waits
 * until the line that a VM is writing is over.  The monitor's prompt is taken
 * away for what else is to be said, and drawn again.  While a debugger has the
 * line nothing else goes out.
 *
 * Pure.  All functions but the last two are called under the caller's lock;
 * those two by one caller at a time, which may run beside the others.
 */
#ifndef HV_CONSOLE_MUX_H
#define HV_CONSOLE_MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONSOLE_MUX_VMS		8
#define CONSOLE_MUX_RING_SIZE	65536u
#define CONSOLE_MUX_LINE_SIZE	240
#define CONSOLE_MUX_WAITING	4096
#define CONSOLE_MUX_PROMPT_SIZE 128
/* What a line of the log needs beside its text: ends, what was lost, the
 * prompt. */
#define CONSOLE_MUX_AROUND 512

/* Who writes on the line, or has the keyboard: a VM's number, or one of these. */
#define CONSOLE_MUX_MONITOR  0x100
#define CONSOLE_MUX_DEBUGGER 0x101
#define CONSOLE_MUX_NOBODY   UINT32_MAX

struct console_mux_vm {
	const char *name;   /* NULL: not on the line */
	uint32_t held;	    /* bytes of line that wait for its end */
	uint32_t like_ours; /* how much of "[apical]" it has begun */
	uint8_t line[CONSOLE_MUX_LINE_SIZE];
};

struct console_mux {
	uint32_t head, tail; /* count up; the ring holds [tail, head) */
	uint32_t open;	     /* who has begun a line and not ended it */
	uint32_t keyboard;   /* who has the keyboard */
	uint32_t vm_count;   /* VMs on the line */
	uint32_t lost;	     /* log lines that found no room */
	uint32_t unshown_lines, unshown_bytes; /* a debugger had the line */
	bool patient;			       /* log lines may wait */
	uint32_t waiting_size;
	uint32_t prompt_size;
	uint32_t like_ours;		   /* as in struct console_mux_vm */
	char waiting[CONSOLE_MUX_WAITING]; /* log lines, with their ends */
	uint8_t prompt[CONSOLE_MUX_PROMPT_SIZE];
	struct console_mux_vm vm[CONSOLE_MUX_VMS];
	uint8_t ring[CONSOLE_MUX_RING_SIZE];
};

/* A struct of zeroes becomes an empty line. */
void console_mux_init(struct console_mux *mux);

/* Puts VM vm on the line; name stays the caller's.  Before its first byte. */
void console_mux_add(struct console_mux *mux, uint32_t vm, const char *name);
bool console_mux_is_on(const struct console_mux *mux, uint32_t vm);

/*
 * Gives the keyboard to a VM that is on the line, the monitor, the debugger or
 * nobody.  The monitor's prompt disappears when it loses the keyboard.
 */
void console_mux_give(struct console_mux *mux, uint32_t to);

/*
 * One line of the log, on a line of its own; dropped and counted when there is
 * no room, which the next one that has room says.  It waits while a VM is in
 * the middle of a line, if the mux is patient: until the line's end or
 * console_mux_hurry().
 */
void console_mux_log(struct console_mux *mux, const char *text, size_t size);
void console_mux_hurry(struct console_mux *mux);

/* Guests are let in while half of the ring is free, so that the log always has
 * room; console_mux_guest() must not be called else. */
bool console_mux_room(const struct console_mux *mux);
void console_mux_guest(struct console_mux *mux, uint32_t vm, uint8_t byte);

/* Shows what is held of vm's unfinished line; true when there was something. */
bool console_mux_show(struct console_mux *mux, uint32_t vm);

/* vm has ended: shows what is held, and ends the line. */
void console_mux_end(struct console_mux *mux, uint32_t vm);

/* How many bytes the monitor or the debugger may put now. */
uint32_t console_mux_text_room(const struct console_mux *mux);

/* The monitor's text: \n ends a line. */
void console_mux_text(struct console_mux *mux, const char *text, size_t size);

/* A packet of the debugger's, as it is. */
void console_mux_packet(struct console_mux *mux, const void *bytes,
			size_t size);

/*
 * The monitor's line that is being typed: echo goes out when it is on the
 * screen, else prompt, which draws it as it is now, from the line's beginning on.
 * prompt_size 0: the line was entered, with an echo that ends it.
 */
void console_mux_edit(struct console_mux *mux, const void *echo,
		      size_t echo_size, const void *prompt, size_t prompt_size);

/* The next byte for the wire; false: none. */
bool console_mux_take(struct console_mux *mux, uint8_t *byte);
uint32_t console_mux_used(const struct console_mux *mux);

#endif
