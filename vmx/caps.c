/* SPDX-License-Identifier: BSD-2-Clause */
/* From the VMX capability MSRs to a VM's control fields.  Pure. */
#include "vmx/caps.h"

#include "hv/hw/msr_index.h"
#include "hv/lib/format.h"

/* How the controls of every VM come about. */
enum vmx_need {
	VMX_NEED_SET,	  /* must be possible; is 1 */
	VMX_NEED_IF_HAD,  /* is 1 where the processor has it */
	VMX_NEED_POSSIBLE /* must be possible; the run loop switches it */
};

static const struct {
	enum vmx_control_word word;
	enum vmx_need need;
	uint32_t mask;
} base[] = {
	{VMX_WORD_PIN, VMX_NEED_SET,
	 VMX_PIN_EXTERNAL_INTERRUPT_EXITING | VMX_PIN_NMI_EXITING |
		 VMX_PIN_VIRTUAL_NMIS},
	{VMX_WORD_PROC, VMX_NEED_SET,
	 VMX_PROC_SECONDARY_CONTROLS | VMX_PROC_MWAIT_EXITING |
		 VMX_PROC_MONITOR_EXITING | VMX_PROC_RDPMC_EXITING |
		 VMX_PROC_TSC_OFFSETTING | VMX_PROC_IO_BITMAPS |
		 VMX_PROC_MSR_BITMAPS},
	{VMX_WORD_PROC, VMX_NEED_POSSIBLE,
	 VMX_PROC_HLT_EXITING | VMX_PROC_INTERRUPT_WINDOW_EXITING |
		 VMX_PROC_NMI_WINDOW_EXITING},
	{VMX_WORD_PROC2, VMX_NEED_SET,
	 VMX_PROC2_EPT | VMX_PROC2_UNRESTRICTED_GUEST},
	{VMX_WORD_PROC2, VMX_NEED_IF_HAD,
	 VMX_PROC2_VPID | VMX_PROC2_WBINVD_EXITING | VMX_PROC2_RDTSCP |
		 VMX_PROC2_INVPCID | VMX_PROC2_XSAVES_XRSTORS},
	{VMX_WORD_EXIT, VMX_NEED_SET,
	 VMX_EXIT_SAVE_DEBUG_CONTROLS | VMX_EXIT_HOST_ADDRESS_SPACE_SIZE |
		 VMX_EXIT_ACKNOWLEDGE_INTERRUPT | VMX_EXIT_SAVE_PAT |
		 VMX_EXIT_LOAD_PAT | VMX_EXIT_SAVE_EFER | VMX_EXIT_LOAD_EFER},
	{VMX_WORD_ENTRY, VMX_NEED_SET,
	 VMX_ENTRY_LOAD_DEBUG_CONTROLS | VMX_ENTRY_LOAD_PAT |
		 VMX_ENTRY_LOAD_EFER},
	{VMX_WORD_ENTRY, VMX_NEED_POSSIBLE, VMX_ENTRY_IA32E_MODE_GUEST},
};

/* What a tier adds to the one below. */
static const struct {
	enum vmx_control_word word;
	uint32_t xapic, x2apic;
} tiers[APIC_TIER_COUNT] = {
	[APIC_TIER_EMULATE] = {VMX_WORD_PROC, 0, 0},
	[APIC_TIER_TPR_SHADOW] = {VMX_WORD_PROC, VMX_PROC_TPR_SHADOW,
				  VMX_PROC_TPR_SHADOW},
	[APIC_TIER_ACCESS_PAGE] = {VMX_WORD_PROC2,
				   VMX_PROC2_VIRTUALIZE_APIC_ACCESSES,
				   VMX_PROC2_VIRTUALIZE_X2APIC_MODE},
	[APIC_TIER_REGISTER] = {VMX_WORD_PROC2,
				VMX_PROC2_APIC_REGISTER_VIRTUALIZATION,
				VMX_PROC2_APIC_REGISTER_VIRTUALIZATION},
	[APIC_TIER_DELIVERY] = {VMX_WORD_PROC2,
				VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY,
				VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY},
	[APIC_TIER_POSTED] = {VMX_WORD_PIN, VMX_PIN_POSTED_INTERRUPTS,
			      VMX_PIN_POSTED_INTERRUPTS},
};

