/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU's VMCS; see setup.h.  Source: SDM volume 3, chapter "Virtual Machine
 * Control Structures", and table "IA-32 and Intel 64 Processor States Following
 * Power-up, Reset, or INIT".
 */
#include "vmx/setup.h"

#include "hv/hw/cr.h"
#include "hv/hw/dr.h"
#include "hv/hw/msr.h"
#include "hv/hw/tsc.h"
#include "hv/hw/xmm.h"
#include "hv/lib/mitigation.h"
#include "hv/lib/panic.h"
#include "hv/lib/string.h"
#include "mm/frame.h"
#include "vmx/apicv.h"
#include "vmx/apicv_timer.h"
#include "vmx/debug.h"
#include "vmx/exit.h"
#include "vmx/inject.h"
#include "vmx/vmcs.h"

/* entry.asm */
extern char vmx_exit[], vmx_exit_mitigated[];

#define RIGHTS_CODE64	0xa09bu
#define RIGHTS_CODE32	0xc09bu
#define RIGHTS_DATA32	0xc093u
#define RIGHTS_CODE16	0x009bu
#define RIGHTS_DATA16	0x0093u
#define RIGHTS_BUSY_TSS 0x008bu
#define RIGHTS_LDT	0x0082u

#define PAT_RESET	0x0007040600070406ull
#define DR6_RESET	0xffff0ff0ull
#define DR7_RESET	0x400ull
#define CR0_RESET	(CR0_CD | CR0_NW | CR0_ET)
#define CR0_HIDDEN	(CR0_CD | CR0_NW | CR0_NE)

enum segment { ES, CS, SS, DS, FS, GS, LDTR, TR };

/* Field encodings of segments are two apart, in this order. */
static void write_segment(enum segment segment, uint16_t selector,
			  uint64_t base, uint32_t limit, uint32_t rights)
{
	unsigned step = 2 * segment;

	vmx_write(VMCS_GUEST_ES_SELECTOR + step, selector);
	vmx_write(VMCS_GUEST_ES_BASE + step, base);
	vmx_write(VMCS_GUEST_ES_LIMIT + step, limit);
	vmx_write(VMCS_GUEST_ES_ACCESS_RIGHTS + step, rights);
}

static void write_data_segments(uint16_t selector, uint64_t base,
				uint32_t limit, uint32_t rights)
{
	static const enum segment data[] = {ES, SS, DS, FS, GS};

	for (unsigned i = 0; i < sizeof(data) / sizeof(data[0]); i++)
		write_segment(data[i], selector, base, limit, rights);
}

static void write_host_state(const struct vcpu *v,
			     const struct setup_host *host)
{
	vmcs_write(VMCS_HOST_CR0, cr0_read());
	vmcs_write(VMCS_HOST_CR3, cr3_read());
	vmcs_write(VMCS_HOST_CR4, cr4_read());
	vmcs_write16(VMCS_HOST_CS_SELECTOR, host->code_selector);
	vmcs_write16(VMCS_HOST_SS_SELECTOR, host->data_selector);
	vmcs_write16(VMCS_HOST_DS_SELECTOR, 0);
	vmcs_write16(VMCS_HOST_ES_SELECTOR, 0);
	vmcs_write16(VMCS_HOST_FS_SELECTOR, 0);
	vmcs_write16(VMCS_HOST_GS_SELECTOR, 0);
	vmcs_write16(VMCS_HOST_TR_SELECTOR, host->tss_selector);
	vmcs_write(VMCS_HOST_FS_BASE, 0);
	vmcs_write(VMCS_HOST_GS_BASE, host->gs_base);
	vmcs_write(VMCS_HOST_TR_BASE, host->tr_base);
	vmcs_write(VMCS_HOST_GDTR_BASE, host->gdt_base);
	vmcs_write(VMCS_HOST_IDTR_BASE, host->idt_base);
	vmcs_write32(VMCS_HOST_IA32_SYSENTER_CS, 0);
	vmcs_write(VMCS_HOST_IA32_SYSENTER_ESP, 0);
	vmcs_write(VMCS_HOST_IA32_SYSENTER_EIP, 0);
	vmcs_write64(VMCS_HOST_IA32_EFER, msr_read(IA32_EFER));
	vmcs_write64(VMCS_HOST_IA32_PAT, msr_read(IA32_PAT));
	vmcs_write(VMCS_HOST_RIP,
		   (uint64_t)(v->mitigations & MITIGATION_EACH_EXIT
				      ? vmx_exit_mitigated
				      : vmx_exit));
	vmcs_write(VMCS_HOST_RSP, 0);
}

