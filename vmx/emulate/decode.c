/* SPDX-License-Identifier: BSD-2-Clause */
/* The instruction decoder; see the header.  Pure. */
#include "vmx/emulate/decode_opcode.h"

/*
 * The instruction being decoded.  Whole words, though bytes would do: this is
 * on the path of every memory-mapped access, and kept in registers.
 */
struct decoder {
	const uint8_t *bytes;
	unsigned at;	/* index of the next byte */
	unsigned limit; /* how many bytes may be looked at */
	unsigned opcode;
	unsigned modrm;
	unsigned rex;
	unsigned prefixes; /* PREFIX_*, and the segment above */
};

/* Of 66 and 67, numbers for the tables of sizes. */
#define PREFIX_OPERAND	     1u
#define PREFIX_ADDRESS	     2u
#define PREFIX_SEGMENT	     4u
#define PREFIX_LOCK	     8u
#define PREFIX_SEGMENT_SHIFT 8

#define REX_W		     8
#define REX_R		     4
#define REX_X		     2
#define REX_B		     1

/* In bytes, by mode and by whether the prefix 66 or 67 is there. */
static const uint8_t operand_sizes[3][2] = {{2, 4}, {4, 2}, {4, 2}};
static const uint8_t address_sizes[3][2] = {{2, 4}, {4, 2}, {8, 4}};

/* The bytes are used up: will more of them help? */
static enum decode_status missing(unsigned limit)
{
	return limit == DECODE_MAX_LENGTH ? DECODE_TOO_LONG : DECODE_NEED_MORE;
}

/* Fetches size bytes, 1, 2, 4 or 8, sign-extended; the caller checked limit. */
static inline int64_t fetch(struct decoder *d, unsigned size)
{
	const uint8_t *from = d->bytes + d->at;
	int64_t value = 0;

	d->at += size;
	switch (size) {
	case 1:
		return (int8_t)from[0];
	case 2:
		return (int16_t)(from[0] | from[1] << 8);
	case 4:
		__builtin_memcpy(&value, from, 4);
		return (int32_t)value;
	default:
		__builtin_memcpy(&value, from, 8);
		return value;
	}
}

static inline bool has(const struct decoder *d, unsigned size)
{
	return d->limit - d->at >= size;
}

static void override_segment(struct decoder *d, unsigned segment)
{
	d->prefixes &= (1u << PREFIX_SEGMENT_SHIFT) - 1;
	d->prefixes |= PREFIX_SEGMENT | segment << PREFIX_SEGMENT_SHIFT;
}

/* Notes the legacy prefix byte. */
static inline void prefix(struct decoder *d, struct insn *out)
{
	switch (d->opcode) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		/* Null prefixes in 64-bit mode. */
		if (out->mode != DECODE_64)
			override_segment(d, d->opcode >> 3 & 3);
		break;
	case 0x64:
	case 0x65:
		override_segment(d, d->opcode & 7);
		break;
	case 0x66:
		d->prefixes |= PREFIX_OPERAND;
		break;
	case 0x67:
		d->prefixes |= PREFIX_ADDRESS;
		break;
	case 0xf0:
		d->prefixes |= PREFIX_LOCK;
		break;
	case 0xf2:
		out->repeat = INSN_REPEAT_REPNE;
		break;
	default:
		out->repeat = INSN_REPEAT_REP;
		break;
	}
}

/* ModR/M memory operand with 16-bit addressing. */
static enum decode_status modrm_16(struct decoder *d, struct insn *out)
{
	static const uint8_t base[8] = {
		INSN_RBX, INSN_RBX, INSN_RBP, INSN_RBP,
		INSN_RSI, INSN_RDI, INSN_RBP, INSN_RBX,
	};
	static const uint8_t index[8] = {
		INSN_RSI,	  INSN_RDI,	    INSN_RSI,
		INSN_RDI,	  INSN_NO_REGISTER, INSN_NO_REGISTER,
		INSN_NO_REGISTER, INSN_NO_REGISTER,
	};
	unsigned mod = d->modrm >> 6;
	unsigned rm = d->modrm & 7;
	unsigned size = mod;

	out->base = base[rm];
	out->index = index[rm];
	if (mod == 0 && rm == 6) {
		out->base = INSN_NO_REGISTER;
		size = 2;
	}
	if (out->base == INSN_RBP)
		out->segment = INSN_SS;
	if (!size)
		return DECODE_OK;
	if (!has(d, size))
		return missing(d->limit);
	out->displacement = fetch(d, size);
	return DECODE_OK;
}

/* The SIB byte; *base is its register, or 5 and REX.B aside perhaps none. */
static enum decode_status sib(struct decoder *d, struct insn *out,
			      unsigned *base)
{
	unsigned byte, index;

	if (!has(d, 1))
		return missing(d->limit);
	byte = d->bytes[d->at++];
	*base = byte & 7;
	index = (byte >> 3 & 7) | (d->rex & REX_X) << 2;
	if (index != INSN_RSP) {
		out->index = index;
		out->scale = 1 << (byte >> 6);
	}
	return DECODE_OK;
}

