/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor: commands typed on the serial line, or passed on by a debugger.
 * CPU 0 only, with no lock held.
 */
#ifndef HV_MONITOR_MONITOR_H
#define HV_MONITOR_MONITOR_H

#include <stddef.h>

#include "hv/monitor/command.h"

/*
 * Runs one command line for a debugger that has selected v (NULL: nothing is).
 * Its output, at most size - 1 bytes and a NUL, goes to text; returns its
 * length.
 */
size_t monitor_run_for(struct vcpu *v, const char *line, char *text,
		       size_t size);

#endif
