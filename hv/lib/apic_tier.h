/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of a VM's local APIC the processor virtualizes.  Each tier holds
 * all that the one before it has.  Pure.
 */
#ifndef HV_LIB_APIC_TIER_H
#define HV_LIB_APIC_TIER_H

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

#define APIC_TIER_NAMES                                                   \
	{                                                                 \
		"emulate", "tpr-shadow", "access-page", "register",       \
			"delivery", "posted", "auto",                     \
	}

#endif
