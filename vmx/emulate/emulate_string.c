/* SPDX-License-Identifier: BSD-2-Clause */
/* String instructions, repeated or not; see emulate_step.h.  Pure. */
#include "vmx/emulate/emulate_step.h"

/* The element at rSI in the source's segment, or at rDI in ES. */
static enum emulate_result element(const struct emulate_step *s, unsigned gpr,
				   gla_t *address)
{
	enum insn_segment segment =
		gpr == INSN_RDI ? INSN_ES : s->insn->segment;

	return emulate_linear(s, segment,
			      emulate_get(s, gpr, s->insn->address_size),
			      s->insn->operand_size, address);
}

static enum emulate_result read_element(const struct emulate_step *s,
					unsigned gpr, uint64_t *value)
{
	enum emulate_result result;
	gla_t address;

	*value = 0;
	result = element(s, gpr, &address);
	if (result != EMULATE_DONE)
		return result;
	return emulate_read(s->context, address, s->insn->operand_size, value);
}

static enum emulate_result write_element(const struct emulate_step *s,
					 uint64_t value)
{
	enum emulate_result result;
	gla_t address;

	result = element(s, INSN_RDI, &address);
	if (result != EMULATE_DONE)
		return result;
	return emulate_write(s->context, address, s->insn->operand_size,
			     &value);
}

static void advance(const struct emulate_step *s, unsigned gpr)
{
	uint64_t step = s->insn->operand_size;

	if (s->r->rflags & EMULATE_RFLAGS_DF)
		step = -step;
	emulate_set(s, gpr, s->insn->address_size, s->r->gpr[gpr] + step);
}

/* One element.  Flags go to *rflags: a later fault takes them back. */
static enum emulate_result iterate(const struct emulate_step *s,
				   uint64_t *rflags)
{
	enum insn_operation operation = s->insn->operation;
	unsigned size = s->insn->operand_size;
	bool has_source = operation == INSN_MOVS || operation == INSN_CMPS ||
			  operation == INSN_LODS;
	uint64_t a = emulate_get(s, INSN_RAX, size);
	uint64_t b = 0;
	enum emulate_result result = EMULATE_DONE;

	if (has_source)
		result = read_element(s, INSN_RSI, &a);
	if (result != EMULATE_DONE)
		return result;
	if (operation == INSN_CMPS || operation == INSN_SCAS) {
		result = read_element(s, INSN_RDI, &b);
		if (result == EMULATE_DONE)
			emulate_alu(INSN_CMP, size, a, b, rflags);
	} else if (operation == INSN_LODS) {
		emulate_set(s, INSN_RAX, size, a);
	} else {
		result = write_element(s, a);
	}
	if (result != EMULATE_DONE)
		return result;
	if (has_source)
		advance(s, INSN_RSI);
	if (operation != INSN_LODS)
		advance(s, INSN_RDI);
	return EMULATE_DONE;
}

/* Whether REPE or REPNE ends after flags such as these. */
static bool ends(const struct insn *insn, uint64_t rflags)
{
	bool equal = rflags & EMULATE_RFLAGS_ZF;

	if (insn->operation != INSN_CMPS && insn->operation != INSN_SCAS)
		return false;
	return equal != (insn->repeat == INSN_REPEAT_REP);
}

enum emulate_result emulate_string(const struct emulate_step *s)
{
	unsigned width = s->insn->address_size;
	uint64_t rflags = s->r->rflags;
	/* The single-step trap comes after every iteration. */
	unsigned limit = rflags & EMULATE_RFLAGS_TF ? 1 : EMULATE_REP_LIMIT;
	enum emulate_result result;

	if (s->insn->repeat == INSN_REPEAT_NONE) {
		result = iterate(s, &s->r->rflags);
		return result;
	}
	for (unsigned i = 0; i < limit; i++) {
		uint64_t left = emulate_get(s, INSN_RCX, width);

		if (left == 0) {
			s->r->rflags = rflags;
			return EMULATE_DONE;
		}
		result = iterate(s, &rflags);
		if (result != EMULATE_DONE)
			return result;
		emulate_set(s, INSN_RCX, width, left - 1);
		if (ends(s->insn, rflags)) {
			s->r->rflags = rflags;
			return EMULATE_DONE;
		}
	}
	s->r->rflags = rflags;
	return emulate_get(s, INSN_RCX, width) ? EMULATE_REP_MORE
					       : EMULATE_DONE;
}
