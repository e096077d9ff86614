/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The APIC lab: what the processor does with each access to the local APIC,
 * under each set of APIC-virtualization controls.  In xAPIC mode every offset
 * of the page by 1, 2, 4 and 8 bytes, read and written; with the word x2apic
 * on the command line every MSR from 800H to 8FFH instead; and accesses whose
 * outcome depends on the interrupts there are.
 *
 * This program knows no expectation; tools/lab has one.  It prints, for both:
 *
 *   LAB page CONFIG r|w FIRST-LAST 1:S 2:S 4:S 8:S
 *	S has the outcome for each of the 16 offsets within 16 bytes, a letter
 *	with how often it repeats; FIRST-LAST are 16-byte regions alike.
 *   LAB msr CONFIG r|w FIRST:LETTER ...	up to the next FIRST, or 8FFH
 *   LAB event CONFIG NAME LETTER [EXITS REASON QUALIFICATION]
 *   LAB sum CONFIG HASH		of all values read, also after the writes
 *   LAB odd CONFIG r|w OFFSET|MSR BYTES: ...	what LETTER ? stands for
 *
 *   V no exit			A APIC-access exit (44)
 *   W APIC-write exit (56)		E EPT violation (48)
 *   T TPR below threshold (43)	O virtualized EOI (45)
 *   C control-register access (28)	M RDMSR (31) or WRMSR (32)
 *   G #GP after M			g #GP without exit
 *   - not tried: crosses the page	? anything else
 * A letter stands only for an exit whose qualification is what it must be.
 *
 * Nothing is changed by the writes: each stores what is there, or is sent to
 * nobody.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/hypercall.h"
#include "guest/test/lib/insn.h"

#define LAB_VERSION	  2
#define LAB_PAGE	  4096
#define LAB_REGISTERS	  0x400
#define LAB_BLOCK	  16
#define LAB_MSRS	  256
#define LAB_WIDTHS	  4
#define LAB_ODD_MAX	  40 /* lines of a configuration */
#define LAB_LOW		  0x41
#define LAB_HIGH	  0x51
#define LAB_LEVEL	  0x61
#define LAB_NOBODY	  0x0e /* an APIC ID that no vCPU has */
#define LAB_LINE	  5    /* of the test device and the I/O APIC */
#define LAB_LINE_PORT	  (0x2000 + LAB_LINE)
#define LAB_IOAPIC_SELECT (*(volatile uint32_t *)0xfec00000)
#define LAB_IOAPIC_WINDOW (*(volatile uint32_t *)0xfec00010)
#define LAB_IOAPIC_PIN	  (0x10 + 2 * LAB_LINE)
#define LAB_IOAPIC_LEVEL  (1u << 15)
#define LAB_IOAPIC_MASKED (1u << 16)
#define LAB_WINDOW	  (1ull << 39) /* where no RAM is mapped */
#define LAB_PRESENT	  3u	       /* and writable */

#define EXIT_CR		  28
#define EXIT_RDMSR	  31
#define EXIT_WRMSR	  32
#define EXIT_TPR	  43
#define EXIT_APIC_ACCESS  44
#define EXIT_EOI	  45
#define EXIT_EPT	  48
#define EXIT_APIC_WRITE	  56
#define EPT_QUALIFICATION 0x1bf /* read, write, fetch, rights, linear */
#define EPT_OF_LINEAR	  0x180
#define ACCESS_OF_WRITE	  0x1000

/* A set of controls: a tier, and what is switched apart from it. */
struct lab_config {
	const char *name;
	uint32_t tier, on, off;
};

static const struct lab_config lab_configs[] = {
	{"emulate", HYPERCALL_TIER_EMULATE, 0, 0},
	{"tpr-shadow", HYPERCALL_TIER_TPR_SHADOW, 0, 0},
	{"no-shadow", HYPERCALL_TIER_ACCESS_PAGE, 0,
	 HYPERCALL_CONTROL_TPR_SHADOW},
	{"access-page", HYPERCALL_TIER_ACCESS_PAGE, 0, 0},
	{"register", HYPERCALL_TIER_REGISTER, 0, 0},
	{"delivery-only", HYPERCALL_TIER_DELIVERY, 0,
	 HYPERCALL_CONTROL_REGISTER},
	{"delivery", HYPERCALL_TIER_DELIVERY, 0, 0},
	{"posted", HYPERCALL_TIER_POSTED, 0, 0},
};

