/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual local APIC in words; see vlapic_text.h.  Pure.  Source: SDM
 * volume 3, "Advanced Programmable Interrupt Controller (APIC)".
 */
#include "apic/vlapic_text.h"

#include "apic/vlapic_page.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void vlapic_text_set(const struct vlapic *v, uint32_t base,
		     struct bitmap256 *set)
{
	for (unsigned i = 0; i < 4; i++)
		set->word[i] =
			vlapic_page_read(v, base + i * 0x20) |
			(uint64_t)vlapic_page_read(v, base + i * 0x20 + 0x10)
				<< 32;
}

uint8_t vlapic_text_ppr(const struct vlapic *v)
{
	int isr = vlapic_highest_isr(v);
	uint8_t tpr = (uint8_t)vlapic_page_read(v, APIC_TPR);
	uint8_t class = isr < 0 ? 0 : isr & 0xf0;

	return (tpr & 0xf0) >= class ? tpr : class;
}

void vlapic_text_mode(struct text *t, const struct vlapic *v)
{
	bool enabled = vlapic_page_read(v, APIC_SVR) & APIC_SVR_ENABLE;

	switch (vlapic_mode(v)) {
	case VLAPIC_MODE_DISABLED:
		text_add(t, "disabled by IA32_APIC_BASE");
		return;
	case VLAPIC_MODE_XAPIC:
		text_add(t, "xAPIC mode at %lx", vlapic_base_address(v));
		break;
	case VLAPIC_MODE_X2APIC:
		text_add(t, "x2APIC mode");
		break;
	}
	text_add(t, "%s", enabled ? ", enabled" : ", disabled by its SVR");
}

const char *vlapic_text_delivery_mode(unsigned mode)
{
	static const char *const names[8] = {
		"fixed", "lowest priority", "SMI",    "reserved mode", "NMI",
		"INIT",	 "start-up",	    "ExtINT",
	};

	return names[mode & 7];
}

/* ---- priorities and vectors ---- */

static void set_line(struct text *t, const struct vlapic *v, uint32_t base,
		     const char *name)
{
	struct bitmap256 set;

	vlapic_text_set(v, base, &set);
	text_add(t, "  %s ", name);
	text_vectors(t, &set);
	text_add(t, "\n");
}

static void priorities(struct text *t, const struct vlapic *v)
{
	uint32_t ppr = vlapic_page_read(v, APIC_PPR);
	uint32_t computed = vlapic_text_ppr(v);

	text_add(t, "  TPR %02x  PPR %02x", vlapic_page_read(v, APIC_TPR),
		 computed);
	if (ppr != computed)
		text_add(t, " (its slot has %02x)", ppr);
	text_add(t, "\n");
	set_line(t, v, APIC_IRR, "IRR");
	set_line(t, v, APIC_ISR, "ISR");
	set_line(t, v, APIC_TMR, "TMR");
}

/* ---- ID, destinations, SVR, errors ---- */

static void errors(struct text *t, const struct vlapic *v)
{
	static const struct text_bit bits[] = {
		{4, "redirectable-IPI"},
		{5, "send-illegal-vector"},
		{6, "receive-illegal-vector"},
		{7, "illegal-register"},
	};
	uint32_t latched = __atomic_load_n(&v->esr_latched, __ATOMIC_RELAXED);

	text_add(t, "  ESR %02x", vlapic_page_read(v, APIC_ESR));
	text_bits(t, vlapic_page_read(v, APIC_ESR), bits, COUNT(bits));
	if (latched) {
		text_add(t, "; since its last write:");
		text_bits(t, latched, bits, COUNT(bits));
	}
	text_add(t, "\n");
}

static void identity(struct text *t, const struct vlapic *v)
{
	uint32_t svr = vlapic_page_read(v, APIC_SVR);

	text_add(t, "  ID %08x  LDR %08x  DFR %08x  version %08x\n",
		 vlapic_page_read(v, APIC_ID), vlapic_page_read(v, APIC_LDR),
		 vlapic_page_read(v, APIC_DFR),
		 vlapic_page_read(v, APIC_VERSION));
	text_add(t, "  SVR %03x: spurious vector %02x, %s%s\n", svr,
		 svr & APIC_SVR_VECTOR,
		 svr & APIC_SVR_ENABLE ? "enabled" : "disabled",
		 svr & APIC_SVR_EOI_SUPPRESSION ? ", suppresses EOI broadcasts"
						: "");
}

/* ---- ICR ---- */

