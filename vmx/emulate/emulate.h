/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Executes one decoded guest instruction whose memory operand lies where no
 * memory is.  Pure: memory, segments, XMM registers and exceptions are reached
 * through the functions at the end, which vmx/ defines, and tests for their
 * part.
 *
 * Source: SDM volume 2, the instruction reference; volume 1, "EFLAGS
 * cross-reference".
 */
#ifndef VMX_EMULATE_H
#define VMX_EMULATE_H

#include <stdbool.h>
#include <stdint.h>

#include "mm/addr.h"
#include "vmx/emulate/decode.h"

/* Iterations of a repeated string instruction in one call, at most. */
#define EMULATE_REP_LIMIT 256u

enum emulate_result {
	EMULATE_DONE,	  /* executed; the caller advances RIP by length */
	EMULATE_BRANCHED, /* executed; registers->rip is the new RIP */
	EMULATE_REP_MORE, /* iterations remain; RIP stays; may be resumed */
	/* From here on it was not executed. */
	EMULATE_FAULT,	   /* an exception was raised; RIP stays */
	EMULATE_STOP,	   /* the seam wants the VM stopped */
	EMULATE_UNHANDLED, /* nothing was done: not an instruction we know */
};

/* What an instruction may read and write.  gpr is in the SDM's encoding. */
struct emulate_registers {
	uint64_t gpr[16];
	uint64_t rip; /* of the instruction */
	uint64_t rflags;
};

struct emulate_segment {
	uint64_t base;
	uint32_t limit;		/* in bytes, as the VMCS field has it */
	uint32_t access_rights; /* as the VMCS field has it */
};

struct emulate_xmm {
	uint8_t byte[16];
};

/*
 * Executes *insn on *registers.  Unless the result is EMULATE_DONE or
 * EMULATE_BRANCHED, registers are as before, but for those of the string
 * iterations that were completed.  Of memory, a fault leaves at most what the
 * processor may leave as well.  rip never changes but on EMULATE_BRANCHED.
 *
 * The caller has checked that the processor would have executed the
 * instruction (privilege, CPUID), and does what follows one: RIP, the
 * single-step trap, the end of interrupt blocking.
 */
enum emulate_result emulate_insn(const struct insn *insn,
				 struct emulate_registers *registers,
				 void *context);

/*
 * The linear address of the explicit memory operand, also of an instruction
 * that is only known by its length; EMULATE_DONE or EMULATE_FAULT.
 */
enum emulate_result emulate_operand(const struct insn *insn,
				    struct emulate_registers *registers,
				    void *context, gla_t *address);

/*
 * The seam.  size is 1, 2, 4, 8 or 16 and may cross a page: splitting is the
 * seam's part.  EMULATE_DONE, EMULATE_FAULT (the page fault has been queued)
 * or EMULATE_STOP; any other result is passed on to the caller of
 * emulate_insn().
 */
enum emulate_result emulate_read(void *context, gla_t address, unsigned size,
				 void *out);
enum emulate_result emulate_write(void *context, gla_t address, unsigned size,
				  const void *in);

/*
 * Asked in 64-bit mode only for FS and GS, and there only base counts.
 * Otherwise limit and access rights are checked.
 */
void emulate_segment_get(void *context, enum insn_segment segment,
			 struct emulate_segment *out);

/* Queues exception vector; error_code is what #SS, #GP and #PF push. */
void emulate_raise(void *context, uint8_t vector, uint32_t error_code);

/* XMM register number 0 to 15 of the guest. */
void emulate_xmm_get(void *context, unsigned number, struct emulate_xmm *out);
void emulate_xmm_set(void *context, unsigned number,
		     const struct emulate_xmm *in);

#endif
