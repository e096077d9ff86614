/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the values of VMCS fields and system registers mean, in words.  Pure.
 *
 * Source: SDM volume 3, chapter "Virtual Machine Control Structures", and
 * "Control Registers".
 */
#ifndef VMX_FIELD_TEXT_H
#define VMX_FIELD_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/lib/text.h"

/*
 * Adds what the value of a field means; nothing where the number says all.
 * exit_reason: the VM-exit reason field, for the exit qualification.  Pieces
 * are separated by ", ", and begin without a space.
 */
void field_text_value(struct text *t, uint32_t field, uint64_t value,
		      uint32_t exit_reason);

/* One line for each bit of a control field that is 1, by its name, and one for
 * those without, each with indent before it.  False: the field is none of the control words. */
bool field_text_controls(struct text *t, uint32_t field, uint64_t value,
			 const char *indent);

/* Names of bits, each after a space. */
void field_text_cr0(struct text *t, uint64_t cr0);
void field_text_cr4(struct text *t, uint64_t cr4);
void field_text_efer(struct text *t, uint64_t efer);
void field_text_rflags(struct text *t, uint64_t rflags);

/* A segment's access-rights field. */
void field_text_rights(struct text *t, uint32_t rights);

/* Does the name of a field have the word in it, letters' case and '_' for ' '
 * or '-' aside?  Or is the word its encoding, as 0x681e? */
bool field_text_matches(uint32_t field, const char *name, const char *word);

#endif
