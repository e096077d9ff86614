/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of apic/vlapic.c: power-up, INIT, IA32_APIC_BASE, CR8, local pins. */
#include "tools/test/unit/test_vlapic.h"

#define BASE APIC_BASE_DEFAULT

static struct apic a;

/* "Local APIC State After Power-Up or Reset". */
static void check_reset_state(uint32_t id_slot, uint32_t ldr, uint32_t dfr)
{
	for (uint32_t offset = 0; offset < 4096; offset += 4) {
		uint32_t expected = 0;

		switch (offset) {
		case APIC_ID:
			expected = id_slot;
			break;
		case APIC_VERSION:
			expected = 0x01050014;
			break;
		case APIC_LDR:
			expected = ldr;
			break;
		case APIC_DFR:
			expected = dfr;
			break;
		case APIC_SVR:
			expected = 0xff;
			break;
		case APIC_LVT_TIMER:
		case APIC_LVT_THERMAL:
		case APIC_LVT_PERFORMANCE:
		case APIC_LVT_LINT0:
		case APIC_LVT_LINT1:
		case APIC_LVT_ERROR:
			expected = 0x10000;
			break;
		}
		if (apic_slot(&a, offset) != expected)
			fail_msg("%03x: %08x, not %08x", offset,
				 apic_slot(&a, offset), expected);
	}
	assert_int_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	assert_int_equal(vlapic_highest_irr(&a.v), -1);
	assert_int_equal(a.v.lint0_remote_irr, 0);
	assert_false(pi_desc_on(&a.pi));
	for (int i = 0; i < 4; i++)
		assert_int_equal(a.pi.pir[i], 0);
}

static void test_power_up(void **state)
{
	(void)state;
	apic_power_up(&a, 0x103);
	check_reset_state(0x03000000, 0, 0xffffffff);
	assert_int_equal(a.v.base_msr, BASE | APIC_BASE_EN);
	assert_int_equal(vlapic_mode(&a.v), VLAPIC_MODE_XAPIC);
	assert_int_equal(vlapic_base_address(&a.v), BASE);
	apic_power_up(&a, 0);
	assert_int_equal(a.v.base_msr, BASE | APIC_BASE_EN | APIC_BASE_BSP);
	a.v.suppress_eoi_broadcast = 0;
	vlapic_reset(&a.v);
	assert_int_equal(apic_read(&a, APIC_VERSION), 0x00050014);
}

/* Every bit of state that a guest can reach is set to something. */
static void fill(void)
{
	vlapic_accept(&a.v, 0x91, true);
	vlapic_deliver(&a.v, 0x91);
	vlapic_accept(&a.v, 0xa1, false);
	vlapic_post(&a.v, 0xb1, true);
	vlapic_accept(&a.v, 3, false);
	apic_errors(&a);
	vlapic_accept(&a.v, 3, false);
	for (uint32_t offset = APIC_LVT_TIMER; offset <= APIC_LVT_ERROR;
	     offset += 0x10) {
		apic_wrmsr(&a, APIC_MSR(offset), 0x51);
		apic_write(&a, offset, 0x51);
	}
	apic_write(&a, APIC_LVT_LINT0, 0x8051);
	apic_wrmsr(&a, APIC_MSR(APIC_LVT_LINT0), 0x8051);
	assert_int_equal(vlapic_lint_raise(&a.v, 0).kind, VLAPIC_EFFECT_IPI);
	apic_write(&a, APIC_INITIAL_COUNT, 1000);
	apic_write(&a, APIC_DIVIDE_CONFIGURATION, 0xb);
	apic_write(&a, APIC_LDR, 0x12000000);
	apic_write(&a, APIC_DFR, 0);
	apic_write(&a, APIC_TPR, 0x33);
	apic_write(&a, APIC_ICR_HIGH, 0x07000000);
	apic_write(&a, APIC_ICR, 0x44);
	apic_wrmsr(&a, APIC_MSR(APIC_ICR), 0x700000044);
	apic_wrmsr(&a, APIC_MSR(APIC_INITIAL_COUNT), 1000);
	apic_wrmsr(&a, APIC_MSR(APIC_DIVIDE_CONFIGURATION), 0xb);
	apic_wrmsr(&a, APIC_MSR(APIC_TPR), 0x33);
	vlapic_update_ppr(&a.v);
}

