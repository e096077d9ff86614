/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A triple fault on one CPU, and on another while the hypervisor still reports
 * the first: the VM must end all the same.  Needs two CPUs.
 */
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

static volatile bool faulting;

static void fault_three_times(void)
{
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = {0, 0};

	__asm__ volatile("lidt %0; ud2" : : "m"(none));
}

static void fault_second(void)
{
	while (!faulting)
		insn_pause();
	for (unsigned i = 0; i < 3000; i++)
		insn_pause();
	fault_three_times();
}

void guest_main(void)
{
	if (cpu_start_all() < 2) {
		guest_check(false, "two CPUs", "there is one");
		return;
	}
	cpu_ask(1, fault_second);
	print("About to fault on both CPUs.\n");
	faulting = true;
	fault_three_times();
	guest_check(false, "both_fault", "came back");
}
