/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of VMCS fields in words; see field_text.h.  Pure. */
#include "vmx/text/field_text.h"

#include "hv/lib/format.h"
#include "hv/lib/string.h"
#include "vmx/controls.h"
#include "vmx/exit_reason.h"
#include "vmx/text/exit_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- registers ---- */

void field_text_cr0(struct text *t, uint64_t cr0)
{
	static const struct text_bit bits[] = {
		{0, "PE"},  {1, "MP"},	{2, "EM"},  {3, "TS"},
		{4, "ET"},  {5, "NE"},	{16, "WP"}, {18, "AM"},
		{29, "NW"}, {30, "CD"}, {31, "PG"},
	};

	text_bits(t, cr0, bits, COUNT(bits));
}

void field_text_cr4(struct text *t, uint64_t cr4)
{
	static const struct text_bit bits[] = {
		{0, "VME"},	  {1, "PVI"},	      {2, "TSD"},
		{3, "DE"},	  {4, "PSE"},	      {5, "PAE"},
		{6, "MCE"},	  {7, "PGE"},	      {8, "PCE"},
		{9, "OSFXSR"},	  {10, "OSXMMEXCPT"}, {11, "UMIP"},
		{12, "LA57"},	  {13, "VMXE"},	      {14, "SMXE"},
		{16, "FSGSBASE"}, {17, "PCIDE"},      {18, "OSXSAVE"},
		{19, "KL"},	  {20, "SMEP"},	      {21, "SMAP"},
		{22, "PKE"},	  {23, "CET"},	      {24, "PKS"},
		{25, "UINTR"},	  {28, "LAM_SUP"},    {32, "FRED"},
	};

	text_bits(t, cr4, bits, COUNT(bits));
}

void field_text_efer(struct text *t, uint64_t efer)
{
	static const struct text_bit bits[] = {
		{0, "SCE"}, {8, "LME"}, {10, "LMA"}, {11, "NXE"}};

	text_bits(t, efer, bits, COUNT(bits));
}

void field_text_rflags(struct text *t, uint64_t rflags)
{
	static const struct text_bit bits[] = {
		{0, "CF"},  {2, "PF"},	 {4, "AF"},   {6, "ZF"},
		{7, "SF"},  {8, "TF"},	 {9, "IF"},   {10, "DF"},
		{11, "OF"}, {14, "NT"},	 {16, "RF"},  {17, "VM"},
		{18, "AC"}, {19, "VIF"}, {20, "VIP"}, {21, "ID"},
	};
	const uint64_t fixed = 2, iopl = 3 << 12;

	text_bits(t, rflags & ~(fixed | iopl), bits, COUNT(bits));
	if (rflags & iopl)
		text_add(t, " IOPL=%u", (unsigned)(rflags >> 12 & 3));
}

static const char *system_type(unsigned type)
{
	static const char *const names[16] = {
		[1] = "TSS 16-bit available",
		[2] = "LDT",
		[3] = "TSS 16-bit busy",
		[9] = "TSS available",
		[11] = "TSS busy",
	};

	return names[type] ? names[type] : "reserved type";
}

/* "Guest Register State": the format of access rights. */
void field_text_rights(struct text *t, uint32_t rights)
{
	unsigned type = rights & 15;

	if (rights & 1u << 16) {
		text_add(t, "unusable");
		return;
	}
	if (!(rights & 1u << 4))
		text_add(t, "%s", system_type(type));
	else if (type & 8)
		text_add(t, "code%s%s", type & 2 ? " readable" : "",
			 type & 4 ? " conforming" : "");
	else
		text_add(t, "data%s%s", type & 2 ? " writable" : "",
			 type & 4 ? " expand-down" : "");
	text_add(t, ", DPL %u", rights >> 5 & 3);
	if (rights & 1u << 4 && type & 8)
		text_add(t, ", %s",
			 rights & 1u << 13   ? "64-bit"
			 : rights & 1u << 14 ? "32-bit"
					     : "16-bit");
	if (!(rights & 1u << 7))
		text_add(t, ", not present");
	if (rights & 1u << 15)
		text_add(t, ", granularity 4 KiB");
}

/* ---- fields ---- */

/* Drops the space that a list of names begins with. */
static void names(struct text *t, uint64_t value,
		  void (*function)(struct text *, uint64_t))
{
	char buffer[240];
	struct text list;

	text_begin(&list, buffer, sizeof(buffer));
	function(&list, value);
	if (list.used)
		text_add(t, "%s", buffer + 1);
}

static void exceptions(struct text *t, uint64_t value)
{
	for (; value; value &= value - 1) {
		unsigned vector = (unsigned)__builtin_ctzll(value);
		const char *name = exit_text_exception(vector);

		if (name)
			text_add(t, " %s", name);
		else
			text_add(t, " %u", vector);
	}
}

