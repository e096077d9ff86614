/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of the VM that is debugged, and breakpoints in it; see target.h.
 * Memory is shown and written as if there were none.
 */
#include "hv/gdb/target_memory.h"

#include <stddef.h>

#include "hv/gdb/session.h"
#include "hv/gdb/target.h"
#include "hv/lib/log.h"
#include "hv/lib/string.h"
#include "hv/vcpu_call.h"
#include "hv/vm.h"
#include "mm/guest_mem.h"

static struct {
	struct gdb_breakpoints breakpoints;
	struct gdb_shadows shadows;
	bool said; /* that INT3 is in memory */
} memory;

struct gdb_breakpoints *gdb_target_breakpoints(void)
{
	return &memory.breakpoints;
}

struct gdb_shadows *gdb_target_shadows(void)
{
	return &memory.shadows;
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
		gdb_software_hide(&memory.breakpoints, where, bytes, part);
		memcpy(call->to + call->done, bytes, part);
	} else {
		memcpy(bytes, call->from + call->done, part);
		gdb_software_overlay(&memory.breakpoints, where, bytes, part);
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
	const struct vm *vm = gdb_target_vm();
	bool may = true;

	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		may = may && vmx_debug_may_hide(vm->vcpu[i]);
	if (may && gdb_shadow_add(&memory.shadows, where))
		return true;
	if (!memory.said)
		log_line("GDB: vm %s can see breakpoints in its code: %s",
			 vm->config->name,
			 may ? "they are in too many pages"
			     : "this processor cannot hide them");
	memory.said = true;
	return false;
}

static enum gdb_result insert_software(struct vcpu *v, uint64_t address)
{
	struct gdb_breakpoints *b = &memory.breakpoints;
	struct translate_call call = {.address = gla(address)};
	const struct guest_mem *ram = &gdb_target_vm()->memory;
	struct gdb_software *s, *same;
	uint8_t byte, int3 = GDB_INT3;

	if (gdb_software_find(b, address))
		return GDB_OK;
	if (!vcpu_call(v, translate, &call) || !call.good ||
	    !guest_mem_read(ram, call.where, &byte, 1))
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
		guest_mem_write(ram, call.where, &int3, 1);
	return GDB_OK;
}

/* The guest may have written over it: that is left as it is. */
static void remove_software(struct gdb_software *s)
{
	const struct guest_mem *ram = &gdb_target_vm()->memory;
	uint8_t byte;

	s->used = false;
	if (gdb_software_at(&memory.breakpoints, s->where))
		return;
	if (s->hidden)
		gdb_shadow_remove(&memory.shadows, s->where);
	else if (guest_mem_read(ram, s->where, &byte, 1) && byte == GDB_INT3)
		guest_mem_write(ram, s->where, &s->original, 1);
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
	return gdb_hardware_add(&memory.breakpoints, kind, address, size);
}

enum gdb_result gdb_target_remove(enum gdb_breakpoint_kind kind,
				  uint64_t address, uint64_t size)
{
	struct gdb_software *s;

	if (kind != GDB_BREAKPOINT_SOFTWARE)
		return gdb_hardware_remove(&memory.breakpoints, kind, address,
					   size);
	s = gdb_software_find(&memory.breakpoints, address);
	if (s)
		remove_software(s);
	return GDB_OK;
}

void gdb_target_remove_all(void)
{
	struct gdb_breakpoints *b = &memory.breakpoints;

	for (size_t i = 0; i < GDB_SOFTWARE_MAX; i++)
		if (b->software[i].used)
			remove_software(&b->software[i]);
	memset(b, 0, sizeof(*b));
}

void gdb_target_forget_all(void)
{
	struct vm *vm = gdb_target_vm();

	memset(&memory.breakpoints, 0, sizeof(memory.breakpoints));
	gdb_shadow_begin(&memory.shadows, &vm->ept, &vm->memory);
	memory.said = false;
}
