/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions as text; see insn_text.h. */
#include "vmx/text/insn_text.h"

#include "hv/lib/format.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const operation_names[] = {
	[INSN_ADD] = "add",	    [INSN_OR] = "or",
	[INSN_ADC] = "adc",	    [INSN_SBB] = "sbb",
	[INSN_AND] = "and",	    [INSN_SUB] = "sub",
	[INSN_XOR] = "xor",	    [INSN_CMP] = "cmp",
	[INSN_ROL] = "rol",	    [INSN_ROR] = "ror",
	[INSN_RCL] = "rcl",	    [INSN_RCR] = "rcr",
	[INSN_SHL] = "shl",	    [INSN_SHR] = "shr",
	[INSN_SAL] = "shl",	    [INSN_SAR] = "sar",
	[INSN_TEST] = "test",	    [INSN_NOT] = "not",
	[INSN_NEG] = "neg",	    [INSN_MUL] = "mul",
	[INSN_IMUL] = "imul",	    [INSN_DIV] = "div",
	[INSN_IDIV] = "idiv",	    [INSN_INC] = "inc",
	[INSN_DEC] = "dec",	    [INSN_CALL] = "call",
	[INSN_CALL_FAR] = "call",   [INSN_JMP] = "jmp",
	[INSN_JMP_FAR] = "jmp",	    [INSN_PUSH] = "push",
	[INSN_BT] = "bt",	    [INSN_BTS] = "bts",
	[INSN_BTR] = "btr",	    [INSN_BTC] = "btc",
	[INSN_MOV] = "mov",	    [INSN_MOVZX] = "movzx",
	[INSN_MOVSX] = "movsx",	    [INSN_MOVBE] = "movbe",
	[INSN_MOVNTI] = "movnti",   [INSN_XCHG] = "xchg",
	[INSN_CMPXCHG] = "cmpxchg", [INSN_CMPXCHG8B] = "cmpxchg",
	[INSN_XADD] = "xadd",	    [INSN_SETCC] = "set",
	[INSN_CMOVCC] = "cmov",	    [INSN_POP] = "pop",
	[INSN_RET] = "ret",	    [INSN_LEAVE] = "leave",
	[INSN_IMUL_R] = "imul",	    [INSN_SHLD] = "shld",
	[INSN_SHRD] = "shrd",	    [INSN_BSF] = "bsf",
	[INSN_BSR] = "bsr",	    [INSN_XLAT] = "xlat",
	[INSN_MOVS] = "movs",	    [INSN_CMPS] = "cmps",
	[INSN_STOS] = "stos",	    [INSN_LODS] = "lods",
	[INSN_SCAS] = "scas",	    [INSN_MONITOR] = "monitor",
	[INSN_LEA] = "lea",
};

static const char *const condition_names[16] = {
	"o", "no", "b", "nb", "z", "nz", "be", "nbe",
	"s", "ns", "p", "np", "l", "nl", "le", "nle",
};

/* The operand size's letter: b, w, d or q. */
static char size_letter(const struct insn *insn)
{
	switch (insn->operand_size) {
	case 1:
		return 'b';
	case 2:
		return 'w';
	case 4:
		return 'd';
	default:
		return 'q';
	}
}

/* ---- operands ---- */

static void add_register(struct text *t, unsigned number, unsigned size,
			 bool rex)
{
	static const char names[8][3] = {"ax", "cx", "dx", "bx",
					 "sp", "bp", "si", "di"};

	if (number >= 8) {
		text_add(t, "r%u%s", number,
			 size == 8   ? ""
			 : size == 4 ? "d"
			 : size == 2 ? "w"
				     : "b");
		return;
	}
	if (size == 1 && number >= 4 && !rex)
		text_add(t, "%ch", names[number - 4][0]);
	else if (size == 1 && number < 4)
		text_add(t, "%cl", names[number][0]);
	else if (size == 1)
		text_add(t, "%sl", names[number]);
	else
		text_add(t, "%s%s",
			 size == 8   ? "r"
			 : size == 4 ? "e"
				     : "",
			 names[number]);
}

static void add_hex(struct text *t, int64_t value)
{
	if (value < 0)
		text_add(t, "-0x%lx", 0 - (uint64_t)value);
	else
		text_add(t, "+0x%lx", (uint64_t)value);
}

static uint64_t mask_of(unsigned size)
{
	return size >= 8 ? ~0ull : (1ull << (8 * size)) - 1;
}

static void add_segment(struct text *t, const struct insn *insn)
{
	static const char *const names[] = {"es", "cs", "ss", "ds", "fs", "gs"};
	bool stack = insn->base == INSN_RSP || insn->base == INSN_RBP;

	if (insn->segment == (stack ? INSN_SS : INSN_DS) ||
	    insn->segment >= COUNT(names) ||
	    (insn->mode == DECODE_64 && insn->segment < INSN_FS))
		return;
	text_add(t, "%s:", names[insn->segment]);
}

