/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that is held now and then, by the monitor or a debugger, and tells
 * whether it could notice.  All CPUs spin, with timers: TSC deadlines on the
 * first, the periodic APIC timer on the others, the PIT for all of them.  'q' on
 * COM1 ends.
 *
 * Noticed would be: a long while between two reads of a clock, an interrupt that
 * comes early, late or not at all, a TSC behind another's, clocks that differ.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/ioapic.h"
#include "guest/test/lib/uart.h"

#define DEADLINE_VECTOR 0x50
#define PERIOD_VECTOR	0x51
#define PIT_VECTOR	0x52
#define TICK_HZ		100    /* of all of them */
#define GAP_HZ		20     /* an absence of 1/20 s is noticed */
#define APART_HZ	100000 /* TSCs may be 10 us apart */
#define TELL_TICKS	10
#define PIT_HZ		1193182u
#define PIT_CHANNEL_0	0x40
#define PIT_CONTROL	0x43
#define PIT_RATE	0x34 /* channel 0, both bytes, mode 2 */
#define PIT_PIN		2
#define TICKS_OFF	3 /* by when counting ended */

/* Of each CPU, its own; apart, so that they share no cache line. */
static struct standstill_cpu {
	uint64_t last, gap; /* between two reads of the TSC, at most */
	uint64_t behind;    /* another's, by more than is allowed */
	volatile uint64_t due, step, early, late; /* of its timer */
	uint8_t reserved[8];
} of_cpu[GUEST_CPUS_MAX];

static uint64_t tsc_hz, start;
static volatile uint64_t newest; /* TSC that any CPU has read */
static volatile bool finish;

static struct standstill_cpu *mine(void)
{
	return &of_cpu[cpu_this()->index];
}

/* ---- timers ---- */

static void expired(struct standstill_cpu *c)
{
	uint64_t now = insn_rdtsc();

	if (now < c->due)
		c->early++;
	else if (now - c->due > c->late)
		c->late = now - c->due;
	c->due += c->step;
}

static void on_deadline(struct trap_frame *f)
{
	(void)f;
	expired(mine());
	insn_wrmsr(APIC_DEADLINE_MSR, mine()->due);
	apic_eoi();
}

static void on_period(struct trap_frame *f)
{
	(void)f;
	expired(mine());
	apic_eoi();
}

static void start_deadlines(void)
{
	trap_handle(DEADLINE_VECTOR, on_deadline);
	apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | DEADLINE_VECTOR);
	__asm__ volatile("mfence" : : : "memory");
	mine()->step = tsc_hz / TICK_HZ;
	mine()->due = insn_rdtsc() + mine()->step;
	insn_wrmsr(APIC_DEADLINE_MSR, mine()->due);
}

/* By CPUID.15H: TSC ticks per clock of the APIC timer. */
static void start_period(void)
{
	uint32_t ratio = insn_cpuid(0x15, 0).ebx;
	uint32_t clocks = (uint32_t)(tsc_hz / TICK_HZ / ratio);

	trap_handle(PERIOD_VECTOR, on_period);
	apic_write(APIC_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, APIC_TIMER_PERIODIC | PERIOD_VECTOR);
	mine()->step = (uint64_t)clocks * ratio;
	mine()->due = insn_rdtsc() + mine()->step;
	apic_write(APIC_INITIAL, clocks);
}

static void start_pit(void)
{
	ioapic_route(PIT_PIN, cpu_this(), PIT_VECTOR);
	insn_out8(PIT_CONTROL, PIT_RATE);
	insn_out8(PIT_CHANNEL_0, PIT_HZ / TICK_HZ & 0xff);
	insn_out8(PIT_CHANNEL_0, PIT_HZ / TICK_HZ >> 8);
}

/* ---- looking at clocks ---- */

static void look(struct standstill_cpu *c)
{
	uint64_t other = newest, now = insn_rdtsc();

	if (now + tsc_hz / APART_HZ < other)
		c->behind++;
	if (c->last && now - c->last > c->gap)
		c->gap = now - c->last;
	c->last = now;
	newest = now;
}

static void other_cpu(void)
{
	start_period();
	insn_sti();
	while (!finish)
		look(mine());
	insn_cli();
}

static bool told_to_end(void)
{
	return insn_in8(UART_LSR) & UART_LSR_READY &&
	       insn_in8(UART_DATA) == 'q';
}

/* Every now and then, so that others know that timers have run. */
static void tell(uint64_t ticks)
{
	static uint64_t told;

	if (ticks < told + TELL_TICKS)
		return;
	told = ticks;
	print("standstill: %lu ticks\n", ticks);
}

/* Returns how long it was by the PM timer, in its ticks. */
static uint64_t first_cpu(void)
{
	uint64_t pm_ticks = 0;
	uint32_t pm = time_pm();

	start = insn_rdtsc();
	start_deadlines();
	start_pit();
	insn_sti();
	while (!told_to_end()) {
		uint32_t passed = time_pm_since(pm);

		pm_ticks += passed;
		pm += passed;
		look(mine());
		tell(cpus[0].count[DEADLINE_VECTOR]);
	}
	insn_cli();
	return pm_ticks;
}

/* ---- what they found ---- */

static void report_cpu(unsigned index)
{
	const struct standstill_cpu *c = &of_cpu[index];
	uint64_t limit = tsc_hz / GAP_HZ;

	guest_check(c->gap < limit, "never away",
		    "CPU %u: TSC went on by %lu at most between two reads",
		    index, c->gap);
	guest_check(!c->early && c->late < limit, "in time",
		    "CPU %u: timer %lu times early, %lu late at most", index,
		    c->early, c->late);
	guest_check(!c->behind, "together", "CPU %u: TSC %lu times behind",
		    index, c->behind);
}

/* But for how exactly the TSC's rate is known, and for how counting ends. */
static void same(const char *name, uint64_t is, uint64_t should)
{
	uint64_t off = should / 500 + TICKS_OFF;

	guest_check(is + off >= should && is <= should + off, name,
		    "%lu, by the TSC %lu", is, should);
}

void guest_main(void)
{
	unsigned running = cpu_start_all();
	uint64_t pm_ticks, passed;

	apic_enable();
	tsc_hz = time_tsc_hz();
	for (unsigned i = 1; i < running; i++)
		cpu_ask(i, other_cpu);
	print("standstill: up, %lu ticks a second\n", tsc_hz);
	pm_ticks = first_cpu();
	passed = insn_rdtsc() - start;
	finish = true;
	for (unsigned i = 1; i < running; i++)
		cpu_wait(i);
	for (unsigned i = 0; i < running; i++)
		report_cpu(i);
	print("standstill: %lu ms passed\n", passed / (tsc_hz / 1000));
	same("PM timer", pm_ticks / (TIME_PM_HZ / 1000),
	     passed / (tsc_hz / 1000));
	same("PIT", cpus[0].count[PIT_VECTOR],
	     passed / 1000 * PIT_HZ / (PIT_HZ / TICK_HZ) / (tsc_hz / 1000));
}
