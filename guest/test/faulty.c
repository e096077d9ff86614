/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest with a bug, to be found from outside as docs/debugging.md does; the
 * first word of the command line says which:
 *
 *   hang	two CPUs wait for each other; interrupts are off on one
 *   lost	COM1's interrupt never comes: TPR is above its vector
 *   controls	the next VM entry fails for a control field
 *   state	the next VM entry fails for the guest's state
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/hypercall.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/uart.h"

#define FAULTY_FLUSH 0x51 /* an IPI: empty your cache, and say so */
#define FAULTY_UART  0x44
#define FAULTY_TPR   0x50

/* Guards what a real system would keep in memory. */
static volatile uint32_t list_lock, flushed;

/* ---- hang: functions of their own, for backtraces ---- */

__attribute__((noinline)) static void list_acquire(void)
{
	while (__atomic_exchange_n(&list_lock, 1, __ATOMIC_ACQUIRE))
		insn_pause();
}

static void list_release(void)
{
	__atomic_store_n(&list_lock, 0, __ATOMIC_RELEASE);
}

static void flush_handler(struct trap_frame *f)
{
	(void)f;
	flushed = 1;
	apic_eoi();
}

__attribute__((noinline)) static void flush_other_cpu(void)
{
	apic_send(1, FAULTY_FLUSH);
	while (!flushed)
		insn_pause();
}

/* CPU 1, which should not have interrupts off here. */
__attribute__((noinline)) static void writer(void)
{
	insn_cli();
	while (!list_lock)
		insn_pause();
	list_acquire();
	list_release();
}

static void hang(void)
{
	trap_handle(FAULTY_FLUSH, flush_handler);
	insn_sti();
	cpu_ask(1, writer);
	list_acquire();
	flush_other_cpu();
	list_release();
	cpu_wait(1);
	print("faulty: the list is consistent\n");
}

/* ---- lost ---- */

static void uart_handler(struct trap_frame *f)
{
	(void)f;
	print("faulty: got %c\n", insn_in8(UART_DATA));
	apic_eoi();
}

static void lost(void)
{
	trap_handle(FAULTY_UART, uart_handler);
	uart_listen(FAULTY_UART);
	/* Should have been lowered after some critical section. */
	apic_write(APIC_TPR, FAULTY_TPR);
	for (;;)
		insn_sleep();
}

void guest_main(void)
{
	unsigned running = cpu_start_all();

	print("faulty: up, %u of %u CPUs\n", running, cpu_count);
	if (guest_has_word("hang"))
		hang();
	if (guest_has_word("lost"))
		lost();
	if (guest_has_word("controls"))
		hypercall_break(HYPERCALL_BREAK_CONTROLS);
	if (guest_has_word("state"))
		hypercall_break(HYPERCALL_BREAK_GUEST);
	guest_check(false, "faulty", "the VM goes on");
}
