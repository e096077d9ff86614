/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bits of the VM-execution, VM-exit and VM-entry control fields, and
 * their names for dumps.  Pure.
 *
 * Source: SDM volume 3, chapter "Virtual Machine Control Structures", sections
 * "VM-Execution Control Fields", "VM-Exit Control Fields" and "VM-Entry
 * Control Fields".
 */
#ifndef VMX_CONTROLS_H
#define VMX_CONTROLS_H

#include <stddef.h>
#include <stdint.h>

#include "vmx/vmcs_fields.h"

/* "Pin-Based VM-Execution Controls" */
#define VMX_PIN_EXTERNAL_INTERRUPT_EXITING (1u << 0)
#define VMX_PIN_NMI_EXITING		   (1u << 3)
#define VMX_PIN_VIRTUAL_NMIS		   (1u << 5)
#define VMX_PIN_PREEMPTION_TIMER	   (1u << 6)
#define VMX_PIN_POSTED_INTERRUPTS	   (1u << 7)

/* "Processor-Based VM-Execution Controls", primary */
#define VMX_PROC_INTERRUPT_WINDOW_EXITING (1u << 2)
#define VMX_PROC_TSC_OFFSETTING		  (1u << 3)
#define VMX_PROC_HLT_EXITING		  (1u << 7)
#define VMX_PROC_INVLPG_EXITING		  (1u << 9)
#define VMX_PROC_MWAIT_EXITING		  (1u << 10)
#define VMX_PROC_RDPMC_EXITING		  (1u << 11)
#define VMX_PROC_RDTSC_EXITING		  (1u << 12)
#define VMX_PROC_CR3_LOAD_EXITING	  (1u << 15)
#define VMX_PROC_CR3_STORE_EXITING	  (1u << 16)
#define VMX_PROC_TERTIARY_CONTROLS	  (1u << 17)
#define VMX_PROC_CR8_LOAD_EXITING	  (1u << 19)
#define VMX_PROC_CR8_STORE_EXITING	  (1u << 20)
#define VMX_PROC_TPR_SHADOW		  (1u << 21)
#define VMX_PROC_NMI_WINDOW_EXITING	  (1u << 22)
#define VMX_PROC_MOV_DR_EXITING		  (1u << 23)
#define VMX_PROC_UNCONDITIONAL_IO_EXITING (1u << 24)
#define VMX_PROC_IO_BITMAPS		  (1u << 25)
#define VMX_PROC_MONITOR_TRAP_FLAG	  (1u << 27)
#define VMX_PROC_MSR_BITMAPS		  (1u << 28)
#define VMX_PROC_MONITOR_EXITING	  (1u << 29)
#define VMX_PROC_PAUSE_EXITING		  (1u << 30)
#define VMX_PROC_SECONDARY_CONTROLS	  (1u << 31)

/* Secondary */
#define VMX_PROC2_VIRTUALIZE_APIC_ACCESSES     (1u << 0)
#define VMX_PROC2_EPT			       (1u << 1)
#define VMX_PROC2_DESCRIPTOR_TABLE_EXITING     (1u << 2)
#define VMX_PROC2_RDTSCP		       (1u << 3)
#define VMX_PROC2_VIRTUALIZE_X2APIC_MODE       (1u << 4)
#define VMX_PROC2_VPID			       (1u << 5)
#define VMX_PROC2_WBINVD_EXITING	       (1u << 6)
#define VMX_PROC2_UNRESTRICTED_GUEST	       (1u << 7)
#define VMX_PROC2_APIC_REGISTER_VIRTUALIZATION (1u << 8)
#define VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY   (1u << 9)
#define VMX_PROC2_PAUSE_LOOP_EXITING	       (1u << 10)
#define VMX_PROC2_RDRAND_EXITING	       (1u << 11)
#define VMX_PROC2_INVPCID		       (1u << 12)
#define VMX_PROC2_VM_FUNCTIONS		       (1u << 13)
#define VMX_PROC2_VMCS_SHADOWING	       (1u << 14)
#define VMX_PROC2_ENCLS_EXITING		       (1u << 15)
#define VMX_PROC2_RDSEED_EXITING	       (1u << 16)
#define VMX_PROC2_PML			       (1u << 17)
#define VMX_PROC2_EPT_VIOLATION_VE	       (1u << 18)
#define VMX_PROC2_CONCEAL_VMX_FROM_PT	       (1u << 19)
#define VMX_PROC2_XSAVES_XRSTORS	       (1u << 20)
#define VMX_PROC2_PASID_TRANSLATION	       (1u << 21)
#define VMX_PROC2_MODE_BASED_EXECUTE	       (1u << 22)
#define VMX_PROC2_SUB_PAGE_PERMISSIONS	       (1u << 23)
#define VMX_PROC2_PT_GUEST_PHYSICAL	       (1u << 24)
#define VMX_PROC2_TSC_SCALING		       (1u << 25)
#define VMX_PROC2_USER_WAIT_AND_PAUSE	       (1u << 26)
#define VMX_PROC2_PCONFIG		       (1u << 27)
#define VMX_PROC2_ENCLV_EXITING		       (1u << 28)
#define VMX_PROC2_BUS_LOCK_DETECTION	       (1u << 30)
#define VMX_PROC2_INSTRUCTION_TIMEOUT	       (1u << 31)

