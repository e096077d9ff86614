/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx/emulate/emulate.c where the processor cannot be asked: faults, segments, modes,
 * branches, the bound of REP.  test_emulate_native compares the arithmetic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmx/emulate/emulate.h"

#define BASE 0x100000u /* where memory lies, linear */
#define SIZE 0x1000u

#define RUN(mode, ...)                            \
	run(mode, (const uint8_t[]){__VA_ARGS__}, \
	    sizeof((const uint8_t[]){__VA_ARGS__}))

/* The machine behind the seam. */
static struct {
	struct emulate_registers r;
	struct emulate_segment segment[6];
	struct emulate_xmm xmm[16];
	uint8_t memory[SIZE];
	unsigned reads, writes;
	unsigned last_size;
	int fail_access; /* this one, counted from 0, faults; -1: none */
	enum emulate_result fail_with;
	int vector; /* raised by the emulator, or -1 */
} m;

static enum emulate_result access_memory(gla_t address, unsigned size, void *to,
					 const void *from)
{
	uint64_t offset = address.value - BASE;

	if ((int)(m.reads + m.writes) == m.fail_access)
		return m.fail_with;
	if (from)
		m.writes++;
	else
		m.reads++;
	m.last_size = size;
	assert_true(offset < SIZE && size <= SIZE - offset);
	memcpy(from ? m.memory + offset : to, from ? from : m.memory + offset,
	       size);
	return EMULATE_DONE;
}

enum emulate_result emulate_read(void *context, gla_t address, unsigned size,
				 void *out)
{
	assert_ptr_equal(context, &m);
	return access_memory(address, size, out, NULL);
}

enum emulate_result emulate_write(void *context, gla_t address, unsigned size,
				  const void *in)
{
	assert_ptr_equal(context, &m);
	return access_memory(address, size, NULL, in);
}

void emulate_segment_get(void *context, enum insn_segment segment,
			 struct emulate_segment *out)
{
	assert_ptr_equal(context, &m);
	*out = m.segment[segment];
}

void emulate_raise(void *context, uint8_t vector, uint32_t error_code)
{
	assert_ptr_equal(context, &m);
	assert_int_equal(m.vector, -1);
	assert_int_equal(error_code, 0);
	m.vector = vector;
}

void emulate_xmm_get(void *context, unsigned number, struct emulate_xmm *out)
{
	assert_ptr_equal(context, &m);
	*out = m.xmm[number];
}

void emulate_xmm_set(void *context, unsigned number,
		     const struct emulate_xmm *in)
{
	assert_ptr_equal(context, &m);
	m.xmm[number] = *in;
}

static int set_up(void **state)
{
	(void)state;
	memset(&m, 0, sizeof(m));
	for (unsigned i = 0; i < 16; i++)
		m.r.gpr[i] = 0x1111111111111111ull * i;
	for (unsigned i = 0; i < 6; i++)
		m.segment[i] = (struct emulate_segment){
			.limit = UINT32_MAX,
			.access_rights = 0xc093,
		};
	for (unsigned i = 0; i < SIZE; i++)
		m.memory[i] = i * 7;
	m.r.rip = 0x40000;
	m.r.rflags = 0x246;
	m.r.gpr[INSN_RDI] = BASE + 0x100;
	m.r.gpr[INSN_RSI] = BASE + 0x200;
	m.r.gpr[INSN_RSP] = BASE + 0x800;
	m.vector = -1;
	m.fail_access = -1;
	m.fail_with = EMULATE_FAULT;
	return 0;
}

static enum emulate_result run(enum decode_mode mode, const uint8_t *bytes,
			       unsigned count)
{
	struct insn insn;

	assert_int_equal(decode_insn(bytes, count, mode, &insn), DECODE_OK);
	assert_int_equal(insn.length, count);
	return emulate_insn(&insn, &m.r, &m);
}

static uint64_t memory_at(unsigned offset, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, m.memory + offset, size);
	return value;
}

