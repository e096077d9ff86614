/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of the control bits, and what one asks of another.  Pure. */
#include "vmx/controls.h"

const struct vmx_control_name vmx_control_names[] = {
	{VMX_WORD_PIN, 0, "external-interrupt exiting"},
	{VMX_WORD_PIN, 3, "NMI exiting"},
	{VMX_WORD_PIN, 5, "virtual NMIs"},
	{VMX_WORD_PIN, 6, "activate VMX-preemption timer"},
	{VMX_WORD_PIN, 7, "process posted interrupts"},
	{VMX_WORD_PROC, 2, "interrupt-window exiting"},
	{VMX_WORD_PROC, 3, "use TSC offsetting"},
	{VMX_WORD_PROC, 7, "HLT exiting"},
	{VMX_WORD_PROC, 9, "INVLPG exiting"},
	{VMX_WORD_PROC, 10, "MWAIT exiting"},
	{VMX_WORD_PROC, 11, "RDPMC exiting"},
	{VMX_WORD_PROC, 12, "RDTSC exiting"},
	{VMX_WORD_PROC, 15, "CR3-load exiting"},
	{VMX_WORD_PROC, 16, "CR3-store exiting"},
	{VMX_WORD_PROC, 17, "activate tertiary controls"},
	{VMX_WORD_PROC, 19, "CR8-load exiting"},
	{VMX_WORD_PROC, 20, "CR8-store exiting"},
	{VMX_WORD_PROC, 21, "use TPR shadow"},
	{VMX_WORD_PROC, 22, "NMI-window exiting"},
	{VMX_WORD_PROC, 23, "MOV-DR exiting"},
	{VMX_WORD_PROC, 24, "unconditional I/O exiting"},
	{VMX_WORD_PROC, 25, "use I/O bitmaps"},
	{VMX_WORD_PROC, 27, "monitor trap flag"},
	{VMX_WORD_PROC, 28, "use MSR bitmaps"},
	{VMX_WORD_PROC, 29, "MONITOR exiting"},
	{VMX_WORD_PROC, 30, "PAUSE exiting"},
	{VMX_WORD_PROC, 31, "activate secondary controls"},
	{VMX_WORD_PROC2, 0, "virtualize APIC accesses"},
	{VMX_WORD_PROC2, 1, "enable EPT"},
	{VMX_WORD_PROC2, 2, "descriptor-table exiting"},
	{VMX_WORD_PROC2, 3, "enable RDTSCP"},
	{VMX_WORD_PROC2, 4, "virtualize x2APIC mode"},
	{VMX_WORD_PROC2, 5, "enable VPID"},
	{VMX_WORD_PROC2, 6, "WBINVD exiting"},
	{VMX_WORD_PROC2, 7, "unrestricted guest"},
	{VMX_WORD_PROC2, 8, "APIC-register virtualization"},
	{VMX_WORD_PROC2, 9, "virtual-interrupt delivery"},
	{VMX_WORD_PROC2, 10, "PAUSE-loop exiting"},
	{VMX_WORD_PROC2, 11, "RDRAND exiting"},
	{VMX_WORD_PROC2, 12, "enable INVPCID"},
	{VMX_WORD_PROC2, 13, "enable VM functions"},
	{VMX_WORD_PROC2, 14, "VMCS shadowing"},
	{VMX_WORD_PROC2, 15, "enable ENCLS exiting"},
	{VMX_WORD_PROC2, 16, "RDSEED exiting"},
	{VMX_WORD_PROC2, 17, "enable PML"},
	{VMX_WORD_PROC2, 18, "EPT-violation #VE"},
	{VMX_WORD_PROC2, 19, "conceal VMX from PT"},
	{VMX_WORD_PROC2, 20, "enable XSAVES/XRSTORS"},
	{VMX_WORD_PROC2, 21, "PASID translation"},
	{VMX_WORD_PROC2, 22, "mode-based execute control for EPT"},
	{VMX_WORD_PROC2, 23, "sub-page write permissions for EPT"},
	{VMX_WORD_PROC2, 24, "Intel PT uses guest physical addresses"},
	{VMX_WORD_PROC2, 25, "use TSC scaling"},
	{VMX_WORD_PROC2, 26, "enable user wait and pause"},
	{VMX_WORD_PROC2, 27, "enable PCONFIG"},
	{VMX_WORD_PROC2, 28, "enable ENCLV exiting"},
	{VMX_WORD_PROC2, 30, "VMM bus-lock detection"},
	{VMX_WORD_PROC2, 31, "instruction timeout"},
	{VMX_WORD_PROC3, 0, "LOADIWKEY exiting"},
	{VMX_WORD_PROC3, 1, "enable HLAT"},
	{VMX_WORD_PROC3, 2, "EPT paging-write control"},
	{VMX_WORD_PROC3, 3, "guest-paging verification"},
	{VMX_WORD_PROC3, 4, "IPI virtualization"},
	{VMX_WORD_PROC3, 6, "enable MSR-list instructions"},
	{VMX_WORD_PROC3, 7, "virtualize IA32_SPEC_CTRL"},
	{VMX_WORD_PROC3, 8, "APIC-timer virtualization"},
	{VMX_WORD_EXIT, 2, "save debug controls"},
	{VMX_WORD_EXIT, 9, "host address-space size"},
	{VMX_WORD_EXIT, 12, "load IA32_PERF_GLOBAL_CTRL"},
	{VMX_WORD_EXIT, 15, "acknowledge interrupt on exit"},
	{VMX_WORD_EXIT, 18, "save IA32_PAT"},
	{VMX_WORD_EXIT, 19, "load IA32_PAT"},
	{VMX_WORD_EXIT, 20, "save IA32_EFER"},
	{VMX_WORD_EXIT, 21, "load IA32_EFER"},
	{VMX_WORD_EXIT, 22, "save VMX-preemption timer value"},
	{VMX_WORD_EXIT, 23, "clear IA32_BNDCFGS"},
	{VMX_WORD_EXIT, 24, "conceal VMX from PT"},
	{VMX_WORD_EXIT, 25, "clear IA32_RTIT_CTL"},
	{VMX_WORD_EXIT, 26, "clear IA32_LBR_CTL"},
	{VMX_WORD_EXIT, 27, "clear UINV"},
	{VMX_WORD_EXIT, 28, "load CET state"},
	{VMX_WORD_EXIT, 29, "load PKRS"},
	{VMX_WORD_EXIT, 30, "save IA32_PERF_GLOBAL_CTRL"},
	{VMX_WORD_EXIT, 31, "activate secondary controls"},
	{VMX_WORD_ENTRY, 2, "load debug controls"},
	{VMX_WORD_ENTRY, 9, "IA-32e mode guest"},
	{VMX_WORD_ENTRY, 10, "entry to SMM"},
	{VMX_WORD_ENTRY, 11, "deactivate dual-monitor treatment"},
	{VMX_WORD_ENTRY, 13, "load IA32_PERF_GLOBAL_CTRL"},
	{VMX_WORD_ENTRY, 14, "load IA32_PAT"},
	{VMX_WORD_ENTRY, 15, "load IA32_EFER"},
	{VMX_WORD_ENTRY, 16, "load IA32_BNDCFGS"},
	{VMX_WORD_ENTRY, 17, "conceal VMX from PT"},
	{VMX_WORD_ENTRY, 18, "load IA32_RTIT_CTL"},
	{VMX_WORD_ENTRY, 19, "load UINV"},
	{VMX_WORD_ENTRY, 20, "load CET state"},
	{VMX_WORD_ENTRY, 21, "load guest IA32_LBR_CTL"},
	{VMX_WORD_ENTRY, 22, "load PKRS"},
};

