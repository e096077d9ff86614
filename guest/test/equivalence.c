/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tier equivalence: two CPUs perform random sequences of APIC operations
 * (sequence.h) on every tier that the processor has, and on one that changes
 * all the time ("roam"); what they show must be what the reference
 * (sequence_model.h) shows.  Prints one line per tier and mode, with the hash
 * of all that was seen; of a seed that differs, the fewest operations that
 * still do.
 *
 * Words on the command line: "seeds=N" how many per tier and mode, "from=N"
 * the first of them.  Without hypercalls the tier is the one that there is.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/tiers.h"
#include "guest/test/sequence_generate.h"
#include "guest/test/sequence_model_machine.h"

#define EQUIVALENCE_SEEDS     1000
#define EQUIVALENCE_LOOKS     100000 /* for an interrupt that should come */
#define EQUIVALENCE_SHOWN     2	     /* differing seeds shown per line */
#define EQUIVALENCE_ROAM_EACH 8	     /* mean number of operations on one */
#define EQUIVALENCE_NEVER     UINT32_MAX

static const char *const equivalence_modes[] = {"xapic", "x2apic", "mixed"};
/* What both CPUs run; written by the boot CPU between two runs. */
static struct {
	struct sequence_op ops[SEQUENCE_LENGTH];
	uint32_t count;
	enum sequence_mode mode;
	bool roam;
	uint64_t roam_state;
} equivalence_job;

static volatile uint64_t equivalence_asked; /* jobs given */
static volatile uint64_t equivalence_ended; /* by the other CPU */
static volatile uint64_t equivalence_begun; /* CPUs that are in their start */
static volatile uint32_t equivalence_turn;  /* the operation that may run */

/* Each CPU follows both: the reference alone, the machine with the other. */
static struct sequence equivalence_is[SEQUENCE_CPUS];
static struct sequence equivalence_should[SEQUENCE_CPUS];
static struct model equivalence_model[SEQUENCE_CPUS];
static struct sequence_seen equivalence_seen[SEQUENCE_LENGTH];
static struct sequence_seen equivalence_wanted[SEQUENCE_LENGTH];
static uint32_t equivalence_known[SEQUENCE_CPUS][8]; /* IRR that is there */
static uint64_t equivalence_nmis[SEQUENCE_CPUS];     /* taken before the run */

/* ---- the machine ---- */

static bool equivalence_rdmsr(struct sequence *s, unsigned cpu, uint32_t msr,
			      uint64_t *value)
{
	(void)s;
	(void)cpu;
	return trap_rdmsr(msr, value) == GUEST_NO_TRAP;
}

static bool equivalence_wrmsr(struct sequence *s, unsigned cpu, uint32_t msr,
			      uint64_t value)
{
	(void)s;
	(void)cpu;
	return trap_wrmsr(msr, value) == GUEST_NO_TRAP;
}

static uint32_t equivalence_load(struct sequence *s, unsigned cpu,
				 uint64_t address)
{
	(void)s;
	(void)cpu;
	return *(volatile uint32_t *)address;
}

static void equivalence_store(struct sequence *s, unsigned cpu,
			      uint64_t address, uint32_t value)
{
	(void)s;
	(void)cpu;
	*(volatile uint32_t *)address = value;
}

static uint64_t equivalence_cr8_read(struct sequence *s, unsigned cpu)
{
	(void)s;
	(void)cpu;
	return insn_read_cr8();
}

static bool equivalence_cr8_write(struct sequence *s, unsigned cpu,
				  uint64_t value)
{
	(void)s;
	(void)cpu;
	return trap_write_cr8(value) == GUEST_NO_TRAP;
}

static void equivalence_interrupt(struct trap_frame *f)
{
	unsigned cpu = cpu_this()->index;

	sequence_interrupt(&equivalence_is[cpu], cpu, (uint8_t)f->vector);
}

/* The reference, which is one operation ahead, tells whether HLT may be. */
static bool equivalence_took_any(unsigned cpu)
{
	return equivalence_should[cpu].seen.count;
}

static void equivalence_window(struct sequence *s, unsigned cpu, bool halt)
{
	(void)s;
	if (halt && equivalence_took_any(cpu))
		insn_sleep();
	else
		insn_window();
}

static uint32_t equivalence_register(unsigned cpu, uint32_t offset)
{
	return (uint32_t)sequence_read(&equivalence_is[cpu], cpu, offset);
}

/* Waits until all that the reference has in IRR is there: interrupts from
 * others arrive when they will. */
static void equivalence_await_irr(unsigned cpu)
{
	const struct model_apic *a = &equivalence_model[cpu].apic[cpu];
	uint32_t *known = equivalence_known[cpu];
	uint32_t looks = 0;

	for (uint32_t word = 0; word < 8; word++) {
		uint32_t offset = SEQUENCE_IRR + word * 0x10;
		uint32_t wanted = a->irr[word] & ~known[word];

		while (wanted) {
			wanted &= ~equivalence_register(cpu, offset);
			if (looks++ == EQUIVALENCE_LOOKS)
				return;
		}
		known[word] = a->irr[word];
	}
}