static void test_moves(void **state)
{
	(void)state;
	/* mov %edx,(%rdi); mov (%rdi),%r8d clears the upper half. */
	assert_int_equal(RUN(DECODE_64, 0x89, 0x17), EMULATE_DONE);
	assert_int_equal(memory_at(0x100, 4), 0x22222222);
	assert_int_equal(m.last_size, 4);
	assert_int_equal(RUN(DECODE_64, 0x44, 0x8b, 0x07), EMULATE_DONE);
	assert_int_equal(m.r.gpr[INSN_R8], 0x22222222);
	/* mov (%rdi),%ah */
	m.memory[0x100] = 0xab;
	m.r.gpr[INSN_RAX] = 0x1122334455667788;
	assert_int_equal(RUN(DECODE_64, 0x8a, 0x27), EMULATE_DONE);
	assert_int_equal(m.r.gpr[INSN_RAX], 0x112233445566ab88);
	assert_int_equal(m.r.rip, 0x40000);
	assert_int_equal(m.r.rflags, 0x246);
}

/* 8 and 16 bytes reach the seam in one piece. */
static void test_wide(void **state)
{
	static const struct emulate_xmm zero;

	(void)state;
	assert_int_equal(RUN(DECODE_64, 0x48, 0x89, 0x17), EMULATE_DONE);
	assert_int_equal(m.last_size, 8);
	/* movups (%rdi),%xmm3; movdqa %xmm3,(%rsi) */
	assert_int_equal(RUN(DECODE_64, 0x0f, 0x10, 0x1f), EMULATE_DONE);
	assert_int_equal(m.last_size, 16);
	assert_memory_equal(m.xmm[3].byte, m.memory + 0x100, 16);
	assert_int_equal(RUN(DECODE_64, 0x66, 0x0f, 0x7f, 0x1e), EMULATE_DONE);
	assert_memory_equal(m.memory + 0x200, m.memory + 0x100, 16);
	/* movd (%rdi),%xmm3 clears what is above. */
	assert_int_equal(RUN(DECODE_64, 0x66, 0x0f, 0x6e, 0x1f), EMULATE_DONE);
	assert_memory_equal(m.xmm[3].byte, m.memory + 0x100, 4);
	assert_memory_equal(m.xmm[3].byte + 4, &zero, 12);
	/* movaps to an odd address */
	m.r.gpr[INSN_RDI]++;
	assert_int_equal(RUN(DECODE_64, 0x0f, 0x29, 0x1f), EMULATE_FAULT);
	assert_int_equal(m.vector, 13);
}

