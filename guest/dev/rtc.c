/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An MC146818: the time of day is computed from the VM's time when it is
 * looked at, and is kept in registers only while the clock stands still.
 * Touches only the struct rtc it is given.
 * Source: MC146818A data sheet, "Registers" and "Update Cycle".
 */
#include "guest/dev/rtc.h"

#include "guest/dev/calendar.h"
#include "guest/dev/clock.h"
#include "guest/dev/ports.h"
#include "hv/lib/string.h"

enum {
	RTC_SECONDS = 0x00,
	RTC_SECONDS_ALARM = 0x01,
	RTC_MINUTES = 0x02,
	RTC_MINUTES_ALARM = 0x03,
	RTC_HOURS = 0x04,
	RTC_HOURS_ALARM = 0x05,
	RTC_DAY_OF_WEEK = 0x06,
	RTC_DAY_OF_MONTH = 0x07,
	RTC_MONTH = 0x08,
	RTC_YEAR = 0x09,
	RTC_REGISTER_A = 0x0a,
	RTC_REGISTER_B = 0x0b,
	RTC_REGISTER_C = 0x0c,
	RTC_REGISTER_D = 0x0d,
	RTC_EQUIPMENT = 0x14,
	RTC_BASE_KIB = 0x15,	 /* 2 bytes: KiB below 640 KiB */
	RTC_EXTENDED_KIB = 0x17, /* 2 bytes: KiB from 1 MiB */
	RTC_EXTENDED_KIB_2 = 0x30,
	RTC_CENTURY = 0x32,
	RTC_ABOVE_16M = 0x34, /* 2 bytes: 64 KiB units, below 4 GiB */
	RTC_ABOVE_4G = 0x5b,  /* 3 bytes: 64 KiB units */
};

#define RTC_A_UIP	  0x80
#define RTC_A_DV_MASK	  0x70
#define RTC_A_DV_32KHZ	  0x20
#define RTC_A_RS_MASK	  0x0f
#define RTC_A_RS_1024HZ	  0x06
#define RTC_B_SET	  0x80
#define RTC_B_UIE	  0x10
#define RTC_B_DM_BINARY	  0x04
#define RTC_B_24H	  0x02
#define RTC_C_IRQF	  0x80
#define RTC_C_PF	  0x40 /* each enabled by the same bit of B */
#define RTC_C_AF	  0x20
#define RTC_C_UF	  0x10
#define RTC_C_FLAGS	  0x70
#define RTC_D_VRT	  0x80
#define RTC_HOURS_PM	  0x80
#define RTC_DONT_CARE	  0xc0 /* in an alarm register: both bits set */
#define RTC_EQUIPMENT_FPU 0x02

/* UIP rises 244 us before an update cycle, which takes 1984 us. */
#define RTC_UIP_NS	2228000u
#define RTC_HALF_NS	(CLOCK_SECOND_NS / 2)
#define RTC_DAY_S	86400u
#define RTC_LAST_UNIX_S 253402300799u /* the end of the year 9999 */

static bool rtc_divider_runs(const struct rtc *r)
{
	return (r->cmos[RTC_REGISTER_A] & RTC_A_DV_MASK) == RTC_A_DV_32KHZ;
}

/* Neither SET nor the divider hold the time of day. */
static bool rtc_runs(const struct rtc *r)
{
	return rtc_divider_runs(r) && !(r->cmos[RTC_REGISTER_B] & RTC_B_SET);
}

static uint64_t rtc_seconds(const struct rtc *r, uint64_t now_ns)
{
	return (now_ns - r->divider_ns) / CLOCK_SECOND_NS;
}

static uint64_t rtc_periods(const struct rtc *r, uint64_t now_ns)
{
	return clock_ticks(now_ns - r->divider_ns, CLOCK_RTC_TICKS,
			   CLOCK_RTC_PERIOD_NS);
}

/* The inverse of rtc_seconds. */
static uint64_t rtc_at(const struct rtc *r, uint64_t seconds)
{
	return r->divider_ns + seconds * CLOCK_SECOND_NS;
}

/* log2 of the periodic interrupt's period in 1/32768 s; 0: none. */
static unsigned rtc_rate_shift(const struct rtc *r)
{
	unsigned rs = r->cmos[RTC_REGISTER_A] & RTC_A_RS_MASK;

	if (!rs)
		return 0;
	return rs <= 2 ? rs + 6 : rs - 1;
}

