/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of vmx/caps.c and vmx/controls.c: processors from 2008 to 2023. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tools/test/unit/test_caps.h"

#define TEXT 256

/* A processor by the high halves of its MSRs 48BH and 481H. */
struct model {
	const char *name;
	uint32_t proc2, pin;
	enum apic_tier xapic, x2apic; /* the best */
	const char *why;	      /* not even emulate */
};

static const struct model models[] = {
	{"Penryn", 0x41, 0x3f, 0, 0,
	 "this processor has no \"enable EPT\" (IA32_VMX_PROCBASED_CTLS2, MSR "
	 "48BH, bit 33 is 0): Apical cannot run on it"},
	{"Lynnfield", 0x7f, 0x7f, 0, 0,
	 "this processor has no \"unrestricted guest\" "
	 "(IA32_VMX_PROCBASED_CTLS2, MSR 48BH, bit 39 is 0): Apical cannot run "
	 "on it"},
	{"Arrandale", 0xff, 0x7f, APIC_TIER_ACCESS_PAGE, APIC_TIER_ACCESS_PAGE,
	 NULL},
	{"Sandy Bridge", 0xef, 0x7f, APIC_TIER_ACCESS_PAGE,
	 APIC_TIER_TPR_SHADOW, NULL},
	{"Haswell", 0x47fff, 0x7f, APIC_TIER_DELIVERY, APIC_TIER_DELIVERY,
	 NULL},
	{"Skylake-X", 0x2577fff, 0xff, APIC_TIER_POSTED, APIC_TIER_POSTED,
	 NULL},
	{"Cannon Lake", 0x2557cff, 0x7f, APIC_TIER_ACCESS_PAGE,
	 APIC_TIER_ACCESS_PAGE, NULL},
	{"Ice Lake", 0x2d77fff, 0xff, APIC_TIER_POSTED, APIC_TIER_POSTED, NULL},
};

#define MODELS (sizeof(models) / sizeof(models[0]))

static struct vmx_caps caps_of(const struct model *m)
{
	return processor(m->proc2, m->pin);
}

static const struct model *model(const char *name)
{
	for (size_t i = 0; i < MODELS; i++)
		if (!strcmp(models[i].name, name))
			return &models[i];
	fail();
	return NULL;
}

static void test_best_tier(void **state)
{
	char text[TEXT];

	(void)state;
	for (size_t i = 0; i < MODELS; i++) {
		struct vmx_caps caps = caps_of(&models[i]);

		if (models[i].why) {
			assert_true(vmx_caps_why_not(&caps, APIC_TIER_EMULATE,
						     false, text, TEXT));
			assert_string_equal(text, models[i].why);
			continue;
		}
		assert_int_equal(vmx_caps_best_tier(&caps, false),
				 models[i].xapic);
		assert_int_equal(vmx_caps_best_tier(&caps, true),
				 models[i].x2apic);
		for (unsigned t = 0; t < APIC_TIER_COUNT; t++) {
			assert_int_equal(
				vmx_caps_why_not(&caps, t, true, text, TEXT),
				t > models[i].x2apic);
			assert_int_equal(text[0] != 0, t > models[i].x2apic);
		}
	}
}

static void test_why_not(void **state)
{
	static const struct {
		const char *model;
		enum apic_tier tier;
		bool x2apic;
		const char *text;
	} rows[] = {
		{"Sandy Bridge", APIC_TIER_ACCESS_PAGE, true,
		 "this processor has no \"virtualize x2APIC mode\" "
		 "(IA32_VMX_PROCBASED_CTLS2, MSR 48BH, bit 36 is 0): choose a "
		 "lower apic tier, or apic = auto"},
		{"Haswell", APIC_TIER_POSTED, false,
		 "this processor has no \"process posted interrupts\" "
		 "(IA32_VMX_TRUE_PINBASED_CTLS, MSR 48DH, bit 39 is 0): choose "
		 "a lower apic tier, or apic = auto"},
		{"Cannon Lake", APIC_TIER_REGISTER, false,
		 "this processor has no \"APIC-register virtualization\" "
		 "(IA32_VMX_PROCBASED_CTLS2, MSR 48BH, bit 40 is 0): choose a "
		 "lower apic tier, or apic = auto"},
	};
	char text[TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vmx_caps caps = caps_of(model(rows[i].model));

		assert_true(vmx_caps_why_not(&caps, rows[i].tier,
					     rows[i].x2apic, text, TEXT));
		assert_string_equal(text, rows[i].text);
	}
}

