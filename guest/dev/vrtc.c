/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An MC146818: the time of day is computed from the VM's time when it is
 * looked at, and is kept in registers only while the clock stands still.
 * Touches only the struct vrtc it is given.
 * Source: MC146818A data sheet, "Registers" and "Update Cycle".
 */
#include "guest/dev/vrtc.h"

#include "guest/dev/calendar.h"
#include "guest/dev/ticks.h"
#include "guest/dev/ports.h"
#include "hv/lib/string.h"

enum {
	VRTC_SECONDS = 0x00,
	VRTC_SECONDS_ALARM = 0x01,
	VRTC_MINUTES = 0x02,
	VRTC_MINUTES_ALARM = 0x03,
	VRTC_HOURS = 0x04,
	VRTC_HOURS_ALARM = 0x05,
	VRTC_DAY_OF_WEEK = 0x06,
	VRTC_DAY_OF_MONTH = 0x07,
	VRTC_MONTH = 0x08,
	VRTC_YEAR = 0x09,
	VRTC_REGISTER_A = 0x0a,
	VRTC_REGISTER_B = 0x0b,
	VRTC_REGISTER_C = 0x0c,
	VRTC_REGISTER_D = 0x0d,
	VRTC_EQUIPMENT = 0x14,
	VRTC_BASE_KIB = 0x15,	  /* 2 bytes: KiB below 640 KiB */
	VRTC_EXTENDED_KIB = 0x17, /* 2 bytes: KiB from 1 MiB */
	VRTC_EXTENDED_KIB_2 = 0x30,
	VRTC_CENTURY = 0x32,
	VRTC_ABOVE_16M = 0x34, /* 2 bytes: 64 KiB units, below 4 GiB */
	VRTC_ABOVE_4G = 0x5b,  /* 3 bytes: 64 KiB units */
};

#define VRTC_A_UIP	   0x80
#define VRTC_A_DV_MASK	   0x70
#define VRTC_A_DV_32KHZ	   0x20
#define VRTC_A_RS_MASK	   0x0f
#define VRTC_A_RS_1024HZ   0x06
#define VRTC_B_SET	   0x80
#define VRTC_B_UIE	   0x10
#define VRTC_B_DM_BINARY   0x04
#define VRTC_B_24H	   0x02
#define VRTC_C_IRQF	   0x80
#define VRTC_C_PF	   0x40 /* each enabled by the same bit of B */
#define VRTC_C_AF	   0x20
#define VRTC_C_UF	   0x10
#define VRTC_C_FLAGS	   0x70
#define VRTC_D_VRT	   0x80
#define VRTC_HOURS_PM	   0x80
#define VRTC_DONT_CARE	   0xc0 /* in an alarm register: both bits set */
#define VRTC_EQUIPMENT_FPU 0x02

/* UIP rises 244 us before an update cycle, which takes 1984 us. */
#define VRTC_UIP_NS	 2228000u
#define VRTC_HALF_NS	 (TICKS_SECOND_NS / 2)
#define VRTC_DAY_S	 86400u
#define VRTC_LAST_UNIX_S 253402300799u /* the end of the year 9999 */

static bool vrtc_divider_runs(const struct vrtc *r)
{
	return (r->cmos[VRTC_REGISTER_A] & VRTC_A_DV_MASK) == VRTC_A_DV_32KHZ;
}

/* Neither SET nor the divider hold the time of day. */
static bool vrtc_runs(const struct vrtc *r)
{
	return vrtc_divider_runs(r) && !(r->cmos[VRTC_REGISTER_B] & VRTC_B_SET);
}

static uint64_t vrtc_seconds(const struct vrtc *r, uint64_t now_ns)
{
	return (now_ns - r->divider_ns) / TICKS_SECOND_NS;
}

static uint64_t vrtc_periods(const struct vrtc *r, uint64_t now_ns)
{
	return ticks_from_ns(now_ns - r->divider_ns, TICKS_RTC_COUNT,
			     TICKS_RTC_PERIOD_NS);
}

/* The inverse of vrtc_seconds. */
static uint64_t vrtc_at(const struct vrtc *r, uint64_t seconds)
{
	return r->divider_ns + seconds * TICKS_SECOND_NS;
}

/* log2 of the periodic interrupt's period in 1/32768 s; 0: none. */
static unsigned vrtc_rate_shift(const struct vrtc *r)
{
	unsigned rs = r->cmos[VRTC_REGISTER_A] & VRTC_A_RS_MASK;

	if (!rs)
		return 0;
	return rs <= 2 ? rs + 6 : rs - 1;
}

