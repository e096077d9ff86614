/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * APIC virtualization in words; see apicv_text.h.  Source: SDM volume 3,
 * chapter "APIC Virtualization and Virtual Interrupts".
 */
#include "vmx/text/apicv_text.h"

#include "apic/vlapic_text.h"
#include "hv/hw/cr_bits.h"
#include "hv/lib/string.h"
#include "mm/frame.h"
#include "vmx/text/exit_text.h"
#include "vmx/inject.h"
#include "vmx/vmcs.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define CLASS(vector) ((unsigned)(vector) >> 4)
/* A sender sets PIR, then ON; we may look in between. */
#define LOOKS_FOR_ON 1000

static const char *const tier_names[] = APIC_TIER_NAMES;

static bool has_tpr_shadow(const struct apicv_state *s)
{
	return s->controls.proc & VMX_PROC_TPR_SHADOW;
}

static bool has_vid(const struct apicv_state *s)
{
	return s->controls.proc2 & VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;
}

static bool has_posted(const struct apicv_state *s)
{
	return s->controls.pin & VMX_PIN_POSTED_INTERRUPTS;
}

/* ---- taking ---- */

/* PIR without what lies there for a time that has not come. */
static struct bitmap256 posted(const struct pi_desc *pi)
{
	struct bitmap256 set;

	for (unsigned i = 0; i < 4; i++)
		set.word[i] = pi->pir[i];
	if (pi->timer & PI_DESC_TIMER_POSTED)
		bitmap256_clear(&set, (uint8_t)pi->timer);
	return set;
}

static bool is_on(const struct pi_desc *pi)
{
	return pi->control & PI_DESC_ON;
}

static void take_pi(const struct vcpu *v, struct pi_desc *pi)
{
	for (unsigned look = 0; look < LOOKS_FOR_ON; look++) {
		struct bitmap256 set;

		for (unsigned i = 0; i < 4; i++)
			pi->pir[i] = __atomic_load_n(&v->pi.pir[i],
						     __ATOMIC_SEQ_CST);
		pi->control = __atomic_load_n(&v->pi.control, __ATOMIC_SEQ_CST);
		pi->ndst = v->pi.ndst;
		pi->timer = v->pi.timer;
		set = posted(pi);
		if (is_on(pi) || bitmap256_highest(&set) < 0)
			return;
		__builtin_ia32_pause();
	}
}

static void take_vmcs(struct apicv_state *s)
{
	s->vmcs.pin = vmcs_read32(VMCS_PIN_BASED_CONTROLS);
	s->vmcs.proc = vmcs_read32(VMCS_PRIMARY_CONTROLS);
	s->vmcs.proc2 = vmcs_read32(VMCS_SECONDARY_CONTROLS);
	s->interruptibility = vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	s->entry_event = vmcs_read32(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION);
	s->interrupts_enabled = vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_IF;
	if (has_tpr_shadow(s)) {
		s->vmcs_page_hpa = vmcs_read64(VMCS_VIRTUAL_APIC_ADDRESS);
		s->vmcs_tpr_threshold = vmcs_read32(VMCS_TPR_THRESHOLD);
	}
	if (s->controls.proc2 & VMX_PROC2_VIRTUALIZE_APIC_ACCESSES)
		s->vmcs_access_hpa = vmcs_read64(VMCS_APIC_ACCESS_ADDRESS);
	if (has_vid(s)) {
		s->interrupt_status = vmcs_read16(VMCS_GUEST_INTERRUPT_STATUS);
		for (uint32_t i = 0; i < 4; i++)
			s->vmcs_eoi_exit.word[i] =
				vmx_read(VMCS_EOI_EXIT_BITMAP_0 + 2 * i);
	}
	if (has_posted(s)) {
		s->vmcs_pi_hpa =
			vmcs_read64(VMCS_POSTED_INTERRUPT_DESCRIPTOR_ADDRESS);
		s->vmcs_notification_vector =
			vmcs_read16(VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR);
	}
}

