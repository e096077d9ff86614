/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of the virtual local APIC: one table, and the accesses that go
 * by it, through the page, by MSR, or after the processor has written the page
 * itself.  Pure.  Source: SDM volume 3, "Local APIC Register Address Map" and
 * "x2APIC Register Address Space".
 */
#include "apic/vlapic_page.h"

enum access {
	XAPIC_READ = 1 << 0,
	XAPIC_WRITE = 1 << 1,
	X2APIC_READ = 1 << 2,
	X2APIC_WRITE = 1 << 3,
	NO_ERROR = 1 << 4, /* absent, but no "illegal register address" */

	READ = XAPIC_READ | X2APIC_READ,
	WRITE = XAPIC_WRITE | X2APIC_WRITE,
	READ_WRITE = READ | WRITE,
	XAPIC_ONLY = XAPIC_READ | XAPIC_WRITE,
};

/* What an access does besides moving the value from or to its slot. */
enum kind {
	KIND_ABSENT, /* #GP(0) */
	KIND_PLAIN,
	KIND_ID,
	KIND_TPR,
	KIND_PPR,
	KIND_EOI,
	KIND_LDR,
	KIND_DFR,
	KIND_SVR,
	KIND_ESR,
	KIND_ICR,
	KIND_ICR_WIDE, /* both halves at once */
	KIND_LVT,
	KIND_LVT_TIMER,
	KIND_LVT_LINT0,
	KIND_INITIAL_COUNT,
	KIND_CURRENT_COUNT,
	KIND_DIVIDE,
	KIND_SELF_IPI,
};

/* 32 bytes; what an access by MSR needs, it finds with one test and one jump. */
struct vlapic_register {
	const char *name;
	uint64_t odd;	    /* WRMSR: bits that are more than a value's */
	uint32_t writable;  /* bits that a write changes */
	uint32_t varies;    /* those of them that only some APICs have */
	uint32_t read_only; /* bits that a write may set in vain */
	uint8_t access;
	uint8_t kind;
	uint8_t msr_kind; /* WRMSR's */
};

_Static_assert(sizeof(struct vlapic_register) == 32, "a shift away");

/* The first line is what the register is; the rest follows from it. */
#define ROW(text, accesses, what, bits, some, vain)                    \
	{                                                              \
		.name = text, .access = accesses, .kind = what,        \
		.writable = bits, .varies = some, .read_only = vain,   \
		.odd = ~(((what) == KIND_ICR ? ~0ull << 32 : 0) |      \
			 ((bits) & ~(some))),                          \
		.msr_kind = !((accesses)&X2APIC_WRITE) ? KIND_ABSENT   \
			    : (what) == KIND_ICR       ? KIND_ICR_WIDE \
						       : (what),             \
	}

#define LVT_COMMON (APIC_LVT_VECTOR | APIC_LVT_MASK)
#define LVT_LINT                                                   \
	(LVT_COMMON | APIC_LVT_DELIVERY_MODE | APIC_LVT_POLARITY | \
	 APIC_LVT_LEVEL)
#define LVT_LINT_STATUS (APIC_LVT_DELIVERY_STATUS | APIC_LVT_REMOTE_IRR)
#define ICR_WRITABLE                                                   \
	(APIC_ICR_VECTOR | APIC_ICR_DELIVERY_MODE | APIC_ICR_LOGICAL | \
	 APIC_ICR_ASSERT | APIC_ICR_LEVEL | APIC_ICR_SHORTHAND)
#define SVR_WRITABLE                                                  \
	(APIC_SVR_VECTOR | APIC_SVR_ENABLE | APIC_SVR_FOCUS_DISABLE | \
	 APIC_SVR_EOI_SUPPRESSION)

