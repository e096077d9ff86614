/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compares vmx/emulate/decode.c with Zydis, an independent decoder: every opcode and
 * ModR/M byte under many prefixes, then random bytes, in all three modes.
 *
 * test_decode_zydis [ROUNDS [SEED]]: ROUNDS repeats it all with other random bytes
 * (default 1, a few seconds).  Prints what was compared; exit status 1 after a
 * difference, with the bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "tools/test/unit/test_random.h"
#include "vmx/emulate/decode.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const mode_names[] = {"16", "32", "64"};

static ZydisDecoder decoders[3];
static uint64_t compared, ok, undefined, unknown, too_long;
static unsigned differences;

static void differ(const uint8_t *bytes, unsigned mode, const char *what,
		   int64_t ours, int64_t theirs)
{
	if (++differences > 40)
		return;
	printf("mode %s:", mode_names[mode]);
	for (unsigned i = 0; i < DECODE_MAX_LENGTH; i++)
		printf(" %02x", bytes[i]);
	printf(": %s: ours %" PRId64 ", Zydis %" PRId64 "\n", what, ours,
	       theirs);
}

static const char *const names[] = {
	[INSN_ADD] = "add",
	[INSN_OR] = "or",
	[INSN_ADC] = "adc",
	[INSN_SBB] = "sbb",
	[INSN_AND] = "and",
	[INSN_SUB] = "sub",
	[INSN_XOR] = "xor",
	[INSN_CMP] = "cmp",
	[INSN_ROL] = "rol",
	[INSN_ROR] = "ror",
	[INSN_RCL] = "rcl",
	[INSN_RCR] = "rcr",
	[INSN_SHL] = "shl",
	[INSN_SHR] = "shr",
	[INSN_SAL] = "shl",
	[INSN_SAR] = "sar",
	[INSN_TEST] = "test",
	[INSN_NOT] = "not",
	[INSN_NEG] = "neg",
	[INSN_MUL] = "mul",
	[INSN_IMUL] = "imul",
	[INSN_DIV] = "div",
	[INSN_IDIV] = "idiv",
	[INSN_INC] = "inc",
	[INSN_DEC] = "dec",
	[INSN_CALL] = "call",
	[INSN_CALL_FAR] = "call",
	[INSN_JMP] = "jmp",
	[INSN_JMP_FAR] = "jmp",
	[INSN_PUSH] = "push",
	[INSN_BT] = "bt",
	[INSN_BTS] = "bts",
	[INSN_BTR] = "btr",
	[INSN_BTC] = "btc",
	[INSN_MOV] = "mov",
	[INSN_MOVZX] = "movzx",
	[INSN_MOVBE] = "movbe",
	[INSN_MOVNTI] = "movnti",
	[INSN_XCHG] = "xchg",
	[INSN_CMPXCHG] = "cmpxchg",
	[INSN_XADD] = "xadd",
	[INSN_POP] = "pop",
	[INSN_RET] = "ret",
	[INSN_ENTER] = "enter",
	[INSN_LEAVE] = "leave",
	[INSN_IMUL_R] = "imul",
	[INSN_SHLD] = "shld",
	[INSN_SHRD] = "shrd",
	[INSN_BSF] = "bsf",
	[INSN_BSR] = "bsr",
	[INSN_XLAT] = "xlat",
	[INSN_MONITOR] = "monitor",
	[INSN_LEA] = "lea",
	[INSN_SSE_MASKMOV] = "maskmovdqu",
	[INSN_MMX_MASKMOV] = "maskmovq",
};

static const char *const conditions[] = {
	"o", "no", "b", "nb", "z", "nz", "be", "nbe",
	"s", "ns", "p", "np", "l", "nl", "le", "nle",
};

static const char *const sse_moves[] = {
	"movups", "movupd", "movss",  "movsd", "movd",
	"movq",	  "movdqu", "movntq", "lddqu",
};

static const char *const sse_aligned[] = {
	"movaps", "movapd", "movdqa", "movntps", "movntpd", "movntdq",
};

static const char *const cache[] = {"clflush", "clflushopt", "clwb"};

