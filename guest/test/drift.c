/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timer drift: on every tier 10,000 expiries of the periodic timer, and as many
 * deadlines in a row, each between t0 + k periods and one exit's cost later,
 * also while the guest changes its TSC by IA32_TSC and IA32_TSC_ADJUST; one
 * shots of all divide values; deadlines moved by the TSC; deadlines in the
 * past, which fire before the next instruction.  For one CPU.
 *
 * The measure is CPUID's exit, the shortest there is.  An expiry may cost
 * DRIFT_EXITS of them: itself with the timer armed anew, the interrupt window of
 * the tiers where software delivers, and an exit that it finds on the way, which
 * takes up to fourteen CPUIDs where an access is decoded.  In Bochs with one CPU the TSC counts instructions, so
 * this does not depend on the machine.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/tiers.h"

#define DRIFT_VECTOR	 0x61
#define DRIFT_PERIODS	 10000
#define DRIFT_PERIOD	 8009 /* TSC ticks */
#define DRIFT_EXITS	 24
#define DRIFT_PAST	 1000
#define DRIFT_TSC	 0x10
#define DRIFT_TSC_ADJUST 0x3b
#define DRIFT_JUMP	 100000007ull /* how far the TSC jumps, at most */
#define DRIFT_JUMP_EACH	 7	      /* periods from one jump to the next */
#define DRIFT_LOOK_EACH	 1000	      /* turns from one look at the time on */
#define DRIFT_DIVIDES	 8

static uint64_t drift_exit;  /* TSC ticks */
static uint64_t drift_ratio; /* TSC ticks per APIC timer clock */

/* Between the handler and the rest; times are the TSC without TSC_ADJUST. */
static volatile uint64_t drift_taken, drift_early, drift_worst;
static volatile uint64_t drift_next;  /* when the next is due */
static volatile uint64_t drift_step;  /* to the one after it */
static volatile uint64_t drift_slack; /* how far off drift_next may be */
static volatile bool drift_again;     /* arm the next deadline */

static uint64_t drift_time(void)
{
	uint64_t tsc = insn_rdtsc();

	return tsc - insn_rdmsr(DRIFT_TSC_ADJUST);
}

/* SDM volume 3, "TSC-Deadline Mode": between the LVT entry and the MSR. */
static void drift_fence(void)
{
	__asm__ volatile("mfence" : : : "memory");
}

static void drift_deadline(uint64_t time)
{
	insn_wrmsr(APIC_DEADLINE_MSR, time + insn_rdmsr(DRIFT_TSC_ADJUST));
}

static void drift_expiry(struct trap_frame *f)
{
	uint64_t now = drift_time();

	(void)f;
	if (now < drift_next)
		drift_early++;
	else if (now - drift_next > drift_worst)
		drift_worst = now - drift_next;
	drift_taken++;
	drift_next += drift_step;
	if (drift_again)
		drift_deadline(drift_next);
	apic_eoi();
}

static void drift_expect(uint64_t first, uint64_t step, uint64_t slack)
{
	drift_taken = drift_early = drift_worst = 0;
	drift_next = first;
	drift_step = step;
	drift_slack = slack;
}

/* The TSC jumps, by either of its MSRs; what is armed by it is armed anew, with
 * the same time. */
static void drift_jump(uint64_t taken)
{
	uint64_t adjust = taken * 1000003 % DRIFT_JUMP;

	if (drift_again)
		insn_wrmsr(APIC_DEADLINE_MSR, 0);
	if (taken & 1)
		insn_wrmsr(DRIFT_TSC_ADJUST, adjust);
	else
		insn_wrmsr(DRIFT_TSC, insn_rdtsc() + adjust -
					      insn_rdmsr(DRIFT_TSC_ADJUST));
	if (drift_again)
		drift_deadline(drift_next);
}

/* Waits for count expiries, but not much longer than they should take.  With
 * jumps the TSC goes forth and back meanwhile. */
