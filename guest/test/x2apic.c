/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x2APIC mode: the state machine of IA32_APIC_BASE, and every MSR from 800H to
 * 8FFH with what must fault.  Where CPUID does not offer the mode, that it
 * cannot be had.  Source: SDM volume 3, "Extended XAPIC (x2APIC)".
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define X2APIC_VECTOR	0x41
#define X2APIC_TIMER	0x61
#define X2APIC_FIRST	0x800
#define X2APIC_LAST	0x8ff
#define X2APIC_MSR(reg) (APIC_X2APIC_MSR + (reg) / 16)
#define X2APIC_CMCI_LVT 6 /* the highest LVT entry, where CMCI exists */

enum {
	X2APIC_READ = 1,
	X2APIC_WRITE = 2,
	X2APIC_BOTH = 3,
};

struct x2apic_range {
	uint32_t first, last;
	unsigned allowed;
};

static const struct x2apic_range x2apic_ranges[] = {
	{0x802, 0x803, X2APIC_READ},  /* ID, version */
	{0x808, 0x808, X2APIC_BOTH},  /* TPR */
	{0x80a, 0x80a, X2APIC_READ},  /* PPR */
	{0x80b, 0x80b, X2APIC_WRITE}, /* EOI */
	{0x80d, 0x80d, X2APIC_READ},  /* LDR */
	{0x80f, 0x80f, X2APIC_BOTH},  /* SVR */
	{0x810, 0x827, X2APIC_READ},  /* ISR, TMR, IRR */
	{0x828, 0x828, X2APIC_BOTH},  /* ESR */
	{0x82f, 0x82f, X2APIC_BOTH},  /* LVT CMCI, see x2apic_allowed() */
	{0x830, 0x830, X2APIC_BOTH},  /* ICR */
	{0x832, 0x838, X2APIC_BOTH},  /* LVT, initial count */
	{0x839, 0x839, X2APIC_READ},  /* current count */
	{0x83e, 0x83e, X2APIC_BOTH},  /* divide */
	{0x83f, 0x83f, X2APIC_WRITE}, /* self-IPI */
};

static void x2apic_traps(const char *name, int trapped, int should)
{
	guest_check(trapped == should, name, "vector %d, should be %d", trapped,
		    should);
}

static int x2apic_base(uint64_t mode)
{
	int trapped =
		trap_wrmsr(APIC_BASE_MSR, APIC_BASE | APIC_BASE_BSP | mode);

	if (trapped == GUEST_NO_TRAP)
		cpu_this()->x2apic = mode & APIC_BASE_EXTD;
	return trapped;
}

static bool x2apic_offered(void)
{
	return insn_cpuid(1, 0).ecx >> 21 & 1;
}

static bool x2apic_apic_bit(void)
{
	return insn_cpuid(1, 0).edx >> 9 & 1;
}

static unsigned x2apic_allowed(uint32_t msr, uint32_t highest_lvt)
{
	if (msr == X2APIC_MSR(APIC_LVT_CMCI) && highest_lvt < X2APIC_CMCI_LVT)
		return 0;
	for (unsigned i = 0;
	     i < sizeof(x2apic_ranges) / sizeof(x2apic_ranges[0]); i++)
		if (msr >= x2apic_ranges[i].first &&
		    msr <= x2apic_ranges[i].last)
			return x2apic_ranges[i].allowed;
	return 0;
}

/* Reads every MSR, and writes to all where a write of 0 does no harm. */
static void x2apic_sweep(const char *name, bool on)
{
	uint32_t highest = on ? apic_read(APIC_VERSION) >> 16 & 0xff : 0;
	unsigned wrong = 0;

	for (uint32_t msr = X2APIC_FIRST; msr <= X2APIC_LAST; msr++) {
		unsigned allowed = on ? x2apic_allowed(msr, highest) : 0;
		uint64_t value = 0;
		int read = trap_rdmsr(msr, &value);
		int write = GUEST_NO_TRAP;
		bool written = false;

		/* ICR and self-IPI would send, SVR would disable. */
		if (!(allowed & X2APIC_WRITE) || msr == 0x80b || msr == 0x828) {
			write = trap_wrmsr(msr, 0);
			written = true;
		} else if (allowed == X2APIC_BOTH && msr != 0x830) {
			write = trap_wrmsr(msr, value);
			written = true;
		}
		if (read != (allowed & X2APIC_READ ? GUEST_NO_TRAP : TRAP_GP) ||
		    (written && write != (allowed & X2APIC_WRITE ? GUEST_NO_TRAP
								 : TRAP_GP))) {
			wrong++;
			print("%s: MSR 0x%x: RDMSR vector %d, WRMSR vector "
			      "%d\n",
			      name, msr, read, write);
		}
	}
	guest_equal(name, wrong, 0);
}

