/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the handlers that know a port, an MSR or a register: the row in which the
 * exit is counted.  For the CPU that runs the vCPU.
 */
#ifndef VMX_EXIT_ROW_H
#define VMX_EXIT_ROW_H

#include "vmx/vcpu.h"

/*
 * This exit belongs to a detail of its reason.  False: it has no row yet where
 * it is looked for first, and exit_row_find() must follow.  These are two, so
 * that a handler which leaves the second one to a function of its own saves no
 * registers.
 */
static inline bool exit_row(struct vcpu *v, enum exit_stats_kind kind,
			    uint32_t reason, uint32_t detail)
{
	struct exit_stats_row *r =
		exit_stats_home(&v->stats, kind, reason, detail);

	if (!EXIT_STATS_ON)
		return true;
	v->exit_row = r;
	return __builtin_expect(exit_stats_is_settled(r, reason, detail), 1);
}

static inline void exit_row_find(struct vcpu *v, enum exit_stats_kind kind,
				 uint32_t reason, uint32_t detail)
{
	v->exit_row = exit_stats_find(&v->stats, kind, reason, detail);
}

#endif
