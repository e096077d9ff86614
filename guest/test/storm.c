/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt storm: all CPUs send IPIs to all, themselves included, and have a
 * timer each, on every tier and while tiers change.  Every interrupt is
 * accounted for: each pair of CPUs has a vector of its own, which is sent again
 * only when the one before was taken, and so has each timer.  CPUs with an odd
 * index are in x2APIC mode.  On the command line: "count=N", interrupts per tier;
 * "seed=N"; "tier=N", only that one.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/tiers.h"

#define STORM_CPUS	 4
#define STORM_COUNT	 50000
#define STORM_VECTOR	 0x40 /* + 16 * receiver + sender: by any priority */
#define STORM_TIMER	 0x38
#define STORM_LIMIT_PM	 (TIME_PM_HZ / 2)   /* without an interrupt taken */
#define STORM_DRAIN_PM	 (TIME_PM_HZ / 500) /* all have arrived by then */
#define STORM_LOOK_EACH	 64		    /* turns */
#define STORM_ROAM_EACH	 8
#define STORM_TIMER_MASK 0xfff /* TSC ticks, at most */

/* Written by one CPU each, read by all. */
static volatile uint64_t storm_sent[STORM_CPUS][STORM_CPUS]; /* by sender */
static volatile uint64_t storm_taken[STORM_CPUS][STORM_CPUS];
static volatile uint64_t storm_armed[STORM_CPUS], storm_fired[STORM_CPUS];
static volatile bool storm_stop;

static unsigned storm_cpus;
static uint64_t storm_count = STORM_COUNT;
static uint64_t storm_seed = 1;
static uint64_t storm_only = TIERS_AS_IS; /* that is: all */

static void storm_ipi(struct trap_frame *f)
{
	unsigned self = cpu_this()->index;

	storm_taken[f->vector & 0xf][self]++;
	apic_eoi();
}

static void storm_tick(struct trap_frame *f)
{
	(void)f;
	storm_fired[cpu_this()->index]++;
	apic_eoi();
}

static uint32_t storm_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

static void storm_send(unsigned self, unsigned to)
{
	storm_sent[self][to]++;
	apic_send(cpus[to].apic_id, STORM_VECTOR + 16 * to + self);
}

/* One shot, a deadline that is near, or one that is past. */
static void storm_arm(unsigned self, uint32_t r)
{
	uint32_t ticks = r >> 4 & STORM_TIMER_MASK;

	storm_armed[self]++;
	if (r & 1) {
		apic_write(APIC_LVT_TIMER, STORM_TIMER);
		apic_write(APIC_INITIAL, ticks + 1);
	} else {
		apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | STORM_TIMER);
		/* SDM volume 3, "TSC-Deadline Mode": the write comes first. */
		__asm__ volatile("mfence" : : : "memory");
		insn_wrmsr(APIC_DEADLINE_MSR,
			   insn_rdtsc() + (r & 2 ? ticks : 0));
	}
}

/* One turn of what every CPU does, with interrupts off but for windows and
 * HLT. */
static void storm_step(unsigned self, uint64_t *state)
{
	uint32_t r = storm_random(state);
	unsigned to = r % storm_cpus;

	if (storm_sent[self][to] == storm_taken[self][to])
		storm_send(self, to);
	if (!(r & 0x700) && storm_armed[self] == storm_fired[self])
		storm_arm(self, storm_random(state));
	if (r & 0x1000)
		insn_window();
	/* The own timer is what surely wakes it. */
	if (!(r & 0xe000) && storm_armed[self] != storm_fired[self])
		insn_sleep();
}

/* All that is on its way arrives. */
static void storm_drain(void)
{
	uint32_t then = time_pm();

	while (time_pm_since(then) < STORM_DRAIN_PM)
		insn_window();
}

static void storm_work(void)
{
	unsigned self = cpu_this()->index;
	uint64_t state = storm_seed * STORM_CPUS + self + 1;

	while (!storm_stop)
		storm_step(self, &state);
	storm_drain();
}

