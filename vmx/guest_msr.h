/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's MSRs for somebody who looks from outside: also those that it reads
 * and writes without an exit.  For the CPU that runs the vCPU, its VMCS
 * current.
 */
#ifndef VMX_GUEST_MSR_H
#define VMX_GUEST_MSR_H

#include "vmx/vcpu.h"

/* What RDMSR would give the guest.  False: #GP(0). */
bool guest_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value);

/* What the guest's WRMSR would do, and of EFER only SCE and NXE.  False: it
 * would be #GP(0), and nothing was done. */
bool guest_msr_write(struct vcpu *v, uint32_t msr, uint64_t value);

#endif