/* What the guest reads and writes without an exit: state that VM entries and
 * exits switch, or that root mode never uses. */
static void pass_msrs(struct vcpu *v)
{
	static const uint32_t passed[] = {
		IA32_SYSENTER_CS, IA32_SYSENTER_ESP, IA32_SYSENTER_EIP,
		IA32_PAT,	  IA32_EFER,	     IA32_STAR,
		IA32_LSTAR,	  IA32_CSTAR,	     IA32_FMASK,
		IA32_FS_BASE,	  IA32_GS_BASE,	     IA32_KERNEL_GS_BASE,
	};

	msr_bitmap_trap_all(v->msr_bitmap);
	for (unsigned i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		msr_bitmap_pass_read(v->msr_bitmap, passed[i]);
		msr_bitmap_pass_write(v->msr_bitmap, passed[i]);
	}
	msr_bitmap_pass_read(v->msr_bitmap, IA32_TIME_STAMP_COUNTER);
	if (v->controls.proc2 & VMX_PROC2_RDTSCP) {
		msr_bitmap_pass_read(v->msr_bitmap, IA32_TSC_AUX);
		msr_bitmap_pass_write(v->msr_bitmap, IA32_TSC_AUX);
	}
}

static void write_controls(struct vcpu *v)
{
	vmcs_write32(VMCS_VM_EXIT_CONTROLS, v->controls.exit);
	vmcs_write32(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_MC);
	vmcs_write32(VMCS_PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmcs_write32(VMCS_PAGE_FAULT_ERROR_CODE_MATCH, 0);
	vmcs_write32(VMCS_VM_EXIT_MSR_STORE_COUNT, 0);
	vmcs_write32(VMCS_VM_EXIT_MSR_LOAD_COUNT, 0);
	vmcs_write32(VMCS_VM_ENTRY_MSR_LOAD_COUNT, 0);
	vmcs_write64(VMCS_IO_BITMAP_A_ADDRESS, v->io_bitmap.value);
	vmcs_write64(VMCS_IO_BITMAP_B_ADDRESS, v->io_bitmap.value + PAGE_SIZE);
	vmcs_write64(VMCS_MSR_BITMAPS_ADDRESS, frame_hpa(v->msr_bitmap).value);
	vmcs_write64(VMCS_EPT_POINTER, ept_view_pointer(&v->view));
	if (v->controls.proc2 & VMX_PROC2_VPID)
		vmcs_write16(VMCS_VPID, v->vpid);
	if (v->controls.proc2 & VMX_PROC2_XSAVES_XRSTORS)
		vmcs_write64(VMCS_XSS_EXITING_BITMAP, 0);
	vmcs_write(VMCS_CR0_GUEST_HOST_MASK, CR0_HIDDEN);
	/* CR4.MCE is always on: see vmx/machine_check.h. */
	vmcs_write(VMCS_CR4_GUEST_HOST_MASK, ~v->cr4_allowed | CR4_MCE);
	vmcs_write64(VMCS_LINK_POINTER, ~0ull);
}

/* Makes the VMCS current with its launch state clear, as vmx_run() wants it. */
static void load_vmcs(const struct vcpu *v)
{
	uint64_t vmcs = frame_hpa(v->vmcs).value;

	ASSERT(vmx_clear(vmcs));
	ASSERT(vmx_load(vmcs));
}

void setup_vmcs(struct vcpu *v, const struct setup_host *host)
{
	char text[160];

	*(uint32_t *)v->vmcs =
		(uint32_t)(msr_read(IA32_VMX_BASIC) & VMX_BASIC_REVISION_MASK);
	load_vmcs(v);
	ASSERT(apicv_controls(v->caps, v->apic_wanted, false, &v->controls,
			      text, sizeof(text)));
	v->controls.proc2 = cpuid_policy_proc2(v->cpuid, v->controls.proc2);
	pass_msrs(v);
	write_controls(v);
	write_host_state(v, host);
	if (v->spec_ctrl)
		msr_write(IA32_SPEC_CTRL, v->spec_ctrl);
}

void setup_flush_linear(const struct vcpu *v)
{
	if (!(v->controls.proc2 & VMX_PROC2_VPID))
		return; /* every VM entry flushes */
	if (v->caps->ept_vpid & VMX_VPID_INVVPID_SINGLE)
		ASSERT(vmx_invvpid(VMX_INVVPID_SINGLE_CONTEXT, v->vpid));
	else
		ASSERT(vmx_invvpid(VMX_INVVPID_ALL_CONTEXTS, 0));
}

/* The part of the state that INIT and RESET set alike. */
static void reset_registers(struct vcpu *v)
{
	uint64_t cr0 = CR0_RESET;

	memset(v->gpr, 0, sizeof(v->gpr));
	v->gpr[GPR_RDX] = v->cpuid->shown.basic[1].reg[CPUID_EAX];
	write_data_segments(0, 0, 0xffff, RIGHTS_DATA16);
	write_segment(CS, 0xf000, 0xffff0000, 0xffff, RIGHTS_CODE16);
	write_segment(LDTR, 0, 0, 0xffff, RIGHTS_LDT);
	write_segment(TR, 0, 0, 0xffff, RIGHTS_BUSY_TSS);
	vmcs_write(VMCS_GUEST_GDTR_BASE, 0);
	vmcs_write32(VMCS_GUEST_GDTR_LIMIT, 0xffff);
	vmcs_write(VMCS_GUEST_IDTR_BASE, 0);
	vmcs_write32(VMCS_GUEST_IDTR_LIMIT, 0xffff);
	vmcs_write(VMCS_GUEST_RIP, 0xfff0);
	vmcs_write(VMCS_GUEST_RSP, 0);
	vmcs_write(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	vmcs_write(VMCS_CR0_READ_SHADOW, cr0);
	vmcs_write(VMCS_GUEST_CR0, (cr0 & ~(CR0_CD | CR0_NW)) | CR0_NE);
	vmcs_write(VMCS_GUEST_CR3, 0);
	vmcs_write(VMCS_CR4_READ_SHADOW, 0);
	vmcs_write(VMCS_GUEST_CR4, v->caps->cr4_fixed0 | CR4_MCE);
	vmcs_write64(VMCS_GUEST_IA32_EFER, 0);
	vmcs_write64(VMCS_GUEST_IA32_DEBUGCTL, 0);
	vmcs_write32(VMCS_GUEST_ACTIVITY_STATE, 0);
	vmcs_write32(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
	vmcs_write(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
	vmcs_write32(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, 0);
	vmcs_write32(VMCS_VM_ENTRY_CONTROLS, v->controls.entry);
	cr2_write(0);
	dr_reset(DR6_RESET);
	if (!vmx_debug_init(v))
		vmcs_write(VMCS_GUEST_DR7, DR7_RESET);
	v->event_injected = false;
	v->nmi_pending = 0;
	v->due |= VCPU_DUE_EVENTS;
	setup_flush_linear(v);
}

/* Registers that only RESET changes, and that the guest holds live. */
static void reset_live_state(struct vcpu *v)
{
	msr_write(IA32_STAR, 0);
	msr_write(IA32_LSTAR, 0);
	msr_write(IA32_CSTAR, 0);
	msr_write(IA32_FMASK, 0);
	msr_write(IA32_KERNEL_GS_BASE, 0);
	if (v->controls.proc2 & VMX_PROC2_RDTSCP)
		msr_write(IA32_TSC_AUX, 0);
	if (v->controls.proc2 & VMX_PROC2_XSAVES_XRSTORS)
		msr_write(IA32_XSS, 0);
	xmm_reset();
	v->xcr0 = 1;
	if (cr4_read() & CR4_OSXSAVE) {
		xcr0_write(v->xcr0_allowed | 1);
		xmm_reset_all();
		xcr0_write(v->xcr0);
	}
}

void setup_power_up(struct vcpu *v, uint64_t tsc_offset)
{
	load_vmcs(v);
	/* No guest of before has trained its branches. */
	if (v->mitigations & MITIGATION_IBPB)
		msr_write(IA32_PRED_CMD, IA32_PRED_CMD_IBPB);
	vmx_debug_power_up(v);
	reset_registers(v);
	reset_live_state(v);
	vmcs_write64(VMCS_GUEST_IA32_PAT, PAT_RESET);
	vmcs_write32(VMCS_GUEST_IA32_SYSENTER_CS, 0);
	vmcs_write(VMCS_GUEST_IA32_SYSENTER_ESP, 0);
	vmcs_write(VMCS_GUEST_IA32_SYSENTER_EIP, 0);
	vmcs_write64(VMCS_TSC_OFFSET, tsc_offset);
	/* A test guest may have broken it: HYPERCALL_BREAK. */
	vmcs_write32(VMCS_CR3_TARGET_COUNT, 0);
	exit_msr_reset(v);
	vlapic_set_tsc_offset(&v->vlapic, tsc_read(), tsc_offset);
	v->timer_tsc = VLAPIC_NEVER;
	v->eoi_exit = (struct bitmap256){0};
	vcpu_set_state(v, vcpu_is_bsp(v) ? VCPU_RUNNING : VCPU_WAIT_FOR_SIPI);
	apicv_configure(v);
}

void setup_init(struct vcpu *v)
{
	uint64_t shadow = vmcs_read(VMCS_CR0_READ_SHADOW);
	uint64_t kept = CR0_CD | CR0_NW; /* INIT leaves these two */

	reset_registers(v);
	vmcs_write(VMCS_CR0_READ_SHADOW, CR0_ET | (shadow & kept));
	apicv_sync(v);
	vlapic_reset(&v->vlapic);
	v->timer_tsc = VLAPIC_NEVER;
	vcpu_set_state(v, vcpu_is_bsp(v) ? VCPU_RUNNING : VCPU_WAIT_FOR_SIPI);
	apicv_configure(v);
}

void setup_startup(struct vcpu *v, uint8_t vector)
{
	write_segment(CS, (uint16_t)(vector << 8), (uint64_t)vector << 12,
		      0xffff, RIGHTS_CODE16);
	vmcs_write(VMCS_GUEST_RIP, 0);
	vcpu_set_state(v, VCPU_RUNNING);
}

static void enter_paged_64(const struct setup_entry *entry)
{
	uint64_t cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_PG;

	vmcs_write(VMCS_CR0_READ_SHADOW, cr0);
	vmcs_write(VMCS_GUEST_CR0, cr0);
	vmcs_write(VMCS_GUEST_CR3, entry->cr3);
	vmcs_write(VMCS_CR4_READ_SHADOW, CR4_PAE);
	vmcs_write(VMCS_GUEST_CR4, vmcs_read(VMCS_GUEST_CR4) | CR4_PAE);
	vmcs_write64(VMCS_GUEST_IA32_EFER, EFER_LME | EFER_LMA);
	vmcs_write32(VMCS_VM_ENTRY_CONTROLS,
		     vmcs_read32(VMCS_VM_ENTRY_CONTROLS) |
			     VMX_ENTRY_IA32E_MODE_GUEST);
}

static void enter_protected_32(void)
{
	vmcs_write(VMCS_CR0_READ_SHADOW, CR0_PE | CR0_ET);
	vmcs_write(VMCS_GUEST_CR0, CR0_PE | CR0_ET | CR0_NE);
}

void setup_entry(struct vcpu *v, const struct setup_entry *entry)
{
	uint32_t code =
		entry->mode == SETUP_LONG64 ? RIGHTS_CODE64 : RIGHTS_CODE32;

	v->gpr[GPR_RAX] = entry->rax;
	v->gpr[GPR_RBX] = entry->rbx;
	v->gpr[GPR_RDX] = 0;
	v->gpr[GPR_RSI] = entry->rsi;
	vmcs_write(VMCS_GUEST_RIP, entry->rip);
	vmcs_write(VMCS_GUEST_RSP, entry->rsp);
	vmcs_write(VMCS_GUEST_GDTR_BASE, entry->gdt_base);
	vmcs_write32(VMCS_GUEST_GDTR_LIMIT, entry->gdt_limit);
	if (entry->mode == SETUP_REAL16) {
		write_segment(CS, entry->cs, (uint64_t)entry->cs << 4, 0xffff,
			      RIGHTS_CODE16);
		write_data_segments(entry->ds, (uint64_t)entry->ds << 4, 0xffff,
				    RIGHTS_DATA16);
		return;
	}
	write_segment(CS, entry->cs, 0, 0xffffffff, code);
	write_data_segments(entry->ds, 0, 0xffffffff, RIGHTS_DATA32);
	if (entry->mode == SETUP_LONG64)
		enter_paged_64(entry);
	else
		enter_protected_32();
}
