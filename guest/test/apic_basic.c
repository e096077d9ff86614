/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC of one CPU in xAPIC mode: identity, priorities, self-IPIs,
 * EOI, errors, and the timer in all its modes.  Verdicts hold nothing that
 * depends on speed, so that two runs can be compared.  Source: SDM volume 3,
 * "Advanced Programmable Interrupt Controller (APIC)".
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define BASIC_LOW      0x41
#define BASIC_HIGH     0x91
#define BASIC_TIMER    0x61
#define BASIC_ERROR    0x51
#define BASIC_LIMIT_MS 10000
#define BASIC_COUNT    200000 /* timer clocks */
#define BASIC_PERIODS  20

static unsigned basic_order[8];
static unsigned basic_taken;

static void basic_note(struct trap_frame *f)
{
	if (basic_taken < 8)
		basic_order[basic_taken] = (unsigned)f->vector;
	basic_taken++;
	apic_eoi();
}

static void basic_self(unsigned vector)
{
	apic_send(0, APIC_ICR_SELF | vector);
}

static void basic_identity(void)
{
	struct insn_cpuid leaf1 = insn_cpuid(1, 0);
	uint32_t version = apic_read(APIC_VERSION);
	uint64_t base = insn_rdmsr(APIC_BASE_MSR);

	guest_equal("ID", apic_read(APIC_ID), leaf1.ebx & 0xff000000);
	guest_check((version & 0xff) >= 0x10 && (version & 0xff) <= 0x15,
		    "version", "0x%x", version);
	guest_check((version >> 16 & 0xff) >= 4, "LVT entries", "%u",
		    (version >> 16 & 0xff) + 1);
	guest_equal("APIC base", base,
		    APIC_BASE | APIC_BASE_ENABLE | APIC_BASE_BSP);
	guest_equal("CPUID.APIC", leaf1.edx >> 9 & 1, 1);
}

static void basic_tpr(void)
{
	uint64_t wrong = 0;

	for (unsigned tpr = 0; tpr < 256; tpr++) {
		apic_write(APIC_TPR, tpr);
		if (apic_read(APIC_TPR) != tpr || insn_read_cr8() != tpr >> 4 ||
		    apic_read(APIC_PPR) != tpr)
			wrong++;
	}
	guest_equal("TPR, CR8, PPR: wrong values", wrong, 0);
	wrong = 0;
	for (unsigned cr8 = 0; cr8 < 16; cr8++) {
		insn_write_cr8(cr8);
		if (apic_read(APIC_TPR) != cr8 << 4 || insn_read_cr8() != cr8)
			wrong++;
	}
	guest_equal("CR8 to TPR: wrong values", wrong, 0);
	if (guest_on_tcg())
		guest_skip("CR8 of 16: #GP", "QEMU's TCG does not check");
	else
		guest_equal("CR8 of 16: #GP", (uint64_t)trap_write_cr8(16),
			    TRAP_GP);
	insn_write_cr8(0);
}

static void basic_self_ipi(void)
{
	uint64_t before = cpu_this()->count[BASIC_LOW];

	basic_self(BASIC_LOW);
	guest_equal("IRR while IF is 0",
		    (uint64_t)apic_bit(APIC_IRR, BASIC_LOW), 1);
	guest_equal("not taken while IF is 0",
		    cpu_this()->count[BASIC_LOW] - before, 0);
	insn_window();
	guest_equal("taken", cpu_this()->count[BASIC_LOW] - before, 1);
	guest_equal("IRR after", (uint64_t)apic_bit(APIC_IRR, BASIC_LOW), 0);
	guest_equal("ISR after EOI", (uint64_t)apic_bit(APIC_ISR, BASIC_LOW),
		    0);
	apic_send(cpu_this()->apic_id, BASIC_LOW);
	insn_window();
	guest_equal("by destination", cpu_this()->count[BASIC_LOW] - before, 2);
	for (int i = 0; i < 1000; i++) {
		basic_self(BASIC_LOW);
		insn_window();
	}
	guest_equal("a thousand", cpu_this()->count[BASIC_LOW] - before, 1002);
}

