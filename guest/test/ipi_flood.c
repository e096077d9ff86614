/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bad neighbour: every CPU sends IPIs to all others without end, for another
 * VM to be undisturbed by.  The boot CPU prints a line now and then and ends
 * after a while; with "forever" on the command line never.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define FLOOD_VECTOR 0x40
#define FLOOD_ROUND  20000
#define FLOOD_ROUNDS 10

static void flood_round(void)
{
	for (unsigned i = 0; i < FLOOD_ROUND; i++) {
		apic_send(0, APIC_ICR_OTHERS | FLOOD_VECTOR);
		insn_window();
	}
}

static void flood_forever(void)
{
	for (;;)
		flood_round();
}

void guest_main(void)
{
	bool forever = guest_has_word("forever");
	unsigned running = cpu_start_all();

	for (unsigned i = 1; i < running; i++)
		cpu_ask(i, flood_forever);
	for (unsigned round = 1; forever || round <= FLOOD_ROUNDS; round++) {
		flood_round();
		print("flood: round %u, %lu IPIs taken here\n", round,
		      cpu_this()->count[FLOOD_VECTOR]);
	}
	guest_check(running == cpu_count, "flood", "%u of %u CPUs ran", running,
		    cpu_count);
}