static void test_init_xapic(void **state)
{
	uint64_t base = 0x1234567000 | APIC_BASE_EN | APIC_BASE_BSP;

	(void)state;
	apic_xapic(&a, 5);
	assert_int_equal(vlapic_base_write(&a.v, base).kind,
			 VLAPIC_EFFECT_BASE);
	fill();
	vlapic_reset(&a.v);
	check_reset_state(0x05000000, 0, 0xffffffff);
	assert_int_equal(a.v.base_msr, base);
	assert_int_equal(a.v.esr_latched, 0);
}

static void test_init_x2apic(void **state)
{
	(void)state;
	apic_x2apic(&a, 0x12345);
	fill();
	vlapic_reset(&a.v);
	assert_int_equal(vlapic_mode(&a.v), VLAPIC_MODE_X2APIC);
	check_reset_state(0x12345, 0x12340020, 0);
}

static void test_init_keeps_descriptor(void **state)
{
	(void)state;
	apic_xapic(&a, 1);
	a.pi.control = 0xf2 << PI_DESC_NV_SHIFT | PI_DESC_SN;
	a.pi.ndst = 0x300;
	vlapic_post(&a.v, 0x50, false);
	vlapic_reset(&a.v);
	assert_int_equal(a.pi.control, 0xf2 << PI_DESC_NV_SHIFT | PI_DESC_SN);
	assert_int_equal(a.pi.ndst, 0x300);
	assert_int_equal(a.pi.pir[1], 0);
}

enum state { DISABLED, XAPIC, X2APIC, STATES };

static const uint64_t state_bits[STATES] = {
	[DISABLED] = 0,
	[XAPIC] = APIC_BASE_EN,
	[X2APIC] = APIC_BASE_EN | APIC_BASE_EXTD,
};

static void to_state(enum state s)
{
	apic_xapic(&a, 3);
	if (s == X2APIC)
		apic_to_x2apic(&a);
	else if (s == DISABLED)
		vlapic_base_write(&a.v, BASE);
}

/* "Local x2APIC State Transitions": all 3 x 4, written down. */
static void test_transitions(void **state)
{
	static const bool legal[STATES][4] = {
		/* to: disabled, invalid (EXTD), xAPIC, x2APIC */
		[DISABLED] = {true, false, true, false},
		[XAPIC] = {true, false, true, true},
		[X2APIC] = {true, false, false, true},
	};

	(void)state;
	for (int from = 0; from < STATES; from++) {
		for (uint64_t to = 0; to < 4; to++) {
			uint64_t value = BASE | to << 10;
			uint64_t before;
			struct vlapic_effect e;

			to_state(from);
			before = a.v.base_msr;
			e = vlapic_base_write(&a.v, value);
			if (!legal[from][to]) {
				assert_int_equal(e.kind, VLAPIC_EFFECT_GP);
				assert_int_equal(a.v.base_msr, before);
			} else {
				assert_int_equal(e.kind,
						 before == value
							 ? VLAPIC_EFFECT_NONE
							 : VLAPIC_EFFECT_BASE);
				assert_int_equal(a.v.base_msr, value);
			}
		}
	}
}

static void test_base_reserved_bits(void **state)
{
	(void)state;
	for (int s = 0; s < STATES; s++) {
		for (int bit = 0; bit < 64; bit++) {
			uint64_t value = (BASE | state_bits[s]) ^ 1ull << bit;
			bool reserved = bit < 8 || bit == 9 || bit >= 39;

			if (bit == 10 || bit == 11)
				continue;
			to_state(s);
			assert_int_equal(vlapic_base_write(&a.v, value).kind,
					 reserved ? VLAPIC_EFFECT_GP
						  : VLAPIC_EFFECT_BASE);
		}
	}
	to_state(XAPIC);
	a.v.max_phys_bits = 52;
	assert_int_equal(
		vlapic_base_write(&a.v, 0xffffffffff000 | APIC_BASE_EN).kind,
		VLAPIC_EFFECT_BASE);
	assert_int_equal(vlapic_base_address(&a.v), 0xffffffffff000);
	assert_int_equal(
		vlapic_base_write(&a.v, 1ull << 52 | APIC_BASE_EN).kind,
		VLAPIC_EFFECT_GP);
}

static void test_x2apic_hidden(void **state)
{
	(void)state;
	to_state(XAPIC);
	a.v.x2apic_allowed = 0;
	assert_int_equal(
		vlapic_base_write(&a.v, BASE | state_bits[X2APIC]).kind,
		VLAPIC_EFFECT_GP);
	assert_int_equal(vlapic_base_write(&a.v, BASE).kind,
			 VLAPIC_EFFECT_BASE);
}

