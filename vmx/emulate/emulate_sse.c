/* SPDX-License-Identifier: BSD-2-Clause */
/* Moves between XMM registers and memory; see emulate_step.h.  Pure. */
#include "vmx/emulate/emulate_step.h"

static enum emulate_result move(const struct emulate_step *s)
{
	const struct insn *insn = s->insn;
	struct emulate_xmm xmm = {0};
	enum emulate_result result;
	gla_t address;

	if (!insn->memory)
		return EMULATE_UNHANDLED;
	result = emulate_address(s, &address);
	if (result != EMULATE_DONE)
		return result;
	if (insn->operation == INSN_SSE_ALIGNED && address.value & 15)
		return emulate_fault(s, EMULATE_VECTOR_GP);
	if (insn->form == INSN_FORM_MR) {
		emulate_xmm_get(s->context, insn->reg, &xmm);
		return emulate_write(s->context, address, insn->memory_size,
				     xmm.byte);
	}
	result = emulate_read(s->context, address, insn->memory_size, xmm.byte);
	if (result == EMULATE_DONE)
		emulate_xmm_set(s->context, insn->reg, &xmm);
	return result;
}

/* MASKMOVDQU: the bytes of reg whose byte in rm has its top bit set. */
static enum emulate_result masked_move(const struct emulate_step *s)
{
	struct emulate_xmm data, mask;
	enum emulate_result result;
	gla_t address;

	result = emulate_linear(s, s->insn->segment,
				emulate_get(s, INSN_RDI, s->insn->address_size),
				16, &address);
	emulate_xmm_get(s->context, s->insn->reg, &data);
	emulate_xmm_get(s->context, s->insn->rm, &mask);
	for (unsigned i = 0; i < 16 && result == EMULATE_DONE; i++)
		if (mask.byte[i] & 0x80)
			result = emulate_write(s->context,
					       gla(address.value + i), 1,
					       &data.byte[i]);
	return result;
}

enum emulate_result emulate_sse(const struct emulate_step *s)
{
	if (s->insn->operation == INSN_SSE_MASKMOV)
		return masked_move(s);
	return move(s);
}
