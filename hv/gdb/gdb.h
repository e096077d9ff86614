/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The GDB stub: a debugger on the second serial line (gdb = com2), or on the
 * console's (Ctrl-A g), looks at one VM.  All its vCPUs stop together, other VMs
 * run on.  While nobody debugs, none of this runs.
 */
#ifndef HV_GDB_GDB_H
#define HV_GDB_GDB_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/boot_info.h"

struct vm;

/* Chooses the VM, opens the line.  Boot CPU, once, after vms_create(). */
void gdb_init(const struct boot_info *info);

/* ---- for the monitor, CPU 0 ---- */

/* The VM that a debugger gets to see, or sees. */
struct vm *gdb_vm(void);
bool gdb_is_attached(void);

/* Another one; false: a debugger sees one. */
bool gdb_choose(struct vm *vm);

/* As if the debugger, which may be gone, had detached. */
void gdb_drop(void);

/* ---- for the rest of hv/ ---- */

/* What has come from a debugger is served, what it waits for is sent.  CPU 0,
 * with console_serve(). */
void gdb_serve(void);

/* What IRQ_GDB means; hv/irq.c. */
void gdb_interrupt(void);

/* As console_poll(), for a second line whose interrupt does not arrive. */
uint64_t gdb_poll(void);

/*
 * A VM has ended with that status, or is about to start anew: a debugger is told
 * and lets go of it.  The CPU of the last vCPU that left.
 */
void gdb_vm_ended(struct vm *vm, uint32_t status);

#endif
