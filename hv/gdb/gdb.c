/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The GDB stub's lines: the second UART and the console's.  One session at a
 * time: the line that has it keeps it until the debugger lets go.  CPU 0 only,
 * but for what says otherwise.
 */
#include "hv/gdb/gdb.h"

#include <stddef.h>

#include "hv/clock.h"
#include "hv/console/console.h"
#include "hv/console/console_mux.h"
#include "hv/gdb/packet.h"
#include "hv/gdb/session.h"
#include "hv/gdb/target.h"
#include "hv/hw/cpu.h"
#include "hv/hw/tsc.h"
#include "hv/irq.h"
#include "hv/lib/log.h"
#include "hv/lib/string.h"
#include "hv/monitor/monitor.h"
#include "hv/percpu.h"
#include "hv/smp.h"
#include "hv/console/uart.h"
#include "hv/vcpu_call.h"
#include "hv/vm_hold.h"

#define COM2_PORT 0x2f8
#define COM2_IRQ  3
#define COM2_BAUD 115200

/* All that a command of the monitor prints, as digits, and its frames. */
#define RING_SIZE 65536u
#define RING_MASK (RING_SIZE - 1)
/* Text in one "O" packet. */
#define PART_SIZE	 1024u

#define POLL_NS		 2000000ull
#define INTERRUPT_ROUNDS 64
#define RECEIVE_BYTES	 256 /* a round; more come from a broken UART only */
#define NEVER		 UINT64_MAX

/* How long the end of a VM waits for the word of it to be sent. */
#define END_NS 100000000ull

enum line {
	LINE_NONE,
	LINE_COM2,
	LINE_CONSOLE,
};

static struct {
	struct uart uart;
	bool polled;	    /* the second line's interrupt does not reach us */
	uint32_t attention; /* atomic */
	enum line line;	    /* that has the session */
	bool talked;	    /* a debugger has, on that line */
	struct gdb_packet packet;
	struct gdb_protocol protocol;
	struct gdb_reply reply;
	uint8_t frame[GDB_FRAME_SIZE]; /* the last one, in case it is lost */
	size_t frame_size;
	uint32_t head, tail; /* count up; the ring holds [tail, head) */
	uint8_t ring[RING_SIZE];
} gdb;

/* ---- sending ---- */

static void drain_uart(void)
{
	uint32_t room = uart_room(&gdb.uart);

	for (; room && gdb.tail != gdb.head; room--)
		uart_send(&gdb.uart, gdb.ring[gdb.tail++ & RING_MASK]);
	if (!gdb.polled)
		uart_interrupts(&gdb.uart, true, gdb.tail != gdb.head);
}

static void drain_console(void)
{
	uint32_t room = console_text_room();

	while (room && gdb.tail != gdb.head) {
		uint32_t at = gdb.tail & RING_MASK;
		uint32_t size = gdb.head - gdb.tail;

		if (size > room)
			size = room;
		if (size > RING_SIZE - at)
			size = RING_SIZE - at;
		console_packet(gdb.ring + at, size);
		gdb.tail += size;
		room -= size;
	}
}

static void drain(void)
{
	if (gdb.line == LINE_COM2)
		drain_uart();
	else if (gdb.line == LINE_CONSOLE)
		drain_console();
}

static void send(const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	/* A debugger that does not read what it asked for asks again. */
	if (size > RING_SIZE - (gdb.head - gdb.tail))
		return;
	for (size_t i = 0; i < size; i++)
		gdb.ring[gdb.head++ & RING_MASK] = from[i];
	drain();
}

static void send_frame(void)
{
	send(gdb.frame, gdb.frame_size);
}

static void send_reply(void)
{
	gdb.frame_size = gdb_packet_frame(gdb.frame, &gdb.reply);
	send_frame();
}

static void new_reply(void)
{
	gdb.reply.size = 0;
	gdb.reply.overflow = false;
}

