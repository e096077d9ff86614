/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM-entry checks, "Checks on VMX Controls": "VM-Execution Control Fields".
 * Pure but for vmx_read().
 */
#include "hv/lib/format.h"
#include "mm/frame.h"
#include "vmx/check/check_state.h"
#include "vmx/insn.h"

#define VTPR		       0x80 /* offset in the virtual-APIC page */

#define EPTP_MEMORY_TYPE       7ull
#define EPTP_ACCESSED_DIRTY    (1ull << 6)
#define EPTP_RESERVED	       0xf80ull

#define MISC_CR3_TARGETS(misc) ((misc) >> 16 & 0x1ff)
#define VMFUNC_EPTP_SWITCHING  1ull

static bool vmx_check_word_used(const struct vmx_check_state *s, unsigned word)
{
	if (word == VMX_WORD_PROC2)
		return s->controls.proc & VMX_PROC_SECONDARY_CONTROLS;
	if (word == VMX_WORD_PROC3)
		return s->controls.proc & VMX_PROC_TERTIARY_CONTROLS;
	return true;
}

static void vmx_check_reserved(struct vmx_check_state *s, unsigned word)
{
	uint64_t value = vmx_controls_word(&s->controls, word);
	uint64_t wrong = vmx_caps_must(s->caps, word) & ~value;

	for (unsigned bit = 0; bit < 64; bit++)
		if (!vmx_caps_allow(s->caps, word, value & 1ull << bit))
			wrong |= 1ull << bit;
	s->out->rules += !wrong; /* one for the word, or one for each bit */
	while (wrong) {
		unsigned bit = __builtin_ctzll(wrong);
		const char *name = vmx_control_name(word, bit);
		char rule[120];

		format(rule, sizeof(rule), "bit %u, \"%s\", must be %u", bit,
		       name ? name : "reserved", !(value >> bit & 1));
		vmx_check_rule(s, false, vmx_control_word_field(word), rule);
		wrong &= wrong - 1;
	}
}

/* Where one control asks for another. */
static void vmx_check_pairs(struct vmx_check_state *s)
{
	const struct vmx_control_rule *r = vmx_controls_broken(&s->controls, 0);
	unsigned before = s->out->count;

	while (r) {
		char rule[120];

		format(rule, sizeof(rule), "\"%s\" needs \"%s\" = %u",
		       vmx_control_name(r->word, r->bit),
		       vmx_control_name(r->other_word, r->other_bit), r->value);
		vmx_check_rule2(s, false, vmx_control_word_field(r->word),
				vmx_control_word_field(r->other_word), rule);
		r = vmx_controls_broken(&s->controls,
					(size_t)(r - vmx_control_rules) + 1);
	}
	/* Those that hold. */
	s->out->rules +=
		(unsigned)vmx_control_rules_count - (s->out->count - before);
}

static void vmx_check_bitmaps(struct vmx_check_state *s)
{
	uint32_t proc = s->controls.proc, proc2 = s->controls.proc2;

	vmx_check_rule(s,
		       vmx_read(VMCS_CR3_TARGET_COUNT) <=
			       MISC_CR3_TARGETS(s->caps->misc),
		       VMCS_CR3_TARGET_COUNT,
		       "more CR3-target values than IA32_VMX_MISC allows");
	if (proc & VMX_PROC_IO_BITMAPS) {
		vmx_check_address(s, VMCS_IO_BITMAP_A_ADDRESS, PAGE_SIZE);
		vmx_check_address(s, VMCS_IO_BITMAP_B_ADDRESS, PAGE_SIZE);
	}
	if (proc & VMX_PROC_MSR_BITMAPS)
		vmx_check_address(s, VMCS_MSR_BITMAPS_ADDRESS, PAGE_SIZE);
	if (proc2 & VMX_PROC2_VMCS_SHADOWING) {
		vmx_check_address(s, VMCS_VMREAD_BITMAP_ADDRESS, PAGE_SIZE);
		vmx_check_address(s, VMCS_VMWRITE_BITMAP_ADDRESS, PAGE_SIZE);
	}
	if (proc2 & VMX_PROC2_EPT_VIOLATION_VE)
		vmx_check_address(
			s, VMCS_VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS,
			PAGE_SIZE);
	if (proc2 & VMX_PROC2_TSC_SCALING)
		vmx_check_rule(s, vmx_read(VMCS_TSC_MULTIPLIER),
			       VMCS_TSC_MULTIPLIER,
			       "the multiplier must not be 0");
}

static void vmx_check_tpr_threshold(struct vmx_check_state *s)
{
	uint32_t proc2 = s->controls.proc2;
	uint32_t threshold = vmx_read(VMCS_TPR_THRESHOLD);
	hpa_t page = hpa(vmx_read(VMCS_VIRTUAL_APIC_ADDRESS) & ~PAGE_MASK);
	const uint8_t *apic = frame_pointer(page);
	char rule[120];

	if (proc2 & VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY)
		return;
	vmx_check_rule(s, !(threshold >> 4), VMCS_TPR_THRESHOLD,
		       "bits 31:4 must be 0 without virtual-interrupt "
		       "delivery");
	if (proc2 & VMX_PROC2_VIRTUALIZE_APIC_ACCESSES || !apic)
		return;
	format(rule, sizeof(rule),
	       "bits 3:0 must not be above VTPR's bits 7:4, which are %u",
	       apic[VTPR] >> 4);
	vmx_check_rule(s, (threshold & 15) <= apic[VTPR] >> 4,
		       VMCS_TPR_THRESHOLD, rule);
}

