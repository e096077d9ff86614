/* SPDX-License-Identifier: BSD-2-Clause */
/* hv/console/uart.c: a 16550's registers by ports and by memory of any stride and
 * width; hv/lib/baud.h: its speed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/hw/port.h"
#include "hv/lib/baud.h"
#include "hv/console/uart.h"
#include "mm/paging.h"

#define POISON 0x5a
#define PORT   0x2f8
#define MCR    4
#define LSR    5

static uint8_t device[64] __attribute__((aligned(8)));
static struct uart uart;

/* The only device that there is. */
void *paging_map_device(hpa_t address, uint64_t size_bytes)
{
	assert_int_equal(address.value, 0xfe034000);
	assert_true(size_bytes <= sizeof(device));
	return device;
}

static void begin(uint32_t stride, uint32_t width, uint32_t baud)
{
	struct boot_console console = {
		.kind = BOOT_CONSOLE_MMIO,
		.address = 0xfe034000,
		.stride_bytes = stride,
		.width_bytes = width,
		.baud = baud,
	};

	memset(device, POISON, sizeof(device));
	device[LSR * stride] = 0x60;
	uart_init(&uart, &console);
	assert_int_equal(uart.kind, BOOT_CONSOLE_MMIO);
}

/* Registers stand stride apart; each access is width wide, and what lies between
 * is not touched. */
static void check_memory(uint32_t stride, uint32_t width)
{
	begin(stride, width, 0);
	assert_int_equal(device[MCR * stride], 0x0b);
	uart_send(&uart, 'x');
	assert_int_equal(device[0], 'x');
	for (uint32_t i = 0; i < sizeof(device); i++) {
		uint32_t reg = i / stride, byte = i % stride;
		bool written = reg < 8 && reg != LSR && reg != 6;

		if (!written && !(reg == LSR && byte == 0))
			assert_int_equal(device[i], POISON);
		else if (byte && byte < width)
			assert_int_equal(device[i], 0);
		else if (byte)
			assert_int_equal(device[i], POISON);
	}
}

static void memory(void **state)
{
	(void)state;
	check_memory(1, 1);
	check_memory(2, 1);
	check_memory(2, 2);
	check_memory(4, 1);
	check_memory(4, 2);
	check_memory(4, 4);
}

static void ports(void **state)
{
	static const struct {
		uint16_t port;
		uint8_t value;
	} expected[] = {
		{PORT + 7, 0x5a}, {PORT + 7, 0xa5}, {PORT + 3, 0x83},
		{PORT, 0x0c},	  {PORT + 1, 0},    {PORT + 3, 0x03},
		{PORT + 1, 0},	  {PORT + 2, 0x07}, {PORT + 4, 0x0b},
	};
	struct boot_console console = {
		.kind = BOOT_CONSOLE_IO,
		.address = PORT,
		.stride_bytes = 1,
		.width_bytes = 1,
		.baud = 9600,
	};
	uint8_t byte;

	(void)state;
	memset(&fake_ports, 0, sizeof(fake_ports));
	fake_ports.byte[PORT + LSR] = 0x60;
	uart_init(&uart, &console);
	assert_int_equal(uart.kind, BOOT_CONSOLE_IO);
	assert_int_equal(fake_ports.writes,
			 sizeof(expected) / sizeof(expected[0]));
	for (unsigned i = 0; i < fake_ports.writes; i++) {
		assert_int_equal(fake_ports.write[i].port, expected[i].port);
		assert_int_equal(fake_ports.write[i].value, expected[i].value);
	}
	assert_false(uart_receive(&uart, &byte));
	fake_ports.byte[PORT + LSR] = 0x61;
	fake_ports.byte[PORT] = 'r';
	assert_true(uart_receive(&uart, &byte));
	assert_int_equal(byte, 'r');
}

static void absent(void **state)
{
	struct boot_console console = {
		.kind = BOOT_CONSOLE_IO,
		.address = PORT,
		.stride_bytes = 1,
		.width_bytes = 1,
	};
	uint8_t byte;

	(void)state;
	memset(&fake_ports, 0xff, sizeof(fake_ports.byte));
	fake_ports.writes = 0;
	uart_init(&uart, &console);
	assert_int_equal(uart.kind, BOOT_CONSOLE_NONE);
	assert_int_equal(fake_ports.writes, 0);
	assert_int_equal(uart_room(&uart), 0);
	assert_false(uart_receive(&uart, &byte));
	/* an address that is no port */
	console.address = 0xfffc;
	uart_init(&uart, &console);
	assert_int_equal(uart.kind, BOOT_CONSOLE_NONE);
}

static void pulled_out(void **state)
{
	(void)state;
	begin(4, 1, 115200);
	assert_true(uart_room(&uart));
	device[LSR * 4] = 0xff;
	assert_int_equal(uart_room(&uart), 0);
	assert_int_equal(uart.kind, BOOT_CONSOLE_NONE);
}

static void speeds(void **state)
{
	(void)state;
	assert_int_equal(baud_divisor(0, 115200), 1);
	assert_int_equal(baud_divisor(0, 9600), 12);
	assert_int_equal(baud_divisor(1843200, 1200), 96);
	assert_int_equal(baud_divisor(48000000, 115200), 26);
	assert_int_equal(baud_divisor(48000000, 3000000), 1);
	assert_int_equal(baud_divisor(0, UINT32_MAX), 1);
	assert_int_equal(baud_divisor(UINT32_MAX, 1), 0xffff);

	assert_true(baud_is_possible(0, 115200));
	assert_true(baud_is_possible(0, 57600));
	assert_true(baud_is_possible(0, 38400));
	assert_true(baud_is_possible(0, 14400));
	assert_false(baud_is_possible(0, 230400));
	assert_false(baud_is_possible(0, 100000)); /* 115200 is 15 % off */
	assert_true(baud_is_possible(0, 112500));  /* 2.4 % */
	assert_true(baud_is_possible(14745600, 921600));
	assert_true(baud_is_possible(48000000, 115200)); /* 0.16 % */
	assert_false(baud_is_possible(UINT32_MAX, 1));
	assert_false(baud_is_possible(1, UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory), cmocka_unit_test(ports),
		cmocka_unit_test(absent), cmocka_unit_test(pulled_out),
		cmocka_unit_test(speeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