#define SLOT(offset)	      [(offset) >> 4]
#define READ_ONLY(name, kind) ROW(name, READ, kind, 0, 0, 0)
#define VECTORS(offset, name)                                         \
	SLOT(offset) = READ_ONLY(name " 31:0", KIND_PLAIN),           \
	SLOT(offset + 0x10) = READ_ONLY(name " 63:32", KIND_PLAIN),   \
	SLOT(offset + 0x20) = READ_ONLY(name " 95:64", KIND_PLAIN),   \
	SLOT(offset + 0x30) = READ_ONLY(name " 127:96", KIND_PLAIN),  \
	SLOT(offset + 0x40) = READ_ONLY(name " 159:128", KIND_PLAIN), \
	SLOT(offset + 0x50) = READ_ONLY(name " 191:160", KIND_PLAIN), \
	SLOT(offset + 0x60) = READ_ONLY(name " 223:192", KIND_PLAIN), \
	SLOT(offset + 0x70) = READ_ONLY(name " 255:224", KIND_PLAIN)

/* By offset / 16.  Rows that are not there are reserved.  There is no LVT CMCI,
 * as IA32_MCG_CAP[10] is 0.  The ID is writable in form only. */
static const struct vlapic_register registers[] = {
	SLOT(APIC_ID) = ROW("ID", READ | XAPIC_WRITE, KIND_ID, 0, 0, 0),
	SLOT(APIC_VERSION) = READ_ONLY("Version", KIND_PLAIN),
	SLOT(APIC_TPR) = ROW("TPR", READ_WRITE, KIND_TPR, 0xff, 0, 0),
	SLOT(APIC_APR) = ROW("APR", NO_ERROR, KIND_PLAIN, 0, 0, 0),
	SLOT(APIC_PPR) = READ_ONLY("PPR", KIND_PPR),
	SLOT(APIC_EOI) = ROW("EOI", WRITE, KIND_EOI, 0, 0, 0),
	SLOT(APIC_RRD) = ROW("RRD", NO_ERROR, KIND_PLAIN, 0, 0, 0),
	SLOT(APIC_LDR) = ROW("LDR", XAPIC_ONLY | X2APIC_READ, KIND_LDR,
			     0xff000000, 0, 0),
	SLOT(APIC_DFR) = ROW("DFR", XAPIC_ONLY, KIND_DFR, 0xf0000000, 0, 0),
	SLOT(APIC_SVR) = ROW("SVR", READ_WRITE, KIND_SVR, SVR_WRITABLE,
			     APIC_SVR_EOI_SUPPRESSION, 0),
	VECTORS(APIC_ISR, "ISR"),
	VECTORS(APIC_TMR, "TMR"),
	VECTORS(APIC_IRR, "IRR"),
	SLOT(APIC_ESR) = ROW("ESR", READ_WRITE, KIND_ESR, 0, 0, 0),
	SLOT(APIC_ICR) = ROW("ICR", READ_WRITE, KIND_ICR, ICR_WRITABLE, 0,
			     APIC_ICR_DELIVERY_STATUS),
	SLOT(APIC_ICR_HIGH) =
		ROW("ICR 63:32", XAPIC_ONLY, KIND_PLAIN, 0xff000000, 0, 0),
	SLOT(APIC_LVT_TIMER) =
		ROW("LVT Timer", READ_WRITE, KIND_LVT_TIMER,
		    LVT_COMMON | APIC_LVT_TIMER_MODE,
		    APIC_LVT_TIMER_TSC_DEADLINE, APIC_LVT_DELIVERY_STATUS),
	SLOT(APIC_LVT_THERMAL) =
		ROW("LVT Thermal Monitor", READ_WRITE, KIND_LVT,
		    LVT_COMMON | APIC_LVT_DELIVERY_MODE, 0,
		    APIC_LVT_DELIVERY_STATUS),
	SLOT(APIC_LVT_PERFORMANCE) =
		ROW("LVT Performance Monitor", READ_WRITE, KIND_LVT,
		    LVT_COMMON | APIC_LVT_DELIVERY_MODE, 0,
		    APIC_LVT_DELIVERY_STATUS),
	SLOT(APIC_LVT_LINT0) = ROW("LVT LINT0", READ_WRITE, KIND_LVT_LINT0,
				   LVT_LINT, 0, LVT_LINT_STATUS),
	SLOT(APIC_LVT_LINT1) = ROW("LVT LINT1", READ_WRITE, KIND_LVT, LVT_LINT,
				   0, LVT_LINT_STATUS),
	SLOT(APIC_LVT_ERROR) = ROW("LVT Error", READ_WRITE, KIND_LVT,
				   LVT_COMMON, 0, APIC_LVT_DELIVERY_STATUS),
	SLOT(APIC_INITIAL_COUNT) =
		ROW("Initial Count", READ_WRITE, KIND_INITIAL_COUNT, ~0u, 0, 0),
	SLOT(APIC_CURRENT_COUNT) =
		READ_ONLY("Current Count", KIND_CURRENT_COUNT),
	SLOT(APIC_DIVIDE_CONFIGURATION) =
		ROW("Divide Configuration", READ_WRITE, KIND_DIVIDE,
		    APIC_DIVIDE_BITS, 0, 0),
	SLOT(APIC_SELF_IPI) =
		ROW("Self IPI", X2APIC_WRITE, KIND_SELF_IPI, 0xff, 0, 0),
};

