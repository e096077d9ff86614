/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest time: the TSC, the PIT, the RTC, the PM timer and the APIC timer must
 * all tell the same, and CPUID must tell the right frequencies.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/ioapic.h"

#define TIMER_VECTOR	  0x61
#define TIMER_PIT_HZ	  1193182u
#define TIMER_PIT_0	  0x40
#define TIMER_PIT_2	  0x42
#define TIMER_PIT_CONTROL 0x43
#define TIMER_SYSTEM_B	  0x61
#define TIMER_RTC_INDEX	  0x70
#define TIMER_RTC_DATA	  0x71
#define TIMER_MS	  200
#define TIMER_LIMIT_MS	  5000
#define TIMER_TICKS	  50
#define TIMER_PIC_VECTOR  0x20
#define TIMER_PIT_PIN	  2 /* of the I/O APIC, as the MADT's override says */

/* Two figures may differ by so many thousandths.  TCG loses time with ticks. */
#define TIMER_TOLERANCE	    20
#define TIMER_TOLERANCE_TCG 150

static uint64_t timer_tsc_hz;

static void timer_agree(const char *name, uint64_t is, uint64_t should)
{
	uint64_t ratio = should ? is * 1000 / should : 0;
	uint64_t tolerance =
		guest_on_tcg() ? TIMER_TOLERANCE_TCG : TIMER_TOLERANCE;

	guest_check(ratio >= 1000 - tolerance && ratio <= 1000 + tolerance,
		    name, "%lu, by the PM timer %lu: %lu/1000", is, should,
		    ratio);
}

/* The PM timer's ticks from a start as a number of a clock's ticks at hz. */
static uint64_t timer_by_pm(uint32_t then, uint64_t hz)
{
	return time_pm_since(then) * hz / TIME_PM_HZ;
}

static void timer_cpuid(void)
{
	struct insn_cpuid leaf = {0};
	uint64_t crystal;

	if (insn_cpuid(0, 0).eax >= 0x15)
		leaf = insn_cpuid(0x15, 0);
	crystal = leaf.ecx;
	if (!leaf.eax || !leaf.ebx || !crystal) {
		guest_skip("CPUID.15H", "does not tell");
		return;
	}
	timer_agree("TSC frequency by CPUID.15H", crystal * leaf.ebx / leaf.eax,
		    timer_tsc_hz);
}

static void timer_tsc(void)
{
	uint64_t again = time_tsc_hz();

	timer_agree("TSC frequency, twice", again, timer_tsc_hz);
	for (unsigned i = 0; i < 10000; i++) {
		uint64_t then = insn_rdtsc();

		if (insn_rdtsc() < then) {
			guest_check(false, "TSC", "ran backwards");
			return;
		}
	}
	guest_check(true, "TSC", "never ran backwards");
}

static uint16_t timer_pit_read(unsigned channel)
{
	uint16_t low;

	insn_out8(TIMER_PIT_CONTROL, (uint8_t)(channel << 6));
	low = insn_in8((uint16_t)(TIMER_PIT_0 + channel));
	return (uint16_t)(low | insn_in8((uint16_t)(TIMER_PIT_0 + channel))
					<< 8);
}

/* Channel 2 counts down while its gate is open, as Linux calibrates. */
static void timer_pit(void)
{
	uint16_t first, second;
	uint32_t then;
	uint64_t wanted;

	insn_out8(TIMER_SYSTEM_B, (insn_in8(TIMER_SYSTEM_B) & ~2) | 1);
	insn_out8(TIMER_PIT_CONTROL, 0xb0);
	insn_out8(TIMER_PIT_2, 0xff);
	insn_out8(TIMER_PIT_2, 0xff);
	first = timer_pit_read(2);
	then = time_pm();
	time_delay_us(30000);
	second = timer_pit_read(2);
	wanted = timer_by_pm(then, TIMER_PIT_HZ);
	timer_agree("PIT ticks in 30 ms", (uint16_t)(first - second), wanted);
	time_delay_us(30000);
	guest_equal("PIT output at its end", insn_in8(TIMER_SYSTEM_B) >> 5 & 1,
		    1);
}

/* Both 8259s: vectors from 20H, all masked but IRQ 0. */
static void timer_pic(uint8_t mask)
{
	insn_out8(0x20, 0x11);
	insn_out8(0x21, TIMER_PIC_VECTOR);
	insn_out8(0x21, 0x04);
	insn_out8(0x21, 0x01);
	insn_out8(0xa0, 0x11);
	insn_out8(0xa1, TIMER_PIC_VECTOR + 8);
	insn_out8(0xa1, 0x02);
	insn_out8(0xa1, 0x01);
	insn_out8(0x21, mask);
	insn_out8(0xa1, 0xff);
}

static void timer_pic_tick(struct trap_frame *f)
{
	(void)f;
	insn_out8(0x20, 0x20);
}

static void timer_pit_rate(uint16_t count)
{
	insn_out8(TIMER_PIT_CONTROL, 0x34);
	insn_out8(TIMER_PIT_0, (uint8_t)count);
	insn_out8(TIMER_PIT_0, (uint8_t)(count >> 8));
}