static void test_xapic_to_x2apic(void **state)
{
	(void)state;
	apic_xapic(&a, 0x25);
	fill();
	apic_to_x2apic(&a);
	assert_int_equal(apic_slot(&a, APIC_ID), 0x25);
	assert_int_equal(apic_slot(&a, APIC_LDR), 0x20020);
	assert_int_equal(apic_slot(&a, APIC_DFR), 0);
	assert_int_equal(apic_rdmsr(&a, 0x830), 0x700000044);
	assert_int_equal(apic_slot(&a, APIC_ICR_HIGH_X2APIC), 7);
	assert_int_equal(apic_slot(&a, APIC_ICR_HIGH), 0);
	/* What is in progress goes on. */
	assert_int_equal(vlapic_highest_isr(&a.v), 0x91);
	assert_int_equal(vlapic_highest_irr(&a.v), 0xa1);
	assert_int_equal(apic_rdmsr(&a, 0x808), 0x33);
	assert_int_equal(apic_rdmsr(&a, 0x832), 0x51);
	assert_int_equal(apic_rdmsr(&a, 0x838), 1000);
	assert_int_not_equal(vlapic_timer_next(&a.v), VLAPIC_NEVER);
	assert_true(pi_desc_on(&a.pi));
}

static void test_disabling_resets(void **state)
{
	(void)state;
	for (int s = XAPIC; s < STATES; s++) {
		to_state(s);
		fill();
		vlapic_base_write(&a.v, BASE);
		check_reset_state(0x03000000, 0, 0xffffffff);
		assert_false(vlapic_accepts(&a.v));
		assert_false(vlapic_post(&a.v, 0x40, false));
		vlapic_base_write(&a.v, BASE | APIC_BASE_EN);
		check_reset_state(0x03000000, 0, 0xffffffff);
	}
}

static void test_open_bus(void **state)
{
	(void)state;
	for (int s = 0; s < STATES; s++) {
		to_state(s);
		if (s == XAPIC)
			continue;
		for (uint32_t offset = 0; offset < 4096; offset += 4) {
			uint8_t before[4096];

			memcpy(before, a.page, 4096);
			assert_int_equal(apic_read(&a, offset), 0xffffffff);
			assert_int_equal(apic_write(&a, offset, 0x151),
					 VLAPIC_EFFECT_NONE);
			assert_memory_equal(a.page, before, 4096);
		}
		assert_int_equal(a.v.esr_latched, 0);
	}
}

static void test_cr8(void **state)
{
	(void)state;
	for (int s = 0; s < STATES; s++) {
		to_state(s);
		for (unsigned value = 0; value < 16; value++) {
			vlapic_cr8_write(&a.v, (uint8_t)value);
			assert_int_equal(vlapic_cr8_read(&a.v), value);
			assert_int_equal(apic_slot(&a, APIC_TPR), value << 4);
		}
	}
	to_state(XAPIC);
	apic_write(&a, APIC_TPR, 0x7f);
	assert_int_equal(vlapic_cr8_read(&a.v), 7);
}

static struct vlapic_effect raise_with(uint32_t lvt, unsigned pin)
{
	to_state(XAPIC);
	apic_write(&a, pin ? APIC_LVT_LINT1 : APIC_LVT_LINT0, lvt);
	return vlapic_lint_raise(&a.v, pin);
}

static void test_lint_modes(void **state)
{
	(void)state;
	for (unsigned pin = 0; pin < 2; pin++) {
		for (uint32_t mode = 0; mode < 8; mode++) {
			bool sent = mode == APIC_DELIVERY_FIXED ||
				    mode == APIC_DELIVERY_SMI ||
				    mode == APIC_DELIVERY_NMI ||
				    mode == APIC_DELIVERY_INIT;
			struct vlapic_effect e =
				raise_with(mode << 8 | 0x66, pin);

			assert_int_equal(e.kind, sent ? VLAPIC_EFFECT_IPI
						      : VLAPIC_EFFECT_NONE);
			if (sent) {
				assert_int_equal(a.v.message.delivery_mode,
						 mode);
				assert_int_equal(a.v.message.shorthand,
						 VLAPIC_SHORTHAND_SELF);
				assert_false(a.v.message.level);
			}
			if (mode == APIC_DELIVERY_FIXED)
				assert_int_equal(a.v.message.vector, 0x66);
			assert_int_equal(vlapic_takes_extint(&a.v),
					 !pin && mode == APIC_DELIVERY_EXTINT);
			e = raise_with(mode << 8 | 0x10066, pin);
			assert_int_equal(e.kind, VLAPIC_EFFECT_NONE);
			assert_false(vlapic_takes_extint(&a.v));
		}
	}
}

