/* SPDX-License-Identifier: BSD-2-Clause */
/* The I/O APIC in words; see vioapic_text.h.  Pure.  Source: Intel 82093AA data
 * sheet (290566), "I/O Redirection Table Registers". */
#include "apic/vioapic_text.h"

#include "apic/vlapic_text.h"

#define ENTRY_VECTOR	  0xffu
#define ENTRY_LOGICAL	  (1u << 11)
#define ENTRY_PENDING	  (1u << 12) /* delivery status */
#define ENTRY_ACTIVE_LOW  (1u << 13)
#define ENTRY_REMOTE_IRR  (1u << 14)
#define ENTRY_LEVEL	  (1u << 15)
#define ENTRY_MASK	  (1u << 16)
#define ENTRY_DESTINATION 56

static void pin_line(struct text *t, const struct vioapic *io, unsigned pin)
{
	uint64_t entry = vioapic_entry(io, pin);
	bool level = entry & ENTRY_LEVEL;

	text_add(t, "  pin %2u  %016lx  line %u  %svector %02x, %s, %s%s", pin,
		 entry, io->line >> pin & 1,
		 entry & ENTRY_MASK ? "masked, " : "",
		 (unsigned)(entry & ENTRY_VECTOR),
		 vlapic_text_delivery_mode(entry >> 8 & 7),
		 level ? "level" : "edge",
		 entry & ENTRY_ACTIVE_LOW ? ", active low" : "");
	text_add(t, ", to %s %02x%s%s\n",
		 entry & ENTRY_LOGICAL ? "logical" : "ID",
		 (unsigned)(entry >> ENTRY_DESTINATION),
		 entry & ENTRY_PENDING ? ", send pending: nobody takes it" : "",
		 entry & ENTRY_REMOTE_IRR ? ", remote IRR: awaits its EOI"
					  : "");
}

void vioapic_text(struct text *t, const struct vioapic *io)
{
	unsigned idle = 0;

	text_add(t, "I/O APIC %u, %u pins\n", io->id, VIOAPIC_PINS);
	for (unsigned pin = 0; pin < VIOAPIC_PINS; pin++) {
		if (vioapic_entry(io, pin) == ENTRY_MASK &&
		    !(io->line >> pin & 1))
			idle++;
		else
			pin_line(t, io, pin);
	}
	if (idle)
		text_add(t, "  %u pins as at power-on: masked\n", idle);
}
