/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx/emulate/decode.c by example: one instruction for each rule of the format.
 * test_decode_zydis compares the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmx/emulate/decode.h"

#define DECODE(mode, ...)                            \
	decode(mode, (const uint8_t[]){__VA_ARGS__}, \
	       sizeof((const uint8_t[]){__VA_ARGS__}))

static struct insn insn;

/* Decodes exactly these bytes, on the heap so that ASan sees an overrun. */
static enum decode_status decode(enum decode_mode mode, const uint8_t *bytes,
				 unsigned count)
{
	uint8_t *copy = test_malloc(count);
	enum decode_status status;

	memcpy(copy, bytes, count);
	memset(&insn, 0xa5, sizeof(insn));
	status = decode_insn(copy, count, mode, &insn);
	test_free(copy);
	if (status == DECODE_OK)
		assert_int_equal(insn.length, count);
	return status;
}

static void assert_memory(unsigned segment, unsigned base, unsigned index,
			  unsigned scale, int64_t displacement)
{
	assert_true(insn.memory);
	assert_int_equal(insn.segment, segment);
	assert_int_equal(insn.base, base);
	assert_int_equal(insn.index, index);
	assert_int_equal(insn.scale, scale);
	assert_int_equal(insn.displacement, displacement);
}

static void test_store(void **state)
{
	(void)state;
	/* mov %edx,0xb0(%rax): Linux writes EOI. */
	assert_int_equal(DECODE(DECODE_64, 0x89, 0x90, 0xb0, 0, 0, 0),
			 DECODE_OK);
	assert_int_equal(insn.operation, INSN_MOV);
	assert_int_equal(insn.form, INSN_FORM_MR);
	assert_int_equal(insn.operand_size, 4);
	assert_int_equal(insn.memory_size, 4);
	assert_int_equal(insn.address_size, 8);
	assert_int_equal(insn.reg, INSN_RDX);
	assert_int_equal(insn.mode, DECODE_64);
	assert_false(insn.rex);
	assert_false(insn.lock);
	assert_int_equal(insn.repeat, INSN_REPEAT_NONE);
	assert_memory(INSN_DS, INSN_RAX, INSN_NO_REGISTER, 1, 0xb0);
}

static void test_immediate(void **state)
{
	(void)state;
	/* movl $0,0xffffffffff5fd0b0 */
	assert_int_equal(DECODE(DECODE_64, 0xc7, 0x04, 0x25, 0xb0, 0xd0, 0x5f,
				0xff, 1, 2, 3, 0x84),
			 DECODE_OK);
	assert_int_equal(insn.form, INSN_FORM_MI);
	assert_int_equal(insn.immediate, (int32_t)0x84030201);
	assert_memory(INSN_DS, INSN_NO_REGISTER, INSN_NO_REGISTER, 1,
		      (int32_t)0xff5fd0b0);
	/* add $-1,(%rdi), 8 bytes */
	assert_int_equal(DECODE(DECODE_64, 0x48, 0x83, 0x07, 0xff), DECODE_OK);
	assert_int_equal(insn.operation, INSN_ADD);
	assert_int_equal(insn.immediate, UINT64_MAX);
	assert_int_equal(insn.memory_size, 8);
	/* Immediates of operand size: 2 bytes after 66. */
	assert_int_equal(DECODE(DECODE_32, 0x66, 0xc7, 0x00, 0x34, 0x12),
			 DECODE_OK);
	assert_int_equal(insn.immediate, 0x1234);
	/* mov $imm64,%r9 */
	assert_int_equal(DECODE(DECODE_64, 0x49, 0xb9, 8, 7, 6, 5, 4, 3, 2, 1),
			 DECODE_OK);
	assert_int_equal(insn.immediate, 0x0102030405060708);
	assert_int_equal(insn.rm, 9);
	assert_false(insn.memory);
}

