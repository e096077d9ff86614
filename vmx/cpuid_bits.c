/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The feature bits of CPUID that a VM may see: what is not here is hidden.
 * Pure.  Source: SDM volume 2, "CPUID--CPU Identification".
 *
 * A feature is here if the hypervisor keeps its state apart for each vCPU, or
 * if it has none.  x2APIC and HTT are the VM's own, in vmx/cpuid_policy.c.
 */
#include "vmx/cpuid_bits.h"

#include "hv/hw/cr_bits.h"
#include "vmx/controls.h"
#include "vmx/cpuid_policy.h"

const struct cpuid_bit cpuid_bits[] = {
	/*
	 * Leaf 1, ECX. Hidden: DTES64, MONITOR, DS-CPL, VMX, SMX, EIST, TM2,
	 * CNXT-ID, SDBG, xTPR, PDCM, DCA (state or MSRs of the host);
	 * OSXSAVE follows CR4.
	 */
	{1, 0, CPUID_ECX, 0, .name = "pni"},
	{1, 0, CPUID_ECX, 1, .name = "pclmulqdq"},
	{1, 0, CPUID_ECX, 9, .name = "ssse3"},
	{1, 0, CPUID_ECX, 12, .name = "fma", .xcr0 = XCR0_AVX},
	{1, 0, CPUID_ECX, 13, .name = "cx16"},
	{1, 0, CPUID_ECX, 17, .name = "pcid", .cr4 = CR4_PCIDE},
	{1, 0, CPUID_ECX, 19, .name = "sse4_1"},
	{1, 0, CPUID_ECX, 20, .name = "sse4_2"},
	{1, 0, CPUID_ECX, 22, .name = "movbe"},
	{1, 0, CPUID_ECX, 23, .name = "popcnt"},
	{1, 0, CPUID_ECX, 24, .name = "tsc_deadline_timer", .always = true},
	{1, 0, CPUID_ECX, 25, .name = "aes"},
	{1, 0, CPUID_ECX, 26, .name = "xsave", .cr4 = CR4_OSXSAVE,
	 .gates = ~0ull},
	{1, 0, CPUID_ECX, 28, .name = "avx", .xcr0 = XCR0_AVX,
	 .gates = XCR0_AVX | XCR0_AVX_512},
	{1, 0, CPUID_ECX, 29, .name = "f16c", .xcr0 = XCR0_AVX},
	{1, 0, CPUID_ECX, 30, .name = "rdrand"},
	{1, 0, CPUID_ECX, 31, .name = "hypervisor", .always = true},

	/*
	 * Leaf 1, EDX. Hidden: PSN, DS, ACPI, TM, PBE; APIC follows
	 * IA32_APIC_BASE.
	 */
	{1, 0, CPUID_EDX, 0, .name = "fpu"},
	{1, 0, CPUID_EDX, 1, .name = "vme", .cr4 = CR4_VME | CR4_PVI},
	{1, 0, CPUID_EDX, 2, .name = "de", .cr4 = CR4_DE},
	{1, 0, CPUID_EDX, 3, .name = "pse", .cr4 = CR4_PSE},
	{1, 0, CPUID_EDX, 4, .name = "tsc", .cr4 = CR4_TSD},
	{1, 0, CPUID_EDX, 5, .name = "msr"},
	{1, 0, CPUID_EDX, 6, .name = "pae", .cr4 = CR4_PAE},
	{1, 0, CPUID_EDX, 7, .name = "mce", .cr4 = CR4_MCE},
	{1, 0, CPUID_EDX, 8, .name = "cx8"},
	{1, 0, CPUID_EDX, 9, .name = "apic", .always = true},
	{1, 0, CPUID_EDX, 11, .name = "sep"},
	{1, 0, CPUID_EDX, 12, .name = "mtrr"},
	{1, 0, CPUID_EDX, 13, .name = "pge", .cr4 = CR4_PGE},
	{1, 0, CPUID_EDX, 14, .name = "mca"},
	{1, 0, CPUID_EDX, 15, .name = "cmov"},
	{1, 0, CPUID_EDX, 16, .name = "pat"},
	{1, 0, CPUID_EDX, 17, .name = "pse36"},
	{1, 0, CPUID_EDX, 19, .name = "clflush"},
	{1, 0, CPUID_EDX, 23, .name = "mmx"},
	{1, 0, CPUID_EDX, 24, .name = "fxsr", .cr4 = CR4_OSFXSR},
	{1, 0, CPUID_EDX, 25, .name = "sse", .cr4 = CR4_OSXMMEXCPT},
	{1, 0, CPUID_EDX, 26, .name = "sse2"},
	{1, 0, CPUID_EDX, 27, .name = "ss"},

	/*
	 * Leaf 6, EAX: the APIC timer runs always; nothing else of thermal
	 * and power management.
	 */
	{6, 0, CPUID_EAX, 2, .name = "arat", .always = true},

	/*
	 * Leaf 7, EBX. Hidden: SGX, HLE and RTM (the answer to TAA needs an
	 * MSR), RDT, MPX, PT.
	 */
	{7, 0, CPUID_EBX, 0, .name = "fsgsbase", .cr4 = CR4_FSGSBASE},
	{7, 0, CPUID_EBX, 1, .name = "tsc_adjust", .always = true},
	{7, 0, CPUID_EBX, 3, .name = "bmi1"},
	{7, 0, CPUID_EBX, 5, .name = "avx2", .xcr0 = XCR0_AVX},
	{7, 0, CPUID_EBX, 6, .name = "fdp_excptn_only"},
	{7, 0, CPUID_EBX, 7, .name = "smep", .cr4 = CR4_SMEP},
	{7, 0, CPUID_EBX, 8, .name = "bmi2"},
	{7, 0, CPUID_EBX, 9, .name = "erms"},
	{7, 0, CPUID_EBX, 10, .name = "invpcid", .proc2 = VMX_PROC2_INVPCID},
	{7, 0, CPUID_EBX, 13, .name = "zero_fcs_fds"},
	{7, 0, CPUID_EBX, 16, .name = "avx512f", .xcr0 = XCR0_AVX_512,
	 .gates = XCR0_AVX_512},
	{7, 0, CPUID_EBX, 17, .name = "avx512dq", .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_EBX, 18, .name = "rdseed"},
	{7, 0, CPUID_EBX, 19, .name = "adx"},
	{7, 0, CPUID_EBX, 20, .name = "smap", .cr4 = CR4_SMAP},
	{7, 0, CPUID_EBX, 21, .name = "avx512ifma", .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_EBX, 23, .name = "clflushopt"},
	{7, 0, CPUID_EBX, 24, .name = "clwb"},
	{7, 0, CPUID_EBX, 26, .name = "avx512pf", .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_EBX, 27, .name = "avx512er", .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_EBX, 28, .name = "avx512cd", .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_EBX, 29, .name = "sha_ni"},
	{7, 0, CPUID_EBX, 30, .name = "avx512bw", .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_EBX, 31, .name = "avx512vl", .xcr0 = XCR0_AVX_512},

	/*
	 * Leaf 7, ECX. Hidden: WAITPKG, CET, TME, LA57 (EPT and walks have
	 * four levels), MAWAU, KL, bus-lock detection, ENQCMD, SGX_LC, PKS;
	 * OSPKE follows CR4.
	 */
	{7, 0, CPUID_ECX, 0, .name = "prefetchwt1"},
	{7, 0, CPUID_ECX, 1, .name = "avx512vbmi", .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_ECX, 2, .name = "umip", .cr4 = CR4_UMIP},
	{7, 0, CPUID_ECX, 3, .name = "pku", .xcr0 = XCR0_PKRU, .cr4 = CR4_PKE,
	 .gates = XCR0_PKRU},
	{7, 0, CPUID_ECX, 6, .name = "avx512_vbmi2", .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_ECX, 8, .name = "gfni"},
	{7, 0, CPUID_ECX, 9, .name = "vaes", .xcr0 = XCR0_AVX},
	{7, 0, CPUID_ECX, 10, .name = "vpclmulqdq", .xcr0 = XCR0_AVX},
	{7, 0, CPUID_ECX, 11, .name = "avx512_vnni", .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_ECX, 12, .name = "avx512_bitalg", .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_ECX, 14, .name = "avx512_vpopcntdq", .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_ECX, 22, .name = "rdpid", .proc2 = VMX_PROC2_RDTSCP},
	{7, 0, CPUID_ECX, 25, .name = "cldemote"},
	{7, 0, CPUID_ECX, 27, .name = "movdiri"},
	{7, 0, CPUID_ECX, 28, .name = "movdir64b"},

	/*
	 * Leaf 7, EDX. Hidden: UINTR, PCONFIG, LBRs, IBT, AMX, hybrid parts,
	 * TSX; and IBRS, STIBP, L1D_FLUSH, ARCH_CAPABILITIES, SSBD, as long
	 * as their MSRs are not the guest's own.
	 */
	{7, 0, CPUID_EDX, 2, .name = "avx512_4vnniw", .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_EDX, 3, .name = "avx512_4fmaps", .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_EDX, 4, .name = "fsrm"},
	{7, 0, CPUID_EDX, 8, .name = "avx512_vp2intersect",
	 .xcr0 = XCR0_AVX_512},
	{7, 0, CPUID_EDX, 10, .name = "md_clear"},
	{7, 0, CPUID_EDX, 14, .name = "serialize"},
	{7, 0, CPUID_EDX, 23, .name = "avx512_fp16", .xcr0 = XCR0_AVX_512},

	/* Leaf 7, subleaf 1: instructions only. */
	{7, 1, CPUID_EAX, 0, .name = "sha512", .xcr0 = XCR0_AVX},
	{7, 1, CPUID_EAX, 1, .name = "sm3", .xcr0 = XCR0_AVX},
	{7, 1, CPUID_EAX, 2, .name = "sm4", .xcr0 = XCR0_AVX},
	{7, 1, CPUID_EAX, 4, .name = "avx_vnni", .xcr0 = XCR0_AVX},
	{7, 1, CPUID_EAX, 5, .name = "avx512_bf16", .xcr0 = XCR0_AVX_512},
	{7, 1, CPUID_EAX, 10, .name = "fzrm"},
	{7, 1, CPUID_EAX, 11, .name = "fsrs"},
	{7, 1, CPUID_EAX, 12, .name = "fsrc"},
	{7, 1, CPUID_EAX, 23, .name = "avx_ifma", .xcr0 = XCR0_AVX},
	{7, 1, CPUID_EDX, 4, .name = "avx_vnni_int8", .xcr0 = XCR0_AVX},
	{7, 1, CPUID_EDX, 5, .name = "avx_ne_convert", .xcr0 = XCR0_AVX},
	{7, 1, CPUID_EDX, 10, .name = "avx_vnni_int16", .xcr0 = XCR0_AVX},
	{7, 1, CPUID_EDX, 14, .name = "prefetchiti"},

	/* Leaf 0DH, subleaf 1. Hidden: XFD. */
	{0xd, 1, CPUID_EAX, 0, .name = "xsaveopt"},
	{0xd, 1, CPUID_EAX, 1, .name = "xsavec"},
	{0xd, 1, CPUID_EAX, 2, .name = "xgetbv1"},
	{0xd, 1, CPUID_EAX, 3, .name = "xsaves",
	 .proc2 = VMX_PROC2_XSAVES_XRSTORS},

	/* Extended leaves. */
	{0x80000001, 0, CPUID_ECX, 0, .name = "lahf_lm"},
	{0x80000001, 0, CPUID_ECX, 5, .name = "abm"},
	{0x80000001, 0, CPUID_ECX, 8, .name = "3dnowprefetch"},
	{0x80000001, 0, CPUID_EDX, 11, .name = "syscall"},
	{0x80000001, 0, CPUID_EDX, 20, .name = "nx"},
	{0x80000001, 0, CPUID_EDX, 26, .name = "pdpe1gb"},
	{0x80000001, 0, CPUID_EDX, 27, .name = "rdtscp",
	 .proc2 = VMX_PROC2_RDTSCP},
	{0x80000001, 0, CPUID_EDX, 29, .name = "lm"},
	{0x80000007, 0, CPUID_EDX, 8, .name = "nonstop_tsc", .always = true},
};

const size_t cpuid_bits_count = sizeof(cpuid_bits) / sizeof(cpuid_bits[0]);
