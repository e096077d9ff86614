/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as an instruction, in all modes: every field of the result lies in
 * its range, fewer bytes give no other answer than "more", and its text is a
 * line of printing characters that depends on no byte behind it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmx/emulate/decode.h"
#include "vmx/text/insn_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static bool is_gpr(uint8_t number)
{
	return number < 16;
}

static void check_insn(const struct insn *insn, enum decode_mode mode,
		       size_t count)
{
	bool is64 = mode == DECODE_64;

	check(insn->length >= 1 && insn->length <= DECODE_MAX_LENGTH);
	check(insn->length <= count);
	check(insn->operation <= INSN_OTHER && insn->form <= INSN_FORM_I);
	check(insn->operation != INSN_TEST_ALIAS);
	check(insn->mode == mode);
	check(insn->operand_size && insn->operand_size <= 16 &&
	      !(insn->operand_size & (insn->operand_size - 1)));
	check(insn->memory_size <= 16 &&
	      !(insn->memory_size & (insn->memory_size - 1)));
	check(insn->address_size == 2 || insn->address_size == 4 ||
	      (insn->address_size == 8 && is64));
	check(insn->segment <= INSN_GS);
	check(is_gpr(insn->base) || insn->base == INSN_NO_REGISTER ||
	      (insn->base == INSN_RIP && is64));
	check(is_gpr(insn->index) || insn->index == INSN_NO_REGISTER);
	check(insn->index != INSN_RSP);
	check(insn->scale == 1 || insn->scale == 2 || insn->scale == 4 ||
	      insn->scale == 8);
	check(is_gpr(insn->reg) && is_gpr(insn->rm) && insn->condition < 16);
	check(insn->repeat <= INSN_REPEAT_REP);
	check(is64 || (!insn->rex && insn->reg < 8 && insn->rm < 8));
}

static void check_text(const uint8_t *data, const struct insn *insn)
{
	uint8_t exact[DECODE_MAX_LENGTH] = {0};
	char one[96], other[96];
	struct text text;

	text_begin(&text, one, sizeof(one));
	insn_text(&text, data, insn, 0x1000);
	check(text.used < sizeof(one) - 1); /* there was room for all of it */
	for (size_t i = 0; i < text.used; i++)
		check(one[i] >= ' ' && one[i] < 0x7f);
	memcpy(exact, data, insn->length);
	text_begin(&text, other, sizeof(other));
	insn_text(&text, exact, insn, 0x1000);
	check(!strcmp(one, other));
}

static void decode(const uint8_t *data, size_t size, enum decode_mode mode)
{
	enum decode_status status, shorter;
	struct insn insn, same;

	/* The padding is compared too. */
	memset(&insn, 0, sizeof(insn));
	memset(&same, 0, sizeof(same));
	status = decode_insn(data, size, mode, &insn);
	check(status <= DECODE_TOO_LONG);
	check(status != DECODE_NEED_MORE || size < DECODE_MAX_LENGTH);
	check(status != DECODE_TOO_LONG || size >= DECODE_MAX_LENGTH);
	if (status != DECODE_OK)
		return;
	check_insn(&insn, mode, size);
	check_text(data, &insn);
	check(decode_insn(data, insn.length, mode, &same) == DECODE_OK);
	check(!memcmp(&insn, &same, sizeof(insn)));
	shorter = decode_insn(data, insn.length - 1u, mode, &same);
	check(shorter == DECODE_NEED_MORE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 32)
		return 0;
	for (unsigned mode = DECODE_16; mode <= DECODE_64; mode++)
		decode(data, size, mode);
	return 0;
}
