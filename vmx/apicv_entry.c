/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes into the guest with the next VM entry: interrupts, NMIs, and the
 * fields that say when to come back for those that wait.  Source: SDM volume 3,
 * "Event Injection" and "APIC Virtualization and Virtual Interrupts".
 */
#include "vmx/apicv.h"

#include "hv/hw/cr_bits.h"
#include "vmx/apicv_timer.h"
#include "vmx/exit.h"
#include "vmx/inject.h"
#include "vmx/machine.h"
#include "vmx/vmcs.h"

#define PRIORITY_CLASS(vector) ((unsigned)(vector) >> 4)

/* ---- what came from outside ---- */

void apicv_add_nmis(struct vcpu *v, uint32_t count)
{
	bool in_service = vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE) &
			  INTERRUPTIBILITY_NMI;
	uint32_t limit = in_service ? 1 : 2;
	uint32_t sum = v->nmi_pending + count;

	v->nmi_pending = (uint8_t)(sum < limit ? sum : limit);
	v->due |= VCPU_DUE_EVENTS;
}

void apicv_accepted(struct vcpu *v, uint8_t vector)
{
	uint32_t status;

	if (!apicv_has_vid(v)) {
		v->due |= VCPU_DUE_EVENTS;
		return;
	}
	/* With the control there is the field: neither can fail. */
	status = (uint32_t)vmx_read_basic(VMCS_GUEST_INTERRUPT_STATUS);
	if ((uint8_t)status < vector)
		vmx_write_basic(VMCS_GUEST_INTERRUPT_STATUS,
				(status & 0xff00) | vector);
}

static void accept_all(struct vcpu *v, unsigned word, uint64_t bits, bool level)
{
	for (; bits; bits &= bits - 1) {
		uint8_t vector = (uint8_t)(word * 64 + __builtin_ctzll(bits));

		bool taken = vlapic_accept(&v->vlapic, vector, level);

		if (level && taken)
			bitmap256_set(&v->eoi_exit, vector);
		else if (level) /* disabled meanwhile: as if never sent */
			machine_eoi(v, vector);
	}
}

/* Level-triggered interrupts are accepted by the target itself, so that the
 * EOI-exit bitmap has their bit before the guest can see them. */
void apicv_take_posted(struct vcpu *v)
{
	for (unsigned word = 0; word < 4; word++) {
		uint64_t *level = &v->level_posted[word];
		uint64_t *edge = &v->edge_posted[word];

		if (!(*level | *edge))
			continue;
		apicv_sync(v);
		accept_all(v, word,
			   __atomic_exchange_n(edge, 0, __ATOMIC_SEQ_CST),
			   false);
		accept_all(v, word,
			   __atomic_exchange_n(level, 0, __ATOMIC_SEQ_CST),
			   true);
		if (apicv_has_vid(v))
			apicv_write_eoi_exit(v);
	}
	v->due |= VCPU_DUE_EVENTS;
}

static void merge(struct vcpu *v)
{
	int vector;

	if (!pi_desc_on(&v->pi))
		return;
	apicv_sync(v);
	vector = vlapic_merge(&v->vlapic);
	if (vector >= 0)
		apicv_accepted(v, (uint8_t)vector);
}

void apicv_lint_raise(struct vcpu *v, unsigned pin)
{
	apicv_sync(v);
	apicv_effect(v, vlapic_lint_raise(&v->vlapic, pin), EXIT_RESUME);
}

/* LINT0, which is high, asks as long as it is, if it is level-sensitive. */
static void look_at_lint0(struct vcpu *v)
{
	if (!vlapic_lint0_wants_level(&v->vlapic))
		return;
	apicv_lint_raise(v, 0);
	apicv_take_posted(v);
}

static bool interrupts_enabled(void)
{
	return vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_IF;
}

/* What LINT0 asks for while it is high; true: an ExtINT. */
static __attribute__((noinline)) bool serve_lint0(struct vcpu *v)
{
	look_at_lint0(v);
	return vlapic_takes_extint(&v->vlapic);
}

bool apicv_has_event(struct vcpu *v)
{
	bool from_8259 = machine_intr(v) && serve_lint0(v);

	merge(v);
	if (v->nmi_pending && !(vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE) &
				INTERRUPTIBILITY_NMI))
		return true;
	if (vlapic_pending(&v->vlapic) < 0 && !from_8259)
		return false;
	return interrupts_enabled();
}

/* ---- what goes in ---- */