/* Each access of each instruction fails in turn: nothing is committed. */
static void test_faults(void **state)
{
	static const struct {
		uint8_t length;
		uint8_t bytes[6];
		uint8_t accesses;
	} cases[] = {
		{2, {0x8b, 0x17}, 1},	       /* mov (%rdi),%edx */
		{2, {0x89, 0x17}, 1},	       /* mov %edx,(%rdi) */
		{2, {0x01, 0x17}, 2},	       /* add %edx,(%rdi) */
		{2, {0x13, 0x17}, 1},	       /* adc (%rdi),%edx */
		{2, {0xff, 0x07}, 2},	       /* incl (%rdi) */
		{2, {0x87, 0x17}, 2},	       /* xchg %edx,(%rdi) */
		{3, {0x0f, 0xc1, 0x17}, 2},    /* xadd %edx,(%rdi) */
		{3, {0x0f, 0xb1, 0x17}, 2},    /* cmpxchg %edx,(%rdi) */
		{3, {0x0f, 0xc7, 0x0f}, 2},    /* cmpxchg8b (%rdi) */
		{4, {0x0f, 0xba, 0x2f, 3}, 2}, /* btsl $3,(%rdi) */
		{3, {0xc1, 0x27, 5}, 2},       /* shll $5,(%rdi) */
		{3, {0x0f, 0xa5, 0x17}, 2},    /* shld %cl,%edx,(%rdi) */
		{2, {0xf7, 0x27}, 1},	       /* mull (%rdi) */
		{3, {0x0f, 0x94, 0x07}, 1},    /* sete (%rdi) */
		{3, {0x0f, 0x44, 0x17}, 1},    /* cmove (%rdi),%edx */
		{2, {0xff, 0x37}, 2},	       /* push (%rdi) */
		{2, {0x8f, 0x07}, 2},	       /* pop (%rdi) */
		{3, {0x8f, 0x04, 0x24}, 2},    /* pop (%rsp) */
		{2, {0xff, 0x17}, 2},	       /* call *(%rdi) */
		{1, {0xc3}, 1},		       /* ret */
		{1, {0xc9}, 1},		       /* leave */
		{4, {0xc8, 8, 0, 0}, 1},       /* enter $8,$0 */
		{1, {0xa5}, 2},		       /* movsl */
		{1, {0xa7}, 2},		       /* cmpsl */
		{2, {0xf3, 0xab}, 1},	       /* rep stosl */
		{3, {0x0f, 0x10, 0x1f}, 1},    /* movups (%rdi),%xmm3 */
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int fail = 0; fail < cases[i].accesses; fail++) {
			struct emulate_registers before;
			struct emulate_xmm xmm[16];
			unsigned writes;

			set_up(state);
			m.r.gpr[INSN_RBP] = BASE + 0x700;
			memset(m.memory + 0x100, 0, 8);
			memset(m.memory + 0x800, 0, 8);
			m.fail_access = fail;
			before = m.r;
			memcpy(xmm, m.xmm, sizeof(xmm));
			writes = m.writes;
			assert_int_equal(
				run(DECODE_64, cases[i].bytes, cases[i].length),
				EMULATE_FAULT);
			assert_memory_equal(&m.r, &before, sizeof(before));
			assert_memory_equal(m.xmm, xmm, sizeof(xmm));
			assert_int_equal(m.writes, writes);
			/* With one access more it goes through. */
			m.fail_access = -1;
			assert_in_range(
				run(DECODE_64, cases[i].bytes, cases[i].length),
				EMULATE_DONE, EMULATE_REP_MORE);
			assert_true(m.reads + m.writes - fail >=
				    cases[i].accesses);
		}
	}
}

static void test_stop(void **state)
{
	(void)state;
	m.fail_access = 0;
	m.fail_with = EMULATE_STOP;
	assert_int_equal(RUN(DECODE_64, 0x8b, 0x17), EMULATE_STOP);
}

static void test_rep_is_bounded(void **state)
{
	(void)state;
	/* rep stosb, 600 times */
	m.r.gpr[INSN_RCX] = 600;
	m.r.gpr[INSN_RAX] = 0x5a;
	assert_int_equal(RUN(DECODE_64, 0xf3, 0xaa), EMULATE_REP_MORE);
	assert_int_equal(m.writes, EMULATE_REP_LIMIT);
	assert_int_equal(m.r.gpr[INSN_RCX], 600 - EMULATE_REP_LIMIT);
	assert_int_equal(m.r.gpr[INSN_RDI], BASE + 0x100 + EMULATE_REP_LIMIT);
	assert_int_equal(RUN(DECODE_64, 0xf3, 0xaa), EMULATE_REP_MORE);
	assert_int_equal(RUN(DECODE_64, 0xf3, 0xaa), EMULATE_DONE);
	assert_int_equal(m.r.gpr[INSN_RCX], 0);
	assert_int_equal(m.writes, 600);
	/* A count of 0 touches nothing. */
	assert_int_equal(RUN(DECODE_64, 0xf3, 0xaa), EMULATE_DONE);
	assert_int_equal(m.writes, 600);
	/* In 64-bit mode with 67 the count is ECX. */
	m.r.gpr[INSN_RCX] = 0xffffffff00000001;
	assert_int_equal(RUN(DECODE_64, 0x67, 0xf3, 0xaa), EMULATE_DONE);
	assert_int_equal(m.r.gpr[INSN_RCX], 0);
	assert_int_equal(m.writes, 601);
}