static void equivalence_expire(struct sequence *s, unsigned cpu)
{
	(void)s;
	memset(equivalence_known[cpu], 0, sizeof(equivalence_known[cpu]));
	equivalence_await_irr(cpu);
}

static uint64_t equivalence_tsc(struct sequence *s, unsigned cpu)
{
	(void)s;
	(void)cpu;
	return insn_rdtsc();
}

/* Waits for as many as the reference has; then counts. */
static uint64_t equivalence_nmis_of(struct sequence *s, unsigned cpu)
{
	const struct model *m = &equivalence_model[cpu_this()->index];
	uint64_t wanted = m->apic[cpu].nmis;

	(void)s;
	for (uint32_t looks = 0; looks < EQUIVALENCE_LOOKS; looks++) {
		if (cpus[cpu].count[TRAP_NMI] - equivalence_nmis[cpu] >= wanted)
			break;
		insn_pause();
	}
	return cpus[cpu].count[TRAP_NMI] - equivalence_nmis[cpu];
}

static const struct sequence_machine equivalence_machine = {
	.rdmsr = equivalence_rdmsr,
	.wrmsr = equivalence_wrmsr,
	.load = equivalence_load,
	.store = equivalence_store,
	.cr8_read = equivalence_cr8_read,
	.cr8_write = equivalence_cr8_write,
	.window = equivalence_window,
	.expire = equivalence_expire,
	.tsc = equivalence_tsc,
	.nmis = equivalence_nmis_of,
};

/* ---- a run, on both CPUs ---- */

/* Another tier now and then. */
static void equivalence_roam(void)
{
	uint64_t *state = &equivalence_job.roam_state;

	if (!sequence_below(state, EQUIVALENCE_ROAM_EACH))
		tiers_roam(state);
}

static void equivalence_begin(unsigned cpu)
{
	struct sequence *is = &equivalence_is[cpu];

	model_begin(&equivalence_should[cpu], &equivalence_model[cpu],
		    equivalence_job.mode);
	memset(equivalence_known[cpu], 0, sizeof(equivalence_known[cpu]));
	*is = (struct sequence){.machine = &equivalence_machine};
	sequence_begin(is, cpu, equivalence_job.mode);
	equivalence_nmis[cpu] = cpus[cpu].count[TRAP_NMI];
	__atomic_add_fetch(&equivalence_begun, 1, __ATOMIC_SEQ_CST);
	while (equivalence_begun % SEQUENCE_CPUS)
		insn_pause();
}

static void equivalence_act(unsigned cpu, uint32_t index)
{
	const struct sequence_op *op = &equivalence_job.ops[index];

	while (equivalence_turn != index)
		insn_pause();
	equivalence_await_irr(cpu);
	if (equivalence_job.roam)
		equivalence_roam();
	sequence_step(&equivalence_should[cpu], op);
	sequence_step(&equivalence_is[cpu], op);
	memcpy(equivalence_known[cpu], equivalence_model[cpu].apic[cpu].irr,
	       sizeof(equivalence_known[cpu]));
	equivalence_seen[index] = equivalence_is[cpu].seen;
	equivalence_wanted[index] = equivalence_should[cpu].seen;
	equivalence_turn = index + 1;
}

static void equivalence_run(unsigned cpu)
{
	equivalence_begin(cpu);
	for (uint32_t i = 0; i < equivalence_job.count; i++) {
		if (equivalence_job.ops[i].cpu == cpu)
			equivalence_act(cpu, i);
		else
			sequence_step(&equivalence_should[cpu],
				      &equivalence_job.ops[i]);
	}
}

static void equivalence_follow(void)
{
	for (uint64_t job = 1;; job++) {
		while (equivalence_asked < job)
			insn_pause();
		equivalence_run(cpu_this()->index);
		equivalence_ended = job;
	}
}

/* Runs the job; the index of the first operation that differs, or never. */
static uint32_t equivalence_differs(void)
{
	equivalence_turn = 0;
	__atomic_add_fetch(&equivalence_asked, 1, __ATOMIC_SEQ_CST);
	equivalence_run(0);
	while (equivalence_ended < equivalence_asked)
		insn_pause();
	for (uint32_t i = 0; i < equivalence_job.count; i++)
		if (equivalence_seen[i].hash != equivalence_wanted[i].hash)
			return i;
	return EQUIVALENCE_NEVER;
}

static void equivalence_make(uint64_t seed, enum sequence_mode mode, bool roam)
{
	sequence_generate(seed, mode, equivalence_job.ops);
	equivalence_job.count = SEQUENCE_LENGTH;
	equivalence_job.mode = mode;
	equivalence_job.roam = roam;
	equivalence_job.roam_state = seed + 1;
}

