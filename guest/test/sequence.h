/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random but reproducible sequences of operations on the local APICs of two
 * CPUs, and a hash of all that they show: registers read, the order of vectors
 * taken, #GPs.  A machine (an APIC on some tier of a hypervisor, or a model of
 * one) is equivalent to another when it shows the same for every sequence.
 *
 * Operations come one after the other, whichever CPU they are of, and a CPU
 * takes interrupts only where an operation says so.  So what is seen does not
 * depend on time.  Needs no C library and knows no hypervisor; for one C file
 * per program.
 */
#ifndef GUEST_TEST_SEQUENCE_H
#define GUEST_TEST_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#define SEQUENCE_CPUS	      2
#define SEQUENCE_RANDOM	      32 /* random operations, before the closing ones */
#define SEQUENCE_CLOSING      (SEQUENCE_CPUS * 9)
#define SEQUENCE_LENGTH	      (SEQUENCE_RANDOM + SEQUENCE_CLOSING)
#define SEQUENCE_VALUES	      6 /* how many observations are kept as they were */
#define SEQUENCE_BASE_MSR     0x1bu
#define SEQUENCE_DEADLINE_MSR 0x6e0u
#define SEQUENCE_BASE	      0xfee00000u
#define SEQUENCE_BASE_BSP     (1u << 8)
#define SEQUENCE_BASE_EXTD    (1u << 10)
#define SEQUENCE_BASE_EN      (1u << 11)
#define SEQUENCE_NO_VECTOR    0x20 /* exceptions and illegal vectors below */

/* Two pages of RAM that an APIC may be moved to. */
#define SEQUENCE_RAM	   0xa00000u
#define SEQUENCE_RAM_PAGES 2

/* Register offsets in the page. */
enum sequence_register {
	SEQUENCE_ID = 0x20,
	SEQUENCE_VERSION = 0x30,
	SEQUENCE_TPR = 0x80,
	SEQUENCE_APR = 0x90,
	SEQUENCE_PPR = 0xa0,
	SEQUENCE_EOI = 0xb0,
	SEQUENCE_LDR = 0xd0,
	SEQUENCE_DFR = 0xe0,
	SEQUENCE_SVR = 0xf0,
	SEQUENCE_ISR = 0x100,
	SEQUENCE_TMR = 0x180,
	SEQUENCE_IRR = 0x200,
	SEQUENCE_ESR = 0x280,
	SEQUENCE_ICR = 0x300,
	SEQUENCE_ICR_HIGH = 0x310,
	SEQUENCE_LVT_TIMER = 0x320,
	SEQUENCE_LVT_ERROR = 0x370,
	SEQUENCE_INITIAL = 0x380,
	SEQUENCE_CURRENT = 0x390,
	SEQUENCE_DIVIDE = 0x3e0,
	SEQUENCE_SELF_IPI = 0x3f0,
};

enum sequence_mode {
	SEQUENCE_XAPIC,
	SEQUENCE_X2APIC,
	SEQUENCE_MIXED, /* each CPU goes from mode to mode */
	SEQUENCE_MODES,
};

enum sequence_kind {
	SEQUENCE_OP_READ,  /* register a */
	SEQUENCE_OP_WRITE, /* value to register a */
	SEQUENCE_OP_CR8,   /* writes a, reads back; value: window at once */
	SEQUENCE_OP_EOI,
	SEQUENCE_OP_SELF,     /* SELF IPI, or the shorthand in xAPIC mode */
	SEQUENCE_OP_IPI,      /* value: ICR, but for xAPIC's destination */
	SEQUENCE_OP_WINDOW,   /* a: sequence_policy; value: by STI; HLT */
	SEQUENCE_OP_TIMER,    /* a: sequence_timer, value: vector */
	SEQUENCE_OP_DEADLINE, /* far away: value */
	SEQUENCE_OP_PEEK,     /* loads from address value */
	SEQUENCE_OP_BASE,     /* a: mode bits, value: base and others */
	SEQUENCE_OP_KINDS,
};