void gdb_target_monitor(uint32_t thread, const char *line)
{
	static char text[MONITOR_TEXT_SIZE];
	size_t size = monitor_run_for(gdb_target_vcpu(thread), line, text,
				      sizeof(text));

	for (size_t at = 0; at < size; at += PART_SIZE) {
		size_t part = size - at < PART_SIZE ? size - at : PART_SIZE;

		new_reply();
		gdb_put(&gdb.reply, "O");
		gdb_put_bytes(&gdb.reply, text + at, part);
		send_reply();
	}
	new_reply();
}

/* ---- receiving ---- */

static void packet_came(void)
{
	struct gdb_text hello = {gdb.packet.text,
				 gdb.packet.text + gdb.packet.size};

	/* Who begins anew does not know that there was no need any more. */
	if (!gdb.protocol.no_acks || gdb_take_word(&hello, "qSupported"))
		send("+", 1);
	if (gdb_protocol_packet(&gdb.protocol, gdb.packet.text, gdb.packet.size,
				&gdb.reply))
		send_reply();
}

static void long_packet_came(void)
{
	if (!gdb.protocol.no_acks)
		send("+", 1);
	gdb_put(&gdb.reply, "E.the packet is too long");
	send_reply();
}

static void byte_came(enum line line, uint8_t byte)
{
	if (!gdb_target_vm()) /* a machine without VMs */
		return;
	if (gdb.line != line) {
		if (gdb.protocol.attached)
			return;
		gdb.line = line;
		gdb.talked = false;
		gdb.packet = (struct gdb_packet){0};
		gdb.tail = gdb.head;
	}
	new_reply();
	switch (gdb_packet_byte(&gdb.packet, byte)) {
	case GDB_EVENT_NONE:
	case GDB_EVENT_ACK:
		break;
	case GDB_EVENT_PACKET:
		packet_came();
		break;
	case GDB_EVENT_LONG:
		long_packet_came();
		break;
	case GDB_EVENT_BAD:
		if (!gdb.protocol.no_acks)
			send("-", 1);
		break;
	case GDB_EVENT_NAK:
		if (!gdb.protocol.no_acks)
			send_frame();
		break;
	case GDB_EVENT_INTERRUPT:
		if (gdb_protocol_interrupt(&gdb.protocol, &gdb.reply))
			send_reply();
		break;
	}
}

static void tell_stop(void)
{
	struct gdb_stop stop;

	if (!gdb_target_stopped(&stop))
		return;
	new_reply();
	if (gdb_protocol_stopped(&gdb.protocol, &stop, &gdb.reply))
		send_reply();
}

/* A debugger has said goodbye, and has its answer: the line is free again for
 * what it is otherwise for. */
static void give_back_line(void)
{
	gdb.talked |= gdb.protocol.attached;
	if (gdb.line != LINE_CONSOLE || !gdb.talked || gdb.protocol.attached ||
	    gdb.tail != gdb.head)
		return;
	gdb.line = LINE_NONE;
	console_debugger_leave();
}

static void serve_console(void)
{
	uint8_t byte;

	while (console_typed(CONSOLE_MUX_DEBUGGER, &byte))
		byte_came(LINE_CONSOLE, byte);
}

/*
 * The line to the I/O APIC is edge-triggered on a PC: it must have been inactive
 * once before we leave, or there is no next edge.
 */
static void serve_uart(void)
{
	uint8_t byte;

	for (int i = 0; i < INTERRUPT_ROUNDS; i++) {
		for (int n = 0;
		     n < RECEIVE_BYTES && uart_receive(&gdb.uart, &byte); n++)
			byte_came(LINE_COM2, byte);
		if (gdb.line == LINE_COM2)
			drain_uart();
		if (!uart_interrupting(&gdb.uart))
			break;
	}
}

void gdb_serve(void)
{
	serve_console();
	if (__atomic_exchange_n(&gdb.attention, 0, __ATOMIC_SEQ_CST)) {
		serve_uart();
		tell_stop();
	}
	drain();
	give_back_line();
}

