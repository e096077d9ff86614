/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Posting the timer: on a vCPU with posted interrupts the timer's vector is put
 * into PIR when the timer is armed, and the physical timer's own vector is the
 * notification vector, so that the expiry reaches the running guest without an
 * exit.  Late is legal, early is not: any other notification before the deadline
 * would deliver it too early.  So
 *   - whoever posts while it lies there sends a kick, not a notification;
 *   - it is put there only when nobody notified this vCPU for a while, which is
 *     far longer than an IPI is under way;
 *   - a vector that anybody else ever posted to this vCPU is never used;
 *   - processors do not post IPIs by themselves (IPI virtualization).
 * With APIC-timer virtualization the vector need not lie in PIR.
 */
#ifndef VMX_APICV_TIMER_H
#define VMX_APICV_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "vmx/vcpu.h"

/*
 * Before an entry, when the physical timer is about to be armed for
 * v->timer_tsc exactly.  True: arm it with the notification vector.
 */
bool apicv_timer_post(struct vcpu *v);

/* The slow part of apicv_sync(). */
void apicv_timer_unpost(struct vcpu *v);

/*
 * Before anything looks at or changes the APIC's timer, PIR or IRR: what the
 * processor may have done by itself is noted in the model.
 */
static inline void apicv_sync(struct vcpu *v)
{
	if (__builtin_expect(v->pi.timer != 0, 0))
		apicv_timer_unpost(v);
}

/*
 * The guest's time has stood still for so many TSC ticks: its TSC, its deadline
 * and what its timer has left to count are as they were.  Its own CPU.
 */
void apicv_stood_still(struct vcpu *v, uint64_t ticks);

/* The first time that somebody posts it: from here on the timer does not. */
void apicv_timer_announce(struct vcpu *v, uint8_t vector);

static inline bool apicv_timer_is_announced(const struct vcpu *v,
					    uint8_t vector)
{
	return bitmap256_test(&v->posters, vector);
}

/*
 * From any CPU, before an edge-triggered vector, which was announced, is posted
 * in PIR.  True: go on.  False: the vector lies there as the timer's, so leave
 * it in v->edge_posted instead.
 */
static inline bool apicv_timer_may_post(const struct vcpu *v, uint8_t vector)
{
	return __atomic_load_n(&v->pi.timer, __ATOMIC_SEQ_CST) !=
	       (PI_DESC_TIMER_POSTED | (uint64_t)vector);
}

#endif
