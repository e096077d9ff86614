/* SPDX-License-Identifier: BSD-2-Clause */
/* What each CPU has of its own; see percpu.h. */
#include "hv/percpu.h"

#include <stddef.h>

#include "boot/boot_info.h"
#include "hv/hw/msr.h"
#include "hv/idt.h"
#include "hv/lib/panic.h"
#include "mm/frame.h"
#include "mm/paging.h"

/* Enough for a panic, which is what most of them are for. */
#define IST_STACK_PAGES 2

struct percpu *percpu_all[BOOT_CPUS_MAX]; /* boot CPU, while starting */
uint32_t percpu_all_count;

static bool map_stacks(struct percpu *cpu)
{
	if (!cpu->stack_top)
		cpu->stack_top = paging_map_stack(PERCPU_STACK_PAGES);
	if (!cpu->stack_top)
		return false;
	for (unsigned slot = 0; slot < IST_COUNT; slot++) {
		void *top = paging_map_stack(IST_STACK_PAGES);

		if (!top)
			return false;
		cpu->tss.ist[slot] = (uintptr_t)top;
	}
	return true;
}

struct percpu *percpu_create(uint32_t apic_id, void *stack_top)
{
	uint64_t pages = (sizeof(struct percpu) + PAGE_MASK) / PAGE_SIZE;
	struct percpu *cpu;

	if (percpu_all_count == BOOT_CPUS_MAX)
		return NULL;
	/* One that was dropped has never run, and serves again. */
	cpu = percpu_all[percpu_all_count];
	if (!cpu) {
		cpu = frame_alloc(FRAME_CPU, pages);
		if (!cpu)
			return NULL;
		cpu->stack_top = stack_top;
		if (!map_stacks(cpu) ||
		    !window_init(&cpu->window, percpu_all_count))
			return NULL;
		gdt_init(&cpu->gdt, &cpu->tss);
		cpu->self.self = &cpu->self;
		cpu->self.number = percpu_all_count;
		cpu->self.window = &cpu->window;
		percpu_all[percpu_all_count] = cpu;
	}
	cpu->self.apic_id = apic_id;
	percpu_all_count++;
	return cpu;
}

void percpu_drop(struct percpu *cpu)
{
	ASSERT(cpu == percpu_all[percpu_all_count - 1]);
	percpu_all_count--;
}

static bool in_stack(uint64_t address, uint64_t size_bytes, uint64_t top,
		     uint64_t pages)
{
	uint64_t bottom = top - pages * PAGE_SIZE;

	return address >= bottom && address < top &&
	       size_bytes <= top - address;
}

bool percpu_owns_stack(const void *pointer, uint64_t size_bytes)
{
	const struct percpu *cpu = percpu();
	uint64_t address = (uintptr_t)pointer;

	for (unsigned slot = 0; slot < IST_COUNT; slot++)
		if (in_stack(address, size_bytes, cpu->tss.ist[slot],
			     IST_STACK_PAGES))
			return true;
	return in_stack(address, size_bytes, (uintptr_t)cpu->stack_top,
			PERCPU_STACK_PAGES);
}

void percpu_load(struct percpu *cpu)
{
	gdt_load(&cpu->gdt);
	idt_load();
	/* After the segments: loading GS clears its base. */
	msr_write(IA32_GS_BASE, (uintptr_t)cpu);
}
