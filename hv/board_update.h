/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the board's own files: what an access to a device leads to outside of it.
 * Any CPU that holds the board's lock.
 */
#ifndef HV_BOARD_UPDATE_H
#define HV_BOARD_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/clock.h"
#include "hv/hw/tsc.h"
#include "hv/vm.h"

/* The devices' time: nanoseconds since power-on.  No lock is needed. */
static inline uint64_t board_now_ns(const struct vm *vm)
{
	return clock_ns_from_tsc(tsc_read() - vm->start_tsc);
}

/* Tells the vCPUs of a change of the 8259s' output, if there is one. */
void board_update_intr(struct vm *vm);

/* Interrupt line irq, 0 to 23 (guest/dev/ports.h), takes that level. */
void board_drive_line(struct vm *vm, unsigned irq, bool active);

/* Timed devices, after any access to one of them. */
void board_update_timed(struct vm *vm, uint64_t now);

/* The UART, after any access: what it sends, and its line. */
void board_update_uart(struct vm *vm);

#endif
