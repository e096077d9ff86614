/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM that is debugged; see target.h and session.h.  CPU 0 alone changes what
 * is here, but for the stops, which vCPUs report from where they are.  The
 * breakpoints change only while all vCPUs are out of their guests, so that
 * machine_debug() may look at them.
 */
#include "hv/gdb/target.h"

#include <stddef.h>

#include "hv/gdb/breakpoints.h"
#include "hv/gdb/session.h"
#include "hv/gdb/shadow.h"
#include "hv/lib/format.h"
#include "hv/lib/log.h"
#include "hv/lib/string.h"
#include "hv/smp.h"
#include "hv/vcpu_call.h"
#include "hv/vm_hold.h"
#include "mm/guest_mem.h"
#include "vmx/halt.h"

#define NOT_ENDED UINT32_MAX

static struct {
	struct vm *vm;
	uint32_t attached; /* read by all CPUs */
	uint64_t reported; /* vCPUs that stopped; atomic, set by any CPU */
	uint64_t kept;	   /* of them, those that GDB is still to be told of */
	struct gdb_stop stop[CONFIG_VCPUS_MAX]; /* each vCPU's own CPU */
	struct gdb_breakpoints breakpoints;
	struct gdb_shadows shadows;
	bool said; /* that INT3 is in memory */
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

/* ---- memory ---- */

struct memory_call {
	uint64_t address;
	uint8_t *to;	     /* reading */
	const uint8_t *from; /* writing */
	uint32_t size, done;
};

/* One page's part; false: it is not there. */
static bool memory_part(struct vcpu *v, struct memory_call *call)
{
	uint64_t address = call->address + call->done;
	uint32_t part = PAGE_SIZE - (address & PAGE_MASK);
	uint8_t bytes[256];
	gpa_t where;

	if (part > call->size - call->done)
		part = call->size - call->done;
	if (part > sizeof(bytes))
		part = sizeof(bytes);
	if (!vmx_debug_translate(v, gla(address), &where))
		return false;
	if (call->to) {
		if (!guest_mem_read(v->memory, where, bytes, part))
			return false;
		gdb_software_hide(&target.breakpoints, where, bytes, part);
		memcpy(call->to + call->done, bytes, part);
	} else {
		memcpy(bytes, call->from + call->done, part);
		gdb_software_overlay(&target.breakpoints, where, bytes, part);
		if (!guest_mem_write(v->memory, where, bytes, part))
			return false;
	}
	call->done += part;
	return true;
}

static void memory_parts(struct vcpu *v, void *argument)
{
	struct memory_call *call = argument;

	while (call->done < call->size && memory_part(v, call))
		;
}

uint32_t gdb_target_memory_read(uint32_t thread, uint64_t address, void *to,
				uint32_t size)
{
	struct memory_call call = {.address = address, .to = to, .size = size};
	struct vcpu *v = gdb_target_vcpu(thread);

	return v && vcpu_call(v, memory_parts, &call) ? call.done : 0;
}

bool gdb_target_memory_write(uint32_t thread, uint64_t address,
			     const void *from, uint32_t size)
{
	struct memory_call call = {
		.address = address,
		.from = from,
		.size = size,
	};
	struct vcpu *v = gdb_target_vcpu(thread);

	return v && vcpu_call(v, memory_parts, &call) && call.done == size;
}

/* ---- breakpoints ---- */

struct translate_call {
	gla_t address;
	gpa_t where;
	bool good;
};

static void translate(struct vcpu *v, void *argument)
{
	struct translate_call *call = argument;

	call->good = vmx_debug_translate(v, call->address, &call->where);
}

/* False: INT3 has to be in the guest's memory. */
static bool hide(gpa_t where)
{
	const struct vm *vm = target.vm;
	bool may = true;

	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		may = may && vmx_debug_may_hide(vm->vcpu[i]);
	if (may && gdb_shadow_add(&target.shadows, where))
		return true;
	if (!target.said)
		log_line("GDB: vm %s can see breakpoints in its code: %s",
			 vm->config->name,
			 may ? "they are in too many pages"
			     : "this processor cannot hide them");
	target.said = true;
	return false;
}

static enum gdb_result insert_software(struct vcpu *v, uint64_t address)
{
	struct gdb_breakpoints *b = &target.breakpoints;
	struct translate_call call = {.address = gla(address)};
	const struct guest_mem *memory = &target.vm->memory;
	struct gdb_software *s, *same;
	uint8_t byte, int3 = GDB_INT3;