static const struct {
	const char *plain_name, *true_name;
	uint32_t plain, true_;
} msrs[VMX_WORD_COUNT] = {
	[VMX_WORD_PIN] = {"IA32_VMX_PINBASED_CTLS",
			  "IA32_VMX_TRUE_PINBASED_CTLS", IA32_VMX_PINBASED_CTLS,
			  IA32_VMX_TRUE_PINBASED},
	[VMX_WORD_PROC] = {"IA32_VMX_PROCBASED_CTLS",
			   "IA32_VMX_TRUE_PROCBASED_CTLS",
			   IA32_VMX_PROCBASED_CTLS, IA32_VMX_TRUE_PROCBASED},
	[VMX_WORD_PROC2] = {"IA32_VMX_PROCBASED_CTLS2",
			    "IA32_VMX_PROCBASED_CTLS2",
			    IA32_VMX_PROCBASED_CTLS2, IA32_VMX_PROCBASED_CTLS2},
	[VMX_WORD_PROC3] = {"IA32_VMX_PROCBASED_CTLS3",
			    "IA32_VMX_PROCBASED_CTLS3",
			    IA32_VMX_PROCBASED_CTLS3, IA32_VMX_PROCBASED_CTLS3},
	[VMX_WORD_EXIT] = {"IA32_VMX_EXIT_CTLS", "IA32_VMX_TRUE_EXIT_CTLS",
			   IA32_VMX_EXIT_CTLS, IA32_VMX_TRUE_EXIT},
	[VMX_WORD_ENTRY] = {"IA32_VMX_ENTRY_CTLS", "IA32_VMX_TRUE_ENTRY_CTLS",
			    IA32_VMX_ENTRY_CTLS, IA32_VMX_TRUE_ENTRY},
};

static uint64_t vmx_caps_word(const struct vmx_caps *caps,
			      enum vmx_control_word word)
{
	switch (word) {
	case VMX_WORD_PIN:
		return caps->pin;
	case VMX_WORD_PROC:
		return caps->proc;
	case VMX_WORD_PROC2:
		return caps->proc2;
	case VMX_WORD_PROC3:
		return caps->proc3;
	case VMX_WORD_EXIT:
		return caps->exit;
	case VMX_WORD_ENTRY:
	case VMX_WORD_COUNT:
		break;
	}
	return caps->entry;
}

static uint64_t vmx_caps_may(const struct vmx_caps *caps,
			     enum vmx_control_word word)
{
	uint64_t value = vmx_caps_word(caps, word);

	return word == VMX_WORD_PROC3 ? value : value >> 32;
}

bool vmx_caps_allow(const struct vmx_caps *caps, enum vmx_control_word word,
		    uint64_t mask)
{
	return !(mask & ~vmx_caps_may(caps, word));
}

uint64_t vmx_caps_must(const struct vmx_caps *caps, enum vmx_control_word word)
{
	return word == VMX_WORD_PROC3 ? 0 : (uint32_t)vmx_caps_word(caps, word);
}

unsigned vmx_caps_timer_shift(const struct vmx_caps *caps)
{
	return caps->misc & VMX_MISC_TIMER_SHIFT_MASK;
}

/* Of two capability MSRs: must be 1 if one says so, may be 1 if both do. */
static uint64_t vmx_caps_common(uint64_t a, uint64_t b)
{
	return (uint32_t)(a | b) | (a & b & 0xffffffff00000000ull);
}

static uint64_t vmx_caps_smaller_field(uint64_t a, uint64_t b, uint64_t mask)
{
	return (a & mask) < (b & mask) ? a & mask : b & mask;
}

static uint64_t vmx_caps_common_misc(uint64_t a, uint64_t b)
{
	const uint64_t target_count = 0x1ffull << 16, list_size = 7ull << 25;
	const uint64_t numbers =
		VMX_MISC_TIMER_SHIFT_MASK | target_count | list_size;

	return (a & VMX_MISC_TIMER_SHIFT_MASK) | (a & b & ~numbers) |
	       vmx_caps_smaller_field(a, b, target_count) |
	       vmx_caps_smaller_field(a, b, list_size);
}

void vmx_caps_intersect(struct vmx_caps *all, const struct vmx_caps *one)
{
	const uint64_t flags =
		VMX_BASIC_TRUE_CONTROLS | VMX_BASIC_ANY_ERROR_CODE;

	all->basic &= one->basic | ~flags;
	all->basic |= one->basic & VMX_BASIC_PHYSICAL_32BIT;
	all->pin = vmx_caps_common(all->pin, one->pin);
	all->proc = vmx_caps_common(all->proc, one->proc);
	all->proc2 = vmx_caps_common(all->proc2, one->proc2);
	all->proc3 &= one->proc3;
	all->exit = vmx_caps_common(all->exit, one->exit);
	all->entry = vmx_caps_common(all->entry, one->entry);
	all->misc = vmx_caps_common_misc(all->misc, one->misc);
	all->cr0_fixed0 |= one->cr0_fixed0;
	all->cr0_fixed1 &= one->cr0_fixed1;
	all->cr4_fixed0 |= one->cr4_fixed0;
	all->cr4_fixed1 &= one->cr4_fixed1;
	all->ept_vpid &= one->ept_vpid;
	all->vmfunc &= one->vmfunc;
	if (one->physical_bits < all->physical_bits)
		all->physical_bits = one->physical_bits;
	if (one->linear_bits < all->linear_bits)
		all->linear_bits = one->linear_bits;
}

