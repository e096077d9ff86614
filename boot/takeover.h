/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Silence: nothing that the firmware started may interrupt or write memory
 * later.  Boot CPU, interrupts off, after ExitBootServices.
 */
#ifndef BOOT_TAKEOVER_H
#define BOOT_TAKEOVER_H

#include <stdbool.h>

#include "boot/acpi.h"
#include "boot/boot_info.h"

/*
 * The I/O APIC where every PC has one, put into info if ACPI names none.  May
 * be called before ExitBootServices.
 */
void takeover_find_ioapic(struct boot_info *info);

/* True if a remapping unit translates interrupts. */
bool takeover_interrupt_remapping(const struct acpi_machine *machine);

/*
 * 8259s, I/O APICs, HPET, PIT and the bus mastering of PCI functions.  The
 * local APICs are left to the hypervisor, each to its own processor.
 */
void takeover_devices(const struct boot_info *info);

#endif