static void test_addressing_64(void **state)
{
	(void)state;
	/* mov %gs:0x10(%r13,%r12,8),%r8d */
	assert_int_equal(DECODE(DECODE_64, 0x65, 0x47, 0x8b, 0x44, 0xe5, 0x10),
			 DECODE_OK);
	assert_int_equal(insn.reg, 8);
	assert_memory(INSN_GS, 13, 12, 8, 0x10);
	/* mod 0, rm 5: RIP, from the end of the instruction. */
	assert_int_equal(DECODE(DECODE_64, 0x8b, 0x05, 0xfe, 0xff, 0xff, 0xff),
			 DECODE_OK);
	assert_memory(INSN_DS, INSN_RIP, INSN_NO_REGISTER, 1, -2);
	/* %rsp and %rbp as base: SS.  DS as prefix counts for nothing. */
	assert_int_equal(DECODE(DECODE_64, 0x3e, 0x8b, 0x04, 0x24), DECODE_OK);
	assert_memory(INSN_SS, INSN_RSP, INSN_NO_REGISTER, 1, 0);
	assert_int_equal(DECODE(DECODE_64, 0x8b, 0x45, 0x80), DECODE_OK);
	assert_memory(INSN_SS, INSN_RBP, INSN_NO_REGISTER, 1, -128);
	/* SIB base 5 with mod 0 is none, with REX.B as well. */
	assert_int_equal(
		DECODE(DECODE_64, 0x67, 0x41, 0x8b, 0x04, 0x8d, 1, 0, 0, 0),
		DECODE_OK);
	assert_memory(INSN_DS, INSN_NO_REGISTER, INSN_RCX, 4, 1);
	assert_int_equal(insn.address_size, 4);
	/* movabs 0x8877665544332211,%al */
	assert_int_equal(DECODE(DECODE_64, 0xa0, 0x11, 0x22, 0x33, 0x44, 0x55,
				0x66, 0x77, 0x88),
			 DECODE_OK);
	assert_int_equal(insn.reg, INSN_RAX);
	assert_memory(INSN_DS, INSN_NO_REGISTER, INSN_NO_REGISTER, 1,
		      (int64_t)0x8877665544332211);
}

static void test_addressing_16_32(void **state)
{
	(void)state;
	/* mov -2(%bp,%si),%ax */
	assert_int_equal(DECODE(DECODE_16, 0x8b, 0x42, 0xfe), DECODE_OK);
	assert_int_equal(insn.operand_size, 2);
	assert_int_equal(insn.address_size, 2);
	assert_memory(INSN_SS, INSN_RBP, INSN_RSI, 1, -2);
	/* mov 0x1234,%ax, and with ES */
	assert_int_equal(DECODE(DECODE_16, 0x26, 0x8b, 0x06, 0x34, 0x12),
			 DECODE_OK);
	assert_memory(INSN_ES, INSN_NO_REGISTER, INSN_NO_REGISTER, 1, 0x1234);
	/* mov 0xfee000b0,%eax: no RIP outside of 64-bit mode */
	assert_int_equal(DECODE(DECODE_32, 0x8b, 0x05, 0xb0, 0, 0xe0, 0xfe),
			 DECODE_OK);
	assert_memory(INSN_DS, INSN_NO_REGISTER, INSN_NO_REGISTER, 1,
		      (int32_t)0xfee000b0);
	/* 66 and 67 turn 16 into 32 bits. */
	assert_int_equal(DECODE(DECODE_16, 0x66, 0x67, 0x8b, 0x04, 0x4b),
			 DECODE_OK);
	assert_int_equal(insn.operand_size, 4);
	assert_memory(INSN_DS, INSN_RBX, INSN_RCX, 2, 0);
	/* 40 is INC outside of 64-bit mode. */
	assert_int_equal(DECODE(DECODE_32, 0x40), DECODE_OK);
	assert_int_equal(insn.operation, INSN_INC);
}

