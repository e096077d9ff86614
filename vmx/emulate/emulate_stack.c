/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions that push, pop or branch; see emulate_step.h.  Pure. */
#include "vmx/emulate/emulate_step.h"

#define RIGHTS_BIG (1u << 14)

/* The bytes of rSP that count: 2, 4 or 8. */
static unsigned stack_width(const struct emulate_step *s)
{
	struct emulate_segment ss;

	if (s->insn->mode == DECODE_64)
		return 8;
	emulate_segment_get(s->context, INSN_SS, &ss);
	return ss.access_rights & RIGHTS_BIG ? 4 : 2;
}

/* Writes value below stack pointer sp and moves sp; registers stay. */
static enum emulate_result push(const struct emulate_step *s, uint64_t value,
				uint64_t *sp)
{
	unsigned size = s->insn->operand_size;
	uint64_t below = (*sp - size) & emulate_alu_mask(stack_width(s));
	enum emulate_result result;
	gla_t address;

	result = emulate_linear(s, INSN_SS, below, size, &address);
	if (result == EMULATE_DONE)
		result = emulate_write(s->context, address, size, &value);
	if (result == EMULATE_DONE)
		*sp = below;
	return result;
}

/* Reads value at stack pointer sp and moves sp; registers stay. */
static enum emulate_result pop(const struct emulate_step *s, uint64_t *value,
			       uint64_t *sp)
{
	unsigned size = s->insn->operand_size;
	uint64_t mask = emulate_alu_mask(stack_width(s));
	enum emulate_result result;
	gla_t address;

	*value = 0;
	result = emulate_linear(s, INSN_SS, *sp & mask, size, &address);
	if (result == EMULATE_DONE)
		result = emulate_read(s->context, address, size, value);
	if (result == EMULATE_DONE)
		*sp = (*sp + size) & mask;
	return result;
}

/* Takes over the stack pointer when nothing more can fail. */
static void commit_sp(const struct emulate_step *s, uint64_t sp)
{
	emulate_set(s, INSN_RSP, stack_width(s), sp);
}

/* Whether a near branch to target can be made; else it is #GP(0). */
static enum emulate_result check_target(const struct emulate_step *s,
					uint64_t target)
{
	struct emulate_segment cs;
	bool good;

	if (s->insn->mode == DECODE_64) {
		good = emulate_is_canonical(target, 1);
	} else {
		emulate_segment_get(s->context, INSN_CS, &cs);
		good = target <= cs.limit;
	}
	return good ? EMULATE_DONE : emulate_fault(s, EMULATE_VECTOR_GP);
}

static enum emulate_result push_operand(const struct emulate_step *s)
{
	uint64_t sp = s->r->gpr[INSN_RSP];
	uint64_t value = s->insn->immediate;
	enum emulate_result result;
	gla_t address;

	if (s->insn->form != INSN_FORM_I) {
		result = emulate_load(s, &address, &value);
		if (result != EMULATE_DONE)
			return result;
	}
	result = push(s, value, &sp);
	if (result == EMULATE_DONE)
		commit_sp(s, sp);
	return result;
}

/* An operand addressed by rSP sees rSP as it is after the pop. */
static enum emulate_result pop_operand(const struct emulate_step *s)
{
	uint64_t old = s->r->gpr[INSN_RSP];
	uint64_t sp = old;
	enum emulate_result result;
	uint64_t value;
	gla_t address = gla(0);

	result = pop(s, &value, &sp);
	if (result != EMULATE_DONE)
		return result;
	commit_sp(s, sp);
	if (s->insn->memory)
		result = emulate_address(s, &address);
	if (result == EMULATE_DONE)
		result = emulate_store(s, address, value);
	if (result != EMULATE_DONE)
		s->r->gpr[INSN_RSP] = old;
	return result;
}

static enum emulate_result branch(const struct emulate_step *s)
{
	const struct insn *insn = s->insn;
	uint64_t mask = emulate_alu_mask(insn->operand_size);
	uint64_t next = s->r->rip + insn->length;
	uint64_t sp = s->r->gpr[INSN_RSP];
	uint64_t target = next + insn->immediate;
	enum emulate_result result;
	gla_t address;

	if (insn->form != INSN_FORM_I) {
		result = emulate_load(s, &address, &target);
		if (result != EMULATE_DONE)
			return result;
	}
	target &= mask;
	result = check_target(s, target);
	if (result != EMULATE_DONE)
		return result;
	if (insn->operation == INSN_CALL) {
		result = push(s, next & mask, &sp);
		if (result != EMULATE_DONE)
			return result;
		commit_sp(s, sp);
	}
	s->r->rip = target;
	return EMULATE_BRANCHED;
}

static enum emulate_result ret(const struct emulate_step *s)
{
	uint64_t sp = s->r->gpr[INSN_RSP];
	enum emulate_result result;
	uint64_t target;

	result = pop(s, &target, &sp);
	if (result == EMULATE_DONE)
		result = check_target(s, target);
	if (result != EMULATE_DONE)
		return result;
	commit_sp(s, sp + s->insn->immediate);
	s->r->rip = target;
	return EMULATE_BRANCHED;
}

/* Only without nested frames, which no compiler emits. */
static enum emulate_result enter(const struct emulate_step *s)
{
	uint64_t sp = s->r->gpr[INSN_RSP];
	uint64_t bp = emulate_get(s, INSN_RBP, s->insn->operand_size);
	enum emulate_result result;

	if (s->insn->immediate >> 16)
		return EMULATE_UNHANDLED;
	result = push(s, bp, &sp);
	if (result != EMULATE_DONE)
		return result;
	emulate_set(s, INSN_RBP, s->insn->operand_size, sp);
	commit_sp(s, sp - (s->insn->immediate & 0xffff));
	return EMULATE_DONE;
}

static enum emulate_result leave(const struct emulate_step *s)
{
	uint64_t sp = s->r->gpr[INSN_RBP];
	enum emulate_result result;
	uint64_t bp;

	result = pop(s, &bp, &sp);
	if (result != EMULATE_DONE)
		return result;
	commit_sp(s, sp);
	emulate_set(s, INSN_RBP, s->insn->operand_size, bp);
	return EMULATE_DONE;
}

enum emulate_result emulate_stack(const struct emulate_step *s)
{
	switch ((enum insn_operation)s->insn->operation) {
	case INSN_PUSH:
		return push_operand(s);
	case INSN_POP:
		return pop_operand(s);
	case INSN_CALL:
	case INSN_JMP:
		return branch(s);
	case INSN_RET:
		return ret(s);
	case INSN_ENTER:
		return enter(s);
	case INSN_LEAVE:
		return leave(s);
	default:
		return EMULATE_UNHANDLED;
	}
}
