/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes into a vCPU's trace.  Callers look first whether anybody wants it,
 * with trace_vcpu_on(): that is all that a trace which is off costs.
 */
#ifndef VMX_TRACE_VCPU_H
#define VMX_TRACE_VCPU_H

#include "vmx/trace.h"
#include "vmx/vcpu.h"

static inline bool trace_vcpu_on(const struct vcpu *v)
{
	return __builtin_expect(v->watched & VCPU_WATCH_TRACE, 0);
}

/* An event that happens now.  Any CPU. */
void trace_vcpu(struct vcpu *v, enum trace_event event, uint16_t detail,
		uint64_t a, uint64_t b);

/* ---- on the CPU that runs v, its VMCS current ---- */

/* The exit that just happened, and the EOI if it is one. */
void trace_vcpu_exit(struct vcpu *v);

/* The guest is about to be entered. */
void trace_vcpu_entry(struct vcpu *v);

#endif
