/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI tables from raw memory.  Touches only its arguments; called by the
 * loader while the firmware's memory is still as the firmware left it.  Pure.
 * Tables are input like any other: every length is checked, and a read behind
 * a table's end gives 0.
 */
#include "boot/acpi.h"

#include "hv/lib/baud.h"
#include "hv/lib/string.h"

#define ACPI_HEADER_SIZE	   36u
#define ACPI_TABLES_MAX		   256u
#define ACPI_TABLE_SIZE_MAX	   (1u << 20)
#define ACPI_RSDP_V1_SIZE	   20u
#define ACPI_RSDP_SIZE_MAX	   256u

#define ACPI_GAS_MEMORY		   0
#define ACPI_GAS_IO		   1

#define ACPI_MADT_ENTRIES	   44u
#define ACPI_MADT_LOCAL_APIC	   0
#define ACPI_MADT_IOAPIC	   1
#define ACPI_MADT_OVERRIDE	   2
#define ACPI_MADT_LOCAL_X2APIC	   9
#define ACPI_MADT_ENABLED	   1u
#define ACPI_MADT_POLARITY_MASK	   3u
#define ACPI_MADT_POLARITY_LOW	   3u
#define ACPI_MADT_TRIGGER_MASK	   0xcu
#define ACPI_MADT_TRIGGER_LEVEL	   0xcu
#define ACPI_LOCAL_APIC_BROADCAST  0xffu

#define ACPI_DMAR_STRUCTURES	   48u
#define ACPI_DMAR_DRHD		   0

#define ACPI_SPCR_INTERRUPT_8259   1u
#define ACPI_SPCR_INTERRUPT_IOAPIC 2u
#define ACPI_SPCR_REVISION_CLOCK   3u /* "UART Clock Frequency" */
#define ACPI_SPCR_REVISION_BAUD	   4u /* "Precise Baud Rate" */

#define ACPI_DBG2_SERIAL	   0x8000

#define ACPI_COM1		   0x3f8
#define ACPI_COM2		   0x2f8
#define ACPI_BAUD_DEFAULT	   115200

/* Serial interface types, shared by SPCR and DBG2. */
#define ACPI_UART_16550	    0x00
#define ACPI_UART_16450	    0x01
#define ACPI_UART_16550_GAS 0x12

struct acpi_table {
	const uint8_t *bytes;
	uint32_t size; /* 0: no such table */
};

static uint64_t acpi_read(struct acpi_table table, uint32_t offset,
			  uint32_t size)
{
	uint64_t value = 0;

	if (offset <= table.size && size <= table.size - offset)
		memcpy(&value, table.bytes + offset, size);
	return value;
}

static uint8_t acpi_u8(struct acpi_table table, uint32_t offset)
{
	return (uint8_t)acpi_read(table, offset, 1);
}

static uint16_t acpi_u16(struct acpi_table table, uint32_t offset)
{
	return (uint16_t)acpi_read(table, offset, 2);
}

static uint32_t acpi_u32(struct acpi_table table, uint32_t offset)
{
	return (uint32_t)acpi_read(table, offset, 4);
}

static uint64_t acpi_u64(struct acpi_table table, uint32_t offset)
{
	return acpi_read(table, offset, 8);
}

/* A part of a table, empty if it does not lie inside. */
static struct acpi_table acpi_part(struct acpi_table table, uint32_t offset,
				   uint32_t size)
{
	if (offset > table.size || size > table.size - offset)
		return (struct acpi_table){0};
	return (struct acpi_table){table.bytes + offset, size};
}

/* size bytes of physical memory, empty if no window holds them all. */
static struct acpi_table acpi_at(const struct acpi_memory *memory,
				 uint64_t address, uint32_t size)
{
	for (uint32_t i = 0; i < memory->window_count; i++) {
		const struct acpi_window *window = &memory->window[i];
		uint64_t offset = address - window->start;

		if (address >= window->start && offset <= window->size_bytes &&
		    size <= window->size_bytes - offset)
			return (struct acpi_table){window->base + offset, size};
	}
	return (struct acpi_table){0};
}

static bool acpi_sum_is_zero(struct acpi_table table)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < table.size; i++)
		sum += table.bytes[i];
	return sum == 0;
}

static bool acpi_is(struct acpi_table table, const char *signature)
{
	return table.size >= 4 && !memcmp(table.bytes, signature, 4);
}