static void x2apic_not_offered(void)
{
	x2apic_traps("EXTD where CPUID has none",
		     x2apic_base(APIC_BASE_ENABLE | APIC_BASE_EXTD), TRAP_GP);
	x2apic_sweep("MSRs without x2APIC", false);
}

static void x2apic_open_bus(const char *name)
{
	apic_mmio_write(APIC_TPR, 0x10);
	guest_check(apic_mmio_read(APIC_ID) == 0xffffffff &&
			    apic_mmio_read(APIC_TPR) == 0xffffffff,
		    name, "ID 0x%x, TPR 0x%x", apic_mmio_read(APIC_ID),
		    apic_mmio_read(APIC_TPR));
}

static void x2apic_transitions(void)
{
	const uint64_t xapic = APIC_BASE_ENABLE;
	const uint64_t x2apic = APIC_BASE_ENABLE | APIC_BASE_EXTD;

	x2apic_traps("xAPIC to EXTD alone", x2apic_base(APIC_BASE_EXTD),
		     TRAP_GP);
	x2apic_traps("xAPIC to disabled", x2apic_base(0), GUEST_NO_TRAP);
	guest_equal("disabled: CPUID.APIC", x2apic_apic_bit(), 0);
	x2apic_open_bus("disabled: open bus");
	insn_write_cr8(5);
	guest_equal("disabled: CR8", insn_read_cr8(), 5);
	insn_write_cr8(0);
	x2apic_traps("disabled to EXTD alone", x2apic_base(APIC_BASE_EXTD),
		     TRAP_GP);
	x2apic_traps("disabled to x2APIC", x2apic_base(x2apic), TRAP_GP);
	x2apic_traps("disabled to xAPIC", x2apic_base(xapic), GUEST_NO_TRAP);
	guest_equal("enabled: CPUID.APIC", x2apic_apic_bit(), 1);
	guest_equal("enabled: SVR", apic_read(APIC_SVR), 0xff);
	guest_equal("enabled: LVT timer", apic_read(APIC_LVT_TIMER),
		    APIC_LVT_MASKED);
	apic_enable();
	apic_write(APIC_TPR, 0x30);
	x2apic_traps("xAPIC to x2APIC", x2apic_base(x2apic), GUEST_NO_TRAP);
	guest_equal("x2APIC: TPR is kept", apic_read(APIC_TPR), 0x30);
	guest_equal("x2APIC: SVR is kept", apic_read(APIC_SVR), 0x1ff);
	apic_write(APIC_TPR, 0);
	x2apic_open_bus("x2APIC: open bus");
	guest_equal("x2APIC: page write dropped", apic_read(APIC_TPR), 0);
	x2apic_traps("x2APIC to xAPIC", x2apic_base(xapic), TRAP_GP);
	x2apic_traps("x2APIC to EXTD alone", x2apic_base(APIC_BASE_EXTD),
		     TRAP_GP);
	x2apic_traps("x2APIC to x2APIC", x2apic_base(x2apic), GUEST_NO_TRAP);
	x2apic_traps("x2APIC to disabled", x2apic_base(0), GUEST_NO_TRAP);
	x2apic_sweep("MSRs while disabled", false);
	x2apic_traps("and to xAPIC", x2apic_base(xapic), GUEST_NO_TRAP);
	x2apic_sweep("MSRs in xAPIC mode", false);
	x2apic_traps("and to x2APIC", x2apic_base(x2apic), GUEST_NO_TRAP);
	guest_equal("IA32_APIC_BASE", insn_rdmsr(APIC_BASE_MSR),
		    APIC_BASE | APIC_BASE_BSP | x2apic);
	apic_enable();
}

