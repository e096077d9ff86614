/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC of a vCPU, as the SDM's chapter "Advanced Programmable
 * Interrupt Controller (APIC)" defines it, in xAPIC and x2APIC mode.  Pure: it
 * changes its own state and returns effects, and performs none.
 *
 * All registers live in the virtual-APIC page, at the SDM's offsets, on every
 * tier, so the processor's virtualization and this model share one store.
 * Every slot holds what a read returns, but for two that go stale by
 * themselves and are refreshed when they are read through this interface: PPR
 * (see vlapic_update_ppr()) and the current count.
 * Every function is called by the CPU that runs the vCPU, unless its comment
 * says "from any CPU".
 *
 * An interrupt that comes about inside a register access (the LVT error entry,
 * an expiry that is found late) is posted, so pi_desc_on() tells of it; but for
 * a self-IPI, which is accepted at once.
 *
 * Time is the host's TSC ("tsc"); the guest's TSC is tsc + tsc_offset.
 */
#ifndef APIC_VLAPIC_H
#define APIC_VLAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "apic/pi_desc.h"
#include "apic/regs.h"

#define VLAPIC_NEVER UINT64_MAX

enum vlapic_mode {
	VLAPIC_MODE_DISABLED,
	VLAPIC_MODE_XAPIC,
	VLAPIC_MODE_X2APIC,
};

enum vlapic_delivery_mode {
	VLAPIC_FIXED = 0,
	VLAPIC_LOWEST_PRIORITY = 1,
	VLAPIC_SMI = 2,
	VLAPIC_NMI = 4,
	VLAPIC_INIT = 5,
	VLAPIC_STARTUP = 6,
	VLAPIC_EXTINT = 7,
};

enum vlapic_shorthand {
	VLAPIC_SHORTHAND_NONE,
	VLAPIC_SHORTHAND_SELF,
	VLAPIC_SHORTHAND_ALL,
	VLAPIC_SHORTHAND_OTHERS,
};

/* A message on the interrupt bus: an IPI, an I/O APIC message or an MSI. */
struct vlapic_message {
	uint32_t destination; /* 8 bits from xAPIC senders: 0xff broadcast */
	enum vlapic_delivery_mode delivery_mode : 8;
	enum vlapic_shorthand shorthand : 8; /* IPIs only */
	uint32_t wide : 1; /* destination has 32 bits (x2APIC sender) */
	uint32_t logical : 1;
	uint32_t level : 6; /* 1 or 0 */
	uint32_t vector : 8;
};

_Static_assert(sizeof(struct vlapic_message) == 8, "one register, no gap");

struct vlapic {
	uint8_t *page;	    /* the virtual-APIC page, 4 KiB */
	struct pi_desc *pi; /* what others posted, merged before entry */
	uint64_t base_msr;  /* IA32_APIC_BASE as the guest reads it */
	uint32_t id;	    /* the x2APIC ID; xAPIC ID is its low byte */
	uint8_t bsp;
	uint8_t lint0_remote_irr; /* a level interrupt of LINT0 awaits EOI */
	/* Not 0: the highest vector in ISR, as vlapic_deliver() left it. */
	uint8_t delivered;
	uint32_t esr_latched; /* errors since ESR was last written; atomic */
	struct vlapic_message message; /* what EFFECT_IPI sends */

	/* Capabilities: set between vlapic_init() and vlapic_reset(). */
	uint8_t x2apic_allowed;	      /* CPUID.1:ECX[21] as the guest sees it */
	uint8_t tsc_deadline_allowed; /* CPUID.1:ECX[24]; 1 by default */
	uint8_t max_phys_bits;	      /* for base_msr; 36 by default, to 52 */
	uint8_t suppress_eoi_broadcast; /* version bit 24 */
	uint32_t timer_ratio; /* TSC ticks per APIC timer clock (CPUID.15H),
			       * 1 (the default) to 2^24 */

	/* The timer, as it was last acted on: the processor may have written
	 * the page's slots already when vlapic_written() is called. */
	uint32_t lvt_timer;
	uint8_t timer_shift; /* the divide value's logarithm, 0 to 7 */
	uint64_t expiry_tsc; /* host TSC, VLAPIC_NEVER when stopped */
	uint64_t period_tsc; /* initial count in TSC ticks, 0 when stopped */
	uint64_t deadline;   /* guest TSC, 0 when disarmed or another mode */
	uint64_t tsc_offset; /* guest TSC minus host TSC, modulo 2^64 */
};

enum vlapic_effect_kind {
	VLAPIC_EFFECT_NONE,
	VLAPIC_EFFECT_GP,	/* inject #GP(0); nothing changed */
	VLAPIC_EFFECT_TIME,	/* a write that vlapic_effect_at() ends */
	VLAPIC_EFFECT_IPI,	/* send vlapic.message */
	VLAPIC_EFFECT_ACCEPTED, /* a self-IPI: ->vector is in IRR */
	VLAPIC_EFFECT_TIMER,	/* vlapic_timer_next() may have changed */
	VLAPIC_EFFECT_EOI,	/* broadcast the EOI of ->vector to I/O APICs */
	VLAPIC_EFFECT_BASE,	/* mode or base changed: the view is stale */
	VLAPIC_EFFECT_SVR,   /* as REACH and TIMER; or vlapic_accepts() ended */
	VLAPIC_EFFECT_REACH, /* it may take messages now that it did not */
};

