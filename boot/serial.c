/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader's 16550, polled, with a time-out on every wait: a machine without
 * one must lose no time.  Touches the UART that serial_open() was given.
 */
#include "boot/serial.h"

#include "hv/hw/port.h"
#include "hv/lib/baud.h"

#define SERIAL_DATA	 0 /* THR, or divisor latch low */
#define SERIAL_IER	 1 /* or divisor latch high */
#define SERIAL_FCR	 2
#define SERIAL_LCR	 3
#define SERIAL_MCR	 4
#define SERIAL_LSR	 5

#define SERIAL_LCR_8N1	 0x03
#define SERIAL_LCR_DLAB	 0x80
#define SERIAL_MCR_READY 0x03 /* DTR and RTS */
#define SERIAL_FCR_CLEAR 0x07 /* FIFOs on and empty */
#define SERIAL_LSR_THRE	 0x20
#define SERIAL_LSR_TEMT	 0x40

/* 16 bytes at 1200 baud take 133 ms; a read of the LSR about 1 us. */
#define SERIAL_WAIT_READS 300000

static struct boot_console serial;

static uint8_t serial_read(uint32_t reg)
{
	uint64_t address = serial.address + reg * serial.stride_bytes;

	if (serial.kind == BOOT_CONSOLE_IO)
		return port_in8((uint16_t)address);
	if (serial.width_bytes == 4)
		return (uint8_t) * (volatile uint32_t *)address;
	if (serial.width_bytes == 2)
		return (uint8_t) * (volatile uint16_t *)address;
	return *(volatile uint8_t *)address;
}

static void serial_set(uint32_t reg, uint8_t value)
{
	uint64_t address = serial.address + reg * serial.stride_bytes;

	if (serial.kind == BOOT_CONSOLE_IO)
		port_out8((uint16_t)address, value);
	else if (serial.width_bytes == 4)
		*(volatile uint32_t *)address = value;
	else if (serial.width_bytes == 2)
		*(volatile uint16_t *)address = value;
	else
		*(volatile uint8_t *)address = value;
}

static bool serial_wait(uint8_t bit)
{
	for (uint32_t i = 0; i < SERIAL_WAIT_READS; i++)
		if (serial_read(SERIAL_LSR) & bit)
			return true;
	return false;
}

bool serial_open(const struct boot_console *console)
{
	uint32_t divisor;

	serial = *console;
	if (serial.kind == BOOT_CONSOLE_NONE)
		return false;
	/* Where there is no UART, reads give all ones. */
	if (serial_read(SERIAL_LSR) == 0xff || !serial_wait(SERIAL_LSR_TEMT)) {
		serial.kind = BOOT_CONSOLE_NONE;
		return false;
	}
	serial_set(SERIAL_IER, 0);
	if (!serial.baud)
		return true;
	divisor = baud_divisor(serial.clock_hz, serial.baud);
	serial_set(SERIAL_LCR, SERIAL_LCR_DLAB | SERIAL_LCR_8N1);
	serial_set(SERIAL_DATA, (uint8_t)divisor);
	serial_set(SERIAL_IER, (uint8_t)(divisor >> 8));
	serial_set(SERIAL_LCR, SERIAL_LCR_8N1);
	serial_set(SERIAL_FCR, SERIAL_FCR_CLEAR);
	serial_set(SERIAL_MCR, SERIAL_MCR_READY);
	return true;
}

void serial_write(const char *text, size_t size)
{
	for (size_t i = 0; i < size && serial.kind != BOOT_CONSOLE_NONE; i++) {
		if (serial_wait(SERIAL_LSR_THRE))
			serial_set(SERIAL_DATA, (uint8_t)text[i]);
		else
			serial.kind = BOOT_CONSOLE_NONE;
	}
}
