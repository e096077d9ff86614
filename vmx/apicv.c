/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bridge between the local APIC's model and the processor; see apicv.h.
 * Source: SDM volume 3, chapter "APIC Virtualization and Virtual Interrupts".
 */
#include "vmx/apicv.h"

#include "hv/hw/cr_bits.h"
#include "hv/hw/tsc.h"
#include "hv/lib/panic.h"
#include "mm/frame.h"
#include "vmx/apicv_tertiary.h"
#include "vmx/apicv_timer.h"
#include "vmx/exit.h"
#include "vmx/inject.h"
#include "vmx/machine.h"
#include "vmx/trace_vcpu.h"
#include "vmx/vmcs.h"

#define PRIORITY_CLASS(vector) ((unsigned)(vector) >> 4)

static bool has_tpr_shadow(const struct vcpu *v)
{
	return v->controls.proc & VMX_PROC_TPR_SHADOW;
}

static bool has_vid(const struct vcpu *v)
{
	return v->controls.proc2 & VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;
}

/* ---- effects ---- */

enum exit_result apicv_effect(struct vcpu *v, struct vlapic_effect effect,
			      enum exit_result success)
{
	v->due |= VCPU_DUE_EVENTS;
	switch (effect.kind) {
	case VLAPIC_EFFECT_NONE:
		break;
	case VLAPIC_EFFECT_GP:
		return inject_gp(v);
	case VLAPIC_EFFECT_IPI:
		machine_send(v, &effect.message);
		break;
	case VLAPIC_EFFECT_TIMER:
		apicv_timer(v);
		break;
	case VLAPIC_EFFECT_EOI:
		machine_eoi(v, effect.vector);
		break;
	case VLAPIC_EFFECT_BASE:
		apicv_configure(v);
		machine_reach(v);
		break;
	case VLAPIC_EFFECT_REACH:
		machine_reach(v);
		break;
	}
	return success;
}

void apicv_timer(struct vcpu *v)
{
	apicv_sync(v);
	v->due |= VCPU_DUE_TIME;
	v->timer_tsc = vlapic_timer_next(&v->vlapic);
	if (v->timer_tsc == VLAPIC_NEVER || v->timer_tsc > tsc_read())
		return;
	if (trace_vcpu_on(v))
		trace_vcpu(v, TRACE_TIMER,
			   v->vlapic.lvt_timer & APIC_LVT_VECTOR, v->timer_tsc,
			   0);
	vlapic_timer_expire(&v->vlapic, tsc_read());
	v->due |= VCPU_DUE_EVENTS;
	v->timer_tsc = vlapic_timer_next(&v->vlapic);
}

/* ---- controls, by tier and mode ---- */

/* The controls of a mask, in the words that they belong to. */
static struct vmx_controls words_of(unsigned mask, bool x2apic)
{
	struct vmx_controls words = {0};

	if (mask & APIC_CONTROL_TPR_SHADOW)
		words.proc |= VMX_PROC_TPR_SHADOW;
	if (mask & APIC_CONTROL_ACCESS_PAGE)
		words.proc2 |= x2apic ? VMX_PROC2_VIRTUALIZE_X2APIC_MODE
				      : VMX_PROC2_VIRTUALIZE_APIC_ACCESSES;
	if (mask & APIC_CONTROL_REGISTER)
		words.proc2 |= VMX_PROC2_APIC_REGISTER_VIRTUALIZATION;
	if (mask & APIC_CONTROL_DELIVERY)
		words.proc2 |= VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;
	if (mask & APIC_CONTROL_POSTED)
		words.pin |= VMX_PIN_POSTED_INTERRUPTS;
	return words;
}

bool apicv_controls(const struct vmx_caps *caps, struct apic_choice choice,
		    bool x2apic, struct vmx_controls *controls, char *text,
		    size_t size)
{
	struct vmx_wish wish = {
		.tier = choice.tier,
		.x2apic = x2apic,
		.on = words_of(choice.on, x2apic),
		.off = words_of(choice.off, x2apic),
	};

	return vmx_caps_controls(caps, &wish, controls, text, size);
}

/*
 * What may be virtualized in the APIC's present state.  Disabled: nothing but
 * TPR, by way of CR8.  Software-disabled: nothing that accepts an interrupt
 * without asking software.
 */
static struct apic_choice choice_now(const struct vcpu *v)
{
	struct apic_choice choice = v->apic_wanted;
	unsigned without = 0;

	if (vlapic_mode(&v->vlapic) == VLAPIC_MODE_DISABLED)
		without = APIC_CONTROL_ALL & ~APIC_CONTROL_TPR_SHADOW;
	else if (!vlapic_accepts(&v->vlapic))
		without = APIC_CONTROL_DELIVERY | APIC_CONTROL_POSTED;
	choice.on &= (uint8_t)~without;
	choice.off |= (uint8_t)without;
	return choice;
}

static bool same_choice(struct apic_choice a, struct apic_choice b)
{
	return a.tier == b.tier && a.on == b.on && a.off == b.off;
}

