/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What VMCALL does in a VM that has hypercalls; guest/hypercall.h is the
 * guest's side of it.  For the CPU that runs the vCPU.
 */
#ifndef VMX_HYPERCALL_H
#define VMX_HYPERCALL_H

#include "guest/hypercall.h"
#include "vmx/vcpu.h"

/* Is there one of that number? */
static inline bool hypercall_exists(uint64_t number)
{
	return number && number <= HYPERCALL_LAST;
}

/* Answers in v's registers.  EXIT_NEXT_INSN. */
enum exit_result hypercall(struct vcpu *v);

/* Notes the exit that just happened; while v->log.on. */
void hypercall_log_exit(struct vcpu *v);

#endif