/* ---- a VM's controls ---- */

/* A sentence about the lowest bit of mask that the processor does not have. */
static void vmx_caps_say_missing(const struct vmx_caps *caps,
				 enum vmx_control_word word, uint64_t mask,
				 const char *advice, char *text, size_t size)
{
	bool exact = caps->basic & VMX_BASIC_TRUE_CONTROLS;
	unsigned bit = __builtin_ctzll(mask & ~vmx_caps_may(caps, word));
	const char *name = vmx_control_name(word, bit);

	format(text, size,
	       "this processor has no \"%s\" (%s, MSR %XH, bit %u is 0): %s",
	       name ? name : "reserved control",
	       exact ? msrs[word].true_name : msrs[word].plain_name,
	       exact ? msrs[word].true_ : msrs[word].plain,
	       word == VMX_WORD_PROC3 ? bit : bit + 32, advice);
}

static void vmx_caps_say_fixed(const struct vmx_caps *caps,
			       enum vmx_control_word word, uint64_t mask,
			       char *text, size_t size)
{
	bool exact = caps->basic & VMX_BASIC_TRUE_CONTROLS;
	unsigned bit = __builtin_ctzll(mask);
	const char *name = vmx_control_name(word, bit);

	format(text, size,
	       "this processor cannot switch \"%s\" off (%s, MSR %XH, bit %u "
	       "is 1): leave it on",
	       name ? name : "reserved control",
	       exact ? msrs[word].true_name : msrs[word].plain_name,
	       exact ? msrs[word].true_ : msrs[word].plain, bit);
}

static void vmx_caps_say_rule(const struct vmx_control_rule *r, char *text,
			      size_t size)
{
	format(text, size,
	       "\"%s\" needs \"%s\" to be %s (SDM volume 3, \"Checks on VMX "
	       "Controls\"): change one of the two",
	       vmx_control_name(r->word, r->bit),
	       vmx_control_name(r->other_word, r->other_bit),
	       r->value ? "on" : "off");
}

/* EPT as such: what this hypervisor builds, the processor must walk. */
static bool vmx_caps_ept_ok(const struct vmx_caps *caps, char *text,
			    size_t size)
{
	static const struct {
		uint64_t bit;
		const char *what;
	} needed[] = {
		{VMX_EPT_WALK_LENGTH_4, "an EPT page walk of length 4"},
		{VMX_EPT_INVEPT, "INVEPT"},
		{VMX_EPT_INVEPT_SINGLE_CONTEXT, "single-context INVEPT"},
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (caps->ept_vpid & needed[i].bit)
			continue;
		format(text, size,
		       "this processor has no %s (IA32_VMX_EPT_VPID_CAP, MSR "
		       "48CH, bit %u is 0): Apical cannot run on it",
		       needed[i].what, __builtin_ctzll(needed[i].bit));
		return false;
	}
	return true;
}

/* Adds to one word; false with a sentence if the processor lacks a bit. */
static bool vmx_caps_add(const struct vmx_caps *caps,
			 struct vmx_controls *controls,
			 enum vmx_control_word word, uint64_t mask,
			 const char *advice, char *text, size_t size)
{
	if (!vmx_caps_allow(caps, word, mask)) {
		vmx_caps_say_missing(caps, word, mask, advice, text, size);
		return false;
	}
	vmx_controls_set_word(controls, word,
			      vmx_controls_word(controls, word) | mask);
	return true;
}

/* VPIDs are of use only where what they tag can be forgotten. */
static bool vmx_caps_invvpid(const struct vmx_caps *caps)
{
	return caps->ept_vpid & VMX_VPID_INVVPID &&
	       caps->ept_vpid &
		       (VMX_VPID_INVVPID_SINGLE | VMX_VPID_INVVPID_ALL);
}

static bool vmx_caps_add_base(const struct vmx_caps *caps,
			      struct vmx_controls *controls, char *text,
			      size_t size)
{
	for (size_t i = 0; i < sizeof(base) / sizeof(base[0]); i++) {
		uint64_t mask = base[i].mask;
		struct vmx_controls unused = {0};

		if (base[i].need == VMX_NEED_IF_HAD)
			mask &= vmx_caps_may(caps, base[i].word);
		if (base[i].word == VMX_WORD_PROC2 && !vmx_caps_invvpid(caps))
			mask &= ~(uint64_t)VMX_PROC2_VPID;
		if (!vmx_caps_add(caps,
				  base[i].need == VMX_NEED_POSSIBLE ? &unused
								    : controls,
				  base[i].word, mask, "Apical cannot run on it",
				  text, size))
			return false;
	}
	return true;
}

