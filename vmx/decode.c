/* SPDX-License-Identifier: BSD-2-Clause */
/* The instruction decoder; see the header.  Pure. */
#include "vmx/decode_opcode.h"

/* The opcode bytes and prefixes of the instruction being decoded. */
struct decoder {
	const uint8_t *bytes;
	unsigned at;	/* index of the next byte */
	unsigned limit; /* how many bytes may be looked at */
	uint8_t opcode;
	uint8_t modrm;
	uint8_t rex;
	uint8_t segment;       /* an override or NO_OVERRIDE */
	bool operand_override; /* 66 */
	bool address_override; /* 67 */
};

#define NO_OVERRIDE 0xff

#define REX_W	    8
#define REX_R	    4
#define REX_X	    2
#define REX_B	    1

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

/* Notes the legacy prefix byte. */
static inline void prefix(struct decoder *d, uint8_t byte, struct insn *out)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		/* Null prefixes in 64-bit mode. */
		if (out->mode != DECODE_64)
			d->segment = byte >> 3 & 3;
		break;
	case 0x64:
	case 0x65:
		d->segment = byte & 7;
		break;
	case 0x66:
		d->operand_override = true;
		break;
	case 0x67:
		d->address_override = true;
		break;
	case 0xf0:
		out->lock = true;
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

/* ModR/M memory operand with 32- or 64-bit addressing. */
static inline enum decode_status modrm_32(struct decoder *d, struct insn *out)
{
	unsigned mod = d->modrm >> 6;
	unsigned base = d->modrm & 7;
	unsigned size = mod == 2 ? 4 : mod;
	bool no_base = mod == 0 && base == 5;
	uint8_t without_base =
		out->mode == DECODE_64 ? INSN_RIP : INSN_NO_REGISTER;

	if (base == 4) {
		uint8_t sib;
		unsigned index;

		if (!has(d, 1))
			return missing(d->limit);
		sib = d->bytes[d->at++];
		base = sib & 7;
		index = (sib >> 3 & 7) | (d->rex & REX_X ? 8 : 0);
		if (index != INSN_RSP) {
			out->index = index;
			out->scale = 1 << (sib >> 6);
		}
		no_base = mod == 0 && base == 5;
		without_base = INSN_NO_REGISTER;
	}
	if (no_base) {
		out->base = without_base;
		size = 4;
	} else {
		out->base = base | (d->rex & REX_B ? 8 : 0);
		if (out->base == INSN_RSP || out->base == INSN_RBP)
			out->segment = INSN_SS;
	}
	if (!size)
		return DECODE_OK;
	if (!has(d, size))
		return missing(d->limit);
	out->displacement = fetch(d, size);
	return DECODE_OK;
}

static inline enum decode_status modrm(struct decoder *d, struct insn *out)
{
	if (!has(d, 1))
		return missing(d->limit);
	d->modrm = d->bytes[d->at++];
	out->reg = (d->modrm >> 3 & 7) | (d->rex & REX_R ? 8 : 0);
	out->memory = (d->modrm >> 6) != 3;
	if (!out->memory) {
		out->rm = (d->modrm & 7) | (d->rex & REX_B ? 8 : 0);
		return DECODE_OK;
	}
	if (out->address_size == 2)
		return modrm_16(d, out);
	return modrm_32(d, out);
}

static inline unsigned address_size(const struct decoder *d,
				    enum decode_mode mode)
{
	if (mode == DECODE_64)
		return d->address_override ? 4 : 8;
	return (mode == DECODE_32) != d->address_override ? 4 : 2;
}

static inline unsigned operand_size(const struct decoder *d,
				    enum decode_mode mode, unsigned flags)
{
	if (flags & (OPCODE_BYTE | OPCODE_MMX | OPCODE_XMM))
		return flags & OPCODE_XMM ? 16 : flags & OPCODE_MMX ? 8 : 1;
	if (d->rex & REX_W)
		return 8;
	if (flags & OPCODE_DOUBLEWORD)
		return 4;
	if (mode != DECODE_64)
		return (mode == DECODE_32) != d->operand_override ? 4 : 2;
	if (flags & OPCODE_NEAR)
		return 8;
	if (d->operand_override)
		return 2;
	return flags & OPCODE_STACK ? 8 : 4;
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
					const struct opcode **row)
{
	for (;;) {
		if (!has(d, 1))
			return missing(d->limit);
		d->opcode = d->bytes[d->at++];
		*row = &opcode_one_byte[d->opcode];
		if (out->mode == DECODE_64 && (d->opcode & 0xf0) == 0x40) {
			d->rex = d->opcode;
		} else if ((*row)->kind == OPCODE_PREFIX) {
			prefix(d, d->opcode, out);
			/* Only right before the opcode does REX count. */
			d->rex = 0;
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

/* Immediate, segment, length: what depends on all that came before. */
static inline enum decode_status finish(struct decoder *d,
					const struct opcode *row,
					struct insn *out)
{
	enum decode_status status;

	out->operation = row->operation;
	out->form = row->form;
	out->memory_size =
		row->memory_size ? row->memory_size : out->operand_size;
	if (row->flags & OPCODE_LOW_REG)
		out->rm = (d->opcode & 7) | (d->rex & REX_B ? 8 : 0);
	if (row->flags & OPCODE_CONDITION)
		out->condition = d->opcode & 15;
	if (row->immediate) {
		status = immediate(d, row->immediate, out);
		if (status != DECODE_OK)
			return status;
	}
	if (d->segment != NO_OVERRIDE)
		out->segment = d->segment;
	out->rex = d->rex != 0;
	out->length = d->at;
	if (out->lock && !opcode_lockable(out))
		return DECODE_UD;
	return DECODE_OK;
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
		.segment = NO_OVERRIDE,
	};
	const struct opcode *row;
	struct opcode refined;
	enum decode_status status;

	start(mode, out);
	status = opcode(&d, out, &row);
	if (status != DECODE_OK)
		return status;
	if (row->kind == OPCODE_UNKNOWN)
		return DECODE_UNKNOWN;
	if (row->flags & (OPCODE_NO64 | OPCODE_OTHER64) && mode == DECODE_64)
		return row->flags & OPCODE_NO64 ? DECODE_UD : DECODE_UNKNOWN;
	out->address_size = address_size(&d, mode);
	if (row->flags & OPCODE_MODRM) {
		status = modrm(&d, out);
		if (status != DECODE_OK)
			return status;
	}
	if (row->kind != OPCODE_PLAIN) {
		struct opcode_bytes b = {
			.opcode = d.opcode,
			.modrm = d.modrm,
			.rex_w = d.rex & REX_W,
			.operand_override = d.operand_override,
		};

		refined = *row;
		row = &refined;
		status = opcode_refine(b, out, &refined);
		if (status != DECODE_OK)
			return status;
	}
	if (row->flags &
	    (out->memory ? OPCODE_REGISTER_ONLY : OPCODE_MEMORY_ONLY))
		return DECODE_UD;
	out->operand_size = operand_size(&d, mode, row->flags);
	return finish(&d, row, out);
}
