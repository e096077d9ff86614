/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operations of one CPU.  run() is as short as the operation allows; what
 * it needs beforehand is prepare()'s.
 */
#include <stddef.h>

#include "guest/test/bench/bench.h"
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/ioapic.h"

#define ONE_TSC_ADJUST_MSR 0x3b
#define ONE_PIC_MASK_PORT  0x21
#define ONE_POST_PORT	   0x80
#define ONE_PM_TIMER_PORT  0x608
#define ONE_LINE	   5
#define ONE_LINE_PORT	   (0x2000 + ONE_LINE)
#define ONE_CR0_WP	   (1ul << 16)
#define ONE_CR0_AM	   (1ul << 18)
#define ONE_CR4_PSE	   (1ul << 4)
#define ONE_TICK	   30000 /* TSC ticks from arming to expiry */
#define ONE_WAIT_INSNS	   3	 /* of one turn in one_wait() */
#define ONE_TICK_ROUNDS	   50

uint64_t bench_idle;

static uint64_t one_cr0, one_cr4, one_tsc_adjust;
static uint32_t one_count; /* initial count for about ONE_TICK */

/* ---- the processor and the devices ---- */

static void one_nothing(void)
{
}

static void one_cpuid(void)
{
	(void)insn_cpuid(0, 0);
}

static void one_vmcall(void)
{
	uint64_t rax = 0; /* no call that any hypervisor has */

	__asm__ volatile("vmcall" : "+a"(rax) : : "memory");
}

static void one_rdmsr(void)
{
	(void)insn_rdmsr(ONE_TSC_ADJUST_MSR);
}

static void one_wrmsr(void)
{
	insn_wrmsr(ONE_TSC_ADJUST_MSR, one_tsc_adjust);
}

static void one_in_pic(void)
{
	(void)insn_in8(ONE_PIC_MASK_PORT);
}

static void one_out_pic(void)
{
	insn_out8(ONE_PIC_MASK_PORT, 0xff);
}

static void one_in_pm_timer(void)
{
	(void)insn_in32(ONE_PM_TIMER_PORT);
}

static void one_out_80(void)
{
	insn_out8(ONE_POST_PORT, 0);
}

static void one_mmio_read(void)
{
	(void)IOAPIC_SELECT;
}

static void one_mmio_write(void)
{
	IOAPIC_SELECT = 0;
}

static void one_cr0_pair(void)
{
	__asm__ volatile("mov %0, %%cr0; mov %1, %%cr0"
			 :
			 : "r"(one_cr0 & ~ONE_CR0_WP), "r"(one_cr0)
			 : "memory");
}

/* Of the bits that a hypervisor may own, one each that no guest toggles often. */
static void one_cr0_am_pair(void)
{
	__asm__ volatile("mov %0, %%cr0; mov %1, %%cr0"
			 :
			 : "r"(one_cr0 ^ ONE_CR0_AM), "r"(one_cr0)
			 : "memory");
}

static void one_cr4_pair(void)
{
	__asm__ volatile("mov %0, %%cr4; mov %1, %%cr4"
			 :
			 : "r"(one_cr4 ^ ONE_CR4_PSE), "r"(one_cr4)
			 : "memory");
}

/* ---- the local APIC's registers ---- */

static void one_tpr_read(void)
{
	(void)bench_apic_read(APIC_TPR);
}

static void one_tpr_write(void)
{
	bench_apic_write(APIC_TPR, 0);
}

static void one_cr8_read(void)
{
	(void)insn_read_cr8();
}

static void one_cr8_write(void)
{
	insn_write_cr8(0);
}

static void one_id_read(void)
{
	(void)bench_apic_read(APIC_ID);
}

/* What "APIC-Register Virtualization" answers, one of each kind. */
static const uint16_t one_virtualized[] = {
	APIC_ID,       APIC_VERSION,   APIC_TPR,       APIC_LDR,
	APIC_SVR,      APIC_ISR,       APIC_TMR,       APIC_IRR,
	APIC_ESR,      APIC_ICR,       APIC_LVT_TIMER, APIC_LVT_THERMAL,
	APIC_LVT_PERF, APIC_LVT_LINT0, APIC_LVT_LINT1, APIC_LVT_ERROR,
	APIC_INITIAL,  APIC_DIVIDE,
};

