/* SPDX-License-Identifier: BSD-2-Clause */
/* Integer arithmetic with flags; see the header.  Pure. */
#include "vmx/emulate/emulate_alu.h"

#define CF  EMULATE_RFLAGS_CF
#define PF  EMULATE_RFLAGS_PF
#define AF  EMULATE_RFLAGS_AF
#define ZF  EMULATE_RFLAGS_ZF
#define SF  EMULATE_RFLAGS_SF
#define OF  EMULATE_RFLAGS_OF
#define ALL (CF | PF | AF | ZF | SF | OF)

static uint64_t top_bit(unsigned size)
{
	return 1ull << (8 * size - 1);
}

static uint64_t flag_if(bool condition, uint64_t flag)
{
	return condition ? flag : 0;
}

/* SF, ZF and PF of a result. */
static uint64_t result_flags(uint64_t result, unsigned size)
{
	return flag_if(result & top_bit(size), SF) | flag_if(result == 0, ZF) |
	       flag_if(!__builtin_parity(result & 0xff), PF);
}

static void set_flags(uint64_t *rflags, uint64_t which, uint64_t value)
{
	*rflags = (*rflags & ~which) | (value & which);
}

static uint64_t add(uint64_t a, uint64_t b, unsigned carry, unsigned size,
		    uint64_t which, uint64_t *rflags)
{
	uint64_t result = (a + b + carry) & emulate_alu_mask(size);
	uint64_t carries = (a & b) | ((a | b) & ~result);
	uint64_t overflow = (a ^ result) & (b ^ result);

	set_flags(rflags, which,
		  result_flags(result, size) |
			  flag_if(carries & top_bit(size), CF) |
			  flag_if(carries & 8, AF) |
			  flag_if(overflow & top_bit(size), OF));
	return result;
}

static uint64_t subtract(uint64_t a, uint64_t b, unsigned borrow, unsigned size,
			 uint64_t which, uint64_t *rflags)
{
	uint64_t result = (a - b - borrow) & emulate_alu_mask(size);
	uint64_t borrows = (~a & b) | (~(a ^ b) & result);
	uint64_t overflow = (a ^ b) & (a ^ result);

	set_flags(rflags, which,
		  result_flags(result, size) |
			  flag_if(borrows & top_bit(size), CF) |
			  flag_if(borrows & 8, AF) |
			  flag_if(overflow & top_bit(size), OF));
	return result;
}

/* AF is undefined after AND, OR, XOR and TEST; processors clear it. */
static uint64_t logic(uint64_t result, unsigned size, uint64_t *rflags)
{
	set_flags(rflags, ALL, result_flags(result, size));
	return result;
}

/* SHL, SHR and SAR.  OF after more than one bit is undefined. */
static uint64_t shift(enum insn_operation operation, unsigned size, uint64_t a,
		      unsigned count, uint64_t *rflags)
{
	uint64_t which = CF | PF | ZF | SF | flag_if(count == 1, OF);
	uint64_t result = a;
	bool carry = false;
	bool overflow;

	if (!count)
		return a;
	for (unsigned i = 0; i < count; i++) {
		if (operation == INSN_SHR || operation == INSN_SAR) {
			carry = result & 1;
			result >>= 1;
			if (operation == INSN_SAR)
				result |= a & top_bit(size);
		} else {
			carry = result & top_bit(size);
			result = result << 1 & emulate_alu_mask(size);
		}
	}
	overflow = (a ^ result) & top_bit(size);
	set_flags(rflags, which,
		  result_flags(result, size) | flag_if(carry, CF) |
			  flag_if(overflow, OF));
	return result;
}

/*
 * ROL, ROR, RCL and RCR.  OF after more than one bit is undefined.  Turning by
 * the whole width still sets CF.
 */
