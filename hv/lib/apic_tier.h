/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of a VM's local APIC the processor virtualizes.  Each tier holds
 * all that the one before it has.  Pure.
 */
#ifndef HV_LIB_APIC_TIER_H
#define HV_LIB_APIC_TIER_H

#include <stdint.h>

enum apic_tier {
	APIC_TIER_EMULATE,     /* every access is an EPT violation */
	APIC_TIER_TPR_SHADOW,  /* + CR8 without exits */
	APIC_TIER_ACCESS_PAGE, /* + virtualize APIC accesses */
	APIC_TIER_REGISTER,    /* + APIC-register virtualization */
	APIC_TIER_DELIVERY,    /* + virtual-interrupt delivery */
	APIC_TIER_POSTED,      /* + posted interrupts */
	APIC_TIER_COUNT,
	APIC_TIER_AUTO = APIC_TIER_COUNT, /* the best that all CPUs allow */
};

#define APIC_TIER_NAMES                                             \
	{                                                           \
		"emulate", "tpr-shadow", "access-page", "register", \
			"delivery", "posted", "auto",               \
	}

/* Each tier's own control, which can also be switched alone; a mask. */
enum apic_control {
	APIC_CONTROL_TPR_SHADOW = 1u << 0,
	APIC_CONTROL_ACCESS_PAGE = 1u << 1, /* or x2APIC mode, by the mode */
	APIC_CONTROL_REGISTER = 1u << 2,
	APIC_CONTROL_DELIVERY = 1u << 3,
	APIC_CONTROL_POSTED = 1u << 4,
	APIC_CONTROL_ALL = (1u << 5) - 1,
};

#define APIC_CONTROL_COUNT 5

/* A tier, with controls that are on or off whatever the tier says. */
struct apic_choice {
	uint8_t tier;	 /* enum apic_tier */
	uint8_t on, off; /* masks of enum apic_control, disjoint */
	uint8_t reserved;
};

#endif