static void set_windows(struct vcpu *v, bool interrupt, bool nmi)
{
	if (interrupt == v->interrupt_window && nmi == v->nmi_window)
		return;
	v->interrupt_window = interrupt;
	v->nmi_window = nmi;
	apicv_write_primary(v);
}

/* An exit is wanted when TPR falls so far that the highest request, if there is
 * one, gets in. */
static void set_threshold(struct vcpu *v, int irr)
{
	uint8_t threshold = 0;

	if (irr >= 0 && PRIORITY_CLASS(irr) <= vlapic_cr8_read(&v->vlapic))
		threshold = (uint8_t)PRIORITY_CLASS(irr);
	if (threshold == v->tpr_threshold)
		return;
	v->tpr_threshold = threshold;
	vmcs_write32(VMCS_TPR_THRESHOLD, threshold);
}

/* RVI and SVI follow what software did to VIRR and VISR. */
static void set_interrupt_status(struct vcpu *v)
{
	int irr = vlapic_highest_irr(&v->vlapic);
	int isr = vlapic_highest_isr(&v->vlapic);
	uint16_t status =
		(uint16_t)((isr < 0 ? 0 : isr) << 8 | (irr < 0 ? 0 : irr));

	if (vmcs_read16(VMCS_GUEST_INTERRUPT_STATUS) != status)
		vmcs_write16(VMCS_GUEST_INTERRUPT_STATUS, status);
}

/* NMIs first; true when one is still waiting. */
static bool offer_nmi(struct vcpu *v, uint32_t blocking)
{
	uint32_t closed = INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS |
			  INTERRUPTIBILITY_NMI;

	if (v->nmi_pending && !v->event_injected && !(blocking & closed)) {
		v->nmi_pending--;
		inject_nmi(v);
	}
	return v->nmi_pending;
}

/* Then interrupts that software delivers: vector, if not -1; true when one is
 * still waiting. */
static bool offer_interrupt(struct vcpu *v, uint32_t blocking, int vector,
			    bool from_8259)
{
	uint32_t shadow = INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS;

	if (vector < 0 && !from_8259)
		return false;
	if (v->event_injected || blocking & shadow || !interrupts_enabled())
		return true;
	if (from_8259) {
		inject_interrupt(v, machine_intr_acknowledge(v));
		/* With automatic EOIs the output may stay high. */
		return vector >= 0 || machine_intr(v);
	}
	vlapic_deliver(&v->vlapic, (uint8_t)vector);
	inject_interrupt(v, (uint8_t)vector);
	return false;
}

static __attribute__((noinline)) void offer(struct vcpu *v, int vector,
					    bool from_8259)
{
	uint32_t blocking = vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	bool nmi = offer_nmi(v, blocking);
	bool interrupt = offer_interrupt(v, blocking, vector, from_8259);

	/* Some processors exit for an NMI window inside the STI shadow, again
	 * and again; an interrupt window comes behind it. */
	if (nmi && blocking & INTERRUPTIBILITY_STI)
		set_windows(v, true, false);
	else
		set_windows(v, interrupt, nmi);
}

/* Without virtual-interrupt delivery: the vector that software is to deliver,
 * or -1; the threshold waits for one that TPR holds back. */
static int find_vector(struct vcpu *v)
{
	int irr = vlapic_highest_irr(&v->vlapic);
	int vector = irr < 0 ? -1 : vlapic_pending(&v->vlapic);

	if (apicv_has_tpr_shadow(v))
		set_threshold(v, irr);
	return vector;
}

void apicv_prepare_entry(struct vcpu *v)
{
	int vector = -1;
	bool from_8259;

	merge(v);
	if (!(v->due & VCPU_DUE_EVENTS))
		return;
	from_8259 = machine_intr(v) && serve_lint0(v);
	v->due &= ~(uint32_t)VCPU_DUE_EVENTS;
	if (apicv_has_vid(v))
		set_interrupt_status(v);
	else
		vector = find_vector(v);
	if (vector < 0 && !from_8259 && !v->nmi_pending)
		set_windows(v, false, false);
	else
		offer(v, vector, from_8259);
}

/* ---- exits: what waited may go in now ---- */

enum exit_result exit_tpr_below_threshold(struct vcpu *v)
{
	v->due |= VCPU_DUE_EVENTS;
	return EXIT_RESUME;
}

enum exit_result exit_interrupt_window(struct vcpu *v)
{
	v->due |= VCPU_DUE_EVENTS;
	return EXIT_RESUME;
}

enum exit_result exit_nmi_window(struct vcpu *v)
{
	v->due |= VCPU_DUE_EVENTS;
	return EXIT_RESUME;
}
