/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every VMX capability of a processor by name, for the hardware report; a
 * screenful of what matters is vmx/text/caps_text.h.  Each function adds whole lines
 * of less than 80 columns.  Pure.
 *
 * Source: SDM volume 3, appendix "VMX Capability Reporting Facility".
 */
#ifndef VMX_CAPS_LIST_H
#define VMX_CAPS_LIST_H

#include <stdbool.h>

#include "hv/lib/text.h"
#include "vmx/caps.h"

/* Each capability MSR that the processor has: number, name, value. */
void caps_list_msrs(struct text *t, const struct vmx_caps_raw *raw);

/*
 * One word of controls by name: those that can be 0 or 1, those that are always
 * 1, those that are always 0.  Reserved bits by their
 * numbers.
 */
void caps_list_word(struct text *t, const struct vmx_caps *caps,
		    enum vmx_control_word word);

/* IA32_VMX_BASIC, IA32_VMX_MISC, the fixed bits of CR0 and CR4. */
void caps_list_basics(struct text *t, const struct vmx_caps *caps);

/* IA32_VMX_EPT_VPID_CAP and IA32_VMX_VMFUNC. */
void caps_list_ept(struct text *t, const struct vmx_caps *caps);

/*
 * Where the MSRs of one CPU differ from those of the first: a line for each,
 * with the controls that one has and the other has not.  No difference, no
 * line.
 */
void caps_list_differences(struct text *t, const struct vmx_caps_raw *first,
			   const struct vmx_caps_raw *one);

#endif