/* Counts ticks of a periodic interrupt against the PM timer. */
static void timer_ticks(const char *name, unsigned vector, uint64_t hz)
{
	volatile uint64_t *count = &cpu_this()->count[vector];
	uint64_t begin, ticks;
	uint32_t then;
	bool came;

	insn_sti();
	begin = *count;
	came = time_wait(count, begin + 1, TIMER_LIMIT_MS);
	begin = *count;
	then = time_pm();
	if (came)
		came = time_wait(count, begin + TIMER_TICKS, TIMER_LIMIT_MS);
	ticks = *count - begin;
	insn_cli();
	if (came)
		timer_agree(name, ticks * 1000, timer_by_pm(then, hz * 1000));
	else
		guest_check(false, name, "%lu ticks, then none", ticks);
}

static void timer_pit_interrupts(void)
{
	timer_pit_rate(11932); /* 100 Hz */
	trap_handle(TIMER_PIC_VECTOR, timer_pic_tick);
	timer_pic(0xfe);
	apic_write(APIC_LVT_LINT0, 0x700); /* ExtINT: virtual wire */
	timer_ticks("PIT through 8259 and LINT0", TIMER_PIC_VECTOR, 100);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	timer_pic(0xff);

	ioapic_route(TIMER_PIT_PIN, cpu_this(), TIMER_VECTOR);
	timer_ticks("PIT through the I/O APIC", TIMER_VECTOR, 100);
	ioapic_write(ioapic_entry(TIMER_PIT_PIN), IOAPIC_MASKED);
}

static void timer_apic(void)
{
	uint32_t first, second, then;
	uint64_t clocks, hz, ticks;

	apic_write(APIC_DIVIDE, APIC_DIVIDE_BY_16);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	apic_write(APIC_INITIAL, 0xffffffff);
	first = apic_read(APIC_CURRENT);
	then = time_pm();
	time_delay_us(TIMER_MS * 1000);
	second = apic_read(APIC_CURRENT);
	ticks = time_pm_since(then);
	clocks = (uint64_t)(first - second) * 16;
	hz = clocks * TIME_PM_HZ / ticks;
	print("APIC timer: %lu Hz, TSC: %lu Hz\n", hz, timer_tsc_hz);
	if (insn_cpuid(0, 0).eax >= 0x15 && insn_cpuid(0x15, 0).ecx)
		timer_agree("APIC timer by CPUID.15H", insn_cpuid(0x15, 0).ecx,
			    hz);

	apic_write(APIC_LVT_TIMER, APIC_TIMER_PERIODIC | TIMER_VECTOR);
	apic_write(APIC_INITIAL, (uint32_t)(hz / 16 / 100));
	timer_ticks("APIC timer at 100 Hz", TIMER_VECTOR, 100);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	apic_write(APIC_INITIAL, 0);
}

static uint8_t timer_rtc_read(uint8_t index)
{
	insn_out8(TIMER_RTC_INDEX, index);
	return insn_in8(TIMER_RTC_DATA);
}

/* Waits for the RTC's seconds to change; false after 3 s. */
static bool timer_rtc_edge(void)
{
	uint8_t second = timer_rtc_read(0);

	for (unsigned ms = 0; ms < 3000; ms++) {
		if (timer_rtc_read(0) != second)
			return true;
		time_delay_us(1000);
	}
	return false;
}

static void timer_rtc(void)
{
	uint32_t then;

	if (!timer_rtc_edge()) {
		guest_check(false, "RTC", "its seconds stand still");
		return;
	}
	then = time_pm();
	timer_rtc_edge();
	timer_agree("RTC second, in PM ticks", TIME_PM_HZ, time_pm_since(then));
	print("RTC: 20%02x-%02x-%02x %02x:%02x:%02x\n", timer_rtc_read(9),
	      timer_rtc_read(8), timer_rtc_read(7), timer_rtc_read(4),
	      timer_rtc_read(2), timer_rtc_read(0));
}

static volatile uint64_t timer_other_tsc;
static volatile bool timer_other_stop;

static void timer_other(void)
{
	while (!timer_other_stop)
		timer_other_tsc = insn_rdtsc();
}

/* What another CPU read before now is not later than now. */
static void timer_tsc_step(void)
{
	uint64_t ahead = 0;

	if (cpu_start_all() < 2) {
		guest_skip("TSCs in step", "one CPU");
		return;
	}
	cpu_ask(1, timer_other);
	while (!timer_other_tsc)
		insn_pause();
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t other = timer_other_tsc;
		uint64_t mine = insn_rdtsc();

		if (other > mine && other - mine > ahead)
			ahead = other - mine;
	}
	timer_other_stop = true;
	cpu_wait(1);
	guest_equal("TSC of CPU 1: ahead by at most", ahead, 0);
}

void guest_main(void)
{
	timer_tsc_hz = time_tsc_hz();
	timer_tsc();
	timer_cpuid();
	timer_pit();
	timer_pit_interrupts();
	timer_apic();
	timer_rtc();
	timer_tsc_step();
}
