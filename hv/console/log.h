/* SPDX-License-Identifier: BSD-2-Clause */
/* What the monitor and the panic do with the log; hv/lib/log.h has the rest. */
#ifndef HV_LOG_H
#define HV_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/lib/log_levels.h"
#include "hv/lib/log_ring.h"

/* Which lines are left out.  Any CPU. */
struct log_levels log_get_levels(void);
void log_set_levels(const struct log_levels *levels);

/* How many lines of a subject were dropped because it said too much. */
uint32_t log_dropped(enum log_subject subject);

/* The lines that are kept, oldest first, each begun with its time; as
 * log_ring_find() and log_ring_next().  Any CPU. */
bool log_begin(struct log_ring_reader *reader);
int log_next(struct log_ring_reader *reader, char line[LOG_RING_LINE_MAX]);

/* From here on one CPU is left; hv/smp.c. */
void log_alone(void);

#endif