static const char *const strings[] = {"movs", "cmps", "stos", "lods", "scas"};

static bool in(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(name, list[i]))
			return true;
	return false;
}

/* Whether the operation is the one that Zydis calls name. */
static bool same_operation(const struct insn *i, const char *name)
{
	char text[16];

	switch (i->operation) {
	case INSN_OTHER:
		return true;
	case INSN_HINT:
		return !strcmp(name, "nop") || !strncmp(name, "prefetch", 8);
	case INSN_SETCC:
		snprintf(text, sizeof(text), "set%s", conditions[i->condition]);
		return !strcmp(name, text);
	case INSN_CMOVCC:
		snprintf(text, sizeof(text), "cmov%s",
			 conditions[i->condition]);
		return !strcmp(name, text);
	case INSN_MOVSX:
		return !strcmp(name, "movsx") || !strcmp(name, "movsxd");
	case INSN_CMPXCHG8B:
		return !strcmp(name, i->memory_size == 16 ? "cmpxchg16b"
							  : "cmpxchg8b");
	case INSN_SSE_MOVE:
	case INSN_MMX_MOVE:
		return in(name, sse_moves, COUNT(sse_moves));
	case INSN_SSE_ALIGNED:
		return in(name, sse_aligned, COUNT(sse_aligned));
	case INSN_CACHE:
		return in(name, cache, COUNT(cache));
	case INSN_MOVS ... INSN_SCAS:
		snprintf(text, sizeof(text), "%s%c",
			 strings[i->operation - INSN_MOVS],
			 " bw d   q"[i->operand_size]);
		return !strcmp(name, text);
	default:
		return i->operation < COUNT(names) && names[i->operation] &&
		       !strcmp(name, names[i->operation]);
	}
}

/* Must every use of name with a memory operand be known to us? */
static bool is_wanted(const char *name)
{
	if (!strncmp(name, "set", 3) && strcmp(name, "setssbsy"))
		return true;
	if (!strncmp(name, "cmov", 4) || !strncmp(name, "cmpxchg", 7))
		return true;
	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i] && !strcmp(name, names[i]))
			return true;
	for (size_t i = 0; i < COUNT(strings); i++)
		if (!strncmp(name, strings[i], 4) && strlen(name) == 5 &&
		    strchr("bwdq", name[4]))
			return true;
	return in(name, sse_moves, COUNT(sse_moves)) ||
	       in(name, sse_aligned, COUNT(sse_aligned)) ||
	       in(name, cache, COUNT(cache)) || !strcmp(name, "movsx") ||
	       !strcmp(name, "movsxd");
}

/* Our number of a Zydis register, -1 for none; high bytes are 4 to 7. */
static int number_of(ZydisRegister r)
{
	if (r == ZYDIS_REGISTER_NONE)
		return INSN_NO_REGISTER;
	if (r == ZYDIS_REGISTER_RIP || r == ZYDIS_REGISTER_EIP)
		return INSN_RIP;
	if (r >= ZYDIS_REGISTER_SPL && r <= ZYDIS_REGISTER_DIL)
		return r - ZYDIS_REGISTER_SPL + 4;
	if (r >= ZYDIS_REGISTER_R8B && r <= ZYDIS_REGISTER_R15B)
		return r - ZYDIS_REGISTER_R8B + 8;
	return ZydisRegisterGetId(r);
}

static void same_register(const uint8_t *bytes, const struct insn *i,
			  const char *what, unsigned ours,
			  const ZydisDecodedOperand *o)
{
	bool high = o->reg.value >= ZYDIS_REGISTER_AH &&
		    o->reg.value <= ZYDIS_REGISTER_BH;

	if ((int)ours != number_of(o->reg.value))
		differ(bytes, i->mode, what, ours, number_of(o->reg.value));
	else if (high != (o->size == 8 && !i->rex && ours >= 4 && ours < 8))
		differ(bytes, i->mode, "high byte register", !high, high);
}

/* MOVSXD r16, r/m16 in the SDM, r/m32 in Zydis. */
static bool is_short_movsxd(const struct insn *i)
{
	return i->operation == INSN_MOVSX && i->operand_size == 2 &&
	       i->memory_size == 2;
}

