/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPIs to another CPU that runs, or that halts.  It answers by counting; what
 * its own exits were, it tells at the end.
 */
#include <stddef.h>

#include "guest/test/bench/bench.h"
#include "guest/test/lib/guest.h"

#define TWO_OTHER  1
#define TWO_ROUNDS 50
#define TWO_SETTLE 4000 /* turns until the other CPU is where it was before */

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

/* The destination is there already (two_begin), as in xAPIC mode it is a write
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
