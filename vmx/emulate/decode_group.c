/* SPDX-License-Identifier: BSD-2-Clause */
/* Opcodes that are more than one byte tells; see decode_opcode.h.  Pure. */
#include <stddef.h>

#include "vmx/emulate/decode_opcode.h"

/* The mandatory prefix of an MMX or SSE instruction; F2 and F3 beat 66. */
enum opcode_prefix {
	OPCODE_PREFIX_NONE,
	OPCODE_PREFIX_66,
	OPCODE_PREFIX_F2,
	OPCODE_PREFIX_F3,
};

struct opcode_media {
	uint8_t opcode; /* after 0F */
	uint8_t prefix; /* enum opcode_prefix */
	uint8_t operation;
	uint8_t form;
	uint8_t memory_size; /* bytes; 0: 4, or 8 with REX.W */
	uint8_t flags;	     /* enum opcode_flag */
};

#define NP	OPCODE_PREFIX_NONE
#define P66	OPCODE_PREFIX_66
#define PF2	OPCODE_PREFIX_F2
#define PF3	OPCODE_PREFIX_F3
#define SSE	INSN_SSE_MOVE
#define ALIGNED INSN_SSE_ALIGNED
#define MMX	INSN_MMX_MOVE
#define REG	OPCODE_REGISTER_ONLY
#define MR	INSN_FORM_MR
#define RM	INSN_FORM_RM
#define MEM	OPCODE_MEMORY_ONLY

/* Columns: opcode, prefix, operation, form, memory size, flags. */
static const struct opcode_media media_rows[] = {
	{0x10, NP, SSE, RM, 16, 0},	   /* MOVUPS */
	{0x10, P66, SSE, RM, 16, 0},	   /* MOVUPD */
	{0x10, PF3, SSE, RM, 4, 0},	   /* MOVSS */
	{0x10, PF2, SSE, RM, 8, 0},	   /* MOVSD */
	{0x11, NP, SSE, MR, 16, 0},	   /* MOVUPS */
	{0x11, P66, SSE, MR, 16, 0},	   /* MOVUPD */
	{0x11, PF3, SSE, MR, 4, 0},	   /* MOVSS */
	{0x11, PF2, SSE, MR, 8, 0},	   /* MOVSD */
	{0x28, NP, ALIGNED, RM, 16, 0},	   /* MOVAPS */
	{0x28, P66, ALIGNED, RM, 16, 0},   /* MOVAPD */
	{0x29, NP, ALIGNED, MR, 16, 0},	   /* MOVAPS */
	{0x29, P66, ALIGNED, MR, 16, 0},   /* MOVAPD */
	{0x2b, NP, ALIGNED, MR, 16, MEM},  /* MOVNTPS */
	{0x2b, P66, ALIGNED, MR, 16, MEM}, /* MOVNTPD */
	{0x6e, NP, MMX, RM, 0, 0},	   /* MOVD, MOVQ */
	{0x6e, P66, SSE, RM, 0, 0},	   /* MOVD, MOVQ */
	{0x6f, NP, MMX, RM, 8, 0},	   /* MOVQ */
	{0x6f, P66, ALIGNED, RM, 16, 0},   /* MOVDQA */
	{0x6f, PF3, SSE, RM, 16, 0},	   /* MOVDQU */
	{0x7e, NP, MMX, MR, 0, 0},	   /* MOVD, MOVQ */
	{0x7e, P66, SSE, MR, 0, 0},	   /* MOVD, MOVQ */
	{0x7e, PF3, SSE, RM, 8, 0},	   /* MOVQ */
	{0x7f, NP, MMX, MR, 8, 0},	   /* MOVQ */
	{0x7f, P66, ALIGNED, MR, 16, 0},   /* MOVDQA */
	{0x7f, PF3, SSE, MR, 16, 0},	   /* MOVDQU */
	{0xd6, P66, SSE, MR, 8, 0},	   /* MOVQ */
	{0xe7, NP, MMX, MR, 8, MEM},	   /* MOVNTQ */
	{0xe7, P66, ALIGNED, MR, 16, MEM}, /* MOVNTDQ */
	{0xf0, PF2, SSE, RM, 16, MEM},	   /* LDDQU */
	{0xf7, NP, INSN_MMX_MASKMOV, RM, 8, REG},
	{0xf7, P66, INSN_SSE_MASKMOV, RM, 16, REG},
};

static const struct opcode_media *media_find(uint8_t opcode, uint8_t prefix)
{
	for (size_t i = 0; i < sizeof(media_rows) / sizeof(media_rows[0]); i++)
		if (media_rows[i].opcode == opcode &&
		    media_rows[i].prefix == prefix)
			return &media_rows[i];
	return NULL;
}