void apicv_text_take(const struct vcpu *v, uint64_t tsc, struct apicv_state *s)
{
	/* No copy of it fits the stack well. */
	memset(s, 0, sizeof(*s));
	s->vlapic = v->vlapic;
	s->tsc = tsc;
	s->state = v->state;
	s->wanted = v->apic_wanted;
	s->choice = v->apic;
	s->controls = v->controls;
	s->stale = v->due & VCPU_DUE_EVENTS;
	s->interrupt_window = v->interrupt_window;
	s->nmi_window = v->nmi_window;
	s->nmi_pending = v->nmi_pending;
	s->tpr_threshold = v->tpr_threshold;
	s->notification_vector = v->notification_vector;
	s->eoi_exit = v->eoi_exit;
	s->page_hpa = frame_hpa(v->apic_page).value;
	s->access_hpa = v->apic_access.value;
	s->pi_hpa = frame_hpa(&v->pi).value;
	memcpy(s->page, v->apic_page, sizeof(s->page));
	s->vlapic.page = s->page;
	s->vlapic.pi = &s->pi;
	take_pi(v, &s->pi);
	for (unsigned i = 0; i < 4; i++) {
		s->level_posted.word[i] =
			__atomic_load_n(&v->level_posted[i], __ATOMIC_SEQ_CST);
		s->edge_posted.word[i] =
			__atomic_load_n(&v->edge_posted[i], __ATOMIC_SEQ_CST);
	}
	take_vmcs(s);
}

/* ---- the tier ---- */

void apicv_text_choice(struct text *t, struct apic_choice choice)
{
	text_add(t, "%s",
		 tier_names[choice.tier < APIC_TIER_COUNT ? choice.tier
							  : APIC_TIER_AUTO]);
	for (unsigned i = 0; i < APIC_CONTROL_COUNT; i++) {
		/* The control of tier i + 1 bears its name. */
		if (choice.on >> i & 1)
			text_add(t, " +%s", tier_names[i + 1]);
		if (choice.off >> i & 1)
			text_add(t, " -%s", tier_names[i + 1]);
	}
}

static void control_names(struct text *t, const struct apicv_state *s)
{
	static const struct {
		enum vmx_control_word word;
		uint64_t mask;
	} controls[] = {
		{VMX_WORD_PROC, VMX_PROC_TPR_SHADOW},
		{VMX_WORD_PROC2, VMX_PROC2_VIRTUALIZE_APIC_ACCESSES |
					 VMX_PROC2_VIRTUALIZE_X2APIC_MODE},
		{VMX_WORD_PROC2, VMX_PROC2_APIC_REGISTER_VIRTUALIZATION |
					 VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY},
		{VMX_WORD_PIN, VMX_PIN_POSTED_INTERRUPTS},
		{VMX_WORD_PROC3, VMX_PROC3_IPI_VIRTUALIZATION |
					 VMX_PROC3_APIC_TIMER_VIRTUALIZATION},
	};
	bool any = false;

	text_add(t, "  controls:");

	for (size_t i = 0; i < COUNT(controls); i++) {
		uint64_t on =
			vmx_controls_word(&s->controls, controls[i].word) &
			controls[i].mask;

		for (; on; on &= on - 1) {
			if (any)
				text_add(t, ",");
			text_words(t, 4,
				   vmx_control_name(
					   controls[i].word,
					   (unsigned)__builtin_ctzll(on)));
			any = true;
		}
	}
	text_add(t, "%s\n", any ? "" : " none");
}

static bool same(struct apic_choice a, struct apic_choice b)
{
	return a.tier == b.tier && a.on == b.on && a.off == b.off;
}

static void why_no_higher(struct text *t, const struct apicv_state *s,
			  const struct vmx_caps *caps, bool x2apic)
{
	enum apic_tier best = vmx_caps_best_tier(caps, x2apic);
	char why[200];

	if (s->wanted.tier < best)
		text_add(t, "  chosen so: this machine can run %s\n",
			 tier_names[best]);
	else if (best == APIC_TIER_POSTED)
		text_add(t, "  there is no higher one\n");
	else if (vmx_caps_why_not(caps, best + 1, x2apic, why, sizeof(why)))
		text_add(t, "  not %s: %s\n", tier_names[best + 1], why);
}