static const char *const sequence_kind_names[] = {
	"read",	  "write", "CR8",      "EOI",  "self-IPI", "IPI",
	"window", "timer", "deadline", "peek", "base",
};

/* What an interrupt handler does, beside being noted. */
enum sequence_policy {
	SEQUENCE_FINISH,     /* EOI */
	SEQUENCE_KEEP,	     /* no EOI: stays in service */
	SEQUENCE_FINISH_ODD, /* EOI if the vector is odd */
	SEQUENCE_NEST,	     /* takes higher ones, then EOI */
	SEQUENCE_CHAIN,	     /* sends itself another, takes it, then EOI */
	SEQUENCE_POLICIES,
};

enum sequence_timer {
	SEQUENCE_ONE_SHOT,
	SEQUENCE_PERIODIC,
	SEQUENCE_DEADLINE_PAST,
	SEQUENCE_DEADLINE_NEAR,
	SEQUENCE_TIMERS,
};

struct sequence_op {
	uint8_t kind, cpu;
	uint16_t a;
	uint64_t value;
};

/* All that one operation showed. */
struct sequence_seen {
	uint64_t hash;
	uint64_t value[SEQUENCE_VALUES];
	uint32_t count;
};

struct sequence;

/* Accesses answer false for #GP. */
struct sequence_machine {
	bool (*rdmsr)(struct sequence *s, unsigned cpu, uint32_t msr,
		      uint64_t *value);
	bool (*wrmsr)(struct sequence *s, unsigned cpu, uint32_t msr,
		      uint64_t value);
	uint32_t (*load)(struct sequence *s, unsigned cpu, uint64_t address);
	void (*store)(struct sequence *s, unsigned cpu, uint64_t address,
		      uint32_t value);
	uint64_t (*cr8_read)(struct sequence *s, unsigned cpu);
	bool (*cr8_write)(struct sequence *s, unsigned cpu, uint64_t value);
	/* Takes all that can be taken, by sequence_interrupt(); when halt is
	 * set and something can be, sleeps for it. */
	void (*window)(struct sequence *s, unsigned cpu, bool halt);
	/* Waits until the timer just armed has expired. */
	void (*expire)(struct sequence *s, unsigned cpu);
	uint64_t (*tsc)(struct sequence *s, unsigned cpu);
	/* NMIs that the CPU took in all. */
	uint64_t (*nmis)(struct sequence *s, unsigned cpu);
};

/* A sequence on its way over a machine. */
struct sequence {
	const struct sequence_machine *machine;
	void *owner; /* the machine's own */
	uint64_t base[SEQUENCE_CPUS];
	struct sequence_seen seen;
	uint16_t policy;
	bool chained;
};

/* ---- what was seen ---- */

static inline uint64_t sequence_mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

static inline void sequence_see(struct sequence *s, uint64_t value)
{
	struct sequence_seen *seen = &s->seen;

	seen->hash = sequence_mix(seen->hash, value + 1);
	if (seen->count < SEQUENCE_VALUES)
		seen->value[seen->count] = value;
	seen->count++;
}

#define SEQUENCE_SAW_GP (1ull << 63)

/* ---- interpreter ---- */

static inline bool sequence_is_x2apic(const struct sequence *s, unsigned cpu)
{
	return s->base[cpu] & SEQUENCE_BASE_EXTD;
}

static inline bool sequence_is_disabled(const struct sequence *s, unsigned cpu)
{
	return !(s->base[cpu] & SEQUENCE_BASE_EN);
}

static inline uint64_t sequence_address(const struct sequence *s, unsigned cpu)
{
	return s->base[cpu] & ~0xfffull;
}

/* A register, by the way that the mode has; all ones for #GP. */
static inline uint64_t sequence_read(struct sequence *s, unsigned cpu,
				     uint32_t offset)
{
	uint64_t value;

	if (!sequence_is_x2apic(s, cpu))
		return s->machine->load(s, cpu,
					sequence_address(s, cpu) + offset);
	if (!s->machine->rdmsr(s, cpu, 0x800 + offset / 16, &value))
		return SEQUENCE_SAW_GP;
	return value;
}

