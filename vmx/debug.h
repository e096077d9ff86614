/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a debugger outside of the guest needs of a vCPU: single steps by the
 * monitor trap flag, breakpoints by INT3 and by the debug registers, the
 * registers themselves.  Nothing here costs anything while nobody debugs: the
 * controls and the exception bitmap change in vmx_debug_set() alone.
 *
 * While the debugger uses the debug registers, the guest's own values are kept
 * aside: it reads and writes them as ever, but they do not trigger.
 *
 * For the CPU that runs the vCPU, outside of its guest.  Source: SDM volume 3,
 * "Debug Registers", "Debug Exceptions", "Monitor Trap Flag" and "Injection of
 * Pending MTF VM Exits".
 */
#ifndef VMX_DEBUG_H
#define VMX_DEBUG_H

#include <stdbool.h>
#include <stdint.h>

#include "vmx/vcpu.h"

#define VMX_DEBUG_SLOTS 4 /* DR0 to DR3 */

/* What may be asked of a vCPU; all zeroes: it runs as if nobody debugged. */
struct vmx_debug_wish {
	bool software; /* INT3 exits: some may be the debugger's */
	bool step;     /* one instruction, then machine_debug() */
	/* With step: go on while RIP is in [from, to). */
	uint64_t from, to;
	uint64_t dr[VMX_DEBUG_SLOTS];
	uint64_t dr7; /* 0: the debug registers are the guest's */
	/* NULL, or the VM's map, but for pages that are EPT_EXECUTE alone: what
	 * accesses them gets those of the VM's map. */
	const struct ept *hiding;
};

/* What this processor can do of it. */
bool vmx_debug_can_step(const struct vcpu *v);
bool vmx_debug_can_watch(const struct vcpu *v);

/* May a wish have hiding?  While v's VM is not running, CPU 0; takes frames when
 * first called: false, too, when none is left. */
bool vmx_debug_may_hide(struct vcpu *v);

/* From the next VM entry on; what was asked for before is forgotten. */
void vmx_debug_set(struct vcpu *v, const struct vmx_debug_wish *wish);

/* A step that has not come to its end is none any more; pages that were opened
 * are hidden again. */
void vmx_debug_halt(struct vcpu *v);

/* As vmx_debug_set() with zeroes, for a vCPU that powers up: what the guest
 * had in its debug registers is forgotten too. */
void vmx_debug_power_up(struct vcpu *v);

/* INIT: the guest's debug registers are as after power-up, the debugger's stay;
 * false: the debugger has none. */
bool vmx_debug_init(struct vcpu *v);

/* Before an entry that steps or has hidden pages open, VCPU_REQUEST_STEP: finds
 * steps that a handler made, and keeps interrupts out of the next one; hides
 * what an exit has interrupted. */
void vmx_debug_step(struct vcpu *v);

/*
 * EPT violation at address, while v->debug.hiding.  True: the page is hidden, and
 * is open for the instruction, or the event's delivery, that is to be tried
 * again.
 */
bool vmx_debug_open(struct vcpu *v, gpa_t address);

/* Exits by #DB and #BP; vmx/exit_cpu.c. */
enum exit_result vmx_debug_exception(struct vcpu *v, uint32_t information);

/* ---- registers ---- */

enum vmx_debug_selector {
	VMX_DEBUG_CS,
	VMX_DEBUG_SS,
	VMX_DEBUG_DS,
	VMX_DEBUG_ES,
	VMX_DEBUG_FS,
	VMX_DEBUG_GS,
	VMX_DEBUG_SELECTORS,
};

/* FCW, FSW, FTW (two bits for each register), then where the last x87
 * instruction and its operand were, and its opcode. */
#define VMX_DEBUG_X87_CONTROLS 8
#define VMX_DEBUG_X87_BYTES    10
#define VMX_DEBUG_VECTORS      16

struct vmx_debug_registers {
	uint64_t gpr[GPR_COUNT]; /* SDM order */
	uint64_t rip;
	uint32_t rflags;
	uint32_t selector[VMX_DEBUG_SELECTORS];
	uint8_t st[8][VMX_DEBUG_X87_BYTES];
	uint32_t x87[VMX_DEBUG_X87_CONTROLS];
	uint8_t xmm[VMX_DEBUG_VECTORS][16];
	uint32_t mxcsr;
	uint8_t ymm_high[VMX_DEBUG_VECTORS][16]; /* 0 while XCR0 has no AVX */
	uint64_t fs_base, gs_base, kernel_gs_base;
	/* As the guest reads them: */
	uint64_t cr0, cr2, cr3, cr4, cr8, efer, xcr0;
	uint64_t dr6, dr7;
	uint64_t gdt_base, idt_base, tr_base;
	uint32_t gdt_limit, idt_limit, tr, ldtr;
};

/* Does the processor have the upper halves of YMM? */
bool vmx_debug_has_avx(const struct vcpu *v);

/* The guest's registers between two instructions. */
void vmx_debug_read(struct vcpu *v, struct vmx_debug_registers *r);

/*
 * Writes what differs from now's registers.  False, with nothing written, when
 * a value is one that the processor would not take, or a register differs that
 * cannot be written here: selectors, CR0, CR4, EFER, XCR0, DR6, DR7 and the
 * descriptor tables.
 */
bool vmx_debug_write(struct vcpu *v, const struct vmx_debug_registers *r);

/* RIP as a linear address: outside of 64-bit mode CS has a base. */
gla_t vmx_debug_linear_rip(const struct vcpu *v);

/*
 * Where a linear address is in guest-physical memory, whatever v's CPL may do
 * there; accessed and dirty flags stay as they are.  False: nowhere, or not in
 * RAM, as devices and the APIC's page are not.
 */
bool vmx_debug_translate(struct vcpu *v, gla_t address, gpa_t *result);

#endif
