/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt lines, driven by the test device, on two CPUs: EOIs without a
 * broadcast, interrupts that no local APIC takes at first, redirection entries
 * that are rewritten while their interrupt is pending or in service, and what
 * LINT0 makes of the 8259s' output.  Source: SDM volume 3, "Handling
 * Interrupts" and "Local Interrupts"; the 82093AA's and the 8259A's data
 * sheets.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/ioapic.h"
#include "guest/test/lib/tiers.h"

#define LINE		     5 /* of the 8259s, and pin of the I/O APIC */
#define LINE_PORT	     (0x2000 + LINE)
#define VECTOR		     0x51
#define OTHER_VECTOR	     0x62
#define PIC_VECTOR	     0x30
#define LIMIT_MS	     500

#define SVR		     (APIC_SVR_ENABLE | APIC_SPURIOUS_VECTOR)
#define SVR_NO_BROADCAST     (1u << 12)
#define VERSION_MAY_SUPPRESS (1u << 24)
#define LINT0_IRR	     (1u << 14)
#define LINT0_LEVEL	     (1u << 15)
#define LINT0_NMI	     (4u << 8)
#define LINT0_EXTINT	     (7u << 8)

static const char *tier_name;
static volatile uint64_t taken[2][GUEST_VECTORS]; /* by CPU and vector */
static volatile unsigned keep; /* so many EOIs come while the line is high */
static void (*volatile in_service)(void);

static void entry_write(unsigned half, uint32_t value)
{
	ioapic_write(ioapic_entry(LINE) + half, value);
}

static uint32_t entry_read(void)
{
	return ioapic_read(ioapic_entry(LINE));
}

static void aim(unsigned cpu, uint32_t low)
{
	ioapic_route(LINE, &cpus[cpu], low);
}

static void line(bool high)
{
	insn_out8(LINE_PORT, high);
}

static void eoi_register(uint8_t vector)
{
	IOAPIC_EOI = vector;
}

static void on_line(struct trap_frame *f)
{
	taken[cpu_this()->index][f->vector]++;
	if (in_service)
		in_service();
	if (keep)
		keep--;
	else
		line(false);
	apic_eoi();
}

static void on_nmi(struct trap_frame *f)
{
	taken[cpu_this()->index][f->vector]++;
}

/* A vector of the 8259s: no EOI of the local APIC is due. */
static void on_pic(struct trap_frame *f)
{
	taken[cpu_this()->index][f->vector]++;
	line(false);
	insn_out8(0x20, 0x20);
}

/* CPU 1: takes interrupts, and writes its LINT0 when it is asked to. */
static volatile uint32_t lint0_wanted = APIC_LVT_MASKED;
static volatile uint32_t lint0_there = APIC_LVT_MASKED;
static volatile bool stop;

static void other_cpu(void)
{
	insn_sti();
	while (!stop) {
		if (lint0_wanted != lint0_there) {
			apic_write(APIC_LVT_LINT0, lint0_wanted);
			lint0_there = lint0_wanted;
		}
		insn_pause();
	}
	insn_cli();
}

static void set_lint0_of_cpu_1(uint32_t value)
{
	lint0_wanted = value;
	while (lint0_there != value)
		insn_pause();
}

static void begin(void)
{
	line(false);
	entry_write(0, IOAPIC_MASKED);
	memset((void *)taken, 0, sizeof(taken));
	keep = 0;
	in_service = NULL;
}

/* Lets interrupts in until vector came to cpu so many times, and then some. */
static bool came(unsigned cpu, unsigned vector, uint64_t times)
{
	insn_sti();
	time_wait(&taken[cpu][vector], times, LIMIT_MS);
	time_delay_us(300);
	insn_cli();
	return taken[cpu][vector] == times;
}

static void verdict(const char *what, bool ok)
{
	guest_check(ok, what,
		    "%s: CPU 0 %lu and %lu, CPU 1 %lu and %lu times, "
		    "entry %x",
		    tier_name, taken[0][VECTOR], taken[0][OTHER_VECTOR],
		    taken[1][VECTOR], taken[1][OTHER_VECTOR], entry_read());
}

/* ---- EOI-broadcast suppression ---- */