static uint8_t rtc_encode(const struct rtc *r, uint32_t value)
{
	if (r->cmos[RTC_REGISTER_B] & RTC_B_DM_BINARY)
		return value;
	return value / 10 % 10 << 4 | value % 10;
}

static uint32_t rtc_decode(const struct rtc *r, uint8_t value)
{
	if (r->cmos[RTC_REGISTER_B] & RTC_B_DM_BINARY)
		return value;
	return (value >> 4) * 10 + (value & 15);
}

static uint8_t rtc_encode_hour(const struct rtc *r, uint32_t hour)
{
	uint8_t pm = hour >= 12 ? RTC_HOURS_PM : 0;

	if (r->cmos[RTC_REGISTER_B] & RTC_B_24H)
		return rtc_encode(r, hour);
	return rtc_encode(r, hour % 12 ? hour % 12 : 12) | pm;
}

static uint32_t rtc_decode_hour(const struct rtc *r, uint8_t value)
{
	uint32_t hour;

	if (r->cmos[RTC_REGISTER_B] & RTC_B_24H)
		return rtc_decode(r, value);
	hour = rtc_decode(r, value & ~RTC_HOURS_PM);
	if (hour == 12)
		hour = 0;
	return hour + (value & RTC_HOURS_PM ? 12 : 0);
}

/* How a time register shows a date. */
static uint8_t rtc_time_register(const struct rtc *r, unsigned index,
				 const struct calendar *c)
{
	switch (index) {
	case RTC_SECONDS:
		return rtc_encode(r, c->second);
	case RTC_MINUTES:
		return rtc_encode(r, c->minute);
	case RTC_HOURS:
		return rtc_encode_hour(r, c->hour);
	case RTC_DAY_OF_WEEK:
		return rtc_encode(r, (c->weekday + r->weekday_shift) % 7 + 1);
	case RTC_DAY_OF_MONTH:
		return rtc_encode(r, c->day);
	case RTC_MONTH:
		return rtc_encode(r, c->month);
	case RTC_YEAR:
		return rtc_encode(r, c->year % 100);
	default: /* RTC_CENTURY */
		return rtc_encode(r, c->year / 100 % 100);
	}
}

static bool rtc_is_time_register(unsigned index)
{
	return index == RTC_CENTURY ||
	       (index <= RTC_YEAR && index != RTC_SECONDS_ALARM &&
		index != RTC_MINUTES_ALARM && index != RTC_HOURS_ALARM);
}

/* The date that the running clock shows. */
static struct calendar rtc_calendar(const struct rtc *r)
{
	return calendar_of(r->time_s + rtc_seconds(r, r->seen_ns));
}

/* The clock stops: its time goes to the registers. */
static void rtc_freeze(struct rtc *r)
{
	struct calendar c = rtc_calendar(r);

	for (unsigned i = 0; i <= RTC_CENTURY; i++) {
		if (rtc_is_time_register(i))
			r->cmos[i] = rtc_time_register(r, i, &c);
	}
}

/* The clock starts from what is in the registers, made valid. */
static void rtc_thaw(struct rtc *r)
{
	struct calendar c = {
		.second = rtc_decode(r, r->cmos[RTC_SECONDS]),
		.minute = rtc_decode(r, r->cmos[RTC_MINUTES]),
		.hour = rtc_decode_hour(r, r->cmos[RTC_HOURS]),
		.day = rtc_decode(r, r->cmos[RTC_DAY_OF_MONTH]),
		.month = rtc_decode(r, r->cmos[RTC_MONTH]),
		.year = rtc_decode(r, r->cmos[RTC_YEAR]) % 100 +
			rtc_decode(r, r->cmos[RTC_CENTURY]) % 100 * 100,
	};
	uint32_t weekday = rtc_decode(r, r->cmos[RTC_DAY_OF_WEEK]);
	uint64_t time_s = calendar_seconds(&c);

	/* The guest's days of the week are 1 to 7, ours are 0 to 6. */
	r->weekday_shift = (weekday + 6 + 7 - calendar_of(time_s).weekday) % 7;
	r->time_s = time_s - rtc_seconds(r, r->seen_ns);
}

/* What the alarm registers ask for; numbers out of range match nothing. */
struct rtc_alarm {
	bool any_hour, any_minute, any_second;
	uint32_t hour, minute, second;
};