static void one_read_all(void)
{
	for (size_t i = 0;
	     i < sizeof(one_virtualized) / sizeof(one_virtualized[0]); i++)
		(void)bench_apic_read(one_virtualized[i]);
}

static void one_lvt_write(void)
{
	bench_apic_write(APIC_LVT_LINT1, APIC_LVT_MASKED);
}

/* ---- IPIs and EOIs ---- */

/* In xAPIC mode the destination is a write of its own, not measured. */
static void one_nobody_prepare(void)
{
	if (!bench_x2apic)
		apic_mmio_write(APIC_ICR_HIGH, (uint32_t)BENCH_NOBODY << 24);
}

static void one_nobody(void)
{
	bench_apic_write(APIC_ICR, (uint64_t)BENCH_NOBODY << 32 | BENCH_EOI);
}

static void one_self_icr(void)
{
	bench_apic_write(APIC_ICR, APIC_ICR_SELF | BENCH_EOI);
}

static void one_self_msr(void)
{
	insn_wrmsr(APIC_X2APIC_MSR + APIC_SELF_IPI / 16, BENCH_EOI);
}

/* Leaves an edge-triggered interrupt in service. */
static void one_eoi_prepare(void)
{
	bench_apic_write(APIC_ICR, APIC_ICR_SELF | BENCH_QUIET);
	insn_window();
}

static void one_eoi(void)
{
	bench_apic_write(APIC_EOI, 0);
}

/* Leaves a level-triggered one in service, its line low again. */
static void one_level_prepare(void)
{
	insn_out8(ONE_LINE_PORT, 1);
	insn_window();
	insn_out8(ONE_LINE_PORT, 0);
}

/* By the way that the processor virtualizes. */
static void one_self_hlt(void)
{
	if (bench_x2apic)
		one_self_msr();
	else
		one_self_icr();
	insn_sleep();
}

/* An interrupt that TPR holds back. */
static void one_cr8_prepare(void)
{
	insn_write_cr8(15);
	bench_apic_write(APIC_ICR, APIC_ICR_SELF | BENCH_EOI);
}

/* ---- the timer ---- */

/* Until an interrupt is taken; counts what the CPU was free to do. */
static void one_wait(uint64_t before)
{
	uint64_t turns = 0;

	__asm__ volatile("1:\tinc %0\n\t"
			 "cmp %1, %2\n\t"
			 "je 1b"
			 : "+r"(turns)
			 : "r"(before), "m"(bench_taken)
			 : "memory", "cc");
	bench_idle = turns * ONE_WAIT_INSNS;
}

static void one_deadline_prepare(void)
{
	bench_apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | BENCH_TIMER);
}

static void one_count_prepare(void)
{
	bench_apic_write(APIC_LVT_TIMER, BENCH_TIMER);
}

static void one_deadline_past(void)
{
	insn_wrmsr(APIC_DEADLINE_MSR, 1);
}

static void one_tick_deadline(void)
{
	uint64_t before = bench_taken;

	insn_wrmsr(APIC_DEADLINE_MSR, insn_rdtsc() + ONE_TICK);
	one_wait(before);
}

static void one_tick_count(void)
{
	uint64_t before = bench_taken;

	bench_apic_write(APIC_INITIAL, one_count);
	one_wait(before);
}

/* Arming, and from the deadline to the end of the handler; not the sleep. */
static void one_hlt_wake(void)
{
	uint64_t deadline = insn_rdtsc() + ONE_TICK;
	uint64_t armed;

	insn_wrmsr(APIC_DEADLINE_MSR, deadline);
	armed = insn_rdtsc();
	insn_sleep();
	bench_idle = deadline - armed;
}

/* ---- all of them ---- */

