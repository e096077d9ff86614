/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bridge between the local APIC's model and the processor; see apicv.h.
 * Source: SDM volume 3, chapter "APIC Virtualization and Virtual Interrupts".
 */
#include "vmx/apicv.h"

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

/* ---- the timer ---- */

static void expire(struct vcpu *v, uint64_t due_tsc, uint64_t now)
{
	uint8_t vector = v->vlapic.lvt_timer & APIC_LVT_VECTOR;

	if (trace_vcpu_on(v))
		trace_vcpu(v, TRACE_TIMER, vector, due_tsc, 0);
	if (vlapic_timer_expire(&v->vlapic, now))
		apicv_accepted(v, vector);
}

static inline void look_at_timer(struct vcpu *v, uint64_t now)
{
	uint64_t next = vlapic_timer_next(&v->vlapic);

	if (next <= now) {
		expire(v, next, now);
		next = vlapic_timer_next(&v->vlapic);
	}
	if (next == v->timer_tsc)
		return; /* nothing to arm anew */
	v->timer_tsc = next;
	v->due |= VCPU_DUE_TIME;
}

void apicv_timer(struct vcpu *v)
{
	apicv_sync(v);
	look_at_timer(v, tsc_read());
}

/* ---- effects ---- */

/*
 * Where software delivers, a lower priority lets in what is in IRR; if nothing
 * is, the windows and the threshold are closed already.  Where the processor
 * does, SVI follows ISR.
 */
static void note_events(struct vcpu *v, uint32_t events)
{
	if (events & VLAPIC_EVENTS_PIN || apicv_has_vid(v) ||
	    !vlapic_irr_is_empty(&v->vlapic))
		v->due |= VCPU_DUE_EVENTS;
}

static __attribute__((noinline)) void accepted_traced(struct vcpu *v,
						      uint8_t vector)
{
	machine_trace_self_ipi(v, vector);
	apicv_accepted(v, vector);
}

static inline void accepted(struct vcpu *v, uint8_t vector)
{
	if (trace_vcpu_on(v))
		accepted_traced(v, vector);
	else
		apicv_accepted(v, vector);
}

/* A write of that register, which has to do with time: most often the timer's. */
static __attribute__((noinline)) enum exit_result perform_timed(
	struct vcpu *v, uint8_t index, enum exit_result success)
{
	struct vlapic_effect effect = {VLAPIC_EFFECT_TIME, index, 0};
	uint64_t now = tsc_read();

	effect = vlapic_effect_at(&v->vlapic, effect, now);
	if (effect.kind != VLAPIC_EFFECT_TIMER)
		return apicv_effect(v, effect, success);
	look_at_timer(v, now);
	return success;
}

static inline __attribute__((always_inline)) enum exit_result perform(
	struct vcpu *v, struct vlapic_effect effect, enum exit_result success)
{
	if (effect.events)
		note_events(v, effect.events);
	switch (effect.kind) {
	case VLAPIC_EFFECT_NONE:
		break;
	case VLAPIC_EFFECT_GP:
		return inject_gp(v);
	case VLAPIC_EFFECT_TIME:
		return perform_timed(v, effect.vector, success);
	case VLAPIC_EFFECT_IPI:
		machine_send(v, &v->vlapic.message);
		break;
	case VLAPIC_EFFECT_ACCEPTED:
		accepted(v, effect.vector);
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
	case VLAPIC_EFFECT_SVR:
		apicv_switch(v);
		apicv_timer(v);
		machine_reach(v);
		break;
	case VLAPIC_EFFECT_REACH:
		machine_reach(v);
		break;
	}
	return success;
}

__attribute__((noinline)) enum exit_result apicv_effect(
	struct vcpu *v, struct vlapic_effect effect, enum exit_result success)
{
	return perform(v, effect, success);
}

/* ---- MSRs ---- */

enum exit_result apicv_wrmsr_deadline(struct vcpu *v, uint64_t value)
{
	uint64_t now = tsc_read();

	apicv_sync(v);
	if (vlapic_deadline_write(&v->vlapic, now, value).kind ==
	    VLAPIC_EFFECT_TIMER)
		look_at_timer(v, now);
	return EXIT_NEXT_INSN;
}

enum exit_result apicv_wrmsr_base(struct vcpu *v, uint64_t value)
{
	apicv_sync(v);
	return apicv_effect(v, vlapic_base_write(&v->vlapic, value),
			    EXIT_NEXT_INSN);
}

