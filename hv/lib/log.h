/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's log: whole lines, each begun with "[apical] ", to the
 * console.  May be called from any CPU, in any state but NMI context.
 */
#ifndef HV_LIB_LOG_H
#define HV_LIB_LOG_H

#include "hv/lib/log_levels.h"

/* One line that is always shown; the newline is added. */
__attribute__((format(printf, 1, 2))) void log_line(const char *fmt, ...);

/* One line that the filter may leave out, and that is dropped and counted when
 * its subject says too much. */
__attribute__((format(printf, 3, 4))) void log_at(enum log_level level,
						  enum log_subject subject,
						  const char *fmt, ...);

#endif
