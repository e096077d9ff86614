/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breakpoints of the VM that is debugged, between hv/gdb/target.c and
 * target_memory.c.  They change on CPU 0, while all vCPUs are out of their guests;
 * then any CPU may look at them.
 */
#ifndef HV_GDB_TARGET_MEMORY_H
#define HV_GDB_TARGET_MEMORY_H

#include "hv/gdb/breakpoints.h"
#include "hv/gdb/shadow.h"

struct gdb_breakpoints *gdb_target_breakpoints(void);

/* The pages that are shown to the guest without their breakpoints. */
struct gdb_shadows *gdb_target_shadows(void);

/* The guest's memory is as it would be without. */
void gdb_target_remove_all(void);

/* The same of a VM whose memory is not what it was: it has ended, or begins. */
void gdb_target_forget_all(void);

#endif
