/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any sequence of port and MMIO accesses, outside events and jumps in time, on
 * all devices of guest/dev at once, dispatched as a board would: no crash, and
 * after every step the promises that the board builds on hold.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guest/dev/acpi_pm.h"
#include "guest/dev/exit_ports.h"
#include "guest/dev/fw_cfg.h"
#include "guest/dev/i8042.h"
#include "guest/dev/ports.h"
#include "guest/dev/reset_ports.h"
#include "guest/dev/testdev.h"
#include "guest/dev/ticks.h"
#include "guest/dev/vpit.h"
#include "guest/dev/vrtc.h"
#include "guest/dev/vuart.h"

#define MUST(condition)           \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

enum { MAX_ROUNDS = 2000 };
#define LAST_NS (1ull << 62)

struct input {
	const uint8_t *data;
	size_t left;
};

struct machine {
	struct vuart uart;
	struct vpit pit;
	struct vrtc rtc;
	struct acpi_pm pm;
	struct reset_ports reset;
	struct i8042 i8042;
	struct exit_ports exit;
	struct fw_cfg fw_cfg;
	struct testdev testdev;
	uint64_t now;
	uint64_t sent, taken; /* bytes through the UART */
};

static uint8_t *mmio; /* on the heap: ASan sees both ends */

/* Size bytes of the input, low one first; zeroes after its end. */
static uint64_t input_take(struct input *in, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size && in->left; i++) {
		value |= (uint64_t)*in->data++ << 8 * i;
		in->left--;
	}
	return value;
}

/* Mostly a port that something listens on. */
static uint16_t input_port(struct input *in)
{
	static const uint16_t ports[] = {
		0x40,  0x41,  0x42,  0x43,   0x43,   0x40,   0x60,  0x61,
		0x64,  0x70,  0x71,  0x71,   0x92,   0xe0,   0xe2,  0xe4,
		0xf4,  0x3f8, 0x3f9, 0x3fa,  0x3fb,  0x3fc,  0x3fd, 0x3fe,
		0x3ff, 0x510, 0x511, 0x600,  0x602,  0x604,  0x608, 0x601,
		0xcf8, 0xcf9, 0xcfc, 0x2000, 0x2017, 0x8900,
	};
	uint8_t pick = input_take(in, 1);

	if (pick < sizeof(ports) / sizeof(ports[0]))
		return ports[pick];
	return input_take(in, 2);
}

static void read_port(struct machine *m, uint16_t port, unsigned size)
{
	vpit_read(&m->pit, port, m->now);
	vrtc_read(&m->rtc, port, m->now);
	reset_ports_read(&m->reset, port);
	i8042_read(&m->i8042, port);
	fw_cfg_read(&m->fw_cfg, port, size);
	testdev_read(&m->testdev, port, size);
	acpi_pm_read(&m->pm, port, size, m->now);
	if (port >= PORTS_COM1 && port < PORTS_COM1 + PORTS_COM_SIZE)
		vuart_read(&m->uart, port);
}

static void check_action(enum dev_action action, enum dev_action allowed)
{
	MUST(action == DEV_ACTION_NONE || action == allowed);
}

static void write_port(struct machine *m, uint16_t port, unsigned size,
		       uint32_t value)
{
	struct testdev_effect effect;
	enum dev_action action;

	vpit_write(&m->pit, port, value, m->now);
	vrtc_write(&m->rtc, port, value, m->now);
	fw_cfg_write(&m->fw_cfg, port, size, value);
	check_action(reset_ports_write(&m->reset, port, value),
		     DEV_ACTION_RESET);
	check_action(i8042_write(&m->i8042, port, value), DEV_ACTION_RESET);
	check_action(acpi_pm_write(&m->pm, port, size, value, m->now),
		     DEV_ACTION_POWEROFF);
	action = exit_ports_write(&m->exit, port, size, value);
	check_action(action, port == PORTS_DEBUG_EXIT ? DEV_ACTION_EXIT
						      : DEV_ACTION_POWEROFF);
	effect = testdev_write(&m->testdev, port, size, value);
	MUST(effect.line < TESTDEV_LINES);
	if (port >= PORTS_COM1 && port < PORTS_COM1 + PORTS_COM_SIZE) {
		m->sent++;
		vuart_write(&m->uart, port, value);
	}
}

static void access_mmio(struct machine *m, struct input *in)
{
	uint8_t how = input_take(in, 1);
	uint64_t offset = input_take(in, how & 1 ? 2 : 8);
	unsigned size = 1u << (how >> 1 & 3);
	uint64_t value = input_take(in, size), back;

	testdev_mmio_write(&m->testdev, offset, size, value);
	back = testdev_mmio_read(&m->testdev, offset, size);
	if (offset < TESTDEV_MMIO_SIZE - 8)
		MUST(back == value);
}