static struct rtc_alarm rtc_alarm(const struct rtc *r)
{
	const uint8_t *cmos = r->cmos;
	struct rtc_alarm a = {
		.any_hour = cmos[RTC_HOURS_ALARM] >= RTC_DONT_CARE,
		.any_minute = cmos[RTC_MINUTES_ALARM] >= RTC_DONT_CARE,
		.any_second = cmos[RTC_SECONDS_ALARM] >= RTC_DONT_CARE,
		.hour = rtc_decode_hour(r, cmos[RTC_HOURS_ALARM]),
		.minute = rtc_decode(r, cmos[RTC_MINUTES_ALARM]),
		.second = rtc_decode(r, cmos[RTC_SECONDS_ALARM]),
	};

	return a;
}

/*
 * Seconds from time_s to the next alarm after it, 1 to a day; 0: there is none.
 * Skips whole hours and minutes: a few hundred steps at most.
 */
static uint32_t rtc_alarm_delay(const struct rtc *r, uint64_t time_s)
{
	struct rtc_alarm a = rtc_alarm(r);
	uint32_t now = time_s % RTC_DAY_S;
	uint32_t t = now + 1;

	if (!a.any_second && a.second > 59)
		return 0;
	while (t <= now + RTC_DAY_S) {
		if (!a.any_hour && t / 3600 % 24 != a.hour)
			t += 3600 - t % 3600;
		else if (!a.any_minute && t / 60 % 60 != a.minute)
			t += 60 - t % 60;
		else if (!a.any_second && t % 60 != a.second)
			t++;
		else
			return t - now;
	}
	return 0;
}

/* Sets the flags of all that happened since the last call. */
static void rtc_advance(struct rtc *r, uint64_t now_ns)
{
	unsigned shift = rtc_rate_shift(r);
	uint64_t before, passed, delay;

	if (now_ns <= r->seen_ns)
		return;
	if (rtc_divider_runs(r) && shift &&
	    rtc_periods(r, now_ns) >> shift !=
		    rtc_periods(r, r->seen_ns) >> shift)
		r->flags |= RTC_C_PF;
	before = rtc_seconds(r, r->seen_ns);
	passed = rtc_seconds(r, now_ns) - before;
	if (rtc_runs(r) && passed) {
		r->flags |= RTC_C_UF;
		delay = r->flags & RTC_C_AF
				? 0
				: rtc_alarm_delay(r, r->time_s + before);
		if (delay && delay <= passed)
			r->flags |= RTC_C_AF;
	}
	r->seen_ns = now_ns;
}

static void rtc_set_units(struct rtc *r, unsigned index, unsigned bytes,
			  uint64_t units)
{
	uint64_t most = (1ull << 8 * bytes) - 1;

	if (units > most)
		units = most;
	for (unsigned i = 0; i < bytes; i++)
		r->cmos[index + i] = units >> 8 * i;
}

static void rtc_set_ram(struct rtc *r, uint64_t below_4g, uint64_t above_4g)
{
	uint64_t base_kib = below_4g >> 10;
	uint64_t extended = below_4g > 1 << 20 ? below_4g - (1 << 20) : 0;
	uint64_t above_16m = below_4g > 16 << 20 ? below_4g - (16 << 20) : 0;

	rtc_set_units(r, RTC_BASE_KIB, 2, base_kib < 640 ? base_kib : 640);
	rtc_set_units(r, RTC_EXTENDED_KIB, 2, extended >> 10);
	rtc_set_units(r, RTC_EXTENDED_KIB_2, 2, extended >> 10);
	rtc_set_units(r, RTC_ABOVE_16M, 2, above_16m >> 16);
	rtc_set_units(r, RTC_ABOVE_4G, 3, above_4g >> 16);
}

void rtc_init(struct rtc *r, uint64_t unix_s, uint64_t ram_below_4g,
	      uint64_t ram_above_4g, uint64_t now_ns)
{
	memset(r, 0, sizeof(*r));
	if (unix_s > RTC_LAST_UNIX_S)
		unix_s = RTC_LAST_UNIX_S;
	r->time_s = unix_s + CALENDAR_UNIX_EPOCH_S;
	r->divider_ns = now_ns;
	r->seen_ns = now_ns;
	r->cmos[RTC_REGISTER_A] = RTC_A_DV_32KHZ | RTC_A_RS_1024HZ;
	r->cmos[RTC_REGISTER_B] = RTC_B_24H;
	r->cmos[RTC_EQUIPMENT] = RTC_EQUIPMENT_FPU;
	rtc_set_ram(r, ram_below_4g, ram_above_4g);
}