extern uint64_t page_tables[]; /* lib/start.asm: the PML4 */

static const char *lab_name; /* of the configuration in force */
static unsigned lab_odd_count;
static uint64_t lab_hash;
static uint8_t lab_image[LAB_PAGE]; /* what writes store */
static char lab_outcome[LAB_WIDTHS][LAB_PAGE];

/* ---- one access, and what became of it ---- */

static void lab_odd(bool write, uint32_t where, unsigned size,
		    const struct hypercall *log)
{
	if (lab_odd_count++ < LAB_ODD_MAX)
		print("LAB odd %s %c %03x %u: %lu exits, %lu 0x%lx 0x%lx\n",
		      lab_name, write ? 'w' : 'r', where, size, log->rbx,
		      log->rcx, log->rdx, log->rsi);
}

static void lab_hash_value(uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		lab_hash = (lab_hash ^ (value >> 8 * i & 0xff)) * 0x100000001b3;
}

/* An access of the page at offset. */
static char lab_page_letter(const struct hypercall *log, uint32_t offset,
			    bool write)
{
	if (!log->rbx)
		return 'V';
	if (log->rbx > 1)
		return '?';
	if (log->rcx == EXIT_APIC_ACCESS &&
	    log->rdx == (offset | (write ? ACCESS_OF_WRITE : 0)))
		return 'A';
	if (log->rcx == EXIT_APIC_WRITE && write && log->rdx == offset)
		return 'W';
	if (log->rcx == EXIT_EPT &&
	    (log->rdx & EPT_QUALIFICATION) ==
		    (uint64_t)(EPT_OF_LINEAR | (write ? 2 : 1)) &&
	    log->rsi == APIC_BASE + offset)
		return 'E';
	return '?';
}

static uint64_t lab_read(uint64_t address, unsigned size)
{
	uint64_t value = 0;

	switch (size) {
	case 1:
		__asm__ volatile("movb (%1), %b0"
				 : "+q"(value)
				 : "r"(address)
				 : "memory");
		break;
	case 2:
		__asm__ volatile("movw (%1), %w0"
				 : "+r"(value)
				 : "r"(address)
				 : "memory");
		break;
	case 4:
		__asm__ volatile("movl (%1), %k0"
				 : "+r"(value)
				 : "r"(address)
				 : "memory");
		break;
	default:
		__asm__ volatile("movq (%1), %0"
				 : "+r"(value)
				 : "r"(address)
				 : "memory");
	}
	return value;
}

static void lab_write(uint64_t address, unsigned size, uint64_t value)
{
	switch (size) {
	case 1:
		__asm__ volatile("movb %b0, (%1)"
				 :
				 : "q"(value), "r"(address)
				 : "memory");
		break;
	case 2:
		__asm__ volatile("movw %w0, (%1)"
				 :
				 : "r"(value), "r"(address)
				 : "memory");
		break;
	case 4:
		__asm__ volatile("movl %k0, (%1)"
				 :
				 : "r"(value), "r"(address)
				 : "memory");
		break;
	default:
		__asm__ volatile("movq %0, (%1)"
				 :
				 : "r"(value), "r"(address)
				 : "memory");
	}
}

/* The log is empty before and after. */
static char lab_try(uint32_t offset, unsigned size, bool write)
{
	uint64_t value = 0;
	struct hypercall log;
	char letter;

	if (offset + size > LAB_PAGE)
		return '-';
	if (write) {
		memcpy(&value, lab_image + offset, size);
		lab_write(APIC_BASE + offset, size, value);
	} else {
		value = lab_read(APIC_BASE + offset, size);
	}
	log = hypercall_exit_log();
	if (!write)
		lab_hash_value(value);
	letter = lab_page_letter(&log, offset, write);
	if (letter == '?') {
		lab_odd(write, offset, size, &log);
		hypercall_exit_log();
	}
	return letter;
}

/* ---- the page ---- */

static void lab_set(uint32_t offset, uint32_t value)
{
	memcpy(lab_image + offset, &value, sizeof(value));
}

/* What each register holds, so that writing any part of it changes nothing;
 * the ICR's message is for an ID that nobody has. */