static void suppressed(void)
{
	bool ok;

	begin();
	if (!(apic_read(APIC_VERSION) & VERSION_MAY_SUPPRESS)) {
		guest_skip("EOI without broadcast",
			   "the version has no bit 24");
		return;
	}
	apic_write(APIC_SVR, SVR | SVR_NO_BROADCAST);
	ok = apic_read(APIC_SVR) == (SVR | SVR_NO_BROADCAST);
	aim(0, IOAPIC_LEVEL | VECTOR);
	keep = 2;
	line(true);
	/* The I/O APIC waits for its own EOI, and sends again after it. */
	ok = ok && came(0, VECTOR, 1) && entry_read() & IOAPIC_IRR;
	eoi_register(OTHER_VECTOR);
	ok = ok && came(0, VECTOR, 1);
	eoi_register(VECTOR);
	ok = ok && came(0, VECTOR, 2) && entry_read() & IOAPIC_IRR;
	eoi_register(VECTOR);
	ok = ok && came(0, VECTOR, 3) && entry_read() & IOAPIC_IRR;
	eoi_register(VECTOR);
	verdict("EOI without broadcast",
		ok && came(0, VECTOR, 3) && !(entry_read() & IOAPIC_IRR));
	/* And with it again. */
	apic_write(APIC_SVR, SVR);
	keep = 1;
	line(true);
	verdict("EOI with broadcast again",
		came(0, VECTOR, 5) && !(entry_read() & IOAPIC_IRR));
}

/* ---- what no local APIC takes ---- */

static bool waits(void)
{
	uint32_t entry;

	time_delay_us(300);
	entry = entry_read();
	return entry & IOAPIC_PENDING && !(entry & IOAPIC_IRR);
}

static void untaken(void)
{
	bool ok;

	begin();
	aim(0, IOAPIC_LEVEL | VECTOR);
	apic_write(APIC_SVR, APIC_SPURIOUS_VECTOR);
	line(true);
	ok = waits();
	apic_write(APIC_SVR, SVR);
	verdict("taken when the APIC is enabled",
		ok && came(0, VECTOR, 1) &&
			!(entry_read() & (IOAPIC_PENDING | IOAPIC_IRR)));

	begin();
	entry_write(1, 0x80000000);
	entry_write(0, IOAPIC_LEVEL | IOAPIC_LOGICAL | VECTOR);
	line(true);
	ok = waits();
	apic_write(APIC_LDR, 0x80000000);
	verdict("taken when the APIC has the address",
		ok && came(0, VECTOR, 1) &&
			!(entry_read() & (IOAPIC_PENDING | IOAPIC_IRR)));
	apic_write(APIC_LDR, 0);

	begin();
	aim(0, IOAPIC_LEVEL | VECTOR);
	apic_write(APIC_SVR, APIC_SPURIOUS_VECTOR);
	line(true);
	ok = waits();
	line(false);
	ok = ok && !(entry_read() & IOAPIC_PENDING);
	apic_write(APIC_SVR, SVR);
	verdict("not sent when the line fell before", ok && came(0, VECTOR, 0));
}

/* ---- rewritten entries ---- */

static void to_other_cpu(void)
{
	in_service = NULL;
	aim(1, IOAPIC_LEVEL | VECTOR);
}

static void to_other_vector(void)
{
	in_service = NULL;
	aim(1, IOAPIC_LEVEL | OTHER_VECTOR);
}

static void rewritten(void)
{
	bool ok;

	/* Pending: who has it keeps it, and nobody else gets it. */
	begin();
	aim(0, IOAPIC_LEVEL | VECTOR);
	line(true);
	aim(1, IOAPIC_LEVEL | VECTOR);
	ok = apic_bit(APIC_IRR, VECTOR) && entry_read() & IOAPIC_IRR;
	verdict("re-aimed while pending", ok && came(0, VECTOR, 1) &&
						  !taken[1][VECTOR] &&
						  !(entry_read() & IOAPIC_IRR));

	/* In service: the EOI is for it, and the next one goes elsewhere. */
	begin();
	aim(0, IOAPIC_LEVEL | VECTOR);
	keep = 1;
	in_service = to_other_cpu;
	line(true);
	verdict("re-aimed while in service",
		came(1, VECTOR, 1) && taken[0][VECTOR] == 1 &&
			!(entry_read() & IOAPIC_IRR));

	/* Another vector: no EOI fits, until the entry was edge-triggered. */
	begin();
	aim(0, IOAPIC_LEVEL | VECTOR);
	keep = 1;
	in_service = to_other_vector;
	line(true);
	ok = came(0, VECTOR, 1) && !taken[1][OTHER_VECTOR] &&
	     entry_read() & IOAPIC_IRR;
	entry_write(0, IOAPIC_MASKED | OTHER_VECTOR);
	entry_write(0, IOAPIC_LEVEL | OTHER_VECTOR);
	verdict("another vector while in service",
		ok && came(1, OTHER_VECTOR, 1) && taken[0][VECTOR] == 1 &&
			!(entry_read() & IOAPIC_IRR));
}

