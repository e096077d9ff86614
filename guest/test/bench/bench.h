/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of the bench share: an operation, and the interrupts that it
 * takes.  bench.c measures and prints, the files here say what.
 */
#ifndef GUEST_TEST_BENCH_BENCH_H
#define GUEST_TEST_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/test/lib/apic.h"
#include "guest/test/lib/insn.h"

#define BENCH_QUIET  0x41 /* its handler counts and leaves it in service */
#define BENCH_EOI    0x51 /* its handler counts and ends it */
#define BENCH_TIMER  0x71 /* like BENCH_EOI, for nothing but the timer */
#define BENCH_LEVEL  0x61 /* like BENCH_QUIET, through the I/O APIC */
#define BENCH_NOBODY 0x0e /* an APIC ID that no CPU has */

/* What a machine may lack. */
enum bench_need {
	BENCH_NEEDS_X2APIC = 1 << 0,   /* the mode in force */
	BENCH_NEEDS_DEADLINE = 1 << 1, /* TSC-deadline mode */
	BENCH_NEEDS_VMCALL = 1 << 2,   /* without #UD */
};

/* One operation, run once for each measurement. */
struct bench_op {
	const char *name;
	void (*prepare)(void); /* not measured; or NULL */
	void (*run)(void);
	uint8_t taken;	 /* interrupts that prepare and run take together */
	bool open;	 /* run with interrupts on */
	uint8_t needs;	 /* enum bench_need */
	uint16_t rounds; /* 0: BENCH_ROUNDS */
};

/* For one CPU, and for two: bench_two_begin() must have started the other. */
extern const struct bench_op bench_one[], bench_two[];
extern const unsigned bench_one_count, bench_two_count;

/* The mode that all CPUs' APICs are in. */
extern bool bench_x2apic;
/* Interrupts taken, by whichever CPU. */
extern volatile uint64_t bench_taken;
/* Of what run() lasted, the instructions that were the guest's own to use: run()
 * sets it. */
extern uint64_t bench_idle;

/* A register of the local APIC, by the way that the mode has; costs two
 * instructions more than the access. */
static inline uint64_t bench_apic_read(uint32_t offset)
{
	return bench_x2apic ? insn_rdmsr(APIC_X2APIC_MSR + offset / 16)
			    : apic_mmio_read(offset);
}

static inline void bench_apic_write(uint32_t offset, uint64_t value)
{
	if (bench_x2apic)
		insn_wrmsr(APIC_X2APIC_MSR + offset / 16, value);
	else
		apic_mmio_write(offset, (uint32_t)value);
}

/* Once, and again in a new mode. */
void bench_irq_begin(void);
void bench_one_begin(void);

/* ---- exits of this CPU, by basic reason; without hypercalls none ---- */

#define BENCH_REASONS 80

struct bench_exits {
	uint32_t count[BENCH_REASONS];
};

/* Between the two: exits are added to sum, those of these calls left out. */
void bench_exits_begin(struct bench_exits *sum);
void bench_exits_end(struct bench_exits *sum);

/* ---- the other CPU (two.c) ---- */

/* False: it did not start. */
bool bench_two_start(void);
void bench_two_mode(void);
/* Around one operation of bench_two[]; the end adds the other CPU's exits. */
void bench_two_begin(const struct bench_op *op);
void bench_two_end(struct bench_exits *sum);

/* Timer ticks by TSC deadline while the other CPU sends IPIs at random times. */
struct bench_ticks {
	uint32_t ticks, exits, ipis;
	uint32_t armed_alone; /* ticks whose only exit was the arming */
};

/* So many IPIs on average.  Needs hypercalls and TSC-deadline mode. */
void bench_two_ticks(unsigned ipis_per_tick, struct bench_ticks *t);

#endif
