/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps, breakpoints and debug registers for a debugger; see debug.h. */
#include "vmx/debug.h"

#include "hv/hw/cr_bits.h"
#include "hv/hw/dr.h"
#include "hv/hw/msr_index.h"
#include "hv/lib/string.h"
#include "vmx/apicv.h"
#include "vmx/exit.h"
#include "vmx/halt.h"
#include "vmx/inject.h"
#include "vmx/machine.h"
#include "vmx/qualification.h"
#include "vmx/vmcs.h"

#define DR6_B0_B3    0xfull
#define DR6_BD	     (1ull << 13)
#define DR6_BS	     (1ull << 14)
#define DR6_RTM	     (1ull << 16)
#define DR7_RESET    0x400ull
#define DR7_GD	     (1ull << 13)
#define DR7_WRITABLE 0xffff23ffull
#define PENDING_HITS (0xfull | 1ull << 12) /* B0 to B3, and enabled */
#define PENDING_BS   (1ull << 14)
#define CS_L	     (1u << 13)
#define SEGMENT_DPL  5
#define LOW_HALF     0xffffffffull

/* HLT ends a step as any instruction does: it exits. */
#define STEP   (VMX_PROC_MONITOR_TRAP_FLAG | VMX_PROC_HLT_EXITING)

#define SHADOW (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS)

/* ---- what is asked for ---- */

bool vmx_debug_can_step(const struct vcpu *v)
{
	return vmx_caps_allow(v->caps, VMX_WORD_PROC,
			      VMX_PROC_MONITOR_TRAP_FLAG);
}

bool vmx_debug_can_watch(const struct vcpu *v)
{
	return vmx_caps_allow(v->caps, VMX_WORD_PROC, VMX_PROC_MOV_DR_EXITING);
}

bool vmx_debug_may_hide(struct vcpu *v)
{
	return v->caps->ept_vpid & VMX_EPT_EXECUTE_ONLY &&
	       vmx_debug_can_step(v) &&
	       (v->hidden_view.table[3] ||
		ept_view_init(&v->hidden_view, v->view.base));
}

static void take_dr(struct vcpu *v, const struct vmx_debug_wish *wish)
{
	struct vcpu_debug *d = &v->debug;

	if (!d->has_dr) {
		dr_read_addresses(d->guest_dr);
		d->guest_dr7 = vmcs_read(VMCS_GUEST_DR7);
	}
	d->has_dr = true;
	memcpy(d->dr, wish->dr, sizeof(d->dr));
	dr_write_addresses(d->dr);
	vmcs_write(VMCS_GUEST_DR7, wish->dr7);
}

/* A hit that is still to be told of, as one by a step is, is the debugger's: the
 * guest may not get it. */
static void give_dr(struct vcpu *v)
{
	uint64_t pending = vmcs_read(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS);
	struct vcpu_debug *d = &v->debug;

	if (!d->has_dr)
		return;
	d->has_dr = false;
	vmcs_write(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
		   pending & ~PENDING_HITS);
	dr_write_addresses(d->guest_dr);
	vmcs_write(VMCS_GUEST_DR7, d->guest_dr7);
}

static void write_proc(struct vcpu *v)
{
	struct vcpu_debug *d = &v->debug;

	d->proc = (d->stepping || d->open ? STEP : 0) |
		  (d->has_dr ? VMX_PROC_MOV_DR_EXITING : 0);
	apicv_write_primary(v);
}

static void request_steps(struct vcpu *v)
{
	if (v->debug.stepping || v->debug.open)
		__atomic_fetch_or(&v->requests, VCPU_REQUEST_STEP,
				  __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&v->requests, ~(uint32_t)VCPU_REQUEST_STEP,
				   __ATOMIC_SEQ_CST);
}

static void use_view(const struct ept_view *view)
{
	vmcs_write64(VMCS_EPT_POINTER, ept_view_pointer(view));
}

static void hide_again(struct vcpu *v)
{
	if (!v->debug.open)
		return;
	v->debug.open = VCPU_OPEN_NOT;
	machine_code_written(v);
	use_view(&v->hidden_view);
	write_proc(v);
	request_steps(v);
}

void vmx_debug_set(struct vcpu *v, const struct vmx_debug_wish *wish)
{
	struct vcpu_debug *d = &v->debug;
	uint32_t exceptions = 1u << VECTOR_MC;

	hide_again(v);
	if (wish->hiding)
		apicv_show(v, wish->hiding);
	if (d->hiding || wish->hiding)
		use_view(wish->hiding ? &v->hidden_view : &v->view);
	d->hiding = wish->hiding;
	if (wish->dr7)
		take_dr(v, wish);
	else
		give_dr(v);
	if (wish->dr7)
		exceptions |= 1u << VECTOR_DB;
	if (wish->software)
		exceptions |= 1u << VECTOR_BP;
	vmcs_write32(VMCS_EXCEPTION_BITMAP, exceptions);
	d->stepping = wish->step;
	if (d->stepping)
		halt_in_root(v);
	d->from = wish->from;
	d->to = wish->to;
	d->rip = vmcs_read(VMCS_GUEST_RIP);
	write_proc(v);
	request_steps(v);
}

