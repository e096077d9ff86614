/* SPDX-License-Identifier: BSD-2-Clause */
/* The instruction emulator; see the header.  Pure. */
#include "vmx/emulate/emulate.h"
#include "vmx/emulate/emulate_step.h"

/* The bits of a segment's access rights that matter here. */
#define RIGHTS_TYPE_MASK   0xcu
#define RIGHTS_EXPAND_DOWN 0x4u
#define RIGHTS_BIG	   (1u << 14)
#define RIGHTS_UNUSABLE	   (1u << 16)

static enum emulate_result linear_64(const struct emulate_step *s,
				     enum insn_segment segment, uint64_t offset,
				     unsigned size, gla_t *out)
{
	uint64_t address = offset;

	if (segment >= INSN_FS) {
		struct emulate_segment fs_or_gs;

		emulate_segment_get(s->context, segment, &fs_or_gs);
		address += fs_or_gs.base;
	}
	if (!emulate_is_canonical(address, size))
		return emulate_fault(s, segment == INSN_SS ? EMULATE_VECTOR_SS
							   : EMULATE_VECTOR_GP);
	*out = gla(address);
	return EMULATE_DONE;
}

/* Whether size bytes at offset lie within the segment. */
static bool within(const struct emulate_segment *segment, uint64_t offset,
		   unsigned size)
{
	uint64_t last = offset + size - 1;
	uint64_t top =
		segment->access_rights & RIGHTS_BIG ? 0xffffffff : 0xffff;

	if (segment->access_rights & RIGHTS_UNUSABLE)
		return false;
	if ((segment->access_rights & RIGHTS_TYPE_MASK) == RIGHTS_EXPAND_DOWN)
		return offset > segment->limit && last <= top;
	return last <= segment->limit;
}

enum emulate_result emulate_linear_slow(const struct emulate_step *s,
					enum insn_segment segment,
					uint64_t offset, unsigned size,
					gla_t *out)
{
	struct emulate_segment loaded;

	if (s->insn->mode == DECODE_64)
		return linear_64(s, segment, offset, size, out);
	emulate_segment_get(s->context, segment, &loaded);
	if (!within(&loaded, offset, size))
		return emulate_fault(s, segment == INSN_SS ? EMULATE_VECTOR_SS
							   : EMULATE_VECTOR_GP);
	*out = gla((uint32_t)(loaded.base + offset));
	return EMULATE_DONE;
}

enum emulate_result emulate_load(const struct emulate_step *s, gla_t *address,
				 uint64_t *value)
{
	enum emulate_result result;

	if (!s->insn->memory) {
		*address = gla(0);
		*value = emulate_get(s, s->insn->rm, s->insn->memory_size);
		return EMULATE_DONE;
	}
	result = emulate_address(s, address);
	if (result != EMULATE_DONE)
		return result;
	*value = 0;
	return emulate_read(s->context, *address, s->insn->memory_size, value);
}

enum emulate_result emulate_store(const struct emulate_step *s, gla_t address,
				  uint64_t value)
{
	if (s->insn->memory)
		return emulate_write(s->context, address, s->insn->memory_size,
				     &value);
	emulate_set(s, s->insn->rm, s->insn->memory_size, value);
	return EMULATE_DONE;
}

static uint64_t swap_bytes(uint64_t value, unsigned size)
{
	return __builtin_bswap64(value) >> (64 - 8 * size);
}

/* MOV and MOVNTI from a register or immediate to rm. */
static inline enum emulate_result move_to_rm(const struct emulate_step *s)
{
	const struct insn *insn = s->insn;
	enum emulate_result result;
	uint64_t value = insn->immediate;
	gla_t address;

	if (insn->form == INSN_FORM_MR)
		value = emulate_get_low(s, insn->reg, insn->operand_size);
	if (!insn->memory) {
		emulate_set(s, insn->rm, insn->operand_size, value);
		return EMULATE_DONE;
	}
	result = emulate_address(s, &address);
	if (result != EMULATE_DONE)
		return result;
	return emulate_write(s->context, address, insn->memory_size, &value);
}

/* MOV from rm to a register. */
static inline enum emulate_result move_to_reg(const struct emulate_step *s)
{
	const struct insn *insn = s->insn;
	enum emulate_result result = EMULATE_DONE;
	uint64_t value = 0;
	gla_t address;

	if (insn->memory) {
		result = emulate_address(s, &address);
		if (result == EMULATE_DONE)
			result = emulate_read(s->context, address,
					      insn->memory_size, &value);
	} else {
		value = emulate_get_low(s, insn->rm, insn->memory_size);
	}
	if (result == EMULATE_DONE)
		emulate_set(s, insn->reg, insn->operand_size, value);
	return result;
}

/* MOVBE to rm. */
static enum emulate_result swap_to_rm(const struct emulate_step *s)
{
	unsigned size = s->insn->operand_size;
	uint64_t value = swap_bytes(emulate_get(s, s->insn->reg, size), size);
	enum emulate_result result;
	gla_t address;

