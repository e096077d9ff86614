/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls, for test guests: VMCALL with the number in RAX.  A VM has them
 * only with `hypercalls = on` in apical.cfg; in any other, and for an unknown
 * number, VMCALL answers RAX = -1.  No VMCALL raises #UD.  CPL does not matter.
 *
 * Every call answers in RAX (0, or -1 on error) and in the registers named
 * below; all other registers are kept.  The exit of the VMCALL itself is
 * counted, but never logged.
 */
#ifndef GUEST_HYPERCALL_H
#define GUEST_HYPERCALL_H

/*
 * What this vCPU's exits were since the last HYPERCALL_EXIT_LOG, VMCALL,
 * external interrupts and interrupt windows left out.
 * Out: RBX how many; of the first one: RCX basic exit reason, RDX exit
 * qualification, RSI guest-physical address (EPT violations, else 0).
 */
#define HYPERCALL_EXIT_LOG 1

/*
 * In: RBX a basic exit reason, or -1 for all.
 * Out: RBX how many exits this vCPU had for it since power-up.
 */
#define HYPERCALL_EXIT_COUNT 2

/*
 * Switches the VM's tier while it runs.  In: RBX the tier (HYPERCALL_TIER_*),
 * RCX controls that must be on beyond it, RDX controls that must be off
 * (HYPERCALL_CONTROL_*).  -1: this processor cannot, and nothing changed.  This
 * vCPU has switched when the call returns, each other before its next entry.
 */
#define HYPERCALL_TIER 3

/*
 * Out: RBX the tier in force, RCX the best one, RDX the secondary, RSI the
 * pin-based VM-execution controls of this vCPU as they are in the VMCS.
 */
#define HYPERCALL_TIER_GET 4

/*
 * Breaks this vCPU's VMCS, so that its next VM entry fails and the VM ends with
 * the rule that was broken.  In: RBX which one (HYPERCALL_BREAK_*).
 */
#define HYPERCALL_BREAK		 5

#define HYPERCALL_BREAK_CONTROLS 0 /* 5 CR3-target values */
#define HYPERCALL_BREAK_GUEST	 1 /* CS with both L and D/B */

/*
 * In: RBX as for HYPERCALL_EXIT_COUNT, RCX the index of any vCPU of the VM.
 * Out: RBX the same of that vCPU, which may be counting meanwhile.
 */
#define HYPERCALL_EXIT_COUNT_OF 6

/*
 * In: RCX the index of any vCPU of the VM.
 * Out: RBX how many ticks of the TSC its exits have taken, from each exit to
 * the next entry, VMCALL and what it waited left out.  0 in a build without
 * statistics of exits; the monitor's `exits reset` begins anew.
 */
#define HYPERCALL_EXIT_TICKS_OF	      7

#define HYPERCALL_LAST		      7 /* the highest number */

#define HYPERCALL_TIER_EMULATE	      0
#define HYPERCALL_TIER_TPR_SHADOW     1
#define HYPERCALL_TIER_ACCESS_PAGE    2
#define HYPERCALL_TIER_REGISTER	      3
#define HYPERCALL_TIER_DELIVERY	      4
#define HYPERCALL_TIER_POSTED	      5

#define HYPERCALL_CONTROL_TPR_SHADOW  (1u << 0)
#define HYPERCALL_CONTROL_ACCESS_PAGE (1u << 1)
#define HYPERCALL_CONTROL_REGISTER    (1u << 2)
#define HYPERCALL_CONTROL_DELIVERY    (1u << 3)
#define HYPERCALL_CONTROL_POSTED      (1u << 4)

#endif
