/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Halts with interrupts off, on every CPU, for ever: nothing but an NMI, INIT
 * or the hypervisor's own stop ends it.
 */
#include "guest/test/lib/guest.h"

void guest_main(void)
{
	unsigned running = cpu_start_all();

	for (unsigned i = 1; i < running; i++)
		cpu_ask(i, guest_stop);
	print("Halting %u CPUs with interrupts off.\n", running);
	guest_stop();
}
