/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other CPUs: starting, kicking, stopping.
 * Source: SDM volume 3, "Multiple-Processor (MP) Initialization".
 */
#ifndef HV_SMP_H
#define HV_SMP_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/boot_info.h"

/*
 * Everything after percpu_load() that makes the calling CPU one of ours: local
 * APIC, timer, VMX operation.  False, with a log line, when it cannot be used.
 */
bool smp_cpu_init(void);

/*
 * Starts every CPU that boot_info lists, one after the other.  One that does
 * not answer is named in a log line and left out.  They wait for
 * smp_release(); percpu_count() tells how many run.
 */
void smp_start(const struct boot_info *info);

/* Lets the other CPUs go on into cpu_main(). */
void smp_release(void);

/*
 * Sends CPU number an interrupt.  In xAPIC mode the local APIC may still be
 * busy with the last one; so this tries until it is not (percpu.late_ipis
 * counts the times), as an IPI that was not sent would be a lost wake-up.  It
 * is no business of the receiver's software, so this cannot deadlock; a local
 * APIC that stays busy for a second is broken, and a panic.  Any CPU, itself
 * too; not in NMI context.
 */
void smp_send(uint32_t number, uint8_t vector);

/*
 * Makes CPU number look at its requests: a guest that runs there exits, HLT in
 * root mode ends.  Any CPU, itself too; not in NMI context.
 */
void smp_kick(uint32_t number);

/* For the NMI handler: does not return when another CPU stops this one. */
void smp_stop_if_asked(void);

/*
 * Stops all other CPUs for good, by NMI, wherever they are; locks that they held
 * stay taken, but for the console's.  Waits for them a little.  For
 * panic and power-off; the first caller wins, any later one is stopped.
 */
void smp_stop_others(void);

#endif
