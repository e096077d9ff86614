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
#include "guest/test/lab/lab.h"
#include "guest/test/lib/apic.h"
#include "guest/test/lib/insn.h"

#define LAB_VERSION   2
#define LAB_REGISTERS 0x400
#define LAB_ODD_MAX   40 /* lines of a configuration */

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

const char *lab_name;
static unsigned lab_odd_count;
static uint64_t lab_hash;

void lab_odd(bool write, uint32_t where, unsigned size,
	     const struct hypercall *log)
{
	if (lab_odd_count++ < LAB_ODD_MAX)
		print("LAB odd %s %c %03x %u: %lu exits, %lu 0x%lx 0x%lx\n",
		      lab_name, write ? 'w' : 'r', where, size, log->rbx,
		      log->rcx, log->rdx, log->rsi);
}

void lab_hash_value(uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		lab_hash = (lab_hash ^ (value >> 8 * i & 0xff)) * 0x100000001b3;
}

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
