/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual APIC timer: one-shot, periodic and TSC-deadline mode.  Pure: time
 * comes in as an argument, and vlapic_timer_next() says when to come back.
 * Source: SDM volume 3, "APIC Timer" and "TSC-Deadline Mode".
 *
 * An expiry passes when its time has come, whether or not anybody looked: it is
 * settled, under the LVT entry that held at that time, before anything about
 * the timer changes.
 */
#include "apic/vlapic_page.h"

static bool is_deadline_mode(uint32_t lvt)
{
	return (lvt & APIC_LVT_TIMER_MODE) == APIC_LVT_TIMER_TSC_DEADLINE;
}

static bool is_periodic_mode(uint32_t lvt)
{
	return (lvt & APIC_LVT_TIMER_MODE) == APIC_LVT_TIMER_PERIODIC;
}

/* TSC ticks per count, at most 2^31. */
static uint64_t ticks_per_count(const struct vlapic *v)
{
	return (uint64_t)v->timer_ratio << v->timer_shift;
}

static void stop(struct vlapic *v)
{
	v->expiry_tsc = VLAPIC_NEVER;
	v->period_tsc = 0;
	v->deadline = 0;
}

/* Steps past what has expired at tsc.  True when that is an interrupt. */
static bool expire(struct vlapic *v, uint64_t tsc)
{
	if (tsc < v->expiry_tsc)
		return false;
	if (is_periodic_mode(v->lvt_timer) && v->period_tsc) {
		uint64_t missed = (tsc - v->expiry_tsc) / v->period_tsc;

		v->expiry_tsc += (missed + 1) * v->period_tsc;
	} else {
		stop(v);
	}
	return !(v->lvt_timer & APIC_LVT_MASK);
}

/* An entry that is not masked shows that the APIC was software-enabled then,
 * though the processor may by now have written SVR. */
static __attribute__((noinline)) void settle_late(struct vlapic *v,
						  uint64_t tsc)
{
	uint8_t vector = v->lvt_timer & APIC_LVT_VECTOR;

	if (expire(v, tsc))
		vlapic_post_accepted(v, vector, false);
}

static inline void settle(struct vlapic *v, uint64_t tsc)
{
	if (__builtin_expect(tsc >= v->expiry_tsc, 0))
		settle_late(v, tsc);
}

bool vlapic_timer_expire(struct vlapic *v, uint64_t tsc)
{
	uint8_t vector = v->lvt_timer & APIC_LVT_VECTOR;

	return expire(v, tsc) && vlapic_accept(v, vector, false) &&
	       vector >= APIC_VECTOR_FIRST_LEGAL;
}

bool vlapic_timer_waits(const struct vlapic *v)
{
	uint8_t vector = v->lvt_timer & APIC_LVT_VECTOR;

	return is_periodic_mode(v->lvt_timer) &&
	       vlapic_page_read(v, APIC_IRR + vlapic_vector_word(vector)) &
		       vlapic_vector_bit(vector);
}

bool vlapic_timer_postable(const struct vlapic *v, uint8_t *vector)
{
	*vector = v->lvt_timer & APIC_LVT_VECTOR;
	return v->expiry_tsc != VLAPIC_NEVER &&
	       *vector >= APIC_VECTOR_FIRST_LEGAL &&
	       !(v->lvt_timer & APIC_LVT_MASK) &&
	       !is_periodic_mode(v->lvt_timer) && vlapic_accepts(v);
}

void vlapic_timer_delivered(struct vlapic *v)
{
	stop(v);
}

void vlapic_timer_reset(struct vlapic *v)
{
	stop(v);
	v->lvt_timer = APIC_LVT_MASK;
	v->timer_shift = 1;
}

struct vlapic_effect vlapic_timer_lvt_written(struct vlapic *v, uint64_t tsc)
{
	uint32_t lvt = vlapic_page_read(v, APIC_LVT_TIMER);