/* The table at an address, empty if it is damaged. */
static struct acpi_table acpi_table(const struct acpi_memory *memory,
				    uint64_t address)
{
	struct acpi_table header = acpi_at(memory, address, ACPI_HEADER_SIZE);
	uint32_t size = acpi_u32(header, 4);
	struct acpi_table table;

	if (size < ACPI_HEADER_SIZE || size > ACPI_TABLE_SIZE_MAX)
		return (struct acpi_table){0};
	table = acpi_at(memory, address, size);
	return acpi_sum_is_zero(table) ? table : (struct acpi_table){0};
}

/* The XSDT, else the RSDT; entry_size says which. */
static struct acpi_table acpi_root(const struct acpi_memory *memory, hpa_t rsdp,
				   uint32_t *entry_size)
{
	struct acpi_table pointer =
		acpi_at(memory, rsdp.value, ACPI_RSDP_V1_SIZE);
	struct acpi_table root = {0};
	uint32_t size;

	if (!pointer.size || memcmp(pointer.bytes, "RSD PTR ", 8) ||
	    !acpi_sum_is_zero(pointer))
		return root;
	if (acpi_u8(pointer, 15) >= 2) {
		size = acpi_u32(acpi_at(memory, rsdp.value, 24), 20);
		if (size > ACPI_RSDP_V1_SIZE && size <= ACPI_RSDP_SIZE_MAX)
			root = acpi_at(memory, rsdp.value, size);
		*entry_size = 8;
		root = root.size && acpi_sum_is_zero(root)
			       ? acpi_table(memory, acpi_u64(root, 24))
			       : (struct acpi_table){0};
		if (acpi_is(root, "XSDT"))
			return root;
	}
	*entry_size = 4;
	root = acpi_table(memory, acpi_u32(pointer, 16));
	return acpi_is(root, "RSDT") ? root : (struct acpi_table){0};
}

static void acpi_add_cpu(struct acpi_machine *machine, uint32_t apic_id,
			 uint32_t flags)
{
	for (uint32_t i = 0; i < machine->cpu_count; i++)
		if (machine->cpu[i].apic_id == apic_id)
			return;
	if (!(flags & ACPI_MADT_ENABLED) ||
	    machine->cpu_count == BOOT_CPUS_MAX) {
		machine->cpus_skipped++;
		return;
	}
	machine->cpu[machine->cpu_count++].apic_id = apic_id;
}

static void acpi_add_ioapic(struct acpi_machine *machine, uint32_t address,
			    uint32_t gsi_base)
{
	if (machine->ioapic_count == BOOT_IOAPICS_MAX || !address)
		return;
	machine->ioapic[machine->ioapic_count++] =
		(struct boot_ioapic){hpa(address), gsi_base};
}

static void acpi_add_override(struct acpi_machine *machine,
			      struct acpi_table entry)
{
	uint16_t flags = acpi_u16(entry, 8);

	if (machine->override_count == BOOT_OVERRIDES_MAX)
		return;
	machine->override[machine->override_count++] = (struct boot_override){
		.irq = acpi_u8(entry, 3),
		.active_low = (flags & ACPI_MADT_POLARITY_MASK) ==
			      ACPI_MADT_POLARITY_LOW,
		.level = (flags & ACPI_MADT_TRIGGER_MASK) ==
			 ACPI_MADT_TRIGGER_LEVEL,
		.gsi = acpi_u32(entry, 4),
	};
}

static void acpi_madt_entry(struct acpi_machine *machine,
			    struct acpi_table entry)
{
	switch (acpi_u8(entry, 0)) {
	case ACPI_MADT_LOCAL_APIC:
		if (entry.size >= 8 &&
		    acpi_u8(entry, 3) != ACPI_LOCAL_APIC_BROADCAST)
			acpi_add_cpu(machine, acpi_u8(entry, 3),
				     acpi_u32(entry, 4));
		break;
	case ACPI_MADT_IOAPIC:
		if (entry.size >= 12)
			acpi_add_ioapic(machine, acpi_u32(entry, 4),
					acpi_u32(entry, 8));
		break;
	case ACPI_MADT_OVERRIDE:
		if (entry.size >= 10)
			acpi_add_override(machine, entry);
		break;
	case ACPI_MADT_LOCAL_X2APIC:
		if (entry.size >= 16 && acpi_u32(entry, 4) != UINT32_MAX)
			acpi_add_cpu(machine, acpi_u32(entry, 4),
				     acpi_u32(entry, 8));
		break;
	}
}