static void interruptibility(struct text *t, uint64_t value)
{
	static const struct text_bit bits[] = {
		{0, "STI"}, {1, "MOV-SS"},  {2, "SMI"},
		{3, "NMI"}, {4, "enclave"},
	};

	text_add(t, " blocking by");
	text_bits(t, value, bits, COUNT(bits));
}

static void pending_debug(struct text *t, uint64_t value)
{
	static const struct text_bit bits[] = {
		{0, "B0"},  {1, "B1"},	 {2, "B2"},
		{3, "B3"},  {11, "BLD"}, {12, "enabled-breakpoint"},
		{14, "BS"}, {16, "RTM"},
	};

	text_bits(t, value, bits, COUNT(bits));
}

static void debugctl(struct text *t, uint64_t value)
{
	static const struct text_bit bits[] = {
		{0, "LBR"},
		{1, "BTF"},
		{2, "BLD"},
		{6, "TR"},
		{7, "BTS"},
		{8, "BTINT"},
		{11, "FREEZE_LBRS_ON_PMI"},
		{12, "FREEZE_PERFMON_ON_PMI"},
	};

	text_bits(t, value, bits, COUNT(bits));
}

static void activity(struct text *t, uint64_t value)
{
	static const char *const states[] = {"active", "HLT", "shutdown",
					     "wait-for-SIPI"};

	text_add(t, "%s", value < COUNT(states) ? states[value] : "reserved");
}

static void memory_type(struct text *t, unsigned type)
{
	static const char *const types[8] = {"UC", "WC", "?",  "?",
					     "WT", "WP", "WB", "UC-"};

	text_add(t, "%s", types[type & 7]);
}

static void pat(struct text *t, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++) {
		text_add(t, "%s", i ? " " : "");
		memory_type(t, value >> i * 8 & 0xff);
	}
}

static void eptp(struct text *t, uint64_t value)
{
	memory_type(t, value & 7);
	text_add(t, ", walk of %u levels", (unsigned)(value >> 3 & 7) + 1);
	if (value & 1ull << 6)
		text_add(t, ", accessed and dirty flags");
	text_add(t, ", PML%u table at %lx", (unsigned)(value >> 3 & 7) + 1,
		 value & ~(uint64_t)0xfff);
}

static void eoi_exits(struct text *t, uint32_t field, uint64_t value)
{
	struct bitmap256 set = {{0}};

	set.word[(field - VMCS_EOI_EXIT_BITMAP_0) / 2 & 3] = value;
	text_add(t, "vectors ");
	text_vectors(t, &set);
}

static void tsc_offset(struct text *t, uint64_t value)
{
	if (value >> 63)
		text_add(t, "-%lu", 0 - value);
}

/* "VM-Instruction Error Numbers" */
static void instruction_error(struct text *t, uint64_t value)
{
	static const char *const errors[] = {
		[1] = "VMCALL executed in VMX root operation",
		[2] = "VMCLEAR with invalid physical address",
		[3] = "VMCLEAR with VMXON pointer",
		[4] = "VMLAUNCH with non-clear VMCS",
		[5] = "VMRESUME with non-launched VMCS",
		[6] = "VMRESUME after VMXOFF",
		[7] = "VM entry with invalid control field(s)",
		[8] = "VM entry with invalid host-state field(s)",
		[9] = "VMPTRLD with invalid physical address",
		[10] = "VMPTRLD with VMXON pointer",
		[11] = "VMPTRLD with incorrect VMCS revision identifier",
		/* Our own doing: a dump tries all fields there are. */
		[12] = "VMREAD/VMWRITE from/to unsupported VMCS component, as "
		       "dumps try them",
		[13] = "VMWRITE to read-only VMCS component",
		[15] = "VMXON executed in VMX root operation",
		[16] = "VM entry with invalid executive-VMCS pointer",
		[17] = "VM entry with non-launched executive VMCS",
		[18] = "VM entry with executive-VMCS pointer not VMXON pointer",
		[19] = "VMCALL with non-clear VMCS",
		[20] = "VMCALL with invalid VM-exit control fields",
		[22] = "VMCALL with incorrect MSEG revision identifier",
		[23] = "VMXOFF under dual-monitor treatment",
		[24] = "VMCALL with invalid SMM-monitor features",
		[25] = "VM entry with invalid VM-execution control fields in "
		       "executive VMCS",
		[26] = "VM entry with events blocked by MOV SS",
		[28] = "invalid operand to INVEPT/INVVPID",
	};

	if (value < COUNT(errors) && errors[value])
		text_add(t, "%s", errors[value]);
}

