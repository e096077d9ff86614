/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a vCPU sees to between an exit and the next entry: serve requests, let
 * time pass, sleep, decide what to inject.  The loop itself is vmx_run().
 * Interrupts are off all the way; one that arrives after the last look makes
 * the entry exit at once.
 */
#include "apic/lapic.h"
#include "hv/console/console.h"
#include "hv/gdb/gdb.h"
#include "hv/screen/framebuffer.h"
#include "hv/hw/cpu.h"
#include "hv/hw/tsc.h"
#include "hv/idt.h"
#include "hv/irq.h"
#include "hv/lib/log.h"
#include "hv/percpu.h"
#include "hv/smp.h"
#include "hv/vcpu_call.h"
#include "hv/vm.h"
#include "hv/vm_hold.h"
#include "vmx/apicv.h"
#include "vmx/apicv_timer.h"
#include "vmx/debug.h"
#include "vmx/exit.h"
#include "vmx/setup.h"
#include "vmx/trace_vcpu.h"
#include "vmx/vmcs.h"

#define NEVER UINT64_MAX

/* ---- requests ---- */

void vcpu_request(struct vcpu *v, uint32_t requests)
{
	__atomic_fetch_or(&v->requests, requests, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&v->in_guest, __ATOMIC_SEQ_CST))
		smp_kick(v->cpu);
}

/* All but holds, which vcpu_run() looks at. */
static void serve_requests(struct vcpu *v)
{
	uint32_t stay = VCPU_REQUEST_HOLD | VCPU_REQUEST_STEP;
	uint32_t requests =
		__atomic_fetch_and(&v->requests, stay, __ATOMIC_SEQ_CST);

	v->due |= VCPU_DUE_TIME;
	if (trace_vcpu_on(v))
		trace_vcpu(v, TRACE_REQUEST, (uint16_t)requests, 0, 0);
	if (requests & VCPU_REQUEST_CALL)
		vcpu_call_serve(v);
	if (requests & VCPU_REQUEST_CONSOLE) {
		console_serve();
		gdb_serve();
	}
	/* What was called may have ended the VM. */
	if (requests & VCPU_REQUEST_STOP || v->state == VCPU_SHUTDOWN) {
		vcpu_set_state(v, VCPU_SHUTDOWN);
		return;
	}
	if (requests & VCPU_REQUEST_INIT) {
		log_at(LOG_DEBUG, LOG_VM, "vm %s: vCPU %u: INIT",
		       v->vm->config->name, v->index);
		setup_init(v);
	}
	if (requests & VCPU_REQUEST_SIPI && v->state == VCPU_WAIT_FOR_SIPI) {
		uint8_t vector =
			__atomic_load_n(&v->sipi_vector, __ATOMIC_SEQ_CST);

		log_at(LOG_DEBUG, LOG_VM, "vm %s: vCPU %u: SIPI, vector %02xH",
		       v->vm->config->name, v->index, vector);
		setup_startup(v, vector);
	}
	if (requests & VCPU_REQUEST_APIC)
		apicv_switch(v);
	if (requests & VCPU_REQUEST_LINT0)
		apicv_lint_raise(v, 0);
	if (requests & VCPU_REQUEST_EVENT) {
		uint32_t nmis = __atomic_exchange_n(&v->nmi_posted, 0,
						    __ATOMIC_SEQ_CST);

		if (nmis)
			apicv_add_nmis(v, nmis);
		apicv_take_posted(v);
	}
	/* Since when ever it does. */
	if (v->debug.stepping || v->debug.open)
		vmx_debug_step(v);
}

/* ---- time ---- */

static uint64_t board_next(const struct vcpu *v)
{
	if (!vcpu_is_bsp(v))
		return NEVER;
	return __atomic_load_n(&v->vm->board.next_tsc, __ATOMIC_SEQ_CST);
}

/* False: it may have sent a notification that no VM entry has taken yet. */
static bool stop_timer(struct vcpu *v)
{
	lapic_timer_stop();
	if (v->notify_tsc > tsc_read_ordered())
		v->notify_tsc = NEVER;
	return v->notify_tsc == NEVER;
}

