/* SPDX-License-Identifier: BSD-2-Clause */
/* Every access to the local APIC by its place: the page, and the MSRs. */
#include "guest/test/lab/lab.h"
#include "guest/test/lib/apic.h"
#include "guest/test/lib/insn.h"

#define LAB_PAGE	  4096
#define LAB_MSRS	  256
#define LAB_WIDTHS	  4
#define EPT_QUALIFICATION 0x1bf /* read, write, fetch, rights, linear */
#define EPT_OF_LINEAR	  0x180
#define ACCESS_OF_WRITE	  0x1000

static uint8_t lab_image[LAB_PAGE]; /* what writes store */
static char lab_outcome[LAB_WIDTHS][LAB_PAGE];

/* ---- one access, and what became of it ---- */

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
void lab_prepare(void)
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

void lab_page(bool write)
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

void lab_msrs(bool write)
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
