/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decodes one guest instruction into its length, operation and operands, for
 * exits on which the VM-exit instruction length is undefined (EPT violations,
 * APIC-access exits).  Pure.
 *
 * Source: SDM volume 2, "Instruction Format", "Opcode Map" and the
 * instruction reference.
 */
#ifndef VMX_DECODE_H
#define VMX_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#define DECODE_MAX_LENGTH 15u /* longer instructions are #GP(0) */

/* What CS.L and CS.D say.  Real and virtual-8086 mode are DECODE_16. */
enum decode_mode {
	DECODE_16,
	DECODE_32,
	DECODE_64,
};

enum decode_status {
	DECODE_OK,
	DECODE_NEED_MORE, /* the bytes end inside the instruction */
	DECODE_UNKNOWN,	  /* may be valid, but is not one that we decode */
	DECODE_UD,	  /* the processor raises #UD */
	DECODE_TOO_LONG,  /* the processor raises #GP(0) */
};

/* In the SDM's encoding; also the order of the VMCS fields. */
enum insn_segment {
	INSN_ES,
	INSN_CS,
	INSN_SS,
	INSN_DS,
	INSN_FS,
	INSN_GS,
};

/* Numbers 0 to 15 are the general-purpose registers in the SDM's encoding. */
enum {
	INSN_RAX,
	INSN_RCX,
	INSN_RDX,
	INSN_RBX,
	INSN_RSP,
	INSN_RBP,
	INSN_RSI,
	INSN_RDI,
	INSN_R8,
	INSN_RIP = 16, /* only as base: the next instruction's address */
	INSN_NO_REGISTER = 0xff,
};

enum insn_operation {
	/* Numbered as in opcode bits 5:3 and in group 1. */
	INSN_ADD,
	INSN_OR,
	INSN_ADC,
	INSN_SBB,
	INSN_AND,
	INSN_SUB,
	INSN_XOR,
	INSN_CMP,
	/* Numbered as in group 2. */
	INSN_ROL,
	INSN_ROR,
	INSN_RCL,
	INSN_RCR,
	INSN_SHL,
	INSN_SHR,
	INSN_SAL, /* an alias of SHL */
	INSN_SAR,
	/* Numbered as in group 3. */
	INSN_TEST,
	INSN_TEST_ALIAS, /* decoded as INSN_TEST */
	INSN_NOT,
	INSN_NEG,
	INSN_MUL,
	INSN_IMUL,
	INSN_DIV,
	INSN_IDIV,
	/* Numbered as in groups 4 and 5. */
	INSN_INC,
	INSN_DEC,
	INSN_CALL, /* near, indirect or relative */
	INSN_CALL_FAR,
	INSN_JMP, /* near, indirect or relative */
	INSN_JMP_FAR,
	INSN_PUSH,
	/* Numbered as in group 8. */
	INSN_BT,
	INSN_BTS,
	INSN_BTR,
	INSN_BTC,
	INSN_MOV,
	INSN_MOVZX,
	INSN_MOVSX, /* and MOVSXD */
	INSN_MOVBE,
	INSN_MOVNTI,
	INSN_XCHG,
	INSN_CMPXCHG,
	INSN_XADD,
	INSN_CMPXCHG8B, /* memory_size 8; CMPXCHG16B: 16 */
	INSN_SETCC,	/* condition in insn.condition */
	INSN_CMOVCC,	/* condition in insn.condition */
	INSN_POP,
	INSN_RET, /* near; immediate is what else is popped */
	INSN_ENTER,
	INSN_LEAVE,
	INSN_IMUL_R, /* two and three operands */
	INSN_SHLD,
	INSN_SHRD,
	INSN_BSF,
	INSN_BSR,
	INSN_XLAT,
	INSN_MOVS,
	INSN_CMPS,
	INSN_STOS,
	INSN_LODS,
	INSN_SCAS,
	INSN_SSE_MOVE,	  /* the low memory_size bytes; a load clears above */
	INSN_SSE_ALIGNED, /* the same, #GP(0) unless aligned to 16 bytes */
	INSN_SSE_MASKMOV, /* MASKMOVDQU: rm is the mask, memory at [rDI] */
	INSN_MMX_MOVE,
	INSN_MMX_MASKMOV,
	INSN_CACHE, /* CLFLUSH, CLFLUSHOPT, CLWB: checked like a byte read */
	INSN_HINT,  /* PREFETCHh, PREFETCHW, NOP r/m: never faults */
	INSN_MONITOR,
	INSN_LEA,
	INSN_OTHER, /* of known length, of no further interest */
};

/* Which operand is where; "rm" is memory or, if !memory, register rm. */
enum insn_form {
	INSN_FORM_NONE, /* no operand, or only implied ones */
	INSN_FORM_M,	/* rm */
	INSN_FORM_MR,	/* rm is the destination, reg the source */
	INSN_FORM_RM,	/* reg is the destination, rm the source */
	INSN_FORM_MI,	/* rm is the destination, immediate the source */
	INSN_FORM_MC,	/* rm is the destination, CL the source */
	INSN_FORM_RMI,	/* reg is the destination, rm and immediate sources */
	INSN_FORM_MRI,	/* rm is the destination, reg and immediate sources */
	INSN_FORM_MRC,	/* rm is the destination, reg and CL sources */
	INSN_FORM_I,	/* immediate */
};

enum insn_repeat {
	INSN_REPEAT_NONE,
	INSN_REPEAT_REPNE, /* F2 */
	INSN_REPEAT_REP,   /* F3: REP, REPE */
};

struct insn {
	uint8_t length;	      /* 1 to 15 bytes */
	uint8_t operation;    /* enum insn_operation */
	uint8_t form;	      /* enum insn_form */
	uint8_t mode;	      /* enum decode_mode */
	uint8_t operand_size; /* of a register operand: 1, 2, 4, 8, 16 bytes */
	uint8_t memory_size;  /* of the memory operand, bytes; 0: not known */
	uint8_t address_size; /* 2, 4 or 8 bytes */
	bool memory;	      /* there is an explicit memory operand */
	uint8_t segment;      /* enum insn_segment, overrides applied */
	uint8_t base;	      /* 0 to 15, INSN_RIP or INSN_NO_REGISTER */
	uint8_t index;	      /* 0 to 15 or INSN_NO_REGISTER */
	uint8_t scale;	      /* 1, 2, 4 or 8 */
	uint8_t reg;	      /* 0 to 15; without rex, byte 4 to 7: AH to BH */
	uint8_t rm;	      /* likewise, if !memory and the form has it */
	uint8_t condition;    /* 0 to 15, of SETcc and CMOVcc */
	uint8_t repeat;	      /* enum insn_repeat */
	bool rex;	      /* has a REX prefix in force */
	bool lock;
	int64_t displacement;
	uint64_t immediate; /* sign-extended as the instruction does it */
};

/*
 * Decodes the instruction that begins at bytes[0].  count is how many bytes
 * there are, any number; more than DECODE_MAX_LENGTH are not looked at.  On
 * DECODE_OK all of *out is valid but for what form and memory exclude; else it
 * is undefined.
 */
enum decode_status decode_insn(const uint8_t *bytes, unsigned count,
			       enum decode_mode mode, struct insn *out);

#endif
