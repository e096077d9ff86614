/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMX capability MSRs as text; see caps_list.h.  Pure. */
#include "vmx/text/caps_list.h"

#include "hv/hw/msr_index.h"
#include "hv/lib/format.h"

#define INDENT	    2
#define LIST_INDENT 14 /* behind "  always 1:   " */

/* Every capability MSR: its name, and the word of controls that it is about. */
static const struct {
	const char *name;
	enum vmx_control_word word; /* VMX_WORD_COUNT: none */
} msrs[VMX_CAPS_MSRS] = {
#define MSR(msr, name, word) [(msr)-IA32_VMX_BASIC] = {name, word}
	MSR(IA32_VMX_BASIC, "IA32_VMX_BASIC", VMX_WORD_COUNT),
	MSR(IA32_VMX_PINBASED_CTLS, "IA32_VMX_PINBASED_CTLS", VMX_WORD_PIN),
	MSR(IA32_VMX_PROCBASED_CTLS, "IA32_VMX_PROCBASED_CTLS", VMX_WORD_PROC),
	MSR(IA32_VMX_EXIT_CTLS, "IA32_VMX_EXIT_CTLS", VMX_WORD_EXIT),
	MSR(IA32_VMX_ENTRY_CTLS, "IA32_VMX_ENTRY_CTLS", VMX_WORD_ENTRY),
	MSR(IA32_VMX_MISC, "IA32_VMX_MISC", VMX_WORD_COUNT),
	MSR(IA32_VMX_CR0_FIXED0, "IA32_VMX_CR0_FIXED0", VMX_WORD_COUNT),
	MSR(IA32_VMX_CR0_FIXED1, "IA32_VMX_CR0_FIXED1", VMX_WORD_COUNT),
	MSR(IA32_VMX_CR4_FIXED0, "IA32_VMX_CR4_FIXED0", VMX_WORD_COUNT),
	MSR(IA32_VMX_CR4_FIXED1, "IA32_VMX_CR4_FIXED1", VMX_WORD_COUNT),
	MSR(IA32_VMX_VMCS_ENUM, "IA32_VMX_VMCS_ENUM", VMX_WORD_COUNT),
	MSR(IA32_VMX_PROCBASED_CTLS2, "IA32_VMX_PROCBASED_CTLS2",
	    VMX_WORD_PROC2),
	MSR(IA32_VMX_EPT_VPID_CAP, "IA32_VMX_EPT_VPID_CAP", VMX_WORD_COUNT),
	MSR(IA32_VMX_TRUE_PINBASED, "IA32_VMX_TRUE_PINBASED_CTLS",
	    VMX_WORD_PIN),
	MSR(IA32_VMX_TRUE_PROCBASED, "IA32_VMX_TRUE_PROCBASED_CTLS",
	    VMX_WORD_PROC),
	MSR(IA32_VMX_TRUE_EXIT, "IA32_VMX_TRUE_EXIT_CTLS", VMX_WORD_EXIT),
	MSR(IA32_VMX_TRUE_ENTRY, "IA32_VMX_TRUE_ENTRY_CTLS", VMX_WORD_ENTRY),
	MSR(IA32_VMX_VMFUNC, "IA32_VMX_VMFUNC", VMX_WORD_COUNT),
	MSR(IA32_VMX_PROCBASED_CTLS3, "IA32_VMX_PROCBASED_CTLS3",
	    VMX_WORD_PROC3),
#undef MSR
};

/* IA32_VMX_EPT_VPID_CAP */
static const struct text_bit ept_bits[] = {
	{0, "execute-only pages"},
	{6, "walks of length 4"},
	{7, "walks of length 5"},
	{8, "uncacheable tables"},
	{14, "write-back tables"},
	{16, "2 MiB pages"},
	{17, "1 GiB pages"},
	{20, "INVEPT"},
	{21, "accessed and dirty flags"},
	{22, "advanced information for EPT violations"},
	{23, "supervisor shadow-stack control"},
	{25, "single-context INVEPT"},
	{26, "all-context INVEPT"},
	{32, "INVVPID"},
	{40, "individual-address INVVPID"},
	{41, "single-context INVVPID"},
	{42, "all-context INVVPID"},
	{43, "single-context-retaining-globals INVVPID"},
};

