/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor's commands are made of.  A file of commands exports one
 * table of struct monitor_command, which hv/monitor/monitor.c lists.
 *
 * Commands run on CPU 0 in root mode, between VM exits, with interrupts off and
 * no lock held, while guests run on other CPUs.  They come to an end soon and
 * never wait for a guest.
 */
#ifndef HV_MONITOR_COMMAND_H
#define HV_MONITOR_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/vcpu_call.h"

#define MONITOR_WORDS_MAX 8 /* behind a command's name */
/* What one command may print, but for monitor_more(). */
#define MONITOR_TEXT_SIZE 16384

struct vm;

/* One conversation: where output goes, which vCPU is selected. */
struct monitor;

/* word[0] is the first one after the command's name. */
struct monitor_arguments {
	unsigned count;
	const char *word[MONITOR_WORDS_MAX];
};

struct monitor_command {
	const char *name;
	const char *arguments; /* for help; "" if there are none */
	const char *help;      /* one line, without a full stop */
	void (*run)(struct monitor *m, const struct monitor_arguments *a);
};

/* Any text; \n ends a line.  It goes to where the command came from: the serial
 * line, or the debugger.  What does not fit MONITOR_TEXT_SIZE is cut. */
__attribute__((format(printf, 2, 3))) void monitor_print(struct monitor *m,
							 const char *fmt, ...);

/*
 * The vCPU that a word names: "VM.N", "VM" (its vCPU 0), "N" (of the selected
 * VM); NULL or "": the selected one, which is the first VM's vCPU 0 in the
 * beginning.  NULL after an error line.
 */
struct vcpu *monitor_vcpu(struct monitor *m, const char *word);

/* The VM of that name or number; NULL or "": the selected one.  NULL after an
 * error line. */
struct vm *monitor_vm(struct monitor *m, const char *word);

/* From here on the selected one. */
void monitor_select(struct monitor *m, struct vcpu *v);

/* A number up to max: decimal, or hexadecimal after 0x.  False after an error
 * line, also when word is NULL. */
bool monitor_number(struct monitor *m, const char *word, uint64_t max,
		    uint64_t *value);

/*
 * vcpu_call(), with an error line when the CPU does not answer.  function may
 * not print: it fills in what argument points to.
 */
bool monitor_call(struct monitor *m, struct vcpu *v, vcpu_function *function,
		  void *argument);
void monitor_does_not_answer(struct monitor *m, const struct vcpu *v);

/* How far a command's output is, for the command itself. */
struct monitor_progress {
	uint32_t cpu, last; /* CPUs whose vCPUs are shown */
	uint32_t row;
	bool begun; /* with this vCPU */
	uint64_t number, end;
	uint64_t lines, records;
};

/*
 * For output that is longer than MONITOR_TEXT_SIZE: once the command has
 * returned, function is called whenever the line has taken what was printed,
 * and prints the next MONITOR_TEXT_SIZE at most, until it returns false.  Ctrl-C
 * ends it early: then it is called no more.  Returns this conversation's
 * progress, zeroed; the debugger may run the same command meanwhile.
 */
struct monitor_progress *monitor_more(struct monitor *m,
				      bool (*function)(struct monitor *m));

/* For that function. */
struct monitor_progress *monitor_progress(struct monitor *m);

#endif