/* A notification that is under way would deliver the next vector early. */
static bool may_post(struct vcpu *v)
{
	return v->state == VCPU_RUNNING && lapic_timer_is_exact() &&
	       (v->notify_tsc == NEVER || stop_timer(v));
}

/* alone: next is the APIC timer's, and nobody waits for anything later.  In line,
 * for a tick's sake. */
static inline __attribute__((always_inline)) void arm(struct vcpu *v,
						      uint64_t next, bool alone)
{
	uint8_t vector = IRQ_TIMER;

	v->armed_tsc = next;
	if (next == NEVER) {
		stop_timer(v);
		return;
	}
	if (alone && may_post(v) && apicv_timer_post(v))
		vector = IRQ_NOTIFY;
	v->notify_tsc = vector == IRQ_NOTIFY ? next : NEVER;
	if (vector != v->timer_vector) {
		/* What it was armed for may not send the other vector. */
		lapic_timer_stop();
		v->timer_vector = vector;
		lapic_timer_vector(vector);
	}
	lapic_timer_arm(next);
}

/*
 * When the APIC timer needs the physical one.  A period shorter than an exit
 * would keep a guest that has interrupts off from ever running; so while the
 * last expiry waits to be taken, the next one may come late.
 */
static uint64_t timer_due(const struct vcpu *v)
{
	uint64_t soonest;

	if (v->timer_tsc == VLAPIC_NEVER || !vlapic_timer_waits(&v->vlapic))
		return v->timer_tsc;
	soonest = tsc_read() + v->quiet_tsc / 2;
	return v->timer_tsc > soonest ? v->timer_tsc : soonest;
}

/* CPU 0's own work, by the way; when it or `others` is wanted next. */
static uint64_t poll(const struct vcpu *v, uint64_t others)
{
	uint64_t next;

	if (v->cpu != 0)
		return others;
	next = console_poll();
	others = next < others ? next : others;
	next = gdb_poll();
	others = next < others ? next : others;
	next = framebuffer_poll();
	return next < others ? next : others;
}

/*
 * What is due happens; the physical timer is armed for what comes next.  Only
 * when something may have changed: when the physical timer fires, the guest
 * exits, or HLT in root mode ends.  But a timer that was posted expires without
 * an exit, so then nothing else may wait for the physical one.
 */
static void serve_time(struct vcpu *v)
{
	uint64_t others = board_next(v), next, timer;
	bool alone;

	if (others != NEVER && others <= tsc_read()) {
		board_tick(v->vm);
		others = board_next(v);
	}
	if (v->timer_tsc != VLAPIC_NEVER && v->timer_tsc <= tsc_read())
		apicv_timer(v);
	v->due &= ~(uint32_t)VCPU_DUE_TIME;
	others = poll(v, others);
	alone = others == NEVER;
	timer = timer_due(v);
	next = timer < others ? timer : others;
	if (next != v->armed_tsc || (!alone && v->timer_vector == IRQ_NOTIFY))
		arm(v, next, alone);
}

/* ---- the loop ---- */

static void wait_for_event(struct vcpu *v)
{
	uint64_t start = tsc_read();

	if (trace_vcpu_on(v))
		trace_vcpu(v, TRACE_WAIT, 0, 0, 0);
	cpu_wait_for_interrupt();
	if (trace_vcpu_on(v))
		trace_vcpu(v, TRACE_WAKE, 0, 0, 0);
	/* Waiting is no work: the exit counts as that much later. */
	v->exit_tsc += (uint32_t)(tsc_read() - start);
	v->armed_tsc = 0; /* whatever woke us, it may have been the timer */
	v->due |= VCPU_DUE_TIME;
}

static void entry_failed(struct vcpu *v, uint64_t how)
{
	v->exit_reason = UINT32_MAX;
	v->entry_error = how == 2 ? vmcs_read32(VMCS_VM_INSTRUCTION_ERROR) : 0;
	machine_end(v, MACHINE_ENTRY_FAILED, v->entry_error,
		    how == 2 ? NULL : "no current VMCS");
}

/* From here on others send an IPI; what they asked before is seen afterwards.
 * SDM volume 3, "Memory Ordering": XCHG orders. */
