/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM's serial port: a 16550A with its two FIFOs of 16 bytes.  It has no
 * notion of baud rate: a byte is sent when the caller takes it, received when
 * the caller puts it.  Pure.  The caller holds the VM's device lock.
 * Source: PC16550D data sheet.
 */
#ifndef GUEST_DEV_VUART_H
#define GUEST_DEV_VUART_H

#include <stdbool.h>
#include <stdint.h>

#define VUART_FIFO_SIZE 16

struct vuart_fifo {
	uint8_t byte[VUART_FIFO_SIZE];
	uint8_t head;  /* the oldest byte */
	uint8_t count; /* 0 to VUART_FIFO_SIZE */
};

struct vuart {
	uint8_t lsr, iir, ier, lcr, mcr, msr, scr;
	uint8_t divisor_low, divisor_high;
	uint8_t depth;	 /* of both FIFOs: 1 or VUART_FIFO_SIZE */
	uint8_t trigger; /* bytes received before "data available" */
	bool thre_pending;
	bool irq;
	struct vuart_fifo tx, rx;
};

void vuart_init(struct vuart *u);

/* Register 0 to 7 (only the low 3 bits of reg count). */
uint8_t vuart_read(struct vuart *u, unsigned reg);
void vuart_write(struct vuart *u, unsigned reg, uint8_t value);

/* The level of the interrupt line: INTR, let through by OUT2. */
static inline bool vuart_irq(const struct vuart *u)
{
	return u->irq;
}

/*
 * Takes the oldest byte that the guest sent; false when there is none.  Until
 * its bytes are taken the guest sees a busy transmitter.
 */
bool vuart_tx_take(struct vuart *u, uint8_t *byte);

/*
 * A byte arrives from outside; false, and nothing happened, when there is no
 * room (FIFO full, or the guest has the port in loopback mode).
 */
bool vuart_rx_put(struct vuart *u, uint8_t byte);
bool vuart_rx_room(const struct vuart *u);

#endif