static void flush_view(struct vcpu *v, const struct ept_view *view)
{
	uint64_t eptp = ept_view_pointer(view);

	if (v->caps->ept_vpid & VMX_EPT_INVEPT_SINGLE_CONTEXT)
		ASSERT(vmx_invept(VMX_INVEPT_SINGLE_CONTEXT, eptp));
	else
		ASSERT(vmx_invept(VMX_INVEPT_ALL_CONTEXTS, 0));
}

static void configure_view(struct vcpu *v, struct ept_view *view)
{
	unsigned perms = 0;

	if (vlapic_mode(&v->vlapic) == VLAPIC_MODE_XAPIC) {
		/* Not executable: a fetch is an EPT violation. */
		if (v->controls.proc2 & VMX_PROC2_VIRTUALIZE_APIC_ACCESSES)
			perms = EPT_READ | EPT_WRITE;
		ept_view_set_page(view, gpa(vlapic_base_address(&v->vlapic)),
				  v->apic_access, perms, MEMORY_TYPE_WB);
	} else {
		ept_view_clear(view);
	}
	flush_view(v, view);
}

void apicv_show(struct vcpu *v, const struct ept *ept)
{
	v->hidden_view.base = ept;
	configure_view(v, &v->hidden_view);
}

static void write_eoi_exit(struct vcpu *v)
{
	vmcs_write64(VMCS_EOI_EXIT_BITMAP_0, v->eoi_exit.word[0]);
	vmcs_write64(VMCS_EOI_EXIT_BITMAP_1, v->eoi_exit.word[1]);
	vmcs_write64(VMCS_EOI_EXIT_BITMAP_2, v->eoi_exit.word[2]);
	vmcs_write64(VMCS_EOI_EXIT_BITMAP_3, v->eoi_exit.word[3]);
}

/* What the controls need beside themselves. */
static void write_apic_fields(struct vcpu *v)
{
	if (has_tpr_shadow(v)) {
		vmcs_write64(VMCS_VIRTUAL_APIC_ADDRESS,
			     frame_hpa(v->apic_page).value);
		vmcs_write32(VMCS_TPR_THRESHOLD, 0);
		v->tpr_threshold = 0;
	}
	if (v->controls.proc2 & VMX_PROC2_VIRTUALIZE_APIC_ACCESSES)
		vmcs_write64(VMCS_APIC_ACCESS_ADDRESS, v->apic_access.value);
	if (has_vid(v))
		write_eoi_exit(v);
	if (v->controls.pin & VMX_PIN_POSTED_INTERRUPTS) {
		vmcs_write64(VMCS_POSTED_INTERRUPT_DESCRIPTOR_ADDRESS,
			     frame_hpa(&v->pi).value);
		vmcs_write16(VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR,
			     v->notification_vector);
	}
}

void apicv_write_primary(const struct vcpu *v)
{
	uint32_t proc = v->controls.proc | v->debug.proc;

	if (v->interrupt_window)
		proc |= VMX_PROC_INTERRUPT_WINDOW_EXITING;
	if (v->nmi_window)
		proc |= VMX_PROC_NMI_WINDOW_EXITING;
	vmcs_write32(VMCS_PRIMARY_CONTROLS, proc);
}

void apicv_configure(struct vcpu *v)
{
	bool x2apic = vlapic_mode(&v->vlapic) == VLAPIC_MODE_X2APIC;
	char text[160];

	apicv_sync(v);
	v->apic = choice_now(v);
	/* Whoever wrote apic_wanted has tried it in both modes. */
	if (!apicv_controls(v->caps, v->apic, x2apic, &v->controls, text,
			    sizeof(text)))
		panic("vCPU %u: %s", v->index, text);
	v->controls.proc2 = cpuid_policy_proc2(v->cpuid, v->controls.proc2);
	msr_bitmap_x2apic(v->msr_bitmap, &v->controls);
	vmcs_write32(VMCS_PIN_BASED_CONTROLS, v->controls.pin);
	v->interrupt_window = v->nmi_window = false;
	apicv_write_primary(v);
	vmcs_write32(VMCS_SECONDARY_CONTROLS, v->controls.proc2);
	write_apic_fields(v);
	apicv_tertiary_write(v);
	configure_view(v, &v->view);
	if (v->debug.hiding)
		configure_view(v, &v->hidden_view);
	v->due |= VCPU_DUE_EVENTS;
}

void apicv_switch(struct vcpu *v)
{
	if (!same_choice(v->apic, choice_now(v)))
		apicv_configure(v);
}

/* ---- what goes in at the next entry ---- */

void apicv_add_nmis(struct vcpu *v, uint32_t count)
{
	bool in_service = vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE) &
			  INTERRUPTIBILITY_NMI;
	uint32_t limit = in_service ? 1 : 2;
	uint32_t sum = v->nmi_pending + count;

	v->nmi_pending = (uint8_t)(sum < limit ? sum : limit);
	v->due |= VCPU_DUE_EVENTS;
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
static void take_posted(struct vcpu *v)
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
		if (has_vid(v))
			write_eoi_exit(v);
	}
}

