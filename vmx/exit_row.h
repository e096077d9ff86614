/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the handlers that know a port, an MSR or a register: the row in which the
 * exit is counted.  For the CPU that runs the vCPU.
 */
#ifndef VMX_EXIT_ROW_H
#define VMX_EXIT_ROW_H

#include "vmx/vcpu.h"

/* A row that is not where it is looked for first.  Rarely called, so it is this
 * function that saves registers, and not the handlers. */
static __attribute__((noinline, cold, no_caller_saved_registers)) void
exit_row_find(struct vcpu *v, enum exit_stats_kind kind, uint32_t reason,
	      uint32_t detail)
{
	v->exit_row = exit_stats_find(&v->stats, kind, reason, detail);
}

/* This exit belongs to a detail of its reason. */
static inline void exit_row(struct vcpu *v, enum exit_stats_kind kind,
			    uint32_t reason, uint32_t detail)
{
	struct exit_stats_row *r =
		&v->stats.row[exit_stats_home(kind, reason, detail)];

	if (__builtin_expect(r->tag == exit_stats_settled(reason, detail), 1))
		v->exit_row = r;
	else
		exit_row_find(v, kind, reason, detail);
}

#endif
