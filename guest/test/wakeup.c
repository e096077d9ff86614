/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lost wake-ups: what ends a HLT is moved over every instruction around STI;
 * HLT, on every tier.  An IPI and an NMI from another CPU, whose time of
 * sending is swept by delays of one instruction more each, and the own timer,
 * whose deadline is.  A CPU that sleeps on is told by time, woken and counted.
 * "step=N" on the command line: instructions from one delay to the next.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/tiers.h"

#define WAKEUP_VECTOR	0x51
#define WAKEUP_RESCUE	0x52
#define WAKEUP_BEFORE	1500 /* instructions from the word to HLT */
#define WAKEUP_DELAYS	4000 /* sweep of the sender, from the word on */
#define WAKEUP_TIMER	6000 /* sweep of the deadline, from its arming on */
#define WAKEUP_STEP	1
#define WAKEUP_SPINS	2000
#define WAKEUP_LIMIT_PM (TIME_PM_HZ / 50)
#define WAKEUP_ENOUGH	5 /* lost ones, to give up */
#define WAKEUP_END	UINT64_MAX

enum wakeup_kind { WAKEUP_IPI, WAKEUP_NMI, WAKEUP_DEADLINE };

static const char *const wakeup_names[] = {"IPI", "NMI", "timer"};

static volatile uint64_t wakeup_ready; /* rounds that the sleeper began */
static volatile uint64_t wakeup_awake; /* and that it woke up from */
static volatile uint64_t wakeup_asked; /* rounds that it may begin */
static volatile uint64_t wakeup_taken; /* by the sleeper, but for rescues */
static volatile uint32_t wakeup_delay;
static uint32_t wakeup_step;
extern const uint8_t wakeup_begin[], wakeup_end[]; /* in wakeup_sleep() */
static volatile enum wakeup_kind wakeup_kind;

/* count instructions, at two a turn. */
static void wakeup_spin(uint32_t count)
{
	uint32_t turns = count / 2;

	if (count & 1)
		__asm__ volatile("nop");
	__asm__ volatile("test %0, %0\n\t"
			 "jz 2f\n"
			 "1:\tdec %0\n\t"
			 "jnz 1b\n"
			 "2:"
			 : "+r"(turns)
			 :
			 : "cc");
}

static void wakeup_interrupt(struct trap_frame *f)
{
	(void)f;
	wakeup_taken++;
	apic_eoi();
}

/* One that comes before HLT must not be slept over: HLT is left out then. */
static void wakeup_nmi(struct trap_frame *f)
{
	wakeup_taken++;
	if (f->rip >= (uint64_t)wakeup_begin && f->rip < (uint64_t)wakeup_end)
		f->rip = (uint64_t)wakeup_end;
}

/* HLT, unless so many were taken before. */
static __attribute__((noinline)) void wakeup_sleep(uint64_t round)
{
	__asm__ volatile("wakeup_begin:\n\t"
			 "cmp %0, %1\n\t"
			 "jae wakeup_end\n\t"
			 "sti\n\t"
			 "hlt\n"
			 "wakeup_end:\n\t"
			 "cli"
			 :
			 : "r"(round), "m"(wakeup_taken)
			 : "cc", "memory");
}

static void wakeup_arm(void)
{
	apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | WAKEUP_VECTOR);
	__asm__ volatile("mfence" : : : "memory");
	insn_wrmsr(APIC_DEADLINE_MSR, insn_rdtsc() + wakeup_delay);
}

/* Sleeps once for each round that is asked for. */
static void wakeup_sleeper(void)
{
	for (uint64_t round = 1;; round++) {
		while (wakeup_asked < round)
			insn_pause();
		if (wakeup_asked == WAKEUP_END)
			return;
		wakeup_ready = round;
		if (wakeup_kind == WAKEUP_DEADLINE)
			wakeup_arm();
		else
			wakeup_spin(WAKEUP_BEFORE);
		if (wakeup_kind == WAKEUP_NMI)
			wakeup_sleep(round);
		else
			insn_sleep();
		wakeup_awake = round;
	}
}

/* False when the limit passes first. */
static bool wakeup_await(const volatile uint64_t *counter, uint64_t wanted)
{
	uint32_t then;

	for (unsigned spin = 0; spin < WAKEUP_SPINS; spin++) {
		if (*counter >= wanted)
			return true;
		insn_pause();
	}
	then = time_pm();
	while (*counter < wanted)
		if (time_pm_since(then) > WAKEUP_LIMIT_PM)
			return false;
	return true;
}

/* One sleep and what ends it; true unless that was lost. */
static bool wakeup_round(uint64_t round)
{
	uint32_t id = cpus[1].apic_id;

	wakeup_asked = round;
	wakeup_await(&wakeup_ready, round);
	if (wakeup_kind != WAKEUP_DEADLINE) {
		wakeup_spin(wakeup_delay);
		apic_send(id, APIC_ICR_ASSERT | (wakeup_kind == WAKEUP_NMI
							 ? APIC_ICR_NMI
							 : WAKEUP_VECTOR));
	}
	if (wakeup_await(&wakeup_awake, round))
		return true;
	apic_send(id, APIC_ICR_ASSERT | WAKEUP_RESCUE);
	wakeup_await(&wakeup_awake, round);
	return false;
}

static void wakeup_sweep(unsigned tier, enum wakeup_kind kind)
{
	uint32_t delays =
		kind == WAKEUP_DEADLINE ? WAKEUP_TIMER : WAKEUP_DELAYS;
	uint32_t lost = 0, where = 0;
	uint64_t round = 0, state = kind + 1;

	wakeup_asked = wakeup_ready = wakeup_awake = wakeup_taken = 0;
	wakeup_kind = kind;
	cpu_ask(1, wakeup_sleeper);
	for (wakeup_delay = 0; wakeup_delay < delays && lost < WAKEUP_ENOUGH;
	     wakeup_delay += wakeup_step) {
		if (tier == TIERS_ROAM)
			tiers_roam(&state);
		if (wakeup_round(++round))
			continue;
		lost++;
		where = wakeup_delay;
	}
	wakeup_asked = WAKEUP_END;
	guest_check(cpu_wait(1) && !lost && wakeup_taken == round, "wake-up",
		    "%s by %s: %lu sleeps, %lu wake-ups, %u lost (last at %u)",
		    tiers_name(tier), wakeup_names[kind], round, wakeup_taken,
		    lost, where);
}

static void wakeup_tier(unsigned tier)
{
	wakeup_sweep(tier, WAKEUP_IPI);
	wakeup_sweep(tier, WAKEUP_NMI);
	wakeup_sweep(tier, WAKEUP_DEADLINE);
}

static void wakeup_rescue(struct trap_frame *f)
{
	(void)f;
	apic_eoi();
}

void guest_main(void)
{
	if (cpu_start_all() < 2) {
		guest_check(false, "wakeup", "needs two CPUs");
		return;
	}
	wakeup_step = (uint32_t)guest_number("step=", WAKEUP_STEP);
	trap_handle(WAKEUP_VECTOR, wakeup_interrupt);
	trap_handle(WAKEUP_RESCUE, wakeup_rescue);
	trap_handle(TRAP_NMI, wakeup_nmi);
	if (guest_has_word("x2apic")) {
		apic_to_x2apic();
		cpu_ask(1, apic_to_x2apic);
		cpu_wait(1);
	}
	tiers_each(wakeup_tier);
}
