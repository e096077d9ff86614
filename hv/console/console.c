/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial line; see console.h.
 *
 * Producers put bytes into the ring under console.lock, which is held for some
 * stores only: a guest's byte for a few, a line of the log for its length.  It
 * is a ticket lock, so nobody waits for more than one turn of each other CPU.
 *
 * One CPU at a time, the holder of console.draining, moves bytes from the ring
 * to the UART; who finds it taken goes away, because the holder looks at ring
 * and UART once more after letting go.  Who knows that the UART's FIFO is still
 * full does not touch it: its interrupt comes, or CPU 0 polls.
 *
 * vm_console_room() and vm_console_input() take the VM's own lock, under which
 * guests' bytes come here: so they are called from the interrupt and from
 * console_poll() only.
 */
#include "hv/console/console.h"

#include <stddef.h>

#include "hv/clock.h"
#include "hv/console/console_mux.h"
#include "hv/hw/cpu.h"
#include "hv/hw/tsc.h"
#include "hv/irq.h"
#include "hv/lib/format.h"
#include "hv/lib/log.h"
#include "hv/lib/spinlock.h"
#include "hv/percpu.h"
#include "hv/smp.h"
#include "hv/console/uart.h"
#include "hv/vm.h"

/* How long an unfinished line of a VM is held back, when several share, and log
 * lines for such a line when it goes on no more; for one that does, or cannot
 * because the ring is full, at most the latter. */
#define HOLD_NS	    20000000ull
#define HOLD_LOG_NS 2000000000ull

/* Polling: when something waits to go out (a FIFO lasts 1.4 ms at 115200), and
 * to see what is typed. */
#define POLL_BUSY_NS 1000000ull
#define POLL_IDLE_NS 10000000ull

/* Guests that were refused are called when this much is in the ring. */
#define REFUSED_CALL_BELOW (CONSOLE_MUX_RING_SIZE / 2 - 8192)

/* Reads of LSR (each about a microsecond) before a line counts as dead. */
#define WAIT_READS	 500000

#define INTERRUPT_ROUNDS 64

/* Several FIFOs full: a UART that never runs out of bytes is broken. */
#define RECEIVE_BYTES 256

/* When nobody said how fast the line is. */
#define USUAL_BAUD    115200
#define BITS_PER_BYTE 10 /* 8N1 */

_Static_assert(CONFIG_VMS_MAX <= CONSOLE_MUX_VMS, "room for every VM");

static struct {
	struct spinlock lock; /* of mux's producers' side, last_tsc */
	uint32_t draining;    /* taken by exchange: mux's tail and uart */
	struct console_mux mux;
	struct uart uart;
	bool running;	      /* nobody waits any more */
	bool interrupts;      /* the UART's reach us */
	bool text_refused;    /* monitor or debugger had little room; CPU 0 */
	uint32_t refused;     /* VMs that found no room; atomic */
	uint64_t byte_tsc;    /* how long the wire takes for a byte */
	uint64_t full_tsc;    /* until then the FIFO has no room; atomic */
	uint64_t waiting_tsc; /* since when log lines wait */
	uint64_t show_tsc;    /* when to look for unfinished lines; atomic */
	uint64_t last_tsc[CONSOLE_MUX_VMS]; /* when the VM last put a byte */
} console;

static bool absent(void)
{
	return console.uart.kind == BOOT_CONSOLE_NONE;
}

void console_init(const struct boot_info *info)
{
	console_mux_init(&console.mux);
	console.show_tsc = CONSOLE_NEVER;
	uart_init(&console.uart, &info->console);
}

/* What the UART takes now.  True when bytes are left over. */
static bool fill_uart(void)
{
	uint32_t room = uart_room(&console.uart), sent = 0;
	uint8_t byte;

	while (sent < room && console_mux_take(&console.mux, &byte)) {
		uart_send(&console.uart, byte);
		sent++;
	}
	if (!console_mux_used(&console.mux))
		return false;
	if (sent)
		__atomic_store_n(&console.full_tsc,
				 tsc_read() + sent * console.byte_tsc,
				 __ATOMIC_RELAXED);
	return true;
}

static void drain(void)
{
	bool left;

	do {
		if (__atomic_exchange_n(&console.draining, 1, __ATOMIC_ACQ_REL))
			return;
		left = fill_uart();
		if (console.interrupts)
			uart_interrupts(&console.uart, true, left);
		__atomic_store_n(&console.draining, 0, __ATOMIC_SEQ_CST);
	} while (console_mux_used(&console.mux) && uart_room(&console.uart));
}

/* For who put something: not while the UART has no room anyhow. */
static void drain_soon(void)
{
	if (tsc_read() >= __atomic_load_n(&console.full_tsc, __ATOMIC_RELAXED))
		drain();
}

/* Until the ring is empty.  A line that does not move is given up. */
static void drain_all(void)
{
	uint32_t tries = 0;

	while (console_mux_used(&console.mux) && !absent()) {
		uint32_t before = console_mux_used(&console.mux);

		drain();
		tries = console_mux_used(&console.mux) < before ? 0 : tries + 1;
		if (tries > WAIT_READS)
			console.uart.kind = BOOT_CONSOLE_NONE;
		cpu_pause();
	}
}

