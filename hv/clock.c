/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time; see clock.h.  Sources: ACPI specification, "Power Management Timer";
 * IA-PC HPET specification; 8254 data sheet; MC146818 data sheet; SDM volume 3,
 * "Time-Stamp Counter".
 */
#include "hv/clock.h"

#include <stdbool.h>
#include <stddef.h>

#include "guest/dev/calendar.h"
#include "hv/clock_math.h"
#include "hv/hw/cpu.h"
#include "hv/hw/cpuid.h"
#include "hv/hw/port.h"
#include "hv/hw/tsc.h"
#include "mm/paging.h"

#define PM_TIMER_HZ	   3579545
#define PM_TIMER_MASK	   0xffffff

#define HPET_SIZE	   0x400
#define HPET_CAPABILITIES  0x000 /* its high half: femtoseconds per tick */
#define HPET_CONFIGURATION 0x010
#define HPET_COUNTER	   0x0f0
#define HPET_ENABLE	   1u
#define HPET_PERIOD_MAX	   100000000
#define FEMTOSECONDS	   1000000000000000ull

#define PIT_HZ		   1193182
#define PIT_MASK	   0xffff
#define PIT_CHANNEL2	   0x42
#define PIT_COMMAND	   0x43
#define PIT_CHANNEL2_MODE0 0xb0 /* low byte, then high byte */
#define PIT_CHANNEL2_LATCH 0x80
#define PIT_GATE	   0x61 /* bit 0: channel 2 counts; bit 1: speaker */

#define SAMPLES		   5
#define SAMPLES_PER_S	   50	    /* each takes 20 ms */
#define READS_MAX	   10000000 /* a clock that stands still is no clock */

#define RTC_INDEX	   0x70
#define RTC_DATA	   0x71
#define RTC_A_UPDATE	   0x80
#define RTC_B_24H	   0x02
#define RTC_B_BINARY	   0x04
#define RTC_HOUR_PM	   0x80
#define RTC_TRIES	   100000

/* What the TSC is measured against; counts up, modulo mask + 1. */
struct reference {
	const char *name;
	uint64_t (*read)(void);
	uint64_t hz;
	uint64_t mask;
};

static struct {
	uint64_t hz, ns_factor, tick_factor;
	const char *source;
	uint64_t start_tsc;
	uint64_t start_s; /* Unix time, 0: unknown */
	uint16_t pm_port;
	volatile uint8_t *hpet;
} clock;

static uint64_t pm_timer_read(void)
{
	return port_in32(clock.pm_port);
}

static uint64_t hpet_read(void)
{
	return *(volatile uint32_t *)(clock.hpet + HPET_COUNTER);
}

static uint64_t pit_read(void)
{
	uint32_t count;

	port_out8(PIT_COMMAND, PIT_CHANNEL2_LATCH);
	count = port_in8(PIT_CHANNEL2);
	count |= (uint32_t)port_in8(PIT_CHANNEL2) << 8;
	return -count;
}

static struct reference pit_start(void)
{
	port_out8(PIT_GATE, (port_in8(PIT_GATE) & ~3) | 1);
	port_out8(PIT_COMMAND, PIT_CHANNEL2_MODE0);
	port_out8(PIT_CHANNEL2, 0);
	port_out8(PIT_CHANNEL2, 0);
	return (struct reference){"the PIT", pit_read, PIT_HZ, PIT_MASK};
}

static bool hpet_start(hpa_t address, struct reference *reference)
{
	uint32_t period;

	clock.hpet = paging_map_device(address, HPET_SIZE);
	if (!clock.hpet)
		return false;
	period = *(volatile uint32_t *)(clock.hpet + HPET_CAPABILITIES + 4);
	if (!period || period > HPET_PERIOD_MAX)
		return false;
	*(volatile uint32_t *)(clock.hpet + HPET_CONFIGURATION) |= HPET_ENABLE;
	*reference = (struct reference){"the HPET", hpet_read,
					FEMTOSECONDS / period, UINT32_MAX};
	return true;
}

/* Waits for the next tick; false: the clock stands still. */
static bool tick(const struct reference *r, uint64_t *count, uint64_t *tsc)
{
	uint64_t before = r->read() & r->mask;

	for (uint32_t i = 0; i < READS_MAX; i++) {
		*count = r->read() & r->mask;
		*tsc = tsc_read_ordered();
		if (*count != before)
			return true;
	}
	return false;
}

/* TSC ticks per second by one sample; 0: the clock stands still. */
static uint64_t sample(const struct reference *r)
{
	uint64_t start, start_tsc, now, now_tsc;

	if (!tick(r, &start, &start_tsc))
		return 0;
	do {
		if (!tick(r, &now, &now_tsc))
			return 0;
		now = (now - start) & r->mask;
	} while (now < r->hz / SAMPLES_PER_S);
	return (now_tsc - start_tsc) * r->hz / now;
}

