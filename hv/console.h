/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial line: the hypervisor's log and the VMs' consoles go out through
 * one ring, what is typed goes to the VM in focus.  Until console_run() and in
 * a panic each line is waited for; after it nobody ever waits for the line.
 * Any CPU may call, none in NMI context.
 */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot_info.h"

#define CONSOLE_NEVER UINT64_MAX

/* One line for the log, without its end; hv/log.c. */
void console_log(const char *text, size_t size);

/* Brings the UART up; log_line() works from here on. */
void console_init(const struct boot_info *info);

/* From here on the line is drained by its interrupt, or by console_poll(). */
void console_run(const struct boot_info *info);

/*
 * One byte that VM vm's UART sends.  False when there is no room, with the byte
 * not taken: vm_console_room(vm) is called once there is.
 */
bool console_guest_put(uint32_t vm, uint8_t byte);
bool console_guest_has_room(uint32_t vm);

/* Shows what VM vm left of an unfinished line: it has ended. */
void console_guest_end(uint32_t vm);

/* What IRQ_CONSOLE means; hv/irq.c. */
void console_interrupt(void);

/*
 * To be called by CPU 0 after each interrupt, before it enters a guest or waits.
 * Returns the TSC value by which it wants to be called again, CONSOLE_NEVER
 * mostly; whoever moves that time forward kicks CPU 0.
 */
uint64_t console_poll(void);

/* All that was written leaves the machine, waited for; before power-off. */
void console_flush(void);

/* From here on one CPU is left: locks that the others held are free, and each
 * line is waited for again; hv/smp.c. */
void console_alone(void);

#endif
