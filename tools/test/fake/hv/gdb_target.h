/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM for GDB's protocol: three threads, 64 KiB at address 0. */
#ifndef TOOLS_TEST_FAKE_HV_GDB_TARGET_H
#define TOOLS_TEST_FAKE_HV_GDB_TARGET_H

#include "hv/gdb/target.h"

#define FAKE_GDB_THREADS 3
#define FAKE_GDB_MEMORY	 65536u

struct fake_gdb {
	bool there, avx, can_step;
	struct vmx_debug_registers registers[FAKE_GDB_THREADS];
	uint8_t memory[FAKE_GDB_MEMORY];
	struct gdb_action actions[FAKE_GDB_THREADS]; /* of the last resume */
	unsigned begins, resumes, stops, detaches, kills, inserts, removes;
	enum gdb_breakpoint_kind kind; /* of the last insert */
	uint64_t address, size;
	char line[512]; /* the monitor's last */
};

extern struct fake_gdb fake_gdb;

void fake_gdb_reset(void);

#endif
