/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses whose outcome depends on the interrupts there are, those that two
 * accesses in one instruction make, and those that are no data.
 */
#include "guest/test/lab/lab.h"
#include "guest/test/lib/apic.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/ioapic.h"

#define LAB_HIGH      0x51
#define LAB_LEVEL     0x61
#define LAB_LINE      5 /* of the test device and the I/O APIC */
#define LAB_LINE_PORT (0x2000 + LAB_LINE)
#define LAB_TABLE     4096
#define LAB_WINDOW    (1ull << 39) /* where no RAM is mapped */
#define LAB_PRESENT   3u	   /* and writable */

extern uint64_t page_tables[]; /* lib/start.asm: the PML4 */

static void lab_event(const char *name, const struct hypercall *log,
		      char letter)
{
	print("LAB event %s %s %c", lab_name, name, letter);
	if (log->rbx)
		print(" %lu %lu 0x%lx", log->rbx, log->rcx, log->rdx);
	print("\n");
}

/* By the reason alone; tools/lab looks at the qualification. */
static char lab_event_letter(const struct hypercall *log, int trapped)
{
	static const struct {
		uint8_t reason;
		char letter;
	} row[] = {
		{EXIT_CR, 'C'},		 {EXIT_RDMSR, 'M'},
		{EXIT_WRMSR, 'M'},	 {EXIT_TPR, 'T'},
		{EXIT_EOI, 'O'},	 {EXIT_EPT, 'E'},
		{EXIT_APIC_ACCESS, 'A'}, {EXIT_APIC_WRITE, 'W'},
	};

	if (trapped != GUEST_NO_TRAP)
		return log->rbx ? 'G' : 'g';
	if (!log->rbx)
		return 'V';
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (log->rbx == 1 && log->rcx == row[i].reason)
			return row[i].letter;
	return '?';
}

/* What happened since the log was emptied, without a trap. */
static void lab_event_done(const char *name)
{
	struct hypercall log = hypercall_exit_log();

	lab_event(name, &log, lab_event_letter(&log, GUEST_NO_TRAP));
}

static void lab_event_write(const char *name, uint32_t offset, uint64_t value)
{
	int trapped = GUEST_NO_TRAP;
	struct hypercall log;

	hypercall_exit_log();
	if (cpu_this()->x2apic)
		trapped = trap_wrmsr(APIC_X2APIC_MSR + offset / 16, value);
	else
		apic_mmio_write(offset, (uint32_t)value);
	log = hypercall_exit_log();
	lab_event(name, &log, lab_event_letter(&log, trapped));
}

static void lab_event_cr8(const char *name, unsigned value)
{
	hypercall_exit_log();
	insn_write_cr8(value);
	lab_event_done(name);
}

/* Instructions that access the page twice. */
static void lab_doubles(void)
{
	volatile uint32_t *tpr = (volatile uint32_t *)(APIC_BASE + APIC_TPR);
	volatile uint32_t *svr = (volatile uint32_t *)(APIC_BASE + APIC_SVR);
	const volatile void *from = (void *)(APIC_BASE + APIC_ID);
	volatile void *to = tpr;

	hypercall_exit_log();
	__asm__ volatile("lock orl $0, %0" : "+m"(*tpr) : : "cc");
	lab_event_done("or-tpr");
	hypercall_exit_log();
	__asm__ volatile("orl $0, %0" : "+m"(*svr) : : "cc");
	lab_event_done("or-svr");
	/* The ID's low byte is 0: TPR stays 0. */
	hypercall_exit_log();
	__asm__ volatile("movsl" : "+S"(from), "+D"(to) : : "memory");
	lab_event_done("movs-id-tpr");
}

/*
 * What is no data access: a fetch from the page, which is #UD, and a walk
 * through it as a page table, which is a #PF for reserved bits.  Accesses while
 * an event is delivered are not tried: those end the VM.
 */