/* The first measures the measuring. */
const struct bench_op bench_one[] = {
	{.name = "nothing", .run = one_nothing},
	{.name = "cpuid", .run = one_cpuid},
	{.name = "vmcall", .run = one_vmcall, .needs = BENCH_NEEDS_VMCALL},
	{.name = "rdmsr", .run = one_rdmsr},
	{.name = "wrmsr", .run = one_wrmsr},
	{.name = "cr0-pair", .run = one_cr0_pair},
	{.name = "cr0-am-pair", .run = one_cr0_am_pair},
	{.name = "cr4-pair", .run = one_cr4_pair},
	{.name = "in-pic", .run = one_in_pic},
	{.name = "out-pic", .run = one_out_pic},
	{.name = "in-pm-timer", .run = one_in_pm_timer},
	{.name = "out-80", .run = one_out_80},
	{.name = "mmio-read", .run = one_mmio_read},
	{.name = "mmio-write", .run = one_mmio_write},
	{.name = "tpr-read", .run = one_tpr_read},
	{.name = "tpr-write", .run = one_tpr_write},
	{.name = "cr8-read", .run = one_cr8_read},
	{.name = "cr8-write", .run = one_cr8_write},
	{.name = "cr8-unblock",
	 .prepare = one_cr8_prepare,
	 .run = one_cr8_write,
	 .open = true,
	 .taken = 1},
	{.name = "id-read", .run = one_id_read},
	{.name = "read-all", .run = one_read_all},
	{.name = "lvt-write", .run = one_lvt_write},
	{.name = "icr-nobody",
	 .prepare = one_nobody_prepare,
	 .run = one_nobody},
	{.name = "eoi-edge",
	 .prepare = one_eoi_prepare,
	 .run = one_eoi,
	 .taken = 1},
	{.name = "eoi-level",
	 .prepare = one_level_prepare,
	 .run = one_eoi,
	 .taken = 1},
	{.name = "self-ipi-icr", .run = one_self_icr, .open = true, .taken = 1},
	{.name = "self-ipi-msr",
	 .run = one_self_msr,
	 .open = true,
	 .taken = 1,
	 .needs = BENCH_NEEDS_X2APIC},
	{.name = "self-ipi-hlt", .run = one_self_hlt, .taken = 1},
	{.name = "deadline-past",
	 .prepare = one_deadline_prepare,
	 .run = one_deadline_past,
	 .open = true,
	 .taken = 1,
	 .needs = BENCH_NEEDS_DEADLINE},
	{.name = "tick-deadline",
	 .prepare = one_deadline_prepare,
	 .run = one_tick_deadline,
	 .open = true,
	 .taken = 1,
	 .needs = BENCH_NEEDS_DEADLINE,
	 .rounds = ONE_TICK_ROUNDS},
	{.name = "tick-count",
	 .prepare = one_count_prepare,
	 .run = one_tick_count,
	 .open = true,
	 .taken = 1,
	 .rounds = ONE_TICK_ROUNDS},
	{.name = "hlt-wake",
	 .prepare = one_deadline_prepare,
	 .run = one_hlt_wake,
	 .taken = 1,
	 .needs = BENCH_NEEDS_DEADLINE,
	 .rounds = ONE_TICK_ROUNDS},
};
const unsigned bench_one_count = sizeof(bench_one) / sizeof(bench_one[0]);

void bench_one_begin(void)
{
	struct insn_cpuid leaf = insn_cpuid(0x15, 0);

	one_cr0 = insn_read_cr0();
	one_cr4 = insn_read_cr4();
	one_tsc_adjust = insn_rdmsr(ONE_TSC_ADJUST_MSR);
	/* CPUID.15H: TSC ticks per clock of the timer are EBX / EAX. */
	one_count =
		leaf.ebx ? ONE_TICK * (uint64_t)leaf.eax / leaf.ebx : ONE_TICK;
	bench_apic_write(APIC_DIVIDE, APIC_DIVIDE_BY_1);
	ioapic_route(ONE_LINE, cpu_this(), BENCH_LEVEL | IOAPIC_LEVEL);
}