/* IA32_VMX_BASIC */
static const struct text_bit basic_bits[] = {
	{48, "VMX structures below 4 GiB only"},
	{49, "dual-monitor treatment of SMIs and SMM"},
	{54, "exit information for INS and OUTS"},
	{55, "true controls"},
	{56, "any exception with or without error code"},
};

/* IA32_VMX_MISC */
static const struct text_bit misc_bits[] = {
	{5, "exits store IA32_EFER.LMA"},
	{6, "activity state HLT"},
	{7, "activity state shutdown"},
	{8, "activity state wait-for-SIPI"},
	{14, "Intel PT in VMX operation"},
	{15, "IA32_SMBASE readable in SMM"},
	{28, "VMXOFF can unblock SMIs"},
	{29, "VMWRITE of read-only fields"},
	{30, "injection with instruction length 0"},
};

#define BASIC_BITS	(0x3ull << 48 | 0x7ull << 54)
#define MISC_FLAGS	0x7000c1e0ull
#define EPT_PREFIX_BITS (0x3full << 48) /* HLAT prefix sizes */

/* A list of names after "  head:", with commas. */
struct list {
	struct text *t;
	const char *head;
	unsigned count;
};

static void list_add(struct list *list, const char *name)
{
	if (!list->count++) {
		text_add(list->t, "%*s%s", INDENT, "", list->head);
		text_column(list->t, LIST_INDENT);
	} else {
		text_add(list->t, ",");
	}
	text_words(list->t, LIST_INDENT, name);
}

/* Bits without a name, as "reserved bits 0 1 4". */
static void list_reserved(struct list *list, uint64_t value)
{
	char number[8];

	if (!value)
		return;
	list_add(list, value & (value - 1) ? "reserved bits" : "reserved bit");
	for (; value; value &= value - 1) {
		format(number, sizeof(number), "%u",
		       (unsigned)__builtin_ctzll(value));
		text_words(list->t, LIST_INDENT, number);
	}
}

static void list_end(struct list *list)
{
	if (list->count)
		text_add(list->t, "\n");
}

/* The bits that are 1: those with a name first, then the others. */
static void list_bits(struct list *list, uint64_t value,
		      const struct text_bit *bits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (value >> bits[i].bit & 1)
			list_add(list, bits[i].name);
		value &= ~(1ull << bits[i].bit);
	}
	list_reserved(list, value);
}

/* The same for controls; reserved: those without a name too. */
static void list_controls(struct list *list, enum vmx_control_word word,
			  uint64_t value, bool reserved)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		const char *name = vmx_control_name(word, bit);

		if (name && value >> bit & 1)
			list_add(list, name);
		if (name)
			value &= ~(1ull << bit);
	}
	if (reserved)
		list_reserved(list, value);
}

void caps_list_msrs(struct text *t, const struct vmx_caps_raw *raw)
{
	for (unsigned i = 0; i < VMX_CAPS_MSRS; i++)
		if (raw->there >> i & 1)
			text_add(t, "  %XH  %-28s  %016lx\n",
				 IA32_VMX_BASIC + i, msrs[i].name,
				 raw->value[i]);
}

void caps_list_word(struct text *t, const struct vmx_caps *caps,
		    enum vmx_control_word word)
{
	struct list can = {t, "can be 1:", 0}, always = {t, "always 1:", 0},
		    never = {t, "always 0:", 0};
	uint64_t must = vmx_caps_must(caps, word), may = 0;

	for (unsigned bit = 0; bit < 64; bit++)
		if (vmx_caps_allow(caps, word, 1ull << bit))
			may |= 1ull << bit;
	text_add(t, "%s\n", vmx_control_word_name(word));
	list_controls(&can, word, may & ~must, true);
	list_end(&can);
	list_controls(&always, word, must, true);
	list_end(&always);
	list_controls(&never, word, ~may, false);
	list_end(&never);
}

