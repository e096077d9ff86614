/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the machine's memory, the RSDP at its start.  Checksums are
 * made right after the fact where the input asks for it (first byte odd), or
 * hardly any input would get past them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "boot/acpi.h"

#define START 0x1000u

static void fix_sum(uint8_t *at, size_t size, size_t sum_at)
{
	uint8_t sum = 0;

	at[sum_at] = 0;
	for (size_t i = 0; i < size; i++)
		sum += at[i];
	at[sum_at] = (uint8_t)-sum;
}

static uint64_t get(const uint8_t *ram, size_t size, uint64_t at, size_t width)
{
	uint64_t value = 0;

	if (at <= size && width <= size - at)
		memcpy(&value, ram + at, width);
	return value;
}

static void fix_table(uint8_t *ram, size_t size, uint64_t address)
{
	uint64_t at = address - START;
	uint64_t length = get(ram, size, at + 4, 4);

	if (at < size && length >= 36 && length <= size - at)
		fix_sum(ram + at, length, 9);
}

static void fix_all(uint8_t *ram, size_t size)
{
	uint32_t width = size >= 36 && ram[15] >= 2 ? 8 : 4;
	uint64_t root = get(ram, size, width == 8 ? 24 : 16, width);
	uint64_t length = get(ram, size, root - START + 4, 4);

	for (uint64_t at = 36; at + width <= length && at < size; at += width)
		fix_table(ram, size, get(ram, size, root - START + at, width));
	fix_table(ram, size, root);
	if (size >= 36) {
		fix_sum(ram, 20, 8);
		fix_sum(ram, 36, 32);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct acpi_machine machine;
	struct acpi_window window = {.start = START};
	struct acpi_memory memory = {.window = &window, .window_count = 1};
	uint8_t *ram;

	if (size < 1)
		return 0;
	window.size_bytes = size - 1;
	ram = malloc(size);
	memcpy(ram, data + 1, size - 1);
	if (data[0] & 1)
		fix_all(ram, size - 1);
	window.base = ram;
	if (!acpi_parse(&memory, hpa(START), &machine) &&
	    (machine.cpu_count || machine.console_count))
		abort();
	if (machine.cpu_count > BOOT_CPUS_MAX ||
	    machine.ioapic_count > BOOT_IOAPICS_MAX ||
	    machine.override_count > BOOT_OVERRIDES_MAX ||
	    machine.console_count > ACPI_CONSOLES_MAX ||
	    machine.remapping_unit_count > ACPI_REMAPPING_UNITS_MAX)
		abort();
	for (uint32_t i = 0; i < machine.console_count; i++)
		if (machine.console[i].stride_bytes <
			    machine.console[i].width_bytes ||
		    !machine.console[i].width_bytes)
			abort();
	free(ram);
	return 0;
}
