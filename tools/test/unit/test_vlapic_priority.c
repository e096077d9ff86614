/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of apic/vlapic_priority.c and apic/pi_desc.h's use in it: acceptance,
 * priorities, EOI, errors; a plain model in lockstep; posting by threads.
 */
#include <pthread.h>

#include "tools/test/unit/test_vlapic.h"

static struct apic a;

static bool bit_of(uint32_t base, unsigned vector)
{
	return apic_slot(&a, base + vector / 32 * 16) >> vector % 32 & 1;
}

static void test_accept_every_vector(void **state)
{
	(void)state;
	for (int level = 0; level < 2; level++) {
		for (unsigned vector = 0; vector < 256; vector++) {
			bool legal = vector >= 16;

			apic_xapic(&a, 0);
			vlapic_accept(&a.v, (uint8_t)vector, !level);
			assert_true(
				vlapic_accept(&a.v, (uint8_t)vector, level));
			for (unsigned other = 0; other < 256; other++) {
				bool here = other == vector && legal;

				assert_int_equal(bit_of(APIC_IRR, other), here);
				assert_int_equal(bit_of(APIC_TMR, other),
						 here && level);
			}
			assert_int_equal(vlapic_highest_irr(&a.v),
					 legal ? (int)vector : -1);
			assert_int_equal(apic_errors(&a), legal ? 0 : 0x40);
			assert_false(pi_desc_on(&a.pi));
		}
	}
}

static void test_post_every_vector(void **state)
{
	(void)state;
	for (int level = 0; level < 2; level++) {
		for (unsigned vector = 0; vector < 256; vector++) {
			bool legal = vector >= 16;

			apic_xapic(&a, 0);
			assert_int_equal(
				vlapic_post(&a.v, (uint8_t)vector, level),
				legal);
			/* No second notification for what is on its way. */
			assert_false(vlapic_post(&a.v, (uint8_t)vector, level));
			assert_int_equal(vlapic_highest_irr(&a.v), -1);
			assert_int_equal(bit_of(APIC_TMR, vector),
					 legal && level);
			vlapic_merge(&a.v);
			assert_int_equal(vlapic_highest_irr(&a.v),
					 legal ? (int)vector : -1);
			assert_false(pi_desc_on(&a.pi));
			assert_int_equal(apic_errors(&a), legal ? 0 : 0x40);
		}
	}
}

static void test_dropped_while_disabled(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++) {
		apic_xapic(&a, 0);
		vlapic_accept(&a.v, 0x61, false);
		assert_true(vlapic_post_enabled(&a.v, 0x62, false));
		assert_false(vlapic_post_enabled(&a.v, 0x62, false));
		vlapic_merge(&a.v);
		if (how)
			vlapic_base_write(&a.v, APIC_BASE_DEFAULT);
		else
			apic_write(&a, APIC_SVR, 0xff);
		assert_false(vlapic_accepts(&a.v));
		vlapic_accept(&a.v, 0x71, true);
		vlapic_accept(&a.v, 5, true);
		assert_false(vlapic_post(&a.v, 0x72, true));
		assert_false(vlapic_post(&a.v, 5, true));
		if (!how)
			assert_false(vlapic_post_enabled(&a.v, 0x73, true));
		vlapic_merge(&a.v);
		/* What was accepted before stays, and can be delivered. */
		assert_int_equal(vlapic_pending(&a.v), how ? -1 : 0x62);
		assert_false(bit_of(APIC_TMR, 0x71));
		assert_int_equal(a.v.esr_latched, 0);
	}
}

