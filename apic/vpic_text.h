/* SPDX-License-Identifier: BSD-2-Clause */
/* The VM's pair of 8259As in words, for people.  Pure. */
#ifndef APIC_VPIC_TEXT_H
#define APIC_VPIC_TEXT_H

#include "apic/vpic.h"
#include "hv/lib/text.h"

void vpic_text(struct text *t, const struct vpic *pic);

#endif
