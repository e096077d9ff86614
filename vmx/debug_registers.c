/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's registers and memory for a debugger; see debug.h. */
#include "vmx/debug.h"

#include "hv/hw/cr.h"
#include "hv/hw/dr.h"
#include "hv/hw/fpu.h"
#include "hv/hw/msr.h"
#include "hv/lib/string.h"
#include "vmx/apicv_timer.h"
#include "vmx/guest_access.h"
#include "vmx/halt.h"
#include "vmx/inject.h"
#include "vmx/setup.h"
#include "vmx/vmcs.h"

#define CS_L	   (1u << 13)
#define PENDING_BS (1ull << 14)
/* What a debugger may set: all but VM, whose segments go with it. */
#define RFLAGS_OURS 0x003d7fd5u
#define SHADOW	    (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS)

/* x87 registers in the order of struct vmx_debug_registers. */
enum x87 { FCTRL, FSTAT, FTAG, FISEG, FIOFF, FOSEG, FOOFF, FOP };

/* ---- x87, SSE, AVX ---- */

bool vmx_debug_has_avx(const struct vcpu *v)
{
	return v->xcr0_allowed & FPU_XSAVE_AVX;
}

static bool avx_is_on(const struct vcpu *v)
{
	return v->xcr0 & FPU_XSAVE_AVX && cr4_read() & CR4_OSXSAVE;
}

/* FXSAVE has one bit for each register: not empty. */
static uint32_t full_tags(uint8_t in_use)
{
	uint32_t tags = 0;

	for (unsigned i = 0; i < 8; i++)
		if (!(in_use >> i & 1))
			tags |= 3u << (2 * i);
	return tags;
}

static uint8_t short_tags(uint32_t tags)
{
	uint8_t in_use = 0;

	for (unsigned i = 0; i < 8; i++)
		if ((tags >> (2 * i) & 3) != 3)
			in_use |= (uint8_t)(1u << i);
	return in_use;
}

static void read_fpu(const struct vcpu *v, struct vmx_debug_registers *r)
{
	struct fpu_area area;

	memset(&area, 0, sizeof(area));
	fpu_save(&area);
	r->x87[FCTRL] = area.legacy.fcw;
	r->x87[FSTAT] = area.legacy.fsw;
	r->x87[FTAG] = full_tags(area.legacy.ftw);
	r->x87[FISEG] = (uint32_t)(area.legacy.fip >> 32);
	r->x87[FIOFF] = (uint32_t)area.legacy.fip;
	r->x87[FOSEG] = (uint32_t)(area.legacy.fdp >> 32);
	r->x87[FOOFF] = (uint32_t)area.legacy.fdp;
	r->x87[FOP] = area.legacy.fop;
	for (unsigned i = 0; i < 8; i++)
		memcpy(r->st[i], area.legacy.st[i], sizeof(r->st[i]));
	memcpy(r->xmm, area.legacy.xmm, sizeof(r->xmm));
	r->mxcsr = area.legacy.mxcsr;
	if (avx_is_on(v)) {
		fpu_xsave(&area, FPU_XSAVE_AVX);
		memcpy(r->ymm_high, area.ymm_high, sizeof(r->ymm_high));
	}
}

static void write_fpu(const struct vcpu *v, const struct vmx_debug_registers *r)
{
	struct fpu_area area;

	memset(&area, 0, sizeof(area));
	if (avx_is_on(v)) {
		fpu_xsave(&area, FPU_XSAVE_AVX);
		memcpy(area.ymm_high, r->ymm_high, sizeof(r->ymm_high));
		area.xstate_bv |= FPU_XSAVE_AVX;
		fpu_xrstor(&area, FPU_XSAVE_AVX);
	}
	fpu_save(&area);
	area.legacy.fcw = (uint16_t)r->x87[FCTRL];
	area.legacy.fsw = (uint16_t)r->x87[FSTAT];
	area.legacy.ftw = short_tags(r->x87[FTAG]);
	area.legacy.fip = (uint64_t)r->x87[FISEG] << 32 | r->x87[FIOFF];
	area.legacy.fdp = (uint64_t)r->x87[FOSEG] << 32 | r->x87[FOOFF];
	area.legacy.fop = (uint16_t)r->x87[FOP];
	for (unsigned i = 0; i < 8; i++)
		memcpy(area.legacy.st[i], r->st[i], sizeof(r->st[i]));
	memcpy(area.legacy.xmm, r->xmm, sizeof(r->xmm));
	area.legacy.mxcsr = r->mxcsr;
	fpu_load(&area);
}

static bool mxcsr_is_good(uint32_t value)
{
	struct fpu_area area;
	uint32_t mask;

	fpu_save(&area);
	mask = area.legacy.mxcsr_mask;
	return !(value & ~(mask ? mask : FPU_MXCSR_MASK_ZERO));
}

