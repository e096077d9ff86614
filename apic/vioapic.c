/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual I/O APIC: registers, redirection entries, edges, levels and
 * remote IRR.  Pure.  Source: Intel 82093AA data sheet (290566), and for the
 * EOI register the I/O APIC chapter of Intel's ICH data sheets.
 */
#include "apic/vioapic.h"

/* Offsets in the page. */
#define IOREGSEL 0x00
#define IOWIN	 0x10
#define EOI	 0x40

/* Registers behind IOREGSEL and IOWIN. */
#define IOAPICID  0x00
#define IOAPICVER 0x01
#define IOAPICARB 0x02
#define IOREDTBL  0x10

#define VERSION	  (0x20u | (VIOAPIC_PINS - 1) << 16)

/* Redirection entries. */
#define ENTRY_VECTOR		  0xffull
#define ENTRY_DELIVERY_MODE_SHIFT 8
#define ENTRY_LOGICAL		  (1ull << 11)
#define ENTRY_DELIVERY_STATUS	  (1ull << 12)
#define ENTRY_REMOTE_IRR	  (1ull << 14)
#define ENTRY_LEVEL		  (1ull << 15)
#define ENTRY_MASK		  (1ull << 16)
#define ENTRY_DESTINATION_SHIFT	  56
#define ENTRY_WRITABLE_LOW	  0x0001afffu
#define ENTRY_WRITABLE_HIGH	  0xff000000u

static enum vlapic_delivery_mode delivery_mode(uint64_t entry)
{
	return entry >> ENTRY_DELIVERY_MODE_SHIFT & 7;
}

/* SMI, NMI, INIT and ExtINT are edges whatever the trigger mode says. */
static bool is_level(uint64_t entry)
{
	return (entry & ENTRY_LEVEL) &&
	       delivery_mode(entry) <= VLAPIC_LOWEST_PRIORITY;
}

static bool is_deliverable(uint64_t entry)
{
	enum vlapic_delivery_mode mode = delivery_mode(entry);

	if (entry & ENTRY_MASK)
		return false;
	return mode <= VLAPIC_SMI || mode == VLAPIC_NMI ||
	       mode == VLAPIC_INIT || mode == VLAPIC_EXTINT;
}

/* A level pin asks as long as its line is active and no EOI is due. */
static uint32_t level_request(const struct vioapic *io, unsigned pin)
{
	uint32_t bit = 1u << pin;

	if (!(io->line & ~io->remote_irr & bit))
		return 0;
	return is_level(io->entry[pin]) && is_deliverable(io->entry[pin]) ? bit
									  : 0;
}

void vioapic_init(struct vioapic *io, uint32_t id)
{
	*io = (struct vioapic){.id = id & 0xf};
	for (unsigned pin = 0; pin < VIOAPIC_PINS; pin++)
		io->entry[pin] = ENTRY_MASK;
}

uint64_t vioapic_entry(const struct vioapic *io, unsigned pin)
{
	uint64_t entry = io->entry[pin];

	if (io->remote_irr >> pin & 1)
		entry |= ENTRY_REMOTE_IRR;
	if (io->untaken >> pin & 1)
		entry |= ENTRY_DELIVERY_STATUS;
	return entry;
}

static uint32_t read_register(const struct vioapic *io)
{
	unsigned half = io->select - IOREDTBL;

	switch (io->select) {
	case IOAPICID:
	case IOAPICARB:
		return io->id << 24;
	case IOAPICVER:
		return VERSION;
	default:
		if (half >= 2 * VIOAPIC_PINS)
			return 0;
		return (uint32_t)(vioapic_entry(io, half / 2) >>
				  (half % 2 * 32));
	}
}

static uint32_t write_entry(struct vioapic *io, unsigned pin, bool high,
			    uint32_t value)
{
	uint64_t entry = io->entry[pin];

	if (high)
		entry = (uint32_t)entry |
			(uint64_t)(value & ENTRY_WRITABLE_HIGH) << 32;
	else
		entry = (entry >> 32 << 32) | (value & ENTRY_WRITABLE_LOW);
	io->entry[pin] = entry;
	io->untaken &= ~(1u << pin); /* it is sent anew, or not wanted */
	/* Remote IRR has no meaning for edges; going through edge-triggered
	 * is how software clears it without the EOI register. */
	if (!is_level(entry))
		io->remote_irr &= ~(1u << pin);
	return level_request(io, pin);
}

static uint32_t write_register(struct vioapic *io, uint32_t value)
{
	unsigned half = io->select - IOREDTBL;

	if (io->select == IOAPICID)
		io->id = value >> 24 & 0xf;
	else if (half < 2 * VIOAPIC_PINS)
		return write_entry(io, half / 2, half % 2, value);
	return 0;
}

static uint32_t cut(uint32_t value, unsigned size)
{
	return size < 4 ? value & ((1u << size * 8) - 1) : value;
}

uint32_t vioapic_read(const struct vioapic *io, uint32_t offset, unsigned size)
{
	switch (offset) {
	case IOREGSEL:
		return cut(io->select, size);
	case IOWIN:
		return cut(read_register(io), size);
	default:
		return 0;
	}
}

uint32_t vioapic_write(struct vioapic *io, uint32_t offset, unsigned size,
		       uint32_t value)
{
	value = cut(value, size);
	switch (offset) {
	case IOREGSEL:
		io->select = value & 0xff;
		return 0;
	case IOWIN:
		return write_register(io, value);
	case EOI:
		return vioapic_eoi(io, (uint8_t)value);
	default:
		return 0;
	}
}

uint32_t vioapic_set_line(struct vioapic *io, unsigned pin, bool active)
{
	uint32_t bit, before = io->line;

	if (pin >= VIOAPIC_PINS)
		return 0;
	bit = 1u << pin;
	if (!active) {
		io->line &= ~bit;
		io->untaken &= ~bit;
		return 0;
	}
	io->line |= bit;
	if (is_level(io->entry[pin]))
		return level_request(io, pin);
	return !(before & bit) && is_deliverable(io->entry[pin]) ? bit : 0;
}

uint32_t vioapic_eoi(struct vioapic *io, uint8_t vector)
{
	uint32_t again = 0;

	for (uint32_t left = io->remote_irr; left; left &= left - 1) {
		unsigned pin = (unsigned)__builtin_ctz(left);

		if ((io->entry[pin] & ENTRY_VECTOR) != vector)
			continue;
		io->remote_irr &= ~(1u << pin);
		again |= level_request(io, pin);
	}
	return again;
}

uint32_t vioapic_retry(const struct vioapic *io)
{
	uint32_t again = 0;

	for (uint32_t left = io->untaken; left; left &= left - 1)
		again |= level_request(io, (unsigned)__builtin_ctz(left));
	return again;
}

struct vlapic_message vioapic_message(const struct vioapic *io, unsigned pin)
{
	uint64_t entry = io->entry[pin];

	return (struct vlapic_message){
		.delivery_mode = delivery_mode(entry),
		.destination = (uint32_t)(entry >> ENTRY_DESTINATION_SHIFT),
		.logical = !!(entry & ENTRY_LOGICAL),
		.level = is_level(entry),
		.vector = (uint8_t)(entry & ENTRY_VECTOR),
	};
}

void vioapic_sent(struct vioapic *io, unsigned pin, bool taken)
{
	uint32_t bit = 1u << pin;

	if (!is_level(io->entry[pin]))
		return;
	if (taken) {
		io->remote_irr |= bit;
		io->untaken &= ~bit;
	} else {
		io->untaken |= bit;
	}
}