	result = emulate_address(s, &address);
	if (result != EMULATE_DONE)
		return result;
	return emulate_store(s, address, value);
}

/* MOVZX, MOVSX, MOVBE and CMOVcc from rm to a register. */
static enum emulate_result convert(const struct emulate_step *s)
{
	const struct insn *insn = s->insn;
	enum emulate_result result;
	gla_t address;
	uint64_t value;

	if (insn->form == INSN_FORM_MR)
		return swap_to_rm(s);
	result = emulate_load(s, &address, &value);
	if (result != EMULATE_DONE)
		return result;
	if (insn->operation == INSN_MOVSX)
		value = emulate_alu_signed(value, insn->memory_size);
	else if (insn->operation == INSN_MOVBE)
		value = swap_bytes(value, insn->operand_size);
	else if (insn->operation == INSN_CMOVCC &&
		 !emulate_alu_condition(insn->condition, s->r->rflags))
		value = emulate_get(s, insn->reg, insn->operand_size);
	emulate_set(s, insn->reg, insn->operand_size, value);
	return EMULATE_DONE;
}

static enum emulate_result set_condition(const struct emulate_step *s)
{
	gla_t address = gla(0);

	if (s->insn->memory) {
		enum emulate_result result = emulate_address(s, &address);

		if (result != EMULATE_DONE)
			return result;
	}
	return emulate_store(
		s, address,
		emulate_alu_condition(s->insn->condition, s->r->rflags));
}

/* The second operand, by form. */
static uint64_t source(const struct emulate_step *s)
{
	switch (s->insn->form) {
	case INSN_FORM_MR:
		return emulate_get(s, s->insn->reg, s->insn->operand_size);
	case INSN_FORM_MC:
		return s->r->gpr[INSN_RCX] & 0xff;
	default:
		return s->insn->immediate;
	}
}

/* Operations whose destination is a register and whose source is rm. */
static enum emulate_result arithmetic_to_reg(const struct emulate_step *s)
{
	const struct insn *insn = s->insn;
	enum insn_operation operation = insn->operation;
	enum emulate_result result;
	gla_t address;
	uint64_t a, b;

	result = emulate_load(s, &address, &b);
	if (result != EMULATE_DONE)
		return result;
	a = insn->form == INSN_FORM_RMI
		    ? insn->immediate
		    : emulate_get(s, insn->reg, insn->operand_size);
	a = emulate_alu(operation, insn->operand_size, a, b, &s->r->rflags);
	/* BSF and BSR of 0 leave the whole register alone. */
	if (operation != INSN_CMP &&
	    !((operation == INSN_BSF || operation == INSN_BSR) && b == 0))
		emulate_set(s, insn->reg, insn->operand_size, a);
	return EMULATE_DONE;
}

/* Operations whose destination is rm: read, compute, write, then flags. */
static enum emulate_result arithmetic_to_rm(const struct emulate_step *s)
{
	const struct insn *insn = s->insn;
	enum insn_operation operation = insn->operation;
	uint64_t rflags = s->r->rflags;
	enum emulate_result result;
	gla_t address;
	uint64_t value;

	result = emulate_load(s, &address, &value);
	if (result != EMULATE_DONE)
		return result;
	value = emulate_alu(operation, insn->operand_size, value, source(s),
			    &rflags);
	if (operation != INSN_CMP && operation != INSN_TEST &&
	    operation != INSN_BT) {
		result = emulate_store(s, address, value);
		if (result != EMULATE_DONE)
			return result;
	}
	s->r->rflags = rflags;
	return EMULATE_DONE;
}

static enum emulate_result arithmetic(const struct emulate_step *s)
{
	if (s->insn->form == INSN_FORM_RM || s->insn->form == INSN_FORM_RMI)
		return arithmetic_to_reg(s);
	return arithmetic_to_rm(s);
}

/*
 * BT and its kin with a register: the signed bit number displaces the address
 * by whole operands.  (The displaced copy is an instruction of its own.)
 */
static enum emulate_result bit_string(const struct emulate_step *s)
{
	struct insn displaced = *s->insn;
	struct emulate_step step = {&displaced, s->r, s->context};
	unsigned size = displaced.operand_size;
	int64_t bit;

	if (displaced.memory && displaced.form == INSN_FORM_MR) {
		bit = emulate_alu_signed(emulate_get(s, displaced.reg, size),
					 size);
		bit = (bit >> 3) & -(int64_t)size;
		displaced.displacement =
			(uint64_t)displaced.displacement + (uint64_t)bit;
	}
	return arithmetic_to_rm(&step);
}

static enum emulate_result double_shift(const struct emulate_step *s)
{
	const struct insn *insn = s->insn;
	uint64_t count = insn->form == INSN_FORM_MRC ? s->r->gpr[INSN_RCX]
						     : insn->immediate;
	uint64_t rflags = s->r->rflags;
	enum emulate_result result;
	gla_t address;
	uint64_t value;

