/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPIs between CPUs: start-up by INIT and SIPI, both directions counted, NMI,
 * shorthands, logical destinations, lowest priority, halted receivers, and
 * INIT directly followed by SIPI.  Needs two CPUs or more.  With "x2apic" on
 * the command line all of it in x2APIC mode.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define IPI_PING   0x41
#define IPI_PONG   0x42
#define IPI_ALL	   0x43
#define IPI_WAKE   0x44
#define IPI_LOWEST 0x45
#define IPI_BLOCK  0x46
#define IPI_ROUNDS 1000
#define IPI_STARTS 20
#define IPI_MS	   5000 /* limit of every wait */

static volatile uint64_t ipi_halted;

static void ipi_answer(struct trap_frame *f)
{
	(void)f;
	apic_send(cpus[0].apic_id, IPI_PONG);
	apic_eoi();
}

/* Takes interrupts until the boot CPU says so. */
static volatile bool ipi_stop;

static void ipi_serve(void)
{
	while (!ipi_stop)
		insn_window();
}

static void ipi_serve_halted(void)
{
	while (!ipi_stop) {
		ipi_halted++;
		insn_sleep();
	}
}

/* The mean of rounds of ping and pong with CPU 1, each awaited. */
static void ipi_ping_pong(const char *name, void (*serve)(void))
{
	volatile uint64_t *pongs = &cpu_this()->count[IPI_PONG];
	uint64_t before = *pongs, pings = cpus[1].count[IPI_PING];
	uint64_t tsc = insn_rdtsc();
	unsigned round;
	bool ended;

	ipi_stop = false;
	cpu_ask(1, serve);
	for (round = 0; round < IPI_ROUNDS; round++) {
		uint32_t then = time_pm();

		apic_send(cpus[1].apic_id, IPI_PING);
		while (*pongs == before + round &&
		       time_pm_since(then) < TIME_PM_HZ)
			insn_window();
		if (*pongs != before + round + 1)
			break;
	}
	tsc = insn_rdtsc() - tsc;
	ipi_stop = true;
	apic_send(cpus[1].apic_id, IPI_WAKE);
	ended = cpu_wait(1);
	guest_check(ended && round == IPI_ROUNDS &&
			    cpus[1].count[IPI_PING] - pings == IPI_ROUNDS,
		    name, "%u rounds, %lu pings, %lu pongs, %lu TSC each",
		    round, cpus[1].count[IPI_PING] - pings, *pongs - before,
		    tsc / IPI_ROUNDS);
}

/* Sends and waits until every CPU but the excluded has taken one more. */
static void ipi_reaches(const char *name, uint32_t destination, uint32_t low,
			bool self, bool others)
{
	unsigned vector = low & 0xff;
	uint64_t before[GUEST_CPUS_MAX];
	uint64_t wrong = 0;

	for (unsigned i = 0; i < cpu_count; i++)
		before[i] = cpus[i].count[vector];
	apic_send(destination, low);
	insn_window();
	for (unsigned i = 0; i < cpu_count; i++)
		if (i ? others : self)
			time_wait(&cpus[i].count[vector], before[i] + 1,
				  IPI_MS);
	time_delay_us(1000); /* for those that should not come */
	insn_window();
	for (unsigned i = 0; i < cpu_count; i++)
		if (cpus[i].count[vector] - before[i] != (i ? others : self))
			wrong |= 1ull << i;
	guest_check(!wrong, name, "CPUs with a wrong count: 0x%lx", wrong);
}

static void ipi_shorthands(void)
{
	ipi_stop = false;
	for (unsigned i = 1; i < cpu_count; i++)
		cpu_ask(i, ipi_serve);
	ipi_reaches("shorthand self", 0, APIC_ICR_SELF | IPI_ALL, true, false);
	ipi_reaches("shorthand all", 0, APIC_ICR_ALL | IPI_ALL, true, true);
	ipi_reaches("shorthand others", 0, APIC_ICR_OTHERS | IPI_ALL, false,
		    true);
	ipi_reaches("physical broadcast",
		    cpu_this()->x2apic ? 0xffffffff : 0xff, IPI_ALL, true,
		    true);
	ipi_reaches("physical self", cpus[0].apic_id, IPI_ALL, true, false);
	ipi_reaches("physical nobody", 0xe0, IPI_ALL, false, false);
}

static void ipi_set_logical(void)
{
	apic_write(APIC_DFR, 0xffffffff);
	apic_write(APIC_LDR, 1u << (24 + (cpu_this()->index & 7)));
}