void apicv_text_tier(struct text *t, const struct apicv_state *s,
		     const struct vmx_caps *caps, bool x2apic)
{
	text_add(t, "  tier ");
	apicv_text_choice(t, s->wanted);
	if (!same(s->wanted, s->choice)) {
		text_add(t, "; while the APIC is as it is: ");
		apicv_text_choice(t, s->choice);
	}
	text_add(t, "\n");
	control_names(t, s);
	why_no_higher(t, s, caps, x2apic);
}

/* ---- the processor's side ---- */

static unsigned rvi(const struct apicv_state *s)
{
	return s->interrupt_status & 0xff;
}

static unsigned svi(const struct apicv_state *s)
{
	return s->interrupt_status >> 8;
}

/* As RVI and SVI would hold it: 0 for none. */
static unsigned model_rvi(const struct apicv_state *s)
{
	int vector = vlapic_highest_irr(&s->vlapic);

	return vector < 0 ? 0 : (unsigned)vector;
}

static unsigned model_svi(const struct apicv_state *s)
{
	int vector = vlapic_highest_isr(&s->vlapic);

	return vector < 0 ? 0 : (unsigned)vector;
}

static void set_of(struct text *t, const char *name,
		   const struct bitmap256 *set)
{
	if (bitmap256_highest(set) < 0)
		return;
	text_add(t, "  %s ", name);
	text_vectors(t, set);
	text_add(t, "\n");
}

static void descriptor(struct text *t, const struct apicv_state *s)
{
	struct bitmap256 set = posted(&s->pi);

	text_add(t, "  PIR ");
	text_vectors(t, &set);
	text_add(t, "  ON %u  SN %u  NV %02x  NDST %x\n",
		 s->pi.control & PI_DESC_ON, s->pi.control >> 1 & 1,
		 s->pi.control >> PI_DESC_NV_SHIFT & 0xff, s->pi.ndst);
	if (s->pi.timer & PI_DESC_TIMER_POSTED)
		text_add(t,
			 "  the timer's vector %02x lies in PIR for its "
			 "deadline\n",
			 (unsigned)(s->pi.timer & 0xff));
	if (s->pi.timer & PI_DESC_TIMER_VIRTUAL)
		text_add(t, "  the processor delivers the timer's vector\n");
	set_of(t, "on their way, edge-triggered:", &s->edge_posted);
	set_of(t, "on their way, level-triggered:", &s->level_posted);
	if (s->nmi_pending)
		text_add(t, "  NMIs that wait: %u\n", s->nmi_pending);
}

/* What keeps the highest request from the guest. */
static void next(struct text *t, const struct apicv_state *s)
{
	uint32_t shadow = INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS;
	int irr = vlapic_highest_irr(&s->vlapic);
	unsigned ppr = vlapic_text_ppr(&s->vlapic);

	if (irr < 0)
		return;
	text_add(t, "  next: vector %02x", (unsigned)irr);
	if (CLASS(irr) <= CLASS(ppr))
		text_add(t, ", when PPR, %02x, is below its class\n", ppr);
	else if (!s->interrupts_enabled)
		text_add(t, ", when RFLAGS.IF is 1\n");
	else if (s->interruptibility & shadow)
		text_add(t, ", behind the STI or MOV-SS shadow\n");
	else if (s->state == VCPU_WAIT_FOR_SIPI)
		text_add(t, ", but it waits for a start-up IPI\n");
	else
		text_add(t, ", with the next VM entry\n");
}

void apicv_text_processor(struct text *t, const struct apicv_state *s)
{
	descriptor(t, s);
	if (has_vid(s)) {
		text_add(t,
			 "  processor: RVI %02x  SVI %02x; model: %02x %02x%s"
			 "\n  EOI exits for ",
			 rvi(s), svi(s), model_rvi(s), model_svi(s),
			 s->stale ? " (written at the next VM entry)" : "");
		text_vectors(t, &s->eoi_exit);
		text_add(t, "\n");
	} else if (has_tpr_shadow(s)) {
		text_add(t, "  TPR threshold %x%s\n", s->tpr_threshold,
			 s->stale ? " (written at the next VM entry)" : "");
	}
	if (s->interrupt_window || s->nmi_window)
		text_add(t, "  waits for a window:%s%s\n",
			 s->interrupt_window ? " interrupt" : "",
			 s->nmi_window ? " NMI" : "");
	if (s->entry_event & INTERRUPTION_VALID) {
		text_add(t, "  the next VM entry injects: ");
		exit_text_event(t, s->entry_event);
		text_add(t, "\n");
	}
	next(t, s);
}