/* ---- reading ---- */

static uint64_t as_guest_reads(enum vmcs_field_natural field,
			       enum vmcs_field_natural mask_field,
			       enum vmcs_field_natural shadow_field)
{
	uint64_t mask = vmcs_read(mask_field);

	return (vmcs_read(field) & ~mask) | (vmcs_read(shadow_field) & mask);
}

static void read_system(struct vcpu *v, struct vmx_debug_registers *r)
{
	r->cr0 = as_guest_reads(VMCS_GUEST_CR0, VMCS_CR0_GUEST_HOST_MASK,
				VMCS_CR0_READ_SHADOW);
	r->cr2 = cr2_read();
	r->cr3 = vmcs_read(VMCS_GUEST_CR3);
	r->cr4 = as_guest_reads(VMCS_GUEST_CR4, VMCS_CR4_GUEST_HOST_MASK,
				VMCS_CR4_READ_SHADOW);
	apicv_sync(v);
	r->cr8 = vlapic_cr8_read(&v->vlapic);
	r->efer = vmcs_read64(VMCS_GUEST_IA32_EFER);
	r->xcr0 = v->xcr0;
	r->dr6 = dr6_read();
	r->dr7 = v->debug.has_dr ? v->debug.guest_dr7
				 : vmcs_read(VMCS_GUEST_DR7);
	r->gdt_base = vmcs_read(VMCS_GUEST_GDTR_BASE);
	r->idt_base = vmcs_read(VMCS_GUEST_IDTR_BASE);
	r->tr_base = vmcs_read(VMCS_GUEST_TR_BASE);
	r->gdt_limit = vmcs_read32(VMCS_GUEST_GDTR_LIMIT);
	r->idt_limit = vmcs_read32(VMCS_GUEST_IDTR_LIMIT);
	r->tr = vmcs_read16(VMCS_GUEST_TR_SELECTOR);
	r->ldtr = vmcs_read16(VMCS_GUEST_LDTR_SELECTOR);
}

void vmx_debug_read(struct vcpu *v, struct vmx_debug_registers *r)
{
	memset(r, 0, sizeof(*r));
	memcpy(r->gpr, v->gpr, sizeof(r->gpr));
	r->gpr[GPR_RSP] = vmcs_read(VMCS_GUEST_RSP);
	r->rip = vmcs_read(VMCS_GUEST_RIP);
	r->rflags = (uint32_t)vmcs_read(VMCS_GUEST_RFLAGS);
	r->selector[VMX_DEBUG_CS] = vmcs_read16(VMCS_GUEST_CS_SELECTOR);
	r->selector[VMX_DEBUG_SS] = vmcs_read16(VMCS_GUEST_SS_SELECTOR);
	r->selector[VMX_DEBUG_DS] = vmcs_read16(VMCS_GUEST_DS_SELECTOR);
	r->selector[VMX_DEBUG_ES] = vmcs_read16(VMCS_GUEST_ES_SELECTOR);
	r->selector[VMX_DEBUG_FS] = vmcs_read16(VMCS_GUEST_FS_SELECTOR);
	r->selector[VMX_DEBUG_GS] = vmcs_read16(VMCS_GUEST_GS_SELECTOR);
	r->fs_base = vmcs_read(VMCS_GUEST_FS_BASE);
	r->gs_base = vmcs_read(VMCS_GUEST_GS_BASE);
	r->kernel_gs_base = msr_read(IA32_KERNEL_GS_BASE);
	read_fpu(v, r);
	read_system(v, r);
}

/* ---- writing ---- */

static bool in_64bit_mode(void)
{
	return vmcs_read64(VMCS_GUEST_IA32_EFER) & EFER_LMA &&
	       vmcs_read32(VMCS_GUEST_CS_ACCESS_RIGHTS) & CS_L;
}

/* With 4-level paging, which guests have. */
static bool is_canonical(uint64_t address)
{
	return address + (1ull << 47) < 1ull << 48;
}

/* What CR3 may be without PDPTEs to load. */
static bool cr3_is_good(const struct vcpu *v, uint64_t value)
{
	uint64_t efer = vmcs_read64(VMCS_GUEST_IA32_EFER);
	bool pae = vmcs_read(VMCS_GUEST_CR4) & CR4_PAE && !(efer & EFER_LMA);

	return !pae && !(value >> v->phys_bits);
}

/* An external interrupt that is to be injected needs IF. */
static bool rflags_are_good(const struct vcpu *v, uint32_t value)
{
	return value & RFLAGS_IF || !v->event_injected;
}

