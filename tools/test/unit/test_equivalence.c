/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual local APIC against the reference model of the test guest
 * equivalence: both must show the same for random sequences of operations.
 * The guest compares the same reference with the whole hypervisor, tier by
 * tier.  With arguments FIRST and COUNT it prints the hashes of those seeds, as
 * the guest does.
 */
#include <stdio.h>
#include <stdlib.h>

#include "guest/test/sequence_generate.h"
#include "guest/test/sequence_model_machine.h"
#include "tools/test/unit/test_vlapic.h"

#define SEEDS 3000

static const char *const mode_names[] = {"xapic", "x2apic", "mixed"};

struct machine {
	struct apic apic[SEQUENCE_CPUS];
	uint64_t nmis[SEQUENCE_CPUS];
	uint64_t tsc;
};

static struct machine *machine_of(struct sequence *s)
{
	return s->owner;
}

static struct vlapic *vlapic_of(struct sequence *s, unsigned cpu)
{
	return &machine_of(s)->apic[cpu].v;
}

static void post(struct machine *m, unsigned cpu,
		 const struct vlapic_message *i)
{
	if (i->delivery_mode <= VLAPIC_LOWEST_PRIORITY)
		vlapic_post(&m->apic[cpu].v, i->vector, i->level);
	else if (i->delivery_mode == VLAPIC_NMI)
		m->nmis[cpu]++;
	else
		fail_msg("message of mode %u", i->delivery_mode);
}

/* As hv/vm.c sends. */
static void send(struct machine *m, unsigned sender,
		 const struct vlapic_message *i)
{
	int best = -1;

	for (unsigned cpu = 0; cpu < SEQUENCE_CPUS; cpu++) {
		struct vlapic *v = &m->apic[cpu].v;

		if (!vlapic_matches(v, i, &m->apic[sender].v))
			continue;
		if (i->delivery_mode != VLAPIC_LOWEST_PRIORITY) {
			post(m, cpu, i);
			continue;
		}
		if (!vlapic_accepts(v))
			continue;
		if (best < 0 || vlapic_arbitration(v) <
					vlapic_arbitration(&m->apic[best].v))
			best = (int)cpu;
	}
	if (best >= 0)
		post(m, (unsigned)best, i);
}

/* Performs an effect, as vmx/apicv.c does.  False for #GP. */
static bool perform(struct sequence *s, unsigned cpu, struct vlapic_effect e)
{
	struct machine *m = machine_of(s);

	if (e.kind == VLAPIC_EFFECT_GP)
		return false;
	assert_int_not_equal(e.kind, VLAPIC_EFFECT_EOI);
	if (e.kind == VLAPIC_EFFECT_IPI)
		send(m, cpu, &vlapic_of(s, cpu)->message);
	vlapic_timer_expire(vlapic_of(s, cpu), m->tsc);
	for (unsigned i = 0; i < SEQUENCE_CPUS; i++)
		vlapic_merge(vlapic_of(s, i));
	return true;
}

static bool machine_rdmsr(struct sequence *s, unsigned cpu, uint32_t msr,
			  uint64_t *value)
{
	struct vlapic *v = vlapic_of(s, cpu);

	if (msr == MSR_IA32_APIC_BASE) {
		*value = v->base_msr;
		return true;
	}
	if (msr == MSR_IA32_TSC_DEADLINE) {
		*value = vlapic_deadline_read(v, machine_of(s)->tsc);
		return true;
	}
	return perform(s, cpu,
		       vlapic_msr_read(v, msr, machine_of(s)->tsc, value));
}

static bool machine_wrmsr(struct sequence *s, unsigned cpu, uint32_t msr,
			  uint64_t value)
{
	struct vlapic *v = vlapic_of(s, cpu);
	uint64_t tsc = machine_of(s)->tsc++;

	if (msr == MSR_IA32_APIC_BASE)
		return perform(s, cpu, vlapic_base_write(v, value));
	if (msr == MSR_IA32_TSC_DEADLINE)
		return perform(s, cpu, vlapic_deadline_write(v, tsc, value));
	return perform(
		s, cpu,
		vlapic_effect_at(v, vlapic_msr_write(v, msr, value), tsc));
}

static bool is_apic(struct sequence *s, unsigned cpu, uint64_t address)
{
	struct vlapic *v = vlapic_of(s, cpu);

	return vlapic_mode(v) == VLAPIC_MODE_XAPIC &&
	       (address & ~0xfffull) == vlapic_base_address(v);
}

static uint32_t machine_load(struct sequence *s, unsigned cpu, uint64_t address)
{
	uint32_t value;

	if (!is_apic(s, cpu, address))
		return (address & ~0xfffull) == SEQUENCE_BASE
			       ? 0xffffffff
			       : MODEL_MARK + (uint32_t)(address & ~0xfffull);
	perform(s, cpu,
		vlapic_read(vlapic_of(s, cpu), address & 0xfff,
			    machine_of(s)->tsc, &value));
	return value;
}

static void machine_store(struct sequence *s, unsigned cpu, uint64_t address,
			  uint32_t value)
{
	struct vlapic *v = vlapic_of(s, cpu);

	if (is_apic(s, cpu, address))
		perform(s, cpu,
			vlapic_effect_at(
				v, vlapic_write(v, address & 0xfff, value),
				machine_of(s)->tsc++));
}

