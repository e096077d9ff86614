/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which CPU this is, for code below hv/ that may not know struct percpu: its
 * first words, found by the GS base.  Valid once percpu_load() has run.
 */
#ifndef HV_HW_SELF_H
#define HV_HW_SELF_H

#include <stddef.h>
#include <stdint.h>

struct window;

struct cpu_self {
	struct cpu_self *self;
	uint32_t number;  /* from 0, without gaps; 0 is the boot CPU */
	uint32_t apic_id; /* 32 bits, as in x2APIC mode */
	struct window *window;
};

static inline struct cpu_self *cpu_self(void)
{
	struct cpu_self *self;

	__asm__("movq %%gs:%c1, %0"
		: "=r"(self)
		: "i"(offsetof(struct cpu_self, self)));
	return self;
}

#endif