/* "Task and Processor Priorities", by every pair of classes. */
static void test_ppr(void **state)
{
	(void)state;
	for (unsigned tpr = 0; tpr < 256; tpr++) {
		for (unsigned isr = 0; isr < 256; isr += isr ? 7 : 16) {
			unsigned ppr = tpr >> 4 >= isr >> 4 ? tpr : isr & 0xf0;

			apic_xapic(&a, 0);
			if (isr) {
				vlapic_accept(&a.v, (uint8_t)isr, false);
				vlapic_deliver(&a.v, (uint8_t)isr);
				assert_int_equal(apic_slot(&a, APIC_PPR),
						 isr & 0xf0);
			}
			apic_write(&a, APIC_TPR, tpr);
			assert_int_equal(vlapic_arbitration(&a.v), ppr);
			assert_int_equal(apic_read(&a, APIC_PPR), ppr);
			assert_int_equal(apic_slot(&a, APIC_PPR), ppr);
			apic_write(&a, APIC_TPR, 0);
			vlapic_update_ppr(&a.v);
			assert_int_equal(apic_slot(&a, APIC_PPR), isr & 0xf0);
			for (unsigned v = 16; v < 256; v += 15) {
				apic_write(&a, APIC_TPR, tpr);
				vlapic_accept(&a.v, (uint8_t)v, false);
				assert_int_equal(vlapic_pending(&a.v),
						 v >> 4 > ppr >> 4 ? (int)v
								   : -1);
			}
		}
	}
}

static void test_eoi(void **state)
{
	struct vlapic_effect e;

	(void)state;
	apic_xapic(&a, 0);
	assert_int_equal(apic_write(&a, APIC_EOI, 0), VLAPIC_EFFECT_NONE);
	vlapic_accept(&a.v, 0x40, true);
	vlapic_deliver(&a.v, 0x40);
	vlapic_accept(&a.v, 0x80, false);
	vlapic_deliver(&a.v, 0x80);
	assert_int_equal(vlapic_highest_isr(&a.v), 0x80);
	assert_int_equal(apic_write(&a, APIC_EOI, 0), VLAPIC_EFFECT_NONE);
	assert_int_equal(vlapic_highest_isr(&a.v), 0x40);
	/* Any value ends an interrupt, and EOI reads as 0. */
	e = vlapic_write(&a.v, APIC_EOI, 0xffffffff);
	assert_int_equal(e.kind, VLAPIC_EFFECT_EOI);
	assert_int_equal(e.vector, 0x40);
	assert_int_equal(apic_slot(&a, APIC_EOI), 0);
	assert_int_equal(vlapic_highest_isr(&a.v), -1);
}

/* What the processor did to ISR while it delivered counts. */
static void test_handed_over(void **state)
{
	(void)state;
	apic_xapic(&a, 0);
	vlapic_accept(&a.v, 0x40, false);
	vlapic_deliver(&a.v, 0x40);
	vlapic_handed_over(&a.v);
	apic_set_slot(&a, APIC_ISR + 0x40, 1); /* 80H */
	apic_write(&a, APIC_EOI, 0);
	assert_int_equal(vlapic_highest_isr(&a.v), 0x40);
	apic_write(&a, APIC_EOI, 0);
	assert_int_equal(vlapic_highest_isr(&a.v), -1);
	/* INIT empties ISR. */
	vlapic_accept(&a.v, 0x40, false);
	vlapic_deliver(&a.v, 0x40);
	vlapic_reset(&a.v);
	assert_int_equal(apic_write(&a, APIC_EOI, 0), VLAPIC_EFFECT_NONE);
	assert_int_equal(vlapic_write(&a.v, APIC_EOI, 0).events, 0);
}

static void test_eoi_suppression(void **state)
{
	(void)state;
	apic_x2apic(&a, 0);
	apic_wrmsr(&a, 0x80f, 0x11ff);
	vlapic_accept(&a.v, 0x40, true);
	vlapic_deliver(&a.v, 0x40);
	assert_int_equal(apic_wrmsr(&a, 0x80b, 1), VLAPIC_EFFECT_GP);
	assert_int_equal(vlapic_highest_isr(&a.v), 0x40);
	assert_int_equal(apic_wrmsr(&a, 0x80b, 0), VLAPIC_EFFECT_NONE);
	assert_int_equal(vlapic_highest_isr(&a.v), -1);
	assert_int_equal(vlapic_eoi_broadcast(&a.v, 0x40).kind,
			 VLAPIC_EFFECT_NONE);
	apic_wrmsr(&a, 0x80f, 0x1ff);
	assert_int_equal(vlapic_eoi_broadcast(&a.v, 0x40).kind,
			 VLAPIC_EFFECT_EOI);
	assert_int_equal(vlapic_eoi_broadcast(&a.v, 0x41).kind,
			 VLAPIC_EFFECT_NONE);
}