static void command(struct text *t, const struct vlapic *v)
{
	static const char *const shorthands[4] = {"", "itself", "all",
						  "all others"};
	bool wide = vlapic_in_x2apic_mode(v);
	uint32_t low = vlapic_page_read(v, APIC_ICR);
	uint32_t high = vlapic_page_read(v, wide ? APIC_ICR_HIGH_X2APIC
						 : APIC_ICR_HIGH);
	unsigned shorthand =
		(low & APIC_ICR_SHORTHAND) >> APIC_ICR_SHORTHAND_SHIFT;
	unsigned mode =
		(low & APIC_ICR_DELIVERY_MODE) >> APIC_ICR_DELIVERY_MODE_SHIFT;

	text_add(t, "  ICR %08x %08x: %s %02x to ", high, low,
		 vlapic_text_delivery_mode(mode), low & APIC_ICR_VECTOR);
	if (shorthand)
		text_add(t, "%s\n", shorthands[shorthand]);
	else
		text_add(t, "%s %x\n",
			 low & APIC_ICR_LOGICAL ? "logical" : "ID",
			 wide ? high : high >> APIC_ID_SHIFT);
}

/* ---- the local vector table ---- */

static void timer_mode(struct text *t, uint32_t lvt)
{
	static const char *const modes[4] = {"one-shot", "periodic",
					     "TSC-deadline", "reserved mode"};

	text_add(t, ", %s", modes[lvt >> 17 & 3]);
}

static void lvt_line(struct text *t, const struct vlapic *v, uint32_t offset)
{
	uint32_t lvt = vlapic_page_read(v, offset);
	bool pin = offset == APIC_LVT_LINT0 || offset == APIC_LVT_LINT1;
	unsigned mode =
		(lvt & APIC_LVT_DELIVERY_MODE) >> APIC_LVT_DELIVERY_MODE_SHIFT;

	text_add(t, "  %s", vlapic_register_name(offset));
	text_column(t, 26);
	text_add(t, "%05x: %s%02x, %s", lvt,
		 lvt & APIC_LVT_MASK ? "masked, " : "", lvt & APIC_LVT_VECTOR,
		 vlapic_text_delivery_mode(mode));
	if (offset == APIC_LVT_TIMER)
		timer_mode(t, lvt);
	if (pin)
		text_add(t, ", %s%s%s", lvt & APIC_LVT_LEVEL ? "level" : "edge",
			 lvt & APIC_LVT_POLARITY ? ", active low" : "",
			 lvt & APIC_LVT_REMOTE_IRR ? ", remote IRR" : "");
	text_add(t, "\n");
}

/* ---- the timer ---- */

static void duration(struct text *t, uint64_t ticks, uint64_t tsc_hz)
{
	uint64_t per_us = tsc_hz / 1000000;

	if (per_us)
		text_add(t, "%lu us", ticks / per_us);
	else
		text_add(t, "%lu TSC ticks", ticks);
}

static void timer(struct text *t, const struct vlapic *v, uint64_t tsc,
		  uint64_t tsc_hz)
{
	text_add(t, "  timer: initial count %u, current %u, divided by %u",
		 vlapic_page_read(v, APIC_INITIAL_COUNT),
		 vlapic_timer_current_count(v, tsc), 1u << v->timer_shift);
	if (v->deadline)
		text_add(t, ", deadline %lx", v->deadline);
	if (v->expiry_tsc == VLAPIC_NEVER) {
		text_add(t, "; stopped\n");
		return;
	}
	if (v->expiry_tsc > tsc) {
		text_add(t, "; expires in ");
		duration(t, v->expiry_tsc - tsc, tsc_hz);
	} else {
		text_add(t, "; expired ");
		duration(t, tsc - v->expiry_tsc, tsc_hz);
		text_add(t, " ago");
	}
	if (v->lvt_timer & APIC_LVT_TIMER_PERIODIC) {
		text_add(t, ", every ");
		duration(t, v->period_tsc, tsc_hz);
	}
	text_add(t, "\n");
}

void vlapic_text_registers(struct text *t, const struct vlapic *v, uint64_t tsc,
			   uint64_t tsc_hz)
{
	static const uint16_t lvts[] = {
		APIC_LVT_TIMER, APIC_LVT_THERMAL, APIC_LVT_PERFORMANCE,
		APIC_LVT_LINT0, APIC_LVT_LINT1,	  APIC_LVT_ERROR,
	};

	priorities(t, v);
	identity(t, v);
	errors(t, v);
	command(t, v);
	for (size_t i = 0; i < COUNT(lvts); i++)
		lvt_line(t, v, lvts[i]);
	timer(t, v, tsc, tsc_hz);
}
