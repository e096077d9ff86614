/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers and bits of model-specific registers, by their SDM names.  Pure.
 * Source: SDM volume 4, "IA-32 Architectural MSRs".
 */
#ifndef HV_HW_MSR_INDEX_H
#define HV_HW_MSR_INDEX_H

#define IA32_P5_MC_ADDR		     0x000
#define IA32_P5_MC_TYPE		     0x001
#define IA32_TIME_STAMP_COUNTER	     0x010
#define IA32_PLATFORM_ID	     0x017
#define IA32_APIC_BASE		     0x01b
#define IA32_FEATURE_CONTROL	     0x03a
#define IA32_TSC_ADJUST		     0x03b
#define IA32_SPEC_CTRL		     0x048
#define IA32_SPEC_CTRL_IBRS	     (1ull << 0)
#define IA32_SPEC_CTRL_BHI_DIS_S     (1ull << 10)
#define IA32_PRED_CMD		     0x049
#define IA32_PRED_CMD_IBPB	     (1ull << 0)
#define IA32_BIOS_UPDT_TRIG	     0x079
#define IA32_BIOS_SIGN_ID	     0x08b
#define IA32_MTRRCAP		     0x0fe
#define IA32_ARCH_CAPABILITIES	     0x10a
#define IA32_FLUSH_CMD		     0x10b
#define IA32_FLUSH_CMD_L1D	     (1ull << 0)
#define IA32_SYSENTER_CS	     0x174
#define IA32_SYSENTER_ESP	     0x175
#define IA32_SYSENTER_EIP	     0x176
#define IA32_MCG_CAP		     0x179
#define IA32_MCG_STATUS		     0x17a
#define IA32_MISC_ENABLE	     0x1a0
#define IA32_DEBUGCTL		     0x1d9
#define IA32_DEBUGCTL_LBR	     (1u << 0)
#define IA32_DEBUGCTL_BTF	     (1u << 1)
#define IA32_MTRR_PHYSBASE0	     0x200
#define IA32_MTRR_PHYSMASK0	     0x201
#define IA32_MTRR_FIX64K_00000	     0x250
#define IA32_MTRR_FIX16K_80000	     0x258
#define IA32_MTRR_FIX16K_A0000	     0x259
#define IA32_MTRR_FIX4K_C0000	     0x268
#define IA32_PAT		     0x277
#define IA32_MTRR_DEF_TYPE	     0x2ff
#define IA32_PERF_GLOBAL_CTRL	     0x38f
#define IA32_MC0_CTL		     0x400
#define IA32_VMX_BASIC		     0x480
#define IA32_VMX_PINBASED_CTLS	     0x481
#define IA32_VMX_PROCBASED_CTLS	     0x482
#define IA32_VMX_EXIT_CTLS	     0x483
#define IA32_VMX_ENTRY_CTLS	     0x484
#define IA32_VMX_MISC		     0x485
#define IA32_VMX_CR0_FIXED0	     0x486
#define IA32_VMX_CR0_FIXED1	     0x487
#define IA32_VMX_CR4_FIXED0	     0x488
#define IA32_VMX_CR4_FIXED1	     0x489
#define IA32_VMX_VMCS_ENUM	     0x48a
#define IA32_VMX_PROCBASED_CTLS2     0x48b
#define IA32_VMX_EPT_VPID_CAP	     0x48c
#define IA32_VMX_TRUE_PINBASED	     0x48d
#define IA32_VMX_TRUE_PROCBASED	     0x48e
#define IA32_VMX_TRUE_EXIT	     0x48f
#define IA32_VMX_TRUE_ENTRY	     0x490
#define IA32_VMX_VMFUNC		     0x491
#define IA32_VMX_PROCBASED_CTLS3     0x492
#define IA32_TSC_DEADLINE	     0x6e0
#define IA32_X2APIC_BASE	     0x800 /* to 0x8ff, register number in between */
#define IA32_XSS		     0xda0
#define IA32_EFER		     0xc0000080
#define IA32_STAR		     0xc0000081
#define IA32_LSTAR		     0xc0000082
#define IA32_CSTAR		     0xc0000083
#define IA32_FMASK		     0xc0000084
#define IA32_FS_BASE		     0xc0000100
#define IA32_GS_BASE		     0xc0000101
#define IA32_KERNEL_GS_BASE	     0xc0000102
#define IA32_TSC_AUX		     0xc0000103

#define IA32_APIC_BASE_BSP	     (1ull << 8)
#define IA32_APIC_BASE_X2APIC	     (1ull << 10)
#define IA32_APIC_BASE_ENABLE	     (1ull << 11)
#define IA32_APIC_BASE_ADDRESS	     0x000ffffffffff000ull

#define IA32_FEATURE_CONTROL_LOCK    (1ull << 0)
#define IA32_FEATURE_CONTROL_VMX_SMX (1ull << 1)
#define IA32_FEATURE_CONTROL_VMX     (1ull << 2)

#define IA32_MISC_ENABLE_FAST_STRING (1ull << 0)
#define IA32_MISC_ENABLE_XD_DISABLE  (1ull << 34)

#endif
