/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The posted-interrupt descriptor: where anybody leaves a vector for a vCPU.
 * It is used on every tier (software merges it where the processor does not),
 * so there is one way to send an interrupt to another vCPU.  Pure; all
 * accesses are atomic.  Source: SDM volume 3, "Posted-Interrupt Processing".
 */
#ifndef APIC_PI_DESC_H
#define APIC_PI_DESC_H

#include <stdbool.h>
#include <stdint.h>

struct pi_desc {
	uint64_t pir[4];
	uint32_t control; /* bit 0: ON, bit 1: SN, bits 23:16: NV */
	uint32_t ndst;	  /* APIC ID; in xAPIC mode in bits 15:8 */
	/* Software's own; the processor ignores these bytes. */
	uint64_t timer; /* PI_DESC_TIMER_*: the owner's pre-posted vector */
	uint32_t notified_tsc; /* when ON was last set, the low half */
	uint32_t reserved[3];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct pi_desc) == 64, "one descriptor, one line");

/* In .timer: PIR holds that vector for a time that has not come. */
#define PI_DESC_TIMER_POSTED (1u << 8)
/* Or: the processor delivers it by itself; PIR holds nothing. */
#define PI_DESC_TIMER_VIRTUAL (1u << 9)

#define PI_DESC_ON	      (1u << 0)
#define PI_DESC_SN	      (1u << 1)
#define PI_DESC_NV_SHIFT      16

/* Whom the processor notifies, and how, that posts an IPI by itself. */
static inline void pi_desc_set_target(struct pi_desc *pi, uint8_t vector,
				      uint32_t apic_id, bool x2apic)
{
	pi->control = (uint32_t)vector << PI_DESC_NV_SHIFT;
	pi->ndst = x2apic ? apic_id : apic_id << 8;
}

/* Sets PIR[vector], then ON.  True when ON went from 0 to 1: notify. */
static inline bool pi_desc_post(struct pi_desc *pi, uint8_t vector)
{
	__atomic_fetch_or(&pi->pir[vector / 64], 1ull << (vector % 64),
			  __ATOMIC_SEQ_CST);
	return !(__atomic_fetch_or(&pi->control, PI_DESC_ON, __ATOMIC_SEQ_CST) &
		 PI_DESC_ON);
}

/* True when something was posted since pi_desc_take() last ran. */
static inline bool pi_desc_on(const struct pi_desc *pi)
{
	return __atomic_load_n(&pi->control, __ATOMIC_SEQ_CST) & PI_DESC_ON;
}

/* Clears ON and moves PIR into taken[4]; the owner vCPU's CPU only.  Whatever
 * is posted too late to be taken sets ON again. */
static inline void pi_desc_take(struct pi_desc *pi, uint64_t taken[4])
{
	__atomic_fetch_and(&pi->control, ~PI_DESC_ON, __ATOMIC_SEQ_CST);
	for (int i = 0; i < 4; i++) {
		taken[i] = 0;
		if (__atomic_load_n(&pi->pir[i], __ATOMIC_RELAXED))
			taken[i] = __atomic_exchange_n(&pi->pir[i], 0,
						       __ATOMIC_SEQ_CST);
	}
}

/*
 * "Posting the timer": the owner, in root mode, leaves the timer's vector in PIR
 * before its time, and has the physical timer send the notification vector.
 * False, and nothing changed, when somebody posts meanwhile: a notification
 * under way would deliver it early.  Senders look at .timer after they have set
 * ON, so either they see the vector there or the owner sees ON here.  Nobody
 * else may post that vector; see vmx/apicv_timer.h.
 */
static inline bool pi_desc_post_timer(struct pi_desc *pi, uint8_t vector)
{
	uint64_t bit = 1ull << (vector % 64);
	uint64_t *word = &pi->pir[vector / 64];

	if (__atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST) & bit)
		return false;
	__atomic_store_n(&pi->timer, PI_DESC_TIMER_POSTED | vector,
			 __ATOMIC_SEQ_CST);
	if (!pi_desc_on(pi))
		return true;
	__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
	__atomic_store_n(&pi->timer, 0, __ATOMIC_SEQ_CST);
	return false;
}

/* The owner takes it back; .timer is not 0.  False when the processor has
 * delivered it. */
static inline bool pi_desc_unpost_timer(struct pi_desc *pi)
{
	uint8_t vector = (uint8_t)pi->timer;
	uint64_t bit = 1ull << (vector % 64);
	uint64_t old = __atomic_fetch_and(&pi->pir[vector / 64], ~bit,
					  __ATOMIC_SEQ_CST);

	__atomic_store_n(&pi->timer, 0, __ATOMIC_SEQ_CST);
	return old & bit;
}

#endif