static void test_prefixes(void **state)
{
	(void)state;
	/* REX counts only right before the opcode. */
	assert_int_equal(DECODE(DECODE_64, 0x48, 0x66, 0x89, 0x07), DECODE_OK);
	assert_int_equal(insn.operand_size, 2);
	assert_false(insn.rex);
	/* REX.W beats 66. */
	assert_int_equal(DECODE(DECODE_64, 0x66, 0x48, 0x89, 0x07), DECODE_OK);
	assert_int_equal(insn.operand_size, 8);
	assert_int_equal(DECODE(DECODE_64, 0xf3, 0x48, 0xab), DECODE_OK);
	assert_int_equal(insn.operation, INSN_STOS);
	assert_int_equal(insn.repeat, INSN_REPEAT_REP);
	assert_int_equal(insn.operand_size, 8);
	assert_int_equal(DECODE(DECODE_64, 0xf2, 0xae), DECODE_OK);
	assert_int_equal(insn.repeat, INSN_REPEAT_REPNE);
}

static void test_lock(void **state)
{
	(void)state;
	assert_int_equal(DECODE(DECODE_64, 0xf0, 0x0f, 0xb1, 0x0f), DECODE_OK);
	assert_true(insn.lock);
	assert_int_equal(DECODE(DECODE_64, 0xf0, 0x89, 0x07), DECODE_UD);
	/* ADD may be locked, CMP not; ADD not with a register destination. */
	assert_int_equal(DECODE(DECODE_64, 0xf0, 0x01, 0x07), DECODE_OK);
	assert_int_equal(DECODE(DECODE_64, 0xf0, 0x39, 0x07), DECODE_UD);
	assert_int_equal(DECODE(DECODE_64, 0xf0, 0x03, 0x07), DECODE_UD);
	assert_int_equal(DECODE(DECODE_64, 0xf0, 0x01, 0xc7), DECODE_UD);
}

static void test_groups(void **state)
{
	static const uint8_t group_3[8] = {
		INSN_TEST, INSN_TEST, INSN_NOT, INSN_NEG,
		INSN_MUL,  INSN_IMUL, INSN_DIV, INSN_IDIV,
	};

	(void)state;
	for (uint8_t reg = 0; reg < 8; reg++) {
		const uint8_t bytes[3] = {0xf6, reg << 3, 0x55};

		assert_int_equal(decode(DECODE_64, bytes, reg < 2 ? 3 : 2),
				 DECODE_OK);
		assert_int_equal(insn.operation, group_3[reg]);
		assert_int_equal(insn.memory_size, 1);
	}
	assert_int_equal(DECODE(DECODE_64, 0xff, 0x30), DECODE_OK);
	assert_int_equal(insn.operation, INSN_PUSH);
	assert_int_equal(insn.memory_size, 8);
	/* A near branch has 8 bytes in 64-bit mode, whatever 66 says. */
	assert_int_equal(DECODE(DECODE_64, 0x66, 0xff, 0x10), DECODE_OK);
	assert_int_equal(insn.operation, INSN_CALL);
	assert_int_equal(insn.memory_size, 8);
	assert_int_equal(DECODE(DECODE_64, 0xff, 0x38), DECODE_UD);
	assert_int_equal(DECODE(DECODE_64, 0x0f, 0xba, 0x18, 1), DECODE_UD);
	assert_int_equal(DECODE(DECODE_64, 0x48, 0x0f, 0xc7, 0x0f), DECODE_OK);
	assert_int_equal(insn.operation, INSN_CMPXCHG8B);
	assert_int_equal(insn.memory_size, 16);
}

static void test_sizes(void **state)
{
	(void)state;
	/* movzwl, movsbq, movslq */
	assert_int_equal(DECODE(DECODE_64, 0x0f, 0xb7, 0x07), DECODE_OK);
	assert_int_equal(insn.memory_size, 2);
	assert_int_equal(insn.operand_size, 4);
	assert_int_equal(DECODE(DECODE_64, 0x48, 0x0f, 0xbe, 0x07), DECODE_OK);
	assert_int_equal(insn.memory_size, 1);
	assert_int_equal(insn.operand_size, 8);
	assert_int_equal(DECODE(DECODE_64, 0x48, 0x63, 0x07), DECODE_OK);
	assert_int_equal(insn.operation, INSN_MOVSX);
	assert_int_equal(insn.memory_size, 4);
	/* movnti, movbe, sete */
	assert_int_equal(DECODE(DECODE_64, 0x0f, 0xc3, 0x07), DECODE_OK);
	assert_int_equal(insn.operation, INSN_MOVNTI);
	assert_int_equal(DECODE(DECODE_64, 0x0f, 0x38, 0xf1, 0x07), DECODE_OK);
	assert_int_equal(insn.operation, INSN_MOVBE);
	assert_int_equal(insn.form, INSN_FORM_MR);
	assert_int_equal(DECODE(DECODE_64, 0x0f, 0x94, 0x07), DECODE_OK);
	assert_int_equal(insn.operation, INSN_SETCC);
	assert_int_equal(insn.condition, 4);
}