static uint64_t rotate(enum insn_operation operation, unsigned size, uint64_t a,
		       unsigned count, uint64_t *rflags)
{
	bool left = operation == INSN_ROL || operation == INSN_RCL;
	bool through_carry = operation == INSN_RCL || operation == INSN_RCR;
	uint64_t which = CF | flag_if(count == 1, OF);
	uint64_t result = a;
	bool carry = *rflags & CF;
	bool overflow;

	if (!count)
		return a;
	for (unsigned i = 0; i < count; i++) {
		bool out = result & (left ? top_bit(size) : 1);
		bool in = through_carry ? carry : out;

		if (left)
			result = (result << 1 & emulate_alu_mask(size)) | in;
		else
			result = result >> 1 | (in ? top_bit(size) : 0);
		carry = out;
	}
	overflow = left ? carry != !!(result & top_bit(size))
			: (result ^ result << 1) & top_bit(size);
	set_flags(rflags, which, flag_if(carry, CF) | flag_if(overflow, OF));
	return result;
}

/* BT, BTS, BTR and BTC on bit number bit, taken modulo the width. */
static uint64_t bit_test(enum insn_operation operation, unsigned size,
			 uint64_t a, uint64_t bit, uint64_t *rflags)
{
	uint64_t mask = 1ull << (bit & (8 * size - 1));

	set_flags(rflags, CF, flag_if(a & mask, CF));
	switch (operation) {
	case INSN_BTS:
		return a | mask;
	case INSN_BTR:
		return a & ~mask;
	case INSN_BTC:
		return a ^ mask;
	default:
		return a;
	}
}

/* BSF and BSR: without a bit to be found, the destination stays. */
static uint64_t bit_scan(enum insn_operation operation, uint64_t a, uint64_t b,
			 uint64_t *rflags)
{
	set_flags(rflags, ZF, flag_if(b == 0, ZF));
	if (b == 0)
		return a;
	return operation == INSN_BSF ? __builtin_ctzll(b)
				     : 63 - __builtin_clzll(b);
}

static uint64_t multiply_truncated(uint64_t a, uint64_t b, unsigned size,
				   uint64_t *rflags)
{
	uint64_t high;

	emulate_alu_multiply(true, size, b, &a, &high, rflags);
	return a;
}

uint64_t emulate_alu(enum insn_operation operation, unsigned size, uint64_t a,
		     uint64_t b, uint64_t *rflags)
{
	unsigned count = b & (size == 8 ? 0x3f : 0x1f);
	unsigned carry = *rflags & CF;

	a &= emulate_alu_mask(size);
	b &= emulate_alu_mask(size);
	switch (operation) {
	case INSN_ADD:
		return add(a, b, 0, size, ALL, rflags);
	case INSN_ADC:
		return add(a, b, carry, size, ALL, rflags);
	case INSN_SUB:
	case INSN_CMP:
		return subtract(a, b, 0, size, ALL, rflags);
	case INSN_SBB:
		return subtract(a, b, carry, size, ALL, rflags);
	case INSN_INC:
		return add(a, 1, 0, size, ALL & ~CF, rflags);
	case INSN_DEC:
		return subtract(a, 1, 0, size, ALL & ~CF, rflags);
	case INSN_NEG:
		return subtract(0, a, 0, size, ALL, rflags);
	case INSN_NOT:
		return ~a & emulate_alu_mask(size);
	case INSN_OR:
		return logic(a | b, size, rflags);
	case INSN_AND:
	case INSN_TEST:
		return logic(a & b, size, rflags);
	case INSN_XOR:
		return logic(a ^ b, size, rflags);
	case INSN_ROL ... INSN_RCR:
		return rotate(operation, size, a, count, rflags);
	case INSN_SHL ... INSN_SAR:
		return shift(operation, size, a, count, rflags);
	case INSN_BT ... INSN_BTC:
		return bit_test(operation, size, a, b, rflags);
	case INSN_BSF:
	case INSN_BSR:
		return bit_scan(operation, a, b, rflags);
	case INSN_IMUL_R:
		return multiply_truncated(a, b, size, rflags);
	default:
		return a;
	}
}

