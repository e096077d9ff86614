/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPIs at random times against armed TSC deadlines: late is legal, early is
 * not.  One CPU arms a deadline, spins or halts until its handler has run, and
 * arms the next; the other sends it IPIs all the while.  With posted interrupts
 * the deadline's vector may lie in PIR already when an IPI comes.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/tiers.h"

#define TIMER_VECTOR 0xe0
#define IPI_VECTOR   0xd0
#define ROUNDS	     1500
#define LIMIT_MS     2000

static volatile uint64_t deadline; /* 0: it has fired */
static volatile uint64_t fired, early, worst_late;
static volatile uint64_t external_exits;
static volatile bool done;
static bool with_halt;

static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void on_timer(struct trap_frame *frame)
{
	uint64_t now = insn_rdtsc();

	(void)frame;
	if (!deadline || now < deadline)
		early++;
	else if (now - deadline > worst_late)
		worst_late = now - deadline;
	deadline = 0;
	fired++;
	apic_eoi();
}

/* How often this vCPU left the guest for a physical interrupt. */
static uint64_t exits_by_interrupt(void)
{
	struct hypercall h = {.rax = HYPERCALL_EXIT_COUNT, .rbx = 1};

	hypercall(&h);
	return h.rbx;
}

/* On the other CPU. */
static void arm_deadlines(void)
{
	uint32_t seed = 0x1234567;
	uint64_t before = exits_by_interrupt();

	apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | TIMER_VECTOR);
	__asm__ volatile("mfence" ::: "memory");
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t when = insn_rdtsc() + random_next(&seed) % 30000;
		uint32_t then = time_pm();

		deadline = when;
		trap_wrmsr(APIC_DEADLINE_MSR, when);
		insn_sti();
		while (deadline && time_pm_since(then) < TIME_PM_HZ) {
			insn_cli();
			if (deadline && with_halt && i % 2)
				insn_sleep();
			insn_sti();
			insn_pause();
		}
		insn_cli();
		if (deadline)
			break;
	}
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	external_exits = exits_by_interrupt() - before;
	done = true;
	insn_sti();
	time_delay_us(500); /* for the last IPI */
	insn_cli();
}

static void run_with(unsigned tier, bool halt)
{
	volatile uint64_t *taken = &cpus[1].count[IPI_VECTOR];
	uint64_t sent = 0, before = *taken, deadlines;
	uint32_t seed = 0xabcdef;
	uint64_t roam = 0x9e3779b97f4a7c15;

	fired = early = worst_late = 0;
	done = false;
	with_halt = halt;
	cpu_ask(1, arm_deadlines);
	while (!done) {
		uint64_t until = insn_rdtsc() + random_next(&seed) % 25000;

		while (insn_rdtsc() < until && !done)
			insn_pause();
		if (tier == TIERS_ROAM && random_next(&seed) % 8 == 0)
			tiers_roam(&roam);
		if (*taken - before != sent) /* one at a time: none merge */
			continue;
		apic_send(cpus[1].apic_id, IPI_VECTOR);
		sent++;
	}
	cpu_wait(1);
	deadlines = fired;
	guest_check(deadlines == ROUNDS && !early, tiers_name(tier),
		    "%lu of %u deadlines met, %lu early, %lu IPIs sent, "
		    "%lu exits for physical interrupts, latest by %lu%s",
		    deadlines, ROUNDS, early, sent, external_exits, worst_late,
		    halt ? ", halting" : "");
	guest_check(sent == *taken - before, "every IPI was taken",
		    "%lu of %lu", *taken - before, sent);
}

static void run(unsigned tier)
{
	run_with(tier, false);
	run_with(tier, true);
}

void guest_main(void)
{
	if (cpu_start_all() < 2) {
		guest_check(false, "two CPUs", "there is one");
		return;
	}
	trap_handle(TIMER_VECTOR, on_timer);
	tiers_each(run);
}
