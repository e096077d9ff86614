/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A 16550A: registers, FIFOs and interrupt sources.  Touches only the struct
 * uart it is given.  Source: PC16550D data sheet, by register.
 */
#include "guest/dev/uart.h"

#include "hv/lib/string.h"

enum {
	UART_RBR_THR = 0,
	UART_IER = 1,
	UART_IIR_FCR = 2,
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_MSR = 6,
	UART_SCR = 7,
};

#define UART_IER_ERBFI		   0x01
#define UART_IER_ETBEI		   0x02
#define UART_IER_ELSI		   0x04
#define UART_IER_EDSSI		   0x08
#define UART_IER_MASK		   0x0f

#define UART_IIR_MODEM_STATUS	   0x00
#define UART_IIR_NONE		   0x01
#define UART_IIR_THR_EMPTY	   0x02
#define UART_IIR_DATA_AVAILABLE	   0x04
#define UART_IIR_LINE_STATUS	   0x06
#define UART_IIR_CHARACTER_TIMEOUT 0x0c
#define UART_IIR_ID_MASK	   0x0f
#define UART_IIR_FIFOS_ENABLED	   0xc0

#define UART_FCR_ENABLE		   0x01
#define UART_FCR_RX_RESET	   0x02
#define UART_FCR_TX_RESET	   0x04

#define UART_LCR_DLAB		   0x80

#define UART_MCR_DTR		   0x01
#define UART_MCR_RTS		   0x02
#define UART_MCR_OUT1		   0x04
#define UART_MCR_OUT2		   0x08
#define UART_MCR_LOOP		   0x10
#define UART_MCR_MASK		   0x1f

#define UART_LSR_DR		   0x01
#define UART_LSR_OE		   0x02
#define UART_LSR_THRE		   0x20
#define UART_LSR_TEMT		   0x40

#define UART_MSR_TERI		   0x04
#define UART_MSR_DELTAS		   0x0f
#define UART_MSR_CTS		   0x10
#define UART_MSR_DSR		   0x20
#define UART_MSR_RI		   0x40
#define UART_MSR_DCD		   0x80
#define UART_MSR_LINES		   0xf0

static void uart_fifo_push(struct uart_fifo *f, uint8_t byte)
{
	f->byte[(f->head + f->count) % UART_FIFO_SIZE] = byte;
	f->count++;
}

static uint8_t uart_fifo_pop(struct uart_fifo *f)
{
	uint8_t byte = f->byte[f->head];

	f->head = (f->head + 1) % UART_FIFO_SIZE;
	f->count--;
	return byte;
}

/*
 * Which source has the highest priority now.  The character timeout comes at
 * once: there is no baud rate to wait four characters of.
 */
static uint8_t uart_interrupt(const struct uart *u)
{
	if ((u->ier & UART_IER_ELSI) && (u->lsr & UART_LSR_OE))
		return UART_IIR_LINE_STATUS;
	if ((u->ier & UART_IER_ERBFI) && u->rx.count >= u->trigger)
		return UART_IIR_DATA_AVAILABLE;
	if ((u->ier & UART_IER_ERBFI) && u->rx.count)
		return UART_IIR_CHARACTER_TIMEOUT;
	if ((u->ier & UART_IER_ETBEI) && u->thre_pending)
		return UART_IIR_THR_EMPTY;
	if ((u->ier & UART_IER_EDSSI) && (u->msr & UART_MSR_DELTAS))
		return UART_IIR_MODEM_STATUS;
	return UART_IIR_NONE;
}

/* To be called after every change of state; loopback forces OUT2 inactive. */
static void uart_update(struct uart *u)
{
	uint8_t id = uart_interrupt(u);

	u->irq = id != UART_IIR_NONE &&
		 (u->mcr & (UART_MCR_OUT2 | UART_MCR_LOOP)) == UART_MCR_OUT2;
	u->iir = id | (u->depth > 1 ? UART_IIR_FIFOS_ENABLED : 0);
}

static void uart_tx_empty(struct uart *u)
{
	u->lsr |= UART_LSR_THRE | UART_LSR_TEMT;
	u->thre_pending = true;
}

void uart_init(struct uart *u)
{
	memset(u, 0, sizeof(*u));
	u->lsr = UART_LSR_THRE | UART_LSR_TEMT;
	u->msr = UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD;
	u->divisor_low = 1;
	u->depth = 1;
	u->trigger = 1;
	uart_update(u);
}

static uint8_t uart_receive(struct uart *u)
{
	uint8_t byte;

	if (!u->rx.count)
		return 0;
	byte = uart_fifo_pop(&u->rx);
	if (!u->rx.count)
		u->lsr &= ~UART_LSR_DR;
	uart_update(u);
	return byte;
}