/* ---- differences ---- */

/* One line if they differ; 1 if so. */
static unsigned differs(struct text *t, const char *what, uint64_t processor,
			uint64_t model)
{
	if (processor == model)
		return 0;
	text_add(t, "! %s: the VMCS has %lx, the model %lx\n", what, processor,
		 model);
	return 1;
}

static unsigned control_differences(struct text *t, const struct apicv_state *s)
{
	uint32_t windows =
		(s->interrupt_window ? VMX_PROC_INTERRUPT_WINDOW_EXITING : 0) |
		(s->nmi_window ? VMX_PROC_NMI_WINDOW_EXITING : 0);

	return differs(t, "pin-based controls", s->vmcs.pin, s->controls.pin) +
	       differs(t, "primary controls",
		       s->vmcs.proc & ~VMX_PROC_MONITOR_TRAP_FLAG,
		       s->controls.proc | windows) +
	       differs(t, "secondary controls", s->vmcs.proc2,
		       s->controls.proc2);
}

static unsigned page_differences(struct text *t, const struct apicv_state *s)
{
	unsigned count = 0;

	if (has_tpr_shadow(s))
		count += differs(t, "virtual-APIC address", s->vmcs_page_hpa,
				 s->page_hpa);
	if (s->controls.proc2 & VMX_PROC2_VIRTUALIZE_APIC_ACCESSES)
		count += differs(t, "APIC-access address", s->vmcs_access_hpa,
				 s->access_hpa);
	if (has_posted(s))
		count += differs(t, "posted-interrupt descriptor address",
				 s->vmcs_pi_hpa, s->pi_hpa) +
			 differs(t, "notification vector",
				 s->vmcs_notification_vector,
				 s->notification_vector);
	if (has_tpr_shadow(s) && !has_vid(s))
		count += differs(t, "TPR threshold", s->vmcs_tpr_threshold,
				 s->tpr_threshold);
	return count;
}

/* Level-triggered vectors whose EOI would not exit. */
static unsigned level_differences(struct text *t, const struct apicv_state *s)
{
	struct bitmap256 irr, isr, tmr, lost;

	vlapic_text_set(&s->vlapic, APIC_IRR, &irr);
	vlapic_text_set(&s->vlapic, APIC_ISR, &isr);
	vlapic_text_set(&s->vlapic, APIC_TMR, &tmr);
	for (unsigned i = 0; i < 4; i++)
		lost.word[i] = (irr.word[i] | isr.word[i]) & tmr.word[i] &
			       ~s->vmcs_eoi_exit.word[i];
	if (bitmap256_highest(&lost) < 0)
		return 0;
	text_add(t, "! level-triggered, but their EOI does not exit: ");
	text_vectors(t, &lost);
	text_add(t, "\n");
	return 1;
}

static unsigned vid_differences(struct text *t, const struct apicv_state *s)
{
	unsigned count = level_differences(t, s);

	for (unsigned i = 0; i < 4; i++)
		count += differs(t, "EOI-exit bitmap", s->vmcs_eoi_exit.word[i],
				 s->eoi_exit.word[i]);
	if (s->stale)
		return count;
	return count + differs(t, "RVI", rvi(s), model_rvi(s)) +
	       differs(t, "SVI", svi(s), model_svi(s));
}

unsigned apicv_text_differences(struct text *t, const struct apicv_state *s)
{
	struct bitmap256 set = posted(&s->pi);
	unsigned count = control_differences(t, s) + page_differences(t, s);

	if (has_vid(s))
		count += vid_differences(t, s);
	if (bitmap256_highest(&set) >= 0 && !is_on(&s->pi)) {
		text_add(t, "! PIR has vectors, but ON is 0: nobody looks\n");
		count++;
	}
	if (s->pi.control & PI_DESC_SN) {
		text_add(t, "! SN is 1: senders do not notify\n");
		count++;
	}
	return count;
}
