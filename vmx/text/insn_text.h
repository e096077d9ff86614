/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A decoded instruction as people write it, in Intel's syntax.  Pure.  The
 * decoder knows the instructions that may touch memory; of the others this
 * knows the commonest, and those that a kernel waits and hangs with.
 */
#ifndef VMX_INSN_TEXT_H
#define VMX_INSN_TEXT_H

#include "hv/lib/text.h"
#include "vmx/emulate/decode.h"

/* Adds the instruction at address (RIP), which decode_insn() made of bytes;
 * nothing for one that has no name here. */
void insn_text(struct text *t, const uint8_t *bytes, const struct insn *insn,
	       uint64_t address);

#endif
