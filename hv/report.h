/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report = on: what this machine is and what its VMX can do, in the log, before
 * the VMs start.  Boot CPU but where a function says otherwise.
 */
#ifndef HV_REPORT_H
#define HV_REPORT_H

#include <stdbool.h>

#include "boot/boot_info.h"

/* Before any CPU's report_cpu(). */
void report_init(const struct boot_info *info);

/*
 * Notes what the calling CPU is; CPUs call it one after the other.  False: it
 * cannot do VMX, and need not, as the report is all that is wanted.
 */
bool report_cpu(void);

/* Once all CPUs are up; nothing where no report is wanted. */
void report_print(void);

#endif
