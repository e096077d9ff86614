/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What GDB's protocol needs of the VM that is debugged.  hv/gdb/protocol.c
 * calls it, hv/gdb/target.c implements it, host tests and the fuzzer have one
 * of their own.  A thread is a vCPU, from 0.  All but gdb_target_begin(),
 * gdb_target_stop() and gdb_target_detach() are called while all threads are
 * stopped; CPU 0 only.
 */
#ifndef HV_GDB_TARGET_H
#define HV_GDB_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmx/debug.h"

/* A debugger has come: stops the VM, takes back what an earlier one left. */
void gdb_target_begin(void);

/* False: the VM has ended. */
bool gdb_target_is_there(void);

uint32_t gdb_target_threads(void);

/* One line about a thread, for people. */
void gdb_target_describe(uint32_t thread, char *text, size_t size);

bool gdb_target_has_avx(void);

/* False: its CPU does not answer; or a value that it cannot take. */
bool gdb_target_registers_read(uint32_t thread, struct vmx_debug_registers *r);
bool gdb_target_registers_write(uint32_t thread,
				const struct vmx_debug_registers *r);

/* At linear addresses, as that thread sees them.  Reading gives as much as
 * there is from the first byte on. */
uint32_t gdb_target_memory_read(uint32_t thread, uint64_t address, void *to,
				uint32_t size);
bool gdb_target_memory_write(uint32_t thread, uint64_t address,
			     const void *from, uint32_t size);

/* GDB's numbers, as in "Z0". */
enum gdb_breakpoint_kind {
	GDB_BREAKPOINT_SOFTWARE,
	GDB_BREAKPOINT_HARDWARE,
	GDB_BREAKPOINT_WRITE,
	GDB_BREAKPOINT_READ,
	GDB_BREAKPOINT_ACCESS,
	GDB_BREAKPOINT_KINDS,
};

enum gdb_result {
	GDB_OK,
	GDB_UNSUPPORTED,
	GDB_BAD_ADDRESS,
	GDB_NO_ROOM,
};

/* size: of what is watched, in bytes. */
enum gdb_result gdb_target_insert(uint32_t thread,
				  enum gdb_breakpoint_kind kind,
				  uint64_t address, uint64_t size);
enum gdb_result gdb_target_remove(enum gdb_breakpoint_kind kind,
				  uint64_t address, uint64_t size);

enum gdb_action_kind {
	GDB_ACTION_HOLD,
	GDB_ACTION_GO,
	GDB_ACTION_STEP, /* one instruction, and on while RIP in [from, to) */
};

struct gdb_action {
	enum gdb_action_kind kind;
	uint64_t from, to;
};

bool gdb_target_can_step(void);

/* One action for each thread. */
void gdb_target_resume(const struct gdb_action *actions);

/* No thread is in its guest when this returns. */
void gdb_target_stop(void);

/* The VM runs on as if nobody had ever debugged it; or is ended.  When a vCPU does
 * not answer, it stands still and stays attached. */
void gdb_target_detach(void);
void gdb_target_kill(void);

/* Executes a line of the monitor for a thread; sends off what it prints. */
void gdb_target_monitor(uint32_t thread, const char *line);

#endif
