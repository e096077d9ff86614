/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the firmware's ACPI tables say of the machine: CPUs, I/O APICs, timers,
 * serial port, DMA remapping units.  Pure: reads physical memory through the
 * windows it is given, so that host tests and fuzzers can supply any.
 * Source: ACPI specification, "ACPI Software Programming Model"; Microsoft's
 * SPCR and DBG2 descriptions; IA-PC HPET specification; VT-d specification,
 * "BIOS Considerations".
 */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/boot_info.h"

#define ACPI_REMAPPING_UNITS_MAX 8
#define ACPI_CONSOLES_MAX	 2

/* Physical memory [start, start + size_bytes), readable at base. */
struct acpi_window {
	const uint8_t *base;
	uint64_t start;
	uint64_t size_bytes;
};

struct acpi_memory {
	const struct acpi_window *window;
	uint32_t window_count;
};

struct acpi_machine {
	/* Enabled CPUs, each once, in the table's order; 0: no MADT. */
	struct boot_cpu cpu[BOOT_CPUS_MAX];
	uint32_t cpu_count;
	uint32_t cpus_skipped; /* disabled, or beyond the table */

	struct boot_ioapic ioapic[BOOT_IOAPICS_MAX];
	uint32_t ioapic_count;
	struct boot_override override[BOOT_OVERRIDES_MAX];
	uint32_t override_count;

	hpa_t hpet;		/* 0: none */
	uint16_t pm_timer_port; /* 0: none */

	/* 16550s named by SPCR, then DBG2. */
	struct boot_console console[ACPI_CONSOLES_MAX];
	uint32_t console_count;

	/* Registers of the DMAR table's remapping units. */
	hpa_t remapping_unit[ACPI_REMAPPING_UNITS_MAX];
	uint32_t remapping_unit_count;
};

/*
 * Fills *machine from the tables that the RSDP at this physical address leads
 * to.  False, with an empty *machine, if there is no valid RSDP or no valid
 * XSDT and RSDT.  Tables that are damaged or lie outside the windows are
 * passed over, as if they did not exist.
 */
bool acpi_parse(const struct acpi_memory *memory, hpa_t rsdp,
		struct acpi_machine *machine);

/* The GSI of an ISA interrupt, by the MADT's overrides. */
uint32_t acpi_gsi_of_irq(const struct acpi_machine *machine, uint8_t irq);

/*
 * Where the hypervisor's serial line is: what the configuration names, else
 * what ACPI names, else COM1.
 */
struct boot_console acpi_choose_console(const struct acpi_machine *machine,
					const struct config *config);

/* The speed that the configuration has for a line; else what the line has, but
 * 0, leaving it as it is, if that cannot be made from its clock. */
void acpi_set_speed(struct boot_console *console, const struct config *config);

#endif
