/* SPDX-License-Identifier: BSD-2-Clause */
/* The exit table and what happens around every handler; see exit.h. */
#include "vmx/exit.h"

#include "hv/hw/cr_bits.h"
#include "hv/hw/msr_index.h"
#include "hv/hw/tsc.h"
#include "hv/lib/format.h"
#include "vmx/hypercall.h"
#include "vmx/inject.h"
#include "vmx/machine.h"
#include "vmx/trace_vcpu.h"
#include "vmx/vmcs.h"

#define PENDING_DEBUG_BS (1ull << 14)
#define CS_L		 (1u << 13)

typedef enum exit_result exit_handler(struct vcpu *v);

static enum exit_result unexpected(struct vcpu *v)
{
	const char *name = exit_reason_name(v->exit_reason);
	char text[80];

	format(text, sizeof(text), "VM exit %u (%s) has no handler",
	       v->exit_reason, name ? name : "unknown");
	return machine_end(v, MACHINE_UNHANDLED, 0, text);
}

/* Reasons that nobody expects come first, and the others over them. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static exit_handler *const exit_table[EXIT_REASON_COUNT] = {
	[0 ... EXIT_REASON_COUNT - 1] = unexpected,
	[EXIT_REASON_EXCEPTION_OR_NMI] = exit_exception_or_nmi,
	[EXIT_REASON_EXTERNAL_INTERRUPT] = exit_external_interrupt,
	[EXIT_REASON_TRIPLE_FAULT] = exit_triple_fault,
	[EXIT_REASON_INIT_SIGNAL] = exit_nothing,
	[EXIT_REASON_SIPI] = exit_nothing,
	[EXIT_REASON_INTERRUPT_WINDOW] = exit_interrupt_window,
	[EXIT_REASON_NMI_WINDOW] = exit_nmi_window,
	[EXIT_REASON_TASK_SWITCH] = exit_task_switch,
	[EXIT_REASON_CPUID] = exit_cpuid,
	[EXIT_REASON_GETSEC] = exit_undefined,
	[EXIT_REASON_HLT] = exit_hlt,
	/* INVD may not throw away what the hypervisor wrote: as WBINVD. */
	[EXIT_REASON_INVD] = exit_skip,
	[EXIT_REASON_RDPMC] = inject_gp,
	[EXIT_REASON_VMCALL] = exit_vmcall,
	[EXIT_REASON_VMCLEAR] = exit_undefined,
	[EXIT_REASON_VMLAUNCH] = exit_undefined,
	[EXIT_REASON_VMPTRLD] = exit_undefined,
	[EXIT_REASON_VMPTRST] = exit_undefined,
	[EXIT_REASON_VMREAD] = exit_undefined,
	[EXIT_REASON_VMRESUME] = exit_undefined,
	[EXIT_REASON_VMWRITE] = exit_undefined,
	[EXIT_REASON_VMXOFF] = exit_undefined,
	[EXIT_REASON_VMXON] = exit_undefined,
	[EXIT_REASON_CONTROL_REGISTER_ACCESS] = exit_control_register,
	[EXIT_REASON_MOV_DR] = exit_mov_dr,
	[EXIT_REASON_IO_INSTRUCTION] = exit_io,
	[EXIT_REASON_RDMSR] = exit_rdmsr,
	[EXIT_REASON_WRMSR] = exit_wrmsr,
	[EXIT_REASON_MWAIT] = exit_undefined,
	[EXIT_REASON_MONITOR_TRAP_FLAG] = exit_monitor_trap_flag,
	[EXIT_REASON_MONITOR] = exit_undefined,
	[EXIT_REASON_TPR_BELOW_THRESHOLD] = exit_tpr_below_threshold,
	[EXIT_REASON_APIC_ACCESS] = exit_apic_access,
	[EXIT_REASON_VIRTUALIZED_EOI] = exit_virtualized_eoi,
	[EXIT_REASON_EPT_VIOLATION] = exit_ept_violation,
	[EXIT_REASON_EPT_MISCONFIGURATION] = exit_ept_misconfiguration,
	[EXIT_REASON_INVEPT] = exit_undefined,
	[EXIT_REASON_INVVPID] = exit_undefined,
	[EXIT_REASON_WBINVD_OR_WBNOINVD] = exit_skip,
	[EXIT_REASON_XSETBV] = exit_xsetbv,
	[EXIT_REASON_APIC_WRITE] = exit_apic_write,
	[EXIT_REASON_VMFUNC] = exit_undefined,
	[EXIT_REASON_SEAMCALL] = exit_undefined,
	[EXIT_REASON_TDCALL] = exit_undefined,
};
#pragma GCC diagnostic pop

/*
 * What can cut off the delivery of an event: what the delivery's own accesses
 * and faults lead to.  No instruction does, nor what the processor looks for
 * between two.  SDM volume 3, "Information for VM Exits That Occur During Event
 * Delivery".
 */