const size_t vmx_control_names_count =
	sizeof(vmx_control_names) / sizeof(vmx_control_names[0]);

static const struct {
	const char *name;
	uint32_t field;
} words[VMX_WORD_COUNT] = {
	[VMX_WORD_PIN] = {"pin-based VM-execution controls",
			  VMCS_PIN_BASED_CONTROLS},
	[VMX_WORD_PROC] = {"primary processor-based VM-execution controls",
			   VMCS_PRIMARY_CONTROLS},
	[VMX_WORD_PROC2] = {"secondary processor-based VM-execution controls",
			    VMCS_SECONDARY_CONTROLS},
	[VMX_WORD_PROC3] = {"tertiary processor-based VM-execution controls",
			    VMCS_TERTIARY_CONTROLS},
	[VMX_WORD_EXIT] = {"VM-exit controls", VMCS_VM_EXIT_CONTROLS},
	[VMX_WORD_ENTRY] = {"VM-entry controls", VMCS_VM_ENTRY_CONTROLS},
};

/* A word and a bit number of it, by the mask's name. */
#define BIT(word, mask) VMX_WORD_##word, __builtin_ctzll(VMX_##word##_##mask)

/* "Checks on VMX Controls" */
const struct vmx_control_rule vmx_control_rules[] = {
	{BIT(PIN, VIRTUAL_NMIS), BIT(PIN, NMI_EXITING), 1},
	{BIT(PROC, NMI_WINDOW_EXITING), BIT(PIN, VIRTUAL_NMIS), 1},
	{BIT(PROC2, VIRTUALIZE_X2APIC_MODE), BIT(PROC, TPR_SHADOW), 1},
	{BIT(PROC2, VIRTUALIZE_X2APIC_MODE),
	 BIT(PROC2, VIRTUALIZE_APIC_ACCESSES), 0},
	{BIT(PROC2, APIC_REGISTER_VIRTUALIZATION), BIT(PROC, TPR_SHADOW), 1},
	{BIT(PROC2, VIRTUAL_INTERRUPT_DELIVERY), BIT(PROC, TPR_SHADOW), 1},
	{BIT(PROC2, VIRTUAL_INTERRUPT_DELIVERY),
	 BIT(PIN, EXTERNAL_INTERRUPT_EXITING), 1},
	{BIT(PIN, POSTED_INTERRUPTS), BIT(PROC2, VIRTUAL_INTERRUPT_DELIVERY),
	 1},
	{BIT(PIN, POSTED_INTERRUPTS), BIT(EXIT, ACKNOWLEDGE_INTERRUPT), 1},
	{BIT(PROC2, PML), BIT(PROC2, EPT), 1},
	{BIT(PROC2, UNRESTRICTED_GUEST), BIT(PROC2, EPT), 1},
	{BIT(PROC2, MODE_BASED_EXECUTE), BIT(PROC2, EPT), 1},
	{BIT(PROC2, SUB_PAGE_PERMISSIONS), BIT(PROC2, EPT), 1},
	{BIT(PROC2, PT_GUEST_PHYSICAL), BIT(PROC2, EPT), 1},
	{BIT(PROC2, PT_GUEST_PHYSICAL), BIT(EXIT, CLEAR_RTIT_CTL), 1},
	{BIT(PROC2, PT_GUEST_PHYSICAL), BIT(ENTRY, LOAD_RTIT_CTL), 1},
	{BIT(PROC3, IPI_VIRTUALIZATION), BIT(PROC, TPR_SHADOW), 1},
	{BIT(EXIT, SAVE_PREEMPTION_TIMER), BIT(PIN, PREEMPTION_TIMER), 1},
	{BIT(PROC3, APIC_TIMER_VIRTUALIZATION),
	 BIT(PROC2, VIRTUAL_INTERRUPT_DELIVERY), 1},
	{BIT(PROC3, APIC_TIMER_VIRTUALIZATION), BIT(PROC, RDTSC_EXITING), 0},
};

