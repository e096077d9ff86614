/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a run: the whole machine off or reset.
 * Source: UEFI, "Runtime Services", ResetSystem().
 */
#ifndef HV_POWER_H
#define HV_POWER_H

#include "boot/boot_info.h"

/* Remembers what power_off() and power_reset() need. */
void power_init(const struct boot_info *info);

/*
 * Stop all other CPUs, leave VMX operation, let the console run empty, and switch
 * the machine off, or start it again; halt with a message where that fails.  Any
 * CPU, once; the others may be in the middle of anything.
 */
__attribute__((noreturn)) void power_off(void);
__attribute__((noreturn)) void power_reset(void);

/*
 * The end of a panic: halts, or resets the machine where on-panic = reset, by
 * the chipset and without anything of the firmware's.
 */
__attribute__((noreturn)) void power_panicked(void);

#endif
