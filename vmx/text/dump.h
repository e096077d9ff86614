/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU's state as log lines, for people: registers, and the current VMCS by
 * the names of its fields.  For the CPU whose current VMCS it is; also in a
 * panic.
 */
#ifndef VMX_DUMP_H
#define VMX_DUMP_H

#include "vmx/vcpu.h"

/* General, control and segment registers, and the last exit. */
void vmx_dump_registers(const struct vcpu *v);

/* Every field of the current VMCS that this processor has and that is not 0. */
void vmx_dump_vmcs(void);

#endif