static void test_error_interrupt(void **state)
{
	(void)state;
	apic_xapic(&a, 0);
	apic_write(&a, APIC_LVT_ERROR, 0x1fe);
	assert_int_equal(apic_slot(&a, APIC_LVT_ERROR), 0xfe);
	apic_read(&a, 0);
	assert_true(pi_desc_on(&a.pi));
	vlapic_merge(&a.v);
	assert_int_equal(vlapic_pending(&a.v), 0xfe);
	vlapic_deliver(&a.v, 0xfe);
	/* Not armed again before ESR is written; logged all the same. */
	vlapic_accept(&a.v, 1, false);
	assert_false(pi_desc_on(&a.pi));
	assert_int_equal(apic_read(&a, APIC_ESR), 0);
	assert_int_equal(apic_errors(&a), 0xc0);
	/* The value written does not matter; none since: none shown. */
	apic_write(&a, APIC_ESR, 0xffffffff);
	assert_int_equal(apic_read(&a, APIC_ESR), 0);
	assert_true(vlapic_post(&a.v, 15, true));
	assert_true(pi_desc_on(&a.pi));
	assert_int_equal(apic_errors(&a), 0x40);
	/* Masked: logged, nothing sent. */
	vlapic_merge(&a.v);
	apic_write(&a, APIC_LVT_ERROR, 0x100fe);
	apic_write(&a, 0xff0, 0);
	assert_false(pi_desc_on(&a.pi));
	assert_int_equal(apic_errors(&a), 0x80);
}

static void test_illegal_error_vector(void **state)
{
	(void)state;
	apic_xapic(&a, 0);
	apic_write(&a, APIC_LVT_ERROR, 0x0f);
	apic_read(&a, 0);
	assert_int_equal(apic_errors(&a), 0xc0);
	assert_false(pi_desc_on(&a.pi));
	assert_int_equal(vlapic_highest_irr(&a.v), -1);
}

/* ---- the plain model ---- */

static struct {
	bool irr[256], isr[256], tmr[256], pir[256];
	unsigned tpr;
} model;

static int highest(const bool set[256])
{
	for (int v = 255; v >= 0; v--)
		if (set[v])
			return v;
	return -1;
}

static int model_pending(void)
{
	int isr = highest(model.isr), irr = highest(model.irr);
	int class = (int)(model.tpr >> 4);

	if (isr >> 4 > class)
		class = isr >> 4;
	return irr >= 0 && irr >> 4 > class ? irr : -1;
}

static void model_step(uint64_t *seed)
{
	uint8_t vector = (uint8_t)(next_random(seed) >> 40);
	bool level = random_below(seed, 2);
	bool legal = vector >= 16;
	int expected;
	struct vlapic_effect e;

	switch (random_below(seed, 6)) {
	case 0:
		vlapic_accept(&a.v, vector, level);
		model.irr[vector] |= legal;
		model.tmr[vector] = legal && level;
		break;
	case 1:
		vlapic_post(&a.v, vector, level);
		model.pir[vector] |= legal;
		model.tmr[vector] = legal && level;
		break;
	case 2:
		vlapic_merge(&a.v);
		for (int i = 0; i < 256; i++) {
			model.irr[i] |= model.pir[i];
			model.pir[i] = false;
		}
		break;
	case 3:
		model.tpr = vector & 0x7f;
		apic_write(&a, APIC_TPR, model.tpr);
		break;
	case 4:
		expected = model_pending();
		assert_int_equal(vlapic_pending(&a.v), expected);
		if (expected < 0)
			break;
		vlapic_deliver(&a.v, (uint8_t)expected);
		model.irr[expected] = false;
		model.isr[expected] = true;
		break;
	default:
		expected = highest(model.isr);
		e = vlapic_eoi(&a.v);
		assert_int_equal(e.kind, expected >= 0 && model.tmr[expected]
						 ? VLAPIC_EFFECT_EOI
						 : VLAPIC_EFFECT_NONE);
		if (expected >= 0) {
			model.isr[expected] = false;
			if (e.kind == VLAPIC_EFFECT_EOI)
				assert_int_equal(e.vector, expected);
		}
	}
}