static void ipi_set_cluster(void)
{
	apic_write(APIC_DFR, 0x0fffffff);
	apic_write(APIC_LDR, 0x20000000u | 1u << (24 + cpu_this()->index % 4));
}

static void ipi_ask_all(void (*work)(void))
{
	work();
	ipi_stop = true;
	for (unsigned i = 1; i < cpu_count; i++) {
		cpu_wait(i);
		cpu_ask(i, work);
		cpu_wait(i);
	}
	ipi_stop = false;
	for (unsigned i = 1; i < cpu_count; i++)
		cpu_ask(i, ipi_serve);
}

/* The logical ID is derived: cluster in the high half, a bit in the low. */
static void ipi_logical_x2apic(uint32_t all)
{
	ipi_reaches("x2APIC logical self", 1, APIC_ICR_LOGICAL | IPI_ALL, true,
		    false);
	ipi_reaches("x2APIC logical all", all, APIC_ICR_LOGICAL | IPI_ALL, true,
		    true);
	ipi_reaches("x2APIC logical, other cluster", 0x10000 | all,
		    APIC_ICR_LOGICAL | IPI_ALL, false, false);
	ipi_reaches("x2APIC logical broadcast", 0xffffffff,
		    APIC_ICR_LOGICAL | IPI_ALL, true, true);
}

static void ipi_logical(void)
{
	uint32_t all = (1u << cpu_count) - 1;

	if (cpu_count > 4) {
		guest_skip("logical", "for up to 4 CPUs");
		return;
	}
	if (cpu_this()->x2apic) {
		ipi_logical_x2apic(all);
		return;
	}
	ipi_ask_all(ipi_set_logical);
	ipi_reaches("flat self", 1, APIC_ICR_LOGICAL | IPI_ALL, true, false);
	ipi_reaches("flat others", all & ~1u, APIC_ICR_LOGICAL | IPI_ALL, false,
		    true);
	ipi_reaches("flat all", all, APIC_ICR_LOGICAL | IPI_ALL, true, true);
	ipi_reaches("flat broadcast", 0xff, APIC_ICR_LOGICAL | IPI_ALL, true,
		    true);
	ipi_ask_all(ipi_set_cluster);
	ipi_reaches("cluster all", 0x20 | all, APIC_ICR_LOGICAL | IPI_ALL, true,
		    true);
	ipi_reaches("cluster self", 0x21, APIC_ICR_LOGICAL | IPI_ALL, true,
		    false);
	ipi_reaches("cluster other", 0x1f, APIC_ICR_LOGICAL | IPI_ALL, false,
		    false);
	ipi_ask_all(ipi_set_logical);
}

/* Lowest priority: exactly one of all takes it. */
static void ipi_lowest(void)
{
	uint64_t before = 0, after = 0;

	if (cpu_count > 8 || cpu_this()->x2apic) {
		guest_skip("lowest priority", "up to 8 CPUs in xAPIC mode");
		return;
	}
	for (unsigned i = 0; i < cpu_count; i++)
		before += cpus[i].count[IPI_LOWEST];
	for (unsigned i = 0; i < 100; i++) {
		apic_send((1u << cpu_count) - 1,
			  APIC_ICR_LOGICAL | APIC_ICR_LOWEST | IPI_LOWEST);
		insn_window();
	}
	for (unsigned i = 0; i < 50; i++) {
		time_delay_us(1000);
		insn_window();
	}
	for (unsigned i = 0; i < cpu_count; i++)
		after += cpus[i].count[IPI_LOWEST];
	/* They may merge while one is pending, but are never doubled. */
	guest_check(after > before && after - before <= 100, "lowest priority",
		    "%lu taken of 100 sent", after - before);
}

/* NMIs reach a CPU that has interrupts off. */
static void ipi_block(void)
{
	while (!ipi_stop)
		insn_pause();
}

