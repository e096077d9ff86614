/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tertiary controls add to posted interrupts: IPIs that the processor
 * posts by itself, by a table with every vCPU's descriptor, and a deadline at
 * which it delivers the APIC timer's vector by itself.  No machine that Apical
 * was tried on has them.  For the CPU that runs the vCPU, its VMCS current.
 *
 * Source: SDM volume 3, "IPI Virtualization" and "APIC-Timer Virtualization".
 */
#ifndef VMX_APICV_TERTIARY_H
#define VMX_APICV_TERTIARY_H

#include <stdbool.h>
#include <stdint.h>

#include "vmx/vcpu.h"

/*
 * Writes the fields for v->controls, the timer disarmed.  This vCPU's entry in
 * the table is there exactly while it takes posted interrupts: who sends to it
 * otherwise exits, and software decides.
 */
void apicv_tertiary_write(struct vcpu *v);

/* The vector of the APIC timer comes at v->timer_tsc. */
void apicv_tertiary_arm(const struct vcpu *v, uint8_t vector);

/* Not any more.  False: it has come. */
bool apicv_tertiary_disarm(void);

#endif