#define REGISTERS (sizeof(registers) / sizeof(registers[0]))

_Static_assert(REGISTERS == (APIC_SELF_IPI >> 4) + 1, "one row per 16 bytes");

/* Row 0 is reserved, and stands for all that lies beyond the table. */
static const struct vlapic_register *register_of(uint32_t index)
{
	return &registers[index < REGISTERS ? index : 0];
}

const char *vlapic_register_name(uint32_t offset)
{
	const struct vlapic_register *r = register_of(offset >> 4);

	return r->name ? r->name : "reserved";
}

bool vlapic_msr_exists(uint32_t msr, bool write)
{
	if (msr < APIC_MSR_FIRST || msr > APIC_MSR_LAST)
		return false;
	return register_of(msr - APIC_MSR_FIRST)->access &
	       (write ? X2APIC_WRITE : X2APIC_READ);
}

/* The bits that a write changes in this APIC. */
static uint32_t writable_bits(const struct vlapic *v,
			      const struct vlapic_register *r)
{
	if (__builtin_expect(!r->varies, 1))
		return r->writable;
	if (r->kind == KIND_SVR ? v->suppress_eoi_broadcast
				: v->tsc_deadline_allowed)
		return r->writable;
	return r->writable & ~r->varies;
}

/* Software-disabled: every LVT entry is masked, and stays so. */
static void disable_by_software(struct vlapic *v, uint64_t tsc)
{
	for (uint32_t offset = APIC_LVT_TIMER; offset <= APIC_LVT_ERROR;
	     offset += 0x10)
		vlapic_page_write(v, offset,
				  vlapic_page_read(v, offset) | APIC_LVT_MASK);
	/* A timer that had expired before is still accepted. */
	vlapic_timer_lvt_written(v, tsc);
}

static uint32_t lvt_value(const struct vlapic *v, uint32_t value)
{
	if (!(vlapic_page_read(v, APIC_SVR) & APIC_SVR_ENABLE))
		value |= APIC_LVT_MASK;
	return value;
}

/* The xAPIC ID of these processors does not change: put it back. */
static void restore_id(struct vlapic *v)
{
	vlapic_page_write(v, APIC_ID, v->id << APIC_ID_SHIFT);
}

/* Reading ESR shows the errors logged up to the last write. */
static void write_esr(struct vlapic *v)
{
	vlapic_page_write(
		v, APIC_ESR,
		__atomic_exchange_n(&v->esr_latched, 0, __ATOMIC_SEQ_CST));
}

/* The slot has its value; what it does is a matter of time. */
static struct vlapic_effect needs_time(uint32_t index)
{
	return (struct vlapic_effect){
		.kind = VLAPIC_EFFECT_TIME,
		.vector = index,
	};
}

