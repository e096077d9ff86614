/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM that is debugged; see target.h and session.h.  CPU 0 alone changes what
 * is here, but for the stops, which vCPUs report from where they are.  Its
 * memory and breakpoints: target_memory.c.
 */
#include "hv/gdb/target.h"

#include <stddef.h>

#include "hv/gdb/session.h"
#include "hv/gdb/target_memory.h"
#include "hv/lib/format.h"
#include "hv/lib/log.h"
#include "hv/lib/string.h"
#include "hv/vcpu_call.h"
#include "hv/vm_hold.h"
#include "vmx/halt.h"

#define NOT_ENDED UINT32_MAX

static struct {
	struct vm *vm;
	uint32_t attached; /* read by all CPUs */
	uint64_t reported; /* vCPUs that stopped; atomic, set by any CPU */
	uint64_t kept;	   /* of them, those that GDB is still to be told of */
	struct gdb_stop stop[CONFIG_VCPUS_MAX]; /* each vCPU's own CPU */
} target;

/* NOT_ENDED, or the VM's status; set by any CPU.  Apart from what begins as
 * zeroes, which the image need not carry. */
static uint32_t target_ended = NOT_ENDED;

_Static_assert(CONFIG_VCPUS_MAX <= 64, "a bit for each vCPU");

/* ---- which VM ---- */

bool gdb_target_choose(struct vm *vm)
{
	if (target.attached && vm != target.vm)
		return false;
	target.vm = vm;
	return true;
}

struct vm *gdb_target_vm(void)
{
	return target.vm;
}

struct vcpu *gdb_target_vcpu(uint32_t thread)
{
	return thread < target.vm->vcpu_count ? target.vm->vcpu[thread] : NULL;
}

bool gdb_target_is_attached(void)
{
	return target.attached;
}

uint32_t gdb_target_threads(void)
{
	return target.vm->vcpu_count;
}

bool gdb_target_is_there(void)
{
	return __atomic_load_n(&target.vm->state, __ATOMIC_SEQ_CST) != VM_ENDED;
}

bool gdb_target_has_avx(void)
{
	return vmx_debug_has_avx(target.vm->vcpu[0]);
}

bool gdb_target_can_step(void)
{
	return vmx_debug_can_step(target.vm->vcpu[0]);
}

static void read_state(struct vcpu *v, void *argument)
{
	*(enum vcpu_state *)argument = halt_state(v);
}

void gdb_target_describe(uint32_t thread, char *text, size_t size)
{
	static const char *const states[] = {
		[VCPU_RUNNING] = "running",
		[VCPU_HALTED] = "halted",
		[VCPU_WAIT_FOR_SIPI] = "waits for SIPI",
		[VCPU_SHUTDOWN] = "shut down",
	};
	struct vcpu *v = gdb_target_vcpu(thread);
	enum vcpu_state state;

	if (v && vcpu_call(v, read_state, &state))
		format(text, size, "%s.%u: %s, on CPU %u",
		       target.vm->config->name, v->index, states[state],
		       v->cpu);
	else
		format(text, size, "no such vCPU");
}

/* ---- registers ---- */

struct registers_call {
	struct vmx_debug_registers *r;
	const struct vmx_debug_registers *from;
	bool good;
};

static void read_registers(struct vcpu *v, void *argument)
{
	vmx_debug_read(v, ((struct registers_call *)argument)->r);
}

static void write_registers(struct vcpu *v, void *argument)
{
	struct registers_call *call = argument;

	call->good = vmx_debug_write(v, call->from);
}

bool gdb_target_registers_read(uint32_t thread, struct vmx_debug_registers *r)
{
	struct registers_call call = {.r = r};
	struct vcpu *v = gdb_target_vcpu(thread);

	return v && vcpu_call(v, read_registers, &call);
}

bool gdb_target_registers_write(uint32_t thread,
				const struct vmx_debug_registers *r)
{
	struct registers_call call = {.from = r};
	struct vcpu *v = gdb_target_vcpu(thread);

	return v && vcpu_call(v, write_registers, &call) && call.good;
}