static unsigned reg_field(struct opcode_bytes b)
{
	return b.modrm >> 3 & 7;
}

/* Group 3: the second operand, if any, depends on the operation. */
static void group_3(struct opcode_bytes b, struct opcode *row)
{
	unsigned reg = reg_field(b);

	row->operation = INSN_TEST + reg;
	if (reg > 1)
		return;
	row->operation = INSN_TEST;
	row->form = INSN_FORM_MI;
	row->immediate = row->flags & OPCODE_BYTE ? OPCODE_IMM8 : OPCODE_IMMZ;
}

static enum decode_status group_5(struct opcode_bytes b, const struct insn *out,
				  struct opcode *row)
{
	row->operation = INSN_INC + reg_field(b);
	switch (row->operation) {
	case INSN_CALL:
	case INSN_JMP:
		row->flags |= OPCODE_NEAR;
		break;
	case INSN_PUSH:
		row->flags |= OPCODE_STACK;
		break;
	case INSN_CALL_FAR:
	case INSN_JMP_FAR:
		if (!out->memory)
			return DECODE_UD;
		break;
	case INSN_INC:
	case INSN_DEC:
		break;
	default:
		return DECODE_UD;
	}
	return DECODE_OK;
}

/* The x87 has gaps; of its register forms the length is all there is. */
static enum decode_status x87(struct opcode_bytes b, const struct insn *out)
{
	static const uint8_t valid[8] = {
		0xff, 0xfd, 0xff, 0xaf, 0xff, 0xdf, 0xff, 0xff,
	};

	if (!out->memory)
		return DECODE_UNKNOWN;
	return valid[b.opcode & 7] >> reg_field(b) & 1 ? DECODE_OK
						       : DECODE_UNKNOWN;
}

static enum opcode_prefix mandatory_prefix(struct opcode_bytes b,
					   const struct insn *out)
{
	if (out->repeat == INSN_REPEAT_REPNE)
		return OPCODE_PREFIX_F2;
	if (out->repeat == INSN_REPEAT_REP)
		return OPCODE_PREFIX_F3;
	return b.operand_override ? OPCODE_PREFIX_66 : OPCODE_PREFIX_NONE;
}

/* MMX and SSE moves.  MMX register numbers have three bits, REX or not. */
static enum decode_status media(struct opcode_bytes b, struct insn *out,
				struct opcode *row)
{
	const struct opcode_media *m =
		media_find(b.opcode, mandatory_prefix(b, out));

	if (!m)
		return DECODE_UNKNOWN;
	row->operation = m->operation;
	row->form = m->form;
	row->flags |= m->flags;
	row->memory_size = m->memory_size;
	if (!row->memory_size)
		row->memory_size = b.rex_w ? 8 : 4;
	if (m->operation == INSN_MMX_MOVE || m->operation == INSN_MMX_MASKMOV) {
		row->flags |= OPCODE_MMX;
		out->reg &= 7;
		if (m->memory_size)
			out->rm &= 7;
	} else {
		row->flags |= OPCODE_XMM;
	}
	return DECODE_OK;
}

/* Group 15, memory forms: state images, and the cache line instructions. */
static enum decode_status group_15(struct opcode_bytes b,
				   const struct insn *out, struct opcode *row)
{
	unsigned reg = reg_field(b);

	if (!out->memory || out->repeat)
		return DECODE_UNKNOWN;
	if (reg == 7 || (reg == 6 && b.operand_override)) {
		row->operation = INSN_CACHE;
		row->memory_size = 1;
		return DECODE_OK;
	}
	return b.operand_override ? DECODE_UNKNOWN : DECODE_OK;
}

static enum decode_status group_9(struct opcode_bytes b, const struct insn *out,
				  struct opcode *row)
{
	if (!out->memory || reg_field(b) != 1)
		return DECODE_UNKNOWN;
	row->memory_size = b.rex_w ? 16 : 8;
	return DECODE_OK;
}

static enum decode_status group_7(struct opcode_bytes b, struct insn *out,
				  struct opcode *row)
{
	unsigned reg = reg_field(b);

	if (!out->memory) {
		/* MONITOR */
		if (b.modrm != 0xc8 || out->repeat || b.operand_override)
			return DECODE_UNKNOWN;
		row->operation = INSN_MONITOR;
		row->form = INSN_FORM_NONE;
		return DECODE_OK;
	}
	if (reg == 5 || out->repeat)
		return DECODE_UNKNOWN;
	if (reg == 4 || reg == 6)
		row->memory_size = 2;
	return DECODE_OK;
}