static void drift_wait(uint64_t count, bool jumps)
{
	uint64_t last = 0, limit = drift_next + (count + 2) * drift_step;

	for (unsigned turn = 1; drift_taken < count; turn++) {
		insn_window();
		if (jumps && drift_taken - last >= DRIFT_JUMP_EACH) {
			last = drift_taken;
			drift_jump(last);
		}
		if (turn % DRIFT_LOOK_EACH == 0 && drift_time() > limit)
			break;
	}
	if (jumps)
		insn_wrmsr(DRIFT_TSC_ADJUST, 0);
}

static void drift_tell(const char *what, const char *tier, uint64_t wanted)
{
	uint64_t bound = DRIFT_EXITS * drift_exit + drift_slack;

	guest_check(drift_taken == wanted && !drift_early &&
			    drift_worst <= bound,
		    what,
		    "%s: %lu of %lu, %lu early, late by at most %lu "
		    "(bound %lu)",
		    tier, drift_taken, wanted, drift_early, drift_worst, bound);
}

/* ---- the parts ---- */

/* What armed the timer began between two readings of the time. */
static void drift_periodic(const char *tier, bool jumps)
{
	uint64_t count = DRIFT_PERIOD / drift_ratio;
	uint64_t period = count * drift_ratio, before, after;

	drift_again = false;
	apic_write(APIC_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, APIC_TIMER_PERIODIC | DRIFT_VECTOR);
	before = drift_time();
	apic_write(APIC_INITIAL, (uint32_t)count);
	after = drift_time();
	drift_expect(before + period, period, after - before);
	drift_wait(DRIFT_PERIODS, jumps);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	apic_write(APIC_INITIAL, 0);
	drift_tell(jumps ? "periodic, TSC written" : "periodic", tier,
		   DRIFT_PERIODS);
}

/* Every deadline is armed by the handler of the one before. */
static void drift_deadlines(const char *tier, bool jumps)
{
	insn_window(); /* what a failure before has left */
	drift_again = true;
	apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | DRIFT_VECTOR);
	drift_fence();
	drift_expect(drift_time() + DRIFT_PERIOD, DRIFT_PERIOD, 0);
	drift_deadline(drift_next);
	drift_wait(DRIFT_PERIODS, jumps);
	drift_again = false;
	insn_wrmsr(APIC_DEADLINE_MSR, 0);
	insn_window();
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	drift_tell(jumps ? "deadlines, TSC written" : "deadlines", tier,
		   drift_taken > DRIFT_PERIODS ? drift_taken : DRIFT_PERIODS);
}

/* 1, 2, 4, ... 128, as the divide configuration register has them. */
static void drift_one_shots(const char *tier)
{
	static const uint8_t divide[DRIFT_DIVIDES] = {0xb, 0x0, 0x1, 0x2,
						      0x3, 0x8, 0x9, 0xa};
	uint64_t worst = 0;
	unsigned wrong = 0;

	apic_write(APIC_LVT_TIMER, DRIFT_VECTOR);
	for (unsigned i = 0; i < DRIFT_DIVIDES; i++) {
		uint64_t ticks = 1000 * drift_ratio << i, before;

		apic_write(APIC_DIVIDE, divide[i]);
		before = drift_time();
		apic_write(APIC_INITIAL, 1000);
		drift_expect(before + ticks, ticks, drift_time() - before);
		/* Waits for a second one, which must not come. */
		drift_wait(2, false);
		wrong += drift_taken != 1 || drift_early ||
			 drift_worst > DRIFT_EXITS * drift_exit + drift_slack;
		if (drift_worst > worst)
			worst = drift_worst;
	}
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	guest_check(!wrong, "one shots",
		    "%s: %u of %u wrong, late by at most "
		    "%lu",
		    tier, wrong, DRIFT_DIVIDES, worst);
}

