/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest to look at from outside: every CPU halts, and its APIC timer wakes it
 * a hundred times a second.  What comes in on COM1, by its interrupt, goes back
 * in upper case; 'q' ends.  With "x2apic" on the command line in that mode.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/uart.h"

#define TICK_VECTOR 0x40
#define TICK_US	    10000
#define UART_VECTOR 0x44

static uint32_t tick_count; /* timer clocks in a tick */

/* Counted by each CPU for itself; apart, so that they share no cache line. */
static struct {
	volatile uint64_t ticks;
	uint8_t reserved[56];
} idle_cpus[GUEST_CPUS_MAX];

static void measure(void)
{
	apic_write(APIC_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_INITIAL, UINT32_MAX);
	time_delay_us(TICK_US);
	tick_count = UINT32_MAX - apic_read(APIC_CURRENT);
}

static void start_ticks(void)
{
	if (guest_has_word("x2apic")) {
		apic_to_x2apic();
		apic_enable();
	}
	apic_write(APIC_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, APIC_TIMER_PERIODIC | TICK_VECTOR);
	apic_write(APIC_INITIAL, tick_count);
}

/* Sleeps until the next interrupt. */
static void idle_once(void)
{
	insn_sleep();
	idle_cpus[cpu_this()->index].ticks = cpu_this()->count[TICK_VECTOR];
}

static void idle_forever(void)
{
	start_ticks();
	for (;;)
		idle_once();
}

/* Sends back what has come in; false: 'q' has. */
static bool echo(void)
{
	while (insn_in8(UART_LSR) & UART_LSR_READY) {
		char c = (char)insn_in8(UART_DATA);

		if (c == 'q')
			return false;
		print("%c", c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
	}
	return true;
}

/* Which other interrupts this CPU took. */
static void tell(unsigned cpu)
{
	for (unsigned vector = 0; vector < GUEST_VECTORS; vector++) {
		uint64_t count = cpus[cpu].count[vector];

		if (count && vector != TICK_VECTOR && vector != UART_VECTOR)
			print("idle: CPU %u took vector %02x, %lu times\n", cpu,
			      vector, count);
	}
}

void guest_main(void)
{
	unsigned running = cpu_start_all();

	measure();
	for (unsigned i = 1; i < running; i++)
		cpu_ask(i, idle_forever);
	start_ticks();
	uart_listen(UART_VECTOR);
	print("idle: up, %u of %u CPUs\n", running, cpu_count);
	do {
		idle_once();
	} while (echo());
	print("\n");
	for (unsigned i = 0; i < running; i++) {
		tell(i);
		guest_check(idle_cpus[i].ticks, "idle", "CPU %u, %lu ticks", i,
			    idle_cpus[i].ticks);
	}
}
