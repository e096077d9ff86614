/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What operations cost when all CPUs of the VM do them at once: in TSC ticks,
 * which in the emulator with quantum=1 are instructions of each CPU, so a lock
 * that two CPUs wait for shows as instructions.  And IPIs: round a ring of all
 * CPUs, to all others, and from each to its neighbour.  The VM needs
 * `hypercalls = on`, `x2apic = on`.  Everything is printed at the end, once per
 * CPU and operation; tools/scale makes the table.
 *
 *   SCALE begin VERSION CPUS
 *   SCALE op NAME CPU TICKS ROUNDS EXITS
 *   SCALE end
 *
 * TICKS and EXITS of all rounds together; of what only one CPU does, that CPU
 * has the ticks and the others their exits.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/hypercall.h"
#include "guest/test/lib/insn.h"

#define SCALE_VERSION	 1
#define SCALE_ROUNDS	 64
#define SCALE_WARM	 16 /* until rows of the exit statistics stay */
#define SCALE_OPS_MAX	 24
#define SCALE_COUNTED	 0x41 /* counted and ended, that is all */
#define SCALE_TIMER	 0x51
#define SCALE_ANSWERED	 0x61
#define SCALE_PASSED_ON	 0x71
#define SCALE_NOBODY	 0xfffe /* an APIC ID that no CPU has */
#define SCALE_TSC_ADJUST 0x3b
#define SCALE_POST_PORT	 0x80
#define SCALE_PIC_PORT	 0x21
#define SCALE_PM_TIMER	 0x608
#define SCALE_IOAPIC	 (*(volatile uint32_t *)0xfec00000)
#define SCALE_LIMIT	 100000000 /* turns until an IPI counts as lost */

struct scale_op {
	const char *name;
	void (*run)(void);
	bool alone; /* CPU 0 runs it; the others have interrupts on */
	bool two;   /* needs another CPU */
};

struct scale_result {
	uint64_t ticks;
	uint32_t exits;
};

static struct scale_result scale_results[SCALE_OPS_MAX][GUEST_CPUS_MAX];
static const struct scale_op *volatile scale_now;
static volatile uint32_t scale_arrived, scale_turn;
static uint64_t scale_answers, scale_passes, scale_passes_wanted;

static uint64_t scale_exits(void)
{
	struct hypercall h = {.rax = HYPERCALL_EXIT_COUNT, .rbx = ~0ull};

	hypercall(&h);
	return h.rbx;
}

/* Lets nobody go on before all CPUs are here. */
static void scale_barrier(void)
{
	uint32_t turn = scale_turn;

	if (__atomic_add_fetch(&scale_arrived, 1, __ATOMIC_SEQ_CST) ==
	    cpu_count) {
		scale_arrived = 0;
		__atomic_add_fetch(&scale_turn, 1, __ATOMIC_SEQ_CST);
	}
	while (scale_turn == turn)
		insn_pause();
}

static void scale_await(const volatile uint64_t *counter, uint64_t wanted)
{
	for (uint64_t i = 0; *counter < wanted; i++) {
		if (i == SCALE_LIMIT) {
			guest_check(false, scale_now->name,
				    "CPU %u: an interrupt was lost",
				    cpu_this()->index);
			guest_exit(1);
		}
	}
}

/* ---- the operations ---- */

static void scale_nothing(void)
{
}

static void scale_cpuid(void)
{
	(void)insn_cpuid(0, 0);
}

static void scale_vmcall(void)
{
	uint64_t rax = 0; /* no call that there is */

	__asm__ volatile("vmcall" : "+a"(rax) : : "memory");
}

static void scale_rdmsr(void)
{
	(void)insn_rdmsr(SCALE_TSC_ADJUST);
}

static void scale_wrmsr(void)
{
	insn_wrmsr(SCALE_TSC_ADJUST, 0);
}

static void scale_out_80(void)
{
	insn_out8(SCALE_POST_PORT, 0);
}

static void scale_in_pm_timer(void)
{
	(void)insn_in32(SCALE_PM_TIMER);
}

static void scale_in_pic(void)
{
	(void)insn_in8(SCALE_PIC_PORT);
}

static void scale_ioapic(void)
{
	(void)SCALE_IOAPIC;
}

static void scale_icr_nobody(void)
{
	apic_send(SCALE_NOBODY, SCALE_COUNTED);
}

static void scale_self_icr(void)
{
	struct cpu *c = cpu_this();
	uint64_t wanted = c->count[SCALE_COUNTED] + 1;

	apic_send(c->apic_id, SCALE_COUNTED);
	scale_await(&c->count[SCALE_COUNTED], wanted);
}

static void scale_self_msr(void)
{
	struct cpu *c = cpu_this();
	uint64_t wanted = c->count[SCALE_COUNTED] + 1;

	apic_write(APIC_SELF_IPI, SCALE_COUNTED);
	scale_await(&c->count[SCALE_COUNTED], wanted);
}

static void scale_deadline(void)
{
	struct cpu *c = cpu_this();
	uint64_t wanted = c->count[SCALE_TIMER] + 1;

	insn_wrmsr(APIC_DEADLINE_MSR, 1);
	scale_await(&c->count[SCALE_TIMER], wanted);
}

static uint32_t scale_next_id(void)
{
	return cpus[(cpu_this()->index + 1) % cpu_count].apic_id;
}

