/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments and the task-state segment of one CPU; see gdt.h. */
#include "hv/gdt.h"

#include "hv/hw/cpu.h"

/* Flat, present, accessed, DPL 0; limits are ignored in 64-bit mode. */
#define DESCRIPTOR_CODE 0x00af9b000000ffffull
#define DESCRIPTOR_DATA 0x00cf93000000ffffull

static void set_tss(struct gdt *gdt, const struct tss *tss)
{
	uint64_t base = (uintptr_t)tss;
	uint64_t available_tss = 0x89ull << 40;

	gdt->entry[3] = (sizeof(*tss) - 1) | (base & 0xffffff) << 16 |
			available_tss | (base >> 24 & 0xff) << 56;
	gdt->entry[4] = base >> 32;
}

void gdt_init(struct gdt *gdt, struct tss *tss)
{
	tss->io_map_base = sizeof(*tss); /* beyond the limit: no bitmap */
	gdt->entry[GDT_CODE / 8] = DESCRIPTOR_CODE;
	gdt->entry[GDT_DATA / 8] = DESCRIPTOR_DATA;
	set_tss(gdt, tss);
}

void gdt_load(const struct gdt *gdt)
{
	struct table_register table = {sizeof(*gdt) - 1, (uintptr_t)gdt};

	cpu_lgdt(&table);
	__asm__ volatile("pushq %0\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "movl %1, %%eax\n\t"
			 "movl %%eax, %%ds\n\t"
			 "movl %%eax, %%es\n\t"
			 "movl %%eax, %%ss\n\t"
			 "xorl %%eax, %%eax\n\t"
			 "movl %%eax, %%fs\n\t"
			 "movl %%eax, %%gs"
			 :
			 : "i"(GDT_CODE), "i"(GDT_DATA)
			 : "rax", "memory");
	cpu_lldt(0);
	cpu_ltr(GDT_TSS);
}
