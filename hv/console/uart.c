/* SPDX-License-Identifier: BSD-2-Clause */
/* Driver of the physical 16550 UART; see uart.h. */
#include "hv/console/uart.h"

#include "hv/hw/port.h"
#include "hv/lib/baud.h"
#include "mm/paging.h"

#define REG_DATA     0 /* or the divisor's low byte */
#define REG_IER	     1 /* or its high byte */
#define REG_IIR	     2 /* read */
#define REG_FCR	     2 /* written */
#define REG_LCR	     3
#define REG_MCR	     4
#define REG_LSR	     5
#define REG_SCRATCH  7
#define REGISTERS    8

#define IER_RECEIVED 0x01
#define IER_EMPTY    0x02
#define IIR_NONE     0x01
#define IIR_FIFO     0xc0
#define FCR_CLEAR    0x07 /* FIFOs on, both emptied, interrupt at 1 byte */
#define LCR_8N1	     0x03
#define LCR_DLAB     0x80
#define MCR_READY    0x0b /* DTR, RTS, and OUT2: the PC's interrupt gate */
#define LSR_DATA     0x01
#define LSR_EMPTY    0x20 /* THRE */
#define LSR_IDLE     0x40 /* TEMT */
#define ABSENT	     0xff

#define FIFO_BYTES   16

static uint8_t reg_read(const struct uart *uart, uint32_t reg)
{
	uint32_t offset = reg * uart->stride_bytes;

	if (uart->kind == BOOT_CONSOLE_IO)
		return port_in8(uart->port + offset);
	if (uart->width_bytes == 4)
		return *(volatile uint32_t *)(uart->mmio + offset);
	if (uart->width_bytes == 2)
		return *(volatile uint16_t *)(uart->mmio + offset);
	return uart->mmio[offset];
}

static void reg_write(const struct uart *uart, uint32_t reg, uint8_t value)
{
	uint32_t offset = reg * uart->stride_bytes;

	if (uart->kind == BOOT_CONSOLE_IO)
		port_out8(uart->port + offset, value);
	else if (uart->width_bytes == 4)
		*(volatile uint32_t *)(uart->mmio + offset) = value;
	else if (uart->width_bytes == 2)
		*(volatile uint16_t *)(uart->mmio + offset) = value;
	else
		uart->mmio[offset] = value;
}

/* False: not a thing that this driver can reach. */
static bool find(struct uart *uart, const struct boot_console *console)
{
	uint64_t size_bytes = (uint64_t)REGISTERS * console->stride_bytes;

	*uart = (struct uart){
		.kind = console->kind,
		.stride_bytes = console->stride_bytes,
		.width_bytes = console->width_bytes,
	};
	if (console->kind == BOOT_CONSOLE_MMIO) {
		uart->mmio =
			paging_map_device(hpa(console->address), size_bytes);
		return uart->mmio;
	}
	uart->port = console->address;
	return console->kind == BOOT_CONSOLE_IO &&
	       console->address + size_bytes <= UINT16_MAX;
}

static bool answers(const struct uart *uart)
{
	if (reg_read(uart, REG_LSR) == ABSENT)
		return false;
	reg_write(uart, REG_SCRATCH, 0x5a);
	if (reg_read(uart, REG_SCRATCH) != 0x5a)
		return false;
	reg_write(uart, REG_SCRATCH, 0xa5);
	return reg_read(uart, REG_SCRATCH) == 0xa5;
}

static void set_divisor(const struct uart *uart, uint32_t divisor)
{
	reg_write(uart, REG_LCR, LCR_8N1 | LCR_DLAB);
	reg_write(uart, REG_DATA, divisor);
	reg_write(uart, REG_IER, divisor >> 8);
}

void uart_init(struct uart *uart, const struct boot_console *console)
{
	if (!find(uart, console) || !answers(uart)) {
		uart->kind = BOOT_CONSOLE_NONE;
		return;
	}
	if (console->baud)
		set_divisor(uart,
			    baud_divisor(console->clock_hz, console->baud));
	reg_write(uart, REG_LCR, LCR_8N1);
	reg_write(uart, REG_IER, 0);
	reg_write(uart, REG_FCR, FCR_CLEAR);
	reg_write(uart, REG_MCR, MCR_READY);
	uart->fifo_bytes = 1;
	if ((reg_read(uart, REG_IIR) & IIR_FIFO) == IIR_FIFO)
		uart->fifo_bytes = FIFO_BYTES;
}

uint32_t uart_room(struct uart *uart)
{
	uint8_t status;

	if (uart->kind == BOOT_CONSOLE_NONE)
		return 0;
	status = reg_read(uart, REG_LSR);
	if (status == ABSENT) {
		uart->kind = BOOT_CONSOLE_NONE; /* pulled out */
		return 0;
	}
	return status & LSR_EMPTY ? uart->fifo_bytes : 0;
}

bool uart_idle(struct uart *uart)
{
	return uart->kind == BOOT_CONSOLE_NONE ||
	       reg_read(uart, REG_LSR) & LSR_IDLE;
}

void uart_send(struct uart *uart, uint8_t byte)
{
	if (uart->kind != BOOT_CONSOLE_NONE)
		reg_write(uart, REG_DATA, byte);
}

bool uart_receive(struct uart *uart, uint8_t *byte)
{
	uint8_t status;

	if (uart->kind == BOOT_CONSOLE_NONE)
		return false;
	status = reg_read(uart, REG_LSR);
	if (status == ABSENT || !(status & LSR_DATA))
		return false;
	*byte = reg_read(uart, REG_DATA);
	return true;
}

void uart_interrupts(struct uart *uart, bool receive, bool transmit)
{
	uint8_t wanted =
		(receive ? IER_RECEIVED : 0) | (transmit ? IER_EMPTY : 0);

	if (uart->kind == BOOT_CONSOLE_NONE || wanted == uart->interrupts)
		return;
	uart->interrupts = wanted;
	reg_write(uart, REG_IER, wanted);
}

bool uart_interrupting(const struct uart *uart)
{
	return uart->kind != BOOT_CONSOLE_NONE &&
	       !(reg_read(uart, REG_IIR) & IIR_NONE);
}