	settle(v, tsc);
	if (is_deadline_mode(lvt) != is_deadline_mode(v->lvt_timer)) {
		stop(v);
		vlapic_page_write(v, APIC_INITIAL_COUNT, 0);
	}
	v->lvt_timer = lvt;
	return vlapic_effect_of(VLAPIC_EFFECT_TIMER);
}

struct vlapic_effect vlapic_timer_initial_count_written(struct vlapic *v,
							uint64_t tsc)
{
	uint32_t count = vlapic_page_read(v, APIC_INITIAL_COUNT);

	settle(v, tsc);
	if (is_deadline_mode(v->lvt_timer)) {
		/* Ignored; the mode change left 0 there. */
		vlapic_page_write(v, APIC_INITIAL_COUNT, 0);
		return vlapic_effect_of(VLAPIC_EFFECT_TIMER);
	}
	stop(v);
	if (count) {
		v->period_tsc = count * ticks_per_count(v);
		v->expiry_tsc = tsc + v->period_tsc;
	}
	return vlapic_effect_of(VLAPIC_EFFECT_TIMER);
}

/* The count goes on from where it is, at the new rate. */
struct vlapic_effect vlapic_timer_divide_written(struct vlapic *v, uint64_t tsc)
{
	uint32_t divide = vlapic_page_read(v, APIC_DIVIDE_CONFIGURATION);
	uint64_t left, initial;

	settle(v, tsc);
	left = vlapic_timer_current_count(v, tsc);
	initial = v->period_tsc / ticks_per_count(v);
	/* Bits 3, 1, 0: 0 divides by 2, 6 by 128, 7 by 1. */
	divide = (divide & 3) | (divide >> 1 & 4);
	v->timer_shift = (uint8_t)((divide + 1) & 7);
	if (left) {
		v->period_tsc = initial * ticks_per_count(v);
		v->expiry_tsc = tsc + left * ticks_per_count(v);
	}
	return vlapic_effect_of(VLAPIC_EFFECT_TIMER);
}

uint32_t vlapic_timer_current_count(const struct vlapic *v, uint64_t tsc)
{
	uint64_t left = 0;

	if (is_deadline_mode(v->lvt_timer) || v->expiry_tsc == VLAPIC_NEVER)
		return 0;
	if (tsc < v->expiry_tsc)
		left = v->expiry_tsc - tsc;
	else if (is_periodic_mode(v->lvt_timer) && v->period_tsc)
		left = v->period_tsc - (tsc - v->expiry_tsc) % v->period_tsc;
	return (uint32_t)((left + ticks_per_count(v) - 1) / ticks_per_count(v));
}

static void arm_deadline(struct vlapic *v, uint64_t tsc)
{
	uint64_t now = tsc + v->tsc_offset;

	if (!v->deadline)
		v->expiry_tsc = VLAPIC_NEVER;
	else if (v->deadline <= now)
		v->expiry_tsc = tsc;
	else if (__builtin_add_overflow(tsc, v->deadline - now, &v->expiry_tsc))
		v->expiry_tsc = VLAPIC_NEVER;
}

uint64_t vlapic_deadline_read(struct vlapic *v, uint64_t tsc)
{
	/* What has expired is disarmed, also before it was settled. */
	return tsc < v->expiry_tsc ? v->deadline : 0;
}

struct vlapic_effect vlapic_deadline_write(struct vlapic *v, uint64_t tsc,
					   uint64_t value)
{
	if (!is_deadline_mode(v->lvt_timer))
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	settle(v, tsc);
	v->deadline = value;
	arm_deadline(v, tsc);
	return vlapic_effect_of(VLAPIC_EFFECT_TIMER);
}

void vlapic_set_tsc_offset(struct vlapic *v, uint64_t tsc, uint64_t offset)
{
	settle(v, tsc);
	v->tsc_offset = offset;
	if (is_deadline_mode(v->lvt_timer))
		arm_deadline(v, tsc);
}

void vlapic_stood_still(struct vlapic *v, uint64_t ticks)
{
	v->tsc_offset -= ticks;
	if (__builtin_add_overflow(v->expiry_tsc, ticks, &v->expiry_tsc))
		v->expiry_tsc = VLAPIC_NEVER;
}
