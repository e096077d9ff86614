/* SPDX-License-Identifier: BSD-2-Clause */
/* What a processor can virtualize, as a report for people.  Pure. */
#ifndef VMX_CAPS_TEXT_H
#define VMX_CAPS_TEXT_H

#include "hv/lib/text.h"
#include "vmx/caps.h"

#define CAPS_TEXT_SIZE 4096 /* is enough */

/* One screen of 25 lines: the controls of APIC virtualization, the tiers, and
 * why not a higher one; EPT; which other VM-execution controls are not there.
 * Lines have 80 columns at most, but for sentences. */
void caps_text(struct text *t, const struct vmx_caps *caps);

/* The sentence about the highest tier that caps can run in both of the APIC's
 * modes, if x2apic, and why not the next. */
void caps_text_tier(struct text *t, const struct vmx_caps *caps, bool x2apic);

#endif
