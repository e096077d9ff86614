/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A triple fault: no IDT, then an exception.  The VM must be stopped; whoever
 * comes back from it prints FAIL.
 */
#include "guest/test/lib/guest.h"

void guest_main(void)
{
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = {0, 0};

	print("About to fault three times.\n");
	__asm__ volatile("lidt %0; ud2" : : "m"(none));
	guest_check(false, "triple_fault", "came back");
}
