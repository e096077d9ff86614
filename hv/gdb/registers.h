/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers as GDB numbers and names them, and the target description that
 * tells it so.  One table makes both.  The architecture is always the 64-bit
 * one, whatever mode the vCPU is in.  Pure.
 *
 * Source: "Debugging with GDB", appendix "Target Descriptions", section "i386
 * Features".
 */
#ifndef HV_GDB_REGISTERS_H
#define HV_GDB_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/gdb/text.h"
#include "vmx/debug.h"

/* How many there are; avx: with the upper halves of YMM. */
uint32_t gdb_registers_count(bool avx);

/* The bytes of register number; NULL: there is none. */
const void *gdb_registers_find(const struct vmx_debug_registers *r, bool avx,
			       uint32_t number, size_t *size);

/* The reply to "g"; and what "G" and "P" write.  False: not that many digits,
 * or no such register. */
void gdb_registers_put(struct gdb_reply *reply,
		       const struct vmx_debug_registers *r, bool avx);
bool gdb_registers_take(struct gdb_text *text, struct vmx_debug_registers *r,
			bool avx);
bool gdb_registers_take_one(struct gdb_text *text,
			    struct vmx_debug_registers *r, bool avx,
			    uint32_t number);

/*
 * size bytes of the target description from offset; returns how many there
 * are.  *more: others follow.
 */
size_t gdb_registers_xml(bool avx, uint64_t offset, void *to, size_t size,
			 bool *more);

#endif