/* A fault leaves what was done, and of CMPS and SCAS the old flags. */
static void test_rep_faults(void **state)
{
	(void)state;
	m.r.gpr[INSN_RCX] = 10;
	m.fail_access = 6;
	assert_int_equal(RUN(DECODE_64, 0xf3, 0xa4), EMULATE_FAULT);
	assert_int_equal(m.r.gpr[INSN_RCX], 7);
	assert_int_equal(m.r.gpr[INSN_RSI], BASE + 0x203);
	assert_int_equal(m.r.gpr[INSN_RDI], BASE + 0x103);
	set_up(state);
	m.r.gpr[INSN_RCX] = 10;
	m.r.rflags = 0x2;
	memset(m.memory, 0, SIZE);
	m.fail_access = 6;
	assert_int_equal(RUN(DECODE_64, 0xf3, 0xa6), EMULATE_FAULT);
	assert_int_equal(m.r.gpr[INSN_RCX], 7);
	assert_int_equal(m.r.rflags, 0x2);
}

static void test_branches(void **state)
{
	(void)state;
	/* call *(%rdi) */
	memcpy(m.memory + 0x100, &(uint64_t){0x7fff12345678}, 8);
	assert_int_equal(RUN(DECODE_64, 0xff, 0x17), EMULATE_BRANCHED);
	assert_int_equal(m.r.rip, 0x7fff12345678);
	assert_int_equal(m.r.gpr[INSN_RSP], BASE + 0x7f8);
	assert_int_equal(memory_at(0x7f8, 8), 0x40002);
	/* ret $16 takes it back and 16 bytes more. */
	assert_int_equal(RUN(DECODE_64, 0xc2, 0x10, 0), EMULATE_BRANCHED);
	assert_int_equal(m.r.rip, 0x40002);
	assert_int_equal(m.r.gpr[INSN_RSP], BASE + 0x810);
	/* call -2 and jmp, relative, in 32-bit mode */
	assert_int_equal(RUN(DECODE_32, 0xe8, 0xfe, 0xff, 0xff, 0xff),
			 EMULATE_BRANCHED);
	assert_int_equal(m.r.rip, 0x40005);
	assert_int_equal(memory_at(0x80c, 4), 0x40007);
	m.r.rip = 0xfff0;
	assert_int_equal(RUN(DECODE_16, 0xeb, 0x20), EMULATE_BRANCHED);
	assert_int_equal(m.r.rip, 0x12);
}

static void test_bad_targets(void **state)
{
	(void)state;
	memcpy(m.memory + 0x100, &(uint64_t){0x800000000000}, 8);
	assert_int_equal(RUN(DECODE_64, 0xff, 0x17), EMULATE_FAULT);
	assert_int_equal(m.vector, 13);
	assert_int_equal(m.writes, 0);
	assert_int_equal(m.r.rip, 0x40000);
	set_up(state);
	m.segment[INSN_CS].limit = 0xffff;
	memcpy(m.memory + 0x100, &(uint32_t){0x10000}, 4);
	assert_int_equal(RUN(DECODE_32, 0xff, 0x27), EMULATE_FAULT);
	assert_int_equal(m.vector, 13);
}

static void test_stack(void **state)
{
	(void)state;
	/* push (%rsp) with the old rSP; pop (%rsp) with the new one */
	memcpy(m.memory + 0x800, "12345678", 8);
	assert_int_equal(RUN(DECODE_64, 0xff, 0x34, 0x24), EMULATE_DONE);
	assert_memory_equal(m.memory + 0x7f8, "12345678", 8);
	memcpy(m.memory + 0x7f8, "abcdefgh", 8);
	assert_int_equal(RUN(DECODE_64, 0x8f, 0x04, 0x24), EMULATE_DONE);
	assert_memory_equal(m.memory + 0x800, "abcdefgh", 8);
	assert_int_equal(m.r.gpr[INSN_RSP], BASE + 0x800);
	/* A 16-bit stack keeps what is above SP, and wraps below 0. */
	m.segment[INSN_SS] = (struct emulate_segment){
		.base = BASE - 0xf000,
		.limit = 0xffff,
		.access_rights = 0x93,
	};
	m.r.gpr[INSN_RSP] = 0xabcd0000;
	assert_int_equal(RUN(DECODE_16, 0x6a, 0xff), EMULATE_DONE);
	assert_int_equal(m.r.gpr[INSN_RSP], 0xabcdfffe);
	assert_int_equal(memory_at(0xffe, 2), 0xffff);
	/* With SP = 1 a word would lie around the limit. */
	m.r.gpr[INSN_RSP] = 1;
	assert_int_equal(RUN(DECODE_16, 0x6a, 0xff), EMULATE_FAULT);
	assert_int_equal(m.vector, 12);
}