static void basic_in_service(struct trap_frame *f)
{
	guest_equal("ISR in the handler",
		    (uint64_t)apic_bit(APIC_ISR, (unsigned)f->vector), 1);
	guest_equal("PPR in the handler", apic_read(APIC_PPR),
		    f->vector & 0xf0);
	guest_equal("TPR in the handler", apic_read(APIC_TPR), 0);
	/* A lower one waits for the EOI, a higher one does not. */
	basic_taken = 0;
	basic_self(BASIC_LOW);
	basic_self(BASIC_HIGH);
	insn_window();
	guest_equal("nested: taken before EOI", basic_taken, 1);
	guest_equal("nested: which", basic_order[0], BASIC_HIGH);
	apic_eoi();
	insn_window();
	guest_equal("nested: taken after EOI", basic_taken, 2);
}

static void basic_priorities(void)
{
	trap_handle(BASIC_LOW, basic_note);
	trap_handle(BASIC_HIGH, basic_note);
	trap_handle(BASIC_TIMER, basic_in_service);
	basic_taken = 0;
	basic_self(BASIC_LOW);
	basic_self(BASIC_HIGH);
	insn_window();
	insn_window();
	guest_check(basic_taken == 2 && basic_order[0] == BASIC_HIGH &&
			    basic_order[1] == BASIC_LOW,
		    "higher vector first", "%u taken, 0x%x then 0x%x",
		    basic_taken, basic_order[0], basic_order[1]);

	basic_taken = 0;
	apic_write(APIC_TPR, 0x40);
	basic_self(BASIC_LOW);
	insn_window();
	guest_equal("held by TPR of its class", basic_taken, 0);
	apic_write(APIC_TPR, 0x3f);
	insn_window();
	guest_equal("taken once TPR is lower", basic_taken, 1);
	insn_write_cr8(4);
	basic_self(BASIC_LOW);
	insn_window();
	guest_equal("held by CR8", basic_taken, 1);
	insn_write_cr8(3);
	insn_window();
	guest_equal("taken once CR8 is lower", basic_taken, 2);
	insn_write_cr8(0);

	basic_self(BASIC_TIMER);
	insn_window();
	trap_handle(BASIC_TIMER, NULL);
	trap_handle(BASIC_LOW, NULL);
	trap_handle(BASIC_HIGH, NULL);
}

static void basic_one_shot(void)
{
	volatile uint64_t *count = &cpu_this()->count[BASIC_TIMER];
	uint64_t before = *count;
	uint32_t first, second, then, ticks;
	bool fired;

	apic_write(APIC_DIVIDE, APIC_DIVIDE_BY_1);
	guest_equal("divide register", apic_read(APIC_DIVIDE),
		    APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, BASIC_TIMER);
	apic_write(APIC_INITIAL, 0xffffffff);
	first = apic_read(APIC_CURRENT);
	time_delay_us(1000);
	second = apic_read(APIC_CURRENT);
	print("current count: 0x%x, 1 ms later 0x%x\n", first, second);
	guest_equal("current count falls", second < first && second, true);
	apic_write(APIC_INITIAL, 0);
	guest_equal("stopped by 0", apic_read(APIC_CURRENT), 0);

	apic_write(APIC_INITIAL, BASIC_COUNT);
	then = time_pm();
	insn_sti();
	fired = time_wait(count, before + 1, BASIC_LIMIT_MS);
	ticks = time_pm_since(then);
	print("one-shot: after %u us\n", ticks * 10 / 36);
	guest_equal("one-shot", fired, true);
	time_delay_us(20000);
	insn_cli();
	guest_equal("one-shot: once", *count - before, 1);
	guest_equal("one-shot: count at the end", apic_read(APIC_CURRENT), 0);

	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | BASIC_TIMER);
	apic_write(APIC_INITIAL, 1000);
	time_delay_us(20000);
	insn_window();
	guest_equal("masked: none", *count - before, 1);
}

