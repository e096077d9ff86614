/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two ways in which a vCPU can be halted.  Where HLT does not exit, the
 * guest is in the HLT activity state: exits save it, entries go back into it,
 * and whatever an entry injects or the processor delivers ends it.  Where HLT
 * exits, the vCPU waits in root mode (VCPU_HALTED).  Pure but for the VMCS.
 *
 * For the CPU that runs the vCPU, its VMCS current.
 * Source: SDM volume 3, "Guest Non-Register State" and "Activity State".
 */
#ifndef VMX_HALT_H
#define VMX_HALT_H

#include "vmx/vcpu.h"

/* v->state, and VCPU_HALTED for both ways of it. */
enum vcpu_state halt_state(const struct vcpu *v);

/*
 * One that is halted waits in root mode from here on: for what may not be in the
 * VMCS together with the HLT activity state, as a single-step flag or a shadow of
 * STI ("Checks on Guest Non-Register State").
 */
void halt_in_root(struct vcpu *v);

/* It is active, as after an interrupt. */
void halt_end(struct vcpu *v);

#endif