static inline bool sequence_write(struct sequence *s, unsigned cpu,
				  uint32_t offset, uint64_t value)
{
	uint64_t address = sequence_address(s, cpu);

	if (sequence_is_x2apic(s, cpu))
		return s->machine->wrmsr(s, cpu, 0x800 + offset / 16, value);
	/* Without an APIC there RAM would change. */
	if (sequence_is_disabled(s, cpu) && address != SEQUENCE_BASE)
		return true;
	s->machine->store(s, cpu, address + offset, (uint32_t)value);
	return true;
}

static inline void sequence_see_gp(struct sequence *s, bool done)
{
	if (!done)
		sequence_see(s, SEQUENCE_SAW_GP);
}

static inline void sequence_self(struct sequence *s, unsigned cpu,
				 uint64_t vector)
{
	if (sequence_is_x2apic(s, cpu))
		sequence_see_gp(
			s, sequence_write(s, cpu, SEQUENCE_SELF_IPI, vector));
	else
		sequence_write(s, cpu, SEQUENCE_ICR, 1u << 18 | vector);
}

/* Called by the machine, with interrupts off. */
static inline void sequence_interrupt(struct sequence *s, unsigned cpu,
				      uint8_t vector)
{
	sequence_see(s, vector);
	switch (s->policy) {
	case SEQUENCE_KEEP:
		return;
	case SEQUENCE_FINISH_ODD:
		if (!(vector & 1))
			return;
		break;
	case SEQUENCE_CHAIN:
		if (!s->chained) {
			s->chained = true;
			sequence_self(s, cpu, 0x20 | (vector * 7 & 0xdf));
		}
		s->machine->window(s, cpu, false);
		break;
	case SEQUENCE_NEST:
		sequence_see(s, sequence_read(s, cpu, SEQUENCE_PPR));
		s->machine->window(s, cpu, false);
		break;
	default:
		break;
	}
	sequence_write(s, cpu, SEQUENCE_EOI, 0);
}

static inline void sequence_send(struct sequence *s, unsigned cpu, uint64_t icr)
{
	if (!sequence_is_x2apic(s, cpu)) {
		sequence_write(s, cpu, SEQUENCE_ICR_HIGH,
			       (icr >> 32 & 0xff) << 24);
		icr &= 0xffffffff;
	}
	sequence_see_gp(s, sequence_write(s, cpu, SEQUENCE_ICR, icr));
	for (unsigned i = 0; i < SEQUENCE_CPUS; i++)
		sequence_see(s, s->machine->nmis(s, i));
}

static inline void sequence_timer(struct sequence *s, unsigned cpu,
				  const struct sequence_op *op)
{
	bool periodic = op->a == SEQUENCE_PERIODIC;
	uint64_t deadline = 1;

	if (op->a <= SEQUENCE_PERIODIC) {
		sequence_write(s, cpu, SEQUENCE_LVT_TIMER,
			       op->value | periodic << 17);
		sequence_write(s, cpu, SEQUENCE_DIVIDE, 0xb);
		/* A period must leave the CPU time to do something else. */
		sequence_write(s, cpu, SEQUENCE_INITIAL,
			       periodic ? 20000 : 100);
		s->machine->expire(s, cpu);
		sequence_write(s, cpu, SEQUENCE_INITIAL, 0);
		return;
	}
	sequence_write(s, cpu, SEQUENCE_LVT_TIMER, op->value | 2u << 17);
	if (op->a == SEQUENCE_DEADLINE_NEAR)
		deadline = s->machine->tsc(s, cpu) + 200;
	s->machine->wrmsr(s, cpu, SEQUENCE_DEADLINE_MSR, deadline);
	s->machine->expire(s, cpu);
	s->machine->wrmsr(s, cpu, SEQUENCE_DEADLINE_MSR, 0);
}