static uint8_t vrtc_encode(const struct vrtc *r, uint32_t value)
{
	if (r->cmos[VRTC_REGISTER_B] & VRTC_B_DM_BINARY)
		return value;
	return value / 10 % 10 << 4 | value % 10;
}

static uint32_t vrtc_decode(const struct vrtc *r, uint8_t value)
{
	if (r->cmos[VRTC_REGISTER_B] & VRTC_B_DM_BINARY)
		return value;
	return (value >> 4) * 10 + (value & 15);
}

static uint8_t vrtc_encode_hour(const struct vrtc *r, uint32_t hour)
{
	uint8_t pm = hour >= 12 ? VRTC_HOURS_PM : 0;

	if (r->cmos[VRTC_REGISTER_B] & VRTC_B_24H)
		return vrtc_encode(r, hour);
	return vrtc_encode(r, hour % 12 ? hour % 12 : 12) | pm;
}

static uint32_t vrtc_decode_hour(const struct vrtc *r, uint8_t value)
{
	uint32_t hour;

	if (r->cmos[VRTC_REGISTER_B] & VRTC_B_24H)
		return vrtc_decode(r, value);
	hour = vrtc_decode(r, value & ~VRTC_HOURS_PM);
	if (hour == 12)
		hour = 0;
	return hour + (value & VRTC_HOURS_PM ? 12 : 0);
}

/* How a time register shows a date. */
static uint8_t vrtc_time_register(const struct vrtc *r, unsigned index,
				  const struct calendar *c)
{
	switch (index) {
	case VRTC_SECONDS:
		return vrtc_encode(r, c->second);
	case VRTC_MINUTES:
		return vrtc_encode(r, c->minute);
	case VRTC_HOURS:
		return vrtc_encode_hour(r, c->hour);
	case VRTC_DAY_OF_WEEK:
		return vrtc_encode(r, (c->weekday + r->weekday_shift) % 7 + 1);
	case VRTC_DAY_OF_MONTH:
		return vrtc_encode(r, c->day);
	case VRTC_MONTH:
		return vrtc_encode(r, c->month);
	case VRTC_YEAR:
		return vrtc_encode(r, c->year % 100);
	default: /* VRTC_CENTURY */
		return vrtc_encode(r, c->year / 100 % 100);
	}
}

static bool vrtc_is_time_register(unsigned index)
{
	return index == VRTC_CENTURY ||
	       (index <= VRTC_YEAR && index != VRTC_SECONDS_ALARM &&
		index != VRTC_MINUTES_ALARM && index != VRTC_HOURS_ALARM);
}

/* The date that the running clock shows. */
static struct calendar vrtc_calendar(const struct vrtc *r)
{
	return calendar_of(r->time_s + vrtc_seconds(r, r->seen_ns));
}

/* The clock stops: its time goes to the registers. */
static void vrtc_freeze(struct vrtc *r)
{
	struct calendar c = vrtc_calendar(r);

	for (unsigned i = 0; i <= VRTC_CENTURY; i++) {
		if (vrtc_is_time_register(i))
			r->cmos[i] = vrtc_time_register(r, i, &c);
	}
}

/* The clock starts from what is in the registers, made valid. */
static void vrtc_thaw(struct vrtc *r)
{
	struct calendar c = {
		.second = vrtc_decode(r, r->cmos[VRTC_SECONDS]),
		.minute = vrtc_decode(r, r->cmos[VRTC_MINUTES]),
		.hour = vrtc_decode_hour(r, r->cmos[VRTC_HOURS]),
		.day = vrtc_decode(r, r->cmos[VRTC_DAY_OF_MONTH]),
		.month = vrtc_decode(r, r->cmos[VRTC_MONTH]),
		.year = vrtc_decode(r, r->cmos[VRTC_YEAR]) % 100 +
			vrtc_decode(r, r->cmos[VRTC_CENTURY]) % 100 * 100,
	};
	uint32_t weekday = vrtc_decode(r, r->cmos[VRTC_DAY_OF_WEEK]);
	uint64_t time_s = calendar_seconds(&c);

	/* The guest's days of the week are 1 to 7, ours are 0 to 6. */
	r->weekday_shift = (weekday + 6 + 7 - calendar_of(time_s).weekday) % 7;
	r->time_s = time_s - vrtc_seconds(r, r->seen_ns);
}