/* While the timer is posted. */
static __attribute__((noinline)) enum exit_result wrmsr_x2apic_late(
	struct vcpu *v, uint32_t msr, uint64_t value)
{
	apicv_timer_unpost(v);
	return apicv_wrmsr_x2apic(v, msr, value);
}

enum exit_result apicv_wrmsr_x2apic(struct vcpu *v, uint32_t msr,
				    uint64_t value)
{
	if (__builtin_expect(v->pi.timer != 0, 0))
		return wrmsr_x2apic_late(v, msr, value);
	return perform(v, vlapic_msr_write(&v->vlapic, msr, value),
		       EXIT_NEXT_INSN);
}

bool apicv_msr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
	struct vlapic_effect effect;

	if (msr == MSR_IA32_TSC_DEADLINE) {
		apicv_wrmsr_deadline(v, value);
		return true;
	}
	apicv_sync(v);
	if (msr == MSR_IA32_APIC_BASE)
		effect = vlapic_base_write(&v->vlapic, value);
	else
		effect = vlapic_msr_write(&v->vlapic, msr, value);
	if (effect.kind == VLAPIC_EFFECT_GP)
		return false;
	apicv_effect(v, effect, EXIT_RESUME);
	return true;
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

void apicv_write_eoi_exit(const struct vcpu *v)
{
	vmcs_write64(VMCS_EOI_EXIT_BITMAP_0, v->eoi_exit.word[0]);
	vmcs_write64(VMCS_EOI_EXIT_BITMAP_1, v->eoi_exit.word[1]);
	vmcs_write64(VMCS_EOI_EXIT_BITMAP_2, v->eoi_exit.word[2]);
	vmcs_write64(VMCS_EOI_EXIT_BITMAP_3, v->eoi_exit.word[3]);
}

/* What the controls need beside themselves. */
static void write_apic_fields(struct vcpu *v)
{
	if (apicv_has_tpr_shadow(v)) {
		vmcs_write64(VMCS_VIRTUAL_APIC_ADDRESS,
			     frame_hpa(v->apic_page).value);
		vmcs_write32(VMCS_TPR_THRESHOLD, 0);
		v->tpr_threshold = 0;
	}
	if (v->controls.proc2 & VMX_PROC2_VIRTUALIZE_APIC_ACCESSES)
		vmcs_write64(VMCS_APIC_ACCESS_ADDRESS, v->apic_access.value);
	if (apicv_has_vid(v))
		apicv_write_eoi_exit(v);
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
	vlapic_handed_over(&v->vlapic);
	v->apic = choice_now(v);
	/* Whoever wrote apic_wanted has tried it in both modes. */
	if (!apicv_controls(v->caps, v->apic, x2apic, &v->controls, text,
			    sizeof(text)))
		panic("vCPU %u: %s", v->index, text);
	v->controls.proc2 = cpuid_policy_proc2(v->cpuid, v->controls.proc2);
	if (v->hlt_exits)
		v->controls.proc |= VMX_PROC_HLT_EXITING;
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

/* ---- exits ---- */

enum exit_result exit_apic_write(struct vcpu *v)
{
	uint32_t offset = vmcs_read(VMCS_EXIT_QUALIFICATION) & 0xff0;

	v->exit_row = exit_stats_row(&v->stats, EXIT_STATS_APIC,
				     EXIT_REASON_APIC_WRITE, offset);
	apicv_sync(v);
	return perform(v, vlapic_written(&v->vlapic, offset), EXIT_RESUME);
}

/* The processor has done the EOI; a level-triggered one must be told.  While
 * the guest suppresses the broadcast the bit stays: it may stop doing so. */
enum exit_result exit_virtualized_eoi(struct vcpu *v)
{
	uint8_t vector = (uint8_t)vmcs_read(VMCS_EXIT_QUALIFICATION);
	struct vlapic_effect effect = vlapic_eoi_broadcast(&v->vlapic, vector);

	if (effect.kind == VLAPIC_EFFECT_NONE &&
	    !vlapic_is_level(&v->vlapic, vector)) { /* an edge by now */
		bitmap256_clear(&v->eoi_exit, vector);
		apicv_write_eoi_exit(v);
	}
	return apicv_effect(v, effect, EXIT_RESUME);
}
