/* SPDX-License-Identifier: BSD-2-Clause */
/* What every processor must have, asked before the firmware is left. */
#ifndef BOOT_CHECKS_H
#define BOOT_CHECKS_H

#include <stdbool.h>

/*
 * Asks this processor and then, by the MP services, all others.  Refuses with
 * the sentence that names what is missing; *unlocked tells whether a processor
 * has left IA32_FEATURE_CONTROL for the hypervisor to set.
 */
bool checks_processors(bool *unlocked);

/* The processor's brand string, "unnamed processor" if it has none. */
void checks_brand(char brand[49]);

#endif
