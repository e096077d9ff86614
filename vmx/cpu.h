/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMX operation of each physical CPU, and what all of them can do.
 * Source: SDM volume 3, "Discovering Support for VMX" to "Restrictions on VMX
 * Operation".
 */
#ifndef VMX_CPU_H
#define VMX_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "vmx/caps.h"
#include "vmx/cpuid_policy.h"
#include "vmx/mitigations.h"

/*
 * Enters VMX operation on the calling CPU and adds its capabilities to what is
 * known of all.  CPUs call it one after the other.  False with a log line when
 * this CPU cannot: IA32_FEATURE_CONTROL forbids it or memory is short.
 */
bool vmx_cpu_on(void);

/* Leaves VMX operation; no VMCS is current any more. */
void vmx_cpu_off(void);

/* What all CPUs that are on have in common; after the last vmx_cpu_on(). */
const struct vmx_caps *vmx_cpu_caps(void);
const struct cpuid_leaves *vmx_cpu_leaves(void);

/*
 * Decides what is done on all CPUs about side channels; wanted as configured.
 * Boot CPU, once, after the last vmx_cpu_on(); vmx_cpu_mitigations() is valid
 * from then on.
 */
void vmx_cpu_mitigate(uint32_t wanted);
const struct mitigations *vmx_cpu_mitigations(void);

#endif
