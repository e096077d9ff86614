/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Segments and the task-state segment of one CPU.
 * Source: SDM volume 3, "Segment Descriptors", "64-Bit Task State Segment".
 */
#ifndef HV_GDT_H
#define HV_GDT_H

#include <stdint.h>

#define GDT_CODE 0x08 /* the selectors */
#define GDT_DATA 0x10
#define GDT_TSS	 0x18

/* Interrupt stack table slots, 1 to 7, as IDT entries name them. */
#define IST_NMI		  1
#define IST_DOUBLE_FAULT  2
#define IST_MACHINE_CHECK 3
#define IST_COUNT	  3

struct gdt {
	uint64_t entry[5]; /* null, code, data, TSS in two */
};

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7]; /* ist[0] is slot 1 */
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map_base;
} __attribute__((packed));

_Static_assert(sizeof(struct tss) == 104, "SDM: 64-bit TSS");

/* Fills the descriptors; the TSS must stay where it is. */
void gdt_init(struct gdt *gdt, struct tss *tss);

/* Loads GDTR, all segment registers and TR. */
void gdt_load(const struct gdt *gdt);

#endif