/*
 * With mod = 0, base 101 of the SIB byte is none, whatever REX.B is (SDM volume
 * 2, "Special Cases of REX Encodings").  Zydis 4.0 makes it R13 after 67;
 * test_emulate_native asks the processor.
 */
static bool is_unused_base(const struct insn *i,
			   const ZydisDecodedInstruction *z)
{
	return i->mode == DECODE_64 && i->address_size == 4 &&
	       z->raw.modrm.mod == 0 && z->raw.modrm.rm == 4 &&
	       z->raw.sib.base == 5 && z->raw.rex.B &&
	       i->base == INSN_NO_REGISTER;
}

static void same_memory(const uint8_t *bytes, const struct insn *i,
			const ZydisDecodedInstruction *z,
			const ZydisDecodedOperand *o)
{
	unsigned segment = o->mem.segment - ZYDIS_REGISTER_ES;
	int64_t displacement = o->mem.disp.value;
	unsigned scale = o->mem.index ? o->mem.scale : 1;
	unsigned mode = i->mode;

	if (is_unused_base(i, z))
		return;
	/* Of LEA, Zydis does not report it; 3E as NOTRACK hides it. */
	if (i->segment != segment && i->operation != INSN_LEA &&
	    !(z->attributes & ZYDIS_ATTRIB_HAS_NOTRACK))
		differ(bytes, mode, "segment", i->segment, segment);
	if (i->base != number_of(o->mem.base))
		differ(bytes, mode, "base", i->base, number_of(o->mem.base));
	if (i->index != number_of(o->mem.index))
		differ(bytes, mode, "index", i->index, number_of(o->mem.index));
	if (i->scale != scale)
		differ(bytes, mode, "scale", i->scale, scale);
	if (i->displacement != displacement)
		differ(bytes, mode, "displacement", i->displacement,
		       displacement);
	if (i->operation != INSN_OTHER && i->operation != INSN_HINT &&
	    i->operation != INSN_LEA && i->operation != INSN_CACHE &&
	    i->operation != INSN_CALL_FAR && i->operation != INSN_JMP_FAR &&
	    !is_short_movsxd(i) && i->memory_size * 8u != o->size)
		differ(bytes, mode, "memory size", i->memory_size, o->size / 8);
}

static void same_immediate(const uint8_t *bytes, const struct insn *i,
			   const ZydisDecodedOperand *o)
{
	uint64_t mask = ~0ull >> (64 - o->size);

	if ((i->immediate ^ o->imm.value.u) & mask)
		differ(bytes, i->mode, "immediate", i->immediate,
		       o->imm.value.u);
}

static bool has_reg(const struct insn *i)
{
	return i->form == INSN_FORM_MR || i->form == INSN_FORM_RM ||
	       i->form == INSN_FORM_RMI || i->form == INSN_FORM_MRI ||
	       i->form == INSN_FORM_MRC;
}

/* The visible operands against reg, rm, memory and immediate. */
static void same_operands(const uint8_t *bytes, const struct insn *i,
			  const ZydisDecodedInstruction *z,
			  const ZydisDecodedOperand *operands)
{
	bool reg_first = i->form == INSN_FORM_RM || i->form == INSN_FORM_RMI;
	unsigned expected_immediates =
		i->form == INSN_FORM_I || i->form == INSN_FORM_MI ||
		i->form == INSN_FORM_MRI || i->form == INSN_FORM_RMI;
	unsigned memories = 0;
	unsigned immediates = 0;

	for (unsigned n = 0; n < z->operand_count_visible; n++) {
		const ZydisDecodedOperand *o = &operands[n];

		if (o->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    o->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN) {
			memories++;
			if (i->memory)
				same_memory(bytes, i, z, o);
			continue;
		}
		if (i->operation == INSN_OTHER || i->operation == INSN_HINT)
			continue;
		if (o->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
			immediates++;
			if (i->form != INSN_FORM_I || n == 0)
				same_immediate(bytes, i, o);
		} else if (o->type == ZYDIS_OPERAND_TYPE_REGISTER) {
			if (n == 2 || (n == 1 && i->form == INSN_FORM_MC))
				continue; /* CL */
			if (has_reg(i) && (n == 0) == reg_first)
				same_register(bytes, i, "reg", i->reg, o);
			else if (!i->memory && i->form != INSN_FORM_NONE)
				same_register(bytes, i, "rm", i->rm, o);
		}
	}
	if (i->operation == INSN_OTHER || i->operation == INSN_HINT)
		expected_immediates = immediates;
	if (i->operation == INSN_RET)
		expected_immediates = immediates;
	if (i->operation == INSN_ENTER)
		expected_immediates = 2;
	if (immediates != expected_immediates)
		differ(bytes, i->mode, "immediates", expected_immediates,
		       immediates);
	if (i->form != INSN_FORM_NONE && memories != i->memory &&
	    i->operation != INSN_SSE_MASKMOV &&
	    i->operation != INSN_MMX_MASKMOV)
		differ(bytes, i->mode, "memory operands", i->memory, memories);
}