static void vmx_check_ipi_virtualization(struct vmx_check_state *s)
{
	uint64_t table = vmx_read(VMCS_PID_POINTER_TABLE_ADDRESS);
	uint64_t last = vmx_read(VMCS_LAST_PID_POINTER_INDEX);

	vmx_check_address(s, VMCS_PID_POINTER_TABLE_ADDRESS, 8);
	vmx_check_rule2(s,
			!vmx_check_physical(s, table) ||
				vmx_check_physical(s, table + last * 8 + 7),
			VMCS_PID_POINTER_TABLE_ADDRESS,
			VMCS_LAST_PID_POINTER_INDEX,
			"the table must end within the physical-address width");
}

static void vmx_check_apic(struct vmx_check_state *s)
{
	const struct vmx_controls *c = &s->controls;

	if (c->proc & VMX_PROC_TPR_SHADOW) {
		vmx_check_address(s, VMCS_VIRTUAL_APIC_ADDRESS, PAGE_SIZE);
		vmx_check_tpr_threshold(s);
	}
	if (c->proc2 & VMX_PROC2_VIRTUALIZE_APIC_ACCESSES)
		vmx_check_address(s, VMCS_APIC_ACCESS_ADDRESS, PAGE_SIZE);
	if (c->pin & VMX_PIN_POSTED_INTERRUPTS) {
		vmx_check_rule(
			s,
			vmx_read(VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR) <=
				0xff,
			VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR,
			"the vector must be at most 255");
		vmx_check_address(s, VMCS_POSTED_INTERRUPT_DESCRIPTOR_ADDRESS,
				  64);
	}
	if (c->proc3 & VMX_PROC3_IPI_VIRTUALIZATION)
		vmx_check_ipi_virtualization(s);
	if (c->proc3 & VMX_PROC3_APIC_TIMER_VIRTUALIZATION)
		vmx_check_rule(s, vmx_read(VMCS_VIRTUAL_TIMER_VECTOR) <= 0xff,
			       VMCS_VIRTUAL_TIMER_VECTOR,
			       "the vector must be at most 255");
}

static void vmx_check_eptp(struct vmx_check_state *s)
{
	uint64_t eptp = vmx_read(VMCS_EPT_POINTER), cap = s->caps->ept_vpid;
	uint64_t type = eptp & EPTP_MEMORY_TYPE, length = (eptp >> 3 & 7) + 1;

	vmx_check_rule(s,
		       (type == 0 && cap & VMX_EPT_MEMORY_TYPE_UC) ||
			       (type == 6 && cap & VMX_EPT_MEMORY_TYPE_WB),
		       VMCS_EPT_POINTER,
		       "bits 2:0 must be a memory type that "
		       "IA32_VMX_EPT_VPID_CAP allows");
	vmx_check_rule(s,
		       (length == 4 && cap & VMX_EPT_WALK_LENGTH_4) ||
			       (length == 5 && cap & VMX_EPT_WALK_LENGTH_5),
		       VMCS_EPT_POINTER,
		       "bits 5:3 must be a page-walk length minus 1 that "
		       "IA32_VMX_EPT_VPID_CAP allows");
	vmx_check_rule(s,
		       !(eptp & EPTP_ACCESSED_DIRTY) ||
			       cap & VMX_EPT_ACCESSED_DIRTY,
		       VMCS_EPT_POINTER,
		       "bit 6 must be 0 without accessed and dirty flags for "
		       "EPT");
	vmx_check_rule(s,
		       !(eptp & EPTP_RESERVED) && vmx_check_physical(s, eptp),
		       VMCS_EPT_POINTER, "reserved bits must be 0");
}

static void vmx_check_ept(struct vmx_check_state *s)
{
	uint32_t proc2 = s->controls.proc2;

	if (proc2 & VMX_PROC2_VPID)
		vmx_check_rule(s, vmx_read(VMCS_VPID), VMCS_VPID,
			       "the VPID must not be 0");
	if (proc2 & VMX_PROC2_EPT)
		vmx_check_eptp(s);
	if (proc2 & VMX_PROC2_PML)
		vmx_check_address(s, VMCS_PML_ADDRESS, PAGE_SIZE);
	if (proc2 & VMX_PROC2_SUB_PAGE_PERMISSIONS)
		vmx_check_address(s, VMCS_SUB_PAGE_PERMISSION_TABLE_POINTER,
				  PAGE_SIZE);
	if (proc2 & VMX_PROC2_VM_FUNCTIONS) {
		uint64_t functions = vmx_read(VMCS_VM_FUNCTION_CONTROLS);

		vmx_check_rule(s, !(functions & ~s->caps->vmfunc),
			       VMCS_VM_FUNCTION_CONTROLS,
			       "IA32_VMX_VMFUNC does not allow this");
		if (functions & VMFUNC_EPTP_SWITCHING) {
			vmx_check_rule2(s, proc2 & VMX_PROC2_EPT,
					VMCS_VM_FUNCTION_CONTROLS,
					VMCS_SECONDARY_CONTROLS,
					"EPTP switching needs \"enable EPT\"");
			vmx_check_address(s, VMCS_EPTP_LIST_ADDRESS, PAGE_SIZE);
		}
	}
}

void vmx_check_controls(struct vmx_check_state *s)
{
	s->section = "Checks on VMX Controls";
	for (unsigned w = 0; w < VMX_WORD_COUNT; w++)
		if (vmx_check_word_used(s, w))
			vmx_check_reserved(s, w);
	vmx_check_pairs(s);
	s->section = "VM-Execution Control Fields";
	vmx_check_bitmaps(s);
	vmx_check_apic(s);
	vmx_check_ept(s);
}