static void ipi_nmi(void)
{
	const uint64_t sent = 100;
	uint64_t before = cpus[1].count[TRAP_NMI];
	uint64_t taken;

	ipi_stop = true;
	cpu_wait(1);
	ipi_stop = false;
	cpu_ask(1, ipi_block);
	for (uint64_t i = 1; i <= sent; i++) {
		apic_send(cpus[1].apic_id, APIC_ICR_NMI | APIC_ICR_ASSERT);
		if (!time_wait(&cpus[1].count[TRAP_NMI], before + i, IPI_MS))
			break;
	}
	taken = cpus[1].count[TRAP_NMI] - before;
	guest_check(taken == sent, "NMI", "%lu of %lu", taken, sent);
	/* A fixed interrupt waits as long as interrupts are off. */
	before = cpus[1].count[IPI_BLOCK];
	apic_send(cpus[1].apic_id, IPI_BLOCK);
	time_delay_us(2000);
	taken = cpus[1].count[IPI_BLOCK] - before;
	guest_equal("blocked by IF", taken, 0);
	ipi_stop = true;
	cpu_wait(1);
	ipi_stop = false;
	cpu_ask(1, ipi_serve);
	time_wait(&cpus[1].count[IPI_BLOCK], before + 1, IPI_MS);
	guest_equal("taken with IF", cpus[1].count[IPI_BLOCK] - before, 1);
	ipi_stop = true;
	cpu_wait(1);
}

/* A halted CPU wakes for each of many IPIs, however close to its HLT. */
static void ipi_halt(void)
{
	volatile uint64_t *wakes = &cpus[1].count[IPI_WAKE];
	uint64_t before = *wakes;
	unsigned i;
	bool ended;

	ipi_stop = false;
	cpu_ask(1, ipi_serve_halted);
	for (i = 0; i < IPI_ROUNDS; i++) {
		uint64_t sleeps = ipi_halted;

		apic_send(cpus[1].apic_id, IPI_WAKE);
		for (unsigned spin = i % 50; spin; spin--)
			insn_pause();
		if (!time_wait(wakes, before + i + 1, IPI_MS) ||
		    !time_wait(&ipi_halted, sleeps + 1, IPI_MS))
			break;
	}
	ipi_stop = true;
	apic_send(cpus[1].apic_id, IPI_WAKE);
	ended = cpu_wait(1);
	guest_check(ended && i == IPI_ROUNDS, "halted receiver",
		    "%lu wakes of %u", *wakes - before, IPI_ROUNDS);
}

/* INIT and SIPI without a pause: every time the CPU starts again. */
static void ipi_init_sipi(void)
{
	volatile uint32_t *starts = &cpus[1].starts;
	uint32_t before = *starts;
	unsigned i;

	for (i = 0; i < IPI_STARTS; i++) {
		uint32_t then = time_pm();

		cpu_restart(1);
		while (*starts == before + i &&
		       time_pm_since(then) < TIME_PM_HZ)
			insn_pause();
		if (*starts != before + i + 1)
			break;
	}
	guest_check(i == IPI_STARTS, "INIT, SIPI at once", "%u starts of %u",
		    *starts - before, IPI_STARTS);
}

static volatile uint32_t ipi_seen_tpr, ipi_seen_esr;

static void ipi_dirty_apic(void)
{
	apic_write(APIC_TPR, 0x70);
	ipi_seen_tpr = apic_read(APIC_TPR);
}

static void ipi_sees_reset(void)
{
	ipi_seen_tpr = apic_read(APIC_TPR);
	ipi_seen_esr = apic_read(APIC_ESR);
}

static void ipi_init_resets(void)
{
	uint32_t starts = cpus[1].starts;

	cpu_ask(1, ipi_dirty_apic);
	cpu_wait(1);
	guest_equal("TPR before INIT", ipi_seen_tpr, 0x70);
	cpu_restart(1);
	for (unsigned ms = 0; cpus[1].starts == starts && ms < 1000; ms++)
		time_delay_us(1000);
	cpu_ask(1, ipi_sees_reset);
	cpu_wait(1);
	guest_equal("TPR after INIT", ipi_seen_tpr, 0);
	guest_equal("ESR after INIT", ipi_seen_esr, 0);
}

void guest_main(void)
{
	unsigned running = cpu_start_all();

	guest_equal("CPUs that started", running, cpu_count);
	if (running < 2) {
		guest_check(false, "ipi", "needs two CPUs");
		return;
	}
	if (guest_has_word("x2apic")) {
		apic_to_x2apic();
		for (unsigned i = 1; i < running; i++) {
			cpu_ask(i, apic_to_x2apic);
			cpu_wait(i);
		}
	}
	trap_handle(IPI_PING, ipi_answer);
	ipi_ping_pong("ping-pong, running receiver", ipi_serve);
	ipi_ping_pong("ping-pong, halted receiver", ipi_serve_halted);
	ipi_shorthands();
	ipi_logical();
	ipi_lowest();
	ipi_nmi();
	ipi_halt();
	ipi_init_sipi();
	ipi_init_resets();
}
