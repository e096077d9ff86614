/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What operations cost a guest, in TSC ticks: in the emulator, with its clock
 * not tied to the wall clock, these are instructions.  With one CPU that which
 * a CPU does alone is measured, with two IPIs.  Under Apical every tier is
 * measured in one boot, and exits are counted by reason in rounds of their own,
 * so that no hypercall lies within what is measured; elsewhere (QEMU's -kernel)
 * the ticks alone.  Everything is printed at the end, for the console must be
 * quiet meanwhile.  tools/bench makes the table.  QEMU needs -device pc-testdev
 * and -device isa-debug-exit,iobase=0xf4.
 *
 * With `count` on the command line, and not under Apical, nothing is timed:
 * between two writes to a port, the first of an ID and the second of 0, lies
 * one round each, for a host that counts the exits in between (tools/bench-kvm).
 *
 *   BENCH begin VERSION CPUS HYPERVISOR
 *   BENCH op NAME TIER MODE TICKS MEDIAN MIN MAX ROUNDS EXITS EXIT_ROUNDS
 *	[REASON:COUNT ...]
 *   BENCH other ... the same of the other CPU, which has exits alone
 *   BENCH marks KIND NAME TIER MODE ID ROUNDS	with `count`; KIND: op or other
 *   BENCH ticks IPIS_PER_TICK MODE TICKS EXITS ARMED_ALONE IPIS
 *   BENCH end
 *
 * BENCH ticks: of so many timer ticks at the best tier, while the other CPU sent
 * IPIs, ARMED_ALONE had no exit but that of arming the timer.
 *
 * TICKS (on average), MEDIAN, MIN and MAX are those of one operation; what
 * measuring nothing costs is taken off already.
 */
#include <stddef.h>

#include "guest/test/bench/bench.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/hypercall.h"

#define BENCH_VERSION	   2
#define BENCH_ROUNDS	   200
#define BENCH_WARM	   4
#define BENCH_EXIT_ROUNDS  8
#define BENCH_TIERS	   (HYPERCALL_TIER_POSTED + 1)
#define BENCH_MODES	   2
#define BENCH_OPS_MAX	   40
#define BENCH_EXIT_VMCALL  18
#define BENCH_MARK_PORT	   0xed /* nobody's, on a PC */
#define BENCH_MARK_OTHER   (1u << 16)
#define BENCH_ECX_X2APIC   (1u << 21)
#define BENCH_ECX_DEADLINE (1u << 24)

struct bench_result {
	const struct bench_op *op; /* NULL: not measured */
	int64_t sum, median, min, max;
	uint32_t rounds, exit_rounds, other_rounds;
	struct bench_exits exits, other;
};

static const char *const bench_tier_names[BENCH_TIERS] = {
	"emulate",  "tpr-shadow", "access-page",
	"register", "delivery",	  "posted",
};

bool bench_x2apic;

static bool bench_apical; /* hypercalls exist */
static bool bench_marks;  /* somebody else counts the exits */
static uint32_t bench_mark;
static int64_t bench_nothing;
static int64_t bench_samples[BENCH_ROUNDS];
static struct bench_result bench_results[BENCH_MODES][BENCH_TIERS]
					[BENCH_OPS_MAX];
static const uint8_t bench_rates[] = {1, 8}; /* IPIs per tick */
static struct bench_ticks bench_ticks[BENCH_MODES][sizeof(bench_rates)];

/* ---- exits ---- */

/* Since power-up; this many calls were made to learn it, each one exit. */
static void bench_exits_now(struct bench_exits *now)
{
	for (unsigned reason = 0; reason < BENCH_REASONS; reason++) {
		struct hypercall h = {.rax = HYPERCALL_EXIT_COUNT,
				      .rbx = reason};

		hypercall(&h);
		now->count[reason] = h.rax ? 0 : (uint32_t)h.rbx;
	}
}

void bench_exits_begin(struct bench_exits *sum)
{
	struct bench_exits now;

	if (bench_marks)
		insn_out32(BENCH_MARK_PORT,
			   cpu_this()->index ? bench_mark | BENCH_MARK_OTHER
					     : bench_mark);
	if (!bench_apical)
		return;
	bench_exits_now(&now);
	for (unsigned reason = 0; reason < BENCH_REASONS; reason++)
		sum->count[reason] -= now.count[reason];
	/* Calls from that one to the first look's end, and up to the second
	 * look at the same reason. */
	sum->count[BENCH_EXIT_VMCALL] -= BENCH_REASONS;
}

void bench_exits_end(struct bench_exits *sum)
{
	struct bench_exits now;

	if (bench_marks)
		insn_out32(BENCH_MARK_PORT, 0);
	if (!bench_apical)
		return;
	bench_exits_now(&now);
	for (unsigned reason = 0; reason < BENCH_REASONS; reason++)
		sum->count[reason] += now.count[reason];
}

/* ---- one operation ---- */

static int64_t bench_once(const struct bench_op *op)
{
	uint64_t start, end;

	if (op->prepare)
		op->prepare();
	bench_idle = 0;
	if (op->open)
		insn_sti();
	start = insn_rdtsc();
	op->run();
	end = insn_rdtsc();
	insn_cli();
	return (int64_t)(end - start - bench_idle);
}

static void bench_count_exits(const struct bench_op *op,
			      struct bench_exits *sum)
{
	if (op->prepare)
		op->prepare();
	bench_exits_begin(sum);
	if (op->open)
		insn_sti();
	op->run();
	insn_cli();
	bench_exits_end(sum);
}

/* Puts a value where it belongs among the first count ones, which are sorted. */
static void bench_insert(int64_t ticks, unsigned count)
{
	for (; count && bench_samples[count - 1] > ticks; count--)
		bench_samples[count] = bench_samples[count - 1];
	bench_samples[count] = ticks;
}

static void bench_time(const struct bench_op *op, struct bench_result *r)
{
	for (unsigned i = 0; i < r->rounds; i++) {
		int64_t ticks = bench_once(op) - bench_nothing;

		r->sum += ticks;
		bench_insert(ticks, i);
	}
	r->median = bench_samples[r->rounds / 2];
	r->min = bench_samples[0];
	r->max = bench_samples[r->rounds - 1];
}

static void bench_measure(const struct bench_op *op, struct bench_result *r)
{
	uint64_t taken = bench_taken, wanted;

	*r = (struct bench_result){.op = op};
	r->exit_rounds = bench_apical || bench_marks ? BENCH_EXIT_ROUNDS : 0;
	bench_mark = 1 + (uint32_t)(r - &bench_results[0][0][0]);
	for (unsigned i = 0; i < BENCH_WARM; i++)
		bench_once(op);
	if (!bench_marks) {
		r->rounds = op->rounds ? op->rounds : BENCH_ROUNDS;
		bench_time(op, r);
	}
	for (unsigned i = 0; i < r->exit_rounds; i++)
		bench_count_exits(op, &r->exits);
	wanted = op->taken * (BENCH_WARM + r->rounds + r->exit_rounds);
	if (bench_taken - taken != wanted)
		guest_check(false, op->name, "%lu interrupts, should be %lu",
			    bench_taken - taken, wanted);
}

/* ---- all operations, in one tier and mode ---- */

static unsigned bench_has(void)
{
	unsigned has = bench_x2apic ? BENCH_NEEDS_X2APIC : 0;

	if (insn_cpuid(1, 0).ecx & BENCH_ECX_DEADLINE)
		has |= BENCH_NEEDS_DEADLINE;
	if (!guest_on_tcg())
		has |= BENCH_NEEDS_VMCALL;
	return has;
}

static void bench_alone(struct bench_result *results)
{
	unsigned has = bench_has();

	bench_one_begin();
	bench_nothing = 0;
	for (unsigned i = 0; i < bench_one_count; i++) {
		if (bench_one[i].needs & ~has)
			continue;
		bench_measure(&bench_one[i], &results[i]);
		if (i == 0)
			bench_nothing = results[0].min;
	}
	bench_apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
}

static void bench_with_other(struct bench_result *results)
{
	bench_nothing = 0;
	bench_measure(&bench_one[0], &results[0]);
	bench_nothing = results[0].min;
	for (unsigned i = 0; i < bench_two_count; i++) {
		struct bench_result *r = &results[1 + i];
		uint64_t taken;

		bench_mark = 1 + (uint32_t)(r - &bench_results[0][0][0]);
		bench_two_begin(&bench_two[i]);
		taken = bench_taken;
		bench_measure(&bench_two[i], r);
		bench_two_end(&r->other);
		r->other_rounds = r->exit_rounds ? bench_taken - taken : 0;
	}
}

static void bench_mode(bool two, struct bench_result (*results)[BENCH_OPS_MAX],
		       struct bench_ticks *ticks)
{
	unsigned needs = BENCH_NEEDS_DEADLINE | BENCH_NEEDS_VMCALL;
	unsigned tiers = bench_apical ? BENCH_TIERS : 1;

	bench_irq_begin();
	if (two)
		bench_two_mode();
	for (unsigned tier = 0; tier < tiers; tier++) {
		if (bench_apical && !hypercall_tier(tier, 0, 0))
			continue;
		if (two)
			bench_with_other(results[tier]);
		else
			bench_alone(results[tier]);
	}
	if (!two || !bench_apical || needs & ~bench_has())
		return;
	for (unsigned i = 0; i < sizeof(bench_rates); i++)
		bench_two_ticks(bench_rates[i], &ticks[i]);
}

/* ---- what came out ---- */

/* What lies between which marks. */
static void bench_print_marks(const struct bench_result *r, const char *mode)
{
	uint32_t id = 1 + (uint32_t)(r - &bench_results[0][0][0]);

	print("BENCH marks op %s - %s %u %u\n", r->op->name, mode, id,
	      r->exit_rounds);
	if (r->other_rounds)
		print("BENCH marks other %s - %s %u %u\n", r->op->name, mode,
		      id | BENCH_MARK_OTHER, r->other_rounds);
}

static int64_t bench_rounded(int64_t sum, int64_t count)
{
	return (sum + (sum < 0 ? -count : count) / 2) / count;
}

static void bench_print_exits(const struct bench_exits *exits, uint32_t rounds)
{
	uint32_t total = 0;

	for (unsigned reason = 0; reason < BENCH_REASONS; reason++)
		total += exits->count[reason];
	print(" %u %u", total, rounds);
	for (unsigned reason = 0; reason < BENCH_REASONS; reason++)
		if (exits->count[reason])
			print(" %u:%u", reason, exits->count[reason]);
	print("\n");
}

static void bench_print(const struct bench_result *r, const char *tier,
			const char *mode)
{
	if (!r->op)
		return;
	if (bench_marks) {
		bench_print_marks(r, mode);
		return;
	}
	print("BENCH op %s %s %s %ld %ld %ld %ld %u", r->op->name, tier, mode,
	      bench_rounded(r->sum, r->rounds), r->median, r->min, r->max,
	      r->rounds);
	bench_print_exits(&r->exits, r->exit_rounds);
	if (!r->other_rounds)
		return;
	print("BENCH other %s %s %s 0 0 0 0 0", r->op->name, tier, mode);
	bench_print_exits(&r->other, r->other_rounds);
}

static void bench_print_all(void)
{
	for (unsigned mode = 0; mode < BENCH_MODES; mode++)
		for (unsigned tier = 0; tier < BENCH_TIERS; tier++)
			for (unsigned i = 0; i < BENCH_OPS_MAX; i++)
				bench_print(&bench_results[mode][tier][i],
					    bench_apical
						    ? bench_tier_names[tier]
						    : "-",
					    mode ? "x2apic" : "xapic");
}

static void bench_print_ticks(void)
{
	for (unsigned mode = 0; mode < BENCH_MODES; mode++) {
		for (unsigned i = 0; i < sizeof(bench_rates); i++) {
			const struct bench_ticks *t = &bench_ticks[mode][i];

			if (!t->ticks)
				continue;
			print("BENCH ticks %u %s %u %u %u %u\n", bench_rates[i],
			      mode ? "x2apic" : "xapic", t->ticks, t->exits,
			      t->armed_alone, t->ipis);
		}
	}
}

static bool bench_is_apical(void)
{
	struct insn_cpuid leaf = insn_cpuid(0x40000000, 0);

	return insn_cpuid(1, 0).ecx >> 31 && leaf.ebx == 0x63697041 &&
	       leaf.ecx == 0x70416c61 && leaf.edx == 0x6c616369;
}

void guest_main(void)
{
	bool two = cpu_count > 1;

	bench_apical = bench_is_apical();
	bench_marks = !bench_apical && guest_has_word("count");
	if (bench_apical && hypercall_tier_get().rax) {
		guest_check(false, "bench", "its VM needs `hypercalls = on`");
		return;
	}
	if (two && !bench_two_start()) {
		guest_check(false, "bench", "the other CPU did not start");
		return;
	}
	bench_mode(two, bench_results[0], bench_ticks[0]);
	if (insn_cpuid(1, 0).ecx & BENCH_ECX_X2APIC) {
		apic_to_x2apic();
		bench_x2apic = true;
		bench_mode(two, bench_results[1], bench_ticks[1]);
	}
	print("BENCH begin %u %u %s\n", BENCH_VERSION, cpu_count,
	      bench_apical ? "apical" : "other");
	bench_print_all();
	bench_print_ticks();
	print("BENCH end\n");
}