/* ---- a seed that differs ---- */

/* The same without the operation at index; true if it still differs. */
static bool equivalence_drop(uint32_t index)
{
	static struct sequence_op kept[SEQUENCE_LENGTH];
	uint32_t count = equivalence_job.count;

	memcpy(kept, equivalence_job.ops, sizeof(kept));
	for (uint32_t i = index; i + 1 < count; i++)
		equivalence_job.ops[i] = kept[i + 1];
	equivalence_job.count = count - 1;
	if (equivalence_differs() != EQUIVALENCE_NEVER)
		return true;
	memcpy(equivalence_job.ops, kept, sizeof(kept));
	equivalence_job.count = count;
	return false;
}

static void equivalence_print_op(const struct sequence_op *op)
{
	print("  CPU %u: %s 0x%x, 0x%lx\n", op->cpu,
	      sequence_kind_names[op->kind], op->a, op->value);
}

static void equivalence_print_seen(const char *what,
				   const struct sequence_seen *seen)
{
	print("  %s:", what);
	for (uint32_t i = 0; i < seen->count && i < SEQUENCE_VALUES; i++)
		print(" 0x%lx", seen->value[i]);
	print(" (%u)\n", seen->count);
}

/* While roaming tiers the state of the random numbers goes with the count of
 * operations, so nothing is dropped there but the end. */
static void equivalence_shrink(uint64_t seed, uint32_t at)
{
	uint32_t last = at;

	equivalence_job.count = at + 1;
	if (!equivalence_job.roam)
		for (uint32_t i = at; i-- > 0;)
			equivalence_drop(i);
	equivalence_job.roam_state = seed + 1;
	last = equivalence_differs();
	print("seed %lu differs at operation %u of these:\n", seed, last);
	for (uint32_t i = 0; i < equivalence_job.count; i++)
		equivalence_print_op(&equivalence_job.ops[i]);
	if (last == EQUIVALENCE_NEVER) {
		print("  but not when it runs again\n");
		return;
	}
	equivalence_print_seen("seen", &equivalence_seen[last]);
	equivalence_print_seen("should be", &equivalence_wanted[last]);
}

/* ---- all of them ---- */

static uint64_t equivalence_hash(uint64_t hash)
{
	for (uint32_t i = 0; i < equivalence_job.count; i++)
		hash = sequence_mix(hash, equivalence_seen[i].hash);
	return hash;
}

static uint64_t equivalence_from, equivalence_count;

static void equivalence_seeds(unsigned tier, enum sequence_mode mode)
{
	uint64_t end = equivalence_from + equivalence_count, hash = 0;
	uint32_t wrong = 0;

	for (uint64_t seed = equivalence_from; seed < end; seed++) {
		uint32_t at;

		equivalence_make(seed, mode, tier == TIERS_ROAM);
		at = equivalence_differs();
		hash = equivalence_hash(hash);
		if (at != EQUIVALENCE_NEVER && wrong++ < EQUIVALENCE_SHOWN)
			equivalence_shrink(seed, at);
	}
	guest_check(!wrong, "equivalence",
		    "%s %s, seeds %lu to %lu: hash %016lx, %u differ",
		    tiers_name(tier), equivalence_modes[mode], equivalence_from,
		    end - 1, hash, wrong);
}

static void equivalence_tier(unsigned tier)
{
	for (int mode = 0; mode < SEQUENCE_MODES; mode++)
		equivalence_seeds(tier, mode);
}

/* All lines of both 8259s masked: a disabled APIC lets them through. */
static void equivalence_mask_pic(void)
{
	insn_out8(0x20, 0x11);
	insn_out8(0x21, 0x20);
	insn_out8(0x21, 0x04);
	insn_out8(0x21, 0x01);
	insn_out8(0xa0, 0x11);
	insn_out8(0xa1, 0x28);
	insn_out8(0xa1, 0x02);
	insn_out8(0xa1, 0x01);
	insn_out8(0x21, 0xff);
	insn_out8(0xa1, 0xff);
}

void guest_main(void)
{
	for (unsigned page = 0; page < SEQUENCE_RAM_PAGES; page++) {
		uint32_t address = SEQUENCE_RAM + page * 4096;

		for (uint32_t offset = 0; offset < 4096; offset += 4)
			*(volatile uint32_t *)(uint64_t)(address + offset) =
				MODEL_MARK + address;
	}
	equivalence_mask_pic();
	if (cpu_start_all() < SEQUENCE_CPUS) {
		guest_check(false, "equivalence", "needs two CPUs");
		return;
	}
	for (unsigned v = SEQUENCE_NO_VECTOR; v < GUEST_VECTORS; v++)
		trap_handle(v, equivalence_interrupt);
	cpu_ask(1, equivalence_follow);
	equivalence_from = guest_number("from=", 0);
	equivalence_count = guest_number("seeds=", EQUIVALENCE_SEEDS);
	tiers_each(equivalence_tier);
}
