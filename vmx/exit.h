/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM exits: one table from the basic exit reason to the handler.  Handlers
 * never move RIP; they answer with enum exit_result and vmx_exit_handle()
 * acts.  For the CPU that runs the vCPU.
 */
#ifndef VMX_EXIT_H
#define VMX_EXIT_H

#include "vmx/vcpu.h"

/*
 * Into the guest and back until its VM has ended; in vmx/entry.asm.  Interrupts
 * are off, machine_resume() has returned true, the launch state is clear
 * (setup_power_up()).  0: the VM has ended; else the VM entry failed, 1: there
 * is no current VMCS, 2: VMCS_VM_INSTRUCTION_ERROR says why.
 */
uint64_t vmx_run(struct vcpu *v);

/*
 * Acts on the exit that just happened and on all that is due before the next
 * entry.  False: the VM has ended.  For vmx/entry.asm.
 */
bool vmx_exit_handle(struct vcpu *v);

/*
 * RIP past the current instruction, as the processor would move it: the
 * STI/MOV-SS shadow ends, a single-step trap becomes pending.
 */
void vmx_exit_skip(struct vcpu *v, uint32_t length);

/* The same to a known RIP; RFLAGS as they were at the instruction. */
void vmx_exit_complete(uint64_t rip, uint64_t rflags);

/* Does an instruction that is no branch end in a single-step trap? */
bool vmx_exit_traps(uint64_t rflags);

/* vmx/exit_cpu.c */
struct cpuid_regs exit_cpuid_answer(const struct vcpu *v, uint32_t leaf,
				    uint32_t subleaf);
enum exit_result exit_cpuid(struct vcpu *v);
enum exit_result exit_control_register(struct vcpu *v);
enum exit_result exit_exception_or_nmi(struct vcpu *v);
enum exit_result exit_external_interrupt(struct vcpu *v);
enum exit_result exit_hlt(struct vcpu *v);
enum exit_result exit_nothing(struct vcpu *v);
enum exit_result exit_skip(struct vcpu *v);
enum exit_result exit_undefined(struct vcpu *v);
enum exit_result exit_vmcall(struct vcpu *v);
enum exit_result exit_xsetbv(struct vcpu *v);
enum exit_result exit_triple_fault(struct vcpu *v);
enum exit_result exit_task_switch(struct vcpu *v);

/* vmx/debug.c */
enum exit_result exit_mov_dr(struct vcpu *v);
enum exit_result exit_monitor_trap_flag(struct vcpu *v);

/* vmx/exit_msr.c */
enum exit_result exit_rdmsr(struct vcpu *v);
enum exit_result exit_wrmsr(struct vcpu *v);
void exit_msr_reset(struct vcpu *v);
/* What RDMSR and WRMSR that exit do; false: it is #GP(0), which is not injected,
 * and nothing was done. */
bool exit_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value);
bool exit_msr_write(struct vcpu *v, uint32_t msr, uint64_t value);

/* vmx/exit_io.c */
enum exit_result exit_io(struct vcpu *v);

/* vmx/exit_mem.c */
enum exit_result exit_ept_violation(struct vcpu *v);
enum exit_result exit_ept_misconfiguration(struct vcpu *v);
enum exit_result exit_apic_access(struct vcpu *v);

/* vmx/apicv.c */
enum exit_result exit_apic_write(struct vcpu *v);
enum exit_result exit_tpr_below_threshold(struct vcpu *v);
enum exit_result exit_virtualized_eoi(struct vcpu *v);
enum exit_result exit_interrupt_window(struct vcpu *v);
enum exit_result exit_nmi_window(struct vcpu *v);

#endif
