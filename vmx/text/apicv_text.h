/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU's APIC virtualization at one moment: what the processor has beside
 * what the model has, and where the two differ though they should not.  Pure
 * but for the taking, which reads the current VMCS.
 */
#ifndef VMX_APICV_TEXT_H
#define VMX_APICV_TEXT_H

#include "hv/lib/text.h"
#include "vmx/vcpu.h"

struct apicv_state {
	/* The model, with copies of the page and the descriptor. */
	_Alignas(4096) uint8_t page[4096];
	struct pi_desc pi;
	struct vlapic vlapic;
	uint64_t tsc;
	enum vcpu_state state;

	struct apic_choice wanted, choice;
	struct vmx_controls controls;
	bool stale; /* the next VM entry brings the processor up to date */
	bool interrupt_window, nmi_window;
	uint8_t nmi_pending, tpr_threshold, notification_vector;
	struct bitmap256 eoi_exit, level_posted, edge_posted;
	uint64_t page_hpa, access_hpa, pi_hpa;

	/* The VMCS. */
	struct vmx_controls vmcs;
	struct bitmap256 vmcs_eoi_exit;
	uint64_t vmcs_page_hpa, vmcs_access_hpa, vmcs_pi_hpa;
	uint32_t vmcs_tpr_threshold, interruptibility, entry_event;
	uint16_t vmcs_notification_vector, interrupt_status;
	bool interrupts_enabled; /* RFLAGS.IF */
};

/* On the CPU that runs v, its VMCS current.  tsc: now, by which its timer goes. */
void apicv_text_take(const struct vcpu *v, uint64_t tsc, struct apicv_state *s);

/* The tier with its controls by name, and why it is no higher one; lines. */
void apicv_text_tier(struct text *t, const struct apicv_state *s,
		     const struct vmx_caps *caps, bool x2apic);

/* PIR, RVI and SVI, EOI exits, TPR threshold, and what comes next; lines. */
void apicv_text_processor(struct text *t, const struct apicv_state *s);

/* A line, beginning with '!', for everything that differs and should not; how
 * many these are. */
unsigned apicv_text_differences(struct text *t, const struct apicv_state *s);

/* "delivery -register": the tier with the controls that were added or left
 * out. */
void apicv_text_choice(struct text *t, struct apic_choice choice);

#endif
