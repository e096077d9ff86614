/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A periodic timer whose period is shorter than any exit: with interrupts off
 * the guest gets on, as it would on a processor.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/tiers.h"

#define VECTOR 0x60
#define COUNT  20 /* timer clocks in a period */
#define LOOPS  3000

static void run(unsigned tier)
{
	volatile unsigned loops = 0;
	uint64_t before = cpu_this()->count[VECTOR];

	apic_write(APIC_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, APIC_TIMER_PERIODIC | VECTOR);
	apic_write(APIC_INITIAL, COUNT);
	while (loops < LOOPS)
		loops++;
	apic_write(APIC_INITIAL, 0);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR);
	insn_window();
	guest_check(cpu_this()->count[VECTOR] > before, tiers_name(tier),
		    "%u loops, %lu interrupts", loops,
		    cpu_this()->count[VECTOR] - before);
}

void guest_main(void)
{
	apic_enable();
	tiers_each(run);
}