/* What the alarm registers ask for; numbers out of range match nothing. */
struct vrtc_alarm {
	bool any_hour, any_minute, any_second;
	uint32_t hour, minute, second;
};

static struct vrtc_alarm vrtc_alarm(const struct vrtc *r)
{
	const uint8_t *cmos = r->cmos;
	struct vrtc_alarm a = {
		.any_hour = cmos[VRTC_HOURS_ALARM] >= VRTC_DONT_CARE,
		.any_minute = cmos[VRTC_MINUTES_ALARM] >= VRTC_DONT_CARE,
		.any_second = cmos[VRTC_SECONDS_ALARM] >= VRTC_DONT_CARE,
		.hour = vrtc_decode_hour(r, cmos[VRTC_HOURS_ALARM]),
		.minute = vrtc_decode(r, cmos[VRTC_MINUTES_ALARM]),
		.second = vrtc_decode(r, cmos[VRTC_SECONDS_ALARM]),
	};

	return a;
}

/*
 * Seconds from time_s to the next alarm after it, 1 to a day; 0: there is none.
 * Skips whole hours and minutes: a few hundred steps at most.
 */
static uint32_t vrtc_alarm_delay(const struct vrtc *r, uint64_t time_s)
{
	struct vrtc_alarm a = vrtc_alarm(r);
	uint32_t now = time_s % VRTC_DAY_S;
	uint32_t t = now + 1;

	if (!a.any_second && a.second > 59)
		return 0;
	while (t <= now + VRTC_DAY_S) {
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
static void vrtc_advance(struct vrtc *r, uint64_t now_ns)
{
	unsigned shift = vrtc_rate_shift(r);
	uint64_t before, passed, delay;

	if (now_ns <= r->seen_ns)
		return;
	if (vrtc_divider_runs(r) && shift &&
	    vrtc_periods(r, now_ns) >> shift !=
		    vrtc_periods(r, r->seen_ns) >> shift)
		r->flags |= VRTC_C_PF;
	before = vrtc_seconds(r, r->seen_ns);
	passed = vrtc_seconds(r, now_ns) - before;
	if (vrtc_runs(r) && passed) {
		r->flags |= VRTC_C_UF;
		delay = r->flags & VRTC_C_AF
				? 0
				: vrtc_alarm_delay(r, r->time_s + before);
		if (delay && delay <= passed)
			r->flags |= VRTC_C_AF;
	}
	r->seen_ns = now_ns;
}

static void vrtc_set_units(struct vrtc *r, unsigned index, unsigned bytes,
			   uint64_t units)
{
	uint64_t most = (1ull << 8 * bytes) - 1;

	if (units > most)
		units = most;
	for (unsigned i = 0; i < bytes; i++)
		r->cmos[index + i] = units >> 8 * i;
}

static void vrtc_set_ram(struct vrtc *r, uint64_t below_4g, uint64_t above_4g)
{
	uint64_t base_kib = below_4g >> 10;
	uint64_t extended = below_4g > 1 << 20 ? below_4g - (1 << 20) : 0;
	uint64_t above_16m = below_4g > 16 << 20 ? below_4g - (16 << 20) : 0;

	vrtc_set_units(r, VRTC_BASE_KIB, 2, base_kib < 640 ? base_kib : 640);
	vrtc_set_units(r, VRTC_EXTENDED_KIB, 2, extended >> 10);
	vrtc_set_units(r, VRTC_EXTENDED_KIB_2, 2, extended >> 10);
	vrtc_set_units(r, VRTC_ABOVE_16M, 2, above_16m >> 16);
	vrtc_set_units(r, VRTC_ABOVE_4G, 3, above_4g >> 16);
}

void vrtc_init(struct vrtc *r, uint64_t unix_s, uint64_t ram_below_4g,
	       uint64_t ram_above_4g, uint64_t now_ns)
{
	memset(r, 0, sizeof(*r));
	if (unix_s > VRTC_LAST_UNIX_S)
		unix_s = VRTC_LAST_UNIX_S;
	r->time_s = unix_s + CALENDAR_UNIX_EPOCH_S;
	r->divider_ns = now_ns;
	r->seen_ns = now_ns;
	r->cmos[VRTC_REGISTER_A] = VRTC_A_DV_32KHZ | VRTC_A_RS_1024HZ;
	r->cmos[VRTC_REGISTER_B] = VRTC_B_24H;
	r->cmos[VRTC_EQUIPMENT] = VRTC_EQUIPMENT_FPU;
	vrtc_set_ram(r, ram_below_4g, ram_above_4g);
}

bool vrtc_irq(const struct vrtc *r)
{
	return r->flags & r->cmos[VRTC_REGISTER_B] & VRTC_C_FLAGS;
}

static uint8_t vrtc_read_a(const struct vrtc *r)
{
	uint64_t phase = (r->seen_ns - r->divider_ns) % TICKS_SECOND_NS;
	bool uip = vrtc_runs(r) && phase >= TICKS_SECOND_NS - VRTC_UIP_NS;

	return r->cmos[VRTC_REGISTER_A] | (uip ? VRTC_A_UIP : 0);
}

uint8_t vrtc_read(struct vrtc *r, uint16_t port, uint64_t now_ns)
{
	struct calendar now;
	uint8_t value;

	if (port != PORTS_RTC_DATA)
		return 0xff;
	vrtc_advance(r, now_ns);
	switch (r->index) {
	case VRTC_REGISTER_A:
		return vrtc_read_a(r);
	case VRTC_REGISTER_C:
		value = r->flags | (vrtc_irq(r) ? VRTC_C_IRQF : 0);
		r->flags = 0;
		return value;
	case VRTC_REGISTER_D:
		return VRTC_D_VRT;
	default:
		if (!vrtc_is_time_register(r->index) || !vrtc_runs(r))
			return r->cmos[r->index];
		now = vrtc_calendar(r);
		return vrtc_time_register(r, r->index, &now);
	}
}

/* The divider, released, makes the first update half a second later. */
static void vrtc_write_a(struct vrtc *r, uint8_t value)
{
	bool ran = vrtc_divider_runs(r);

	r->cmos[VRTC_REGISTER_A] = value & ~VRTC_A_UIP;
	if (!ran && vrtc_divider_runs(r))
		r->divider_ns = r->seen_ns - VRTC_HALF_NS;
}

static void vrtc_write_register(struct vrtc *r, uint8_t value)
{
	switch (r->index) {
	case VRTC_REGISTER_A:
		vrtc_write_a(r, value);
		break;
	case VRTC_REGISTER_B:
		if (value & VRTC_B_SET)
			value &= ~VRTC_B_UIE;
		r->cmos[VRTC_REGISTER_B] = value;
		break;
	case VRTC_REGISTER_C:
	case VRTC_REGISTER_D:
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
void vrtc_write(struct vrtc *r, uint16_t port, uint8_t value, uint64_t now_ns)
{
	bool ran;

	if (port == PORTS_RTC_INDEX)
		r->index = value % VRTC_CMOS_SIZE; /* bit 7: NMI mask */
	if (port != PORTS_RTC_DATA)
		return;
	vrtc_advance(r, now_ns);
	ran = vrtc_runs(r);
	if (ran)
		vrtc_freeze(r);
	vrtc_write_register(r, value);
	if (vrtc_runs(r) && (!ran || vrtc_is_time_register(r->index)))
		vrtc_thaw(r);
}

void vrtc_tick(struct vrtc *r, uint64_t now_ns)
{
	vrtc_advance(r, now_ns);
}

static uint64_t vrtc_earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t vrtc_next(const struct vrtc *r)
{
	uint8_t enabled = r->cmos[VRTC_REGISTER_B];
	unsigned shift = vrtc_rate_shift(r);
	uint64_t seconds = vrtc_seconds(r, r->seen_ns);
	uint64_t next = TICKS_NEVER;
	uint64_t n;

	if (vrtc_irq(r))
		return TICKS_NEVER;
	if ((enabled & VRTC_C_PF) && shift && vrtc_divider_runs(r)) {
		n = ((vrtc_periods(r, r->seen_ns) >> shift) + 1) << shift;
		next = r->divider_ns +
		       ticks_to_ns(n, TICKS_RTC_COUNT, TICKS_RTC_PERIOD_NS);
	}
	if ((enabled & VRTC_C_UF) && vrtc_runs(r))
		next = vrtc_earlier(next, vrtc_at(r, seconds + 1));
	if ((enabled & VRTC_C_AF) && vrtc_runs(r)) {
		n = vrtc_alarm_delay(r, r->time_s + seconds);
		if (n)
			next = vrtc_earlier(next, vrtc_at(r, seconds + n));
	}
	return next;
}