/* ---- stopping ---- */

/* Its CPU is busy for longer than any exit takes, as while its VM is loaded. */
static void does_not_answer(const struct vcpu *v)
{
	log_line("GDB: vCPU %u of vm %s does not answer", v->index,
		 v->vm->config->name);
}

/* False, and the log says so: it does not answer. */
static bool ask(struct vcpu *v, vcpu_function *function, void *argument)
{
	if (vcpu_call(v, function, argument))
		return true;
	does_not_answer(v);
	return false;
}

static void halt(struct vcpu *v, void *argument)
{
	(void)argument;
	vmx_debug_halt(v);
}

static void hold_all(void)
{
	uint64_t silent = vm_hold(target.vm, VCPU_HELD_BY_DEBUGGER, halt, NULL);

	for (uint32_t i = 0; i < target.vm->vcpu_count; i++)
		if (silent >> i & 1)
			does_not_answer(target.vm->vcpu[i]);
}

static bool is_watch(const struct gdb_stop *stop)
{
	return stop->reason == GDB_STOP_WRITE ||
	       stop->reason == GDB_STOP_READ || stop->reason == GDB_STOP_ACCESS;
}

/*
 * Of the threads that stopped beside the one that is told of: a watched access
 * is over and must be told of later; whatever else it was happens again.
 */
static void keep_watches(uint64_t reported)
{
	for (uint32_t i = 0; i < target.vm->vcpu_count; i++)
		if (reported >> i & 1 && is_watch(&target.stop[i]))
			target.kept |= 1ull << i;
}

static uint64_t take_reported(void)
{
	return __atomic_exchange_n(&target.reported, 0, __ATOMIC_SEQ_CST);
}

void gdb_target_stop(void)
{
	hold_all();
	keep_watches(take_reported());
}

static void forget(void)
{
	gdb_target_forget_all();
	take_reported();
	target.kept = 0;
	__atomic_store_n(&target.attached, 0, __ATOMIC_SEQ_CST);
	vm_let_go(target.vm, VCPU_HELD_BY_DEBUGGER, VM_ALL_VCPUS);
}

bool gdb_target_stopped(struct gdb_stop *stop)
{
	uint32_t ended =
		__atomic_exchange_n(&target_ended, NOT_ENDED, __ATOMIC_SEQ_CST);
	uint64_t reported;
	uint32_t thread;

	if (ended != NOT_ENDED) {
		forget();
		*stop = (struct gdb_stop){
			.reason = GDB_STOP_ENDED,
			.status = (uint8_t)ended,
		};
		return true;
	}
	if (!__atomic_load_n(&target.reported, __ATOMIC_SEQ_CST))
		return false;
	hold_all();
	reported = take_reported();
	thread = (uint32_t)__builtin_ctzll(reported);
	*stop = target.stop[thread];
	keep_watches(reported & ~(1ull << thread));
	return true;
}

bool gdb_target_ended(const struct vm *vm, uint8_t status)
{
	if (!__atomic_load_n(&target.attached, __ATOMIC_SEQ_CST) ||
	    vm != target.vm)
		return false;
	__atomic_store_n(&target_ended, status, __ATOMIC_SEQ_CST);
	return true;
}

static enum gdb_stop_reason reason_of(const struct gdb_hardware *h)
{
	switch (h->kind) {
	case GDB_BREAKPOINT_WRITE:
		return GDB_STOP_WRITE;
	case GDB_BREAKPOINT_READ:
		return GDB_STOP_READ;
	case GDB_BREAKPOINT_ACCESS:
		return GDB_STOP_ACCESS;
	default:
		return GDB_STOP_HARDWARE;
	}
}

/* True: it is the debugger's; why is in *stop. */
static bool is_ours(struct vcpu *v, enum machine_debug what, uint64_t detail,
		    struct gdb_stop *stop)
{
	const struct gdb_hardware *h;
	gpa_t where;

