/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log that survives a warm reset or a panic: each line is added to a ring at
 * a fixed place in memory, where the loader of the next boot finds it
 * (boot/last_log.h).  Any CPU may call, none in NMI context.
 */
#ifndef HV_LOG_KEEP_H
#define HV_LOG_KEEP_H

#include <stddef.h>

#include "boot/boot_info.h"

/* Maps the memory that the loader reserved, if it could.  Boot CPU, once. */
void log_keep_init(const struct boot_info *info);

/* One line of the log, without its end. */
void log_keep_line(const char *text, size_t size);

/* From here on one CPU is left: the lock that another held is free. */
void log_keep_alone(void);

#endif