static void acpi_madt(struct acpi_machine *machine, struct acpi_table table)
{
	uint32_t offset = ACPI_MADT_ENTRIES;

	if (machine->cpu_count || machine->ioapic_count)
		return; /* a second MADT: the first one counts */
	while (offset < table.size) {
		uint32_t size = acpi_u8(table, offset + 1);

		if (size < 2)
			return;
		acpi_madt_entry(machine, acpi_part(table, offset, size));
		offset += size;
	}
}

static void acpi_fadt(struct acpi_machine *machine, struct acpi_table table)
{
	uint64_t port = acpi_u32(table, 76);

	if (acpi_u8(table, 91) != 4)
		return;
	if (acpi_u64(table, 212) && acpi_u8(table, 208) == ACPI_GAS_IO)
		port = acpi_u64(table, 212);
	if (port <= UINT16_MAX - 3)
		machine->pm_timer_port = (uint16_t)port;
}

static void acpi_hpet(struct acpi_machine *machine, struct acpi_table table)
{
	if (acpi_u8(table, 40) == ACPI_GAS_MEMORY && !machine->hpet.value)
		machine->hpet = hpa(acpi_u64(table, 44));
}

/* line: what is known of it but for where it is. */
static void acpi_add_console(struct acpi_machine *machine, uint32_t type,
			     struct acpi_table gas, struct boot_console line)
{
	struct boot_console console = line;
	uint32_t access = acpi_u8(gas, 3);

	if (type != ACPI_UART_16550 && type != ACPI_UART_16450 &&
	    type != ACPI_UART_16550_GAS)
		return;
	console.address = acpi_u64(gas, 4);
	if (!console.address || machine->console_count == ACPI_CONSOLES_MAX)
		return;
	if (acpi_u8(gas, 0) == ACPI_GAS_IO && console.address <= 0xfff8) {
		console.kind = BOOT_CONSOLE_IO;
		console.stride_bytes = 1;
		console.width_bytes = 1;
	} else if (acpi_u8(gas, 0) == ACPI_GAS_MEMORY) {
		console.kind = BOOT_CONSOLE_MMIO;
		console.stride_bytes = acpi_u8(gas, 1) / 8;
		if (console.stride_bytes != 2 && console.stride_bytes != 4)
			console.stride_bytes = 1;
		console.width_bytes = access >= 1 && access <= 3
					      ? 1u << (access - 1)
					      : console.stride_bytes;
		if (console.stride_bytes < console.width_bytes)
			console.stride_bytes = console.width_bytes;
	} else {
		return;
	}
	machine->console[machine->console_count++] = console;
}

/* Serial Port Console Redirection */
static void acpi_spcr(struct acpi_machine *machine, struct acpi_table table)
{
	static const uint32_t bauds[] = {
		[3] = 9600,
		[4] = 19200,
		[6] = 57600,
		[7] = 115200,
	};
	struct boot_console line = {.gsi = UINT32_MAX};
	uint8_t revision = acpi_u8(table, 8);
	uint8_t interrupt = acpi_u8(table, 52);
	uint8_t baud = acpi_u8(table, 58);

	if (interrupt & ACPI_SPCR_INTERRUPT_IOAPIC)
		line.gsi = acpi_u32(table, 54);
	else if (interrupt & ACPI_SPCR_INTERRUPT_8259)
		line.gsi = acpi_gsi_of_irq(machine, acpi_u8(table, 53));
	if (baud < sizeof(bauds) / sizeof(bauds[0]))
		line.baud = bauds[baud];
	if (revision >= ACPI_SPCR_REVISION_CLOCK)
		line.clock_hz = acpi_u32(table, 76);
	if (revision >= ACPI_SPCR_REVISION_BAUD && acpi_u32(table, 80))
		line.baud = acpi_u32(table, 80);
	acpi_add_console(machine, acpi_u8(table, 36), acpi_part(table, 40, 12),
			 line);
}

