/* SPDX-License-Identifier: BSD-2-Clause */
/* The 8259As in words; see vpic_text.h.  Pure. */
#include "apic/vpic_text.h"

static void lines(struct text *t, const char *name, uint8_t set, unsigned first)
{
	text_add(t, "  %s %02x", name, set);
	if (set)
		text_add(t, " (IRQ");
	for (unsigned i = 0; i < 8; i++)
		if (set >> i & 1)
			text_add(t, " %u", first + i);
	text_add(t, "%s", set ? ")" : "");
}

static void chip(struct text *t, const struct vpic_chip *c, unsigned first)
{
	text_add(t, "%s 8259: vectors %02x-%02x%s%s%s%s%s\n",
		 first ? "second" : "first", c->vector_base & 0xf8,
		 (c->vector_base & 0xf8) + 7,
		 c->init_step ? ", awaits an ICW" : "",
		 c->auto_eoi ? ", automatic EOI" : "",
		 c->special_mask ? ", special mask mode" : "",
		 c->special_fully_nested ? ", special fully nested" : "",
		 c->priority_base ? ", rotated" : "");
	lines(t, "IRR", c->irr, first);
	lines(t, "ISR", c->isr, first);
	text_add(t, "\n");
	lines(t, "unmasked", (uint8_t)~c->imr, first);
	lines(t, "lines", c->lines, first);
	lines(t, "level", c->elcr, first);
	text_add(t, "\n");
}

void vpic_text(struct text *t, const struct vpic *pic)
{
	chip(t, &pic->chip[0], 0);
	chip(t, &pic->chip[1], 8);
	text_add(t, "INTR %u\n", vpic_intr(pic));
}