/* The fields whose values are lists of bits. */
static const struct {
	uint32_t field;
	void (*function)(struct text *t, uint64_t value);
} lists[] = {
	{VMCS_GUEST_CR0, field_text_cr0},
	{VMCS_HOST_CR0, field_text_cr0},
	{VMCS_CR0_GUEST_HOST_MASK, field_text_cr0},
	{VMCS_CR0_READ_SHADOW, field_text_cr0},
	{VMCS_GUEST_CR4, field_text_cr4},
	{VMCS_HOST_CR4, field_text_cr4},
	{VMCS_CR4_GUEST_HOST_MASK, field_text_cr4},
	{VMCS_CR4_READ_SHADOW, field_text_cr4},
	{VMCS_GUEST_IA32_EFER, field_text_efer},
	{VMCS_HOST_IA32_EFER, field_text_efer},
	{VMCS_GUEST_RFLAGS, field_text_rflags},
	{VMCS_EXCEPTION_BITMAP, exceptions},
	{VMCS_GUEST_INTERRUPTIBILITY_STATE, interruptibility},
	{VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, pending_debug},
	{VMCS_GUEST_IA32_DEBUGCTL, debugctl},
};

static bool list(struct text *t, uint32_t field, uint64_t value)
{
	for (size_t i = 0; i < COUNT(lists); i++) {
		if (lists[i].field != field)
			continue;
		if (value)
			names(t, value, lists[i].function);
		return true;
	}
	return false;
}

void field_text_value(struct text *t, uint32_t field, uint64_t value,
		      uint32_t exit_reason)
{
	if (list(t, field, value))
		return;
	if (field >= VMCS_GUEST_ES_ACCESS_RIGHTS &&
	    field <= VMCS_GUEST_TR_ACCESS_RIGHTS) {
		field_text_rights(t, (uint32_t)value);
		return;
	}
	switch (field) {
	case VMCS_GUEST_ACTIVITY_STATE:
		activity(t, value);
		break;
	case VMCS_GUEST_INTERRUPT_STATUS:
		text_add(t, "RVI %02x, SVI %02x", (unsigned)(value & 0xff),
			 (unsigned)(value >> 8 & 0xff));
		break;
	case VMCS_GUEST_IA32_PAT:
	case VMCS_HOST_IA32_PAT:
		pat(t, value);
		break;
	case VMCS_EPT_POINTER:
		eptp(t, value);
		break;
	case VMCS_EOI_EXIT_BITMAP_0:
	case VMCS_EOI_EXIT_BITMAP_1:
	case VMCS_EOI_EXIT_BITMAP_2:
	case VMCS_EOI_EXIT_BITMAP_3:
		eoi_exits(t, field, value);
		break;
	case VMCS_TSC_OFFSET:
		tsc_offset(t, value);
		break;
	case VMCS_VM_EXIT_REASON:
		exit_text_reason(t, (uint32_t)value);
		break;
	case VMCS_EXIT_QUALIFICATION:
		exit_text_qualification(t, exit_reason & EXIT_REASON_BASIC_MASK,
					value);
		break;
	case VMCS_VM_ENTRY_INTERRUPTION_INFORMATION:
	case VMCS_VM_EXIT_INTERRUPTION_INFORMATION:
	case VMCS_IDT_VECTORING_INFORMATION:
		exit_text_event(t, (uint32_t)value);
		break;
	case VMCS_VM_INSTRUCTION_ERROR:
		instruction_error(t, value);
		break;
	default:
		break;
	}
}

bool field_text_controls(struct text *t, uint32_t field, uint64_t value,
			 const char *indent)
{
	for (unsigned w = 0; w < VMX_WORD_COUNT; w++) {
		if (vmx_control_word_field(w) != field)
			continue;
		for (uint64_t left = value; left; left &= left - 1) {
			unsigned bit = (unsigned)__builtin_ctzll(left);
			const char *name = vmx_control_name(w, bit);

			if (!name)
				continue;
			text_add(t, "%s%2u %s\n", indent, bit, name);
			value &= ~(1ull << bit);
		}
		if (value) {
			text_add(t, "%sreserved, and 1:", indent);
			text_bits(t, value, NULL, 0);
			text_add(t, "\n");
		}
		return true;
	}
	return false;
}

/* ---- fields by name ---- */

static char plain(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '_' || c == '-' ? ' ' : c;
}

bool field_text_matches(uint32_t field, const char *name, const char *word)
{
	char encoding[8];

	format(encoding, sizeof(encoding), "0x%04x", field);
	if (!strcmp(encoding, word))
		return true;
	for (; *name; name++) {
		size_t i = 0;

		while (word[i] && plain(name[i]) == plain(word[i]))
			i++;
		if (!word[i])
			return true;
	}
	return !*word;
}
