/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial line: the hypervisor's log, the VMs' consoles, the monitor and the
 * debugger go out through one ring; what is typed goes to the one that has the
 * keyboard.  Until console_run() and in a panic each line is waited for; after
 * it nobody ever waits for the line.  Any CPU may call what is not said to be
 * CPU 0's, none in NMI context.
 */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot_info.h"
#include "hv/console/console_mux.h"

#define CONSOLE_NEVER UINT64_MAX

/* One line for the log, without its end; hv/console/log.c. */
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

/* Nobody has the keyboard any more, and the log is shown: the run ends. */
void console_take_back(void);

/* All that was written leaves the machine, waited for; before power-off. */
void console_flush(void);

/* From here on one CPU is left: locks that the others held are free, and each
 * line is waited for again; hv/smp.c. */
void console_alone(void);

/* ---- for the monitor and the debugger: CPU 0, outside of interrupts ---- */

/*
 * To be called by CPU 0 where nothing is locked and nothing half done, after
 * VCPU_REQUEST_CONSOLE and before it waits: the monitor and the debugger do
 * their work here.  hv/console/console_keyboard.c.
 */
void console_serve(void);

/* Who has the keyboard: a VM's number or CONSOLE_MUX_*. */
uint32_t console_keyboard(void);

/* The next byte typed for who, CONSOLE_MUX_MONITOR or CONSOLE_MUX_DEBUGGER;
 * false: none.  What was typed for one is never given to the other. */
bool console_typed(uint32_t who, uint8_t *byte);

/* Ctrl-C was typed at the monitor since this was last asked; what came before it
 * is forgotten. */
bool console_broken(void);

/* How many bytes console_text() and console_packet() take now.  When the ring is
 * well filled, console_serve() runs again once it is not. */
uint32_t console_text_room(void);

/* The monitor's: text, \n ends lines; and its line that is being typed, see
 * console_mux_edit(). */
void console_text(const char *text, size_t size);
void console_edit(const void *echo, size_t echo_size, const void *prompt,
		  size_t prompt_size);

/* The debugger's: bytes as they are, while it has the keyboard; and the keyboard
 * goes back to who had it before. */
void console_packet(const void *bytes, size_t size);
void console_debugger_leave(void);

/* The line's state in words, some lines. */
void console_state(char *text, size_t size);

/* The VM that has the keyboard, or had it last; CONSOLE_MUX_NOBODY: none. */
uint32_t console_last_vm(void);

/* ---- between hv/console/console.c and hv/console/console_keyboard.c, CPU 0 ---- */

/* Who has the keyboard from the beginning, and whether c, g and x may be typed
 * (monitor = on). */
void console_keyboard_init(uint32_t vm, bool monitor);

/* A byte that was typed. */
void console_keyboard_byte(uint8_t byte);

/* Sees to it that console_serve() runs soon. */
void console_keyboard_attention(void);

/* console_mux_give(), and may it have it? */
void console_give(uint32_t to);
bool console_is_on(uint32_t vm);

#endif