static void announce_entry(struct vcpu *v)
{
	__atomic_exchange_n(&v->in_guest, 1, __ATOMIC_SEQ_CST);
}

/* The last exit is over.  In line, for the exit's sake. */
static inline __attribute__((always_inline)) void count_exit(struct vcpu *v)
{
	if (EXIT_STATS_ON)
		exit_stats_add(v->exit_row, (uint32_t)tsc_read() - v->exit_tsc);
}

/* True when the guest may be entered now. */
static bool ready(struct vcpu *v)
{
	if (v->state == VCPU_HALTED && apicv_has_event(v))
		v->state = VCPU_RUNNING;
	return v->state == VCPU_RUNNING;
}

/* Until nobody holds it, or there is a request.  Out of the way of an exit. */
static __attribute__((noinline)) void stay_held(struct vcpu *v)
{
	if (vm_time_goes(v))
		serve_time(v);
	else
		arm(v, poll(v, NEVER), false);
	wait_for_event(v);
}

/* Requests, then: may it run on? */
static bool serve_and_look(struct vcpu *v)
{
	serve_requests(v);
	if (v->state == VCPU_SHUTDOWN)
		return false;
	if (vcpu_is_held(v)) {
		stay_held(v);
		return false;
	}
	vm_time_catch_up(v);
	return true;
}

/* The machine's NMIs are the guest's, at its LINT1. */
static void raise_nmi_pin(struct vcpu *v)
{
	for (uint32_t left = percpu_take_nmis(); left; left--)
		apicv_lint_raise(v, 1);
}

/* One round of all that can be due; true: and nothing more is. */
static bool see_to_it(struct vcpu *v)
{
	if (percpu()->nmis)
		raise_nmi_pin(v);
	if (__atomic_load_n(&v->requests, __ATOMIC_RELAXED) &&
	    !serve_and_look(v))
		return false;
	if (v->due & VCPU_DUE_TIME)
		serve_time(v);
	v->due &= ~(uint32_t)VCPU_DUE_STATE;
	if (!ready(v)) {
		wait_for_event(v);
		return false;
	}
	apicv_before_entry(v);
	/* A posted timer may have been taken back: it is to be armed anew. */
	return !(v->due & (VCPU_DUE_TIME | VCPU_DUE_STATE));
}

/* False when the VM has ended. */
static bool get_ready(struct vcpu *v)
{
	do {
		if (v->state == VCPU_SHUTDOWN)
			return false;
		announce_entry(v);
	} while (!see_to_it(v));
	v->due &= ~(uint32_t)VCPU_DUE_TRACE;
	if (trace_vcpu_on(v))
		trace_vcpu_entry(v);
	count_exit(v);
	return true;
}

/* After announce_entry(), which orders it.  NMIs in root mode leave a request
 * too. */
static bool is_due(const struct vcpu *v)
{
	return v->before_entry || v->pi.control & PI_DESC_ON;
}

/* Most often events are all that is due. */
static __attribute__((noinline)) bool resume_late(struct vcpu *v)
{
	if (!(v->before_entry & ~((uint64_t)VCPU_DUE_EVENTS << 32)))
		apicv_prepare_entry(v);
	if (is_due(v))
		return get_ready(v);
	count_exit(v);
	return true;
}

bool machine_resume(struct vcpu *v)
{
	announce_entry(v);
	if (__builtin_expect(is_due(v), 0))
		return resume_late(v);
	count_exit(v);
	return true;
}

void machine_interrupt(struct vcpu *v, uint8_t vector)
{
	v->due |= VCPU_DUE_TIME;
	if (vector == v->timer_vector)
		v->armed_tsc = 0;
	irq_dispatch(vector);
}

void vcpu_run(struct vcpu *v)
{
	uint64_t how = get_ready(v) ? vmx_run(v) : 0;

	__atomic_store_n(&v->in_guest, 0, __ATOMIC_SEQ_CST);
	if (how)
		entry_failed(v, how);
	lapic_timer_stop();
	lapic_timer_vector(IRQ_TIMER);
	v->timer_vector = IRQ_TIMER;
	v->notify_tsc = NEVER;
}

void machine_nmi(struct vcpu *v)
{
	(void)v;
	idt_handle_nmi();
	idt_unblock_nmi();
}
