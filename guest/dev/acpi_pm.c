/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI fixed hardware.  Touches only the struct acpi_pm it is given.
 * Source: ACPI specification, "PM1 Event Grouping", "PM1 Control Grouping" and
 * "Power Management Timer".
 *
 * There is no SMI and so no legacy mode: SCI_EN is always 1.
 */
#include "guest/dev/acpi_pm.h"

#include "guest/dev/ticks.h"
#include "guest/dev/ports.h"
#include "hv/lib/string.h"

/* Of PM1 status; the enable register has the same bits but for WAK and BM. */
#define ACPI_PM_TMR    0x0001
#define ACPI_PM_GBL    0x0020
#define ACPI_PM_PWRBTN 0x0100
#define ACPI_PM_SLPBTN 0x0200
#define ACPI_PM_RTC    0x0400
#define ACPI_PM_ENABLES                                                \
	(ACPI_PM_TMR | ACPI_PM_GBL | ACPI_PM_PWRBTN | ACPI_PM_SLPBTN | \
	 ACPI_PM_RTC)

/* Of PM1 control. */
#define ACPI_PM_SCI_EN	      0x0001
#define ACPI_PM_BM_RLD	      0x0002
#define ACPI_PM_SLP_TYP_SHIFT 10
#define ACPI_PM_SLP_TYP	      (7u << ACPI_PM_SLP_TYP_SHIFT)
#define ACPI_PM_SLP_EN	      0x2000 /* reads 0 */

#define ACPI_PM_STATUS_PORT   (PORTS_PM1A_EVT)
#define ACPI_PM_ENABLE_PORT   (PORTS_PM1A_EVT + PORTS_PM1A_EVT_SIZE / 2)

/* TMR_STS is set whenever the timer's top bit changes. */
#define ACPI_PM_CARRY_SHIFT 31

static uint64_t acpi_pm_ticks(uint64_t now_ns)
{
	return ticks_from_ns(now_ns, TICKS_PM_COUNT, TICKS_PM_PERIOD_NS);
}

uint32_t acpi_pm_timer(uint64_t now_ns)
{
	return (uint32_t)acpi_pm_ticks(now_ns);
}

void acpi_pm_init(struct acpi_pm *pm, uint64_t now_ns)
{
	memset(pm, 0, sizeof(*pm));
	pm->control = ACPI_PM_SCI_EN;
	pm->seen = acpi_pm_ticks(now_ns) >> ACPI_PM_CARRY_SHIFT;
}

void acpi_pm_tick(struct acpi_pm *pm, uint64_t now_ns)
{
	uint64_t carries = acpi_pm_ticks(now_ns) >> ACPI_PM_CARRY_SHIFT;

	if (carries > pm->seen) {
		pm->status |= ACPI_PM_TMR;
		pm->seen = carries;
	}
}

/* The byte of a little-endian register that begins at port `base`. */
static uint8_t acpi_pm_byte(uint32_t reg, unsigned port, unsigned base)
{
	return reg >> 8 * (port - base);
}

static uint8_t acpi_pm_read_byte(const struct acpi_pm *pm, unsigned port,
				 uint32_t timer)
{
	if (port >= PORTS_PM_TMR && port < PORTS_PM_TMR + PORTS_PM_TMR_SIZE)
		return acpi_pm_byte(timer, port, PORTS_PM_TMR);
	switch (port & ~1u) {
	case ACPI_PM_STATUS_PORT:
		return acpi_pm_byte(pm->status, port, ACPI_PM_STATUS_PORT);
	case ACPI_PM_ENABLE_PORT:
		return acpi_pm_byte(pm->enable, port, ACPI_PM_ENABLE_PORT);
	case PORTS_PM1A_CNT:
		return acpi_pm_byte(pm->control, port, PORTS_PM1A_CNT);
	default:
		return 0xff;
	}
}

uint32_t acpi_pm_read(struct acpi_pm *pm, uint16_t port, unsigned size,
		      uint64_t now_ns)
{
	uint32_t timer = acpi_pm_timer(now_ns);
	uint32_t value = 0;

	acpi_pm_tick(pm, now_ns);
	for (unsigned i = 0; i < size && i < 4; i++)
		value |= (uint32_t)acpi_pm_read_byte(pm, port + i, timer)
			 << 8 * i;
	return value;
}

/* The bits that are written, as a value and a mask in register position. */
struct acpi_pm_lanes {
	uint16_t value, mask;
};

static struct acpi_pm_lanes acpi_pm_lanes(unsigned base, unsigned port,
					  unsigned size, uint32_t value)
{
	struct acpi_pm_lanes lanes = {0, 0};

	for (unsigned i = 0; i < size && i < 4; i++) {
		if (((port + i) & ~1u) != base)
			continue;
		lanes.value |= (value >> 8 * i & 0xff) << 8 * (port + i - base);
		lanes.mask |= 0xff << 8 * (port + i - base);
	}
	return lanes;
}

static enum dev_action acpi_pm_write_control(struct acpi_pm *pm,
					     struct acpi_pm_lanes lanes)
{
	uint16_t keep = ACPI_PM_BM_RLD | ACPI_PM_SLP_TYP;

	keep &= lanes.mask;
	pm->control = (pm->control & ~keep) | (lanes.value & keep);
	if ((lanes.value & ACPI_PM_SLP_EN) &&
	    (pm->control & ACPI_PM_SLP_TYP) >> ACPI_PM_SLP_TYP_SHIFT ==
		    PORTS_SLP_TYP_S5)
		return DEV_ACTION_POWEROFF;
	return DEV_ACTION_NONE;
}

enum dev_action acpi_pm_write(struct acpi_pm *pm, uint16_t port, unsigned size,
			      uint32_t value, uint64_t now_ns)
{
	struct acpi_pm_lanes lanes;

	acpi_pm_tick(pm, now_ns);
	lanes = acpi_pm_lanes(ACPI_PM_STATUS_PORT, port, size, value);
	pm->status &= ~lanes.value;
	lanes = acpi_pm_lanes(ACPI_PM_ENABLE_PORT, port, size, value);
	pm->enable =
		(pm->enable & ~lanes.mask) | (lanes.value & ACPI_PM_ENABLES);
	lanes = acpi_pm_lanes(PORTS_PM1A_CNT, port, size, value);
	return acpi_pm_write_control(pm, lanes);
}

void acpi_pm_press_power_button(struct acpi_pm *pm)
{
	pm->status |= ACPI_PM_PWRBTN;
}

bool acpi_pm_sci(const struct acpi_pm *pm)
{
	return pm->status & pm->enable;
}

uint64_t acpi_pm_next(const struct acpi_pm *pm)
{
	if (!(pm->enable & ACPI_PM_TMR) || (pm->status & ACPI_PM_TMR))
		return TICKS_NEVER;
	return ticks_to_ns((pm->seen + 1) << ACPI_PM_CARRY_SHIFT,
			   TICKS_PM_COUNT, TICKS_PM_PERIOD_NS);
}