	if (gdb_software_find(b, address))
		return GDB_OK;
	if (!vcpu_call(v, translate, &call) || !call.good ||
	    !guest_mem_read(memory, call.where, &byte, 1))
		return GDB_BAD_ADDRESS;
	same = gdb_software_at(b, call.where);
	s = gdb_software_add(b);
	if (!s)
		return GDB_NO_ROOM;
	s->linear = address;
	s->where = call.where;
	s->original = same ? same->original : byte;
	s->hidden = same ? same->hidden : hide(call.where);
	if (!s->hidden)
		guest_mem_write(memory, call.where, &int3, 1);
	return GDB_OK;
}

/* The guest may have written over it: that is left as it is. */
static void remove_software(struct gdb_software *s)
{
	const struct guest_mem *memory = &target.vm->memory;
	uint8_t byte;

	s->used = false;
	if (gdb_software_at(&target.breakpoints, s->where))
		return;
	if (s->hidden)
		gdb_shadow_remove(&target.shadows, s->where);
	else if (guest_mem_read(memory, s->where, &byte, 1) && byte == GDB_INT3)
		guest_mem_write(memory, s->where, &s->original, 1);
}

enum gdb_result gdb_target_insert(uint32_t thread,
				  enum gdb_breakpoint_kind kind,
				  uint64_t address, uint64_t size)
{
	struct vcpu *v = gdb_target_vcpu(thread);

	if (!v)
		return GDB_BAD_ADDRESS;
	if (kind == GDB_BREAKPOINT_SOFTWARE)
		return insert_software(v, address);
	if (!vmx_debug_can_watch(v))
		return GDB_UNSUPPORTED;
	return gdb_hardware_add(&target.breakpoints, kind, address, size);
}

enum gdb_result gdb_target_remove(enum gdb_breakpoint_kind kind,
				  uint64_t address, uint64_t size)
{
	struct gdb_software *s;

	if (kind != GDB_BREAKPOINT_SOFTWARE)
		return gdb_hardware_remove(&target.breakpoints, kind, address,
					   size);
	s = gdb_software_find(&target.breakpoints, address);
	if (s)
		remove_software(s);
	return GDB_OK;
}

static void remove_all(void)
{
	for (size_t i = 0; i < GDB_SOFTWARE_MAX; i++)
		if (target.breakpoints.software[i].used)
			remove_software(&target.breakpoints.software[i]);
	memset(&target.breakpoints, 0, sizeof(target.breakpoints));
}

/* ---- stopping ---- */

/* False, and the log says so: its CPU is busy for longer than any exit takes, as
 * while its VM is being loaded. */
static void does_not_answer(const struct vcpu *v)
{
	log_line("GDB: vCPU %u of vm %s does not answer", v->index,
		 v->vm->config->name);
}

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
	memset(&target.breakpoints, 0, sizeof(target.breakpoints));
	gdb_shadow_begin(&target.shadows, &target.vm->ept, &target.vm->memory);
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
		       gdb_software_at(&target.breakpoints, where);
	case MACHINE_DEBUG_HARDWARE:
		h = gdb_hardware_hit(&target.breakpoints, detail);
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
		gdb_shadow_sync(&target.shadows);
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
		.software = gdb_software_any(&target.breakpoints),
	};

	uint64_t ready = 0;

	if (tell_first(actions))
		return;
	gdb_hardware_registers(&target.breakpoints, wish.dr, &wish.dr7);
	gdb_shadow_sync(&target.shadows); /* GDB may have written too */
	wish.hiding = gdb_shadow_ept(&target.shadows);
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
	remove_all();
	gdb_shadow_begin(&target.shadows, &target.vm->ept, &target.vm->memory);
	target.said = false;
	target.kept = 0;
	__atomic_store_n(&target_ended, NOT_ENDED, __ATOMIC_SEQ_CST);
}

void gdb_target_detach(void)
{
	struct vmx_debug_wish none = {0};

	gdb_target_stop();
	remove_all();
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