void vmx_debug_halt(struct vcpu *v)
{
	hide_again(v);
	v->debug.stepping = false;
	write_proc(v);
	request_steps(v);
}

void vmx_debug_power_up(struct vcpu *v)
{
	if (v->debug.hiding)
		use_view(&v->view);
	v->debug = (struct vcpu_debug){0};
	vmcs_write32(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_MC);
	request_steps(v);
}

bool vmx_debug_init(struct vcpu *v)
{
	struct vcpu_debug *d = &v->debug;

	hide_again(v);
	if (!d->has_dr)
		return false;
	memset(d->guest_dr, 0, sizeof(d->guest_dr));
	d->guest_dr7 = DR7_RESET;
	dr_write_addresses(d->dr);
	return true;
}

/* ---- steps ---- */

/*
 * An interrupt would make the step end in its handler.  The shadow of an STI
 * keeps it away for just one instruction.  It may not be there with an event to
 * inject, or where a trap of the guest's own is to come.
 */
static void keep_interrupts_out(struct vcpu *v)
{
	uint64_t rflags = vmcs_read(VMCS_GUEST_RFLAGS);
	uint32_t state = vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE);

	if (!(rflags & RFLAGS_IF) || rflags & RFLAGS_TF || v->event_injected ||
	    state & SHADOW || vmcs_read(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS))
		return;
	vmcs_write32(VMCS_GUEST_INTERRUPTIBILITY_STATE,
		     state | INTERRUPTIBILITY_STI);
	v->due |= VCPU_DUE_EVENTS; /* what waits must look at it */
}

/* An instruction is over. */
static void stepped(struct vcpu *v)
{
	struct vcpu_debug *d = &v->debug;

	d->rip = vmcs_read(VMCS_GUEST_RIP);
	if (d->rip - d->from < d->to - d->from)
		return;
	vmx_debug_halt(v);
	machine_debug(v, MACHINE_DEBUG_STEP, 0);
}

void vmx_debug_step(struct vcpu *v)
{
	if (v->debug.open == VCPU_OPEN_NEXT)
		v->debug.open = VCPU_OPEN_NOW;
	else
		hide_again(v);
	if (v->debug.stepping && vmcs_read(VMCS_GUEST_RIP) != v->debug.rip)
		stepped(v);
	if (v->debug.stepping)
		keep_interrupts_out(v);
}

enum exit_result exit_monitor_trap_flag(struct vcpu *v)
{
	hide_again(v);
	if (v->debug.stepping)
		stepped(v);
	return EXIT_RESUME;
}

/*
 * "Checks on Guest Non-Register State": in the shadow of STI or MOV SS, a trap
 * by TF waits.
 */
static void pend_trap(void)
{
	if (vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE) & SHADOW &&
	    vmx_exit_traps(vmcs_read(VMCS_GUEST_RFLAGS)))
		vmcs_write(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
			   vmcs_read(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS) |
				   PENDING_BS);
}

/* ---- hidden pages ---- */

/*
 * All of them open at once, as one instruction may need several; for one step
 * by the monitor trap flag.  Any other exit ends it too, in vmx_debug_step():
 * had its handler completed the instruction, the next one would be fetched from
 * where no breakpoints are.  What has not been completed comes here again.
 */
bool vmx_debug_open(struct vcpu *v, gpa_t address)
{
	struct ept_translation t = ept_view_lookup(&v->hidden_view, address);

	if (v->debug.open || !t.present || t.perms != EPT_EXECUTE)
		return false;
	v->debug.open = VCPU_OPEN_NEXT;
	use_view(&v->view);
	pend_trap();
	write_proc(v);
	request_steps(v);
	return true;
}

/* ---- exceptions ---- */

gla_t vmx_debug_linear_rip(const struct vcpu *v)
{
	uint64_t rip = vmcs_read(VMCS_GUEST_RIP);

	(void)v;
	if (vmcs_read64(VMCS_GUEST_IA32_EFER) & EFER_LMA &&
	    vmcs_read32(VMCS_GUEST_CS_ACCESS_RIGHTS) & CS_L)
		return gla(rip);
	return gla((uint32_t)(vmcs_read(VMCS_GUEST_CS_BASE) + rip));
}

/* What the processor does before it delivers #DB; an exit has not done it. */
static void set_dr6(struct vcpu *v, uint64_t cause)
{
	uint64_t debugctl = vmcs_read64(VMCS_GUEST_IA32_DEBUGCTL);
	uint64_t dr6 = dr6_read();

	dr6 |= cause & (DR6_B0_B3 | DR6_BD | DR6_BS);
	if (cause & DR6_RTM)
		dr6 &= ~DR6_RTM;
	dr6_write(dr6 & LOW_HALF);
	if (v->debug.has_dr)
		v->debug.guest_dr7 &= ~DR7_GD;
	else
		vmcs_write(VMCS_GUEST_DR7, vmcs_read(VMCS_GUEST_DR7) & ~DR7_GD);
	vmcs_write64(
		VMCS_GUEST_IA32_DEBUGCTL,
		debugctl & ~(uint64_t)(IA32_DEBUGCTL_LBR | IA32_DEBUGCTL_BTF));
}