/* ModR/M memory operand with 32- or 64-bit addressing. */
static inline enum decode_status modrm_32(struct decoder *d, struct insn *out)
{
	unsigned mod = d->modrm >> 6;
	unsigned base = d->modrm & 7;
	bool has_sib = base == 4;

	if (has_sib && sib(d, out, &base) != DECODE_OK)
		return missing(d->limit);
	if (mod == 0 && base == 5) {
		if (!has_sib && out->mode == DECODE_64)
			out->base = INSN_RIP;
		mod = 2;
	} else {
		base |= (d->rex & REX_B) << 3;
		out->base = base;
		if (base == INSN_RSP || base == INSN_RBP)
			out->segment = INSN_SS;
	}
	if (mod == 0)
		return DECODE_OK;
	if (!has(d, mod == 1 ? 1 : 4))
		return missing(d->limit);
	out->displacement = mod == 1 ? fetch(d, 1) : fetch(d, 4);
	return DECODE_OK;
}

static inline enum decode_status modrm(struct decoder *d, struct insn *out)
{
	if (!has(d, 1))
		return missing(d->limit);
	d->modrm = d->bytes[d->at++];
	out->reg = (d->modrm >> 3 & 7) | (d->rex & REX_R) << 1;
	if (d->modrm >= 0xc0) {
		out->rm = (d->modrm & 7) | (d->rex & REX_B) << 3;
		return DECODE_OK;
	}
	out->memory = true;
	if (out->address_size == 2)
		return modrm_16(d, out);
	return modrm_32(d, out);
}

/* Of the instructions that do not follow mode and prefixes; 0: they do. */
static unsigned special_size(const struct decoder *d, enum decode_mode mode,
			     unsigned flags)
{
	if (flags & OPCODE_BYTE)
		return 1;
	if (flags & OPCODE_MMX)
		return 8;
	if (flags & OPCODE_XMM)
		return 16;
	if (flags & OPCODE_DOUBLEWORD)
		return d->rex & REX_W ? 8 : 4;
	if (mode != DECODE_64)
		return 0;
	return flags & OPCODE_NEAR || !(d->prefixes & PREFIX_OPERAND) ? 8 : 0;
}

static inline unsigned operand_size(const struct decoder *d,
				    enum decode_mode mode, unsigned flags)
{
	unsigned size = 0;

	if (flags & (OPCODE_BYTE | OPCODE_STACK | OPCODE_NEAR | OPCODE_MMX |
		     OPCODE_XMM | OPCODE_DOUBLEWORD))
		size = special_size(d, mode, flags);
	if (size)
		return size;
	if (d->rex & REX_W)
		return 8;
	return operand_sizes[mode][d->prefixes & PREFIX_OPERAND];
}

static enum decode_status immediate_bytes(struct decoder *d, unsigned size,
					  struct insn *out)
{
	if (!has(d, size))
		return missing(d->limit);
	out->immediate = fetch(d, size);
	return DECODE_OK;
}

static enum decode_status immediate(struct decoder *d,
				    enum opcode_immediate kind,
				    struct insn *out)
{
	unsigned size = out->operand_size;

	switch (kind) {
	case OPCODE_NO_IMMEDIATE:
		return DECODE_OK;
	case OPCODE_IMM8:
		return immediate_bytes(d, 1, out);
	case OPCODE_IMMZ:
		return immediate_bytes(d, size == 8 ? 4 : size, out);
	case OPCODE_IMMV:
		return immediate_bytes(d, size, out);
	case OPCODE_ONE:
		out->immediate = 1;
		return DECODE_OK;
	case OPCODE_MOFFS:
		if (!has(d, out->address_size))
			return missing(d->limit);
		out->memory = true;
		out->displacement = fetch(d, out->address_size);
		return DECODE_OK;
	case OPCODE_IMM16:
		if (!has(d, 2))
			return missing(d->limit);
		out->immediate = (uint16_t)fetch(d, 2);
		return DECODE_OK;
	case OPCODE_ENTER:
		if (!has(d, 3))
			return missing(d->limit);
		out->immediate = (uint16_t)fetch(d, 2);
		out->immediate |= (uint64_t)(fetch(d, 1) & 0x1f) << 16;
		return DECODE_OK;
	case OPCODE_FAR:
		if (!has(d, size + 2))
			return missing(d->limit);
		d->at += size + 2;
		return DECODE_OK;
	}
	return DECODE_UNKNOWN;
}

