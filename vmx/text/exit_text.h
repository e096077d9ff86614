/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM exits and events in words, for people.  Pure.
 *
 * Source: SDM volume 3, "Basic VM-Exit Information", "Exit Qualification",
 * "Information for VM Exits Due to Vectored Events".
 */
#ifndef VMX_EXIT_TEXT_H
#define VMX_EXIT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/lib/text.h"

/* The exit-reason field: the reason's name, then the flags above it. */
void exit_text_reason(struct text *t, uint32_t reason);

/* What an exit qualification says, for that basic reason; nothing where the SDM
 * defines none. */
void exit_text_qualification(struct text *t, uint32_t basic, uint64_t q);

/* Is the VM-exit instruction length defined?  event: the VM-exit interruption
 * information. */
bool exit_text_has_length(uint32_t basic, uint64_t q, uint32_t event);

/* An interruption-information field (VM entry, VM exit, IDT vectoring). */
void exit_text_event(struct text *t, uint32_t info);

/* The mnemonic of an exception's vector as "#GP", or NULL. */
const char *exit_text_exception(unsigned vector);

/*
 * The last exits, the newest first, as "HLT x3, CPUID"; long lines are broken,
 * those that follow indented by 4.
 */
void exit_text_history(struct text *t, const uint8_t *reasons, uint32_t count);

#endif