static void basic_periodic(void)
{
	volatile uint64_t *count = &cpu_this()->count[BASIC_TIMER];
	uint64_t before = *count, tsc, periods;
	bool fired;

	apic_write(APIC_LVT_TIMER, APIC_TIMER_PERIODIC | BASIC_TIMER);
	apic_write(APIC_INITIAL, BASIC_COUNT);
	tsc = insn_rdtsc();
	insn_sti();
	fired = time_wait(count, before + BASIC_PERIODS, BASIC_LIMIT_MS);
	guest_equal("periodic", fired, true);
	tsc = insn_rdtsc() - tsc;
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | BASIC_TIMER);
	insn_cli();
	periods = *count;
	print("periodic: %lu TSC per period\n", tsc / BASIC_PERIODS);
	time_delay_us(20000);
	insn_window();
	guest_equal("periodic: masked", *count - periods <= 1, true);
	apic_write(APIC_INITIAL, 0);
}

static void basic_deadline(void)
{
	volatile uint64_t *count = &cpu_this()->count[BASIC_TIMER];
	uint64_t before = *count, deadline;
	bool fired;

	if (!(insn_cpuid(1, 0).ecx & 1 << 24)) {
		guest_skip("deadline", "CPUID says no TSC-deadline mode");
		return;
	}
	apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | BASIC_TIMER);
	__asm__ volatile("mfence" : : : "memory");
	deadline = insn_rdtsc() + BASIC_COUNT;
	insn_wrmsr(APIC_DEADLINE_MSR, deadline);
	guest_equal("deadline reads back", insn_rdmsr(APIC_DEADLINE_MSR),
		    deadline);
	insn_sti();
	fired = time_wait(count, before + 1, BASIC_LIMIT_MS);
	print("deadline: after %ld TSC\n",
	      (int64_t)(insn_rdtsc() - deadline + BASIC_COUNT));
	guest_equal("deadline", fired, true);
	insn_cli();
	guest_equal("deadline reads 0 afterwards",
		    insn_rdmsr(APIC_DEADLINE_MSR), 0);
	guest_equal("current count in deadline mode", apic_read(APIC_CURRENT),
		    0);
	/* One in the past fires before the next instruction but one. */
	insn_wrmsr(APIC_DEADLINE_MSR, 1);
	insn_window();
	guest_equal("deadline in the past", *count - before, 2);
	insn_wrmsr(APIC_DEADLINE_MSR, insn_rdtsc() + BASIC_COUNT);
	insn_wrmsr(APIC_DEADLINE_MSR, 0);
	time_delay_us(20000);
	insn_window();
	guest_equal("disarmed by 0", *count - before, 2);
	insn_wrmsr(APIC_DEADLINE_MSR, insn_rdtsc() + BASIC_COUNT);
	apic_write(APIC_LVT_TIMER, BASIC_TIMER);
	guest_equal("disarmed by a mode change", insn_rdmsr(APIC_DEADLINE_MSR),
		    0);
}

/* Fires at its time, never early: a hundred deadlines at odd distances. */
static void basic_deadline_exact(void)
{
	volatile uint64_t *count = &cpu_this()->count[BASIC_TIMER];
	uint64_t worst = 0, early = 0;

	if (!(insn_cpuid(1, 0).ecx & 1 << 24))
		return;
	apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | BASIC_TIMER);
	for (unsigned i = 0; i < 100; i++) {
		uint64_t before = *count;
		uint64_t deadline = insn_rdtsc() + 20000 + i * 997;
		uint64_t now;

		insn_wrmsr(APIC_DEADLINE_MSR, deadline);
		while (*count == before)
			insn_window();
		now = insn_rdtsc();
		if (now < deadline)
			early++;
		else if (now - deadline > worst)
			worst = now - deadline;
	}
	print("deadlines: the latest %lu TSC late\n", worst);
	guest_equal("deadlines that were early", early, 0);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
}

