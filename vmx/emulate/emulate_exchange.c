/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions that swap registers with memory; see emulate_step.h.  Pure. */
#include "vmx/emulate/emulate_step.h"

/* XCHG and XADD: rm is written before reg, which a fault leaves alone. */
static enum emulate_result exchange(const struct emulate_step *s)
{
	const struct insn *insn = s->insn;
	uint64_t rflags = s->r->rflags;
	enum emulate_result result;
	gla_t address;
	uint64_t old, new;

	result = emulate_load(s, &address, &old);
	if (result != EMULATE_DONE)
		return result;
	new = emulate_get(s, insn->reg, insn->operand_size);
	if (insn->operation == INSN_XADD)
		new = emulate_alu(INSN_ADD, insn->operand_size, old, new,
				  &rflags);
	/* Between registers the sum, rm, is written last. */
	if (!insn->memory)
		emulate_set(s, insn->reg, insn->operand_size, old);
	result = emulate_store(s, address, new);
	if (result != EMULATE_DONE)
		return result;
	if (insn->memory)
		emulate_set(s, insn->reg, insn->operand_size, old);
	s->r->rflags = rflags;
	return EMULATE_DONE;
}

/* The destination is written, with what it was, also when they differ. */
static enum emulate_result compare_exchange(const struct emulate_step *s)
{
	const struct insn *insn = s->insn;
	unsigned size = insn->operand_size;
	uint64_t rflags = s->r->rflags;
	enum emulate_result result;
	gla_t address;
	uint64_t old, new;
	bool equal;

	result = emulate_load(s, &address, &old);
	if (result != EMULATE_DONE)
		return result;
	emulate_alu(INSN_CMP, size, s->r->gpr[INSN_RAX], old, &rflags);
	equal = rflags & EMULATE_RFLAGS_ZF;
	new = equal ? emulate_get(s, insn->reg, size) : old;
	result = emulate_store(s, address, new);
	if (result != EMULATE_DONE)
		return result;
	if (!equal)
		emulate_set(s, INSN_RAX, size, old);
	s->r->rflags = rflags;
	return EMULATE_DONE;
}

/* CMPXCHG8B and CMPXCHG16B: rDX:rAX with memory, rCX:rBX into memory. */
static enum emulate_result compare_exchange_pair(const struct emulate_step *s)
{
	unsigned half = s->insn->memory_size / 2;
	enum emulate_result result;
	uint64_t low = 0, high = 0;
	uint8_t bytes[16];
	gla_t address;
	bool equal;

	result = emulate_address(s, &address);
	if (result != EMULATE_DONE)
		return result;
	if (half == 8 && address.value & 15)
		return emulate_fault(s, EMULATE_VECTOR_GP);
	result = emulate_read(s->context, address, 2 * half, bytes);
	if (result != EMULATE_DONE)
		return result;
	__builtin_memcpy(&low, bytes, half);
	__builtin_memcpy(&high, bytes + half, half);
	equal = low == emulate_get(s, INSN_RAX, half) &&
		high == emulate_get(s, INSN_RDX, half);
	if (equal) {
		__builtin_memcpy(bytes, &s->r->gpr[INSN_RBX], half);
		__builtin_memcpy(bytes + half, &s->r->gpr[INSN_RCX], half);
	}
	result = emulate_write(s->context, address, 2 * half, bytes);
	if (result != EMULATE_DONE)
		return result;
	if (equal) {
		s->r->rflags |= EMULATE_RFLAGS_ZF;
	} else {
		s->r->rflags &= ~EMULATE_RFLAGS_ZF;
		emulate_set(s, INSN_RAX, half, low);
		emulate_set(s, INSN_RDX, half, high);
	}
	return EMULATE_DONE;
}

enum emulate_result emulate_exchange(const struct emulate_step *s)
{
	switch ((enum insn_operation)s->insn->operation) {
	case INSN_XCHG:
	case INSN_XADD:
		return exchange(s);
	case INSN_CMPXCHG:
		return compare_exchange(s);
	case INSN_CMPXCHG8B:
		return compare_exchange_pair(s);
	default:
		return EMULATE_UNHANDLED;
	}
}
