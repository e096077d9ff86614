/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time: the TSC, its measured frequency, and the calendar.  The frequency is
 * measured against the ACPI PM timer, the HPET or the PIT, whichever there is,
 * as CPUID.15H may be wrong.
 */
#ifndef HV_CLOCK_H
#define HV_CLOCK_H

#include <stdint.h>

#include "boot/boot_info.h"

/* Measures; takes about 50 ms.  Boot CPU, once. */
void clock_init(const struct boot_info *info);

/* TSC ticks per second; never 0 after clock_init(). */
uint64_t clock_tsc_hz(void);

/* What it was measured against, for the log. */
const char *clock_source(void);

/* Differences, both ways; wrap after some 190 years. */
uint64_t clock_ns_from_tsc(uint64_t ticks);
uint64_t clock_tsc_from_ns(uint64_t ns);

/* Waits at least so long; not while guests run. */
void clock_delay_us(uint32_t us);

/* Seconds since 1970-01-01 00:00 UTC by the machine's RTC, which is taken to
 * run in UTC; 0 when the RTC tells nonsense. */
uint64_t clock_unix_seconds(void);

#endif
