/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPIs to another CPU that runs, or that halts.  It answers by counting; what
 * its own exits were, it tells at the end.  And timer ticks of this CPU while
 * the other one sends it IPIs.
 */
#include <stddef.h>

#include "guest/test/bench/bench.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/hypercall.h"

#define TWO_OTHER  1
#define TWO_ROUNDS 50
#define TWO_SETTLE 4000 /* turns until the other CPU is where it was before */
#define TWO_TICKS  100
#define TWO_TICK   400000 /* TSC ticks from arming to expiry: 1 ms there */
#define TWO_IPI	   0x81	  /* nobody's: counted, ended, and that is all */

static volatile bool two_stop, two_halts, two_ready;
static struct bench_exits two_exits;

/* ---- the other CPU ---- */

static void two_work(void)
{
	two_exits = (struct bench_exits){{0}};
	bench_exits_begin(&two_exits);
	two_ready = true;
	if (two_halts) {
		while (!two_stop)
			insn_sleep();
	} else {
		insn_sti();
		while (!two_stop)
			;
		insn_cli();
	}
	bench_exits_end(&two_exits);
}

static void two_mode_work(void)
{
	apic_to_x2apic();
	apic_enable();
}

/* ---- this one ---- */

static void two_send(void)
{
	bench_apic_write(APIC_ICR,
			 (uint64_t)cpus[TWO_OTHER].apic_id << 32 | BENCH_EOI);
}

/* The destination is there already (bench_two_begin), as in xAPIC mode it is a write
 * of its own. */
static void two_prepare(void)
{
	for (volatile unsigned i = 0; i < TWO_SETTLE / 4; i++)
		;
}

static void two_ipi(void)
{
	uint64_t before = bench_taken;

	two_send();
	while (bench_taken == before)
		;
}

const struct bench_op bench_two[] = {
	{.name = "ipi-running",
	 .prepare = two_prepare,
	 .run = two_ipi,
	 .taken = 1,
	 .rounds = TWO_ROUNDS},
	{.name = "ipi-halted",
	 .prepare = two_prepare,
	 .run = two_ipi,
	 .taken = 1,
	 .rounds = TWO_ROUNDS},
};
const unsigned bench_two_count = sizeof(bench_two) / sizeof(bench_two[0]);

bool bench_two_start(void)
{
	return cpu_start_all() > TWO_OTHER;
}

void bench_two_mode(void)
{
	if (!bench_x2apic)
		return;
	cpu_ask(TWO_OTHER, two_mode_work);
	cpu_wait(TWO_OTHER);
}

void bench_two_begin(const struct bench_op *op)
{
	two_stop = two_ready = false;
	two_halts = op == &bench_two[1];
	if (!bench_x2apic)
		apic_mmio_write(APIC_ICR_HIGH, cpus[TWO_OTHER].apic_id << 24);
	cpu_ask(TWO_OTHER, two_work);
	while (!two_ready)
		insn_pause();
}

void bench_two_end(struct bench_exits *sum)
{
	two_prepare();
	two_stop = true;
	if (two_halts)
		two_send();
	cpu_wait(TWO_OTHER);
	*sum = two_exits;
}

/* ---- ticks among IPIs ---- */

static uint32_t two_gap; /* TSC ticks between two IPIs, on average */

static void two_send_at_random(void)
{
	uint32_t seed = 0x12345678;

	if (!bench_x2apic)
		apic_mmio_write(APIC_ICR_HIGH, cpus[0].apic_id << 24);
	two_ready = true;
	while (!two_stop) {
		uint64_t until;

		seed = seed * 1103515245 + 12345;
		until = insn_rdtsc() + (seed >> 8) % (2 * two_gap);
		while (insn_rdtsc() < until && !two_stop)
			;
		bench_apic_write(APIC_ICR,
				 (uint64_t)cpus[0].apic_id << 32 | TWO_IPI);
	}
}

static uint64_t two_exits_now(void)
{
	struct hypercall h = {.rax = HYPERCALL_EXIT_COUNT, .rbx = ~0ull};

	hypercall(&h);
	return h.rbx;
}

void bench_two_ticks(unsigned ipis_per_tick, struct bench_ticks *t)
{
	uint64_t ipis = cpus[0].count[TWO_IPI];

	*t = (struct bench_ticks){.ticks = TWO_TICKS};
	two_gap = TWO_TICK / ipis_per_tick;
	two_stop = two_ready = false;
	cpu_ask(TWO_OTHER, two_send_at_random);
	while (!two_ready)
		insn_pause();
	bench_apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | BENCH_TIMER);
	insn_sti();
	for (unsigned i = 0; i < TWO_TICKS; i++) {
		uint64_t taken = bench_taken, exits = two_exits_now();

		insn_wrmsr(APIC_DEADLINE_MSR, insn_rdtsc() + TWO_TICK);
		while (bench_taken == taken)
			;
		exits = two_exits_now() - exits - 1; /* but for the call */
		t->exits += (uint32_t)exits;
		t->armed_alone += exits == 1;
	}
	insn_cli();
	two_stop = true;
	cpu_wait(TWO_OTHER);
	bench_apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	t->ipis = (uint32_t)(cpus[0].count[TWO_IPI] - ipis);
}
