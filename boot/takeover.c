/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Silence on the boards that the firmware used.  Touches the interrupt
 * controllers, timers and PCI command registers.  Sources: 8259A and 8254 data
 * sheets; 82093AA I/O APIC; IA-PC HPET specification; PCI Local Bus
 * specification, "Configuration Space"; VT-d specification, "Global Status
 * Register".
 */
#include "boot/takeover.h"

#include "boot/pci.h"
#include "hv/hw/port.h"

#define PIC_MASTER	   0x20
#define PIC_SLAVE	   0xa0
#define PIC_ICW1_INIT	   0x11 /* edge, cascade, ICW4 follows */
#define PIC_ICW4_8086	   0x01
#define PIC_VECTOR_BASE	   0x20 /* for what is spurious: above the exceptions */

#define PIT_CONTROL	   0x43
#define PIT_CHANNEL0_OFF   0x30 /* mode 0, and no count follows */

#define IOAPIC_STANDARD	   0xfec00000ull
#define IOAPIC_INDEX	   0x00
#define IOAPIC_DATA	   0x10
#define IOAPIC_VERSION	   0x01
#define IOAPIC_ENTRIES	   0x10
#define IOAPIC_MASKED	   (1u << 16) /* and edge: clears remote IRR */

#define HPET_CAPABILITIES  0x000
#define HPET_PERIOD_MAX	   100000000u /* femtoseconds, by specification */
#define HPET_CONFIGURATION 0x010
#define HPET_LEGACY_ROUTE  (1ull << 1)
#define HPET_TIMER(n)	   (0x100 + 0x20 * (n))
#define HPET_INTERRUPT	   (1ull << 2)
#define HPET_FSB	   (1ull << 14)

#define VTD_GLOBAL_STATUS  0x1c
#define VTD_REMAPS	   (1u << 25)

static uint32_t takeover_read32(uint64_t address)
{
	return *(volatile uint32_t *)address;
}

static void takeover_write32(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

/* Initialisation also forgets what is pending and in service. */
static void takeover_pic(uint16_t port, uint8_t base, uint8_t cascade)
{
	port_out8(port, PIC_ICW1_INIT);
	port_out8(port + 1, base);
	port_out8(port + 1, cascade);
	port_out8(port + 1, PIC_ICW4_8086);
	port_out8(port + 1, 0xff);
}

static uint32_t takeover_ioapic_read(uint64_t ioapic, uint32_t reg)
{
	takeover_write32(ioapic + IOAPIC_INDEX, reg);
	return takeover_read32(ioapic + IOAPIC_DATA);
}

static uint32_t takeover_ioapic_entries(uint64_t ioapic)
{
	return (takeover_ioapic_read(ioapic, IOAPIC_VERSION) >> 16 & 0xff) + 1;
}

static void takeover_ioapic(uint64_t ioapic)
{
	uint32_t entries = takeover_ioapic_entries(ioapic);

	for (uint32_t i = 0; i < entries; i++) {
		takeover_write32(ioapic + IOAPIC_INDEX, IOAPIC_ENTRIES + 2 * i);
		takeover_write32(ioapic + IOAPIC_DATA, IOAPIC_MASKED);
	}
}

void takeover_find_ioapic(struct boot_info *info)
{
	uint32_t version, entries;

	if (info->ioapic_count)
		return;
	version = takeover_ioapic_read(IOAPIC_STANDARD, IOAPIC_VERSION) & 0xff;
	entries = takeover_ioapic_entries(IOAPIC_STANDARD);
	if (version < 0x10 || version > 0x2f || entries < 16 || entries > 240)
		return;
	info->ioapic[0] = (struct boot_ioapic){hpa(IOAPIC_STANDARD), 0};
	info->ioapic_count = 1;
}

static void takeover_hpet_clear(uint64_t address, uint64_t bits)
{
	*(volatile uint64_t *)address &= ~bits;
}

static void takeover_hpet(uint64_t hpet)
{
	uint64_t capabilities =
		*(volatile uint64_t *)(hpet + HPET_CAPABILITIES);
	uint32_t timers = (capabilities >> 8 & 0x1f) + 1;

	if (!(capabilities >> 32) || capabilities >> 32 > HPET_PERIOD_MAX)
		return;
	for (uint32_t i = 0; i < timers; i++)
		takeover_hpet_clear(hpet + HPET_TIMER(i),
				    HPET_INTERRUPT | HPET_FSB);
	takeover_hpet_clear(hpet + HPET_CONFIGURATION, HPET_LEGACY_ROUTE);
}

/*
 * Bridges stay as they are, or what lies behind them could not be reached.
 * The upper half of the register is status bits that writing 0 leaves alone.
 */
static void takeover_pci_function(uint32_t function)
{
	uint32_t command;

	if (pci_read(function, PCI_HEADER) & PCI_HEADER_TYPE)
		return;
	command = pci_read(function, PCI_COMMAND);
	if (command & PCI_COMMAND_MASTER)
		pci_write(function, PCI_COMMAND,
			  command & 0xffff & ~PCI_COMMAND_MASTER);
}

static void takeover_pci(void)
{
	uint32_t function = PCI_NOT_STARTED;

	while (pci_next(&function))
		takeover_pci_function(function);
}

bool takeover_interrupt_remapping(const struct acpi_machine *machine)
{
	for (uint32_t i = 0; i < machine->remapping_unit_count; i++) {
		uint32_t status = takeover_read32(
			machine->remapping_unit[i].value + VTD_GLOBAL_STATUS);

		if (status != UINT32_MAX && status & VTD_REMAPS)
			return true;
	}
	return false;
}

void takeover_devices(const struct boot_info *info)
{
	takeover_pic(PIC_MASTER, PIC_VECTOR_BASE, 1u << 2);
	takeover_pic(PIC_SLAVE, PIC_VECTOR_BASE + 8, 2);
	port_out8(PIT_CONTROL, PIT_CHANNEL0_OFF);
	for (uint32_t i = 0; i < info->ioapic_count; i++)
		takeover_ioapic(info->ioapic[i].address.value);
	if (info->hpet.value)
		takeover_hpet(info->hpet.value);
	takeover_pci();
}
