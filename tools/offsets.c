/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Structure offsets and constants for assembly.  Compiled to assembly text,
 * never linked; the Makefile turns each line "->NAME VALUE" into a %define in
 * build/gen/offsets.inc, which any NASM file may %include "offsets.inc".
 */
#include <stddef.h>

#include "hv/percpu.h"
#include "hv/gdt.h"
#include "hv/hw/msr_index.h"
#include "hv/lib/mitigation.h"
#include "hv/trampoline.h"

#include "vmx/vcpu.h"

#define VALUE(name, value)	   __asm__ volatile("\n->" #name " %c0" : : "i"(value))
#define OFFSET(name, type, member) VALUE(name, offsetof(type, member))
#define SIZE(name, type)	   VALUE(name, sizeof(type))

void offsets(void);

void offsets(void)
{
	VALUE(PERCPU_STACK_BYTES, PERCPU_STACK_PAGES * PAGE_SIZE);

	SIZE(TRAMPOLINE_SIZE, struct trampoline);
	OFFSET(TRAMPOLINE_CR0, struct trampoline, cr0);
	OFFSET(TRAMPOLINE_CR3, struct trampoline, cr3);
	OFFSET(TRAMPOLINE_CR4, struct trampoline, cr4);
	OFFSET(TRAMPOLINE_EFER, struct trampoline, efer);
	OFFSET(TRAMPOLINE_TARGET_OFFSET, struct trampoline, target_offset);
	OFFSET(TRAMPOLINE_GDT_LIMIT, struct trampoline, gdt_limit);
	OFFSET(TRAMPOLINE_CLAIM, struct trampoline, claim);
	OFFSET(TRAMPOLINE_ROOT, struct trampoline, root);
	OFFSET(TRAMPOLINE_STACK_TOP, struct trampoline, stack_top);
	OFFSET(TRAMPOLINE_PERCPU, struct trampoline, percpu);
	OFFSET(TRAMPOLINE_ENTRY, struct trampoline, entry);

	OFFSET(VCPU_GPR, struct vcpu, gpr);
	OFFSET(VCPU_MITIGATIONS, struct vcpu, mitigations);
	OFFSET(VCPU_SPEC_CTRL, struct vcpu, spec_ctrl);

	VALUE(SELECTOR_DATA, GDT_DATA);
	VALUE(MITIGATE_VERW, MITIGATION_VERW);
	VALUE(MITIGATE_L1D, MITIGATION_L1D);
	VALUE(MITIGATE_BHB, MITIGATION_BHB);
	VALUE(MITIGATE_IBRS, MITIGATION_IBRS);
	VALUE(MITIGATE_IBPB_EXIT, MITIGATION_IBPB_EXIT);
	VALUE(MSR_SPEC_CTRL, IA32_SPEC_CTRL);
	VALUE(MSR_PRED_CMD, IA32_PRED_CMD);
	VALUE(MSR_FLUSH_CMD, IA32_FLUSH_CMD);
	VALUE(SPEC_CTRL_IBRS, IA32_SPEC_CTRL_IBRS);
	VALUE(PRED_CMD_IBPB, IA32_PRED_CMD_IBPB);
	VALUE(FLUSH_CMD_L1D, IA32_FLUSH_CMD_L1D);
}
