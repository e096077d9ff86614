/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM's ACPI fixed hardware: PM1a event and control blocks and the 32-bit
 * PM timer (FADT: TMR_VAL_EXT = 1, no SMI command, no GPE blocks).  Times are
 * nanoseconds since the VM started and must not run backwards.  Pure.  The
 * caller holds the VM's device lock.
 * Source: ACPI specification, "ACPI Hardware Specification".
 */
#ifndef GUEST_DEV_ACPI_PM_H
#define GUEST_DEV_ACPI_PM_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/dev/dev_action.h"

struct acpi_pm {
	uint16_t status;
	uint16_t enable;
	uint16_t control;
	uint64_t seen; /* carries of the timer's top bit looked at */
};

void acpi_pm_init(struct acpi_pm *pm, uint64_t now_ns);

/* What a whole read of PORTS_PM_TMR answers; needs no lock. */
uint32_t acpi_pm_timer(uint64_t now_ns);

/*
 * Ports PORTS_PM1A_EVT to PORTS_PM_END - 1, size 1, 2 or 4 bytes, any
 * alignment; bytes outside read as ones and ignore writes.
 */
uint32_t acpi_pm_read(struct acpi_pm *pm, uint16_t port, unsigned size,
		      uint64_t now_ns);

/* Returns DEV_ACTION_POWEROFF when the guest enters S5. */
enum dev_action acpi_pm_write(struct acpi_pm *pm, uint16_t port, unsigned size,
			      uint32_t value, uint64_t now_ns);

/* Somebody outside presses the power button. */
void acpi_pm_press_power_button(struct acpi_pm *pm);

/* The level of the SCI as of the last read, write, button or tick. */
bool acpi_pm_sci(const struct acpi_pm *pm);

/* Brings acpi_pm_sci() up to now. */
void acpi_pm_tick(struct acpi_pm *pm, uint64_t now_ns);

/*
 * When the timer will next raise the SCI; TICKS_NEVER for not until something
 * is written.  After acpi_pm_tick(pm, now) later than now.
 */
uint64_t acpi_pm_next(const struct acpi_pm *pm);

#endif
