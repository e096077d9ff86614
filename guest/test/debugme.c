/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest for a debugger: two CPUs that call, count and write until somebody
 * sets debugme.finish.  Meanwhile it uses INT3, TF and the debug registers
 * itself and looks at its own code, and in the end tells whether it noticed that
 * it was watched.  build/guest/debugme.elf has its symbols.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define TICK_VECTOR 0x40
#define TICK_CLOCKS 2000000
#define TRAP_BP	    3
#define DR6_BS	    (1u << 14)
#define RFLAGS_TF   (1u << 8)
#define OWN_EVERY   64 /* rounds */
#define NOINLINE    __attribute__((noinline, noclone))

struct debugme {
	uint64_t finish; /* the debugger's to set */
	uint64_t rounds[GUEST_CPUS_MAX];
	uint64_t watched; /* written every now and then */
	uint64_t int3s, traps, wrong_traps, wrong_dr;
	uint64_t sum, wrong_sums;
	uint32_t numbers[4];
};

volatile struct debugme debugme = {.numbers = {2, 3, 5, 7}};

/* ---- what can be stepped through ---- */

static NOINLINE uint64_t leaf(unsigned cpu, uint64_t value)
{
	uint64_t sum = value;

	for (unsigned i = 0; i < 4; i++)
		sum += debugme.numbers[i];
	debugme.rounds[cpu]++;
	return sum;
}

static NOINLINE uint64_t inner(unsigned cpu, uint64_t value)
{
	uint64_t result = leaf(cpu, value + 1);

	return result * 2;
}

static NOINLINE uint64_t outer(unsigned cpu, uint64_t value)
{
	uint64_t result = inner(cpu, value + 10);

	return result + cpu;
}

static NOINLINE void write_watched(uint64_t value)
{
	debugme.watched = value;
}

/* ---- what the guest itself does with the same means ---- */

static void on_int3(struct trap_frame *f)
{
	(void)f;
	debugme.int3s++;
}

static void on_trap(struct trap_frame *f)
{
	uint64_t dr6;

	__asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
	if ((dr6 & 0xe00f) == DR6_BS)
		debugme.traps++;
	else
		debugme.wrong_traps++;
	__asm__ volatile("mov %0, %%dr6" : : "r"(0xffff0ff0ul));
	f->rflags &= ~(uint64_t)RFLAGS_TF;
}

static void use_int3(void)
{
	__asm__ volatile("int3" : : : "memory");
}

static void use_tf(void)
{
	__asm__ volatile("pushf\n\t"
			 "orl %0, (%%rsp)\n\t"
			 "popf\n\t"
			 "nop"
			 :
			 : "i"(RFLAGS_TF)
			 : "memory", "cc");
}

/* The values are kept, whoever else uses the registers. */
static void use_dr(uint64_t value)
{
	uint64_t dr0, dr3, dr7;

	__asm__ volatile("mov %%dr0, %0\n\t"
			 "mov %%dr3, %1\n\t"
			 "mov %%dr7, %2"
			 : "=r"(dr0), "=r"(dr3), "=r"(dr7));
	if (debugme.sum &&
	    (dr0 != value - 1 || dr3 != ~(value - 1) || dr7 != 0x400))
		debugme.wrong_dr++;
	__asm__ volatile("mov %0, %%dr0\n\t"
			 "mov %1, %%dr3"
			 :
			 : "r"(value), "r"(~value));
}

/* All that stands above guest_main(). */
static uint64_t sum_of_code(void)
{
	const uint8_t *at = (const uint8_t *)&leaf;
	uint64_t sum = 0;

	while (at < (const uint8_t *)&guest_main)
		sum = sum * 31 + *at++;
	return sum;
}

static void look_at_code(void)
{
	uint64_t sum = sum_of_code();

	if (debugme.sum && sum != debugme.sum)
		debugme.wrong_sums++;
	else
		debugme.sum = sum;
}

/* ---- the CPUs ---- */

static void other_cpu(void)
{
	unsigned cpu = cpu_this()->index;
	uint64_t value = 0;

	while (!debugme.finish)
		value = outer(cpu, value) & 0xff;
}

static void own_use(uint64_t round)
{
	use_int3();
	use_tf();
	use_dr(round);
	look_at_code();
}

static void first_cpu(void)
{
	uint64_t round = 0, value = 0;

	while (!debugme.finish) {
		value = outer(0, value) & 0xff;
		if (++round % OWN_EVERY)
			continue;
		own_use(round / OWN_EVERY);
		write_watched(round);
	}
}

static void tick(void)
{
	apic_enable();
	apic_write(APIC_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, TICK_VECTOR | APIC_TIMER_PERIODIC);
	apic_write(APIC_INITIAL, TICK_CLOCKS);
	insn_sti();
}

void guest_main(void)
{
	unsigned count = cpu_start_all();

	trap_handle(TRAP_BP, on_int3);
	trap_handle(TRAP_DB, on_trap);
	print("debugme: %u CPUs\n", count);
	for (unsigned i = 1; i < count; i++)
		cpu_ask(i, other_cpu);
	tick();
	first_cpu();
	insn_cli();
	for (unsigned i = 1; i < count; i++)
		guest_check(cpu_wait(i), "end", "CPU %u", i);
	guest_check(debugme.int3s > 0 && debugme.traps == debugme.int3s,
		    "own traps", "%lu INT3, %lu single steps", debugme.int3s,
		    debugme.traps);
	guest_equal("traps that nobody caused", debugme.wrong_traps, 0);
	guest_equal("debug registers that changed", debugme.wrong_dr, 0);
	guest_equal("code that changed", debugme.wrong_sums, 0);
}
