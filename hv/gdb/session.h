/* SPDX-License-Identifier: BSD-2-Clause */
/* Between hv/gdb/target.c, which knows the VM, and hv/gdb/gdb.c, which knows the
 * line.  CPU 0 only but where it says otherwise. */
#ifndef HV_GDB_SESSION_H
#define HV_GDB_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/gdb/protocol.h"

struct vcpu;
struct vm;

/* The VM that a debugger gets to see.  False: one is looking at another. */
bool gdb_target_choose(struct vm *vm);
struct vm *gdb_target_vm(void);

/* The vCPU of a thread, or NULL. */
struct vcpu *gdb_target_vcpu(uint32_t thread);

/* Somebody debugs it. */
bool gdb_target_is_attached(void);

/* A thread has stopped by itself, or the VM has ended: all are stopped when this
 * returns true. */
bool gdb_target_stopped(struct gdb_stop *stop);

/* Sees to it that gdb_serve() runs soon; any CPU. */
void gdb_attention(void);

/* The VM has ended with that status; on any CPU.  True: a debugger is to know,
 * gdb_target_stopped() tells it. */
bool gdb_target_ended(const struct vm *vm, uint8_t status);

#endif