const size_t vmx_control_rules_count =
	sizeof(vmx_control_rules) / sizeof(vmx_control_rules[0]);

const char *vmx_control_name(enum vmx_control_word word, unsigned bit)
{
	for (size_t i = 0; i < vmx_control_names_count; i++)
		if (vmx_control_names[i].word == word &&
		    vmx_control_names[i].bit == bit)
			return vmx_control_names[i].name;
	return NULL;
}

const char *vmx_control_word_name(enum vmx_control_word word)
{
	return words[word].name;
}

uint32_t vmx_control_word_field(enum vmx_control_word word)
{
	return words[word].field;
}

uint64_t vmx_controls_word(const struct vmx_controls *controls,
			   enum vmx_control_word word)
{
	switch (word) {
	case VMX_WORD_PIN:
		return controls->pin;
	case VMX_WORD_PROC:
		return controls->proc;
	case VMX_WORD_PROC2:
		return controls->proc2;
	case VMX_WORD_PROC3:
		return controls->proc3;
	case VMX_WORD_EXIT:
		return controls->exit;
	case VMX_WORD_ENTRY:
	case VMX_WORD_COUNT:
		break;
	}
	return controls->entry;
}

void vmx_controls_set_word(struct vmx_controls *controls,
			   enum vmx_control_word word, uint64_t value)
{
	switch (word) {
	case VMX_WORD_PIN:
		controls->pin = value;
		break;
	case VMX_WORD_PROC:
		controls->proc = value;
		break;
	case VMX_WORD_PROC2:
		controls->proc2 = value;
		break;
	case VMX_WORD_PROC3:
		controls->proc3 = value;
		break;
	case VMX_WORD_EXIT:
		controls->exit = value;
		break;
	case VMX_WORD_ENTRY:
	case VMX_WORD_COUNT:
		controls->entry = value;
		break;
	}
}

static unsigned vmx_control_bit(const struct vmx_controls *controls,
				enum vmx_control_word word, unsigned bit)
{
	return vmx_controls_word(controls, word) >> bit & 1;
}

const struct vmx_control_rule *vmx_controls_broken(
	const struct vmx_controls *controls, size_t from)
{
	for (size_t i = from; i < vmx_control_rules_count; i++) {
		const struct vmx_control_rule *r = &vmx_control_rules[i];

		if (vmx_control_bit(controls, r->word, r->bit) &&
		    vmx_control_bit(controls, r->other_word, r->other_bit) !=
			    r->value)
			return r;
	}
	return NULL;
}