static const bool exit_in_delivery[EXIT_REASON_COUNT] = {
	[EXIT_REASON_EXCEPTION_OR_NMI] = true,
	[EXIT_REASON_TASK_SWITCH] = true,
	[EXIT_REASON_APIC_ACCESS] = true,
	[EXIT_REASON_EPT_VIOLATION] = true,
	[EXIT_REASON_EPT_MISCONFIGURATION] = true,
};

/* Is RFLAGS.TF a trap after each instruction, not only after branches? */
static bool steps_insns(void)
{
	return !(vmcs_read64(VMCS_GUEST_IA32_DEBUGCTL) & IA32_DEBUGCTL_BTF);
}

bool vmx_exit_traps(uint64_t rflags)
{
	return rflags & RFLAGS_TF && steps_insns();
}

static inline void complete(uint64_t rip, uint64_t rflags)
{
	uint32_t blocking = vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	uint32_t shadow = INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS;

	vmcs_write(VMCS_GUEST_RIP, rip);
	if (__builtin_expect(blocking & shadow, 0))
		vmcs_write32(VMCS_GUEST_INTERRUPTIBILITY_STATE,
			     blocking & ~shadow);
	if (__builtin_expect(rflags & RFLAGS_TF, 0) && steps_insns())
		vmcs_write(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
			   vmcs_read(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS) |
				   PENDING_DEBUG_BS);
}

void vmx_exit_complete(uint64_t rip, uint64_t rflags)
{
	complete(rip, rflags);
}

/* Outside of 64-bit mode RIP has 32 bits, or the VM entry fails. */
static __attribute__((noinline)) uint64_t wrapped(uint64_t rip)
{
	if (vmcs_read64(VMCS_GUEST_IA32_EFER) & EFER_LMA &&
	    vmcs_read32(VMCS_GUEST_CS_ACCESS_RIGHTS) & CS_L)
		return rip;
	return (uint32_t)rip;
}

static inline void skip(uint32_t length)
{
	uint64_t rip = vmcs_read(VMCS_GUEST_RIP) + length;

	if (__builtin_expect((uint32_t)rip < length, 0)) /* into bit 32 */
		rip = wrapped(rip);
	complete(rip, vmcs_read(VMCS_GUEST_RFLAGS));
}

void vmx_exit_skip(struct vcpu *v, uint32_t length)
{
	(void)v;
	skip(length);
}

/*
 * What the field has beside a basic reason, or a reason that the SDM does not
 * know.  A failed entry reports itself as an exit: nothing of it ran.  True:
 * v->exit_reason is to be handled as any other.
 */
static bool odd_reason(struct vcpu *v, uint32_t reason)
{
	v->exit_reason = reason & EXIT_REASON_BASIC_MASK;
	if (reason & EXIT_REASON_ENTRY_FAILURE)
		machine_end(v, MACHINE_ENTRY_FAILED, 0, NULL);
	else if (v->exit_reason < EXIT_REASON_COUNT)
		return true;
	else
		unexpected(v);
	return false;
}

/* An exit that may have cut off a delivery, or that somebody watches. */
static __attribute__((noinline)) enum exit_result more_than_handle(
	struct vcpu *v)
{
	if (exit_in_delivery[v->exit_reason])
		inject_again(v);
	if (v->watched & VCPU_WATCH_LOG)
		hypercall_log_exit(v);
	if (trace_vcpu_on(v)) {
		trace_vcpu_exit(v);
		v->due |= VCPU_DUE_TRACE;
	}
	return exit_table[v->exit_reason](v);
}

/* What the reports and statistics know of every exit. */
static inline void note(struct vcpu *v, uint64_t reason)
{
	v->exit_count[reason]++;
	if (!EXIT_STATS_ON)
		return;
	v->history.reason[v->history.at] = (uint8_t)reason;
	v->history.at++;
	v->exit_row = exit_stats_by_reason(&v->stats, reason);
}

bool vmx_exit_handle(struct vcpu *v)
{
	enum exit_result result;
	uint64_t reason;

	__atomic_store_n(&v->in_guest, 0, __ATOMIC_RELEASE);
	if (EXIT_STATS_ON)
		v->exit_tsc = (uint32_t)tsc_read();
	reason = vmcs_read32(VMCS_VM_EXIT_REASON);
	v->exit_reason = (uint32_t)reason;
	if (__builtin_expect(reason >= EXIT_REASON_COUNT, 0)) {
		if (!odd_reason(v, (uint32_t)reason))
			return false;
		reason = v->exit_reason;
	}
	v->event_injected = false;
	note(v, reason);
	if (__builtin_expect(exit_in_delivery[reason] | v->watched, 0))
		result = more_than_handle(v);
	else
		result = exit_table[reason](v);
	if (result == EXIT_NEXT_INSN)
		skip(vmcs_read32(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
	else if (__builtin_expect(result == EXIT_STOP, 0))
		return false;
	return machine_resume(v);
}
