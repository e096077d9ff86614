/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processors, as the firmware's MP services know them.  Boot CPU, before
 * ExitBootServices.
 */
#ifndef BOOT_MP_H
#define BOOT_MP_H

#include <stdbool.h>

#include "boot/acpi.h"
#include "boot/boot_info.h"

/* The APIC ID of the processor that runs this, all 32 bits where it has them. */
uint32_t mp_own_apic_id(void);

/*
 * Runs procedure(argument) on every other enabled processor, all at once, and
 * waits.  False if the firmware cannot, or if one did not return within
 * five seconds.
 */
bool mp_run_on_others(void (*procedure)(void *), void *argument);

/*
 * Fills info->cpu from the MADT, or without one from the MP services, the boot
 * CPU first.  Returns how many processors are there for certain: what the MP
 * services have seen running, where they exist.
 */
uint32_t mp_find_cpus(const struct acpi_machine *machine,
		      struct boot_info *info);

#endif