struct vlapic_effect vlapic_effect_at(struct vlapic *v,
				      struct vlapic_effect effect, uint64_t tsc)
{
	if (effect.kind != VLAPIC_EFFECT_TIME)
		return effect;
	switch ((uint32_t)effect.vector << 4) {
	case APIC_LVT_TIMER:
		return vlapic_timer_lvt_written(v, tsc);
	case APIC_INITIAL_COUNT:
		return vlapic_timer_initial_count_written(v, tsc);
	case APIC_DIVIDE_CONFIGURATION:
		return vlapic_timer_divide_written(v, tsc);
	default: /* SVR */
		if (!(vlapic_page_read(v, APIC_SVR) & APIC_SVR_ENABLE))
			disable_by_software(v, tsc);
		return vlapic_effect_of(VLAPIC_EFFECT_SVR);
	}
}

/*
 * Stores value, whose reserved bits are clear, in the slot and acts on it.  The
 * slots of EOI and Self IPI, which cannot be read, are 0.  Not in line, and the
 * arguments where they are: so what a case calls is no more than a jump.
 */
static __attribute__((noinline)) struct vlapic_effect act(struct vlapic *v,
							  uint32_t index,
							  uint64_t value,
							  enum kind kind)
{
	uint32_t offset = index << 4;
	uint32_t low = (uint32_t)value;

	switch (kind) {
	case KIND_ABSENT:
		return vlapic_effect_of(VLAPIC_EFFECT_GP);
	case KIND_PLAIN:
		vlapic_page_write(v, offset, low);
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	case KIND_TPR:
		vlapic_page_write(v, offset, low);
		return vlapic_effect_events(VLAPIC_EVENTS_PRIORITY);
	case KIND_EOI:
		return vlapic_eoi(v);
	case KIND_ICR_WIDE:
		vlapic_page_write(v, APIC_ICR_HIGH_X2APIC,
				  (uint32_t)(value >> 32));
		/* fall through */
	case KIND_ICR:
		vlapic_page_write(v, APIC_ICR, low);
		return vlapic_icr_send(v, low);
	case KIND_SELF_IPI:
		return vlapic_icr_send_self(v, (uint8_t)low);
	case KIND_ID:
		restore_id(v);
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	case KIND_LDR:
		vlapic_page_write(v, offset, low);
		return vlapic_effect_of(VLAPIC_EFFECT_REACH);
	case KIND_DFR:
		vlapic_page_write(v, offset, low | APIC_DFR_RESERVED);
		return vlapic_effect_of(VLAPIC_EFFECT_REACH);
	case KIND_ESR:
		write_esr(v);
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	case KIND_LVT:
		vlapic_page_write(v, offset, lvt_value(v, low));
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	case KIND_LVT_LINT0:
		if (v->lint0_remote_irr)
			low |= APIC_LVT_REMOTE_IRR;
		vlapic_page_write(v, offset, lvt_value(v, low));
		return vlapic_effect_events(VLAPIC_EVENTS_PIN);
	case KIND_LVT_TIMER:
		vlapic_page_write(v, offset, lvt_value(v, low));
		return needs_time(index);
	case KIND_SVR:
	case KIND_INITIAL_COUNT:
	case KIND_DIVIDE:
		vlapic_page_write(v, offset, low);
		return needs_time(index);
	case KIND_PPR:
	case KIND_CURRENT_COUNT: /* read-only */
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	}
	__builtin_unreachable(); /* the table has no other kind */
}

/* Brings a slot up to date whose value changes by itself. */
static void refresh(struct vlapic *v, const struct vlapic_register *r,
		    uint64_t tsc)
{
	if (r->kind == KIND_PPR)
		vlapic_update_ppr(v);
	else if (r->kind == KIND_CURRENT_COUNT)
		vlapic_page_write(v, APIC_CURRENT_COUNT,
				  vlapic_timer_current_count(v, tsc));
}

