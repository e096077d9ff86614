/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of vmx/text/insn_text.c: operands by hand, names against Zydis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <Zydis/Zydis.h>

#include "tools/test/unit/test_random.h"
#include "vmx/text/insn_text.h"

#define BYTES(...)                        \
	sizeof((uint8_t[]){__VA_ARGS__}), \
	{                                 \
		__VA_ARGS__               \
	}

static char buffer[160];

static const char *text_of(const uint8_t *bytes, unsigned count,
			   enum decode_mode mode, uint64_t address)
{
	struct text text;
	struct insn insn;

	text_begin(&text, buffer, sizeof(buffer));
	if (decode_insn(bytes, count, mode, &insn) == DECODE_OK)
		insn_text(&text, bytes, &insn, address);
	return buffer;
}

static void test_operands(void **state)
{
	static const struct {
		const char *text;
		enum decode_mode mode;
		unsigned count;
		uint8_t bytes[15];
	} rows[] = {
		{"mov dword [rax+0xb0], 0x0", DECODE_64,
		 BYTES(0xc7, 0x80, 0xb0, 0, 0, 0, 0, 0, 0, 0)},
		{"mov rax, qword [0x2007]", DECODE_64,
		 BYTES(0x48, 0x8b, 0x05, 0, 0x10, 0, 0)},
		{"mov rdx, qword [gs:0x0]", DECODE_64,
		 BYTES(0x65, 0x48, 0x8b, 0x14, 0x25, 0, 0, 0, 0)},
		{"mov byte [r12+r9*8-0x80], r15b", DECODE_64,
		 BYTES(0x47, 0x88, 0x7c, 0xcc, 0x80)},
		{"lea edi, [rdi+0x1003]", DECODE_64,
		 BYTES(0x8d, 0xbf, 0x03, 0x10, 0, 0)},
		{"mov dh, ah", DECODE_64, BYTES(0x88, 0xe6)},
		{"mov sil, spl", DECODE_64, BYTES(0x40, 0x88, 0xe6)},
		{"movzx eax, byte [rbp+0x8]", DECODE_64,
		 BYTES(0x0f, 0xb6, 0x45, 0x08)},
		{"movzx eax, cl", DECODE_64, BYTES(0x0f, 0xb6, 0xc1)},
		{"cmp eax, 0xffffffff", DECODE_64, BYTES(0x83, 0xf8, 0xff)},
		{"add word [bx+si], 0x5", DECODE_16, BYTES(0x83, 0x00, 0x05)},
		{"mov ax, word [es:0x6c]", DECODE_16,
		 BYTES(0x26, 0xa1, 0x6c, 0x00)},
		{"mov eax, dword [fs:ebp+ecx]", DECODE_32,
		 BYTES(0x64, 0x8b, 0x44, 0x0d, 0x00)},
		{"lock cmpxchg16b oword [rsi]", DECODE_64,
		 BYTES(0xf0, 0x48, 0x0f, 0xc7, 0x0e)},
		{"shl rcx, cl", DECODE_64, BYTES(0x48, 0xd3, 0xe1)},
		{"shld eax, edx, 0x4", DECODE_64,
		 BYTES(0x0f, 0xa4, 0xd0, 0x04)},
		{"imul eax, dword [rbx], 0x7", DECODE_64,
		 BYTES(0x6b, 0x03, 0x07)},
		{"rep movsq", DECODE_64, BYTES(0xf3, 0x48, 0xa5)},
		{"repne scasb", DECODE_64, BYTES(0xf2, 0xae)},
		{"push r13", DECODE_64, BYTES(0x41, 0x55)},
		{"call 0x1005", DECODE_64, BYTES(0xe8, 0, 0, 0, 0)},
		{"call qword [rax]", DECODE_64, BYTES(0xff, 0x10)},
		{"jmp 0x1000", DECODE_64, BYTES(0xeb, 0xfe)},
		{"jz 0xf82", DECODE_64, BYTES(0x74, 0x80)},
		{"jnb 0x2006", DECODE_64, BYTES(0x0f, 0x83, 0x00, 0x10, 0, 0)},
		{"jmp 0xff2", DECODE_16, BYTES(0xeb, 0xf0)},
		{"ret", DECODE_64, BYTES(0xc3)},
		{"ret 0x8", DECODE_64, BYTES(0xc2, 0x08, 0x00)},
		{"pause", DECODE_64, BYTES(0xf3, 0x90)},
		{"nop", DECODE_64, BYTES(0x66, 0x90)},
		{"", DECODE_64, BYTES(0x41, 0x90)}, /* XCHG R8D, EAX */
		{"hlt", DECODE_64, BYTES(0xf4)},
		{"cli", DECODE_16, BYTES(0xfa)},
		{"int 0x80", DECODE_32, BYTES(0xcd, 0x80)},
		{"cpuid", DECODE_64, BYTES(0x0f, 0xa2)},
		{"setnz byte [rdi]", DECODE_64, BYTES(0x0f, 0x95, 0x07)},
		{"in al, dx", DECODE_64, BYTES(0xec)},
		{"in eax, dx", DECODE_64, BYTES(0xed)},
		{"out dx, ax", DECODE_64, BYTES(0x66, 0xef)},
		{"out 0x80, al", DECODE_16, BYTES(0xe6, 0x80)},
		{"in ax, 0x70", DECODE_16, BYTES(0xe5, 0x70)},
		{"iretq", DECODE_64, BYTES(0x48, 0xcf)},
		{"iret", DECODE_16, BYTES(0xcf)},
		{"pushfq", DECODE_64, BYTES(0x9c)},
		{"popfd", DECODE_32, BYTES(0x9d)},
		{"nop dword [rax]", DECODE_64, BYTES(0x0f, 0x1f, 0x00)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(text_of(rows[i].bytes, rows[i].count,
					    rows[i].mode, 0x1000),
				    rows[i].text);
}

/* The name without LOCK and REP. */
static const char *name_in(char *text)
{
	static const char *const prefixes[] = {"lock ", "repne ", "repe ",
					       "rep "};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(text, prefixes[i], strlen(prefixes[i])))
			text += strlen(prefixes[i]);
	for (char *at = text; *at; at++)
		if (*at == ' ')
			*at = '\0';
	return text;
}

static void test_names(void **state)
{
	static const ZydisMachineMode modes[] = {
		ZYDIS_MACHINE_MODE_LONG_COMPAT_16,
		ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
		ZYDIS_MACHINE_MODE_LONG_64,
	};
	static const ZydisStackWidth widths[] = {ZYDIS_STACK_WIDTH_16,
						 ZYDIS_STACK_WIDTH_32,
						 ZYDIS_STACK_WIDTH_64};
	unsigned named = 0;

	(void)state;
	random_seed(3);
	for (unsigned i = 0; i < 1000000; i++) {
		enum decode_mode mode = (enum decode_mode)(i % 3);
		ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
		ZydisDecodedInstruction z;
		ZydisDecoder decoder;
		uint64_t raw[2] = {random64(), random64()};
		uint8_t *bytes = (uint8_t *)raw;
		const char *name, *theirs;

		if (i % 4 == 1)
			bytes[0] = 0x0f;
		if (i % 16 == 2)
			bytes[0] = "\xf3\x66\xf0\x48"[i / 16 % 4];
		name = name_in(
			(char *)(uintptr_t)text_of(bytes, 15, mode, 0x1000));
		if (!*name)
			continue;
		ZydisDecoderInit(&decoder, modes[mode], widths[mode]);
		assert_true(ZYAN_SUCCESS(ZydisDecoderDecodeFull(
			&decoder, bytes, 15, &z, operands)));
		theirs = ZydisMnemonicGetString(z.mnemonic);
		if (!strcmp(name, "movsx") && !strcmp(theirs, "movsxd"))
			continue;
		assert_string_equal(name, theirs);
		named++;
	}
	assert_true(named > 200000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operands),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
