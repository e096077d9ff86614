/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's log: whole lines, each begun with "[apical] ", to the
 * console.  May be called from any CPU, in any state but NMI context.
 */
#ifndef HV_LIB_LOG_H
#define HV_LIB_LOG_H

/* One line; the newline is added. */
__attribute__((format(printf, 1, 2))) void log_line(const char *fmt, ...);

#endif