bool rtc_irq(const struct rtc *r)
{
	return r->flags & r->cmos[RTC_REGISTER_B] & RTC_C_FLAGS;
}

static uint8_t rtc_read_a(const struct rtc *r)
{
	uint64_t phase = (r->seen_ns - r->divider_ns) % CLOCK_SECOND_NS;
	bool uip = rtc_runs(r) && phase >= CLOCK_SECOND_NS - RTC_UIP_NS;

	return r->cmos[RTC_REGISTER_A] | (uip ? RTC_A_UIP : 0);
}

uint8_t rtc_read(struct rtc *r, uint16_t port, uint64_t now_ns)
{
	struct calendar now;
	uint8_t value;

	if (port != PORTS_RTC_DATA)
		return 0xff;
	rtc_advance(r, now_ns);
	switch (r->index) {
	case RTC_REGISTER_A:
		return rtc_read_a(r);
	case RTC_REGISTER_C:
		value = r->flags | (rtc_irq(r) ? RTC_C_IRQF : 0);
		r->flags = 0;
		return value;
	case RTC_REGISTER_D:
		return RTC_D_VRT;
	default:
		if (!rtc_is_time_register(r->index) || !rtc_runs(r))
			return r->cmos[r->index];
		now = rtc_calendar(r);
		return rtc_time_register(r, r->index, &now);
	}
}

/* The divider, released, makes the first update half a second later. */
static void rtc_write_a(struct rtc *r, uint8_t value)
{
	bool ran = rtc_divider_runs(r);

	r->cmos[RTC_REGISTER_A] = value & ~RTC_A_UIP;
	if (!ran && rtc_divider_runs(r))
		r->divider_ns = r->seen_ns - RTC_HALF_NS;
}

static void rtc_write_register(struct rtc *r, uint8_t value)
{
	switch (r->index) {
	case RTC_REGISTER_A:
		rtc_write_a(r, value);
		break;
	case RTC_REGISTER_B:
		if (value & RTC_B_SET)
			value &= ~RTC_B_UIE;
		r->cmos[RTC_REGISTER_B] = value;
		break;
	case RTC_REGISTER_C:
	case RTC_REGISTER_D:
		break;
	default:
		r->cmos[r->index] = value;
		break;
	}
}

/*
 * Registers that stop the clock keep its time, and starting it takes theirs; a
 * change of mode while it runs changes how it shows, not the time.
 */
void rtc_write(struct rtc *r, uint16_t port, uint8_t value, uint64_t now_ns)
{
	bool ran;

	if (port == PORTS_RTC_INDEX)
		r->index = value % RTC_CMOS_SIZE; /* bit 7: NMI mask */
	if (port != PORTS_RTC_DATA)
		return;
	rtc_advance(r, now_ns);
	ran = rtc_runs(r);
	if (ran)
		rtc_freeze(r);
	rtc_write_register(r, value);
	if (rtc_runs(r) && (!ran || rtc_is_time_register(r->index)))
		rtc_thaw(r);
}

void rtc_tick(struct rtc *r, uint64_t now_ns)
{
	rtc_advance(r, now_ns);
}

static uint64_t rtc_earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t rtc_next(const struct rtc *r)
{
	uint8_t enabled = r->cmos[RTC_REGISTER_B];
	unsigned shift = rtc_rate_shift(r);
	uint64_t seconds = rtc_seconds(r, r->seen_ns);
	uint64_t next = CLOCK_NEVER;
	uint64_t n;

	if (rtc_irq(r))
		return CLOCK_NEVER;
	if ((enabled & RTC_C_PF) && shift && rtc_divider_runs(r)) {
		n = ((rtc_periods(r, r->seen_ns) >> shift) + 1) << shift;
		next = r->divider_ns +
		       clock_ns(n, CLOCK_RTC_TICKS, CLOCK_RTC_PERIOD_NS);
	}
	if ((enabled & RTC_C_UF) && rtc_runs(r))
		next = rtc_earlier(next, rtc_at(r, seconds + 1));
	if ((enabled & RTC_C_AF) && rtc_runs(r)) {
		n = rtc_alarm_delay(r, r->time_s + seconds);
		if (n)
			next = rtc_earlier(next, rtc_at(r, seconds + n));
	}
	return next;
}