static void basic_errors(void)
{
	volatile uint64_t *count = &cpu_this()->count[BASIC_ERROR];
	uint64_t before = *count;

	apic_write(APIC_ESR, 0);
	apic_write(APIC_ESR, 0);
	guest_equal("ESR clean", apic_read(APIC_ESR), 0);
	if (guest_on_tcg()) {
		guest_skip("ESR", "QEMU's TCG detects no errors");
		return;
	}
	apic_write(APIC_LVT_ERROR, BASIC_ERROR);
	apic_send(0, APIC_ICR_SELF | 5);
	insn_window();
	apic_write(APIC_ESR, 0);
	guest_check(apic_read(APIC_ESR) & APIC_ESR_SEND_ILLEGAL,
		    "ESR: illegal vector sent", "0x%x", apic_read(APIC_ESR));
	guest_equal("LVT error interrupt", *count - before, 1);
	/* A register that is reserved in xAPIC mode. */
	(void)apic_read(APIC_SELF_IPI);
	apic_write(APIC_ESR, 0);
	guest_check(apic_read(APIC_ESR) & APIC_ESR_REGISTER,
		    "ESR: illegal register", "0x%x", apic_read(APIC_ESR));
	apic_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
	apic_write(APIC_ESR, 0);
}

static void basic_registers(void)
{
	static const struct {
		const char *name;
		uint32_t offset, write, read;
	} row[] = {
		{"LDR", APIC_LDR, 0xffffffff, 0xff000000},
		{"DFR flat", APIC_DFR, 0xf0000000, 0xffffffff},
		{"DFR cluster", APIC_DFR, 0x00000000, 0x0fffffff},
		{"LVT LINT0", APIC_LVT_LINT0, 0x000187fe, 0x000187fe},
		{"LVT LINT1", APIC_LVT_LINT1, 0x00010400, 0x00010400},
		{"LVT timer", APIC_LVT_TIMER, 0x00010033, 0x00010033},
		{"LVT error", APIC_LVT_ERROR, 0x000100fe, 0x000100fe},
		{"divide", APIC_DIVIDE, 0xffffffff, 0x0000000b},
		{"ICR high", APIC_ICR_HIGH, 0xab000000, 0xab000000},
	};

	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		apic_write(row[i].offset, row[i].write);
		guest_equal(row[i].name, apic_read(row[i].offset), row[i].read);
	}
	apic_write(APIC_DFR, 0xffffffff);
	apic_write(APIC_LDR, 0);
	apic_enable();
}

static void basic_soft_disable(void)
{
	uint64_t before = cpu_this()->count[BASIC_LOW];

	apic_write(APIC_LVT_TIMER, BASIC_TIMER);
	apic_write(APIC_SVR, APIC_SPURIOUS_VECTOR);
	if (guest_on_tcg()) {
		guest_skip("software disable", "TCG does not mask the LVT");
		apic_enable();
		return;
	}
	guest_equal("LVT masked by software disable", apic_read(APIC_LVT_TIMER),
		    APIC_LVT_MASKED | BASIC_TIMER);
	apic_write(APIC_LVT_TIMER, BASIC_TIMER);
	guest_equal("LVT stays masked", apic_read(APIC_LVT_TIMER),
		    APIC_LVT_MASKED | BASIC_TIMER);
	basic_self(BASIC_LOW);
	insn_window();
	guest_equal("disabled: nothing accepted",
		    cpu_this()->count[BASIC_LOW] - before, 0);
	apic_enable();
	basic_self(BASIC_LOW);
	insn_window();
	guest_equal("enabled again", cpu_this()->count[BASIC_LOW] - before, 1);
}

void guest_main(void)
{
	basic_identity();
	basic_tpr();
	basic_self_ipi();
	basic_priorities();
	basic_one_shot();
	basic_periodic();
	basic_deadline();
	basic_deadline_exact();
	basic_errors();
	basic_registers();
	basic_soft_disable();
}
