/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of vmx/check*.c share: the controls in force, and how a
 * broken rule is reported.  Only for these files.  Pure but for vmx_read().
 */
#ifndef VMX_CHECK_STATE_H
#define VMX_CHECK_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmx/check/check.h"

/* Types of the VM-entry interruption information. */
enum vmx_check_event {
	VMX_EVENT_EXTERNAL_INTERRUPT = 0,
	VMX_EVENT_RESERVED = 1,
	VMX_EVENT_NMI = 2,
	VMX_EVENT_HARDWARE_EXCEPTION = 3,
	VMX_EVENT_SOFTWARE_INTERRUPT = 4,
	VMX_EVENT_PRIVILEGED_SOFTWARE_EXCEPTION = 5,
	VMX_EVENT_SOFTWARE_EXCEPTION = 6,
	VMX_EVENT_OTHER = 7,
	VMX_EVENT_NONE, /* the field is not valid */
};

struct vmx_check_state {
	const struct vmx_caps *caps;
	struct vmx_check_report *out;
	const char *section; /* title of the SDM's section being checked */

	/* The current VMCS's; words that are not activated are 0. */
	struct vmx_controls controls;
	enum vmx_check_event event; /* that the VM entry injects */
	uint8_t vector;
	bool ia32e; /* "IA-32e mode guest" */
	bool unrestricted;
	bool virtual_8086;
	uint64_t cr0, cr4, rflags;
};

/* Reports the rule as broken, with the fields' values, unless ok. */
void vmx_check_rule(struct vmx_check_state *s, bool ok, uint32_t field,
		    const char *rule);
void vmx_check_rule2(struct vmx_check_state *s, bool ok, uint32_t field,
		     uint32_t other, const char *rule);

/* No bit at or above MAXPHYADDR; sign-extended from the linear width. */
bool vmx_check_physical(const struct vmx_check_state *s, uint64_t address);
bool vmx_check_canonical(const struct vmx_check_state *s, uint64_t address);

/* The field holds a physical address of that alignment, a power of two. */
void vmx_check_address(struct vmx_check_state *s, uint32_t field,
		       uint64_t alignment_bytes);
void vmx_check_canonical_field(struct vmx_check_state *s, uint32_t field);

/* The fields hold legal values for IA32_PAT and IA32_EFER. */
void vmx_check_pat(struct vmx_check_state *s, uint32_t field);
void vmx_check_efer(struct vmx_check_state *s, uint32_t field);

/* One file each. */
void vmx_check_controls(struct vmx_check_state *s);
void vmx_check_entry(struct vmx_check_state *s);
void vmx_check_host(struct vmx_check_state *s);
void vmx_check_guest(struct vmx_check_state *s);
void vmx_check_segments(struct vmx_check_state *s);
void vmx_check_activity(struct vmx_check_state *s);

#endif
