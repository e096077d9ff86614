/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM for GDB's protocol; see hv/gdb_target.h. */
#include "hv/gdb_target.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct fake_gdb fake_gdb;

void fake_gdb_reset(void)
{
	fake_gdb = (struct fake_gdb){
		.there = true,
		.avx = true,
		.can_step = true,
	};
	for (unsigned i = 0; i < FAKE_GDB_THREADS; i++)
		fake_gdb.registers[i].rip = 0x1000 * (i + 1);
	for (unsigned i = 0; i < FAKE_GDB_MEMORY; i++)
		fake_gdb.memory[i] = (uint8_t)(i * 7);
}

void gdb_target_begin(void)
{
	fake_gdb.begins++;
}

bool gdb_target_is_there(void)
{
	return fake_gdb.there;
}

uint32_t gdb_target_threads(void)
{
	return FAKE_GDB_THREADS;
}

void gdb_target_describe(uint32_t thread, char *text, size_t size)
{
	assert(thread < FAKE_GDB_THREADS);
	snprintf(text, size, "vm.%u", thread);
}

bool gdb_target_has_avx(void)
{
	return fake_gdb.avx;
}

bool gdb_target_registers_read(uint32_t thread, struct vmx_debug_registers *r)
{
	assert(thread < FAKE_GDB_THREADS);
	*r = fake_gdb.registers[thread];
	return true;
}

bool gdb_target_registers_write(uint32_t thread,
				const struct vmx_debug_registers *r)
{
	assert(thread < FAKE_GDB_THREADS);
	if (r->cr0 != fake_gdb.registers[thread].cr0)
		return false;
	fake_gdb.registers[thread] = *r;
	return true;
}

uint32_t gdb_target_memory_read(uint32_t thread, uint64_t address, void *to,
				uint32_t size)
{
	assert(thread < FAKE_GDB_THREADS);
	if (address >= FAKE_GDB_MEMORY)
		return 0;
	if (size > FAKE_GDB_MEMORY - address)
		size = (uint32_t)(FAKE_GDB_MEMORY - address);
	memcpy(to, fake_gdb.memory + address, size);
	return size;
}

bool gdb_target_memory_write(uint32_t thread, uint64_t address,
			     const void *from, uint32_t size)
{
	assert(thread < FAKE_GDB_THREADS);
	if (address > FAKE_GDB_MEMORY || size > FAKE_GDB_MEMORY - address)
		return false;
	memcpy(fake_gdb.memory + address, from, size);
	return true;
}

enum gdb_result gdb_target_insert(uint32_t thread,
				  enum gdb_breakpoint_kind kind,
				  uint64_t address, uint64_t size)
{
	assert(thread < FAKE_GDB_THREADS && kind < GDB_BREAKPOINT_KINDS);
	fake_gdb.inserts++;
	fake_gdb.kind = kind;
	fake_gdb.address = address;
	fake_gdb.size = size;
	return address < FAKE_GDB_MEMORY ? GDB_OK : GDB_BAD_ADDRESS;
}

enum gdb_result gdb_target_remove(enum gdb_breakpoint_kind kind,
				  uint64_t address, uint64_t size)
{
	assert(kind < GDB_BREAKPOINT_KINDS);
	(void)address, (void)size;
	fake_gdb.removes++;
	return GDB_OK;
}

bool gdb_target_can_step(void)
{
	return fake_gdb.can_step;
}

void gdb_target_resume(const struct gdb_action *actions)
{
	memcpy(fake_gdb.actions, actions, sizeof(fake_gdb.actions));
	fake_gdb.resumes++;
}

void gdb_target_stop(void)
{
	fake_gdb.stops++;
}

void gdb_target_detach(void)
{
	fake_gdb.detaches++;
}

void gdb_target_kill(void)
{
	fake_gdb.kills++;
}

void gdb_target_monitor(uint32_t thread, const char *line)
{
	assert(thread < FAKE_GDB_THREADS && strlen(line) < 512);
	strcpy(fake_gdb.line, line);
}
