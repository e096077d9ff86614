/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical interrupts and the physical I/O APICs; see irq.h. */
#include "hv/irq.h"

#include <stddef.h>

#include "apic/lapic.h"
#include "hv/console/console.h"
#include "hv/gdb/gdb.h"
#include "hv/percpu.h"
#include "mm/paging.h"

/* 82093AA: an index register and a data register. */
#define IOAPIC_SELECT	      0x00
#define IOAPIC_WINDOW	      0x10
#define IOAPIC_SIZE	      0x20

#define IOAPIC_VERSION	      0x01
#define IOAPIC_VERSION_MAX    0x2f
#define IOAPIC_ENTRY(pin)     (0x10 + 2 * (pin))
#define IOAPIC_PINS_MAX	      240
#define IOAPIC_ENTRY_LOW_LINE (1u << 13)
#define IOAPIC_ENTRY_LEVEL    (1u << 15)

#define ISA_IRQS	      16

struct ioapic {
	volatile uint8_t *page;
	uint32_t gsi_base;
	uint32_t pins;
};

static struct ioapic ioapics[BOOT_IOAPICS_MAX];
static uint32_t ioapic_count;

static uint32_t ioapic_read(const struct ioapic *io, uint8_t index)
{
	*(volatile uint32_t *)(io->page + IOAPIC_SELECT) = index;
	return *(volatile uint32_t *)(io->page + IOAPIC_WINDOW);
}

static void ioapic_write(const struct ioapic *io, uint8_t index, uint32_t value)
{
	*(volatile uint32_t *)(io->page + IOAPIC_SELECT) = index;
	*(volatile uint32_t *)(io->page + IOAPIC_WINDOW) = value;
}

static void add_ioapic(const struct boot_ioapic *entry)
{
	struct ioapic *io = &ioapics[ioapic_count];
	uint32_t version;

	io->page = paging_map_device(entry->address, IOAPIC_SIZE);
	if (!io->page)
		return;
	version = ioapic_read(io, IOAPIC_VERSION);
	io->pins = (version >> 16 & 0xff) + 1;
	io->gsi_base = entry->gsi_base;
	/* An absent one reads all ones. */
	if ((version & 0xff) <= IOAPIC_VERSION_MAX &&
	    io->pins <= IOAPIC_PINS_MAX)
		ioapic_count++;
}

void irq_init(const struct boot_info *info)
{
	for (uint32_t i = 0; i < info->ioapic_count && i < BOOT_IOAPICS_MAX;
	     i++)
		add_ioapic(&info->ioapic[i]);
}

/* ISA lines are edge-triggered and active high unless the MADT says otherwise,
 * all others (PCI) level-triggered and active low. */
static uint32_t trigger_of(const struct boot_info *info, uint32_t gsi)
{
	uint32_t pci = IOAPIC_ENTRY_LEVEL | IOAPIC_ENTRY_LOW_LINE;

	for (uint32_t i = 0; i < info->override_count && i < BOOT_OVERRIDES_MAX;
	     i++) {
		const struct boot_override *o = &info->override[i];

		if (o->gsi == gsi)
			return (o->level ? IOAPIC_ENTRY_LEVEL : 0) |
			       (o->active_low ? IOAPIC_ENTRY_LOW_LINE : 0);
	}
	return gsi < ISA_IRQS ? 0 : pci;
}

bool irq_route(const struct boot_info *info, uint32_t gsi, uint8_t vector)
{
	uint32_t apic_id = percpu()->self.apic_id;

	if (info->interrupt_remapping || apic_id > 0xfe)
		return false;
	for (uint32_t i = 0; i < ioapic_count; i++) {
		const struct ioapic *io = &ioapics[i];
		uint32_t pin = gsi - io->gsi_base;

		if (pin >= io->pins)
			continue;
		ioapic_write(io, IOAPIC_ENTRY(pin) + 1, apic_id << 24);
		ioapic_write(io, IOAPIC_ENTRY(pin),
			     trigger_of(info, gsi) | vector);
		return true;
	}
	return false;
}

void irq_dispatch(uint8_t vector)
{
	switch (vector) {
	case IRQ_SPURIOUS:
		return;
	case IRQ_CONSOLE:
		console_interrupt();
		break;
	case IRQ_GDB:
		gdb_interrupt();
		break;
	case IRQ_TIMER:
	case IRQ_KICK:
	case IRQ_NOTIFY:
		break;
	default:
		percpu()->stray_interrupts++;
	}
	lapic_eoi();
}
