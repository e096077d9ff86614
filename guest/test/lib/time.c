/* SPDX-License-Identifier: BSD-2-Clause */
/* Time by the ACPI PM timer, which runs at the same rate everywhere. */
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define TIME_PM_PORT 0x608
#define TIME_PM_MASK 0xffffff
#define TIME_TSC_MS  50 /* how long the TSC is measured */

uint32_t time_pm(void)
{
	return insn_in32(TIME_PM_PORT) & TIME_PM_MASK;
}

uint32_t time_pm_since(uint32_t then)
{
	return (time_pm() - then) & TIME_PM_MASK;
}

void time_delay_us(uint32_t us)
{
	uint64_t ticks = (uint64_t)us * TIME_PM_HZ / 1000000;
	uint32_t then = time_pm();

	while (time_pm_since(then) < ticks)
		insn_pause();
}

bool time_wait(const volatile uint64_t *counter, uint64_t wanted,
	       uint32_t limit_ms)
{
	while (*counter < wanted) {
		if (!limit_ms--)
			return false;
		for (int i = 0; i < 10 && *counter < wanted; i++)
			time_delay_us(100);
	}
	return true;
}

uint64_t time_tsc_hz(void)
{
	uint32_t then = time_pm();
	uint64_t tsc = insn_rdtsc();
	uint32_t ticks;

	time_delay_us(TIME_TSC_MS * 1000);
	ticks = time_pm_since(then);
	return (insn_rdtsc() - tsc) * TIME_PM_HZ / ticks;
}
