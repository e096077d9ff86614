/* SPDX-License-Identifier: BSD-2-Clause */
/* What the log says when a VM fails or ends. */
#ifndef HV_VM_REPORT_H
#define HV_VM_REPORT_H

#include <stdint.h>

#include "hv/vm.h"

/* v's state, and for a failed VM entry the rule that it broke.  The CPU of v,
 * right after the exit. */
void vm_report_failure(struct vcpu *v);

/*
 * How the VM ended, and its exits by reason.  Returns the status for the
 * verdict: 0 when it ended well, the guest's own code (at most 255), or 1.
 */
uint32_t vm_report_end(const struct vm *vm);

#endif