static uint64_t machine_cr8_read(struct sequence *s, unsigned cpu)
{
	return vlapic_cr8_read(vlapic_of(s, cpu));
}

static bool machine_cr8_write(struct sequence *s, unsigned cpu, uint64_t value)
{
	if (value > 15)
		return false;
	vlapic_cr8_write(vlapic_of(s, cpu), (uint8_t)value);
	return true;
}

static void machine_window(struct sequence *s, unsigned cpu, bool halt)
{
	int vector;

	(void)halt;
	while ((vector = vlapic_pending(vlapic_of(s, cpu))) >= 0) {
		vlapic_deliver(vlapic_of(s, cpu), (uint8_t)vector);
		sequence_interrupt(s, cpu, (uint8_t)vector);
	}
}

static void machine_expire(struct sequence *s, unsigned cpu)
{
	machine_of(s)->tsc += 30000;
	vlapic_timer_expire(vlapic_of(s, cpu), machine_of(s)->tsc);
}

static uint64_t machine_tsc(struct sequence *s, unsigned cpu)
{
	(void)cpu;
	return machine_of(s)->tsc;
}

static uint64_t machine_nmis(struct sequence *s, unsigned cpu)
{
	return machine_of(s)->nmis[cpu];
}

static const struct sequence_machine machine = {
	.rdmsr = machine_rdmsr,
	.wrmsr = machine_wrmsr,
	.load = machine_load,
	.store = machine_store,
	.cr8_read = machine_cr8_read,
	.cr8_write = machine_cr8_write,
	.window = machine_window,
	.expire = machine_expire,
	.tsc = machine_tsc,
	.nmis = machine_nmis,
};

static struct machine the_machine;
static struct model the_model;

static void begin(struct sequence *s, enum sequence_mode mode)
{
	*s = (struct sequence){.machine = &machine, .owner = &the_machine};
	the_machine.tsc = 1000;
	for (unsigned cpu = 0; cpu < SEQUENCE_CPUS; cpu++) {
		apic_power_up(&the_machine.apic[cpu], cpu);
		the_machine.nmis[cpu] = 0;
	}
	for (unsigned cpu = 0; cpu < SEQUENCE_CPUS; cpu++)
		sequence_begin(s, cpu, mode);
}

static void print_op(const struct sequence_op *op)
{
	print_message("  CPU %u: %s %#x %#llx\n", op->cpu,
		      sequence_kind_names[op->kind], op->a,
		      (unsigned long long)op->value);
}

static void differ(uint64_t seed, const struct sequence_op *ops, int last,
		   const struct sequence_seen *is,
		   const struct sequence_seen *should)
{
	for (int i = 0; i <= last; i++)
		print_op(&ops[i]);
	for (uint32_t i = 0; i < SEQUENCE_VALUES; i++)
		print_message("  %#llx, should be %#llx\n",
			      (unsigned long long)is->value[i],
			      (unsigned long long)should->value[i]);
	fail_msg("seed %llu: operation %d differs", (unsigned long long)seed,
		 last);
}

static void run(uint64_t seed, enum sequence_mode mode)
{
	struct sequence_op ops[SEQUENCE_LENGTH];
	struct sequence is, should;

	sequence_generate(seed, mode, ops);
	begin(&is, mode);
	model_begin(&should, &the_model, mode);
	for (int i = 0; i < SEQUENCE_LENGTH; i++) {
		sequence_step(&is, &ops[i]);
		sequence_step(&should, &ops[i]);
		if (is.seen.hash != should.seen.hash)
			differ(seed, ops, i, &is.seen, &should.seen);
	}
}

static void run_mode(enum sequence_mode mode)
{
	for (uint64_t seed = 0; seed < SEEDS; seed++)
		run(seed, mode);
}

static void test_xapic(void **state)
{
	(void)state;
	run_mode(SEQUENCE_XAPIC);
}

static void test_x2apic(void **state)
{
	(void)state;
	run_mode(SEQUENCE_X2APIC);
}

static void test_mixed(void **state)
{
	(void)state;
	run_mode(SEQUENCE_MIXED);
}

/* What the virtual local APIC, not the reference, shows for the seeds. */
static uint64_t hash_of(enum sequence_mode mode, uint64_t first, uint64_t count)
{
	struct sequence_op ops[SEQUENCE_LENGTH];
	struct sequence s;
	uint64_t hash = 0;

	for (uint64_t seed = first; seed < first + count; seed++) {
		sequence_generate(seed, mode, ops);
		begin(&s, mode);
		for (int i = 0; i < SEQUENCE_LENGTH; i++) {
			sequence_step(&s, &ops[i]);
			hash = sequence_mix(hash, s.seen.hash);
		}
	}
	return hash;
}

static int print_hashes(const char *first, const char *count)
{
	for (int mode = 0; mode < SEQUENCE_MODES; mode++)
		printf("%s %016llx\n", mode_names[mode],
		       (unsigned long long)hash_of(mode,
						   strtoull(first, NULL, 0),
						   strtoull(count, NULL, 0)));
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xapic),
		cmocka_unit_test(test_x2apic),
		cmocka_unit_test(test_mixed),
	};

	if (argc == 3)
		return print_hashes(argv[1], argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