static void same_insn(const uint8_t *bytes, const struct insn *i,
		      const ZydisDecodedInstruction *z,
		      const ZydisDecodedOperand *operands)
{
	const char *name = ZydisMnemonicGetString(z->mnemonic);

	if (i->length != z->length)
		differ(bytes, i->mode, "length", i->length, z->length);
	if (!same_operation(i, name)) {
		printf("Zydis says %s\n", name);
		differ(bytes, i->mode, "operation", i->operation, z->mnemonic);
	}
	if (i->address_size * 8 != z->address_width)
		differ(bytes, i->mode, "address size", i->address_size,
		       z->address_width / 8);
	if (i->lock != !!(z->attributes & ZYDIS_ATTRIB_HAS_LOCK))
		differ(bytes, i->mode, "lock", i->lock, !i->lock);
	same_operands(bytes, i, z, operands);
}

static bool touches_memory(const ZydisDecodedInstruction *z,
			   const ZydisDecodedOperand *operands)
{
	for (unsigned n = 0; n < z->operand_count; n++)
		if (operands[n].type == ZYDIS_OPERAND_TYPE_MEMORY)
			return true;
	return false;
}

/* Compares one string of DECODE_MAX_LENGTH bytes. */
static void compare(const uint8_t *bytes, enum decode_mode mode)
{
	ZydisDecodedInstruction z;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	struct insn insn;
	enum decode_status status =
		decode_insn(bytes, DECODE_MAX_LENGTH, mode, &insn);
	ZyanStatus theirs = ZydisDecoderDecodeFull(
		&decoders[mode], bytes, DECODE_MAX_LENGTH, &z, operands);

	compared++;
	switch (status) {
	case DECODE_OK:
		ok++;
		if (!ZYAN_SUCCESS(theirs))
			differ(bytes, mode, "status", status, theirs & 0xfffff);
		else
			same_insn(bytes, &insn, &z, operands);
		break;
	case DECODE_UNKNOWN:
		unknown++;
		if (ZYAN_SUCCESS(theirs) && touches_memory(&z, operands) &&
		    z.opcode_map < ZYDIS_OPCODE_MAP_0F3A &&
		    !(z.opcode_map == ZYDIS_OPCODE_MAP_0F &&
		      z.opcode == 0xc2) && /* SSE's CMPSD */
		    z.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
		    is_wanted(ZydisMnemonicGetString(z.mnemonic)))
			differ(bytes, mode, "unknown", 0, z.mnemonic);
		break;
	case DECODE_UD:
		undefined++;
		if (ZYAN_SUCCESS(theirs))
			differ(bytes, mode, "undefined", 0, z.mnemonic);
		break;
	case DECODE_TOO_LONG:
		too_long++;
		if (ZYAN_SUCCESS(theirs))
			differ(bytes, mode, "too long", 0, z.length);
		break;
	case DECODE_NEED_MORE:
		differ(bytes, mode, "status", status, theirs & 0xfffff);
		break;
	}
}

