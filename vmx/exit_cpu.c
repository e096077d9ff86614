/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits that concern the processor itself: CPUID, HLT, XSETBV, exceptions and
 * NMIs, and the instructions that a guest does not have.
 */
#include "hv/hw/cr.h"
#include "vmx/debug.h"
#include "vmx/exit.h"
#include "vmx/hypercall.h"
#include "vmx/inject.h"
#include "vmx/machine.h"
#include "vmx/machine_check.h"
#include "vmx/vmcs.h"

enum exit_result exit_nothing(struct vcpu *v)
{
	(void)v;
	return EXIT_RESUME;
}

/* WBINVD, INVD: the guest's memory is coherent and its caches are ours. */
enum exit_result exit_skip(struct vcpu *v)
{
	(void)v;
	return EXIT_NEXT_INSN;
}

enum exit_result exit_undefined(struct vcpu *v)
{
	return inject_ud(v);
}

enum exit_result exit_vmcall(struct vcpu *v)
{
	if (v->hypercalls && hypercall_exists(v->gpr[GPR_RAX]))
		return hypercall(v);
	v->gpr[GPR_RAX] = ~0ull;
	return EXIT_NEXT_INSN;
}

enum exit_result exit_triple_fault(struct vcpu *v)
{
	return machine_end(v, MACHINE_TRIPLE_FAULT, 0, NULL);
}

enum exit_result exit_task_switch(struct vcpu *v)
{
	return machine_end(v, MACHINE_UNHANDLED, 0,
			   "hardware task switches are not supported");
}

enum exit_result exit_hlt(struct vcpu *v)
{
	/* A debug exception ends HLT, so a pending one does at once. */
	if (!vmx_exit_traps(vmcs_read(VMCS_GUEST_RFLAGS)))
		vcpu_set_state(v, VCPU_HALTED);
	return EXIT_NEXT_INSN;
}

/* It has been acknowledged: the exit says which one. */
enum exit_result exit_external_interrupt(struct vcpu *v)
{
	machine_interrupt(v,
			  vmcs_read32(VMCS_VM_EXIT_INTERRUPTION_INFORMATION) &
				  INTERRUPTION_VECTOR);
	return EXIT_RESUME;
}

enum exit_result exit_exception_or_nmi(struct vcpu *v)
{
	uint32_t information =
		vmcs_read32(VMCS_VM_EXIT_INTERRUPTION_INFORMATION);

	if ((information & INTERRUPTION_TYPE_MASK) == INTERRUPTION_NMI) {
		machine_nmi(v);
		return EXIT_RESUME;
	}
	if ((information & INTERRUPTION_VECTOR) != VECTOR_MC)
		return vmx_debug_exception(v, information);
	return machine_check(v); /* no other exception exits */
}

struct cpuid_regs exit_cpuid_answer(const struct vcpu *v, uint32_t leaf,
				    uint32_t subleaf)
{
	struct cpuid_vcpu now = {
		.apic_id = v->vlapic.id,
		.apic_enabled = vlapic_mode(&v->vlapic) != VLAPIC_MODE_DISABLED,
		.cr4 = vmcs_read(VMCS_GUEST_CR4),
		.xcr0 = v->xcr0,
	};

	return cpuid_policy_answer(v->cpuid, &now, leaf, subleaf);
}

static inline enum exit_result answer(struct vcpu *v,
				      const struct cpuid_regs *regs)
{
	v->gpr[GPR_RAX] = regs->reg[CPUID_EAX];
	v->gpr[GPR_RBX] = regs->reg[CPUID_EBX];
	v->gpr[GPR_RCX] = regs->reg[CPUID_ECX];
	v->gpr[GPR_RDX] = regs->reg[CPUID_EDX];
	return EXIT_NEXT_INSN;
}

static __attribute__((noinline)) enum exit_result answer_varying(struct vcpu *v)
{
	struct cpuid_regs regs =
		exit_cpuid_answer(v, vcpu_eax(v), (uint32_t)v->gpr[GPR_RCX]);

	return answer(v, &regs);
}

enum exit_result exit_cpuid(struct vcpu *v)
{
	const struct cpuid_regs *regs =
		cpuid_policy_constant(v->cpuid, vcpu_eax(v));

	return regs ? answer(v, regs) : answer_varying(v);
}

/* XSETBV, "Operation": what #GP(0)s beside CPL and CR4.OSXSAVE. */
static bool xcr0_valid(const struct vcpu *v, uint64_t value)
{
	uint64_t avx512 = 7ull << 5;

	if (value & ~v->xcr0_allowed || !(value & 1))
		return false;
	if (value & 4 && !(value & 2)) /* AVX needs SSE */
		return false;
	if (value & avx512)
		return (value & avx512) == avx512 && value & 4;
	return true;
}

enum exit_result exit_xsetbv(struct vcpu *v)
{
	uint64_t value = vcpu_edx_eax(v);
	uint32_t rights = vmcs_read32(VMCS_GUEST_SS_ACCESS_RIGHTS);

	if ((rights >> 5 & 3) || (uint32_t)v->gpr[GPR_RCX] ||
	    !xcr0_valid(v, value))
		return inject_gp(v);
	xcr0_write(value);
	v->xcr0 = value;
	return EXIT_NEXT_INSN;
}
