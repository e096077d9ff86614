/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The debugger's breakpoints and watchpoints: which there are, where INT3 stands
 * for which byte, and what goes into the debug registers.  Pure.
 *
 * Source: SDM volume 3, "Debug Registers".
 */
#ifndef HV_GDB_BREAKPOINTS_H
#define HV_GDB_BREAKPOINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/gdb/target.h"
#include "mm/addr.h"

#define GDB_SOFTWARE_MAX 64
#define GDB_INT3	 0xccu

struct gdb_software {
	bool used;
	uint64_t linear; /* as GDB gave it */
	gpa_t where;
	bool hidden;	  /* by hv/gdb/shadow.h; else INT3 is in memory */
	uint8_t original; /* unless hidden */
};

struct gdb_hardware {
	bool used;
	enum gdb_breakpoint_kind kind;
	uint64_t linear;
	uint8_t size; /* bytes: 1, 2, 4 or 8 */
};

struct gdb_breakpoints {
	struct gdb_software software[GDB_SOFTWARE_MAX];
	struct gdb_hardware hardware[VMX_DEBUG_SLOTS];
};

/* NULL: there is none (find), or no room (add). */
struct gdb_software *gdb_software_find(struct gdb_breakpoints *b,
				       uint64_t linear);
struct gdb_software *gdb_software_at(struct gdb_breakpoints *b, gpa_t where);
struct gdb_software *gdb_software_add(struct gdb_breakpoints *b);
bool gdb_software_any(const struct gdb_breakpoints *b);

/* What GDB is to see of bytes at a guest-physical address: the ones under an
 * INT3 that is in memory. */
void gdb_software_hide(const struct gdb_breakpoints *b, gpa_t start,
		       uint8_t *bytes, size_t size);

/*
 * Bytes that GDB writes there: those under an INT3 in memory are noted, and
 * become INT3 in bytes.
 */
void gdb_software_overlay(struct gdb_breakpoints *b, gpa_t start,
			  uint8_t *bytes, size_t size);

enum gdb_result gdb_hardware_add(struct gdb_breakpoints *b,
				 enum gdb_breakpoint_kind kind, uint64_t linear,
				 uint64_t size);
enum gdb_result gdb_hardware_remove(struct gdb_breakpoints *b,
				    enum gdb_breakpoint_kind kind,
				    uint64_t linear, uint64_t size);

/* DR0 to DR3 and DR7 for it; DR7 0: none is used. */
void gdb_hardware_registers(const struct gdb_breakpoints *b,
			    uint64_t dr[VMX_DEBUG_SLOTS], uint64_t *dr7);

/* The one that DR6's low bits tell of; NULL: none of ours. */
const struct gdb_hardware *gdb_hardware_hit(const struct gdb_breakpoints *b,
					    uint64_t dr6);

#endif
