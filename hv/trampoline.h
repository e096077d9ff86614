/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What hv/smp.c fills in for hv/ap_entry.asm: the start of the page below 1 MiB
 * at which a starting CPU begins in real mode.
 */
#ifndef HV_TRAMPOLINE_H
#define HV_TRAMPOLINE_H

#include <stdint.h>

struct trampoline {
	uint64_t jump; /* code, over the rest of this structure */
	uint32_t cr0, cr3, cr4, efer;
	uint32_t target_offset; /* a far pointer into the page's 64-bit part */
	uint16_t target_selector;
	uint16_t gdt_limit; /* what LGDT takes */
	uint32_t gdt_base;
	uint32_t claim; /* 1 until the CPU, or whoever gave it up, takes it */
	uint64_t gdt[2];
	uint64_t root; /* CR3 from here on */
	uint64_t stack_top;
	uint64_t percpu;
	uint64_t entry;
};

#define TRAMPOLINE_CODE 0x08 /* selector of gdt[1] */

/* The code, to be copied to the start of a page. */
extern const uint8_t trampoline_start[], trampoline_long_mode[],
	trampoline_end[];

/* Where it goes once it is in 64-bit mode: linked, not copied. */
void ap_entry(void);

#endif