/* In xAPIC mode, an access that the register's row does not have. */
static void note_illegal(struct vlapic *v, const struct vlapic_register *r)
{
	if (!(r->access & (XAPIC_ONLY | NO_ERROR)))
		vlapic_error(v, APIC_ESR_ILLEGAL_REGISTER);
}

struct vlapic_effect vlapic_read(struct vlapic *v, uint32_t offset,
				 uint64_t tsc, uint32_t *value)
{
	const struct vlapic_register *r = register_of(offset >> 4);

	if (!vlapic_in_xapic_mode(v)) {
		*value = ~0u;
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	}
	*value = 0;
	if (!(r->access & XAPIC_READ)) {
		note_illegal(v, r);
	} else if (!(offset & 0xf)) {
		refresh(v, r, tsc);
		*value = vlapic_page_read(v, offset);
	}
	return vlapic_effect_of(VLAPIC_EFFECT_NONE);
}

struct vlapic_effect vlapic_write(struct vlapic *v, uint32_t offset,
				  uint32_t value)
{
	const struct vlapic_register *r = register_of(offset >> 4);

	if (!vlapic_in_xapic_mode(v))
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	if (!(r->access & XAPIC_WRITE)) {
		note_illegal(v, r);
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	}
	if (offset & 0xf)
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	return act(v, offset >> 4, value & writable_bits(v, r), r->kind);
}

struct vlapic_effect vlapic_written(struct vlapic *v, uint32_t offset)
{
	const struct vlapic_register *r = register_of(offset >> 4);
	uint8_t access = 0;
	uint32_t value;

	if (vlapic_in_xapic_mode(v))
		access = XAPIC_WRITE;
	else if (vlapic_in_x2apic_mode(v))
		access = X2APIC_WRITE;
	if (!(r->access & access) || (offset & 0xf))
		return vlapic_effect_of(VLAPIC_EFFECT_NONE);
	value = vlapic_page_read(v, offset) & writable_bits(v, r);
	if (!(r->access & READ))
		vlapic_page_write(v, offset, 0);
	return act(v, offset >> 4, value, r->kind);
}

struct vlapic_effect vlapic_msr_read(struct vlapic *v, uint32_t msr,
				     uint64_t tsc, uint64_t *value)
{
	uint32_t index = msr - APIC_MSR_FIRST;
	const struct vlapic_register *r = register_of(index);

	*value = 0;
	if (!vlapic_in_x2apic_mode(v) || !(r->access & X2APIC_READ))
		return vlapic_effect_of(VLAPIC_EFFECT_GP);
	refresh(v, r, tsc);
	*value = vlapic_page_read(v, index << 4);
	if (r->kind == KIND_ICR)
		*value |= (uint64_t)vlapic_page_read(v, APIC_ICR_HIGH_X2APIC)
			  << 32;
	return vlapic_effect_of(VLAPIC_EFFECT_NONE);
}

/* A WRMSR with reserved bits, or with such as some APICs have or that a write
 * may set in vain. */
static __attribute__((noinline)) struct vlapic_effect msr_write_odd(
	struct vlapic *v, uint32_t index, uint64_t value)
{
	const struct vlapic_register *r = &registers[index];
	uint64_t legal = writable_bits(v, r) | r->read_only;

	if (r->kind == KIND_ICR)
		legal |= ~0ull << 32;
	if (value & ~legal)
		return vlapic_effect_of(VLAPIC_EFFECT_GP);
	return act(v, index, value & ~(uint64_t)r->read_only, r->msr_kind);
}

struct vlapic_effect vlapic_msr_write(struct vlapic *v, uint32_t msr,
				      uint64_t value)
{
	uint32_t index = msr - APIC_MSR_FIRST;
	const struct vlapic_register *r;

	if (index >= REGISTERS || !vlapic_in_x2apic_mode(v))
		return vlapic_effect_of(VLAPIC_EFFECT_GP);
	r = &registers[index];
	if (__builtin_expect(value & r->odd, 0))
		return msr_write_odd(v, index, value);
	return act(v, index, value, r->msr_kind);
}