static bool vmx_caps_add_tier(const struct vmx_caps *caps,
			      const struct vmx_wish *wish,
			      struct vmx_controls *controls, char *text,
			      size_t size)
{
	for (unsigned t = 0; t <= wish->tier && t < APIC_TIER_COUNT; t++) {
		enum vmx_control_word word = tiers[t].word;
		uint64_t mask = wish->x2apic ? tiers[t].x2apic : tiers[t].xapic;

		mask &= ~vmx_controls_word(&wish->off, word);
		if (!vmx_caps_add(caps, controls, word, mask,
				  "choose a lower apic tier, or apic = auto",
				  text, size))
			return false;
	}
	return true;
}

static bool vmx_caps_add_wish(const struct vmx_caps *caps,
			      const struct vmx_wish *wish,
			      struct vmx_controls *controls, char *text,
			      size_t size)
{
	for (unsigned w = 0; w < VMX_WORD_COUNT; w++) {
		uint64_t off = vmx_controls_word(&wish->off, w);

		if (off & vmx_caps_must(caps, w)) {
			vmx_caps_say_fixed(caps, w,
					   off & vmx_caps_must(caps, w), text,
					   size);
			return false;
		}
		vmx_controls_set_word(controls, w,
				      vmx_controls_word(controls, w) & ~off);
		if (!vmx_caps_add(caps, controls, w,
				  vmx_controls_word(&wish->on, w),
				  "leave that control out", text, size))
			return false;
	}
	return true;
}

/* What follows from the others: CR8 exits; IPIs and timers without exits, with
 * posted interrupts; the activation of whole words. */
static bool vmx_caps_add_implied(const struct vmx_caps *caps,
				 const struct vmx_wish *wish,
				 struct vmx_controls *controls, char *text,
				 size_t size)
{
	uint64_t implied = 0;

	if (controls->pin & VMX_PIN_POSTED_INTERRUPTS &&
	    vmx_caps_allow(caps, VMX_WORD_PROC, VMX_PROC_TERTIARY_CONTROLS))
		controls->proc3 |= caps->proc3 & ~wish->off.proc3 &
				   (VMX_PROC3_IPI_VIRTUALIZATION |
				    VMX_PROC3_APIC_TIMER_VIRTUALIZATION);
	if (!(controls->proc & VMX_PROC_TPR_SHADOW))
		implied |=
			VMX_PROC_CR8_LOAD_EXITING | VMX_PROC_CR8_STORE_EXITING;
	if (controls->proc3)
		implied |= VMX_PROC_TERTIARY_CONTROLS;
	return vmx_caps_add(caps, controls, VMX_WORD_PROC, implied,
			    "Apical cannot run on it", text, size);
}

bool vmx_caps_controls(const struct vmx_caps *caps, const struct vmx_wish *wish,
		       struct vmx_controls *controls, char *text, size_t size)
{
	const struct vmx_control_rule *broken;

	*controls = (struct vmx_controls){0};
	for (unsigned w = 0; w < VMX_WORD_COUNT; w++)
		vmx_controls_set_word(controls, w, vmx_caps_must(caps, w));
	if (!vmx_caps_add_base(caps, controls, text, size) ||
	    !vmx_caps_ept_ok(caps, text, size) ||
	    !vmx_caps_add_tier(caps, wish, controls, text, size) ||
	    !vmx_caps_add_wish(caps, wish, controls, text, size) ||
	    !vmx_caps_add_implied(caps, wish, controls, text, size))
		return false;
	broken = vmx_controls_broken(controls, 0);
	if (broken)
		vmx_caps_say_rule(broken, text, size);
	return !broken;
}

bool vmx_caps_why_not(const struct vmx_caps *caps, enum apic_tier tier,
		      bool x2apic, char *text, size_t size)
{
	struct vmx_wish wish = {.tier = tier};
	struct vmx_controls unused;

	format(text, size, "%s", "");
	if (!vmx_caps_controls(caps, &wish, &unused, text, size))
		return true;
	wish.x2apic = x2apic;
	return !vmx_caps_controls(caps, &wish, &unused, text, size);
}

void vmx_caps_cut_advice(char *text)
{
	for (char *at = text; *at; at++)
		if (at[0] == ')' && at[1] == ':')
			at[1] = 0;
}

enum apic_tier vmx_caps_best_tier(const struct vmx_caps *caps, bool x2apic)
{
	enum apic_tier tier = APIC_TIER_POSTED;
	char unused[1];

	while (tier > APIC_TIER_EMULATE &&
	       vmx_caps_why_not(caps, tier, x2apic, unused, sizeof(unused)))
		tier--;
	return tier;
}
