/* SPDX-License-Identifier: BSD-2-Clause */
/* The report of what a processor can virtualize; see caps_text.h.  Pure. */
#include "vmx/text/caps_text.h"

#include "hv/lib/format.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WIDTH	     78

static const char *const tier_names[] = APIC_TIER_NAMES;

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

/* ---- the APIC ---- */

/* What the tiers are made of, in their order, and what may come on top. */
static const struct {
	enum vmx_control_word word;
	uint8_t bit;
} apic_controls[] = {
	{VMX_WORD_PROC, __builtin_ctz(VMX_PROC_TPR_SHADOW)},
	{VMX_WORD_PROC2, __builtin_ctz(VMX_PROC2_VIRTUALIZE_APIC_ACCESSES)},
	{VMX_WORD_PROC2, __builtin_ctz(VMX_PROC2_VIRTUALIZE_X2APIC_MODE)},
	{VMX_WORD_PROC2, __builtin_ctz(VMX_PROC2_APIC_REGISTER_VIRTUALIZATION)},
	{VMX_WORD_PROC2, __builtin_ctz(VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY)},
	{VMX_WORD_PIN, __builtin_ctz(VMX_PIN_POSTED_INTERRUPTS)},
	{VMX_WORD_PROC3, __builtin_ctz(VMX_PROC3_IPI_VIRTUALIZATION)},
	{VMX_WORD_PROC3, __builtin_ctz(VMX_PROC3_APIC_TIMER_VIRTUALIZATION)},
};

static bool is_apic_control(unsigned word, unsigned bit)
{
	for (size_t i = 0; i < COUNT(apic_controls); i++)
		if (apic_controls[i].word == word &&
		    apic_controls[i].bit == bit)
			return true;
	return false;
}

static void apic(struct text *t, const struct vmx_caps *caps)
{
	text_add(t, "APIC virtualization:\n");
	for (size_t i = 0; i < COUNT(apic_controls); i++) {
		enum vmx_control_word word = apic_controls[i].word;
		unsigned bit = apic_controls[i].bit;

		text_add(t, "  %-32s%s", vmx_control_name(word, bit),
			 yes_no(vmx_caps_allow(caps, word, 1ull << bit)));
		if (i % 2)
			text_add(t, "\n");
		else
			text_column(t, 40);
	}
}

void caps_text_tier(struct text *t, const struct vmx_caps *caps, bool x2apic)
{
	enum apic_tier best = vmx_caps_best_tier(caps, x2apic);
	char why[200];

	if (vmx_caps_why_not(caps, APIC_TIER_EMULATE, false, why,
			     sizeof(why))) {
		text_add(t, "none: %s", why);
		return;
	}
	text_add(t, "%s", tier_names[best]);
	if (best == APIC_TIER_POSTED)
		text_add(t, ", the highest there is");
	else if (vmx_caps_why_not(caps, best + 1, x2apic, why, sizeof(why)))
		text_add(t, "; not %s: %s", tier_names[best + 1], why);
}

static void tiers(struct text *t, const struct vmx_caps *caps)
{
	text_add(t, "Tier (apic = auto): ");
	caps_text_tier(t, caps, true);
	text_add(t, "\n");
	if (vmx_caps_best_tier(caps, false) == vmx_caps_best_tier(caps, true))
		return;
	text_add(t, "  with x2apic = off: ");
	caps_text_tier(t, caps, false);
	text_add(t, "\n");
}

/* ---- EPT, VPID and the rest ---- */

static void flags(struct text *t, const char *head, uint64_t value,
		  const struct text_bit *bits, size_t count)
{
	text_add(t, "%s", head);
	for (size_t i = 0; i < count; i++) {
		const char *has = value >> bits[i].bit & 1 ? "" : "no ";

		text_add(t, "%s%s%s", i ? ", " : " ", has, bits[i].name);
	}
	text_add(t, "\n");
}

