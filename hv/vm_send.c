/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of the interrupt bus to a VM's vCPUs: IPIs, and what the I/O APIC
 * sends.  Any CPU; nothing here waits for anybody.
 */
#include "hv/hw/tsc.h"
#include "hv/irq.h"
#include "hv/smp.h"
#include "hv/vm.h"
#include "vmx/apicv_timer.h"
#include "vmx/trace_vcpu.h"

/* INIT takes back a start-up IPI that was not served yet. */
static void post_init(struct vcpu *v)
{
	uint32_t old = __atomic_load_n(&v->requests, __ATOMIC_SEQ_CST);
	uint32_t wanted;

	do {
		wanted = (old & ~(uint32_t)VCPU_REQUEST_SIPI) |
			 VCPU_REQUEST_INIT;
	} while (!__atomic_compare_exchange_n(&v->requests, &old, wanted, false,
					      __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	vcpu_request(v, 0);
}

/* False: v does not take it. */
static __attribute__((noinline)) bool post_level(struct vcpu *v, uint8_t vector)
{
	if (!vlapic_accepts(&v->vlapic))
		return false;
	__atomic_fetch_or(&v->level_posted[vector / 64], 1ull << (vector % 64),
			  __ATOMIC_SEQ_CST);
	vcpu_request(v, VCPU_REQUEST_EVENT);
	return true;
}

/* Tells a running vCPU that something lies in PIR; from here on a timer that
 * lies there too keeps the processor from looking, see vmx/apicv_timer.h. */
static inline void notify(struct vcpu *v)
{
	if (!(v->controls.pin & VMX_PIN_POSTED_INTERRUPTS) ||
	    __atomic_load_n(&v->pi.timer, __ATOMIC_SEQ_CST) &
		    PI_DESC_TIMER_POSTED)
		smp_kick(v->cpu);
	else
		smp_send(v->cpu, IRQ_NOTIFY);
}

/* A vector that lies in PIR as the timer's. */
static __attribute__((noinline)) void post_beside_timer(struct vcpu *v,
							uint8_t vector)
{
	__atomic_fetch_or(&v->edge_posted[vector / 64], 1ull << (vector % 64),
			  __ATOMIC_SEQ_CST);
	vcpu_request(v, VCPU_REQUEST_EVENT);
}

static inline void post_announced(struct vcpu *v, uint8_t vector)
{
	if (__builtin_expect(!apicv_timer_may_post(v, vector), 0)) {
		post_beside_timer(v, vector);
		return;
	}
	__atomic_store_n(&v->pi.notified_tsc, tsc_read_low(), __ATOMIC_SEQ_CST);
	if (vlapic_post_enabled(&v->vlapic, vector, false) &&
	    __atomic_load_n(&v->in_guest, __ATOMIC_SEQ_CST))
		notify(v);
}

/* The first of its vector that v gets. */
static __attribute__((noinline)) void post_first(struct vcpu *v, uint8_t vector)
{
	apicv_timer_announce(v, vector);
	post_announced(v, vector);
}

static inline void post_edge(struct vcpu *v, uint8_t vector)
{
	if (__builtin_expect(!apicv_timer_is_announced(v, vector), 0))
		post_first(v, vector);
	else
		post_announced(v, vector);
}

static void trace_post(struct vcpu *v, const struct vlapic_message *message,
		       const struct vcpu *sender)
{
	uint64_t from = sender ? TRACE_SENDER(sender->vm->number, sender->index)
			       : TRACE_DEVICE;

	trace_vcpu(v, TRACE_POST, message->vector,
		   message->delivery_mode | (message->level ? 0x100 : 0), from);
}

static __attribute__((noinline)) void post_other(
	struct vcpu *v, const struct vlapic_message *message)
{
	switch (message->delivery_mode) {
	case VLAPIC_NMI:
		__atomic_fetch_add(&v->nmi_posted, 1, __ATOMIC_SEQ_CST);
		vcpu_request(v, VCPU_REQUEST_EVENT);
		break;
	case VLAPIC_INIT:
		post_init(v);
		break;
	case VLAPIC_STARTUP:
		__atomic_store_n(&v->sipi_vector, message->vector,
				 __ATOMIC_SEQ_CST);
		vcpu_request(v, VCPU_REQUEST_SIPI);
		break;
	default: /* there is no SMM; ExtINT has its pin */
		break;
	}
}

static inline bool post_untraced(struct vcpu *v,
				 const struct vlapic_message *message)
{
	if (message->delivery_mode > VLAPIC_LOWEST_PRIORITY)
		post_other(v, message);
	else if (message->level)
		return post_level(v, message->vector);
	else
		post_edge(v, message->vector);
	return true;
}

static __attribute__((noinline)) bool post_traced(
	struct vcpu *v, const struct vlapic_message *message,
	const struct vcpu *sender)
{
	trace_post(v, message, sender);
	return post_untraced(v, message);
}

/* False: v does not take it, and it is level-triggered. */
static inline bool post(struct vcpu *v, const struct vlapic_message *message,
			const struct vcpu *sender)
{
	if (trace_vcpu_on(v))
		return post_traced(v, message, sender);
	return post_untraced(v, message);
}

/* The one that arbitration gives a lowest-priority message to, or NULL. */
static struct vcpu *lowest_priority(struct vm *vm,
				    const struct vlapic_message *message,
				    const struct vlapic *sender)
{
	struct vcpu *best = NULL;
	uint8_t lowest = 0;

	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		struct vcpu *v = vm->vcpu[i];
		uint8_t priority = vlapic_arbitration(&v->vlapic);

		if (!vlapic_accepts(&v->vlapic) ||
		    !vlapic_matches(&v->vlapic, message, sender))
			continue;
		if (!best || priority < lowest) {
			best = v;
			lowest = priority;
		}
	}
	return best;
}

static bool is_physical(const struct vlapic_message *message)
{
	return message->shorthand == VLAPIC_SHORTHAND_NONE && !message->logical;
}

/* To any number of vCPUs, and to an ID that none of them has. */
static __attribute__((noinline)) bool send_to_all(
	struct vm *vm, const struct vlapic_message *message,
	const struct vcpu *sender)
{
	const struct vlapic *from = sender ? &sender->vlapic : NULL;
	bool taken = false;

	if (is_physical(message) && !vlapic_is_broadcast(message))
		return false;
	if (message->delivery_mode == VLAPIC_LOWEST_PRIORITY) {
		struct vcpu *v = lowest_priority(vm, message, from);

		return v && post(v, message, sender);
	}
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		if (vlapic_matches(&vm->vcpu[i]->vlapic, message, from))
			taken |= post(vm->vcpu[i], message, sender);
	return taken;
}

/* To one ID, which is a vCPU's number: nobody else matches. */
static bool goes_by_id(const struct vm *vm,
		       const struct vlapic_message *message)
{
	_Static_assert(CONFIG_VCPUS_MAX < APIC_BROADCAST, "nor is it for all");
	return is_physical(message) && message->destination < vm->vcpu_count;
}

bool vm_send(struct vm *vm, const struct vlapic_message *message,
	     struct vcpu *sender)
{
	struct vcpu *v;

	if (!goes_by_id(vm, message))
		return send_to_all(vm, message, sender);
	v = vm->vcpu[message->destination];
	return vlapic_is_enabled(&v->vlapic) && post(v, message, sender);
}

void machine_trace_self_ipi(struct vcpu *v, uint8_t vector)
{
	struct vlapic_message message = {.vector = vector};

	trace_post(v, &message, v);
}

void machine_send(struct vcpu *sender, const struct vlapic_message *message)
{
	vm_send(sender->vm, message, sender);
}