static void test_lint0_level(void **state)
{
	struct vlapic_effect e = raise_with(0x8066, 0);

	(void)state;
	assert_true(a.v.message.level);
	assert_int_equal(apic_slot(&a, APIC_LVT_LINT0), 0xc066);
	assert_false(vlapic_lint0_wants_level(&a.v));
	assert_int_equal(vlapic_lint_raise(&a.v, 0).kind, VLAPIC_EFFECT_NONE);
	/* Remote IRR is read-only, and survives a write either way. */
	apic_write(&a, APIC_LVT_LINT0, 0x8066);
	assert_int_equal(apic_slot(&a, APIC_LVT_LINT0), 0xc066);
	apic_set_slot(&a, APIC_LVT_LINT0, 0x8066);
	vlapic_written(&a.v, APIC_LVT_LINT0);
	assert_int_equal(apic_slot(&a, APIC_LVT_LINT0), 0xc066);
	vlapic_accept(&a.v, 0x66, true);
	vlapic_deliver(&a.v, 0x66);
	e = vlapic_eoi_broadcast(&a.v, 0x66);
	assert_int_equal(e.kind, VLAPIC_EFFECT_EOI);
	/* The pin may rise again. */
	assert_int_equal(e.events, VLAPIC_EVENTS_PIN);
	assert_int_equal(vlapic_eoi_broadcast(&a.v, 0x66).events, 0);
	assert_int_equal(vlapic_eoi(&a.v).kind, VLAPIC_EFFECT_EOI);
	assert_int_equal(apic_slot(&a, APIC_LVT_LINT0), 0x8066);
	assert_true(vlapic_lint0_wants_level(&a.v));
	assert_int_equal(vlapic_lint_raise(&a.v, 0).kind, VLAPIC_EFFECT_IPI);
	/* LINT1 knows no levels; an illegal vector would never see an EOI. */
	raise_with(0x8066, 1);
	assert_false(a.v.message.level);
	raise_with(0x8006, 0);
	assert_true(a.v.message.level);
	assert_int_equal(apic_slot(&a, APIC_LVT_LINT0), 0x8006);
	assert_false(vlapic_lint0_wants_level(&a.v));
	/* Masked, an edge, another mode. */
	apic_write(&a, APIC_LVT_LINT0, 0x18066);
	assert_false(vlapic_lint0_wants_level(&a.v));
	apic_write(&a, APIC_LVT_LINT0, 0x66);
	assert_false(vlapic_lint0_wants_level(&a.v));
	apic_write(&a, APIC_LVT_LINT0, 0x8766);
	assert_false(vlapic_lint0_wants_level(&a.v));
}

static void test_pins_without_apic(void **state)
{
	(void)state;
	to_state(DISABLED);
	assert_true(vlapic_takes_extint(&a.v));
	assert_int_equal(vlapic_lint_raise(&a.v, 0).kind, VLAPIC_EFFECT_NONE);
	assert_int_equal(vlapic_lint_raise(&a.v, 1).kind, VLAPIC_EFFECT_IPI);
	assert_int_equal(a.v.message.delivery_mode, VLAPIC_NMI);
	to_state(XAPIC);
	apic_write(&a, APIC_LVT_LINT0, 0x700);
	assert_true(vlapic_takes_extint(&a.v));
	apic_write(&a, APIC_SVR, 0xff);
	assert_false(vlapic_takes_extint(&a.v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power_up),
		cmocka_unit_test(test_init_xapic),
		cmocka_unit_test(test_init_x2apic),
		cmocka_unit_test(test_init_keeps_descriptor),
		cmocka_unit_test(test_transitions),
		cmocka_unit_test(test_base_reserved_bits),
		cmocka_unit_test(test_x2apic_hidden),
		cmocka_unit_test(test_xapic_to_x2apic),
		cmocka_unit_test(test_disabling_resets),
		cmocka_unit_test(test_open_bus),
		cmocka_unit_test(test_cr8),
		cmocka_unit_test(test_lint_modes),
		cmocka_unit_test(test_lint0_level),
		cmocka_unit_test(test_pins_without_apic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
