/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Corners of instructions that leave the guest: single-step over HLT and over
 * CPUID, and what a feature that cpuid.hide takes away leaves behind.  With
 * "hidden" on the command line x2apic and tsc_deadline_timer are hidden.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define DEBUGCTL     0x1d9
#define DEBUGCTL_BTF 2u
#define TF	     0x100u
#define ECX_X2APIC   (1u << 21)
#define ECX_DEADLINE (1u << 24)
#define CR4_MCE	     (1ull << 6)
#define CR4_PGE	     (1ull << 7)

static volatile unsigned steps;
static volatile uint64_t stepped[8];

static void on_debug(struct trap_frame *frame)
{
	if (steps < 8)
		stepped[steps] = frame->rip;
	if (++steps == 8)
		frame->rflags &= ~(uint64_t)TF;
}

/* HLT with interrupts off: nothing but the trap ends it. */
static void step_over_hlt(void)
{
	uint64_t after;

	steps = 0;
	__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq\n\t"
			 "hlt\n"
			 "1:	pushfq; andl $~0x100, (%%rsp); popfq\n\t"
			 "leaq 1b(%%rip), %0"
			 : "=r"(after)
			 :
			 : "cc", "memory");
	guest_check(steps >= 1 && stepped[0] == after, "single-step over HLT",
		    "%u traps, the first at 0x%lx, HLT ends at 0x%lx", steps,
		    stepped[0], after);
}

static void step_over_cpuid(const char *name, unsigned traps)
{
	uint64_t after;
	uint32_t a = 0, c = 0;
	unsigned there = 0;

	steps = 0;
	__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq\n\t"
			 "cpuid\n"
			 "1:	pushfq; andl $~0x100, (%%rsp); popfq\n\t"
			 "leaq 1b(%%rip), %0"
			 : "=r"(after), "+a"(a), "+c"(c)
			 :
			 : "rbx", "rdx", "cc", "memory");
	for (unsigned i = 0; i < steps && i < 8; i++)
		there += stepped[i] == after;
	guest_check(there == traps, name, "%u traps, of these %u behind it",
		    steps, there);
}

/* CR4.MCE is not what the processor has; it must look as if it were, together
 * with bits that are. */
static void machine_check_enable(void)
{
	uint64_t without = insn_read_cr4() & ~(CR4_MCE | CR4_PGE);
	uint64_t wanted[] = {CR4_MCE | CR4_PGE, CR4_PGE, CR4_MCE, 0};
	unsigned wrong = 0;

	for (unsigned i = 0; i < 4; i++) {
		int trap = trap_write_cr4(without | wanted[i]);

		wrong += trap != GUEST_NO_TRAP ||
			 insn_read_cr4() != (without | wanted[i]);
	}
	guest_equal("CR4.MCE and CR4.PGE, wrong of 4 writes", wrong, 0);
}

static void hidden(void)
{
	uint64_t base = insn_rdmsr(APIC_BASE_MSR), value;
	uint32_t ecx = insn_cpuid(1, 0).ecx;

	guest_equal("CPUID shows neither", ecx & (ECX_X2APIC | ECX_DEADLINE),
		    0);
	guest_equal("x2APIC mode",
		    (uint64_t)trap_wrmsr(APIC_BASE_MSR, base | APIC_BASE_EXTD),
		    TRAP_GP);
	guest_equal("IA32_TSC_DEADLINE, read",
		    (uint64_t)trap_rdmsr(APIC_DEADLINE_MSR, &value), TRAP_GP);
	guest_equal("IA32_TSC_DEADLINE, written",
		    (uint64_t)trap_wrmsr(APIC_DEADLINE_MSR, 1), TRAP_GP);
	apic_enable();
	apic_write(APIC_LVT_TIMER,
		   APIC_LVT_MASKED | APIC_TIMER_DEADLINE | 0x60);
	guest_equal("TSC-deadline mode", apic_read(APIC_LVT_TIMER),
		    APIC_LVT_MASKED | 0x60);
}

void guest_main(void)
{
	trap_handle(TRAP_DB, on_debug);
	step_over_hlt();
	step_over_cpuid("single-step over CPUID", 1);
	/* With BTF only branches trap. */
	if (trap_wrmsr(DEBUGCTL, DEBUGCTL_BTF) == GUEST_NO_TRAP) {
		step_over_cpuid("branch-step over CPUID", 0);
		trap_wrmsr(DEBUGCTL, 0);
	} else {
		guest_skip("branch-step", "no IA32_DEBUGCTL.BTF");
	}
	machine_check_enable();
	if (guest_has_word("hidden"))
		hidden();
}