static uint64_t measure(const struct reference *r)
{
	uint64_t hz[SAMPLES];

	for (int i = 0; i < SAMPLES; i++) {
		hz[i] = sample(r);
		if (!hz[i])
			return 0;
	}
	clock.source = r->name;
	return clock_median(hz, SAMPLES);
}

/* By the first clock that there is and that runs; 0: there is none. */
static uint64_t measure_any(const struct boot_info *info)
{
	struct reference r = {"the PM timer", pm_timer_read, PM_TIMER_HZ,
			      PM_TIMER_MASK};
	uint64_t hz = 0;

	clock.pm_port = info->pm_timer_port;
	if (clock.pm_port)
		hz = measure(&r);
	if (!hz && info->hpet.value && hpet_start(info->hpet, &r))
		hz = measure(&r);
	if (!hz) {
		r = pit_start();
		hz = measure(&r);
	}
	return hz;
}

/* SDM volume 2, CPUID leaf 15H: EBX/EAX times the crystal's frequency. */
static uint64_t claimed_hz(void)
{
	struct cpuid leaf = cpuid_or_zero(0x15, 0);

	return leaf.eax ? (uint64_t)leaf.ecx * leaf.ebx / leaf.eax : 0;
}

static uint8_t rtc_read(uint8_t index)
{
	port_out8(RTC_INDEX, index);
	return port_in8(RTC_DATA);
}

static uint32_t from_bcd(uint32_t value, bool binary)
{
	return binary ? value : (value >> 4) * 10 + (value & 0xf);
}

/* One reading, not during an update; false: the RTC is never ready. */
static bool rtc_read_all(uint8_t raw[6])
{
	static const uint8_t index[6] = {0, 2, 4, 7, 8, 9};

	for (int i = 0; rtc_read(10) & RTC_A_UPDATE; i++)
		if (i == RTC_TRIES)
			return false;
	for (int i = 0; i < 6; i++)
		raw[i] = rtc_read(index[i]);
	return true;
}

static uint64_t rtc_unix_seconds(void)
{
	uint8_t a[6], b[6];
	uint8_t mode = rtc_read(11);
	bool binary = mode & RTC_B_BINARY;
	bool same = false;
	struct calendar c;

	/* Twice the same: no update came in between. */
	for (int i = 0; i < 10 && !same; i++) {
		same = true;
		if (!rtc_read_all(a) || !rtc_read_all(b))
			return 0;
		for (int j = 0; j < 6; j++)
			same &= a[j] == b[j];
	}
	c.second = from_bcd(a[0], binary);
	c.minute = from_bcd(a[1], binary);
	c.hour = from_bcd(a[2] & ~RTC_HOUR_PM, binary);
	if (!(mode & RTC_B_24H))
		c.hour = c.hour % 12 + (a[2] & RTC_HOUR_PM ? 12 : 0);
	c.day = from_bcd(a[3], binary);
	c.month = from_bcd(a[4], binary);
	c.year = 2000 + from_bcd(a[5], binary);
	if (!same || c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31 ||
	    c.hour > 23 || c.minute > 59 || c.second > 59 || c.year > 2099)
		return 0;
	return calendar_seconds(&c) - CALENDAR_UNIX_EPOCH_S;
}

void clock_init(const struct boot_info *info)
{
	uint64_t claimed = claimed_hz();
	uint64_t measured = measure_any(info);

	clock.hz = measured ? clock_choose(measured, claimed) : claimed;
	if (!measured)
		clock.source = "CPUID";
	if (!clock.hz) {
		clock.source = "a guess";
		clock.hz = CLOCK_SECOND_NS;
	}
	clock.ns_factor = clock_ns_factor(clock.hz);
	clock.tick_factor = clock_tick_factor(clock.hz);
	clock.start_s = rtc_unix_seconds();
	clock.start_tsc = tsc_read();
}

uint64_t clock_tsc_hz(void)
{
	return clock.hz;
}

const char *clock_source(void)
{
	return clock.source;
}

uint64_t clock_ns_from_tsc(uint64_t ticks)
{
	return clock_scale(ticks, clock.ns_factor);
}

uint64_t clock_tsc_from_ns(uint64_t ns)
{
	return clock_scale(ns, clock.tick_factor);
}

void clock_delay_us(uint32_t us)
{
	uint64_t start = tsc_read();
	uint64_t ticks = clock_tsc_from_ns(us * 1000ull) + 1;

	while (tsc_read() - start < ticks)
		cpu_pause();
}

uint64_t clock_unix_seconds(void)
{
	if (!clock.start_s)
		return 0;
	return clock.start_s + clock_ns_from_tsc(tsc_read() - clock.start_tsc) /
				       CLOCK_SECOND_NS;
}
