/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor: commands typed on the serial line, or passed on by a debugger.
 * CPU 0 only, with no lock held.
 */
#ifndef HV_MONITOR_MONITOR_H
#define HV_MONITOR_MONITOR_H

#include <stddef.h>

#include "hv/lib/text.h"
#include "hv/monitor/command.h"

struct monitor {
	struct vcpu *selected;
	struct text text;		 /* what was printed and not sent yet */
	bool (*more)(struct monitor *m); /* NULL: that was all */
	struct monitor_progress progress;
};

/* Runs one line; an empty one or a comment does nothing. */
void monitor_run(struct monitor *m, const char *line);

/* All commands by number from 0 on, NULL after the last; and by name. */
const struct monitor_command *monitor_command(unsigned index);
const struct monitor_command *monitor_find(const char *name);

/*
 * Runs one command line for a debugger that has selected v (NULL: nothing is).
 * Its output, at most size - 1 bytes and a NUL, goes to text; returns its
 * length.
 */
size_t monitor_run_for(struct vcpu *v, const char *line, char *text,
		       size_t size);

/* The conversation on the serial line: takes what was typed and sends what is to
 * be said, as far as the line takes it; hv/monitor/prompt.c. */
void monitor_poll(void);

#endif
