/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short way for the accesses that drivers make over and over: a 64-bit
 * guest's MOV between a register, or an immediate, and an aligned 32-bit word
 * of the APIC's page or a device.  It does what vmx/exit_mem.c does for every
 * instruction, with the decoded instruction out of vmx/insn_cache.h and the
 * address that the exit told.
 */
#ifndef VMX_PLAIN_MOVE_H
#define VMX_PLAIN_MOVE_H

#include "vmx/guest_access.h"

/* After *insn at linear address rip was fetched and decoded: keeps it if it is
 * such a move. */
void plain_move_keep(struct vcpu *v, const struct guest_paging *p, gla_t rip,
		     const struct insn *insn);

/*
 * A kept move to or from address, guest-physical and not RAM; the exit told
 * that it is a read or a write.  apic_page as guest_access_apic_page() says.
 * False: nothing was done.
 */
bool plain_move(struct vcpu *v, gpa_t apic_page, gpa_t address, bool write,
		enum exit_result *result);

#endif
