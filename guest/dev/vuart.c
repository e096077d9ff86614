/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A 16550A: registers, FIFOs and interrupt sources.  Touches only the struct
 * uart it is given.  Source: PC16550D data sheet, by register.
 */
#include "guest/dev/vuart.h"

#include "hv/lib/string.h"

enum {
	VUART_RBR_THR = 0,
	VUART_IER = 1,
	VUART_IIR_FCR = 2,
	VUART_LCR = 3,
	VUART_MCR = 4,
	VUART_LSR = 5,
	VUART_MSR = 6,
	VUART_SCR = 7,
};

#define VUART_IER_ERBFI		    0x01
#define VUART_IER_ETBEI		    0x02
#define VUART_IER_ELSI		    0x04
#define VUART_IER_EDSSI		    0x08
#define VUART_IER_MASK		    0x0f

#define VUART_IIR_MODEM_STATUS	    0x00
#define VUART_IIR_NONE		    0x01
#define VUART_IIR_THR_EMPTY	    0x02
#define VUART_IIR_DATA_AVAILABLE    0x04
#define VUART_IIR_LINE_STATUS	    0x06
#define VUART_IIR_CHARACTER_TIMEOUT 0x0c
#define VUART_IIR_ID_MASK	    0x0f
#define VUART_IIR_FIFOS_ENABLED	    0xc0

#define VUART_FCR_ENABLE	    0x01
#define VUART_FCR_RX_RESET	    0x02
#define VUART_FCR_TX_RESET	    0x04

#define VUART_LCR_DLAB		    0x80

#define VUART_MCR_DTR		    0x01
#define VUART_MCR_RTS		    0x02
#define VUART_MCR_OUT1		    0x04
#define VUART_MCR_OUT2		    0x08
#define VUART_MCR_LOOP		    0x10
#define VUART_MCR_MASK		    0x1f

#define VUART_LSR_DR		    0x01
#define VUART_LSR_OE		    0x02
#define VUART_LSR_THRE		    0x20
#define VUART_LSR_TEMT		    0x40

#define VUART_MSR_TERI		    0x04
#define VUART_MSR_DELTAS	    0x0f
#define VUART_MSR_CTS		    0x10
#define VUART_MSR_DSR		    0x20
#define VUART_MSR_RI		    0x40
#define VUART_MSR_DCD		    0x80
#define VUART_MSR_LINES		    0xf0

static void vuart_fifo_push(struct vuart_fifo *f, uint8_t byte)
{
	f->byte[(f->head + f->count) % VUART_FIFO_SIZE] = byte;
	f->count++;
}

static uint8_t vuart_fifo_pop(struct vuart_fifo *f)
{
	uint8_t byte = f->byte[f->head];

	f->head = (f->head + 1) % VUART_FIFO_SIZE;
	f->count--;
	return byte;
}

/*
 * Which source has the highest priority now.  The character timeout comes at
 * once: there is no baud rate to wait four characters of.
 */
static uint8_t vuart_interrupt(const struct vuart *u)
{
	if ((u->ier & VUART_IER_ELSI) && (u->lsr & VUART_LSR_OE))
		return VUART_IIR_LINE_STATUS;
	if ((u->ier & VUART_IER_ERBFI) && u->rx.count >= u->trigger)
		return VUART_IIR_DATA_AVAILABLE;
	if ((u->ier & VUART_IER_ERBFI) && u->rx.count)
		return VUART_IIR_CHARACTER_TIMEOUT;
	if ((u->ier & VUART_IER_ETBEI) && u->thre_pending)
		return VUART_IIR_THR_EMPTY;
	if ((u->ier & VUART_IER_EDSSI) && (u->msr & VUART_MSR_DELTAS))
		return VUART_IIR_MODEM_STATUS;
	return VUART_IIR_NONE;
}

/* To be called after every change of state; loopback forces OUT2 inactive. */
static void vuart_update(struct vuart *u)
{
	uint8_t id = vuart_interrupt(u);

	u->irq = id != VUART_IIR_NONE &&
		 (u->mcr & (VUART_MCR_OUT2 | VUART_MCR_LOOP)) == VUART_MCR_OUT2;
	u->iir = id | (u->depth > 1 ? VUART_IIR_FIFOS_ENABLED : 0);
}

static void vuart_tx_empty(struct vuart *u)
{
	u->lsr |= VUART_LSR_THRE | VUART_LSR_TEMT;
	u->thre_pending = true;
}

void vuart_init(struct vuart *u)
{
	memset(u, 0, sizeof(*u));
	u->lsr = VUART_LSR_THRE | VUART_LSR_TEMT;
	u->msr = VUART_MSR_CTS | VUART_MSR_DSR | VUART_MSR_DCD;
	u->divisor_low = 1;
	u->depth = 1;
	u->trigger = 1;
	vuart_update(u);
}

static uint8_t vuart_receive(struct vuart *u)
{
	uint8_t byte;

	if (!u->rx.count)
		return 0;
	byte = vuart_fifo_pop(&u->rx);
	if (!u->rx.count)
		u->lsr &= ~VUART_LSR_DR;
	vuart_update(u);
	return byte;
}