/* What else an access may have changed, whatever its effect. */
enum vlapic_events {
	VLAPIC_EVENTS_PRIORITY = 1 << 0, /* ISR or TPR: vlapic_pending() */
	VLAPIC_EVENTS_PIN = 1 << 1,	 /* LINT0's entry: what the pin wants */
};

struct vlapic_effect {
	enum vlapic_effect_kind kind : 8;
	uint32_t vector : 8;
	uint32_t events : 16; /* enum vlapic_events */
};

_Static_assert(sizeof(struct vlapic_effect) == 4, "one register, no gap");

/*
 * Power-up state; page (4 KiB aligned) and pi are zeroed here and must outlive
 * the vlapic.  Then the caller sets the capabilities and calls vlapic_reset().
 */
void vlapic_init(struct vlapic *v, uint8_t *page, struct pi_desc *pi,
		 uint32_t id, bool bsp);

/*
 * INIT: as power-up, but IA32_APIC_BASE (mode, base), the ID and the TSC offset
 * are kept.  What is posted and not yet merged is dropped.  The timer stops.
 */
void vlapic_reset(struct vlapic *v);

static inline enum vlapic_mode vlapic_mode(const struct vlapic *v)
{
	uint64_t base = __atomic_load_n(&v->base_msr, __ATOMIC_RELAXED);

	if (!(base & APIC_BASE_EN))
		return VLAPIC_MODE_DISABLED;
	return base & APIC_BASE_EXTD ? VLAPIC_MODE_X2APIC : VLAPIC_MODE_XAPIC;
}

/* From any CPU: globally enabled, so it takes messages that it matches. */
static inline bool vlapic_is_enabled(const struct vlapic *v)
{
	return __atomic_load_n(&v->base_msr, __ATOMIC_RELAXED) & APIC_BASE_EN;
}

/* Guest-physical. */
static inline uint64_t vlapic_base_address(const struct vlapic *v)
{
	return v->base_msr & ~0xfffull;
}

/* ---- registers: one table behind all of these ---- */

/*
 * An aligned 32-bit access to the page in xAPIC mode; offset 0 to 0xfff.
 * Bytes 4-15 of a 16-byte block and reserved registers read as 0 and ignore
 * writes, and set ESR "illegal register address" where the SDM says so.
 * In another mode the page is open bus: reads all ones, ignores writes.
 */
struct vlapic_effect vlapic_read(struct vlapic *v, uint32_t offset,
				 uint64_t tsc, uint32_t *value);
struct vlapic_effect vlapic_write(struct vlapic *v, uint32_t offset,
				  uint32_t value);

/*
 * After an APIC-write VM exit: the value already lies in the page at offset;
 * sanitizes it there and acts.  old registers are not available.
 */
struct vlapic_effect vlapic_written(struct vlapic *v, uint32_t offset);

/*
 * What comes of EFFECT_TIME when the time is tsc, before anything else is done
 * with the APIC; any other effect as it is.  So only writes that have to do with
 * time need one.
 */
struct vlapic_effect vlapic_effect_at(struct vlapic *v,
				      struct vlapic_effect effect,
				      uint64_t tsc);

/* True when RDMSR (WRMSR) of msr does not #GP for the number alone in x2APIC
 * mode; false outside of 800H-8FFH.  For the MSR bitmap. */
bool vlapic_msr_exists(uint32_t msr, bool write);

/* The SDM's name of the register at a page offset, "reserved" if none. */
const char *vlapic_register_name(uint32_t offset);

/* RDMSR/WRMSR of 800H-8FFH; EFFECT_GP outside x2APIC mode too. */
struct vlapic_effect vlapic_msr_read(struct vlapic *v, uint32_t msr,
				     uint64_t tsc, uint64_t *value);
struct vlapic_effect vlapic_msr_write(struct vlapic *v, uint32_t msr,
				      uint64_t value);

/*
 * WRMSR IA32_APIC_BASE: the whole state machine.  EFFECT_GP; EFFECT_BASE, after
 * which IRR, ISR and the timer may have changed too; NONE for the same value.
 */
struct vlapic_effect vlapic_base_write(struct vlapic *v, uint64_t value);

/* IA32_TSC_DEADLINE: reads 0 and ignores writes but in that timer mode. */
uint64_t vlapic_deadline_read(struct vlapic *v, uint64_t tsc);
struct vlapic_effect vlapic_deadline_write(struct vlapic *v, uint64_t tsc,
					   uint64_t value);

/* CR8, equal to TPR[7:4]; value is 0 to 15 (the caller #GPs otherwise). */
uint8_t vlapic_cr8_read(const struct vlapic *v);
void vlapic_cr8_write(struct vlapic *v, uint8_t value);

/* ---- interrupts ---- */

