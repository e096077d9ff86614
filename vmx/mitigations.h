/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which side channels of speculation a processor has, and what is done about
 * them around VM entries and exits.  Values in, a set out.  Pure.
 *
 * What is at stake: what the hypervisor and other VMs leave in a core must not
 * be read by the VM that runs there next, and a VM must not steer the
 * hypervisor's speculation.  A CPU belongs to one vCPU for ever, guests' memory
 * is not mapped but for single pages, and no guest reaches device memory.
 * Threads of one core at the same time are out of scope: see
 * docs/side-channels.md.
 *
 * The return stack buffer needs nothing at an exit, with post-barrier
 * predictions or without: between an exit and the next entry each RET has a
 * CALL before it (vmx/entry.asm), so none uses an entry of the guest's.
 *
 * Sources: Intel, "CPUID Enumeration and Architectural MSRs", "L1 Terminal
 * Fault", "Microarchitectural Data Sampling", "Intel TSX Asynchronous Abort",
 * "Register File Data Sampling", "Branch Target Injection", "Post-barrier
 * Return Stack Buffer Predictions", "Branch History Injection and Intra-mode
 * Branch Target Injection", "Indirect Target Selection"; for the latter's
 * processors, and which of its parts they have: Linux,
 * Documentation/admin-guide/hw-vuln/indirect-target-selection.rst.
 */
#ifndef VMX_MITIGATIONS_H
#define VMX_MITIGATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/lib/mitigation.h"
#include "hv/lib/text.h"

/* Side channels, by the names that people know; a mask. */
enum mitigations_issue {
	MITIGATIONS_L1TF = 1u << 0,
	MITIGATIONS_MDS = 1u << 1,
	MITIGATIONS_TAA = 1u << 2,
	MITIGATIONS_RFDS = 1u << 3,
	MITIGATIONS_BTI = 1u << 4, /* Spectre variant 2 */
	MITIGATIONS_BHI = 1u << 5,
	MITIGATIONS_ITS = 1u << 6, /* indirect target selection */
};

#define MITIGATIONS_ISSUE_COUNT 7

/* What one CPU says of itself; what it does not have is 0. */
struct mitigations_cpu {
	uint32_t signature; /* CPUID.1:EAX */
	bool virtual;	    /* CPUID.1:ECX says: a hypervisor is below */
	uint32_t cpuid_7_ebx, cpuid_7_edx; /* CPUID.7.0 */
	uint32_t cpuid_7_2_edx;		   /* CPUID.7.2 */
	uint64_t arch_capabilities;	   /* IA32_ARCH_CAPABILITIES */
};

/* What all CPUs together need and have; begins as mitigations_begin() says. */
struct mitigations_facts {
	uint32_t affected; /* issues: at least one CPU has it */
	uint32_t hopeless; /* of these, without means on such a CPU */
	uint32_t possible; /* enum mitigation: all CPUs can do it */
};

/* What is done. */
struct mitigations {
	uint32_t wanted;  /* as configured: a set, 0, or MITIGATION_AUTO */
	uint32_t set;	  /* enum mitigation, on every CPU */
	uint32_t missing; /* named in the configuration, but not possible */
	uint32_t affected, open; /* issues; open: nothing is done about it */
};

void mitigations_begin(struct mitigations_facts *facts);

/* One more CPU: the worst of all counts. */
void mitigations_add(struct mitigations_facts *facts,
		     const struct mitigations_cpu *cpu);

/* wanted: a set, 0 for none, or MITIGATION_AUTO; after the last CPU. */
void mitigations_decide(struct mitigations *m,
			const struct mitigations_facts *facts, uint32_t wanted);

/* IA32_SPEC_CTRL, as it is set once on every CPU; 0: it is left alone. */
uint64_t mitigations_spec_ctrl(const struct mitigations *m);

/* One sentence without a line's end: what is on, against what, and what is left
 * open. */
void mitigations_text(struct text *t, const struct mitigations *m);

#endif