static void add_memory(struct text *t, const struct insn *insn,
		       uint64_t address)
{
	static const char *const sizes[] = {[1] = "byte ",
					    [2] = "word ",
					    [4] = "dword ",
					    [8] = "qword ",
					    [16] = "oword "};
	bool sized = insn->memory_size < COUNT(sizes) &&
		     sizes[insn->memory_size] && insn->operation != INSN_LEA;
	bool index = insn->index != INSN_NO_REGISTER;
	int64_t displacement = insn->displacement;

	text_add(t, "%s[", sized ? sizes[insn->memory_size] : "");
	add_segment(t, insn);
	if (insn->base == INSN_RIP ||
	    (insn->base == INSN_NO_REGISTER && !index)) {
		if (insn->base == INSN_RIP)
			displacement += (int64_t)(address + insn->length);
		text_add(t, "0x%lx]",
			 (uint64_t)displacement & mask_of(insn->address_size));
		return;
	}
	if (insn->base != INSN_NO_REGISTER)
		add_register(t, insn->base, insn->address_size, true);
	if (index) {
		text_add(t, insn->base != INSN_NO_REGISTER ? "+" : "");
		add_register(t, insn->index, insn->address_size, true);
		if (insn->scale > 1)
			text_add(t, "*%u", insn->scale);
	}
	if (displacement)
		add_hex(t, displacement);
	text_add(t, "]");
}

/* The operand that may lie in memory; of a register, size bytes. */
static void add_rm(struct text *t, const struct insn *insn, uint64_t address)
{
	bool extends =
		insn->operation == INSN_MOVZX || insn->operation == INSN_MOVSX;

	if (insn->memory)
		add_memory(t, insn, address);
	else
		add_register(t, insn->rm,
			     extends ? insn->memory_size : insn->operand_size,
			     insn->rex);
}

static void add_reg(struct text *t, const struct insn *insn)
{
	add_register(t, insn->reg, insn->operand_size, insn->rex);
}

static void add_immediate(struct text *t, const struct insn *insn)
{
	text_add(t, "0x%lx", insn->immediate & mask_of(insn->operand_size));
}

static void add_target(struct text *t, const struct insn *insn,
		       uint64_t address)
{
	text_add(t, " 0x%lx",
		 (address + insn->length + insn->immediate) &
			 mask_of(insn->mode == DECODE_64 ? 8
							 : insn->operand_size));
}

static void add_operands(struct text *t, const struct insn *insn,
			 uint64_t address)
{
	switch (insn->form) {
	case INSN_FORM_NONE:
		return;
	case INSN_FORM_RM:
	case INSN_FORM_RMI:
		text_add(t, " ");
		add_reg(t, insn);
		text_add(t, ", ");
		add_rm(t, insn, address);
		break;
	case INSN_FORM_MR:
	case INSN_FORM_MRI:
	case INSN_FORM_MRC:
		text_add(t, " ");
		add_rm(t, insn, address);
		text_add(t, ", ");
		add_reg(t, insn);
		break;
	case INSN_FORM_I:
		text_add(t, " ");
		add_immediate(t, insn);
		return;
	default:
		text_add(t, " ");
		add_rm(t, insn, address);
	}
	if (insn->form == INSN_FORM_MI || insn->form == INSN_FORM_RMI ||
	    insn->form == INSN_FORM_MRI) {
		text_add(t, ", ");
		add_immediate(t, insn);
	} else if (insn->form == INSN_FORM_MC || insn->form == INSN_FORM_MRC) {
		text_add(t, ", cl");
	}
}

/* ---- those that the decoder only knows by their length ---- */

/* The opcode behind the prefixes; its map: 1, or 2 after 0F. */
static uint8_t opcode_of(const uint8_t *bytes, const struct insn *insn,
			 unsigned *map, bool *rex_b)
{
	unsigned at = 0;

	*rex_b = false;
	for (; at + 1 < insn->length; at++) {
		uint8_t b = bytes[at];
		bool rex = insn->mode == DECODE_64 && (b & 0xf0) == 0x40;

		if (b != 0x26 && b != 0x2e && b != 0x36 && b != 0x3e &&
		    (b < 0x64 || b > 0x67) && b != 0xf0 && b != 0xf2 &&
		    b != 0xf3 && !rex)
			break;
		*rex_b = rex && b & 1;
	}
	*map = 1;
	if (bytes[at] == 0x0f && at + 1 < insn->length) {
		*map = 2;
		at++;
	}
	return bytes[at];
}