static void lab_no_data(void)
{
	static const uint8_t fetch[] = {/* MOV EAX, ID's address; CALL RAX */
					0xb8, APIC_ID, 0,   0xe0,
					0xfe, 0xff,    0xd0};
	static const uint8_t walk[] = {/* MOV RAX, [LAB_WINDOW] */
				       0x48, 0xa1, 0, 0, 0, 0, 0x80, 0, 0, 0};
	static uint64_t pdpt[512] __attribute__((aligned(LAB_TABLE)));
	static uint64_t pd[512] __attribute__((aligned(LAB_TABLE)));
	int trapped;

	hypercall_exit_log();
	trapped = trap_run(fetch, sizeof(fetch));
	lab_event_done("fetch");
	if (trapped != TRAP_UD)
		guest_check(false, lab_name, "fetch: vector %d", trapped);
	page_tables[LAB_WINDOW >> 39] = (uint64_t)pdpt | LAB_PRESENT;
	pdpt[0] = (uint64_t)pd | LAB_PRESENT;
	pd[0] = APIC_BASE | LAB_PRESENT;
	hypercall_exit_log();
	trapped = trap_run(walk, sizeof(walk));
	lab_event_done("walk");
	if (trapped != TRAP_PF)
		guest_check(false, lab_name, "walk: vector %d", trapped);
	page_tables[LAB_WINDOW >> 39] = 0;
}

static void lab_edge(struct trap_frame *f)
{
	(void)f;
	lab_event_write("eoi-edge", APIC_EOI, 0);
}

void lab_quiet(struct trap_frame *f)
{
	(void)f;
	insn_out8(LAB_LINE_PORT, 0);
	apic_eoi();
}

static void lab_level(struct trap_frame *f)
{
	(void)f;
	insn_out8(LAB_LINE_PORT, 0);
	lab_event_write("eoi-level", APIC_EOI, 0);
}

void lab_level_interrupt(void (*handler)(struct trap_frame *))
{
	uint64_t before = cpu_this()->count[LAB_LEVEL];

	trap_handle(LAB_LEVEL, handler);
	ioapic_route(LAB_LINE, cpu_this(), LAB_LEVEL | IOAPIC_LEVEL);
	insn_out8(LAB_LINE_PORT, 1);
	insn_window();
	if (cpu_this()->count[LAB_LEVEL] == before)
		guest_check(false, lab_name, "no level interrupt came");
	insn_out8(LAB_LINE_PORT, 0);
	ioapic_write(ioapic_entry(LAB_LINE), LAB_LEVEL | IOAPIC_MASKED);
}

void lab_events(void)
{
	trap_handle(LAB_LOW, lab_edge);
	lab_event_write("self-by-icr", APIC_ICR, APIC_ICR_SELF | LAB_LOW);
	insn_window();
	trap_handle(LAB_LOW, lab_quiet);
	lab_event_write("self-illegal", APIC_ICR, APIC_ICR_SELF | 0xf);
	lab_level_interrupt(lab_level);

	lab_event_cr8("cr8-raise", LAB_HIGH >> 4);
	hypercall_exit_log();
	(void)insn_read_cr8();
	lab_event_done("cr8-read");
	apic_send(0, APIC_ICR_SELF | LAB_LOW);
	lab_event_cr8("cr8-unblock", 0);
	insn_window();
	lab_event_write("tpr-raise", APIC_TPR, LAB_HIGH & 0xf0);
	apic_send(0, APIC_ICR_SELF | LAB_LOW);
	lab_event_write("tpr-unblock", APIC_TPR, 0);
	insn_window();
	if (!cpu_this()->x2apic) {
		lab_doubles();
		lab_no_data();
		return;
	}
	lab_event_write("self-by-83f", APIC_SELF_IPI, LAB_LOW);
	insn_window();
	lab_event_write("self-illegal-83f", APIC_SELF_IPI, 0xf);
	lab_event_write("self-reserved-83f", APIC_SELF_IPI, 0x100 | LAB_LOW);
	lab_event_write("tpr-reserved", APIC_TPR, 0x100);
	lab_event_write("eoi-reserved", APIC_EOI, 1);
}