static void memory(struct text *t, const struct vmx_caps *caps)
{
	static const struct text_bit ept[] = {
		{6, "4 levels"}, {7, "5 levels"},     {16, "2 MiB"},
		{17, "1 GiB"},	 {0, "execute-only"}, {21, "accessed/dirty"},
		{8, "UC"},	 {14, "WB"},
	};
	static const struct text_bit invalidate[] = {
		{20, "INVEPT"},	 {25, "single"}, {26, "all"},
		{32, "INVVPID"}, {41, "single"}, {42, "all"},
	};
	static const struct text_bit misc[] = {
		{6, "HLT"},
		{7, "shutdown"},
		{8, "wait-for-SIPI"},
	};

	if (!vmx_caps_allow(caps, VMX_WORD_PROC2, VMX_PROC2_EPT)) {
		text_add(t, "EPT: no\n");
		return;
	}
	flags(t, "EPT:", caps->ept_vpid, ept, COUNT(ept));
	flags(t, "Invalidation by context:", caps->ept_vpid, invalidate,
	      COUNT(invalidate));
	flags(t, "Activity states:", caps->misc, misc, COUNT(misc));
}

/* A VM-execution control that cannot be 1, but for the APIC's, and for those of
 * a word that is not there at all. */
static bool is_missing(const struct vmx_caps *caps,
		       const struct vmx_control_name *n)
{
	if (n->word == VMX_WORD_EXIT || n->word == VMX_WORD_ENTRY ||
	    is_apic_control(n->word, n->bit))
		return false;
	if (n->word == VMX_WORD_PROC3 &&
	    !vmx_caps_allow(caps, VMX_WORD_PROC, VMX_PROC_TERTIARY_CONTROLS))
		return false;
	return !vmx_caps_allow(caps, n->word, 1ull << n->bit);
}

static void list_missing(struct text *t, const struct vmx_caps *caps)
{
	size_t column, missing = 0;

	text_add(t, "Not there:");
	column = sizeof("Not there:") - 1;
	for (size_t i = 0; i < vmx_control_names_count; i++) {
		const struct vmx_control_name *n = &vmx_control_names[i];
		char item[64];
		size_t length;

		if (!is_missing(caps, n))
			continue;
		length = format(item, sizeof(item), "%s %s", missing ? "," : "",
				n->name);
		if (column + length > WIDTH) {
			text_add(t, "%s\n ", missing ? "," : "");
			column = 1;
			text_add(t, "%s", item + (missing ? 1 : 0));
		} else {
			text_add(t, "%s", item);
		}
		column += length;
		missing++;
	}
	text_add(t, "%s\n", missing ? "" : " nothing");
}

void caps_text(struct text *t, const struct vmx_caps *caps)
{
	bool timer =
		vmx_caps_allow(caps, VMX_WORD_PIN, VMX_PIN_PREEMPTION_TIMER);

	text_add(t,
		 "VMX: revision %x, %s control MSRs; addresses: physical %u, "
		 "linear %u bits\n",
		 (uint32_t)(caps->basic & VMX_BASIC_REVISION_MASK),
		 caps->basic & VMX_BASIC_TRUE_CONTROLS ? "\"true\"" : "plain",
		 caps->physical_bits, caps->linear_bits);
	apic(t, caps);
	tiers(t, caps);
	memory(t, caps);
	text_add(t, "Unrestricted guest: %s. Preemption timer: %s",
		 yes_no(vmx_caps_allow(caps, VMX_WORD_PROC2,
				       VMX_PROC2_UNRESTRICTED_GUEST)),
		 yes_no(timer));
	if (timer)
		text_add(t, ", every 2^%u ticks", vmx_caps_timer_shift(caps));
	text_add(t, ". CR3 targets: %u.\n",
		 (unsigned)(caps->misc >> 16 & 0x1ff));
	list_missing(t, caps);
}