/* What fewer bytes must answer: more are needed, or an error all the same. */
static void compare_truncated(const uint8_t *bytes, enum decode_mode mode)
{
	struct insn insn;

	if (decode_insn(bytes, DECODE_MAX_LENGTH, mode, &insn) != DECODE_OK)
		return;
	for (unsigned count = 0, length = insn.length; count < length; count++)
		if (decode_insn(bytes, count, mode, &insn) != DECODE_NEED_MORE)
			differ(bytes, mode, "truncated", count, length);
}

static const char *const prefixes[] = {
	"",	    "\x66",	"\x67",		"\xf2",	    "\xf3",
	"\xf0",	    "\x2e",	"\x36",		"\x65",	    "\x64\x3e",
	"\x48",	    "\x40",	"\x4f",		"\x66\x48", "\x48\x66",
	"\x41",	    "\x44",	"\x42",		"\x66\x67", "\x66\xf2",
	"\xf3\x66", "\xf0\x4c", "\xf2\x66\x4d", "\xf3\x48", "\xf3\xf2\x41",
	"\x67\x4b", "\xf0\xf2", "\x66\xf0",	"\x26\x67", "\x4f\x40",
};

static void fill(uint8_t *bytes)
{
	uint64_t r[2] = {random64(), random64()};

	memcpy(bytes, r, DECODE_MAX_LENGTH);
}

/* All opcodes of a map with every step-th ModR/M byte. */
static void enumerate(const char *prefix, const char *escape, unsigned step)
{
	size_t length = strlen(prefix) + strlen(escape);
	uint8_t bytes[DECODE_MAX_LENGTH];
	char start[8];

	snprintf(start, sizeof(start), "%s%s", prefix, escape);
	for (unsigned opcode = 0; opcode < 256; opcode++) {
		for (unsigned modrm = 0; modrm < 256; modrm += step) {
			fill(bytes);
			memcpy(bytes, start, length);
			bytes[length] = opcode;
			bytes[length + 1] = modrm;
			for (unsigned mode = 0; mode < 3; mode++)
				compare(bytes, mode);
		}
		for (unsigned mode = 0; mode < 3; mode++)
			compare_truncated(bytes, mode);
	}
}

/* Random prefixes in front of random bytes. */
static void randomize(void)
{
	static const uint8_t some[] = {
		0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67,
		0xf0, 0xf2, 0xf3, 0x40, 0x48, 0x4f, 0x41, 0x44,
	};
	uint8_t bytes[DECODE_MAX_LENGTH];
	uint64_t r = random64();
	unsigned count = r & 1 ? r >> 1 & 3 : r >> 1 & 15;

	fill(bytes);
	for (unsigned i = 0; i < count && i < DECODE_MAX_LENGTH; i++)
		bytes[i] = some[r >> (4 + 4 * i % 56) & 15];
	if (r >> 63 && count < DECODE_MAX_LENGTH)
		bytes[count] = 0x0f;
	compare(bytes, r >> 60 & 3 ? DECODE_64 : r >> 58 & 1);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;

	random_seed(argc > 2 ? strtoull(argv[2], NULL, 0) : 0x41504943414c);
	ZydisDecoderInit(&decoders[DECODE_16], ZYDIS_MACHINE_MODE_LEGACY_16,
			 ZYDIS_STACK_WIDTH_16);
	ZydisDecoderInit(&decoders[DECODE_32], ZYDIS_MACHINE_MODE_LEGACY_32,
			 ZYDIS_STACK_WIDTH_32);
	ZydisDecoderInit(&decoders[DECODE_64], ZYDIS_MACHINE_MODE_LONG_64,
			 ZYDIS_STACK_WIDTH_64);
	while (rounds--) {
		for (size_t i = 0; i < COUNT(prefixes); i++) {
			enumerate(prefixes[i], "", 1);
			enumerate(prefixes[i], "\x0f", 1);
			enumerate(prefixes[i], "\x0f\x38", 17);
		}
		for (unsigned i = 0; i < 1000000; i++)
			randomize();
	}
	printf("test_decode_zydis: %" PRIu64 " strings: %" PRIu64
	       " decoded alike, %" PRIu64 " undefined, %" PRIu64
	       " too long, %" PRIu64 " not decoded; %u differences\n",
	       compared, ok, undefined, too_long, unknown, differences);
	return differences != 0;
}
