/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions while interrupts rain in from another CPU: each must be delivered
 * once, with the right RIP and stack, whatever cut its delivery off.  With one
 * CPU the APIC timer makes the rain.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define STORM_VECTOR 0x41
#define STORM_TIMER  0x61
#define STORM_TRAPS  20000
#define STORM_PERIOD 20011 /* timer clocks; odd, to hit everywhere */
#define STORM_PAUSE  997   /* the longest between two IPIs */

static volatile bool storm_stop;

static void storm_rain(void)
{
	for (unsigned i = 0; !storm_stop; i++) {
		apic_send(cpus[0].apic_id, STORM_VECTOR);
		for (unsigned pause = i % STORM_PAUSE; pause; pause--)
			insn_pause();
	}
}

/* One #UD; true when it came once and the stack is as before. */
static bool storm_trap(void)
{
	uint64_t before = cpu_this()->count[TRAP_UD];
	uint64_t moved;

	/* A stack that is aligned, so that nothing hides a second frame. */
	__asm__ volatile("mov %%rsp, %%r12; and $-16, %%rsp;"
			 "push $0x5a; push $0xa5; mov %%rsp, %%r13;"
			 "lea 1f(%%rip), %%r11; mov %%r11, %%gs:8;"
			 "ud2;"
			 "1: mov %%rsp, %0; sub %%r13, %0;"
			 "pop %%r11; xor $0xa5, %%r11; or %%r11, %0;"
			 "pop %%r11; xor $0x5a, %%r11; or %%r11, %0;"
			 "mov %%r12, %%rsp"
			 : "=&r"(moved)
			 :
			 : "r11", "r12", "r13", "memory", "cc");
	return !moved && cpu_this()->count[TRAP_UD] == before + 1;
}

static void storm(const char *name, unsigned vector)
{
	uint64_t rain = cpu_this()->count[vector];
	unsigned wrong = 0;

	insn_sti();
	for (unsigned i = 0; i < STORM_TRAPS; i++)
		if (!storm_trap())
			wrong++;
	insn_cli();
	rain = cpu_this()->count[vector] - rain;
	print("%s: %u traps, %lu interrupts\n", name, STORM_TRAPS, rain);
	guest_equal(name, wrong, 0);
	guest_equal("there were interrupts", rain != 0, true);
}

void guest_main(void)
{
	apic_write(APIC_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, APIC_TIMER_PERIODIC | STORM_TIMER);
	apic_write(APIC_INITIAL, STORM_PERIOD);
	storm("traps under timer interrupts", STORM_TIMER);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	apic_write(APIC_INITIAL, 0);
	if (cpu_start_all() < 2) {
		guest_skip("traps under IPIs", "one CPU");
		return;
	}
	cpu_ask(1, storm_rain);
	storm("traps under IPIs", STORM_VECTOR);
	storm_stop = true;
	guest_equal("the sender ended", cpu_wait(1), true);
}
