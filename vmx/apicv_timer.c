/* SPDX-License-Identifier: BSD-2-Clause */
/* Posting the timer; see apicv_timer.h. */
#include "vmx/apicv_timer.h"

#include "hv/hw/tsc.h"
#include "vmx/apicv_tertiary.h"
#include "vmx/trace_vcpu.h"
#include "vmx/vmcs.h"

/*
 * Is a notification so long ago that none can be under way?  A sender's TSC may
 * be the later one, by when it was read or by how the CPUs' differ: so much to
 * either side is too near.
 */
static bool is_quiet(const struct vcpu *v)
{
	uint32_t notified =
		__atomic_load_n(&v->pi.notified_tsc, __ATOMIC_RELAXED);

	return (uint32_t)(tsc_read() + v->quiet_tsc) - notified >=
	       2 * v->quiet_tsc;
}

static bool post(struct vcpu *v, uint8_t vector)
{
	bool posted;

	/* A processor that posts IPIs itself does not look at .timer. */
	if (v->controls.proc3 & VMX_PROC3_IPI_VIRTUALIZATION || !is_quiet(v))
		return false;
	spin_lock(&v->posters_lock);
	posted = !bitmap256_test(&v->posters, vector) &&
		 pi_desc_post_timer(&v->pi, vector);
	spin_unlock(&v->posters_lock);
	return posted;
}

bool apicv_timer_post(struct vcpu *v)
{
	uint8_t vector;

	if (!(v->controls.pin & VMX_PIN_POSTED_INTERRUPTS) || v->pi.timer ||
	    !vlapic_timer_postable(&v->vlapic, &vector))
		return false;
	if (v->controls.proc3 & VMX_PROC3_APIC_TIMER_VIRTUALIZATION) {
		apicv_tertiary_arm(v, vector);
		v->pi.timer = PI_DESC_TIMER_VIRTUAL;
	} else if (!post(v, vector)) {
		return false;
	}
	if (trace_vcpu_on(v))
		trace_vcpu(v, TRACE_TIMER_POST, vector, v->timer_tsc, 0);
	return true;
}

/* Takes the vector back; false: it was delivered. */
static bool take_back(struct vcpu *v)
{
	if (v->pi.timer != PI_DESC_TIMER_VIRTUAL)
		return pi_desc_unpost_timer(&v->pi);
	v->pi.timer = 0;
	return apicv_tertiary_disarm();
}

void apicv_timer_unpost(struct vcpu *v)
{
	v->armed_tsc = 0; /* to be armed again, perhaps for an exit */
	v->due |= VCPU_DUE_TIME;
	if (take_back(v))
		return;
	/* Nobody else notifies meanwhile, so it was the timer's notification
	 * that did it, and none is under way any more. */
	v->notify_tsc = UINT64_MAX;
	vlapic_timer_delivered(&v->vlapic);
	v->timer_tsc = vlapic_timer_next(&v->vlapic);
}

void apicv_stood_still(struct vcpu *v, uint64_t ticks)
{
	apicv_sync(v);
	vlapic_stood_still(&v->vlapic, ticks);
	vmcs_write64(VMCS_TSC_OFFSET, v->vlapic.tsc_offset);
	v->timer_tsc = vlapic_timer_next(&v->vlapic);
	v->due |= VCPU_DUE_TIME;
}

void apicv_timer_announce(struct vcpu *v, uint8_t vector)
{
	spin_lock(&v->posters_lock);
	bitmap256_set(&v->posters, vector);
	spin_unlock(&v->posters_lock);
}