uint64_t emulate_alu_double_shift(bool left, unsigned size, uint64_t a,
				  uint64_t fill, unsigned count,
				  uint64_t *rflags)
{
	uint64_t mask = emulate_alu_mask(size);
	uint64_t result = a & mask;
	bool carry = false;
	uint64_t which;

	count &= size == 8 ? 0x3f : 0x1f;
	if (!count)
		return result;
	which = CF | PF | ZF | SF | flag_if(count == 1, OF);
	fill &= mask;
	for (unsigned i = 0; i < count; i++) {
		if (left) {
			carry = result & top_bit(size);
			result =
				(result << 1 & mask) | !!(fill & top_bit(size));
			fill = fill << 1 & mask;
		} else {
			carry = result & 1;
			result = result >> 1 | (fill & 1 ? top_bit(size) : 0);
			fill >>= 1;
		}
	}
	set_flags(rflags, which,
		  result_flags(result, size) | flag_if(carry, CF) |
			  flag_if((a ^ result) & top_bit(size), OF));
	return result;
}

void emulate_alu_multiply(bool is_signed, unsigned size, uint64_t factor,
			  uint64_t *low, uint64_t *high, uint64_t *rflags)
{
	uint64_t mask = emulate_alu_mask(size);
	unsigned __int128 product;
	bool wide;

	if (is_signed) {
		__int128 p = (__int128)emulate_alu_signed(*low, size) *
			     emulate_alu_signed(factor, size);

		product = p;
		wide = p != emulate_alu_signed(p, size);
	} else {
		product = (unsigned __int128)(*low & mask) * (factor & mask);
		wide = product > mask;
	}
	*low = product & mask;
	*high = product >> (8 * size) & mask;
	set_flags(rflags, CF | OF, flag_if(wide, CF | OF));
}

/*
 * Divides high:low (2 * 64 bits) by divisor; high < divisor.  The compiler's
 * own 128-bit division is a library call.
 */
static uint64_t divide_128(uint64_t high, uint64_t low, uint64_t divisor,
			   uint64_t *remainder)
{
	for (unsigned i = 0; i < 64; i++) {
		bool over = high >> 63;

		high = high << 1 | low >> 63;
		low <<= 1;
		if (over || high >= divisor) {
			high -= divisor;
			low |= 1;
		}
	}
	*remainder = high;
	return low;
}

/* high:low, 2 * size bytes, as 128 bits, extended as is_signed says. */
static unsigned __int128 dividend(bool is_signed, unsigned size, uint64_t low,
				  uint64_t high)
{
	unsigned __int128 value;

	if (is_signed)
		value = (__int128)emulate_alu_signed(high, size);
	else
		value = high & emulate_alu_mask(size);
	return value << (8 * size) | (low & emulate_alu_mask(size));
}

bool emulate_alu_divide(bool is_signed, unsigned size, uint64_t divisor,
			uint64_t *low, uint64_t *high)
{
	uint64_t mask = emulate_alu_mask(size);
	unsigned __int128 n = dividend(is_signed, size, *low, *high);
	bool n_negative = is_signed && (__int128)n < 0;
	bool d_negative = is_signed && divisor & top_bit(size);
	bool negative = n_negative != d_negative;
	uint64_t d = divisor & mask;
	uint64_t quotient, remainder;

	if (n_negative)
		n = -n;
	if (d_negative)
		d = -divisor & mask;
	if ((uint64_t)(n >> 64) >= d)
		return false; /* also when d is 0 */
	quotient = divide_128(n >> 64, n, d, &remainder);
	if (is_signed && quotient > top_bit(size) - !negative)
		return false;
	if (quotient > mask)
		return false;
	*low = (negative ? -quotient : quotient) & mask;
	*high = (n_negative ? -remainder : remainder) & mask;
	return true;
}

bool emulate_alu_condition(unsigned condition, uint64_t rflags)
{
	bool less = !!(rflags & SF) != !!(rflags & OF);
	bool value = false;

	switch (condition >> 1 & 7) {
	case 0:
		value = rflags & OF;
		break;
	case 1:
		value = rflags & CF;
		break;
	case 2:
		value = rflags & ZF;
		break;
	case 3:
		value = rflags & (CF | ZF);
		break;
	case 4:
		value = rflags & SF;
		break;
	case 5:
		value = rflags & PF;
		break;
	case 6:
		value = less;
		break;
	case 7:
		value = less || rflags & ZF;
		break;
	}
	return value != (condition & 1);
}