/* Debug Port Table 2 */
static void acpi_dbg2(struct acpi_machine *machine, struct acpi_table table)
{
	uint32_t offset = acpi_u32(table, 36);

	for (uint32_t left = acpi_u32(table, 40); left; left--) {
		uint32_t size =
			offset < table.size ? acpi_u16(table, offset + 1) : 0;
		struct acpi_table device = acpi_part(table, offset, size);

		if (device.size < 22)
			return;
		if (acpi_u16(device, 12) == ACPI_DBG2_SERIAL)
			acpi_add_console(
				machine, acpi_u16(device, 14),
				acpi_part(device, acpi_u16(device, 18), 12),
				(struct boot_console){.gsi = UINT32_MAX});
		offset += size;
	}
}

/* DMA Remapping Reporting */
static void acpi_dmar(struct acpi_machine *machine, struct acpi_table table)
{
	uint32_t offset = ACPI_DMAR_STRUCTURES;

	while (offset < table.size) {
		uint32_t size = acpi_u16(table, offset + 2);
		struct acpi_table unit = acpi_part(table, offset, size);

		if (unit.size < 4)
			return;
		if (acpi_u16(unit, 0) == ACPI_DMAR_DRHD && unit.size >= 16 &&
		    machine->remapping_unit_count < ACPI_REMAPPING_UNITS_MAX)
			machine->remapping_unit
				[machine->remapping_unit_count++] =
				hpa(acpi_u64(unit, 8));
		offset += size;
	}
}

uint32_t acpi_gsi_of_irq(const struct acpi_machine *machine, uint8_t irq)
{
	for (uint32_t i = 0; i < machine->override_count; i++)
		if (machine->override[i].irq == irq)
			return machine->override[i].gsi;
	return irq;
}

/* ISA interrupt of the PC's serial ports; 0 for what is none. */
static uint8_t acpi_legacy_irq(const struct boot_console *console)
{
	if (console->kind != BOOT_CONSOLE_IO)
		return 0;
	if (console->address == ACPI_COM1)
		return 4;
	return console->address == ACPI_COM2 ? 3 : 0;
}

void acpi_set_speed(struct boot_console *console, const struct config *config)
{
	if (config->console_clock)
		console->clock_hz = config->console_clock;
	if (config->console_baud != CONFIG_BAUD_AUTO)
		console->baud = config->console_baud;
	else if (console->baud &&
		 !baud_is_possible(console->clock_hz, console->baud))
		console->baud = 0;
}

struct boot_console acpi_choose_console(const struct acpi_machine *machine,
					const struct config *config)
{
	struct boot_console console = {
		.kind = BOOT_CONSOLE_IO,
		.address = ACPI_COM1,
		.stride_bytes = 1,
		.width_bytes = 1,
		.gsi = UINT32_MAX,
		.baud = ACPI_BAUD_DEFAULT,
	};

	if (config->console_port == CONFIG_PORT_NONE)
		return (struct boot_console){.gsi = UINT32_MAX};
	if (config->console_port == CONFIG_PORT_AUTO && machine->console_count)
		console = machine->console[0];
	else if (config->console_port != CONFIG_PORT_AUTO)
		console.address = config->console_port;
	acpi_set_speed(&console, config);
	if (console.gsi == UINT32_MAX && acpi_legacy_irq(&console))
		console.gsi =
			acpi_gsi_of_irq(machine, acpi_legacy_irq(&console));
	return console;
}

bool acpi_parse(const struct acpi_memory *memory, hpa_t rsdp,
		struct acpi_machine *machine)
{
	/* In this order: consoles need overrides, and SPCR goes first. */
	static const struct {
		const char *signature;
		void (*parse)(struct acpi_machine *, struct acpi_table);
	} parsers[] = {
		{"APIC", acpi_madt}, {"FACP", acpi_fadt}, {"HPET", acpi_hpet},
		{"SPCR", acpi_spcr}, {"DBG2", acpi_dbg2}, {"DMAR", acpi_dmar},
	};
	uint32_t entry_size = 0, entries;
	struct acpi_table root = acpi_root(memory, rsdp, &entry_size);

	memset(machine, 0, sizeof(*machine));
	if (!root.size)
		return false;
	entries = (root.size - ACPI_HEADER_SIZE) / entry_size;
	if (entries > ACPI_TABLES_MAX)
		entries = ACPI_TABLES_MAX;
	for (uint32_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++) {
		for (uint32_t j = 0; j < entries; j++) {
			struct acpi_table table = acpi_table(
				memory,
				acpi_read(root,
					  ACPI_HEADER_SIZE + j * entry_size,
					  entry_size));

			if (acpi_is(table, parsers[i].signature))
				parsers[i].parse(machine, table);
		}
	}
	return true;
}
