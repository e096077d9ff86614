/* SPDX-License-Identifier: BSD-2-Clause */
/* The log that the last run left in memory.  Before ExitBootServices. */
#ifndef BOOT_LAST_LOG_H
#define BOOT_LAST_LOG_H

#include "boot/boot_info.h"

/*
 * Reserves the memory where the log is kept, *kept; if the last run left one
 * there, writes it to \apical.log on the boot volume, which is open, and erases
 * it.  Says what it does and what it cannot do; size_bytes is 0 if the memory is
 * not to be had.
 */
void last_log_save(struct boot_region *kept);

#endif