static void text_fixed(struct text *t, const char *name, uint64_t fixed0,
		       uint64_t fixed1)
{
	text_add(t, "  %s:", name);
	text_column(t, LIST_INDENT);
	text_add(t, "always 1: %08lx; can be 1: %08lx\n", fixed0,
		 fixed1 & ~fixed0);
}

void caps_list_basics(struct text *t, const struct vmx_caps *caps)
{
	struct list list = {t, "has:", 0};
	uint64_t basic = caps->basic, misc = caps->misc;

	text_add(t, "VMX: VMCS revision %XH, %lu bytes, memory type %lu\n",
		 (uint32_t)(basic & VMX_BASIC_REVISION_MASK),
		 basic >> 32 & 0x1fff, basic >> 50 & 0xf);
	list_bits(&list, basic & BASIC_BITS, basic_bits,
		  sizeof(basic_bits) / sizeof(basic_bits[0]));
	list_bits(&list, misc & MISC_FLAGS, misc_bits,
		  sizeof(misc_bits) / sizeof(misc_bits[0]));
	list_end(&list);
	text_add(
		t,
		"  limits:     physical addresses of %u bits, linear ones of "
		"%u;\n              preemption timer every 2^%u TSC ticks; %lu "
		"CR3 targets;\n              %lu entries in an MSR list\n",
		caps->physical_bits, caps->linear_bits,
		vmx_caps_timer_shift(caps), misc >> 16 & 0x1ff,
		512 * ((misc >> 25 & 7) + 1));
	text_fixed(t, "CR0", caps->cr0_fixed0, caps->cr0_fixed1);
	text_fixed(t, "CR4", caps->cr4_fixed0, caps->cr4_fixed1);
}

void caps_list_ept(struct text *t, const struct vmx_caps *caps)
{
	struct list list = {t, "has:", 0};
	uint64_t prefix = (caps->ept_vpid & EPT_PREFIX_BITS) >> 48;

	if (!caps->ept_vpid) {
		text_add(t, "EPT and VPID: none\n");
		return;
	}
	text_add(t, "EPT and VPID\n");
	list_bits(&list, caps->ept_vpid & ~EPT_PREFIX_BITS, ept_bits,
		  sizeof(ept_bits) / sizeof(ept_bits[0]));
	list_end(&list);
	if (prefix)
		text_add(t, "  HLAT prefix: up to %lu bits\n", prefix);
	if (caps->vmfunc)
		text_add(t, "  VM functions: %016lx%s\n", caps->vmfunc,
			 caps->vmfunc & 1 ? " (EPTP switching)" : "");
}

/* What of a word's controls one has and the other has not. */
static void list_extra(struct text *t, const char *head,
		       enum vmx_control_word word, uint64_t value)
{
	struct list list = {t, head, 0};

	list_controls(&list, word, value, true);
	list_end(&list);
}

void caps_list_differences(struct text *t, const struct vmx_caps_raw *first,
			   const struct vmx_caps_raw *one)
{
	for (unsigned i = 0; i < VMX_CAPS_MSRS; i++) {
		uint64_t a = first->value[i], b = one->value[i];
		enum vmx_control_word word = msrs[i].word;
		unsigned shift = word == VMX_WORD_PROC3 ? 0 : 32;

		if ((first->there ^ one->there) >> i & 1) {
			text_add(t, "  %s is %s\n", msrs[i].name,
				 one->there >> i & 1 ? "there" : "not there");
			continue;
		}
		if (a == b)
			continue;
		text_add(t, "  %s is %016lx\n", msrs[i].name, b);
		if (word == VMX_WORD_COUNT)
			continue;
		list_extra(t, "with:", word, (b & ~a) >> shift);
		list_extra(t, "without:", word, (a & ~b) >> shift);
		if (shift) {
			list_extra(t, "now fixed:", word, (uint32_t)(b & ~a));
			list_extra(t, "now free:", word, (uint32_t)(a & ~b));
		}
	}
}