	switch (what) {
	case MACHINE_DEBUG_STEP:
		stop->reason = GDB_STOP_STEP;
		return true;
	case MACHINE_DEBUG_BREAKPOINT:
		stop->reason = GDB_STOP_SOFTWARE;
		return vmx_debug_translate(v, gla(detail), &where) &&
		       gdb_software_at(gdb_target_breakpoints(), where);
	case MACHINE_DEBUG_HARDWARE:
		h = gdb_hardware_hit(gdb_target_breakpoints(), detail);
		if (!h)
			return false;
		stop->reason = reason_of(h);
		stop->address = h->linear;
		return true;
	}
	return false;
}

bool machine_debug(struct vcpu *v, enum machine_debug what, uint64_t detail)
{
	struct gdb_stop stop = {.thread = v->index};

	if (!__atomic_load_n(&target.attached, __ATOMIC_SEQ_CST) ||
	    v->vm != target.vm || !is_ours(v, what, detail, &stop))
		return false;
	target.stop[v->index] = stop;
	vcpu_hold(v, VCPU_HELD_BY_DEBUGGER);
	__atomic_fetch_or(&target.reported, 1ull << v->index, __ATOMIC_SEQ_CST);
	gdb_attention();
	return true;
}

void machine_code_written(struct vcpu *v)
{
	if (__atomic_load_n(&target.attached, __ATOMIC_SEQ_CST) &&
	    v->vm == target.vm)
		gdb_shadow_sync(gdb_target_shadows());
}

/* ---- running ---- */

static void set_wish(struct vcpu *v, void *argument)
{
	vmx_debug_set(v, argument);
}

/* True: a thread that is to run has something to tell first. */
static bool tell_first(const struct gdb_action *actions)
{
	uint64_t now = 0;

	for (uint32_t i = 0; i < target.vm->vcpu_count; i++)
		if (target.kept >> i & 1 && actions[i].kind != GDB_ACTION_HOLD)
			now |= 1ull << i;
	target.kept &= ~now;
	__atomic_fetch_or(&target.reported, now, __ATOMIC_SEQ_CST);
	return now;
}

void gdb_target_resume(const struct gdb_action *actions)
{
	struct vmx_debug_wish wish = {
		.software = gdb_software_any(gdb_target_breakpoints()),
	};

	uint64_t ready = 0;

	if (tell_first(actions))
		return;
	gdb_hardware_registers(gdb_target_breakpoints(), wish.dr, &wish.dr7);
	gdb_shadow_sync(gdb_target_shadows()); /* GDB may have written too */
	wish.hiding = gdb_shadow_ept(gdb_target_shadows());
	for (uint32_t i = 0; i < target.vm->vcpu_count; i++) {
		wish.step = actions[i].kind == GDB_ACTION_STEP;
		wish.from = actions[i].from;
		wish.to = actions[i].to;
		if (actions[i].kind != GDB_ACTION_HOLD &&
		    ask(target.vm->vcpu[i], set_wish, &wish))
			ready |= 1ull << i;
	}
	vm_let_go(target.vm, VCPU_HELD_BY_DEBUGGER, ready);
}

void gdb_target_begin(void)
{
	__atomic_store_n(&target.attached, 1, __ATOMIC_SEQ_CST);
	gdb_target_stop();
	gdb_target_remove_all();
	gdb_target_forget_all();
	target.kept = 0;
	__atomic_store_n(&target_ended, NOT_ENDED, __ATOMIC_SEQ_CST);
}

void gdb_target_detach(void)
{
	struct vmx_debug_wish none = {0};

	gdb_target_stop();
	gdb_target_remove_all();
	/* Else it would run on with what the debugger has set: the VM stays
	 * attached, for the monitor's gdb off. */
	for (uint32_t i = 0; i < target.vm->vcpu_count; i++)
		if (!ask(target.vm->vcpu[i], set_wish, &none))
			return;
	forget();
}

void gdb_target_kill(void)
{
	gdb_target_detach();
	vm_stop(target.vm);
}