/* All that cannot be written is as it was. */
static bool same_rest(const struct vmx_debug_registers *now,
		      const struct vmx_debug_registers *r)
{
	return !memcmp(now->selector, r->selector, sizeof(r->selector)) &&
	       now->cr0 == r->cr0 && now->cr4 == r->cr4 && now->cr8 == r->cr8 &&
	       now->efer == r->efer && now->xcr0 == r->xcr0 &&
	       now->dr6 == r->dr6 && now->dr7 == r->dr7 &&
	       now->gdt_base == r->gdt_base && now->idt_base == r->idt_base &&
	       now->tr_base == r->tr_base && now->gdt_limit == r->gdt_limit &&
	       now->idt_limit == r->idt_limit && now->tr == r->tr &&
	       now->ldtr == r->ldtr;
}

static bool is_good(const struct vcpu *v, const struct vmx_debug_registers *now,
		    const struct vmx_debug_registers *r)
{
	bool rip = in_64bit_mode() ? is_canonical(r->rip) : !(r->rip >> 32);

	return same_rest(now, r) && rip && is_canonical(r->fs_base) &&
	       is_canonical(r->gs_base) && is_canonical(r->kernel_gs_base) &&
	       mxcsr_is_good(r->mxcsr) &&
	       (now->cr3 == r->cr3 || cr3_is_good(v, r->cr3)) &&
	       (now->rflags == r->rflags || rflags_are_good(v, r->rflags)) &&
	       (avx_is_on(v) ||
		!memcmp(now->ymm_high, r->ymm_high, sizeof(r->ymm_high)));
}

static bool same_fpu(const struct vmx_debug_registers *a,
		     const struct vmx_debug_registers *b)
{
	return !memcmp(a->st, b->st, sizeof(a->st)) &&
	       !memcmp(a->x87, b->x87, sizeof(a->x87)) &&
	       !memcmp(a->xmm, b->xmm, sizeof(a->xmm)) &&
	       !memcmp(a->ymm_high, b->ymm_high, sizeof(a->ymm_high)) &&
	       a->mxcsr == b->mxcsr;
}

/* Another place, or other flags: what belonged to the last instruction goes; at
 * another place the guest runs even if it was halted. */
static void write_place(struct vcpu *v, const struct vmx_debug_registers *now,
			const struct vmx_debug_registers *r)
{
	uint32_t state = vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	uint64_t pending = vmcs_read(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS);

	if (now->rip == r->rip && now->rflags == r->rflags)
		return;
	if (now->rip != r->rip)
		halt_end(v);
	else
		halt_in_root(v);
	vmcs_write(VMCS_GUEST_RIP, r->rip);
	vmcs_write(VMCS_GUEST_RFLAGS,
		   (r->rflags & RFLAGS_OURS) | (now->rflags & ~RFLAGS_OURS));
	vmcs_write32(VMCS_GUEST_INTERRUPTIBILITY_STATE, state & ~SHADOW);
	if (!(r->rflags & RFLAGS_TF))
		vmcs_write(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
			   pending & ~PENDING_BS);
}

bool vmx_debug_write(struct vcpu *v, const struct vmx_debug_registers *r)
{
	struct vmx_debug_registers now;

	vmx_debug_read(v, &now);
	if (!is_good(v, &now, r))
		return false;
	memcpy(v->gpr, r->gpr, sizeof(r->gpr));
	vmcs_write(VMCS_GUEST_RSP, r->gpr[GPR_RSP]);
	write_place(v, &now, r);
	vmcs_write(VMCS_GUEST_FS_BASE, r->fs_base);
	vmcs_write(VMCS_GUEST_GS_BASE, r->gs_base);
	msr_write(IA32_KERNEL_GS_BASE, r->kernel_gs_base);
	cr2_write(r->cr2);
	if (now.cr3 != r->cr3) {
		vmcs_write(VMCS_GUEST_CR3, r->cr3);
		setup_flush_linear(v);
	}
	if (!same_fpu(&now, r))
		write_fpu(v, r);
	v->due |= VCPU_DUE_EVENTS; /* IF, CR8's interrupts */
	return true;
}

/* ---- memory ---- */

bool vmx_debug_translate(struct vcpu *v, gla_t address, gpa_t *result)
{
	struct guest_access_context a;
	struct guest_walk_trace walk;
	hpa_t backing;

	guest_access_begin(&a, v);
	guest_walk_trace(v->memory, &a.paging, address, &walk);
	if (walk.end != GUEST_WALK_MAPPED)
		return false;
	*result = walk.address;
	return (walk.address.value & ~PAGE_MASK) != a.paging.apic_page.value &&
	       guest_mem_translate(v->memory, walk.address, &backing);
}