/* The prefixes, the opcode and its row. */
static inline enum decode_status opcode(struct decoder *d, struct insn *out,
					enum decode_mode mode,
					const struct opcode **row)
{
	for (;;) {
		if (!has(d, 1))
			return missing(d->limit);
		d->opcode = d->bytes[d->at++];
		*row = &opcode_one_byte[d->opcode];
		if ((*row)->kind < OPCODE_INC_DEC)
			break;
		if ((*row)->kind == OPCODE_PREFIX) {
			prefix(d, out);
			/* Only right before the opcode does REX count. */
			d->rex = 0;
		} else if (mode == DECODE_64) {
			d->rex = d->opcode;
		} else {
			break;
		}
	}
	if ((*row)->kind != OPCODE_ESCAPE)
		return DECODE_OK;
	if (!has(d, 1))
		return missing(d->limit);
	d->opcode = d->bytes[d->at++];
	*row = &opcode_two_byte[d->opcode];
	if ((*row)->kind != OPCODE_0F38)
		return DECODE_OK;
	if (!has(d, 1))
		return missing(d->limit);
	d->opcode = d->bytes[d->at++];
	return DECODE_OK;
}

/* What few rows ask for. */
static enum decode_status rare(const struct decoder *d, struct insn *out,
			       unsigned flags)
{
	if (flags & OPCODE_NO64 && out->mode == DECODE_64)
		return DECODE_UD;
	if (flags & (out->memory ? OPCODE_REGISTER_ONLY : OPCODE_MEMORY_ONLY))
		return DECODE_UD;
	/* XABORT and XBEGIN are the rest of group 11. */
	if (flags & OPCODE_GROUP_11 && d->modrm & 0x38)
		return d->modrm == 0xf8 ? DECODE_UNKNOWN : DECODE_UD;
	if (flags & OPCODE_LOW_REG)
		out->rm = (d->opcode & 7) | (d->rex & REX_B) << 3;
	if (flags & OPCODE_CONDITION)
		out->condition = d->opcode & 15;
	return DECODE_OK;
}

#define RARE                                                       \
	(OPCODE_NO64 | OPCODE_REGISTER_ONLY | OPCODE_MEMORY_ONLY | \
	 OPCODE_LOW_REG | OPCODE_CONDITION | OPCODE_GROUP_11)

static enum decode_status segment_and_lock(const struct decoder *d,
					   struct insn *out)
{
	if (d->prefixes & PREFIX_SEGMENT)
		out->segment = d->prefixes >> PREFIX_SEGMENT_SHIFT;
	out->lock = d->prefixes & PREFIX_LOCK;
	return out->lock && !opcode_lockable(out) ? DECODE_UD : DECODE_OK;
}

/* All that comes after the memory operand. */
static inline enum decode_status finish(struct decoder *d, struct opcode row,
					enum decode_mode mode, struct insn *out)
{
	enum decode_status status = DECODE_OK;
	unsigned size = operand_size(d, mode, row.flags);

	out->operation = row.operation;
	out->form = row.form;
	out->operand_size = size;
	out->memory_size = row.memory_size ? row.memory_size : size;
	if (row.flags & RARE)
		status = rare(d, out, row.flags);
	if (status == DECODE_OK && row.immediate)
		status = immediate(d, row.immediate, out);
	if (status != DECODE_OK)
		return status;
	out->rex = d->rex != 0;
	out->length = d->at;
	if (d->prefixes & (PREFIX_SEGMENT | PREFIX_LOCK))
		status = segment_and_lock(d, out);
	return status;
}

static inline void start(enum decode_mode mode, struct insn *out)
{
	out->mode = mode;
	out->memory = false;
	out->segment = INSN_DS;
	out->base = INSN_NO_REGISTER;
	out->index = INSN_NO_REGISTER;
	out->scale = 1;
	out->reg = 0;
	out->rm = 0;
	out->condition = 0;
	out->repeat = INSN_REPEAT_NONE;
	out->lock = false;
	out->displacement = 0;
	out->immediate = 0;
}

enum decode_status decode_insn(const uint8_t *bytes, unsigned count,
			       enum decode_mode mode, struct insn *out)
{
	struct decoder d = {
		.bytes = bytes,
		.limit = count < DECODE_MAX_LENGTH ? count : DECODE_MAX_LENGTH,
	};
	const struct opcode *found;
	struct opcode row;
	enum decode_status status;

	start(mode, out);
	status = opcode(&d, out, mode, &found);
	if (status != DECODE_OK)
		return status;
	row = *found;
	out->address_size =
		address_sizes[mode][!!(d.prefixes & PREFIX_ADDRESS)];
	if (row.flags & OPCODE_OTHER64 && mode == DECODE_64)
		return DECODE_UNKNOWN;
	if (row.flags & OPCODE_MODRM) {
		status = modrm(&d, out);
		if (status != DECODE_OK)
			return status;
	}
	if (row.kind != OPCODE_PLAIN) {
		const struct opcode_bytes b = {
			.opcode = d.opcode,
			.modrm = d.modrm,
			.rex_w = d.rex & REX_W,
			.operand_override = d.prefixes & PREFIX_OPERAND,
		};
		struct opcode refined = row;

		status = opcode_refine(b, out, &refined);
		if (status != DECODE_OK)
			return status;
		row = refined;
	}
	return finish(&d, row, mode, out);
}
