/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The opcode maps as tables, and what is not in them: opcodes that go on in the
 * ModR/M byte or mean something else after a prefix.  For vmx/emulate/decode.c alone.
 * Pure.
 *
 * Source: SDM volume 2, "Opcode Map".
 */
#ifndef VMX_DECODE_OPCODE_H
#define VMX_DECODE_OPCODE_H

#include <stdint.h>

#include "vmx/emulate/decode.h"

/* What the decoder does with an opcode. */
enum opcode_kind {
	OPCODE_UNKNOWN,	 /* every row that a table does not have */
	OPCODE_PLAIN,	 /* the row says all */
	OPCODE_ESCAPE,	 /* 0F */
	OPCODE_BOUND,	 /* 62, or the EVEX prefix */
	OPCODE_MOVSXD,	 /* 63, ARPL outside of 64-bit mode */
	OPCODE_LOAD_FAR, /* C4 and C5, or the VEX prefixes */
	OPCODE_X87,	 /* D8 to DF */
	OPCODE_SREG,	 /* 8C, 8E */
	OPCODE_GROUP_1,
	OPCODE_GROUP_1A,
	OPCODE_GROUP_2,
	OPCODE_GROUP_3,
	OPCODE_GROUP_4,
	OPCODE_GROUP_5,
	OPCODE_GROUP_6,
	OPCODE_GROUP_7,
	OPCODE_GROUP_8,
	OPCODE_GROUP_9,
	OPCODE_GROUP_15,
	OPCODE_BIT_SCAN, /* 0F BC and 0F BD */
	OPCODE_MOVNTI,	 /* its operands have 4 or 8 bytes */
	OPCODE_MEDIA,	 /* media_rows[] has more, by prefix */
	OPCODE_0F38,
	/* The prefixes, and what they are in other modes, come last. */
	OPCODE_INC_DEC, /* 40 to 4F outside of 64-bit mode */
	OPCODE_PREFIX,
};

enum opcode_immediate {
	OPCODE_NO_IMMEDIATE,
	OPCODE_IMM8,  /* sign-extended */
	OPCODE_IMMZ,  /* 2 or 4 bytes, sign-extended */
	OPCODE_IMMV,  /* 2, 4 or 8 bytes */
	OPCODE_IMM16, /* zero-extended */
	OPCODE_ONE,   /* no byte, the value 1 */
	OPCODE_ENTER, /* 2 bytes and 1 byte */
	OPCODE_FAR,   /* 2 or 4 bytes and a selector */
	OPCODE_MOFFS, /* an address of address_size bytes */
};

enum opcode_flag {
	OPCODE_MODRM = 1 << 0,
	OPCODE_BYTE = 1 << 1,	       /* the operand size is 1 */
	OPCODE_NO64 = 1 << 2,	       /* #UD in 64-bit mode */
	OPCODE_STACK = 1 << 3,	       /* 64-bit mode: 8 bytes, 2 after 66 */
	OPCODE_NEAR = 1 << 4,	       /* 64-bit mode: always 8 bytes */
	OPCODE_MEMORY_ONLY = 1 << 5,   /* #UD with a register */
	OPCODE_REGISTER_ONLY = 1 << 6, /* #UD with memory */
	OPCODE_LOW_REG = 1 << 7,       /* opcode bits 2:0 are the rm register */
	OPCODE_CONDITION = 1 << 8,     /* opcode bits 3:0 are a condition */
	OPCODE_OTHER64 = 1 << 9,       /* 64-bit mode: VEX or EVEX prefix */
	OPCODE_MMX = 1 << 10,	       /* reg is an MMX register */
	OPCODE_XMM = 1 << 11,	       /* reg is an XMM register */
	OPCODE_DOUBLEWORD = 1 << 12,   /* the operand size is 4 or 8 */
	OPCODE_GROUP_11 = 1 << 13,     /* ModR/M bits 5:3 must be 0 */
};

struct opcode {
	uint8_t kind;	     /* enum opcode_kind */
	uint8_t operation;   /* enum insn_operation */
	uint8_t form;	     /* enum insn_form */
	uint8_t immediate;   /* enum opcode_immediate */
	uint8_t memory_size; /* bytes; 0: the operand size */
	uint16_t flags;	     /* enum opcode_flag */
};

/* The bytes that choose an instruction, beside those in struct insn. */
struct opcode_bytes {
	uint8_t opcode; /* the last byte of it */
	uint8_t modrm;
	bool rex_w;
	bool operand_override; /* prefix 66 */
};

extern const struct opcode opcode_one_byte[256];
extern const struct opcode opcode_two_byte[256]; /* after 0F */

/*
 * Completes *row, of a kind other than OPCODE_PLAIN, from the ModR/M byte, the
 * prefixes and what is known of the operands.  May change reg and rm of *out.  DECODE_OK, DECODE_UNKNOWN or DECODE_UD.
 */
enum decode_status opcode_refine(struct opcode_bytes bytes, struct insn *out,
				 struct opcode *row);

/* Whether LOCK may precede: the destination is memory, the list the SDM's. */
bool opcode_lockable(const struct insn *insn);

#endif