/* ---- LINT0 ---- */

/* Both 8259s, all lines masked but LINE and the next one. */
static void pic_set_up(bool automatic_eoi)
{
	const uint8_t words[][2] = {
		{0x11, 0x11},
		{PIC_VECTOR, PIC_VECTOR + 8},
		{4, 2},
		{automatic_eoi ? 3 : 1, 1},
	};

	for (unsigned i = 0; i < 4; i++) {
		insn_out8(i ? 0x21 : 0x20, words[i][0]);
		insn_out8(i ? 0xa1 : 0xa0, words[i][1]);
	}
	insn_out8(0x21, 0xff & ~(3u << LINE));
	insn_out8(0xa1, 0xff);
}

static void lint0(void)
{
	bool ok;

	begin();
	pic_set_up(false);
	apic_write(APIC_LVT_LINT0, VECTOR);
	line(true);
	ok = came(0, VECTOR, 1);
	line(true);
	verdict("LINT0, fixed, edge", ok && came(0, VECTOR, 2));

	begin();
	apic_write(APIC_LVT_LINT0, LINT0_LEVEL | VECTOR);
	keep = 2;
	line(true);
	ok = apic_bit(APIC_IRR, VECTOR) &&
	     apic_read(APIC_LVT_LINT0) == (LINT0_IRR | LINT0_LEVEL | VECTOR);
	verdict("LINT0, fixed, level",
		ok && came(0, VECTOR, 3) &&
			apic_read(APIC_LVT_LINT0) == (LINT0_LEVEL | VECTOR));

	begin();
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	line(true);
	ok = came(0, VECTOR, 0);
	apic_write(APIC_LVT_LINT0, LINT0_LEVEL | VECTOR);
	verdict("LINT0, level, unmasked late", ok && came(0, VECTOR, 1));

	begin();
	apic_write(APIC_LVT_LINT0, LINT0_NMI);
	line(true);
	line(false);
	line(true);
	verdict("LINT0, NMI", came(0, TRAP_NMI, 2));
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);

	begin();
	set_lint0_of_cpu_1(LINT0_EXTINT);
	line(true);
	verdict("LINT0 of CPU 1, ExtINT",
		came(1, PIC_VECTOR + LINE, 1) && !taken[0][PIC_VECTOR + LINE]);
	set_lint0_of_cpu_1(APIC_LVT_MASKED);

	/* The output stays high between them. */
	begin();
	pic_set_up(true);
	apic_write(APIC_LVT_LINT0, LINT0_EXTINT);
	line(true);
	insn_out8(LINE_PORT + 1, 1);
	ok = came(0, PIC_VECTOR + LINE + 1, 1);
	verdict("LINT0, ExtINT, two with automatic EOI",
		ok && taken[0][PIC_VECTOR + LINE] == 1);
	insn_out8(LINE_PORT + 1, 0);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	insn_out8(0x21, 0xff);
}

static void run(unsigned tier)
{
	tier_name = tiers_name(tier);
	stop = false;
	cpu_ask(1, other_cpu);
	suppressed();
	untaken();
	rewritten();
	lint0();
	begin();
	stop = true;
	cpu_wait(1);
}

void guest_main(void)
{
	if (cpu_start_all() < 2) {
		guest_check(false, "two CPUs", "there is one");
		return;
	}
	trap_handle(VECTOR, on_line);
	trap_handle(OTHER_VECTOR, on_line);
	trap_handle(PIC_VECTOR + LINE, on_pic);
	trap_handle(PIC_VECTOR + LINE + 1, on_pic);
	trap_handle(TRAP_NMI, on_nmi);
	tiers_each(run);
}
