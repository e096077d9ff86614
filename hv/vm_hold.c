/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holding a whole VM, with its time; see vm_hold.h.
 *
 * Everything timed goes by the CPUs' TSC: devices by what has passed since
 * vm->start_tsc, a vCPU's TSC by its offset, its timer by the TSC of its expiry.
 * When the VM has stood for n ticks all of these are moved by n: the devices at
 * once, under their lock, and a vCPU by its own CPU, when it next looks, from
 * vm->stood_ticks and v->stood_ticks.
 */
#include "hv/vm_hold.h"

#include "hv/hw/tsc.h"
#include "vmx/apicv_timer.h"

/* ---- the VM's time ---- */

static bool stands(const struct vm *vm)
{
	return __atomic_load_n(&vm->stands, __ATOMIC_SEQ_CST);
}

static void set_stands(struct vm *vm, uint32_t value)
{
	__atomic_store_n(&vm->stands, value, __ATOMIC_SEQ_CST);
}

/* v knows only of what it has stood for until it last looked. */
uint64_t vm_tsc(const struct vcpu *v)
{
	const struct vm *vm = v->vm;
	uint64_t now = stands(vm) ? vm->stands_tsc : tsc_read();

	return now - (vm->stood_ticks - v->stood_ticks);
}

/* After the last timer that expired, as nobody has served any since; and after
 * the vCPUs' answers were read, which RDTSC alone would not wait for. */
static void stop_time(struct vm *vm)
{
	spin_lock(&vm->board.lock);
	vm->stands_tsc = tsc_read_ordered();
	spin_unlock(&vm->board.lock);
}

/* Now is as long after the start as when time stopped.  The lock is held. */
static void make_up(struct vm *vm)
{
	uint64_t now = tsc_read(), ticks = now - vm->stands_tsc;
	uint64_t next = vm->board.next_tsc;

	vm->stands_tsc = now;
	vm->start_tsc += ticks;
	if (next != BOARD_NEVER)
		__atomic_store_n(&vm->board.next_tsc, next + ticks,
				 __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&vm->stood_ticks, ticks, __ATOMIC_SEQ_CST);
}

static void let_time_go(struct vm *vm)
{
	spin_lock(&vm->board.lock);
	make_up(vm);
	set_stands(vm, 0);
	spin_unlock(&vm->board.lock);
}

void vm_time_begin(struct vm *vm)
{
	spin_lock(&vm->board.lock);
	vm->start_tsc = tsc_read();
	vm->stands_tsc = vm->start_tsc;
	spin_unlock(&vm->board.lock);
}

uint64_t vm_time_power_up(struct vcpu *v)
{
	uint64_t start;

	spin_lock(&v->vm->board.lock);
	start = v->vm->start_tsc;
	v->stood_ticks = v->vm->stood_ticks;
	spin_unlock(&v->vm->board.lock);
	return 0 - start;
}

void vm_time_catch_up(struct vcpu *v)
{
	uint64_t stood = __atomic_load_n(&v->vm->stood_ticks, __ATOMIC_SEQ_CST);

	if (stood != v->stood_ticks)
		apicv_stood_still(v, stood - v->stood_ticks);
	v->stood_ticks = stood;
}

/* In this order: what it has stood for is there before it goes. */
bool vm_time_goes(struct vcpu *v)
{
	bool goes = !stands(v->vm);

	vm_time_catch_up(v);
	return goes;
}

void vm_time_begin_look(struct vcpu *v)
{
	struct vm *vm = v->vm;

	spin_lock(&vm->board.lock);
	if (stands(vm))
		make_up(vm);
	spin_unlock(&vm->board.lock);
	vm_time_catch_up(v);
}

void vm_time_end_look(struct vcpu *v)
{
	if (stands(v->vm))
		stop_time(v->vm);
}

/* ---- holding ---- */

static void hold_all(struct vm *vm, enum vcpu_holder who)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		vcpu_hold(vm->vcpu[i], who);
}

/* Time goes: v, held or not, serves its timers, and vCPU 0 the devices. */
static void look(struct vcpu *v)
{
	vcpu_request(v, 0);
}

/* Some vCPU is silent: those that are not have stopped their timers already. */
static void never_stood(struct vm *vm)
{
	set_stands(vm, 0);
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		look(vm->vcpu[i]);
}

/* Whoever answers is out of its guest and of its exit handler, and has seen that
 * no timer may expire: so the time is taken last. */
uint64_t vm_hold(struct vm *vm, enum vcpu_holder who, vcpu_function *function,
		 void *argument)
{
	bool stood = stands(vm);
	uint64_t silent = 0;

	hold_all(vm, who);
	set_stands(vm, 1);
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		if (!vcpu_call(vm->vcpu[i], function, argument))
			silent |= 1ull << i;
	if (!stood && silent)
		never_stood(vm);
	else if (!stood)
		stop_time(vm);
	return silent;
}

void vm_hold_at_start(struct vm *vm, enum vcpu_holder who)
{
	hold_all(vm, who);
	set_stands(vm, 1);
	stop_time(vm);
}

static bool is_held_by_other(const struct vcpu *v, enum vcpu_holder who)
{
	return __atomic_load_n(&v->held_by, __ATOMIC_SEQ_CST) & ~(uint32_t)who;
}

/* Those that stay held have stopped their timers, and maybe sleep. */
void vm_let_go(struct vm *vm, enum vcpu_holder who, uint64_t vcpus)
{
	bool goes = false;

	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		goes |= vcpus >> i & 1 && !is_held_by_other(vm->vcpu[i], who);
	goes &= stands(vm);
	if (goes)
		let_time_go(vm);
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		if (vcpus >> i & 1)
			vcpu_let_go(vm->vcpu[i], who);
		else if (goes)
			look(vm->vcpu[i]);
}