/* 63 is ARPL outside of 64-bit mode. */
static void movsxd(struct opcode_bytes b, const struct insn *out,
		   struct opcode *row)
{
	if (out->mode != DECODE_64) {
		row->operation = INSN_OTHER;
		row->form = INSN_FORM_MR;
		row->memory_size = 2;
	} else if (b.operand_override && !(b.rex_w)) {
		row->memory_size = 2;
	}
}

static enum decode_status sreg(struct opcode_bytes b)
{
	unsigned reg = reg_field(b);

	if (reg > INSN_GS || (b.opcode == 0x8e && reg == INSN_CS))
		return DECODE_UD;
	return DECODE_OK;
}

/* The only ones of this map that we decode; after F2 they are CRC32. */
static enum decode_status movbe(struct opcode_bytes b, const struct insn *out,
				struct opcode *row)
{
	if ((b.opcode != 0xf0 && b.opcode != 0xf1) || out->repeat)
		return DECODE_UNKNOWN;
	if (b.opcode == 0xf1)
		row->form = INSN_FORM_MR;
	return DECODE_OK;
}

enum decode_status opcode_refine(struct opcode_bytes b, struct insn *out,
				 struct opcode *row)
{
	unsigned reg = reg_field(b);

	switch ((enum opcode_kind)row->kind) {
	case OPCODE_UNKNOWN:
		return DECODE_UNKNOWN;
	case OPCODE_GROUP_1:
		row->operation = INSN_ADD + reg;
		return DECODE_OK;
	case OPCODE_GROUP_1A:
		/* The others are AMD's XOP. */
		return reg == 0 ? DECODE_OK : DECODE_UNKNOWN;
	case OPCODE_GROUP_2:
		row->operation = INSN_ROL + reg;
		return DECODE_OK;
	case OPCODE_GROUP_3:
		group_3(b, row);
		return DECODE_OK;
	case OPCODE_GROUP_4:
		row->operation = INSN_INC + reg;
		return reg <= 1 ? DECODE_OK : DECODE_UD;
	case OPCODE_GROUP_5:
		return group_5(b, out, row);
	case OPCODE_GROUP_6:
		return reg <= 5 ? DECODE_OK : DECODE_UNKNOWN;
	case OPCODE_GROUP_7:
		return group_7(b, out, row);
	case OPCODE_GROUP_8:
		row->operation = INSN_BT + reg - 4;
		return reg >= 4 ? DECODE_OK : DECODE_UD;
	case OPCODE_GROUP_9:
		return group_9(b, out, row);
	case OPCODE_GROUP_15:
		return group_15(b, out, row);
	case OPCODE_MOVSXD:
		movsxd(b, out, row);
		return DECODE_OK;
	case OPCODE_SREG:
		return sreg(b);
	case OPCODE_X87:
		return x87(b, out);
	case OPCODE_BIT_SCAN:
		/* After F3 TZCNT and LZCNT, if the processor has them. */
		return out->repeat == INSN_REPEAT_REP ? DECODE_UNKNOWN
						      : DECODE_OK;
	case OPCODE_MOVNTI:
		return out->repeat || b.operand_override ? DECODE_UNKNOWN
							 : DECODE_OK;
	case OPCODE_MEDIA:
		return media(b, out, row);
	case OPCODE_BOUND:
	case OPCODE_LOAD_FAR:
		/* EVEX and VEX */
		return out->memory ? DECODE_OK : DECODE_UNKNOWN;
	case OPCODE_0F38:
		return movbe(b, out, row);
	default:
		return DECODE_OK;
	}
}

bool opcode_lockable(const struct insn *out)
{
	const uint64_t set =
		1ull << INSN_ADD | 1ull << INSN_OR | 1ull << INSN_ADC |
		1ull << INSN_SBB | 1ull << INSN_AND | 1ull << INSN_SUB |
		1ull << INSN_XOR | 1ull << INSN_NOT | 1ull << INSN_NEG |
		1ull << INSN_INC | 1ull << INSN_DEC | 1ull << INSN_BTS |
		1ull << INSN_BTR | 1ull << INSN_BTC | 1ull << INSN_XCHG |
		1ull << INSN_CMPXCHG | 1ull << INSN_XADD |
		1ull << INSN_CMPXCHG8B;

	return out->memory && out->form != INSN_FORM_RM &&
	       out->operation < 64 && set >> out->operation & 1;
}
