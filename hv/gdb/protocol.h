/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GDB's remote protocol, all-stop mode: commands to calls of hv/gdb/target.h,
 * and their answers.  Pure but for those calls.
 *
 * Source: "Debugging with GDB", appendix "GDB Remote Serial Protocol".
 */
#ifndef HV_GDB_PROTOCOL_H
#define HV_GDB_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/gdb/text.h"

enum gdb_stop_reason {
	GDB_STOP_ASKED, /* Ctrl-C */
	GDB_STOP_STEP,
	GDB_STOP_SOFTWARE, /* a breakpoint */
	GDB_STOP_HARDWARE,
	GDB_STOP_WRITE, /* a watchpoint: address */
	GDB_STOP_READ,
	GDB_STOP_ACCESS,
	GDB_STOP_ENDED, /* the VM: status */
};

struct gdb_stop {
	enum gdb_stop_reason reason;
	uint32_t thread; /* from 0 */
	uint64_t address;
	uint8_t status;
};

struct gdb_protocol {
	bool no_acks;	      /* QStartNoAckMode was accepted */
	bool running;	      /* a stop reply is owed */
	bool attached;	      /* a debugger talks, and has not said goodbye */
	bool avx;	      /* the description has it */
	bool tells_why;	      /* GDB understands swbreak and hwbreak */
	uint32_t thread;      /* of Hg, from 0 */
	int32_t run_thread;   /* of Hc, as GDB numbers them; -1: all */
	struct gdb_stop stop; /* the last one */
};

/* Acts on a packet of size bytes.  True: reply is to be sent, even if empty
 * ("not supported"); false: the answer comes when the VM stops. */
bool gdb_protocol_packet(struct gdb_protocol *p, const uint8_t *text,
			 size_t size, struct gdb_reply *reply);

/* Ctrl-C arrived.  True: reply is to be sent. */
bool gdb_protocol_interrupt(struct gdb_protocol *p, struct gdb_reply *reply);

/* The VM has stopped by itself, all threads of it.  True: send the reply. */
bool gdb_protocol_stopped(struct gdb_protocol *p, const struct gdb_stop *stop,
			  struct gdb_reply *reply);

#endif