static void model_compare(void)
{
	for (unsigned v = 0; v < 256; v++) {
		assert_int_equal(bit_of(APIC_IRR, v), model.irr[v]);
		assert_int_equal(bit_of(APIC_ISR, v), model.isr[v]);
		assert_int_equal(bit_of(APIC_TMR, v), model.tmr[v]);
	}
	assert_int_equal(vlapic_highest_irr(&a.v), highest(model.irr));
	assert_int_equal(vlapic_highest_isr(&a.v), highest(model.isr));
}

static void test_model(void **state)
{
	uint64_t seed = 7;

	(void)state;
	apic_xapic(&a, 0);
	for (int i = 0; i < 500000; i++) {
		model_step(&seed);
		if (i % 16 == 0)
			model_compare();
	}
}

/* ---- from any CPU ---- */

#define SENDERS 3
#define ROUNDS	20000

/* Each sender owns every third vector, so all share words of PIR and TMR; it
 * posts one again, with the other trigger mode, when it was delivered. */
static uint32_t delivered[256];
static bool is_level[256];

static void *sender(void *arg)
{
	unsigned first = 16 + (unsigned)(uintptr_t)arg;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint8_t vector = (uint8_t)(first + round % 80 * SENDERS);
		uint32_t before =
			__atomic_load_n(&delivered[vector], __ATOMIC_SEQ_CST);

		is_level[vector] = !is_level[vector];
		vlapic_post(&a.v, vector, is_level[vector]);
		while (__atomic_load_n(&delivered[vector], __ATOMIC_SEQ_CST) ==
		       before)
			sched_yield();
	}
	return NULL;
}

static void test_posting_threads(void **state)
{
	pthread_t thread[SENDERS];
	uint32_t total = 0;

	(void)state;
	apic_xapic(&a, 0);
	for (uintptr_t i = 0; i < SENDERS; i++)
		pthread_create(&thread[i], NULL, sender, (void *)i);
	while (total < SENDERS * ROUNDS) {
		int vector;

		if (!pi_desc_on(&a.pi))
			sched_yield();
		vlapic_merge(&a.v);
		while ((vector = vlapic_pending(&a.v)) >= 0) {
			struct vlapic_effect e;

			vlapic_deliver(&a.v, (uint8_t)vector);
			e = vlapic_eoi(&a.v);
			assert_int_equal(e.kind, is_level[vector]
							 ? VLAPIC_EFFECT_EOI
							 : VLAPIC_EFFECT_NONE);
			total++;
			__atomic_fetch_add(&delivered[vector], 1,
					   __ATOMIC_SEQ_CST);
		}
	}
	for (int i = 0; i < SENDERS; i++)
		pthread_join(thread[i], NULL);
	vlapic_merge(&a.v);
	assert_int_equal(vlapic_highest_irr(&a.v), -1);
	assert_int_equal(total, SENDERS * ROUNDS);
}

static void *toggler(void *arg)
{
	uint8_t vector = (uint8_t)(0x40 + (uintptr_t)arg);
	uintptr_t lost = 0;

	for (uint32_t i = 1; i <= 1000000; i++) {
		vlapic_post(&a.v, vector, i & 1);
		lost += bit_of(APIC_TMR, vector) != (i & 1);
	}
	return (void *)lost;
}

/* Nobody undoes what another does to the same word at the same time. */
static void test_trigger_mode_threads(void **state)
{
	pthread_t thread[2];
	void *lost[2];

	(void)state;
	apic_xapic(&a, 0);
	for (uintptr_t i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, toggler, (void *)i);
	for (int i = 0; i < 2; i++) {
		pthread_join(thread[i], &lost[i]);
		assert_null(lost[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept_every_vector),
		cmocka_unit_test(test_post_every_vector),
		cmocka_unit_test(test_dropped_while_disabled),
		cmocka_unit_test(test_ppr),
		cmocka_unit_test(test_eoi),
		cmocka_unit_test(test_handed_over),
		cmocka_unit_test(test_eoi_suppression),
		cmocka_unit_test(test_error_interrupt),
		cmocka_unit_test(test_illegal_error_vector),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_posting_threads),
		cmocka_unit_test(test_trigger_mode_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
