/* SPDX-License-Identifier: BSD-2-Clause */
/* guest/dev/vuart.c: what Linux's 8250 driver does to a port, and the FIFOs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest/dev/vuart.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = IIR };

static struct vuart uart;

static int setup(void **state)
{
	(void)state;
	memset(&uart, 0xa5, sizeof(uart));
	vuart_init(&uart);
	return 0;
}

static void out(unsigned reg, uint8_t value)
{
	vuart_write(&uart, reg, value);
}

static uint8_t in(unsigned reg)
{
	return vuart_read(&uart, reg);
}

/* Takes everything that was sent; returns how much. */
static unsigned drain(char *text)
{
	unsigned count = 0;
	uint8_t byte;

	while (vuart_tx_take(&uart, &byte))
		text[count++] = byte;
	text[count] = '\0';
	return count;
}

static void test_reset_state(void **state)
{
	(void)state;
	assert_int_equal(in(IER), 0x00);
	assert_int_equal(in(IIR), 0x01);
	assert_int_equal(in(LCR), 0x00);
	assert_int_equal(in(MCR), 0x00);
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(MSR), 0xb0);
	assert_int_equal(in(DATA), 0x00);
	assert_false(vuart_irq(&uart));
}

static void test_registers_hold_what_they_should(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 256; v++) {
		out(SCR, v);
		assert_int_equal(in(SCR), v);
		out(IER, v);
		assert_int_equal(in(IER), v & 0x0f);
		out(IER, 0);
		out(MCR, v);
		assert_int_equal(in(MCR), v & 0x1f);
		out(LCR, v);
		assert_int_equal(in(LCR), v);
		out(LCR, 0x80);
		out(DATA, v);
		out(IER, v ^ 0xff);
		assert_int_equal(in(DATA), v);
		assert_int_equal(in(IER), v ^ 0xff);
		out(LCR, 0x03);
		out(LSR, v);
		out(MSR, v);
		assert_int_equal(in(LSR), 0x60);
	}
	assert_false(vuart_tx_take(&uart, &(uint8_t){0}));
	assert_int_equal(vuart_read(&uart, 8 + SCR), 0xff);
}

/* Linux, 8250_port.c: autoconfig() and autoconfig_16550a(). */
static void test_is_found_to_be_a_16550a(void **state)
{
	(void)state;
	out(IER, 0);
	assert_int_equal(in(IER)&0x0f, 0);
	out(IER, 0x0f);
	assert_int_equal(in(IER)&0x0f, 0x0f);
	out(IER, 0);
	out(MCR, 0x1a); /* loopback: RTS, OUT2 */
	assert_int_equal(in(MSR)&0xf0, 0x90);
	out(MCR, 0x15); /* DTR, OUT1 */
	assert_int_equal(in(MSR)&0xf0, 0x60);
	out(MCR, 0);
	out(LCR, 0xbf); /* an EFR would be here */
	out(FCR, 0);
	out(LCR, 0);
	out(FCR, 0x01);
	assert_int_equal(in(IIR) >> 6, 3);
	out(LCR, 0xbf);
	assert_int_not_equal(in(IIR), 0); /* no EFR */
	out(LCR, 0);
	out(FCR, 0x21); /* 64-byte FIFOs of a 16750 */
	assert_int_equal(in(IIR) >> 5, 6);
	out(LCR, 0x80);
	out(FCR, 0x21);
	assert_int_equal(in(IIR) >> 5, 6);
	out(LCR, 0);
	out(IER, 0x40); /* UUE of an XScale */
	assert_int_equal(in(IER)&0x40, 0);
	out(FCR, 0);
	assert_int_equal(in(IIR), 0x01);
}

/* The same driver at start-up: does the port re-assert THRE? */
static void test_thre_is_raised_by_enabling(void **state)
{
	(void)state;
	out(MCR, 0x08);
	out(IER, 0x02);
	assert_true(vuart_irq(&uart));
	assert_int_equal(in(IIR), 0x02);
	assert_false(vuart_irq(&uart)); /* the read cleared it */
	assert_int_equal(in(IIR), 0x01);
	out(IER, 0x02); /* no new edge of the enable bit */
	assert_false(vuart_irq(&uart));
	out(IER, 0x00);
	out(IER, 0x02);
	assert_true(vuart_irq(&uart));
	out(IER, 0x00);
	assert_false(vuart_irq(&uart));
}

static void test_thre_waits_for_the_taker(void **state)
{
	char text[32];
	uint8_t byte;

	(void)state;
	out(MCR, 0x0b);
	out(FCR, 0x01);
	out(IER, 0x02);
	assert_int_equal(in(IIR), 0xc2);
	out(DATA, 'a');
	assert_int_equal(in(LSR), 0x00);
	assert_false(vuart_irq(&uart));
	out(DATA, 'b');
	assert_true(vuart_tx_take(&uart, &byte));
	assert_int_equal(byte, 'a');
	assert_int_equal(in(LSR), 0x00);
	assert_false(vuart_irq(&uart));
	assert_int_equal(drain(text), 1);
	assert_int_equal(in(LSR), 0x60);
	assert_true(vuart_irq(&uart));
	out(DATA, 'c'); /* writing THR clears the interrupt, too */
	assert_false(vuart_irq(&uart));
	out(FCR, 0x05); /* transmit reset empties it */
	assert_int_equal(in(LSR), 0x60);
	assert_true(vuart_irq(&uart));
	assert_int_equal(drain(text), 0);
}