/* The base moves and the mode changes, if the machine allows it. */
static inline void sequence_set_base(struct sequence *s, unsigned cpu,
				     uint64_t value)
{
	bool was_disabled = sequence_is_disabled(s, cpu);
	uint64_t shown = 0;

	if (cpu == 0)
		value |= SEQUENCE_BASE_BSP;
	if (!s->machine->wrmsr(s, cpu, SEQUENCE_BASE_MSR, value))
		sequence_see(s, SEQUENCE_SAW_GP);
	else
		s->base[cpu] = value;
	s->machine->rdmsr(s, cpu, SEQUENCE_BASE_MSR, &shown);
	sequence_see(s, shown);
	if (was_disabled && !sequence_is_disabled(s, cpu))
		sequence_write(s, cpu, SEQUENCE_SVR, 0x1ff);
}

/* A CPU's APIC as after power-up, then enabled in the mode. */
static inline void sequence_begin(struct sequence *s, unsigned cpu,
				  enum sequence_mode mode)
{
	uint64_t base = SEQUENCE_BASE | (cpu ? 0 : SEQUENCE_BASE_BSP);

	s->machine->wrmsr(s, cpu, SEQUENCE_BASE_MSR, base);
	base |= SEQUENCE_BASE_EN;
	s->machine->wrmsr(s, cpu, SEQUENCE_BASE_MSR, base);
	if (mode == SEQUENCE_X2APIC) {
		base |= SEQUENCE_BASE_EXTD;
		s->machine->wrmsr(s, cpu, SEQUENCE_BASE_MSR, base);
	}
	s->base[cpu] = base;
	sequence_write(s, cpu, SEQUENCE_SVR, 0x1ff);
	sequence_write(s, cpu, SEQUENCE_LVT_ERROR, 0x33);
	s->machine->cr8_write(s, cpu, 0);
}

static inline void sequence_read_op(struct sequence *s, unsigned cpu,
				    uint32_t offset)
{
	uint64_t value = sequence_read(s, cpu, offset);

	/* Time is not to be seen. */
	if (offset == SEQUENCE_CURRENT && value != SEQUENCE_SAW_GP)
		value = value != 0;
	sequence_see(s, value);
}

/* Performs one operation; s->seen tells what it showed. */
static inline void sequence_step(struct sequence *s,
				 const struct sequence_op *op)
{
	unsigned cpu = op->cpu;
	uint64_t value = 0;

	s->seen = (struct sequence_seen){.hash = op->kind};
	switch (op->kind) {
	case SEQUENCE_OP_READ:
		sequence_read_op(s, cpu, op->a);
		break;
	case SEQUENCE_OP_WRITE:
		sequence_see_gp(s, sequence_write(s, cpu, op->a, op->value));
		break;
	case SEQUENCE_OP_CR8:
		sequence_see_gp(s, s->machine->cr8_write(s, cpu, op->a));
		if (op->value) {
			s->policy = SEQUENCE_FINISH;
			s->machine->window(s, cpu, false);
		}
		sequence_see(s, s->machine->cr8_read(s, cpu));
		break;
	case SEQUENCE_OP_EOI:
		sequence_write(s, cpu, SEQUENCE_EOI, 0);
		break;
	case SEQUENCE_OP_SELF:
		sequence_self(s, cpu, op->value);
		break;
	case SEQUENCE_OP_IPI:
		sequence_send(s, cpu, op->value);
		break;
	case SEQUENCE_OP_WINDOW:
		s->policy = op->a;
		s->chained = false;
		s->machine->window(s, cpu, op->value);
		break;
	case SEQUENCE_OP_TIMER:
		sequence_timer(s, cpu, op);
		break;
	case SEQUENCE_OP_DEADLINE:
		s->machine->wrmsr(s, cpu, SEQUENCE_DEADLINE_MSR, op->value);
		s->machine->rdmsr(s, cpu, SEQUENCE_DEADLINE_MSR, &value);
		sequence_see(s, value);
		break;
	case SEQUENCE_OP_PEEK:
		sequence_see(s, s->machine->load(s, cpu, op->value));
		break;
	case SEQUENCE_OP_BASE:
		sequence_set_base(s, cpu, op->a | op->value);
		break;
	default:
		break;
	}
}

#endif
