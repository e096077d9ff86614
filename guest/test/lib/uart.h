/* SPDX-License-Identifier: BSD-2-Clause */
/* The first serial port, a 16550, as a test guest uses it. */
#ifndef GUEST_TEST_LIB_UART_H
#define GUEST_TEST_LIB_UART_H

#include <stdint.h>

#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/ioapic.h"

#define UART_DATA      0x3f8
#define UART_IER       (UART_DATA + 1)
#define UART_MCR       (UART_DATA + 4)
#define UART_LSR       (UART_DATA + 5)
#define UART_IER_RX    (1 << 0)
#define UART_MCR_READY 0x0b /* DTR, RTS; OUT2: interrupts reach the pin */
#define UART_LSR_READY (1 << 0)
#define UART_LSR_THRE  (1 << 5)
#define UART_PIN       4 /* of the I/O APIC */

/* What comes in interrupts this CPU by vector, through the I/O APIC. */
static inline void uart_listen(uint8_t vector)
{
	ioapic_route(UART_PIN, cpu_this(), vector);
	insn_out8(UART_MCR, UART_MCR_READY);
	insn_out8(UART_IER, UART_IER_RX);
}

#endif
