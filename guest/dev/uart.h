/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM's serial port: a 16550A with its two FIFOs of 16 bytes.  It has no
 * notion of baud rate: a byte is sent when the caller takes it, received when
 * the caller puts it.  Pure.  The caller holds the VM's device lock.
 * Source: PC16550D data sheet.
 */
#ifndef GUEST_DEV_UART_H
#define GUEST_DEV_UART_H

#include <stdbool.h>
#include <stdint.h>

#define UART_FIFO_SIZE 16

struct uart_fifo {
	uint8_t byte[UART_FIFO_SIZE];
	uint8_t head;  /* the oldest byte */
	uint8_t count; /* 0 to UART_FIFO_SIZE */
};

struct uart {
	uint8_t lsr, iir, ier, lcr, mcr, msr, scr;
	uint8_t divisor_low, divisor_high;
	uint8_t depth;	 /* of both FIFOs: 1 or UART_FIFO_SIZE */
	uint8_t trigger; /* bytes received before "data available" */
	bool thre_pending;
	bool irq;
	struct uart_fifo tx, rx;
};

void uart_init(struct uart *u);

/* Register 0 to 7 (only the low 3 bits of reg count). */
uint8_t uart_read(struct uart *u, unsigned reg);
void uart_write(struct uart *u, unsigned reg, uint8_t value);

/* The level of the interrupt line: INTR, let through by OUT2. */
static inline bool uart_irq(const struct uart *u)
{
	return u->irq;
}

/*
 * Takes the oldest byte that the guest sent; false when there is none.  Until
 * its bytes are taken the guest sees a busy transmitter.
 */
bool uart_tx_take(struct uart *u, uint8_t *byte);

/*
 * A byte arrives from outside; false, and nothing happened, when there is no
 * room (FIFO full, or the guest has the port in loopback mode).
 */
bool uart_rx_put(struct uart *u, uint8_t byte);
bool uart_rx_room(const struct uart *u);

#endif
