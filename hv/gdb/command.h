/* SPDX-License-Identifier: BSD-2-Clause */
/* What hv/gdb/protocol.c and hv/gdb/queries.c have in common.  Pure. */
#ifndef HV_GDB_COMMAND_H
#define HV_GDB_COMMAND_H

#include "hv/gdb/protocol.h"

/* Errors are numbers that GDB shows; these are errno.h's. */
#define GDB_ERROR_PACKET  "E16"
#define GDB_ERROR_ADDRESS "E0e"
#define GDB_ERROR_ROOM	  "E1c"
#define GDB_ERROR_GONE	  "E03"

/* One command at hand. */
struct gdb_command {
	struct gdb_protocol *p;
	struct gdb_text t; /* what is left of it */
	struct gdb_reply *reply;
};

/* True: the reply is complete. */
static inline bool gdb_answer(struct gdb_command *c, const char *text)
{
	gdb_put(c->reply, text);
	return true;
}

/* A thread, as GDB numbers it. */
static inline void gdb_put_thread(struct gdb_reply *r, uint32_t thread)
{
	gdb_put_number(r, thread + 1ull);
}

/* A single thread by GDB's number, in *thread from 0; 0 means any. */
bool gdb_take_one_thread(struct gdb_command *c, uint32_t *thread);

/* "q" and "Q"; true: the reply is complete. */
bool gdb_query(struct gdb_command *c);
bool gdb_set(struct gdb_command *c);

#endif