uint8_t uart_read(struct uart *u, unsigned reg)
{
	uint8_t value = 0;

	switch (reg & 7) {
	case UART_RBR_THR:
		if (u->lcr & UART_LCR_DLAB)
			return u->divisor_low;
		return uart_receive(u);
	case UART_IER:
		return u->lcr & UART_LCR_DLAB ? u->divisor_high : u->ier;
	case UART_IIR_FCR:
		value = u->iir;
		if ((value & UART_IIR_ID_MASK) == UART_IIR_THR_EMPTY) {
			u->thre_pending = false;
			uart_update(u);
		}
		return value;
	case UART_LCR:
		return u->lcr;
	case UART_MCR:
		return u->mcr;
	case UART_LSR:
		value = u->lsr;
		if (value & UART_LSR_OE) {
			u->lsr &= ~UART_LSR_OE;
			uart_update(u);
		}
		return value;
	case UART_MSR:
		value = u->msr;
		u->msr &= ~UART_MSR_DELTAS;
		uart_update(u);
		return value;
	default:
		return u->scr;
	}
}

static void uart_rx_push(struct uart *u, uint8_t byte)
{
	if (u->rx.count < u->depth) {
		uart_fifo_push(&u->rx, byte);
		u->lsr |= UART_LSR_DR;
	} else {
		u->lsr |= UART_LSR_OE;
	}
}

/* A byte too many replaces THR without FIFOs, and is lost with them. */
static void uart_transmit(struct uart *u, uint8_t byte)
{
	u->thre_pending = false;
	if (u->mcr & UART_MCR_LOOP) {
		uart_rx_push(u, byte);
		if (!u->tx.count)
			uart_tx_empty(u);
	} else {
		if (u->tx.count < u->depth)
			uart_fifo_push(&u->tx, byte);
		else if (u->depth == 1)
			u->tx.byte[u->tx.head] = byte;
		u->lsr &= ~(UART_LSR_THRE | UART_LSR_TEMT);
	}
}

/* The interrupt of an empty THR is raised when it is enabled, too. */
static void uart_write_ier(struct uart *u, uint8_t value)
{
	value &= UART_IER_MASK;
	if ((value & ~u->ier & UART_IER_ETBEI) && (u->lsr & UART_LSR_THRE))
		u->thre_pending = true;
	u->ier = value;
}

static void uart_write_fcr(struct uart *u, uint8_t value)
{
	static const uint8_t trigger[4] = {1, 4, 8, 14};
	bool enable = value & UART_FCR_ENABLE;
	bool changed = enable != (u->depth > 1);

	u->depth = enable ? UART_FIFO_SIZE : 1;
	u->trigger = enable ? trigger[value >> 6] : 1;
	if (changed || (enable && (value & UART_FCR_RX_RESET))) {
		u->rx.count = 0;
		u->lsr &= ~UART_LSR_DR;
	}
	if (changed || (enable && (value & UART_FCR_TX_RESET))) {
		if (u->tx.count)
			uart_tx_empty(u);
		u->tx.count = 0;
	}
}

/* In loopback the modem inputs are this port's own outputs. */
static void uart_write_mcr(struct uart *u, uint8_t value)
{
	uint8_t lines = UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD;
	uint8_t changed, deltas;

	u->mcr = value & UART_MCR_MASK;
	if (value & UART_MCR_LOOP) {
		lines = (value & UART_MCR_DTR ? UART_MSR_DSR : 0) |
			(value & UART_MCR_RTS ? UART_MSR_CTS : 0) |
			(value & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
			(value & UART_MCR_OUT2 ? UART_MSR_DCD : 0);
	}
	changed = (u->msr ^ lines) & UART_MSR_LINES;
	deltas = changed >> 4;
	if (lines & UART_MSR_RI)
		deltas &= ~UART_MSR_TERI;
	u->msr = lines | (u->msr & UART_MSR_DELTAS) | deltas;
}

void uart_write(struct uart *u, unsigned reg, uint8_t value)
{
	switch (reg & 7) {
	case UART_RBR_THR:
		if (u->lcr & UART_LCR_DLAB)
			u->divisor_low = value;
		else
			uart_transmit(u, value);
		break;
	case UART_IER:
		if (u->lcr & UART_LCR_DLAB)
			u->divisor_high = value;
		else
			uart_write_ier(u, value);
		break;
	case UART_IIR_FCR:
		uart_write_fcr(u, value);
		break;
	case UART_LCR:
		u->lcr = value;
		break;
	case UART_MCR:
		uart_write_mcr(u, value);
		break;
	case UART_SCR:
		u->scr = value;
		break;
	default: /* LSR and MSR: for factory tests only */
		break;
	}
	uart_update(u);
}

bool uart_tx_take(struct uart *u, uint8_t *byte)
{
	if (!u->tx.count)
		return false;
	*byte = uart_fifo_pop(&u->tx);
	if (!u->tx.count) {
		uart_tx_empty(u);
		uart_update(u);
	}
	return true;
}

bool uart_rx_room(const struct uart *u)
{
	return u->rx.count < u->depth && !(u->mcr & UART_MCR_LOOP);
}

bool uart_rx_put(struct uart *u, uint8_t byte)
{
	if (!uart_rx_room(u))
		return false;
	uart_rx_push(u, byte);
	uart_update(u);
	return true;
}