	result = emulate_load(s, &address, &value);
	if (result != EMULATE_DONE)
		return result;
	value = emulate_alu_double_shift(
		insn->operation == INSN_SHLD, insn->operand_size, value,
		emulate_get(s, insn->reg, insn->operand_size), count & 0xff,
		&rflags);
	result = emulate_store(s, address, value);
	if (result == EMULATE_DONE)
		s->r->rflags = rflags;
	return result;
}

/* MUL, IMUL, DIV and IDIV of one operand: AX, or rDX:rAX. */
static enum emulate_result multiply_divide(const struct emulate_step *s)
{
	const struct insn *insn = s->insn;
	unsigned size = insn->operand_size;
	bool is_signed =
		insn->operation == INSN_IMUL || insn->operation == INSN_IDIV;
	uint64_t low = s->r->gpr[INSN_RAX];
	uint64_t high = size == 1 ? low >> 8 : s->r->gpr[INSN_RDX];
	enum emulate_result result;
	gla_t address;
	uint64_t value;

	result = emulate_load(s, &address, &value);
	if (result != EMULATE_DONE)
		return result;
	if (insn->operation == INSN_MUL || insn->operation == INSN_IMUL)
		emulate_alu_multiply(is_signed, size, value, &low, &high,
				     &s->r->rflags);
	else if (!emulate_alu_divide(is_signed, size, value, &low, &high))
		return emulate_fault(s, EMULATE_VECTOR_DE);
	if (size == 1) {
		emulate_set(s, INSN_RAX, 2, high << 8 | low);
	} else {
		emulate_set(s, INSN_RAX, size, low);
		emulate_set(s, INSN_RDX, size, high);
	}
	return EMULATE_DONE;
}

/* AL := byte at rBX + AL. */
static enum emulate_result translate(const struct emulate_step *s)
{
	enum emulate_result result;
	uint64_t offset = s->r->gpr[INSN_RBX] + (s->r->gpr[INSN_RAX] & 0xff);
	uint8_t value = 0;
	gla_t address;

	result = emulate_linear(
		s, s->insn->segment,
		offset & emulate_alu_mask(s->insn->address_size), 1, &address);
	if (result == EMULATE_DONE)
		result = emulate_read(s->context, address, 1, &value);
	if (result == EMULATE_DONE)
		emulate_set(s, INSN_RAX, 1, value);
	return result;
}

/* Everything but plain moves. */
static __attribute__((noinline)) enum emulate_result dispatch(
	const struct emulate_step *s)
{
	const struct insn *insn = s->insn;
	gla_t address;

	switch ((enum insn_operation)insn->operation) {
	case INSN_MOVZX:
	case INSN_MOVSX:
	case INSN_MOVBE:
	case INSN_CMOVCC:
		return convert(s);
	case INSN_ADD ... INSN_SAR:
	case INSN_TEST:
	case INSN_NOT:
	case INSN_NEG:
	case INSN_INC:
	case INSN_DEC:
	case INSN_IMUL_R:
	case INSN_BSF:
	case INSN_BSR:
		return arithmetic(s);
	case INSN_BT ... INSN_BTC:
		return bit_string(s);
	case INSN_SHLD:
	case INSN_SHRD:
		return double_shift(s);
	case INSN_MUL ... INSN_IDIV:
		return multiply_divide(s);
	case INSN_XCHG:
	case INSN_XADD:
	case INSN_CMPXCHG:
	case INSN_CMPXCHG8B:
		return emulate_exchange(s);
	case INSN_SETCC:
		return set_condition(s);
	case INSN_XLAT:
		return translate(s);
	case INSN_CALL:
	case INSN_JMP:
	case INSN_RET:
	case INSN_PUSH:
	case INSN_POP:
	case INSN_ENTER:
	case INSN_LEAVE:
		return emulate_stack(s);
	case INSN_MOVS ... INSN_SCAS:
		return emulate_string(s);
	case INSN_SSE_MOVE:
	case INSN_SSE_ALIGNED:
	case INSN_SSE_MASKMOV:
		return emulate_sse(s);
	case INSN_LEA:
		emulate_set(s, insn->reg, insn->operand_size,
			    emulate_offset(s));
		return EMULATE_DONE;
	case INSN_CACHE:
		return emulate_address(s, &address);
	case INSN_HINT:
		return EMULATE_DONE;
	default:
		return EMULATE_UNHANDLED;
	}
}

enum emulate_result emulate_insn(const struct insn *insn,
				 struct emulate_registers *registers,
				 void *context)
{
	const struct emulate_step s = {insn, registers, context};

	if (insn->operation != INSN_MOV && insn->operation != INSN_MOVNTI)
		return dispatch(&s);
	if (insn->form == INSN_FORM_RM)
		return move_to_reg(&s);
	return move_to_rm(&s);
}

enum emulate_result emulate_operand(const struct insn *insn,
				    struct emulate_registers *registers,
				    void *context, gla_t *address)
{
	const struct emulate_step s = {insn, registers, context};

	return emulate_linear(&s, insn->segment, emulate_offset(&s),
			      insn->memory_size ? insn->memory_size : 1,
			      address);
}