static const char *plain_name(uint8_t opcode)
{
	switch (opcode) {
	case 0xcc:
		return "int3";
	case 0xf4:
		return "hlt";
	case 0xf5:
		return "cmc";
	case 0xf8:
		return "clc";
	case 0xf9:
		return "stc";
	case 0xfa:
		return "cli";
	case 0xfb:
		return "sti";
	case 0xfc:
		return "cld";
	case 0xfd:
		return "std";
	default:
		return NULL;
	}
}

/* IN and OUT: E4 to E7 with a port's number, EC to EF with DX. */
static void add_port(struct text *t, uint8_t opcode, const struct insn *insn)
{
	unsigned size = opcode & 1 ? insn->operand_size : 1;
	char port[8] = "dx";

	if (size == 8)
		size = 4;
	if (!(opcode & 8))
		format(port, sizeof(port), "0x%lx", insn->immediate & 0xff);
	if (opcode & 2)
		text_add(t, "out %s, ", port);
	else
		text_add(t, "in ");
	add_register(t, INSN_RAX, size, false);
	if (!(opcode & 2))
		text_add(t, ", %s", port);
}

/* What the operand size adds to IRET, PUSHF and POPF. */
static const char *width_suffix(const struct insn *insn)
{
	return insn->operand_size == 8	 ? "q"
	       : insn->operand_size == 4 ? "d"
					 : "";
}

static void add_other(struct text *t, const uint8_t *bytes,
		      const struct insn *insn, uint64_t address)
{
	unsigned map;
	bool rex_b;
	uint8_t opcode = opcode_of(bytes, insn, &map, &rex_b);
	const char *name = map == 1 ? plain_name(opcode) : NULL;

	if (insn->operation == INSN_HINT) {
		if (opcode != 0x1f)
			return;
		text_add(t, "nop ");
		add_rm(t, insn, address);
	} else if (name) {
		text_add(t, "%s", name);
	} else if ((map == 1 && (opcode & 0xf0) == 0x70) ||
		   (map == 2 && (opcode & 0xf0) == 0x80)) {
		text_add(t, "j%s", condition_names[opcode & 15]);
		add_target(t, insn, address);
	} else if (map == 1 && opcode == 0x90 && !rex_b) {
		text_add(t, insn->repeat == INSN_REPEAT_REP ? "pause" : "nop");
	} else if (map == 1 && opcode == 0xcd) {
		text_add(t, "int 0x%lx", insn->immediate & 0xff);
	} else if (map == 1 && (opcode & 0xf4) == 0xe4) {
		add_port(t, opcode, insn);
	} else if (map == 1 && (opcode == 0x9c || opcode == 0x9d)) {
		text_add(t, "%s%s", opcode == 0x9c ? "pushf" : "popf",
			 width_suffix(insn));
	} else if (map == 1 && opcode == 0xcf) {
		text_add(t, "iret%s", width_suffix(insn));
	} else if (map == 2 && opcode == 0xa2) {
		text_add(t, "cpuid");
	}
}

/* ---- the whole ---- */

static void add_name(struct text *t, const struct insn *insn)
{
	text_add(t, "%s", operation_names[insn->operation]);
	switch (insn->operation) {
	case INSN_CALL_FAR:
	case INSN_JMP_FAR:
		text_add(t, " far");
		break;
	case INSN_CMPXCHG8B:
		text_add(t, "%ub", insn->memory_size);
		break;
	case INSN_SETCC:
	case INSN_CMOVCC:
		text_add(t, "%s", condition_names[insn->condition & 15]);
		break;
	case INSN_MOVS ... INSN_SCAS:
		text_add(t, "%c", size_letter(insn));
		break;
	}
}

static void add_prefix(struct text *t, const struct insn *insn)
{
	bool compares =
		insn->operation == INSN_CMPS || insn->operation == INSN_SCAS;

	if (insn->lock)
		text_add(t, "lock ");
	if (insn->operation < INSN_MOVS || insn->operation > INSN_SCAS ||
	    insn->repeat == INSN_REPEAT_NONE)
		return;
	if (insn->repeat == INSN_REPEAT_REPNE)
		text_add(t, "repne ");
	else
		text_add(t, compares ? "repe " : "rep ");
}

void insn_text(struct text *t, const uint8_t *bytes, const struct insn *insn,
	       uint64_t address)
{
	if (insn->operation == INSN_OTHER || insn->operation == INSN_HINT) {
		add_other(t, bytes, insn, address);
		return;
	}
	if (insn->operation >= COUNT(operation_names) ||
	    !operation_names[insn->operation])
		return;
	add_prefix(t, insn);
	add_name(t, insn);
	if (insn->form == INSN_FORM_I &&
	    (insn->operation == INSN_CALL || insn->operation == INSN_JMP))
		add_target(t, insn, address);
	else if (insn->operation != INSN_RET || insn->immediate)
		add_operands(t, insn, address);
}
