/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Integer arithmetic as the processor does it, with its flags.  Pure; used by
 * vmx/emulate/emulate.c.
 *
 * Sizes are 1, 2, 4 or 8 bytes; operands and results lie in the low bytes, and
 * what is above them is ignored in operands and 0 in results.  Flags that the
 * SDM leaves undefined are left alone.
 *
 * Source: SDM volume 2, the instruction reference; volume 1, "EFLAGS
 * cross-reference".
 */
#ifndef VMX_EMULATE_ALU_H
#define VMX_EMULATE_ALU_H

#include <stdbool.h>
#include <stdint.h>

#include "vmx/emulate/decode.h"

#define EMULATE_RFLAGS_CF (1ull << 0)
#define EMULATE_RFLAGS_PF (1ull << 2)
#define EMULATE_RFLAGS_AF (1ull << 4)
#define EMULATE_RFLAGS_ZF (1ull << 6)
#define EMULATE_RFLAGS_SF (1ull << 7)
#define EMULATE_RFLAGS_TF (1ull << 8)
#define EMULATE_RFLAGS_DF (1ull << 10)
#define EMULATE_RFLAGS_OF (1ull << 11)

static inline uint64_t emulate_alu_mask(unsigned size)
{
	return ~0ull >> (64 - 8 * size);
}

/* value of size bytes as a signed number. */
static inline int64_t emulate_alu_signed(uint64_t value, unsigned size)
{
	return (int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size);
}

/*
 * The result of operation on a (the destination) and b (the source, or the
 * count of a shift, or the number of a bit), with *rflags changed to match.
 * For INSN_ADD to INSN_SAR, INSN_TEST, INSN_NOT, INSN_NEG, INSN_INC, INSN_DEC,
 * INSN_BT to INSN_BTC, INSN_IMUL_R, INSN_BSF and INSN_BSR; others yield a.
 */
uint64_t emulate_alu(enum insn_operation operation, unsigned size, uint64_t a,
		     uint64_t b, uint64_t *rflags);

/* SHLD (left) and SHRD: a shifted by count, with bits of fill moving in. */
uint64_t emulate_alu_double_shift(bool left, unsigned size, uint64_t a,
				  uint64_t fill, unsigned count,
				  uint64_t *rflags);

/*
 * MUL and IMUL of one operand: *low holds a factor and becomes the low half of
 * the product; *high becomes its high half.
 */
void emulate_alu_multiply(bool is_signed, unsigned size, uint64_t factor,
			  uint64_t *low, uint64_t *high, uint64_t *rflags);

/*
 * DIV and IDIV: *high and *low hold the dividend and become remainder and
 * quotient.  False, and nothing changed, if the processor raises #DE.
 */
bool emulate_alu_divide(bool is_signed, unsigned size, uint64_t divisor,
			uint64_t *low, uint64_t *high);

/* Whether condition (0 to 15, as in SETcc) holds. */
bool emulate_alu_condition(unsigned condition, uint64_t rflags);

#endif
