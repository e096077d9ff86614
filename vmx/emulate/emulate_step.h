/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of the emulator share: registers and addresses of the
 * instruction in hand.  For vmx/emulate*.c alone.  Pure.
 */
#ifndef VMX_EMULATE_STEP_H
#define VMX_EMULATE_STEP_H

#include "vmx/emulate/emulate.h"
#include "vmx/emulate/emulate_alu.h"

#define EMULATE_VECTOR_DE 0
#define EMULATE_VECTOR_SS 12
#define EMULATE_VECTOR_GP 13

struct emulate_step {
	const struct insn *insn;
	struct emulate_registers *r;
	void *context;
};

/* AH to BH: byte registers 4 to 7 of an instruction without REX. */
static inline bool emulate_is_high_byte(const struct insn *insn,
					unsigned number, unsigned size)
{
	return size == 1 && !insn->rex && (number & 12) == 4;
}

/* A general-purpose register; only the low size bytes mean something. */
static inline uint64_t emulate_get_low(const struct emulate_step *s,
				       unsigned number, unsigned size)
{
	if (emulate_is_high_byte(s->insn, number, size))
		return s->r->gpr[number & 3] >> 8;
	return s->r->gpr[number & 15];
}

/* The low size bytes, 1 to 8, of a general-purpose register. */
static inline uint64_t emulate_get(const struct emulate_step *s,
				   unsigned number, unsigned size)
{
	return emulate_get_low(s, number, size) & emulate_alu_mask(size);
}

/* Writing 4 bytes clears the upper 4; 1 and 2 bytes leave the others. */
static inline void emulate_set(const struct emulate_step *s, unsigned number,
			       unsigned size, uint64_t value)
{
	uint64_t *gpr = &s->r->gpr[number & 15];

	if (emulate_is_high_byte(s->insn, number, size)) {
		gpr = &s->r->gpr[number & 3];
		*gpr = (*gpr & ~0xff00ull) | (value & 0xff) << 8;
	} else if (size == 4) {
		*gpr = (uint32_t)value;
	} else if (size == 8) {
		*gpr = value;
	} else {
		uint64_t mask = emulate_alu_mask(size);

		*gpr = (*gpr & ~mask) | (value & mask);
	}
}

/* Queues vector with error code 0 and is EMULATE_FAULT. */
static inline enum emulate_result emulate_fault(const struct emulate_step *s,
						uint8_t vector)
{
	emulate_raise(s->context, vector, 0);
	return EMULATE_FAULT;
}

/* Whether size bytes are canonical with 4-level paging, which guests have. */
static inline bool emulate_is_canonical(uint64_t address, unsigned size)
{
	return address + (1ull << 47) <= (1ull << 48) - size;
}

/* emulate_linear() where there is a segment to look at, or a fault. */
enum emulate_result emulate_linear_slow(const struct emulate_step *s,
					enum insn_segment segment,
					uint64_t offset, unsigned size,
					gla_t *out);

/*
 * The linear address of size bytes at offset in segment.  EMULATE_DONE, or
 * EMULATE_FAULT: beyond the limit, unusable or not canonical.
 */
static inline enum emulate_result emulate_linear(const struct emulate_step *s,
						 enum insn_segment segment,
						 uint64_t offset, unsigned size,
						 gla_t *out)
{
	if (s->insn->mode != DECODE_64 || segment >= INSN_FS ||
	    !emulate_is_canonical(offset, size))
		return emulate_linear_slow(s, segment, offset, size, out);
	*out = gla(offset);
	return EMULATE_DONE;
}

/* The offset that the explicit memory operand has in its segment. */
static inline uint64_t emulate_offset(const struct emulate_step *s)
{
	const struct insn *insn = s->insn;
	uint64_t offset = insn->displacement;

	if (insn->base < 16)
		offset += s->r->gpr[insn->base];
	else if (insn->base == INSN_RIP)
		offset += s->r->rip + insn->length;
	if (insn->index < 16)
		offset += s->r->gpr[insn->index] * insn->scale;
	if (insn->address_size != 8)
		offset &= emulate_alu_mask(insn->address_size);
	return offset;
}

/* The linear address of the explicit memory operand, or EMULATE_FAULT. */
static inline enum emulate_result emulate_address(const struct emulate_step *s,
						  gla_t *address)
{
	return emulate_linear(s, s->insn->segment, emulate_offset(s),
			      s->insn->memory_size, address);
}

/* XCHG, XADD, CMPXCHG, CMPXCHG8B, CMPXCHG16B; vmx/emulate/emulate_exchange.c. */
enum emulate_result emulate_exchange(const struct emulate_step *s);

/* PUSH, POP, CALL, RET, JMP, ENTER, LEAVE; vmx/emulate/emulate_stack.c. */
enum emulate_result emulate_stack(const struct emulate_step *s);

/* MOVS, CMPS, STOS, LODS, SCAS; vmx/emulate/emulate_string.c. */
enum emulate_result emulate_string(const struct emulate_step *s);

/* The moves of XMM registers; vmx/emulate/emulate_sse.c. */
enum emulate_result emulate_sse(const struct emulate_step *s);

/* Reads the rm operand, register or memory; its address is for the write. */
enum emulate_result emulate_load(const struct emulate_step *s, gla_t *address,
				 uint64_t *value);
enum emulate_result emulate_store(const struct emulate_step *s, gla_t address,
				  uint64_t value);

#endif