/* Every CPU has one neighbour that sends to it. */
static void scale_neighbour(void)
{
	struct cpu *c = cpu_this();
	uint64_t wanted = c->count[SCALE_COUNTED] + 1;

	apic_send(scale_next_id(), SCALE_COUNTED);
	scale_await(&c->count[SCALE_COUNTED], wanted);
	scale_barrier();
}

static void scale_answer(struct trap_frame *frame)
{
	(void)frame;
	__atomic_add_fetch(&scale_answers, 1, __ATOMIC_SEQ_CST);
	apic_eoi();
}

static void scale_broadcast(void)
{
	uint64_t wanted = scale_answers + cpu_count - 1;

	apic_send(0, APIC_ICR_OTHERS | SCALE_ANSWERED);
	scale_await(&scale_answers, wanted);
}

static void scale_pass_on(struct trap_frame *frame)
{
	(void)frame;
	apic_eoi();
	if (++scale_passes < scale_passes_wanted)
		apic_send(scale_next_id(), SCALE_PASSED_ON);
}

/* Once round all CPUs. */
static void scale_ring(void)
{
	scale_passes_wanted = scale_passes + cpu_count;
	apic_send(scale_next_id(), SCALE_PASSED_ON);
	scale_await(&scale_passes, scale_passes_wanted);
}

static const struct scale_op scale_ops[] = {
	{.name = "nothing", .run = scale_nothing},
	{.name = "cpuid", .run = scale_cpuid},
	{.name = "vmcall", .run = scale_vmcall},
	{.name = "rdmsr", .run = scale_rdmsr},
	{.name = "wrmsr", .run = scale_wrmsr},
	{.name = "out-80", .run = scale_out_80},
	{.name = "in-pm-timer", .run = scale_in_pm_timer},
	{.name = "in-pic", .run = scale_in_pic},
	{.name = "mmio-read", .run = scale_ioapic},
	{.name = "icr-nobody", .run = scale_icr_nobody},
	{.name = "self-ipi-icr", .run = scale_self_icr},
	{.name = "self-ipi-msr", .run = scale_self_msr},
	{.name = "deadline-past", .run = scale_deadline},
	{.name = "ipi-neighbour", .run = scale_neighbour, .two = true},
	{.name = "ipi-ring", .run = scale_ring, .alone = true, .two = true},
	{.name = "ipi-others",
	 .run = scale_broadcast,
	 .alone = true,
	 .two = true},
};

#define SCALE_OPS (sizeof(scale_ops) / sizeof(scale_ops[0]))

/* ---- measuring ---- */

static void scale_rounds(unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++)
		scale_now->run();
}

static void scale_measure(struct scale_result *r)
{
	uint64_t start;

	scale_rounds(SCALE_WARM);
	scale_barrier();
	r->exits = (uint32_t)scale_exits();
	scale_barrier();
	start = insn_rdtsc();
	scale_rounds(SCALE_ROUNDS);
	r->ticks = insn_rdtsc() - start;
	scale_barrier();
	r->exits = (uint32_t)scale_exits() - r->exits - 1;
	scale_barrier();
}

/* Takes what CPU 0 sends, between the same four barriers. */
static void scale_serve(struct scale_result *r)
{
	scale_barrier();
	r->exits = (uint32_t)scale_exits();
	scale_barrier();
	scale_barrier();
	r->exits = (uint32_t)scale_exits() - r->exits - 1;
	scale_barrier();
}

/* On every CPU. */
static void scale_work(void)
{
	struct cpu *c = cpu_this();
	const struct scale_op *op = scale_now;
	struct scale_result *r = &scale_results[op - scale_ops][c->index];

	insn_sti();
	if (op->alone && c->index)
		scale_serve(r);
	else
		scale_measure(r);
	insn_cli();
}

static void scale_to_x2apic(void)
{
	apic_to_x2apic();
	apic_enable();
	apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | SCALE_TIMER);
}

static void scale_on_all(void (*work)(void))
{
	for (unsigned i = 1; i < cpu_count; i++)
		cpu_ask(i, work);
	work();
	for (unsigned i = 1; i < cpu_count; i++)
		while (cpus[i].work)
			insn_pause();
}

static void scale_print(const struct scale_op *op)
{
	for (unsigned i = 0; i < cpu_count; i++) {
		const struct scale_result *r =
			&scale_results[op - scale_ops][i];

		print("SCALE op %s %u %lu %u %u\n", op->name, i, r->ticks,
		      SCALE_ROUNDS, r->exits);
	}
}

void guest_main(void)
{
	if (hypercall_tier_get().rax) {
		guest_check(false, "scale", "its VM needs `hypercalls = on`");
		return;
	}
	if (cpu_start_all() != cpu_count) {
		guest_check(false, "scale", "not all CPUs started");
		return;
	}
	trap_handle(SCALE_ANSWERED, scale_answer);
	trap_handle(SCALE_PASSED_ON, scale_pass_on);
	scale_on_all(scale_to_x2apic);
	for (unsigned i = 0; i < SCALE_OPS; i++) {
		scale_now = &scale_ops[i];
		if (!scale_now->two || cpu_count > 1)
			scale_on_all(scale_work);
	}
	print("SCALE begin %u %u\n", SCALE_VERSION, cpu_count);
	for (unsigned i = 0; i < SCALE_OPS; i++)
		if (!scale_ops[i].two || cpu_count > 1)
			scale_print(&scale_ops[i]);
	print("SCALE end\n");
}
