/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TSC deadlines that nothing else rescues: the CPU that waits for one does not
 * leave the guest.  IPIs that come while it is out of the guest may not lose an
 * armed deadline, and one that is written while the one before expires comes at
 * its own time.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/tiers.h"

#define TIMER_VECTOR 0xe1
#define IPI_VECTOR   0xd1
#define ROUNDS	     400
#define FAR	     50000
#define LATE	     3000000 /* TSC ticks after which it is lost */

static volatile uint64_t deadline, fired, early;
static volatile uint64_t lost;
static volatile bool done;

static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void on_timer(struct trap_frame *frame)
{
	(void)frame;
	if (insn_rdtsc() < deadline)
		early++;
	fired++;
	apic_eoi();
}

/* No exits: RDTSC and PAUSE only. */
static void await(uint64_t count)
{
	uint64_t limit = deadline + LATE;

	insn_sti();
	while (fired < count && insn_rdtsc() < limit)
		insn_pause();
	insn_cli();
	if (fired < count)
		lost++;
	fired = count;
}

static void begin(void)
{
	fired = early = lost = 0;
	apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | TIMER_VECTOR);
	__asm__ volatile("mfence" ::: "memory");
}

static void end(void)
{
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	done = true;
}

/* Arms, is out of the guest for a while, then waits. */
static void wait_among_ipis(void)
{
	uint32_t seed = 0x1234567;

	begin();
	for (unsigned i = 0; i < ROUNDS; i++) {
		/* Whoever posts the timer wants some quiet first. */
		uint64_t quiet = insn_rdtsc() + 100000;

		while (insn_rdtsc() < quiet)
			insn_pause();
		deadline = insn_rdtsc() + FAR;
		trap_wrmsr(APIC_DEADLINE_MSR, deadline);
		for (unsigned n = random_next(&seed) % 8; n; n--)
			time_pm();
		await(i + 1);
	}
	end();
}

/* Writes the next deadline about when the one before comes. */
static void write_again(void)
{
	uint32_t seed = 0x7654321;

	begin();
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t first = insn_rdtsc() + FAR, now;
		unsigned before;

		deadline = first;
		trap_wrmsr(APIC_DEADLINE_MSR, first);
		now = first - random_next(&seed) % 2000;
		while (insn_rdtsc() < now)
			insn_pause();
		trap_wrmsr(APIC_DEADLINE_MSR, first + FAR);
		before = apic_bit(APIC_IRR, TIMER_VECTOR);
		if (before) { /* the first came, and counts */
			fired = 0;
			await(1);
		}
		deadline = first + FAR;
		fired = 0;
		await(1);
	}
	end();
}

/* An access to the timer that the processor does not virtualize, about when the
 * deadline comes: it comes once. */
static void write_wide(void)
{
	volatile uint64_t *lvt =
		(volatile uint64_t *)(APIC_BASE + APIC_LVT_TIMER);
	uint32_t seed = 0x2468ace;

	begin();
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t then;

		deadline = insn_rdtsc() + FAR;
		then = deadline + 200 - random_next(&seed) % 2000;
		fired = 0;
		trap_wrmsr(APIC_DEADLINE_MSR, deadline);
		while (insn_rdtsc() < then)
			insn_pause();
		*lvt = APIC_TIMER_DEADLINE | TIMER_VECTOR;
		await(1);
		insn_window();
		if (fired != 1)
			early++;
	}
	end();
}

static void verdict(unsigned tier, const char *what)
{
	guest_check(!early && !lost, tiers_name(tier),
		    "%u deadlines %s: %lu lost, %lu early", ROUNDS, what, lost,
		    early);
}

static void run(unsigned tier)
{
	uint32_t seed = 0xabcdef;

	done = false;
	cpu_ask(1, wait_among_ipis);
	while (!done) {
		uint64_t until = insn_rdtsc() + random_next(&seed) % 400000;

		while (insn_rdtsc() < until && !done)
			insn_pause();
		apic_send(cpus[1].apic_id, IPI_VECTOR);
	}
	cpu_wait(1);
	verdict(tier, "among IPIs");
	done = false;
	cpu_ask(1, write_again);
	while (!done)
		insn_pause();
	cpu_wait(1);
	verdict(tier, "written again");
	done = false;
	cpu_ask(1, write_wide);
	while (!done)
		insn_pause();
	cpu_wait(1);
	verdict(tier, "with wide writes");
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