static enum exit_result guest_exception(struct vcpu *v, uint32_t information)
{
	pend_trap();
	inject_same(v, information);
	return EXIT_RESUME;
}

/* An IRET that faults has unblocked NMIs already. */
static void block_nmi_again(uint32_t information)
{
	uint32_t state = vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE);

	if (information & INTERRUPTION_NMI_UNBLOCKING &&
	    !(vmcs_read32(VMCS_IDT_VECTORING_INFORMATION) & INTERRUPTION_VALID))
		vmcs_write32(VMCS_GUEST_INTERRUPTIBILITY_STATE,
			     state | INTERRUPTIBILITY_NMI);
}

static enum exit_result debug_exception(struct vcpu *v, uint32_t information)
{
	uint64_t cause = vmcs_read(VMCS_EXIT_QUALIFICATION);
	bool icebp = (information & INTERRUPTION_TYPE_MASK) ==
		     INTERRUPTION_PRIVILEGED_SOFTWARE;

	if (v->debug.has_dr && cause & DR6_B0_B3) {
		bool ours = machine_debug(v, MACHINE_DEBUG_HARDWARE,
					  cause & DR6_B0_B3);

		cause &= ~DR6_B0_B3;
		if (ours) { /* the guest's own trap comes after it */
			if (cause & DR6_BS)
				vmcs_write(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
					   PENDING_BS);
			pend_trap();
			return EXIT_RESUME;
		}
		/* A hit of a watchpoint that is gone, and nothing else. */
		if (!icebp && !(cause & (DR6_BD | DR6_BS | DR6_RTM))) {
			pend_trap();
			return EXIT_RESUME;
		}
	}
	if (!icebp)
		set_dr6(v, cause);
	return guest_exception(v, information);
}

enum exit_result vmx_debug_exception(struct vcpu *v, uint32_t information)
{
	block_nmi_again(information);
	if ((information & INTERRUPTION_VECTOR) == VECTOR_DB)
		return debug_exception(v, information);
	if (machine_debug(v, MACHINE_DEBUG_BREAKPOINT,
			  vmx_debug_linear_rip(v).value)) {
		pend_trap();
		return EXIT_RESUME;
	}
	return guest_exception(v, information);
}

/* ---- the guest's debug registers, while ours are in the processor ---- */

static bool in_64bit_mode(void)
{
	return vmcs_read64(VMCS_GUEST_IA32_EFER) & EFER_LMA &&
	       vmcs_read32(VMCS_GUEST_CS_ACCESS_RIGHTS) & CS_L;
}

static uint64_t read_gpr(const struct vcpu *v, uint8_t number)
{
	return number == GPR_RSP ? vmcs_read(VMCS_GUEST_RSP) : v->gpr[number];
}

static void write_gpr(struct vcpu *v, uint8_t number, uint64_t value)
{
	if (number == GPR_RSP)
		vmcs_write(VMCS_GUEST_RSP, value);
	else
		v->gpr[number] = value;
}

static uint64_t guest_dr(const struct vcpu *v, uint8_t number)
{
	switch (number) {
	case 6:
		return dr6_read();
	case 7:
		return v->debug.guest_dr7;
	default:
		return v->debug.guest_dr[number & 3];
	}
}

static void set_guest_dr(struct vcpu *v, uint8_t number, uint64_t value)
{
	switch (number) {
	case 6:
		dr6_write(value);
		break;
	case 7:
		v->debug.guest_dr7 = (value & DR7_WRITABLE) | DR7_RESET;
		break;
	default:
		v->debug.guest_dr[number & 3] = value;
	}
}

enum exit_result exit_mov_dr(struct vcpu *v)
{
	struct qualification_dr q =
		qualification_dr(vmcs_read(VMCS_EXIT_QUALIFICATION));
	uint32_t rights = vmcs_read32(VMCS_GUEST_SS_ACCESS_RIGHTS);
	bool wide = in_64bit_mode();
	uint64_t value;

	if (rights >> SEGMENT_DPL & 3)
		return inject_gp(v);
	if (q.number == 4 || q.number == 5) {
		if (vmcs_read(VMCS_GUEST_CR4) & CR4_DE)
			return inject_ud(v);
		q.number += 2;
	}
	if (v->debug.guest_dr7 & DR7_GD) {
		set_dr6(v, DR6_BD);
		inject_exception(v, VECTOR_DB, 0);
		return EXIT_RESUME;
	}
	if (q.read) {
		value = guest_dr(v, q.number);
		write_gpr(v, q.gpr, wide ? value : (uint32_t)value);
		return EXIT_NEXT_INSN;
	}
	value = read_gpr(v, q.gpr);
	if (!wide)
		value = (uint32_t)value;
	if (q.number >= 6 && value >> 32)
		return inject_gp(v);
	set_guest_dr(v, q.number, value);
	return EXIT_NEXT_INSN;
}