static void test_segments(void **state)
{
	(void)state;
	/* mov (%bx),%ax with a base and a limit */
	m.segment[INSN_DS] = (struct emulate_segment){
		.base = BASE + 0x10,
		.limit = 0xff,
		.access_rights = 0x93,
	};
	m.r.gpr[INSN_RBX] = 0x100fe;
	assert_int_equal(RUN(DECODE_16, 0x8b, 0x07), EMULATE_DONE);
	assert_int_equal(m.r.gpr[INSN_RAX] & 0xffff, memory_at(0x10e, 2));
	m.r.gpr[INSN_RBX] = 0xff;
	assert_int_equal(RUN(DECODE_16, 0x8b, 0x07), EMULATE_FAULT);
	assert_int_equal(m.vector, 13);
	/* Expand-down: valid above the limit, up to 64 KiB. */
	m.vector = -1;
	m.segment[INSN_DS].access_rights = 0x97;
	m.segment[INSN_DS].base = BASE - 0x200;
	m.segment[INSN_DS].limit = 0x2ff;
	m.r.gpr[INSN_RBX] = 0x300;
	assert_int_equal(RUN(DECODE_16, 0x8b, 0x07), EMULATE_DONE);
	assert_int_equal(m.r.gpr[INSN_RAX] & 0xffff, memory_at(0x100, 2));
	m.r.gpr[INSN_RBX] = 0x2ff;
	assert_int_equal(RUN(DECODE_16, 0x8b, 0x07), EMULATE_FAULT);
	m.vector = -1;
	m.r.gpr[INSN_RBX] = 0xffff;
	assert_int_equal(RUN(DECODE_16, 0x8b, 0x07), EMULATE_FAULT);
	/* An unusable segment; SS raises #SS. */
	m.vector = -1;
	m.segment[INSN_SS].access_rights |= 1 << 16;
	m.r.gpr[INSN_RBP] = BASE;
	assert_int_equal(RUN(DECODE_32, 0x8b, 0x45, 0), EMULATE_FAULT);
	assert_int_equal(m.vector, 12);
	/* The linear address has 32 bits. */
	m.vector = -1;
	m.segment[INSN_ES] = (struct emulate_segment){
		.base = 0xfffff000,
		.limit = UINT32_MAX,
		.access_rights = 0xc093,
	};
	m.r.gpr[INSN_RBX] = BASE + 0x1000;
	assert_int_equal(RUN(DECODE_32, 0x26, 0x8b, 0x03), EMULATE_DONE);
	assert_int_equal(m.r.gpr[INSN_RAX], memory_at(0, 4));
}

static void test_canonical(void **state)
{
	(void)state;
	m.r.gpr[INSN_RBX] = 0x800000000000;
	assert_int_equal(RUN(DECODE_64, 0x8b, 0x03), EMULATE_FAULT);
	assert_int_equal(m.vector, 13);
	m.vector = -1;
	m.r.gpr[INSN_RBX] = 0x7ffffffffffd;
	assert_int_equal(RUN(DECODE_64, 0x8b, 0x03), EMULATE_FAULT);
	assert_int_equal(m.vector, 13);
	m.vector = -1;
	m.r.gpr[INSN_RBP] = 0x800000000000;
	assert_int_equal(RUN(DECODE_64, 0x8b, 0x45, 0), EMULATE_FAULT);
	assert_int_equal(m.vector, 12);
	/* In 64-bit mode FS and GS have a base, the others none. */
	m.vector = -1;
	m.segment[INSN_GS].base = BASE - 0x1000;
	m.segment[INSN_GS].limit = 0;
	m.segment[INSN_DS].base = 0x5000;
	m.r.gpr[INSN_RBX] = 0x1040;
	assert_int_equal(RUN(DECODE_64, 0x65, 0x8b, 0x03), EMULATE_DONE);
	assert_int_equal(m.r.gpr[INSN_RAX], memory_at(0x40, 4));
	m.r.gpr[INSN_RBX] = BASE + 0x44;
	assert_int_equal(RUN(DECODE_64, 0x3e, 0x8b, 0x03), EMULATE_DONE);
	assert_int_equal(m.r.gpr[INSN_RAX], memory_at(0x44, 4));
}

