/* SPDX-License-Identifier: BSD-2-Clause */
/* The VM's I/O APIC in words, for people.  Pure. */
#ifndef APIC_VIOAPIC_TEXT_H
#define APIC_VIOAPIC_TEXT_H

#include "apic/vioapic.h"
#include "hv/lib/text.h"

/* A line for each pin that is not as at power-on, or whose line is active; one
 * for all others. */
void vioapic_text(struct text *t, const struct vioapic *io);

#endif
