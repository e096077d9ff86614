/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver of the physical 16550 UART, behind ports or memory.  Called by
 * hv/console/console.c only.  Source: National Semiconductor PC16550D datasheet.
 */
#ifndef HV_UART_H
#define HV_UART_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/boot_info.h"

struct uart {
	enum boot_console_kind kind; /* NONE: absent, or found dead */
	uint16_t port;
	volatile uint8_t *mmio;
	uint32_t stride_bytes;
	uint32_t width_bytes;
	uint32_t fifo_bytes; /* what fits once the transmitter is empty */
	uint8_t interrupts;  /* the IER as written */
};

/* Finds out whether there is one and sets it up, interrupts off.  The line
 * counts as absent when its registers read all ones or do not hold a value. */
void uart_init(struct uart *uart, const struct boot_console *console);

/* How many bytes uart_send() takes now; 0 while it is still busy. */
uint32_t uart_room(struct uart *uart);
/* All that was sent has left the machine. */
bool uart_idle(struct uart *uart);

void uart_send(struct uart *uart, uint8_t byte);

/* False when nothing was received. */
bool uart_receive(struct uart *uart, uint8_t *byte);

/* Turns on the interrupts for received bytes and, where wanted, for an empty
 * transmitter. */
void uart_interrupts(struct uart *uart, bool receive, bool transmit);

/* It asserts its interrupt line; reading this takes "transmitter empty" back. */
bool uart_interrupting(const struct uart *uart);

#endif