static void test_media(void **state)
{
	(void)state;
	assert_int_equal(DECODE(DECODE_64, 0x44, 0x0f, 0x11, 0x07), DECODE_OK);
	assert_int_equal(insn.operation, INSN_SSE_MOVE);
	assert_int_equal(insn.form, INSN_FORM_MR);
	assert_int_equal(insn.memory_size, 16);
	assert_int_equal(insn.reg, 8);
	assert_int_equal(DECODE(DECODE_64, 0x66, 0x48, 0x0f, 0x7e, 0x07),
			 DECODE_OK);
	assert_int_equal(insn.memory_size, 8);
	assert_int_equal(DECODE(DECODE_64, 0x0f, 0x6f, 0x07), DECODE_OK);
	assert_int_equal(insn.operation, INSN_MMX_MOVE);
	assert_int_equal(DECODE(DECODE_64, 0x66, 0x0f, 0xae, 0x38), DECODE_OK);
	assert_int_equal(insn.operation, INSN_CACHE);
	assert_int_equal(DECODE(DECODE_64, 0x0f, 0x01, 0xc8), DECODE_OK);
	assert_int_equal(insn.operation, INSN_MONITOR);
}

static void test_statuses(void **state)
{
	uint8_t bytes[16] = {0};

	(void)state;
	assert_int_equal(decode_insn(bytes, 0, DECODE_64, &insn),
			 DECODE_NEED_MORE);
	assert_int_equal(DECODE(DECODE_64, 0x89), DECODE_NEED_MORE);
	assert_int_equal(DECODE(DECODE_64, 0x89, 0x90, 0xb0, 0, 0),
			 DECODE_NEED_MORE);
	assert_int_equal(DECODE(DECODE_64, 0x06), DECODE_UD);
	assert_int_equal(DECODE(DECODE_32, 0x06), DECODE_OK);
	/* VEX, EVEX, 0F 3A: not ours. */
	assert_int_equal(DECODE(DECODE_64, 0xc5, 0xf8, 0x11, 0x07),
			 DECODE_UNKNOWN);
	assert_int_equal(DECODE(DECODE_64, 0x62, 0xf1, 0x7c, 0x48, 0x11, 0x07),
			 DECODE_UNKNOWN);
	assert_int_equal(DECODE(DECODE_64, 0x0f, 0x3a, 0x0f, 0xc0, 1),
			 DECODE_UNKNOWN);
	/* 15 bytes are an instruction, 16 are not. */
	memset(bytes, 0x66, sizeof(bytes));
	memcpy(bytes + 13, "\x89\x07", 2);
	assert_int_equal(decode_insn(bytes, 16, DECODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.length, 15);
	memset(bytes, 0x66, sizeof(bytes));
	memcpy(bytes + 14, "\x89\x07", 2);
	assert_int_equal(decode_insn(bytes, 16, DECODE_64, &insn),
			 DECODE_TOO_LONG);
	assert_int_equal(decode_insn(bytes, 14, DECODE_64, &insn),
			 DECODE_NEED_MORE);
	memset(bytes, 0x66, sizeof(bytes));
	assert_int_equal(decode_insn(bytes, 16, DECODE_64, &insn),
			 DECODE_TOO_LONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store),
		cmocka_unit_test(test_immediate),
		cmocka_unit_test(test_addressing_64),
		cmocka_unit_test(test_addressing_16_32),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_media),
		cmocka_unit_test(test_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