/* Sees to it that console_poll() runs in time for an unfinished line. */
static void show_later(uint64_t now)
{
	uint64_t never = CONSOLE_NEVER;

	if (__atomic_compare_exchange_n(&console.show_tsc, &never,
					now + clock_tsc_from_ns(HOLD_NS), false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		smp_kick(0);
}

void console_log(const char *text, size_t size)
{
	uint64_t now = tsc_read();
	bool waited, waits;

	if (absent())
		return;
	spin_lock(&console.lock);
	waited = console.mux.waiting_size;
	console_mux_log(&console.mux, text, size);
	waits = console.mux.waiting_size;
	if (waits && !waited)
		console.waiting_tsc = now;
	spin_unlock(&console.lock);
	if (waits)
		show_later(now);
	if (console.running)
		drain_soon();
	else
		drain_all();
}

bool console_guest_has_room(uint32_t vm)
{
	if (absent() || console_mux_room(&console.mux))
		return true;
	/* Noted first, then looked again: the note is seen by whoever empties
	 * the ring after the second look. */
	__atomic_fetch_or(&console.refused, 1u << vm, __ATOMIC_SEQ_CST);
	return console_mux_room(&console.mux);
}

bool console_guest_put(uint32_t vm, uint8_t byte)
{
	uint64_t now;
	bool held;

	if (absent())
		return true;
	if (!console_guest_has_room(vm))
		return false;
	now = tsc_read();
	spin_lock(&console.lock);
	console_mux_guest(&console.mux, vm, byte);
	console.last_tsc[vm] = now;
	held = console.mux.vm[vm].held;
	spin_unlock(&console.lock);
	if (held)
		show_later(now);
	drain_soon();
	return true;
}

void console_guest_end(uint32_t vm)
{
	spin_lock(&console.lock);
	console_mux_end(&console.mux, vm);
	spin_unlock(&console.lock);
	drain();
}

void console_run(const struct boot_info *info)
{
	const struct config *config = &info->config;
	uint32_t baud = info->console.baud ? info->console.baud : USUAL_BAUD;
	uint32_t first = CONSOLE_MUX_NOBODY;

	console.byte_tsc =
		clock_tsc_from_ns(BITS_PER_BYTE * 1000000000ull / baud);
	for (uint32_t i = 0; i < config->vm_count && i < CONFIG_VMS_MAX; i++) {
		if (config->vm[i].console != CONFIG_CONSOLE_SERIAL)
			continue;
		console_mux_add(&console.mux, i, config->vm[i].name);
		if (first == CONSOLE_MUX_NOBODY)
			first = i;
	}
	console.running = true;
	console.mux.patient = true;
	console_keyboard_init(first, config->monitor);
	if (absent() || info->console.gsi == UINT32_MAX)
		return;
	console.interrupts = irq_route(info, info->console.gsi, IRQ_CONSOLE);
	log_at(LOG_DEBUG, LOG_CONSOLE, "serial line: %s",
	       console.interrupts ? "by interrupt" : "polled");
	drain();
}

static void receive(void)
{
	uint8_t byte;

	for (int i = 0; i < RECEIVE_BYTES && uart_receive(&console.uart, &byte);
	     i++)
		console_keyboard_byte(byte);
}

static void call_refused(void)
{
	uint32_t refused;

	if (console_mux_used(&console.mux) >= REFUSED_CALL_BELOW && !absent())
		return;
	if (console.text_refused) {
		console.text_refused = false;
		console_keyboard_attention();
	}
	if (!__atomic_load_n(&console.refused, __ATOMIC_SEQ_CST))
		return;
	refused = __atomic_exchange_n(&console.refused, 0, __ATOMIC_SEQ_CST);
	for (uint32_t vm = 0; vm < CONFIG_VMS_MAX; vm++)
		if (refused >> vm & 1)
			vm_console_room(vm);
}

/*
 * The line to the I/O APIC is edge-triggered on a PC: it must have been inactive
 * once before we leave, or there is no next edge.
 */
void console_interrupt(void)
{
	for (int i = 0; i < INTERRUPT_ROUNDS; i++) {
		receive();
		drain();
		if (!uart_interrupting(&console.uart))
			break;
	}
	call_refused();
}

/* May log lines interrupt the line that a VM is writing? */
static bool are_due(uint64_t now)
{
	uint32_t vm = console.mux.open;

	if (now - console.waiting_tsc >= clock_tsc_from_ns(HOLD_LOG_NS))
		return true;
	return vm < CONSOLE_MUX_VMS &&
	       now - console.last_tsc[vm] >= clock_tsc_from_ns(HOLD_NS) &&
	       !(__atomic_load_n(&console.refused, __ATOMIC_RELAXED) >> vm & 1);
}

/* Shows the unfinished lines that have been quiet long enough; returns when to
 * look again. */
static uint64_t show_unfinished(uint64_t now)
{
	uint64_t hold = clock_tsc_from_ns(HOLD_NS);
	uint64_t next = CONSOLE_NEVER;

	spin_lock(&console.lock);
	for (uint32_t vm = 0; vm < CONSOLE_MUX_VMS; vm++) {
		uint64_t due = console.last_tsc[vm] + hold;

		if (!console.mux.vm[vm].held)
			continue;
		if (due <= now)
			console_mux_show(&console.mux, vm);
		else if (due < next)
			next = due;
	}
	if (console.mux.waiting_size) {
		if (are_due(now))
			console_mux_hurry(&console.mux);
		else if (now + hold < next)
			next = now + hold;
	}
	__atomic_store_n(&console.show_tsc, next, __ATOMIC_SEQ_CST);
	spin_unlock(&console.lock);
	drain();
	return next;
}

static uint64_t poll_uart(uint64_t now)
{
	receive();
	drain();
	call_refused();
	return now + clock_tsc_from_ns(console_mux_used(&console.mux)
					       ? POLL_BUSY_NS
					       : POLL_IDLE_NS);
}

uint64_t console_poll(void)
{
	static uint64_t next_poll_tsc; /* CPU 0 only */
	uint64_t show = __atomic_load_n(&console.show_tsc, __ATOMIC_SEQ_CST);
	uint64_t now;

	if (console.interrupts && show == CONSOLE_NEVER)
		return CONSOLE_NEVER;
	if (absent())
		return CONSOLE_NEVER;
	now = tsc_read();
	if (now >= show)
		show = show_unfinished(now);
	if (console.interrupts)
		return show;
	if (now >= next_poll_tsc)
		next_poll_tsc = poll_uart(now);
	return show < next_poll_tsc ? show : next_poll_tsc;
}

/* ---- the monitor, the debugger and the keyboard; CPU 0 ---- */

uint32_t console_keyboard(void)
{
	return __atomic_load_n(&console.mux.keyboard, __ATOMIC_RELAXED);
}

bool console_is_on(uint32_t vm)
{
	return console_mux_is_on(&console.mux, vm);
}

void console_give(uint32_t to)
{
	spin_lock(&console.lock);
	console_mux_give(&console.mux, to);
	spin_unlock(&console.lock);
	drain_soon();
}

uint32_t console_text_room(void)
{
	uint32_t room;

	if (absent())
		return CONSOLE_MUX_RING_SIZE / 4;
	room = console_mux_text_room(&console.mux);
	if (console_mux_used(&console.mux) >= REFUSED_CALL_BELOW)
		console.text_refused = true;
	return room;
}

void console_text(const char *text, size_t size)
{
	if (absent())
		return;
	spin_lock(&console.lock);
	console_mux_text(&console.mux, text, size);
	spin_unlock(&console.lock);
	drain_soon();
}

void console_edit(const void *echo, size_t echo_size, const void *prompt,
		  size_t prompt_size)
{
	if (absent())
		return;
	spin_lock(&console.lock);
	console_mux_edit(&console.mux, echo, echo_size, prompt, prompt_size);
	spin_unlock(&console.lock);
	drain_soon();
}

void console_packet(const void *bytes, size_t size)
{
	if (absent())
		return;
	spin_lock(&console.lock);
	console_mux_packet(&console.mux, bytes, size);
	spin_unlock(&console.lock);
	drain_soon();
}

void console_state(char *text, size_t size)
{
	const struct uart *uart = &console.uart;
	const struct console_mux *mux = &console.mux;
	size_t used = 0;

	if (absent())
		used = format(text, size, "no serial line\n");
	else if (uart->kind == BOOT_CONSOLE_IO)
		used = format(text, size, "UART at port 0x%x, ", uart->port);
	else
		used = format(text, size, "UART in memory, ");
	if (!absent() && used < size)
		used += format(text + used, size - used,
			       "FIFO of %u, %s, %lu us a byte\n",
			       uart->fifo_bytes,
			       console.interrupts ? "by interrupt" : "polled",
			       clock_ns_from_tsc(console.byte_tsc) / 1000);
	if (used < size)
		format(text + used, size - used,
		       "%u of %u bytes wait; log lines: %u bytes wait for a "
		       "guest's line, %u lost\n",
		       console_mux_used(mux), CONSOLE_MUX_RING_SIZE,
		       mux->waiting_size, mux->lost);
}

/* ---- the end ---- */

void console_flush(void)
{
	spin_lock(&console.lock);
	console_mux_hurry(&console.mux);
	spin_unlock(&console.lock);
	drain_all();
	/* The UART's FIFO would not survive what comes next. */
	for (int i = 0; i < WAIT_READS && !uart_idle(&console.uart); i++)
		cpu_pause();
}

void console_alone(void)
{
	/* Whoever held them does not run any more. */
	console.lock = (struct spinlock){0};
	console.draining = 0;
	console.running = false;
	console.interrupts = false;
	console.mux.patient = false;
	console_mux_give(&console.mux, CONSOLE_MUX_NOBODY);
	console_mux_hurry(&console.mux);
}

void console_take_back(void)
{
	console_give(CONSOLE_MUX_NOBODY);
}
