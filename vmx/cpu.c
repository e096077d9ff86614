/* SPDX-License-Identifier: BSD-2-Clause */
/* VMX operation of each physical CPU; see cpu.h. */
#include "vmx/cpu.h"

#include "hv/hw/cpuid.h"
#include "hv/hw/cr.h"
#include "hv/hw/msr.h"
#include "hv/hw/self.h"
#include "hv/lib/log.h"
#include "mm/frame.h"
#include "vmx/insn.h"

/* What all CPUs have in common; written while CPUs start one by one. */
static struct vmx_caps all_caps;
static struct cpuid_leaves all_leaves;
static struct mitigations_facts all_facts;
static struct mitigations mitigations;
static bool any;

/* CPUID leaves 1 and 7, "Version Information", "Feature Information" and
 * "Structured Extended Feature Flags". */
static void add_facts(void)
{
	struct cpuid one = cpuid(1, 0), seven = cpuid_or_zero(7, 0);
	struct mitigations_cpu cpu = {
		.signature = one.eax,
		.virtual = one.ecx & CPUID_1_ECX_HYPERVISOR,
		.cpuid_7_ebx = seven.ebx,
		.cpuid_7_edx = seven.edx,
	};

	if (seven.eax >= 2)
		cpu.cpuid_7_2_edx = cpuid(7, 2).edx;
	if (seven.edx & CPUID_7_EDX_ARCH_CAPABILITIES)
		cpu.arch_capabilities = msr_read(IA32_ARCH_CAPABILITIES);
	if (!any)
		mitigations_begin(&all_facts);
	mitigations_add(&all_facts, &cpu);
}

static void add_capabilities(const struct vmx_caps *caps)
{
	struct cpuid_leaves leaves;

	cpuid_read(&leaves);
	add_facts();
	if (any) {
		vmx_caps_intersect(&all_caps, caps);
		cpuid_intersect(&all_leaves, &leaves);
	} else {
		all_caps = *caps;
		all_leaves = leaves;
	}
	any = true;
}

/* False: the firmware locked VMX off. */
static bool feature_control_allows(void)
{
	uint64_t value = msr_read(IA32_FEATURE_CONTROL);

	if (!(value & IA32_FEATURE_CONTROL_LOCK)) {
		value |= IA32_FEATURE_CONTROL_LOCK | IA32_FEATURE_CONTROL_VMX;
		msr_write(IA32_FEATURE_CONTROL, value);
	}
	return value & IA32_FEATURE_CONTROL_VMX;
}

/* Control registers as VMX operation and the guests' state need them:
 * OSFXSR for their XMM registers, OSXSAVE for their XCR0. */
static void set_control_registers(const struct vmx_caps *caps)
{
	uint64_t cr4 = cr4_read() | CR4_VMXE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (caps->cr4_fixed1 & CR4_OSXSAVE)
		cr4 |= CR4_OSXSAVE;
	cr0_write((cr0_read() & ~(CR0_TS | CR0_EM)) | caps->cr0_fixed0);
	cr4_write(cr4 | caps->cr4_fixed0);
}

bool vmx_cpu_on(void)
{
	uint32_t number = cpu_self()->number;
	struct vmx_caps caps;
	uint32_t *region;

	if (!feature_control_allows()) {
		log_line("CPU %u: VMX is locked off in IA32_FEATURE_CONTROL "
			 "(MSR 3AH, bit 2): enable VT-x in the firmware setup",
			 number);
		return false;
	}
	region = frame_alloc(FRAME_VMX, 1);
	if (!region) {
		log_line("CPU %u: no memory for its VMXON region", number);
		return false;
	}
	vmx_caps_read(&caps);
	set_control_registers(&caps);
	region[0] = caps.basic & VMX_BASIC_REVISION_MASK;
	if (!vmx_on(frame_hpa(region).value)) {
		cr4_write(cr4_read() & ~CR4_VMXE); /* says: VMX is on */
		log_line("CPU %u: VMXON failed", number);
		return false;
	}
	if (caps.ept_vpid & VMX_EPT_INVEPT_ALL_CONTEXTS)
		vmx_invept(VMX_INVEPT_ALL_CONTEXTS, 0);
	if (caps.ept_vpid & VMX_VPID_INVVPID_ALL)
		vmx_invvpid(VMX_INVVPID_ALL_CONTEXTS, 0);
	add_capabilities(&caps);
	return true;
}

void vmx_cpu_off(void)
{
	asm volatile("vmxoff" ::: "cc", "memory");
	cr4_write(cr4_read() & ~CR4_VMXE);
}

const struct vmx_caps *vmx_cpu_caps(void)
{
	return &all_caps;
}

const struct cpuid_leaves *vmx_cpu_leaves(void)
{
	return &all_leaves;
}

void vmx_cpu_mitigate(uint32_t wanted)
{
	mitigations_decide(&mitigations, &all_facts, wanted);
}

const struct mitigations *vmx_cpu_mitigations(void)
{
	return &mitigations;
}