/* The base of every VM, and what each tier adds, on a whole processor. */
static void test_controls(void **state)
{
	static const struct {
		enum apic_tier tier;
		bool x2apic;
		uint32_t pin, proc, proc2;
	} rows[] = {
		{APIC_TIER_EMULATE, false, 0, 3 << 19, 0},
		{APIC_TIER_TPR_SHADOW, false, 0, 1 << 21, 0},
		{APIC_TIER_ACCESS_PAGE, false, 0, 1 << 21, 1},
		{APIC_TIER_ACCESS_PAGE, true, 0, 1 << 21, 0x10},
		{APIC_TIER_REGISTER, false, 0, 1 << 21, 0x101},
		{APIC_TIER_DELIVERY, false, 0, 1 << 21, 0x301},
		{APIC_TIER_POSTED, false, 0x80, 1 << 21, 0x301},
		{APIC_TIER_POSTED, true, 0x80, 1 << 21, 0x310},
	};
	struct vmx_caps caps = caps_of(model("Ice Lake"));
	char text[TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vmx_wish wish = {rows[i].tier, rows[i].x2apic, {0}, {0}};
		struct vmx_controls c;

		assert_true(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
		assert_int_equal(c.pin, 0x16 | 0x29 | rows[i].pin);
		assert_int_equal(c.proc,
				 0x04006172u | 0xb2000c08u | rows[i].proc);
		assert_int_equal(c.proc2, 0x1010ea | rows[i].proc2);
		assert_int_equal(c.proc3, 0);
		assert_int_equal(c.exit, 0x36dfb | 0x3c8204);
		assert_int_equal(c.entry, 0x11fb | 0xc004);
	}
}

/* What must be 1 is 1 though nobody asked, also without the true MSRs. */
static void test_plain_msrs(void **state)
{
	struct vmx_caps caps = caps_of(model("Ice Lake"));
	struct vmx_wish wish = {.tier = APIC_TIER_EMULATE};
	struct vmx_controls c;
	char text[TEXT];

	(void)state;
	caps.basic &= ~VMX_BASIC_TRUE_CONTROLS;
	caps.proc = 0xfff9fffe0401e172;
	assert_true(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_true(c.proc & VMX_PROC_CR3_LOAD_EXITING);
	wish.off.proc = VMX_PROC_CR3_LOAD_EXITING;
	assert_false(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_string_equal(text,
			    "this processor cannot switch \"CR3-load exiting\" "
			    "off (IA32_VMX_PROCBASED_CTLS, MSR 482H, bit 15 is "
			    "1): leave it on");
}

/* Each control that every VM needs, missing one at a time. */
static void test_each_missing(void **state)
{
	static const struct {
		enum vmx_control_word word;
		uint64_t needed;
	} rows[] = {
		{VMX_WORD_PIN, 0x29},	  {VMX_WORD_PROC, 0xb2580c8c},
		{VMX_WORD_PROC2, 0x82},	  {VMX_WORD_EXIT, 0x3c8204},
		{VMX_WORD_ENTRY, 0xc204},
	};
	static const size_t at[] = {
		offsetof(struct vmx_caps, pin),
		offsetof(struct vmx_caps, proc),
		offsetof(struct vmx_caps, proc2),
		offsetof(struct vmx_caps, exit),
		offsetof(struct vmx_caps, entry),
	};
	struct vmx_wish wish = {.tier = APIC_TIER_EMULATE};
	struct vmx_controls c;
	char text[TEXT];

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		for (unsigned bit = 0; bit < 32; bit++) {
			struct vmx_caps caps = caps_of(model("Ice Lake"));
			bool needed = rows[i].needed >> bit & 1;
			char *word = (char *)&caps + at[i];
			uint64_t value;

			memcpy(&value, word, 8);
			if (value >> bit & 1) /* must be 1 anyway */
				continue;
			value &= ~(1ull << (bit + 32));
			memcpy(word, &value, 8);
			assert_int_equal(
				vmx_caps_controls(&caps, &wish, &c, text, TEXT),
				!needed);
			if (!needed)
				continue;
			assert_non_null(strstr(
				text, vmx_control_name(rows[i].word, bit)));
			assert_non_null(strstr(text, "is 0): Apical cannot"));
		}
	}
}

static void test_ept_features(void **state)
{
	struct vmx_wish wish = {.tier = APIC_TIER_EMULATE};
	struct vmx_caps caps = caps_of(model("Ice Lake"));
	struct vmx_controls c;
	char text[TEXT];

	(void)state;
	caps.ept_vpid &= ~VMX_EPT_INVEPT_SINGLE_CONTEXT;
	assert_false(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_string_equal(
		text,
		"this processor has no single-context INVEPT "
		"(IA32_VMX_EPT_VPID_CAP, MSR 48CH, bit 25 is 0): Apical cannot "
		"run on it");
}

/* Controls switched alone, as "apic.delivery = off" does. */
static void test_wishes(void **state)
{
	struct vmx_caps caps = caps_of(model("Ice Lake"));
	struct vmx_wish wish = {.tier = APIC_TIER_DELIVERY};
	struct vmx_controls c;
	char text[TEXT];

	(void)state;
	wish.off.proc2 = VMX_PROC2_APIC_REGISTER_VIRTUALIZATION;
	assert_true(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_int_equal(c.proc2 & 0x301, 0x201);

	wish.off.proc2 = VMX_PROC2_RDTSCP;
	assert_true(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_false(c.proc2 & VMX_PROC2_RDTSCP);

	wish.tier = APIC_TIER_POSTED;
	wish.off.proc2 = VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;
	assert_false(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_string_equal(text,
			    "\"process posted interrupts\" needs "
			    "\"virtual-interrupt delivery\" to be on (SDM "
			    "volume 3, \"Checks on VMX Controls\"): change one "
			    "of the two");

	/* What is switched off need not exist. */
	caps = caps_of(model("Haswell"));
	wish.off = (struct vmx_controls){.pin = VMX_PIN_POSTED_INTERRUPTS};
	assert_true(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_int_equal(c.proc2 & 0x301, 0x301);
	caps = caps_of(model("Ice Lake"));

	wish = (struct vmx_wish){.tier = APIC_TIER_EMULATE};
	wish.on.proc2 = VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;
	assert_false(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_non_null(strstr(text, "needs \"use TPR shadow\" to be on"));

	wish.on = (struct vmx_controls){
		.pin = VMX_PIN_PREEMPTION_TIMER,
		.exit = VMX_EXIT_SAVE_PREEMPTION_TIMER,
	};
	assert_true(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_int_equal(c.pin, 0x7f);
	assert_int_equal(vmx_caps_timer_shift(&caps), 7);

	wish.on = (struct vmx_controls){.proc2 = VMX_PROC2_PCONFIG};
	assert_false(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_non_null(strstr(text, "leave that control out"));
}

/* IPI virtualization: the third word is used as soon as one bit is wished. */
static void test_tertiary(void **state)
{
	struct vmx_caps caps = caps_of(model("Ice Lake"));
	struct vmx_wish wish = {
		.tier = APIC_TIER_POSTED,
		.x2apic = true,
		.on.proc3 = VMX_PROC3_IPI_VIRTUALIZATION,
	};
	struct vmx_controls c;
	char text[TEXT];

	(void)state;
	assert_false(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_non_null(strstr(text, "\"IPI virtualization\" "
				     "(IA32_VMX_PROCBASED_CTLS3, MSR 492H, bit "
				     "4 is 0)"));
	caps.proc3 = VMX_PROC3_IPI_VIRTUALIZATION;
	assert_false(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_non_null(strstr(text, "\"activate tertiary controls\""));
	caps.proc |= 1ull << (17 + 32);
	assert_true(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_int_equal(c.proc3, VMX_PROC3_IPI_VIRTUALIZATION);
	assert_true(c.proc & VMX_PROC_TERTIARY_CONTROLS);
	wish.tier = APIC_TIER_EMULATE;
	assert_false(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_non_null(strstr(text, "needs \"use TPR shadow\" to be on"));

	/* Without a wish: with posted interrupts, where the processor can. */
	wish = (struct vmx_wish){.tier = APIC_TIER_POSTED};
	caps.proc3 = ~0ull;
	assert_true(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_int_equal(c.proc3, VMX_PROC3_IPI_VIRTUALIZATION |
					  VMX_PROC3_APIC_TIMER_VIRTUALIZATION);
	wish.off.proc3 = VMX_PROC3_IPI_VIRTUALIZATION;
	assert_true(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_int_equal(c.proc3, VMX_PROC3_APIC_TIMER_VIRTUALIZATION);
	wish = (struct vmx_wish){.tier = APIC_TIER_POSTED,
				 .off.pin = VMX_PIN_POSTED_INTERRUPTS};
	assert_true(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_int_equal(c.proc3, 0);
	assert_false(c.proc & VMX_PROC_TERTIARY_CONTROLS);
	wish = (struct vmx_wish){.tier = APIC_TIER_POSTED};
	caps.proc &= ~(1ull << (17 + 32));
	assert_true(vmx_caps_controls(&caps, &wish, &c, text, TEXT));
	assert_int_equal(c.proc3, 0);
}

/* A tier is never above what any of the CPUs can do. */
static void test_intersect(void **state)
{
	(void)state;
	for (size_t i = 2; i < MODELS; i++)
		for (size_t j = 2; j < MODELS; j++) {
			struct vmx_caps a = caps_of(&models[i]);
			struct vmx_caps b = caps_of(&models[j]);
			enum apic_tier less = models[i].xapic;

			if (models[j].xapic < less)
				less = models[j].xapic;
			vmx_caps_intersect(&a, &b);
			assert_int_equal(vmx_caps_best_tier(&a, false), less);
		}
}

static void test_intersect_values(void **state)
{
	struct vmx_caps a = caps_of(model("Ice Lake")), b = a;

	(void)state;
	vmx_caps_intersect(&a, &b);
	assert_memory_equal(&a, &b, sizeof(a));
	b.basic = (b.basic & ~VMX_BASIC_TRUE_CONTROLS) + 1;
	b.pin = 0x7e00000017;
	b.misc = 0x70028065;
	b.cr0_fixed0 |= 1ull << 16;
	b.cr0_fixed1 &= ~(1ull << 29);
	b.cr4_fixed0 |= 1;
	b.cr4_fixed1 = 0x27ff;
	b.ept_vpid = 0x6114141;
	b.physical_bits = 36;
	b.linear_bits = 57;
	vmx_caps_intersect(&a, &b);
	assert_int_equal(a.basic & VMX_BASIC_REVISION_MASK, 0x12);
	assert_false(a.basic & VMX_BASIC_TRUE_CONTROLS);
	assert_int_equal(a.pin, 0x7e00000017);
	assert_int_equal(a.misc, 0x70028067);
	assert_int_equal(a.cr0_fixed0, 0x80010021);
	assert_int_equal(a.cr0_fixed1, 0xdfffffff);
	assert_int_equal(a.cr4_fixed0, 0x2001);
	assert_int_equal(a.cr4_fixed1, 0x27ff);
	assert_int_equal(a.ept_vpid, 0x6114141 & 0xf0106734141);
	assert_int_equal(a.physical_bits, 36);
	assert_int_equal(a.linear_bits, 48);
}

/* Every named bit has one name, and every rule speaks of named bits. */
static void test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < vmx_control_names_count; i++) {
		const struct vmx_control_name *n = &vmx_control_names[i];

		assert_string_equal(vmx_control_name(n->word, n->bit), n->name);
		if (i)
			assert_true(
				n[-1].word < n->word ||
				(n[-1].word == n->word && n[-1].bit < n->bit));
	}
	assert_null(vmx_control_name(VMX_WORD_PIN, 1));
	for (size_t i = 0; i < vmx_control_rules_count; i++) {
		const struct vmx_control_rule *r = &vmx_control_rules[i];

		assert_non_null(vmx_control_name(r->word, r->bit));
		assert_non_null(vmx_control_name(r->other_word, r->other_bit));
	}
	for (unsigned w = 0; w < VMX_WORD_COUNT; w++) {
		struct vmx_controls c = {0};

		vmx_controls_set_word(&c, w, 0x89abcdef);
		for (unsigned u = 0; u < VMX_WORD_COUNT; u++)
			assert_int_equal(vmx_controls_word(&c, u),
					 u == w ? 0x89abcdef : 0);
		assert_non_null(vmcs_field_name(vmx_control_word_field(w)));
	}
}

/* "Field Encoding in VMCS": sorted, even, and of the width it says. */
static void test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < vmcs_fields_count; i++) {
		uint32_t field = vmcs_fields[i].field;

		assert_true(field < VMCS_FIELDS_END && !(field & 1));
		assert_string_equal(vmcs_field_name(field),
				    vmcs_fields[i].name);
		if (i)
			assert_true(vmcs_fields[i - 1].field < field);
	}
	assert_null(vmcs_field_name(0x0001));
	assert_null(vmcs_field_name(0xffffffff));
	assert_int_equal(vmcs_field_bits(VMCS_GUEST_INTERRUPT_STATUS), 16);
	assert_int_equal(vmcs_field_bits(VMCS_EPT_POINTER), 64);
	assert_int_equal(vmcs_field_bits(VMCS_TPR_THRESHOLD), 32);
	assert_int_equal(vmcs_field_bits(VMCS_GUEST_RIP), 64);
	assert_int_equal(vmcs_field_kind(VMCS_TPR_THRESHOLD),
			 VMCS_KIND_CONTROL);
	assert_int_equal(vmcs_field_kind(VMCS_EXIT_QUALIFICATION),
			 VMCS_KIND_READ_ONLY);
	assert_int_equal(vmcs_field_kind(VMCS_GUEST_RIP), VMCS_KIND_GUEST);
	assert_int_equal(vmcs_field_kind(VMCS_HOST_RIP), VMCS_KIND_HOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_best_tier),
		cmocka_unit_test(test_why_not),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_plain_msrs),
		cmocka_unit_test(test_each_missing),
		cmocka_unit_test(test_ept_features),
		cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_tertiary),
		cmocka_unit_test(test_intersect),
		cmocka_unit_test(test_intersect_values),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