static void lab_prepare(void)
{
	static const uint16_t masked[] = {APIC_LVT_TIMER, APIC_LVT_THERMAL,
					  APIC_LVT_PERF,  APIC_LVT_LINT0,
					  APIC_LVT_LINT1, APIC_LVT_ERROR};

	lab_set(APIC_ID, apic_read(APIC_ID));
	lab_set(APIC_VERSION, apic_read(APIC_VERSION));
	lab_set(APIC_DFR, 0xffffffff);
	lab_set(APIC_SVR, APIC_SVR_ENABLE | APIC_SPURIOUS_VECTOR);
	lab_set(APIC_ICR, LAB_LOW);
	lab_set(APIC_ICR_HIGH, LAB_NOBODY << 24);
	for (unsigned i = 0; i < sizeof(masked) / sizeof(masked[0]); i++)
		lab_set(masked[i], APIC_LVT_MASKED);
	for (unsigned i = 0; i < sizeof(masked) / sizeof(masked[0]); i++)
		apic_write(masked[i], APIC_LVT_MASKED);
	apic_send(LAB_NOBODY, LAB_LOW);
	/* Twice, so that no error is left for the next to show. */
	apic_write(APIC_ESR, 0);
	apic_write(APIC_ESR, 0);
}

static bool lab_same_block(uint32_t a, uint32_t b)
{
	for (unsigned width = 0; width < LAB_WIDTHS; width++)
		for (unsigned i = 0; i < LAB_BLOCK; i++)
			if (lab_outcome[width][a + i] !=
			    lab_outcome[width][b + i])
				return false;
	return true;
}

static void lab_print_block(const char *outcome)
{
	for (unsigned i = 0, run; i < LAB_BLOCK; i += run) {
		for (run = 1;
		     i + run < LAB_BLOCK && outcome[i + run] == outcome[i];)
			run++;
		if (run > 1)
			print("%c%u", outcome[i], run);
		else
			print("%c", outcome[i]);
	}
}

static void lab_print_page(bool write)
{
	for (uint32_t first = 0, end; first < LAB_PAGE; first = end) {
		end = first + LAB_BLOCK;
		while (end < LAB_PAGE && lab_same_block(first, end))
			end += LAB_BLOCK;
		print("LAB page %s %c %03x-%03x", lab_name, write ? 'w' : 'r',
		      first, end - 1);
		for (unsigned width = 0; width < LAB_WIDTHS; width++) {
			print(" %u:", 1u << width);
			lab_print_block(lab_outcome[width] + first);
		}
		print("\n");
	}
}

static void lab_page(bool write)
{
	hypercall_exit_log();
	for (unsigned width = 0; width < LAB_WIDTHS; width++)
		for (uint32_t offset = 0; offset < LAB_PAGE; offset++)
			lab_outcome[width][offset] =
				lab_try(offset, 1u << width, write);
	lab_print_page(write);
}

/* ---- the MSRs ---- */

static char lab_msr_letter(const struct hypercall *log, bool write, int trapped)
{
	bool gp = trapped == TRAP_GP;

	if (trapped != GUEST_NO_TRAP && !gp)
		return '?';
	if (!log->rbx)
		return gp ? 'g' : 'V';
	if (log->rbx == 1 && log->rcx == (write ? EXIT_WRMSR : EXIT_RDMSR))
		return gp ? 'G' : 'M';
	return '?';
}

static char lab_try_msr(uint32_t msr, bool write, uint64_t value)
{
	struct hypercall log;
	int trapped;
	char letter;

	hypercall_exit_log();
	trapped = write ? trap_wrmsr(msr, value) : trap_rdmsr(msr, &value);
	log = hypercall_exit_log();
	if (!write && trapped == GUEST_NO_TRAP)
		lab_hash_value(value);
	letter = lab_msr_letter(&log, write, trapped);
	if (letter == '?')
		lab_odd(write, msr, 8, &log);
	return letter;
}

/* What a write of the MSR stores. */
static uint64_t lab_msr_value(uint32_t msr)
{
	uint32_t offset = (msr - APIC_X2APIC_MSR) * 16;

	if (offset == APIC_ICR)
		return (uint64_t)LAB_NOBODY << 32 | LAB_LOW;
	if (offset == APIC_SELF_IPI)
		return LAB_LOW; /* taken before the next is tried */
	return *(const uint32_t *)(lab_image + offset);
}