static void check_uart(struct machine *m)
{
	struct vuart *u = &m->uart;
	bool room = vuart_rx_room(u);
	struct vuart probe = *u;

	MUST(u->tx.count <= u->depth && u->rx.count <= u->depth);
	MUST(!(u->lsr & 0x20) == (u->tx.count != 0));
	MUST(!(u->lsr & 0x01) == (u->rx.count == 0));
	MUST(vuart_rx_put(&probe, 0) == room);
	if (vuart_irq(u)) { /* then IIR names a source */
		probe = *u;
		MUST(!(vuart_read(&probe, 2) & 1));
	}
}

/* A timer that is armed from next() must not fire for ever, nor too late. */
static void check_pit(struct machine *m)
{
	struct vpit probe = m->pit;
	uint64_t next;

	vpit_tick(&m->pit, m->now);
	next = vpit_next(&m->pit);
	MUST(next > m->now);
	MUST(!vpit_tick(&m->pit, m->now));
	if (next == TICKS_NEVER || next > LAST_NS)
		return;
	probe = m->pit;
	MUST(!vpit_tick(&probe, next - 1));
	MUST(vpit_next(&probe) == next);
	MUST(vpit_tick(&probe, next));
}

static void check_rtc(struct machine *m)
{
	struct vrtc probe;
	uint64_t next;

	vrtc_tick(&m->rtc, m->now);
	next = vrtc_next(&m->rtc);
	MUST(next > m->now);
	MUST(!vrtc_irq(&m->rtc) || next == TICKS_NEVER);
	if (next == TICKS_NEVER || next > LAST_NS)
		return;
	probe = m->rtc;
	vrtc_tick(&probe, next - 1);
	MUST(!vrtc_irq(&probe));
	MUST(vrtc_next(&probe) == next);
	vrtc_tick(&probe, next);
	MUST(vrtc_irq(&probe));
}

static void check_pm(struct machine *m)
{
	struct acpi_pm probe;
	uint64_t next;

	acpi_pm_tick(&m->pm, m->now);
	next = acpi_pm_next(&m->pm);
	MUST(next > m->now);
	if (next == TICKS_NEVER || next > LAST_NS)
		return;
	probe = m->pm;
	acpi_pm_tick(&probe, next - 1);
	MUST(acpi_pm_sci(&probe) == acpi_pm_sci(&m->pm));
	acpi_pm_tick(&probe, next);
	MUST(acpi_pm_sci(&probe));
}

static void take_bytes(struct machine *m, unsigned most)
{
	uint8_t byte;

	while (most-- && vuart_tx_take(&m->uart, &byte))
		m->taken++;
	MUST(m->taken <= m->sent);
}

static void step(struct machine *m, struct input *in)
{
	uint8_t what = input_take(in, 1);
	unsigned size = 1u << (what >> 4) % 3;
	uint16_t port;

	switch (what & 15) {
	case 0:
		m->now += input_take(in, 1 + (what >> 4) % 7);
		break;
	case 1:
		m->now = vpit_next(&m->pit);
		break;
	case 2:
		m->now = vrtc_next(&m->rtc);
		break;
	case 3:
		take_bytes(m, what >> 4);
		break;
	case 4:
		vuart_rx_put(&m->uart, what >> 4);
		break;
	case 5:
		acpi_pm_press_power_button(&m->pm);
		break;
	case 6:
		access_mmio(m, in);
		break;
	case 7:
	case 8:
	case 9:
		read_port(m, input_port(in), size);
		break;
	default:
		port = input_port(in);
		write_port(m, port, size, input_take(in, size));
		break;
	}
}

static void machine_init(struct machine *m, struct input *in)
{
	m->now = input_take(in, 5);
	vuart_init(&m->uart);
	vpit_init(&m->pit, m->now);
	vrtc_init(&m->rtc, input_take(in, 8), input_take(in, 4),
		  input_take(in, 6), m->now);
	acpi_pm_init(&m->pm, m->now);
	reset_ports_init(&m->reset);
	i8042_init(&m->i8042);
	exit_ports_init(&m->exit);
	fw_cfg_init(&m->fw_cfg, 2, 1 << 28, 1 << 28);
	testdev_init(&m->testdev, mmio);
	m->sent = m->taken = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct machine m;

	if (!mmio)
		mmio = malloc(TESTDEV_MMIO_SIZE);
	machine_init(&m, &in);
	for (int i = 0; i < MAX_ROUNDS && in.left; i++) {
		uint64_t before = m.now;

		step(&m, &in);
		if (m.now < before || m.now > LAST_NS)
			m.now = before; /* not armed, or past any VM's life */
		check_uart(&m);
		check_pit(&m);
		check_rtc(&m);
		check_pm(&m);
	}
	return 0;
}
