/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SDM's VM-entry checks as code, over the current VMCS: names the rule
 * that a failed VM entry broke.  Pure but for vmx_read(), which host tests
 * fake.
 *
 * Source: SDM volume 3, chapter "VM Entries".
 */
#ifndef VMX_CHECK_H
#define VMX_CHECK_H

#include <stdint.h>

#include "vmx/caps.h"

#define VMX_CHECK_LINES	    12
#define VMX_CHECK_LINE_SIZE 256

struct vmx_check_report {
	unsigned count; /* rules broken; texts only for the first ones */
	unsigned rules; /* so many were looked at */
	char text[VMX_CHECK_LINES][VMX_CHECK_LINE_SIZE];
};

/*
 * Checks the current VMCS of the CPU that calls, whose capabilities *caps are.
 * Each broken rule gives one sentence with the title of the SDM's section and
 * the fields' values.  Returns the number of broken rules; 0: the entry
 * should succeed as far as the VMCS's fields go.
 *
 * Not checked: the contents of the MSR-load areas and of the VMCS that the
 * link pointer names, and the state of features that no VM is given (CET, PKS,
 * MPX, PT, LBRs, UINTR, FRED, HLAT, PASID translation).
 */
unsigned vmx_check(const struct vmx_caps *caps, struct vmx_check_report *out);

#endif