/* Tertiary, a 64-bit field */
#define VMX_PROC3_LOADIWKEY_EXITING	    (1ull << 0)
#define VMX_PROC3_HLAT			    (1ull << 1)
#define VMX_PROC3_EPT_PAGING_WRITE	    (1ull << 2)
#define VMX_PROC3_GUEST_PAGING_VERIFICATION (1ull << 3)
#define VMX_PROC3_IPI_VIRTUALIZATION	    (1ull << 4)
#define VMX_PROC3_MSR_LIST		    (1ull << 6)
#define VMX_PROC3_VIRTUALIZE_SPEC_CTRL	    (1ull << 7)
#define VMX_PROC3_APIC_TIMER_VIRTUALIZATION (1ull << 8)

/* "VM-Exit Controls", primary */
#define VMX_EXIT_SAVE_DEBUG_CONTROLS	 (1u << 2)
#define VMX_EXIT_HOST_ADDRESS_SPACE_SIZE (1u << 9)
#define VMX_EXIT_LOAD_PERF_GLOBAL_CTRL	 (1u << 12)
#define VMX_EXIT_ACKNOWLEDGE_INTERRUPT	 (1u << 15)
#define VMX_EXIT_SAVE_PAT		 (1u << 18)
#define VMX_EXIT_LOAD_PAT		 (1u << 19)
#define VMX_EXIT_SAVE_EFER		 (1u << 20)
#define VMX_EXIT_LOAD_EFER		 (1u << 21)
#define VMX_EXIT_SAVE_PREEMPTION_TIMER	 (1u << 22)
#define VMX_EXIT_CLEAR_BNDCFGS		 (1u << 23)
#define VMX_EXIT_CONCEAL_VMX_FROM_PT	 (1u << 24)
#define VMX_EXIT_CLEAR_RTIT_CTL		 (1u << 25)
#define VMX_EXIT_CLEAR_LBR_CTL		 (1u << 26)
#define VMX_EXIT_CLEAR_UINV		 (1u << 27)
#define VMX_EXIT_LOAD_CET_STATE		 (1u << 28)
#define VMX_EXIT_LOAD_PKRS		 (1u << 29)
#define VMX_EXIT_SAVE_PERF_GLOBAL_CTRL	 (1u << 30)
#define VMX_EXIT_SECONDARY_CONTROLS	 (1u << 31)

/* "VM-Entry Controls" */
#define VMX_ENTRY_LOAD_DEBUG_CONTROLS	  (1u << 2)
#define VMX_ENTRY_IA32E_MODE_GUEST	  (1u << 9)
#define VMX_ENTRY_TO_SMM		  (1u << 10)
#define VMX_ENTRY_DEACTIVATE_DUAL_MONITOR (1u << 11)
#define VMX_ENTRY_LOAD_PERF_GLOBAL_CTRL	  (1u << 13)
#define VMX_ENTRY_LOAD_PAT		  (1u << 14)
#define VMX_ENTRY_LOAD_EFER		  (1u << 15)
#define VMX_ENTRY_LOAD_BNDCFGS		  (1u << 16)
#define VMX_ENTRY_CONCEAL_VMX_FROM_PT	  (1u << 17)
#define VMX_ENTRY_LOAD_RTIT_CTL		  (1u << 18)
#define VMX_ENTRY_LOAD_UINV		  (1u << 19)
#define VMX_ENTRY_LOAD_CET_STATE	  (1u << 20)
#define VMX_ENTRY_LOAD_GUEST_LBR_CTL	  (1u << 21)
#define VMX_ENTRY_LOAD_PKRS		  (1u << 22)

/* The control fields that a VM is given. */
struct vmx_controls {
	uint32_t pin;
	uint32_t proc;
	uint32_t proc2;
	uint32_t exit;
	uint32_t entry;
	uint64_t proc3;
};

enum vmx_control_word {
	VMX_WORD_PIN,
	VMX_WORD_PROC,
	VMX_WORD_PROC2,
	VMX_WORD_PROC3,
	VMX_WORD_EXIT,
	VMX_WORD_ENTRY,
	VMX_WORD_COUNT,
};

struct vmx_control_name {
	enum vmx_control_word word;
	uint8_t bit;
	const char *name; /* the SDM's, without quotes */
};

/* Every control bit, by word and then by bit. */
extern const struct vmx_control_name vmx_control_names[];
extern const size_t vmx_control_names_count;

/* The name of a control bit, or NULL if the SDM has none there. */
const char *vmx_control_name(enum vmx_control_word word, unsigned bit);

/* The name of a control field: "pin-based VM-execution controls" and so on. */
const char *vmx_control_word_name(enum vmx_control_word word);

/* The VMCS field that holds the word. */
uint32_t vmx_control_word_field(enum vmx_control_word word);

/* One word of a set of controls; word < VMX_WORD_COUNT. */
uint64_t vmx_controls_word(const struct vmx_controls *controls,
			   enum vmx_control_word word);
void vmx_controls_set_word(struct vmx_controls *controls,
			   enum vmx_control_word word, uint64_t value);

/*
 * What the SDM's "Checks on VMX Controls" demands of one control while another
 * is 1: a rule that needs no other field.
 */
struct vmx_control_rule {
	enum vmx_control_word word;
	uint8_t bit; /* while this control is 1 ... */
	enum vmx_control_word other_word;
	uint8_t other_bit; /* ... this one ... */
	uint8_t value;	   /* ... must have this value */
};

extern const struct vmx_control_rule vmx_control_rules[];
extern const size_t vmx_control_rules_count;

/* The first rule, from that index on, that these controls break, or NULL. */
const struct vmx_control_rule *vmx_controls_broken(
	const struct vmx_controls *controls, size_t from);

#endif