static void test_divide_error(void **state)
{
	(void)state;
	memset(m.memory + 0x100, 0, 4);
	assert_int_equal(RUN(DECODE_64, 0xf7, 0x37), EMULATE_FAULT);
	assert_int_equal(m.vector, 0);
}

/* A read-modify-write also writes when nothing changes; BT and CMP do not. */
static void test_write_cycles(void **state)
{
	(void)state;
	m.r.gpr[INSN_RAX] = ~memory_at(0x100, 4);
	assert_int_equal(RUN(DECODE_64, 0x0f, 0xb1, 0x17), EMULATE_DONE);
	assert_int_equal(m.writes, 1);
	assert_int_equal(RUN(DECODE_64, 0x0f, 0xba, 0x27, 3), EMULATE_DONE);
	assert_int_equal(RUN(DECODE_64, 0x39, 0x17), EMULATE_DONE);
	assert_int_equal(RUN(DECODE_64, 0x85, 0x17), EMULATE_DONE);
	assert_int_equal(m.writes, 1);
}

static void test_unhandled(void **state)
{
	(void)state;
	assert_int_equal(RUN(DECODE_64, 0x0f, 0xae, 0x07), EMULATE_UNHANDLED);
	assert_int_equal(RUN(DECODE_64, 0x0f, 0x6f, 0x07), EMULATE_UNHANDLED);
	assert_int_equal(RUN(DECODE_64, 0xff, 0x1f), EMULATE_UNHANDLED);
	assert_int_equal(RUN(DECODE_64, 0xc8, 8, 0, 1), EMULATE_UNHANDLED);
	assert_int_equal(RUN(DECODE_64, 0xd9, 0x07), EMULATE_UNHANDLED);
	assert_int_equal(m.reads + m.writes, 0);
	assert_int_equal(m.vector, -1);
}

/* They translate their operand and do no more. */
static void test_hints(void **state)
{
	(void)state;
	assert_int_equal(RUN(DECODE_64, 0x0f, 0xae, 0x3f), EMULATE_DONE);
	assert_int_equal(RUN(DECODE_64, 0x0f, 0x18, 0x0f), EMULATE_DONE);
	assert_int_equal(m.reads + m.writes, 0);
	m.r.gpr[INSN_RDI] = 1ull << 63;
	assert_int_equal(RUN(DECODE_64, 0x0f, 0x18, 0x0f), EMULATE_DONE);
	assert_int_equal(RUN(DECODE_64, 0x0f, 0xae, 0x3f), EMULATE_FAULT);
	assert_int_equal(m.vector, 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_moves, set_up),
		cmocka_unit_test_setup(test_wide, set_up),
		cmocka_unit_test_setup(test_faults, set_up),
		cmocka_unit_test_setup(test_stop, set_up),
		cmocka_unit_test_setup(test_rep_is_bounded, set_up),
		cmocka_unit_test_setup(test_rep_faults, set_up),
		cmocka_unit_test_setup(test_branches, set_up),
		cmocka_unit_test_setup(test_bad_targets, set_up),
		cmocka_unit_test_setup(test_stack, set_up),
		cmocka_unit_test_setup(test_segments, set_up),
		cmocka_unit_test_setup(test_canonical, set_up),
		cmocka_unit_test_setup(test_divide_error, set_up),
		cmocka_unit_test_setup(test_write_cycles, set_up),
		cmocka_unit_test_setup(test_unhandled, set_up),
		cmocka_unit_test_setup(test_hints, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
