/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bridge between the local APIC's model and the processor: it performs the
 * effects that the model returns, sets the VMCS up for the tier and the mode,
 * and decides before each entry which interrupt goes in.  For the CPU that
 * runs the vCPU, its VMCS current.
 */
#ifndef VMX_APICV_H
#define VMX_APICV_H

#include "apic/vlapic.h"
#include "vmx/vcpu.h"

/* Performs an effect; success is what the handler answers if nothing faults. */
enum exit_result apicv_effect(struct vcpu *v, struct vlapic_effect effect,
			      enum exit_result success);

/* WRMSR of 800H-8FFH, and of IA32_APIC_BASE and IA32_TSC_DEADLINE: the exit; and
 * of all of them for others (false: #GP(0), which is theirs to inject). */
enum exit_result apicv_wrmsr_x2apic(struct vcpu *v, uint32_t msr,
				    uint64_t value);
enum exit_result apicv_wrmsr_base(struct vcpu *v, uint64_t value);
enum exit_result apicv_wrmsr_deadline(struct vcpu *v, uint64_t value);
bool apicv_msr_write(struct vcpu *v, uint32_t msr, uint64_t value);

/*
 * Controls, MSR bitmap and this vCPU's view of guest-physical memory as its
 * tier and its APIC's mode and base ask, with the INVEPT that goes with it.
 */
void apicv_configure(struct vcpu *v);

/* Makes v->hidden_view, which has its tables, a view of that map. */
void apicv_show(struct vcpu *v, const struct ept *ept);

/*
 * The controls of a choice: tier never APIC_TIER_AUTO.  x2apic: for that mode
 * of the APIC, else for xAPIC mode.  False with a sentence when the processor
 * lacks something or the choice breaks a rule of the SDM.
 */
bool apicv_controls(const struct vmx_caps *caps, struct apic_choice choice,
		    bool x2apic, struct vmx_controls *controls, char *text,
		    size_t size);

/*
 * Switches this vCPU to v->apic_wanted, which must be possible in both modes;
 * the APIC's state is kept.
 */
void apicv_switch(struct vcpu *v);

static inline bool apicv_has_tpr_shadow(const struct vcpu *v)
{
	return v->controls.proc & VMX_PROC_TPR_SHADOW;
}

/* Virtual-interrupt delivery: the processor owns IRR and ISR meanwhile. */
static inline bool apicv_has_vid(const struct vcpu *v)
{
	return v->controls.proc2 & VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;
}

/* v->eoi_exit as it is now. */
void apicv_write_eoi_exit(const struct vcpu *v);

/* The timer's deadline may have changed: fires it if it is past. */
void apicv_timer(struct vcpu *v);

/* The primary controls, with the windows that are open and what a debugger
 * needs. */
void apicv_write_primary(const struct vcpu *v);

/* ---- vmx/apicv_entry.c: what goes in ---- */

/* Software has put vector into IRR, after apicv_sync(). */
void apicv_accepted(struct vcpu *v, uint8_t vector);

/* Takes what lies in level_posted and edge_posted: VCPU_REQUEST_EVENT. */
void apicv_take_posted(struct vcpu *v);

/* True when v has something to wake up for. */
bool apicv_has_event(struct vcpu *v);

/* Brings the entry's event field, windows, threshold and RVI and SVI up to
 * date. */
void apicv_prepare_entry(struct vcpu *v);

/* The same, when there is anything to do at all. */
static inline void apicv_before_entry(struct vcpu *v)
{
	if (v->due & VCPU_DUE_EVENTS || pi_desc_on(&v->pi))
		apicv_prepare_entry(v);
}

/* count NMIs more for the guest. */
void apicv_add_nmis(struct vcpu *v, uint32_t count);

/* The local pin (0: LINT0, 1: LINT1) rose. */
void apicv_lint_raise(struct vcpu *v, unsigned pin);

#endif