/* A deadline is in terms of the TSC: moving that moves the expiry. */
static void drift_moved(const char *tier)
{
	uint64_t tsc, before;

	apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | DRIFT_VECTOR);
	drift_fence();
	/* Far away, but the TSC jumps beyond it. */
	drift_expect(0, 0, 0);
	insn_wrmsr(APIC_DEADLINE_MSR, insn_rdtsc() + (1ull << 40));
	insn_window();
	before = drift_taken;
	insn_wrmsr(DRIFT_TSC_ADJUST, 1ull << 41);
	insn_window();
	guest_check(!before && drift_taken == 1, "deadline, TSC set forward",
		    "%s: %lu before, %lu after", tier, before, drift_taken);
	/* Near, but the TSC is set back: it comes when the TSC says so. */
	tsc = insn_rdtsc() + DRIFT_PERIOD;
	insn_wrmsr(APIC_DEADLINE_MSR, tsc);
	drift_expect(tsc - (1ull << 41) + 3 * DRIFT_PERIOD, DRIFT_PERIOD, 0);
	insn_wrmsr(DRIFT_TSC_ADJUST, (1ull << 41) - 3 * DRIFT_PERIOD);
	drift_wait(1, false);
	insn_wrmsr(DRIFT_TSC_ADJUST, 0);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	drift_tell("deadline, TSC set back", tier, 1);
}

static volatile uint64_t drift_late; /* handlers that came an INC later */

static void drift_past_taken(struct trap_frame *f)
{
	drift_taken++;
	drift_late += f->rbx;
	apic_eoi();
}

/* A deadline in the past fires before the next instruction. */
static void drift_past(const char *tier)
{
	trap_handle(DRIFT_VECTOR, drift_past_taken);
	apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | DRIFT_VECTOR);
	drift_fence();
	drift_taken = drift_late = 0;
	for (unsigned i = 0; i < DRIFT_PAST; i++) {
		uint64_t deadline = i & 1 ? 1 : insn_rdtsc(), count = 0;

		__asm__ volatile("sti\n\t"
				 "nop\n\t"
				 "wrmsr\n\t"
				 "inc %0\n\t"
				 "cli"
				 : "+b"(count)
				 : "c"(APIC_DEADLINE_MSR),
				   "a"((uint32_t)deadline),
				   "d"((uint32_t)(deadline >> 32))
				 : "memory", "cc");
	}
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	trap_handle(DRIFT_VECTOR, drift_expiry);
	guest_check(drift_taken == DRIFT_PAST && !drift_late,
		    "deadline in the past",
		    "%s: %lu of %u, %lu after the next instruction", tier,
		    drift_taken, DRIFT_PAST, drift_late);
}

static void drift_tier(unsigned tier)
{
	const char *name = tiers_name(tier);

	if (tier == TIERS_ROAM)
		return;
	for (int jumps = 0; jumps < 2; jumps++) {
		drift_periodic(name, jumps);
		drift_deadlines(name, jumps);
	}
	drift_one_shots(name);
	drift_moved(name);
	drift_past(name);
}

/* The dearest of some, so that it is warm or cold alike. */
static void drift_measure(void)
{
	struct insn_cpuid leaf = insn_cpuid(0x15, 0);

	for (int i = 0; i < 10; i++) {
		uint64_t tsc = insn_rdtsc(), cost;

		insn_cpuid(1, 0);
		cost = insn_rdtsc() - tsc;
		if (cost > drift_exit)
			drift_exit = cost;
	}
	drift_ratio = leaf.eax ? leaf.ebx / leaf.eax : 1;
	if (!drift_ratio)
		drift_ratio = 1;
	print("an exit takes %lu TSC ticks; %lu of them per timer clock\n",
	      drift_exit, drift_ratio);
}

void guest_main(void)
{
	drift_measure();
	trap_handle(DRIFT_VECTOR, drift_expiry);
	tiers_each(drift_tier);
}