static void merge(struct vcpu *v)
{
	if (pi_desc_on(&v->pi)) {
		apicv_sync(v);
		vlapic_merge(&v->vlapic);
		v->due |= VCPU_DUE_EVENTS;
	}
}

void apicv_lint_raise(struct vcpu *v, unsigned pin)
{
	apicv_sync(v);
	apicv_effect(v, vlapic_lint_raise(&v->vlapic, pin), EXIT_RESUME);
}

/* LINT0 asks as long as it is high, if it is level-sensitive. */
static void look_at_lint0(struct vcpu *v)
{
	if (vlapic_lint0_wants_level(&v->vlapic) && machine_intr(v))
		apicv_lint_raise(v, 0);
}

static bool extint(struct vcpu *v)
{
	return machine_intr(v) && vlapic_takes_extint(&v->vlapic);
}

static bool interrupts_enabled(void)
{
	return vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_IF;
}

bool apicv_has_event(struct vcpu *v)
{
	uint32_t nmi_blocked = INTERRUPTIBILITY_NMI;

	merge(v);
	look_at_lint0(v);
	take_posted(v);
	if (v->nmi_pending &&
	    !(vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE) & nmi_blocked))
		return true;
	if (vlapic_pending(&v->vlapic) < 0 && !extint(v))
		return false;
	return interrupts_enabled();
}

static void set_windows(struct vcpu *v, bool interrupt, bool nmi)
{
	if (interrupt == v->interrupt_window && nmi == v->nmi_window)
		return;
	v->interrupt_window = interrupt;
	v->nmi_window = nmi;
	apicv_write_primary(v);
}

/* An exit is wanted when TPR falls so far that the highest request gets in. */
static void set_threshold(struct vcpu *v)
{
	int irr = vlapic_highest_irr(&v->vlapic);
	unsigned tpr = vlapic_cr8_read(&v->vlapic);
	uint8_t threshold = 0;

	if (irr >= 0 && PRIORITY_CLASS(irr) <= tpr)
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

/* Then interrupts that software delivers; true when one is still waiting. */
static bool offer_interrupt(struct vcpu *v, uint32_t blocking)
{
	uint32_t shadow = INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS;
	bool from_8259 = extint(v);
	int vector = has_vid(v) ? -1 : vlapic_pending(&v->vlapic);

	if (vector < 0 && !from_8259)
		return false;
	if (v->event_injected || blocking & shadow || !interrupts_enabled())
		return true;
	if (from_8259) {
		inject_interrupt(v, machine_intr_acknowledge(v));
		return vector >= 0;
	}
	vlapic_deliver(&v->vlapic, (uint8_t)vector);
	inject_interrupt(v, (uint8_t)vector);
	return false;
}

void apicv_before_entry(struct vcpu *v)
{
	uint32_t blocking;
	bool nmi, interrupt;

	merge(v);
	if (__builtin_expect(!(v->due & VCPU_DUE_EVENTS), 1))
		return;
	apicv_switch(v); /* SVR's enable bit may have changed */
	look_at_lint0(v);
	v->due &= ~(uint32_t)VCPU_DUE_EVENTS;
	take_posted(v);
	blocking = vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	nmi = offer_nmi(v, blocking);
	interrupt = offer_interrupt(v, blocking);
	/* Some processors exit for an NMI window inside the STI shadow, again
	 * and again; an interrupt window comes behind it. */
	if (nmi && blocking & INTERRUPTIBILITY_STI)
		set_windows(v, true, false);
	else
		set_windows(v, interrupt, nmi);
	if (has_vid(v))
		set_interrupt_status(v);
	else if (has_tpr_shadow(v))
		set_threshold(v);
}

/* ---- exits ---- */

enum exit_result exit_apic_write(struct vcpu *v)
{
	uint32_t offset = vmcs_read(VMCS_EXIT_QUALIFICATION) & 0xff0;

	v->exit_row = exit_stats_row(&v->stats, EXIT_STATS_APIC,
				     EXIT_REASON_APIC_WRITE, offset);
	apicv_sync(v);
	return apicv_effect(v, vlapic_written(&v->vlapic, offset, tsc_read()),
			    EXIT_RESUME);
}

enum exit_result exit_tpr_below_threshold(struct vcpu *v)
{
	v->due |= VCPU_DUE_EVENTS;
	return EXIT_RESUME;
}

/* The processor has done the EOI; a level-triggered one must be told.  While
 * the guest suppresses the broadcast the bit stays: it may stop doing so. */
enum exit_result exit_virtualized_eoi(struct vcpu *v)
{
	uint8_t vector = (uint8_t)vmcs_read(VMCS_EXIT_QUALIFICATION);

	if (!vlapic_is_level(&v->vlapic, vector)) { /* edge-triggered by now */
		bitmap256_clear(&v->eoi_exit, vector);
		write_eoi_exit(v);
	}
	return apicv_effect(v, vlapic_eoi_broadcast(&v->vlapic, vector),
			    EXIT_RESUME);
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