static void x2apic_identity(void)
{
	uint32_t id = insn_cpuid(0xb, 0).edx;

	guest_equal("ID", insn_rdmsr(X2APIC_MSR(APIC_ID)), id);
	guest_equal("LDR", insn_rdmsr(X2APIC_MSR(APIC_LDR)),
		    (uint64_t)(id >> 4) << 16 | 1u << (id & 15));
	guest_equal("version, high half",
		    insn_rdmsr(X2APIC_MSR(APIC_VERSION)) >> 32, 0);
}

static void x2apic_reserved_bits(void)
{
	static const struct {
		const char *name;
		uint32_t reg;
		uint64_t value;
	} row[] = {
		{"TPR, bit 8", APIC_TPR, 0x100},
		{"TPR, high half", APIC_TPR, 1ull << 32},
		{"EOI of 1", APIC_EOI, 1},
		{"SVR, bit 31", APIC_SVR, 1u << 31 | 0x1ff},
		{"ESR of 1", APIC_ESR, 1},
		{"ICR, bit 20", APIC_ICR, 1 << 20 | X2APIC_VECTOR},
		{"LVT timer, bit 31", APIC_LVT_TIMER, 1u << 31},
		{"LVT LINT0, bit 31", APIC_LVT_LINT0, 1u << 31},
		{"LVT error, high half", APIC_LVT_ERROR, 1ull << 32},
		{"initial count, high half", APIC_INITIAL, 1ull << 32},
		{"divide, bit 4", APIC_DIVIDE, 1 << 4},
		{"self-IPI, bit 8", APIC_SELF_IPI, 0x100},
	};

	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		x2apic_traps(row[i].name,
			     trap_wrmsr(X2APIC_MSR(row[i].reg), row[i].value),
			     TRAP_GP);
}

static void x2apic_interrupts(void)
{
	volatile uint64_t *count = &cpu_this()->count[X2APIC_VECTOR];
	volatile uint64_t *ticks = &cpu_this()->count[X2APIC_TIMER];
	uint64_t begin = *count, tick = *ticks;
	bool came;

	apic_write(APIC_SELF_IPI, X2APIC_VECTOR);
	guest_equal("IRR", (uint64_t)apic_bit(APIC_IRR, X2APIC_VECTOR), 1);
	insn_window();
	guest_equal("self-IPI by 83FH", *count - begin, 1);
	apic_send(0, APIC_ICR_SELF | X2APIC_VECTOR);
	insn_window();
	guest_equal("self-IPI by shorthand", *count - begin, 2);
	apic_send(cpu_this()->apic_id, X2APIC_VECTOR);
	insn_window();
	guest_equal("by destination", *count - begin, 3);
	guest_equal("ICR reads back", insn_rdmsr(X2APIC_MSR(APIC_ICR)),
		    (uint64_t)cpu_this()->apic_id << 32 | X2APIC_VECTOR);
	insn_write_cr8(4);
	guest_equal("CR8 is TPR", apic_read(APIC_TPR), 0x40);
	apic_write(APIC_SELF_IPI, X2APIC_VECTOR);
	insn_window();
	guest_equal("held by CR8", *count - begin, 3);
	apic_write(APIC_TPR, 0);
	insn_window();
	guest_equal("taken once TPR is lower", *count - begin, 4);

	apic_write(APIC_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, X2APIC_TIMER);
	apic_write(APIC_INITIAL, 100000);
	insn_sti();
	came = time_wait(ticks, tick + 1, 1000);
	insn_cli();
	guest_check(came, "one-shot timer", "%lu", *ticks - tick);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
}

void guest_main(void)
{
	if (!x2apic_offered()) {
		if (guest_on_tcg())
			guest_skip("x2apic", "this TCG has none");
		else
			x2apic_not_offered();
		return;
	}
	x2apic_transitions();
	x2apic_identity();
	x2apic_sweep("MSRs in x2APIC mode", true);
	x2apic_reserved_bits();
	x2apic_interrupts();
}