static uint64_t storm_total(void)
{
	uint64_t total = 0;

	for (unsigned from = 0; from < storm_cpus; from++) {
		total += storm_fired[from];
		for (unsigned to = 0; to < storm_cpus; to++)
			total += storm_taken[from][to];
	}
	return total;
}

/* The boot CPU works as all do, watches, and changes tiers while roaming. */
static void storm_lead(bool roam)
{
	uint64_t state = storm_seed * STORM_CPUS + 1;
	uint64_t begin = storm_total(), last = begin;
	uint32_t then = time_pm();

	while (last - begin < storm_count) {
		uint64_t total;

		for (unsigned i = 0; i < STORM_LOOK_EACH; i++) {
			storm_step(0, &state);
			if (roam && i % STORM_ROAM_EACH == 0)
				tiers_roam(&state);
		}
		total = storm_total();
		if (total != last) {
			last = total;
			then = time_pm();
		} else if (time_pm_since(then) > STORM_LIMIT_PM) {
			print("no interrupt for %u PM ticks\n",
			      time_pm_since(then));
			break;
		}
	}
}

/* The number of pairs and timers that do not agree; prints them. */
static unsigned storm_account(void)
{
	unsigned wrong = 0;

	for (unsigned from = 0; from < storm_cpus; from++) {
		if (storm_armed[from] != storm_fired[from]) {
			wrong++;
			print("timer of CPU %u: armed %lu, fired %lu\n", from,
			      storm_armed[from], storm_fired[from]);
		}
		for (unsigned to = 0; to < storm_cpus; to++) {
			if (storm_sent[from][to] == storm_taken[from][to])
				continue;
			wrong++;
			print("CPU %u to %u: sent %lu, taken %lu\n", from, to,
			      storm_sent[from][to], storm_taken[from][to]);
			/* The next tier begins with a clean account. */
			storm_taken[from][to] = storm_sent[from][to];
		}
		storm_fired[from] = storm_armed[from];
	}
	return wrong;
}

static void storm_tier(unsigned tier)
{
	uint64_t ipis, ticks = 0, before = storm_total();
	unsigned wrong, stuck = 0;

	if (storm_only != TIERS_AS_IS && storm_only != tier)
		return;
	storm_seed++;
	for (unsigned i = 0; i < storm_cpus; i++)
		ticks -= storm_fired[i];
	storm_stop = false;
	for (unsigned i = 1; i < storm_cpus; i++)
		cpu_ask(i, storm_work);
	storm_lead(tier == TIERS_ROAM);
	storm_stop = true;
	for (unsigned i = 1; i < storm_cpus; i++)
		stuck += !cpu_wait(i);
	storm_drain();
	for (unsigned i = 0; i < storm_cpus; i++)
		ticks += storm_fired[i];
	ipis = storm_total() - before - ticks;
	wrong = storm_account();
	guest_check(!wrong && !stuck && ipis + ticks >= storm_count, "storm",
		    "%s, %u CPUs: %lu IPIs, %lu timer interrupts, %u accounts "
		    "wrong, %u CPUs stuck",
		    tiers_name(tier), storm_cpus, ipis, ticks, wrong, stuck);
}

static void storm_prepare(void)
{
	if (cpu_this()->index & 1)
		apic_to_x2apic();
	apic_write(APIC_DIVIDE, APIC_DIVIDE_BY_1);
}

void guest_main(void)
{
	storm_cpus = cpu_start_all();
	if (storm_cpus > STORM_CPUS)
		storm_cpus = STORM_CPUS;
	storm_count = guest_number("count=", STORM_COUNT);
	storm_seed = guest_number("seed=", 1);
	storm_only = guest_number("tier=", TIERS_AS_IS);
	trap_handle(STORM_TIMER, storm_tick);
	for (unsigned v = STORM_VECTOR; v < STORM_VECTOR + 16 * STORM_CPUS; v++)
		trap_handle(v, storm_ipi);
	storm_prepare();
	for (unsigned i = 1; i < storm_cpus; i++) {
		cpu_ask(i, storm_prepare);
		cpu_wait(i);
	}
	tiers_each(storm_tier);
}