static void lab_msrs(bool write)
{
	static char outcome[LAB_MSRS];

	for (uint32_t i = 0; i < LAB_MSRS; i++) {
		uint32_t msr = APIC_X2APIC_MSR + i;

		outcome[i] = lab_try_msr(msr, write, lab_msr_value(msr));
		insn_window();
	}
	print("LAB msr %s %c", lab_name, write ? 'w' : 'r');
	for (uint32_t i = 0; i < LAB_MSRS; i++)
		if (!i || outcome[i] != outcome[i - 1])
			print(" %03x:%c", APIC_X2APIC_MSR + i, outcome[i]);
	print("\n");
}

/* ---- accesses whose outcome depends on interrupts ---- */

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
	static uint64_t pdpt[512] __attribute__((aligned(LAB_PAGE)));
	static uint64_t pd[512] __attribute__((aligned(LAB_PAGE)));
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

static void lab_quiet(struct trap_frame *f)
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

static void lab_ioapic(uint32_t index, uint32_t value)
{
	LAB_IOAPIC_SELECT = index;
	LAB_IOAPIC_WINDOW = value;
}

static void lab_level_interrupt(void (*handler)(struct trap_frame *))
{
	uint64_t before = cpu_this()->count[LAB_LEVEL];

	trap_handle(LAB_LEVEL, handler);
	lab_ioapic(LAB_IOAPIC_PIN + 1, cpu_this()->apic_id << 24);
	lab_ioapic(LAB_IOAPIC_PIN, LAB_LEVEL | LAB_IOAPIC_LEVEL);
	insn_out8(LAB_LINE_PORT, 1);
	insn_window();
	if (cpu_this()->count[LAB_LEVEL] == before)
		guest_check(false, lab_name, "no level interrupt came");
	insn_out8(LAB_LINE_PORT, 0);
	lab_ioapic(LAB_IOAPIC_PIN, LAB_LEVEL | LAB_IOAPIC_MASKED);
}

static void lab_events(void)
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

/* ---- one configuration after the other ---- */

static void lab_read_back(uint32_t offset)
{
	uint64_t value = 0;

	if (!cpu_this()->x2apic)
		value = apic_mmio_read(offset);
	else if (trap_rdmsr(APIC_X2APIC_MSR + offset / 16, &value) !=
		 GUEST_NO_TRAP)
		return;
	lab_hash_value(value);
}

static void lab_run(const struct lab_config *config)
{
	bool x2apic = cpu_this()->x2apic;
	struct hypercall now;

	lab_name = config->name;
	lab_odd_count = 0;
	if (!hypercall_tier(config->tier, config->on, config->off)) {
		print("LAB config %s none\n", lab_name);
		return;
	}
	now = hypercall_tier_get();
	print("LAB config %s 0x%lx 0x%lx\n", lab_name, now.rdx, now.rsi);
	lab_hash = 0xcbf29ce484222325;
	for (unsigned write = 0; write < 2; write++) {
		lab_prepare();
		if (x2apic)
			lab_msrs(write);
		else
			lab_page(write);
	}
	for (uint32_t offset = 0; offset < LAB_REGISTERS; offset += LAB_BLOCK)
		lab_read_back(offset);
	print("LAB sum %s %016lx\n", lab_name, lab_hash);
	lab_events();
	if (lab_odd_count > LAB_ODD_MAX)
		print("LAB odd %s: %u more\n", lab_name,
		      lab_odd_count - LAB_ODD_MAX);
}

void guest_main(void)
{
	bool x2apic = guest_has_word("x2apic");
	struct hypercall now = {0};

	if (guest_on_tcg()) {
		guest_skip("lab", "it needs Apical");
		return;
	}
	now = hypercall_tier_get();
	if (now.rax) {
		guest_check(false, "lab", "its VM needs `hypercalls = on`");
		return;
	}
	if (x2apic) {
		if (!(insn_cpuid(1, 0).ecx >> 21 & 1)) {
			guest_check(false, "lab", "its VM needs `x2apic = on`");
			return;
		}
		apic_to_x2apic();
	}
	print("LAB begin %u %s, CPU %x, best tier %lu\n", LAB_VERSION,
	      x2apic ? "x2apic" : "xapic", insn_cpuid(1, 0).eax, now.rcx);
	trap_handle(LAB_LOW, lab_quiet);
	/* TMR keeps its bit: from here on it reads the same. */
	lab_name = "before";
	lab_level_interrupt(lab_quiet);
	for (unsigned i = 0; i < sizeof(lab_configs) / sizeof(lab_configs[0]);
	     i++)
		lab_run(&lab_configs[i]);
	print("LAB end %s\n", x2apic ? "x2apic" : "xapic");
}