uint8_t vuart_read(struct vuart *u, unsigned reg)
{
	uint8_t value = 0;

	switch (reg & 7) {
	case VUART_RBR_THR:
		if (u->lcr & VUART_LCR_DLAB)
			return u->divisor_low;
		return vuart_receive(u);
	case VUART_IER:
		return u->lcr & VUART_LCR_DLAB ? u->divisor_high : u->ier;
	case VUART_IIR_FCR:
		value = u->iir;
		if ((value & VUART_IIR_ID_MASK) == VUART_IIR_THR_EMPTY) {
			u->thre_pending = false;
			vuart_update(u);
		}
		return value;
	case VUART_LCR:
		return u->lcr;
	case VUART_MCR:
		return u->mcr;
	case VUART_LSR:
		value = u->lsr;
		if (value & VUART_LSR_OE) {
			u->lsr &= ~VUART_LSR_OE;
			vuart_update(u);
		}
		return value;
	case VUART_MSR:
		value = u->msr;
		u->msr &= ~VUART_MSR_DELTAS;
		vuart_update(u);
		return value;
	default:
		return u->scr;
	}
}

static void vuart_rx_push(struct vuart *u, uint8_t byte)
{
	if (u->rx.count < u->depth) {
		vuart_fifo_push(&u->rx, byte);
		u->lsr |= VUART_LSR_DR;
	} else {
		u->lsr |= VUART_LSR_OE;
	}
}

/* A byte too many replaces THR without FIFOs, and is lost with them. */
static void vuart_transmit(struct vuart *u, uint8_t byte)
{
	u->thre_pending = false;
	if (u->mcr & VUART_MCR_LOOP) {
		vuart_rx_push(u, byte);
		if (!u->tx.count)
			vuart_tx_empty(u);
	} else {
		if (u->tx.count < u->depth)
			vuart_fifo_push(&u->tx, byte);
		else if (u->depth == 1)
			u->tx.byte[u->tx.head] = byte;
		u->lsr &= ~(VUART_LSR_THRE | VUART_LSR_TEMT);
	}
}

/* The interrupt of an empty THR is raised when it is enabled, too. */
static void vuart_write_ier(struct vuart *u, uint8_t value)
{
	value &= VUART_IER_MASK;
	if ((value & ~u->ier & VUART_IER_ETBEI) && (u->lsr & VUART_LSR_THRE))
		u->thre_pending = true;
	u->ier = value;
}

static void vuart_write_fcr(struct vuart *u, uint8_t value)
{
	static const uint8_t trigger[4] = {1, 4, 8, 14};
	bool enable = value & VUART_FCR_ENABLE;
	bool changed = enable != (u->depth > 1);

	u->depth = enable ? VUART_FIFO_SIZE : 1;
	u->trigger = enable ? trigger[value >> 6] : 1;
	if (changed || (enable && (value & VUART_FCR_RX_RESET))) {
		u->rx.count = 0;
		u->lsr &= ~VUART_LSR_DR;
	}
	if (changed || (enable && (value & VUART_FCR_TX_RESET))) {
		if (u->tx.count)
			vuart_tx_empty(u);
		u->tx.count = 0;
	}
}

/* In loopback the modem inputs are this port's own outputs. */
static void vuart_write_mcr(struct vuart *u, uint8_t value)
{
	uint8_t lines = VUART_MSR_CTS | VUART_MSR_DSR | VUART_MSR_DCD;
	uint8_t changed, deltas;

	u->mcr = value & VUART_MCR_MASK;
	if (value & VUART_MCR_LOOP) {
		lines = (value & VUART_MCR_DTR ? VUART_MSR_DSR : 0) |
			(value & VUART_MCR_RTS ? VUART_MSR_CTS : 0) |
			(value & VUART_MCR_OUT1 ? VUART_MSR_RI : 0) |
			(value & VUART_MCR_OUT2 ? VUART_MSR_DCD : 0);
	}
	changed = (u->msr ^ lines) & VUART_MSR_LINES;
	deltas = changed >> 4;
	if (lines & VUART_MSR_RI)
		deltas &= ~VUART_MSR_TERI;
	u->msr = lines | (u->msr & VUART_MSR_DELTAS) | deltas;
}

void vuart_write(struct vuart *u, unsigned reg, uint8_t value)
{
	switch (reg & 7) {
	case VUART_RBR_THR:
		if (u->lcr & VUART_LCR_DLAB)
			u->divisor_low = value;
		else
			vuart_transmit(u, value);
		break;
	case VUART_IER:
		if (u->lcr & VUART_LCR_DLAB)
			u->divisor_high = value;
		else
			vuart_write_ier(u, value);
		break;
	case VUART_IIR_FCR:
		vuart_write_fcr(u, value);
		break;
	case VUART_LCR:
		u->lcr = value;
		break;
	case VUART_MCR:
		vuart_write_mcr(u, value);
		break;
	case VUART_SCR:
		u->scr = value;
		break;
	default: /* LSR and MSR: for factory tests only */
		break;
	}
	vuart_update(u);
}

bool vuart_tx_take(struct vuart *u, uint8_t *byte)
{
	if (!u->tx.count)
		return false;
	*byte = vuart_fifo_pop(&u->tx);
	if (!u->tx.count) {
		vuart_tx_empty(u);
		vuart_update(u);
	}
	return true;
}

bool vuart_rx_room(const struct vuart *u)
{
	return u->rx.count < u->depth && !(u->mcr & VUART_MCR_LOOP);
}

bool vuart_rx_put(struct vuart *u, uint8_t byte)
{
	if (!vuart_rx_room(u))
		return false;
	vuart_rx_push(u, byte);
	vuart_update(u);
	return true;
}