static void test_transmit_fifo(void **state)
{
	char text[32];

	(void)state;
	for (unsigned round = 0; round < 5; round++) {
		out(FCR, 0x01);
		for (unsigned i = 0; i < 20; i++)
			out(DATA, 'a' + i);
		assert_int_equal(drain(text), 16);
		assert_string_equal(text, "abcdefghijklmnop");
	}
	out(FCR, 0x00);
	out(DATA, 'x');
	out(DATA, 'y'); /* replaces THR */
	assert_int_equal(drain(text), 1);
	assert_string_equal(text, "y");
}

static void test_receive_without_fifo(void **state)
{
	(void)state;
	out(MCR, 0x08);
	out(IER, 0x01);
	assert_true(vuart_rx_room(&uart));
	assert_true(vuart_rx_put(&uart, 'k'));
	assert_false(vuart_rx_room(&uart));
	assert_false(vuart_rx_put(&uart, 'l'));
	assert_int_equal(in(LSR), 0x61);
	assert_true(vuart_irq(&uart));
	assert_int_equal(in(IIR), 0x04);
	assert_int_equal(in(DATA), 'k');
	assert_int_equal(in(LSR), 0x60);
	assert_false(vuart_irq(&uart));
	assert_true(vuart_rx_put(&uart, 'm'));
	assert_int_equal(in(DATA), 'm');
}

static void test_receive_triggers(void **state)
{
	static const uint8_t levels[] = {1, 4, 8, 14};

	(void)state;
	out(IER, 0x01);
	for (unsigned t = 0; t < 4; t++) {
		out(FCR, 0x03 | t << 6);
		assert_int_equal(in(IIR), 0xc1);
		for (unsigned i = 1; i <= 16; i++) {
			assert_true(vuart_rx_put(&uart, i));
			assert_int_equal(in(IIR), i >= levels[t] ? 0xc4 : 0xcc);
		}
		assert_false(vuart_rx_put(&uart, 17));
		for (unsigned i = 1; i <= 16; i++)
			assert_int_equal(in(DATA), i);
		assert_int_equal(in(IIR), 0xc1);
	}
	assert_true(vuart_rx_put(&uart, 1));
	out(FCR, 0x03); /* receive reset */
	assert_int_equal(in(LSR), 0x60);
	assert_true(vuart_rx_put(&uart, 1));
	out(FCR, 0x00); /* turning FIFOs off resets as well */
	assert_int_equal(in(LSR), 0x60);
}

static void test_priorities_and_gate(void **state)
{
	(void)state;
	out(FCR, 0x01);
	out(MCR, 0x10); /* loopback on and off: modem lines change */
	out(IER, 0x0f);
	for (unsigned i = 0; i < 17; i++)
		out(DATA, i); /* the 17th overruns */
	assert_int_equal(in(IIR), 0xc6);
	assert_false(vuart_irq(&uart));
	out(MCR, 0x00);
	assert_false(vuart_irq(&uart)); /* OUT2 is off */
	out(MCR, 0x08);
	assert_true(vuart_irq(&uart));
	assert_int_equal(in(LSR), 0x63);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(IIR), 0xc4);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(in(DATA), i);
	assert_int_equal(in(IIR), 0xc2);
	assert_int_equal(in(IIR), 0xc0);
	assert_true(vuart_irq(&uart));
	assert_int_equal(in(MSR), 0xbb); /* CTS, DSR, DCD came back */
	assert_int_equal(in(MSR), 0xb0);
	assert_int_equal(in(IIR), 0xc1);
	assert_false(vuart_irq(&uart));
}

static void test_ring_indicator_counts_its_trailing_edge(void **state)
{
	(void)state;
	out(MCR, 0x10);
	in(MSR);
	out(MCR, 0x14);
	assert_int_equal(in(MSR), 0x40);
	out(MCR, 0x10);
	assert_int_equal(in(MSR), 0x04);
}

static void test_loopback_is_closed(void **state)
{
	(void)state;
	out(MCR, 0x18);
	out(IER, 0x01);
	assert_false(vuart_rx_room(&uart));
	assert_false(vuart_rx_put(&uart, 'x'));
	out(DATA, 'q');
	assert_false(vuart_tx_take(&uart, &(uint8_t){0}));
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(IIR), 0x04);
	assert_false(vuart_irq(&uart)); /* OUT2's pin is forced inactive */
	assert_int_equal(in(DATA), 'q');
	assert_int_equal(in(LSR), 0x60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, setup)
		TEST(test_reset_state),
		TEST(test_registers_hold_what_they_should),
		TEST(test_is_found_to_be_a_16550a),
		TEST(test_thre_is_raised_by_enabling),
		TEST(test_thre_waits_for_the_taker),
		TEST(test_transmit_fifo),
		TEST(test_receive_without_fifo),
		TEST(test_receive_triggers),
		TEST(test_priorities_and_gate),
		TEST(test_ring_indicator_counts_its_trailing_edge),
		TEST(test_loopback_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
