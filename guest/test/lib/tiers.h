/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tiers of APIC virtualization, one after the other, for guests whose VM
 * has hypercalls; in any other the tier is what it is.
 */
#ifndef GUEST_TEST_LIB_TIERS_H
#define GUEST_TEST_LIB_TIERS_H

#include <stdint.h>

#include "guest/test/lib/hypercall.h"

#define TIERS_ROAM  (HYPERCALL_TIER_POSTED + 1) /* from one to another */
#define TIERS_AS_IS (TIERS_ROAM + 1)

/* Calls run on each tier that there is, then for TIERS_ROAM, at whose
 * beginning the tier is the best one; without hypercalls for TIERS_AS_IS. */
void tiers_each(void (*run)(unsigned tier));

const char *tiers_name(unsigned tier);

/* Switches to a random tier, now and then with a control more or less. */
void tiers_roam(uint64_t *state);

#endif