/* From any CPU: enabled globally and by software, so it takes fixed and lowest-
 * priority interrupts. */
bool vlapic_accepts(const struct vlapic *v);

/* Sets IRR and TMR; false, and dropped, unless vlapic_accepts().  Vectors 0 to
 * 15 set ESR "receive illegal vector". */
bool vlapic_accept(struct vlapic *v, uint8_t vector, bool level);

/*
 * From any CPU: posts a fixed interrupt (atomic TMR, then PIR).  True when the
 * target must be notified.  False also when the vlapic accepts nothing.
 */
bool vlapic_post(struct vlapic *v, uint8_t vector, bool level);

/* The same for one that is globally enabled: vlapic_is_enabled() or
 * vlapic_matches() said so. */
bool vlapic_post_enabled(struct vlapic *v, uint8_t vector, bool level);

/* Merges what was posted into IRR; the highest vector of that, or -1. */
int vlapic_merge(struct vlapic *v);

/* Nothing is in IRR. */
bool vlapic_irr_is_empty(const struct vlapic *v);

/* The highest vector in IRR, and in ISR, or -1. */
int vlapic_highest_irr(const struct vlapic *v);
int vlapic_highest_isr(const struct vlapic *v);

/* The vector that would be delivered now (IRR class above PPR), or -1. */
int vlapic_pending(const struct vlapic *v);

/* Delivers what vlapic_pending() returned: IRR to ISR, new PPR. */
void vlapic_deliver(struct vlapic *v, uint8_t vector);

/* From here on the processor delivers, or does no more: what it did to ISR is
 * in the page. */
void vlapic_handed_over(struct vlapic *v);

/* Recomputes and stores PPR from TPR and ISR.  Nothing but this, reading PPR
 * and vlapic_deliver() touches the slot. */
void vlapic_update_ppr(struct vlapic *v);

/* The EOI register, without the write: NONE or EFFECT_EOI. */
struct vlapic_effect vlapic_eoi(struct vlapic *v);

/* The same for a vector that the processor has taken out of ISR already (an
 * EOI-induced VM exit). */
struct vlapic_effect vlapic_eoi_broadcast(struct vlapic *v, uint8_t vector);

/* Was vector level-triggered when it was last accepted (TMR)? */
bool vlapic_is_level(const struct vlapic *v, uint8_t vector);

/* Is its destination the one that means all APICs, in either mode? */
bool vlapic_is_broadcast(const struct vlapic_message *message);

/* From any CPU: does this APIC belong to the message's destination?  The
 * sender matters for shorthands and is NULL for devices. */
bool vlapic_matches(const struct vlapic *v, const struct vlapic_message *m,
		    const struct vlapic *sender);

/* From any CPU: TPR/PPR-based arbitration for lowest priority; low wins. */
uint8_t vlapic_arbitration(const struct vlapic *v);

/* The level of a local pin (0: LINT0, 1: LINT1) rose.  For ExtINT the caller
 * asks vlapic_takes_extint(); all else comes back as EFFECT_IPI to self. */
struct vlapic_effect vlapic_lint_raise(struct vlapic *v, unsigned pin);

/* LINT0 is level-sensitive, and no interrupt of it awaits its EOI: while the
 * pin is high, vlapic_lint_raise() is due. */
bool vlapic_lint0_wants_level(const struct vlapic *v);

/* True when the 8259's INTR reaches this CPU: LINT0 unmasked in ExtINT mode, or
 * APIC globally disabled. From any CPU. */
bool vlapic_takes_extint(const struct vlapic *v);

/* ---- timer ---- */

/* Host TSC of the next expiry, or VLAPIC_NEVER.  A masked expiry has no effect
 * that could not wait. */
static inline uint64_t vlapic_timer_next(const struct vlapic *v)
{
	return (v->lvt_timer & APIC_LVT_MASK) ? VLAPIC_NEVER : v->expiry_tsc;
}

/*
 * Fires what has expired at tsc (accepting the LVT timer's vector unless
 * masked) and re-arms a periodic timer at exactly expiry + k periods.  True
 * when the vector went into IRR.
 */
bool vlapic_timer_expire(struct vlapic *v, uint64_t tsc);

/* True when a periodic timer's last interrupt still waits in IRR, so that the
 * next expiry would merge with it. */
bool vlapic_timer_waits(const struct vlapic *v);

/*
 * May the vector of the next expiry, which comes only once, be left in PIR
 * before its time?  Then vlapic_timer_delivered() says that the processor has
 * delivered it from there.
 */
bool vlapic_timer_postable(const struct vlapic *v, uint8_t *vector);
void vlapic_timer_delivered(struct vlapic *v);

/*
 * The guest's TSC now is tsc + offset (TSC or TSC_ADJUST was written).
 * vlapic_timer_next() may have changed.
 */
void vlapic_set_tsc_offset(struct vlapic *v, uint64_t tsc, uint64_t offset);

/*
 * The guest's time has stood still for so many ticks of the host's: its TSC and
 * the timer go on from where they were.  Nothing was looked at with a later tsc.
 */
void vlapic_stood_still(struct vlapic *v, uint64_t ticks);

#endif