void gdb_attention(void)
{
	struct vcpu *v = vm_vcpu_of_cpu(0);

	__atomic_store_n(&gdb.attention, 1, __ATOMIC_SEQ_CST);
	if (v)
		vcpu_request(v, VCPU_REQUEST_CONSOLE);
	smp_kick(0); /* it may be outside of vcpu_run() */
}

void gdb_interrupt(void)
{
	gdb_attention();
}

uint64_t gdb_poll(void)
{
	static uint64_t next_tsc;
	uint64_t now;

	if (!gdb.polled)
		return NEVER;
	now = tsc_read();
	if (now >= next_tsc) {
		next_tsc = now + clock_tsc_from_ns(POLL_NS);
		gdb_attention();
	}
	return next_tsc;
}

/* ---- the monitor's ---- */

struct vm *gdb_vm(void)
{
	return gdb_target_vm();
}

bool gdb_is_attached(void)
{
	return gdb_target_is_attached();
}

bool gdb_choose(struct vm *vm)
{
	return gdb_target_choose(vm);
}

void gdb_drop(void)
{
	gdb_target_detach();
	gdb.protocol = (struct gdb_protocol){0};
}

/* ---- the beginning and the end ---- */

static uint32_t gsi_of_irq(const struct boot_info *info, uint8_t irq)
{
	for (uint32_t i = 0; i < info->override_count && i < BOOT_OVERRIDES_MAX;
	     i++)
		if (info->override[i].irq == irq)
			return info->override[i].gsi;
	return irq;
}

static void open_com2(const struct boot_info *info)
{
	const struct boot_console com2 = {
		.kind = BOOT_CONSOLE_IO,
		.address = COM2_PORT,
		.stride_bytes = 1,
		.width_bytes = 1,
		.baud = COM2_BAUD,
	};

	if (info->console.kind == BOOT_CONSOLE_IO &&
	    info->console.address == COM2_PORT) {
		log_line("gdb = com2: that line is the console's: Ctrl-A g");
		return;
	}
	uart_init(&gdb.uart, &com2);
	if (gdb.uart.kind == BOOT_CONSOLE_NONE) {
		log_line("gdb = com2: there is no UART at port %x", COM2_PORT);
		return;
	}
	gdb.polled = !irq_route(info, gsi_of_irq(info, COM2_IRQ), IRQ_GDB);
	uart_interrupts(&gdb.uart, !gdb.polled, false);
	log_line("GDB: vm %s on COM2, %u baud", gdb_target_vm()->config->name,
		 COM2_BAUD);
}

/* Stands still before its first instruction. */
static void wait_for_debugger(struct vm *vm)
{
	vm_hold_at_start(vm, VCPU_HELD_BY_DEBUGGER);
	log_line("vm %s waits for a debugger", vm->config->name);
}

void gdb_init(const struct boot_info *info)
{
	const struct config *config = &info->config;

	if (!config->vm_count)
		return;
	gdb_target_choose(vm_of(0));
	for (uint32_t i = config->vm_count; i-- > 0;)
		if (config->vm[i].gdb != CONFIG_GDB_OFF)
			gdb_target_choose(vm_of(i));
	if (config->gdb == CONFIG_GDB_LINE_COM2)
		open_com2(info);
	if (gdb_target_vm()->config->gdb == CONFIG_GDB_WAIT)
		wait_for_debugger(gdb_target_vm());
}

void gdb_vm_ended(struct vm *vm, uint32_t status)
{
	uint64_t end = tsc_read() + clock_tsc_from_ns(END_NS);

	if (!gdb_target_ended(vm, (uint8_t)status))
		return;
	gdb_attention();
	if (percpu()->self.number == 0)
		gdb_serve();
	while (gdb_target_is_attached() && tsc_read() < end)
		cpu_pause();
}
