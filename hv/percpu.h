/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each CPU has of its own, found by the GS base, which always points here
 * in root mode (VM exits load it from the VMCS).  Written by its own CPU but
 * where a field says otherwise.
 */
#ifndef HV_PERCPU_H
#define HV_PERCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/gdt.h"
#include "hv/hw/self.h"
#include "hv/lib/panic.h"
#include "mm/window.h"

#define PERCPU_STACK_PAGES 4

struct vcpu;

struct percpu {
	struct cpu_self self; /* first: self.h */
	struct window window;
	void *stack_top;   /* RSP at the start and after every VM exit */
	struct vcpu *vcpu; /* the vCPU that this CPU runs, NULL: none */

	/* NMIs that arrived in root mode and are the guest's; the NMI handler
	 * counts up, the run loop takes them with percpu_take_nmis(). */
	uint32_t nmis;

	uint32_t online; /* set by its CPU, read by the boot CPU; smp.c */
	uint32_t halted; /* set by its CPU when it was stopped by NMI */
	uint64_t stray_interrupts;
	uint64_t late_ipis; /* times that smp_send() had to try again */
	uint64_t nmis_seen; /* all of them, since the CPU started */
	uint8_t core_type;  /* CPUID leaf 1AH, EAX bits 31:24; 0: not hybrid */

	struct gdt gdt;
	struct tss tss;
};

static inline struct percpu *percpu(void)
{
	return (struct percpu *)cpu_self();
}

/* For the next two functions. */
extern struct percpu *percpu_all[];
extern uint32_t percpu_all_count;

static inline uint32_t percpu_count(void)
{
	return percpu_all_count;
}

/* By number, 0 to percpu_count() - 1; these CPUs are up or starting. */
static inline struct percpu *percpu_of(uint32_t number)
{
	ASSERT(number < percpu_all_count);
	return percpu_all[number];
}

/* Takes the NMIs that are waiting for this CPU's guest. */
static inline uint32_t percpu_take_nmis(void)
{
	return __atomic_exchange_n(&percpu()->nmis, 0, __ATOMIC_SEQ_CST);
}

/*
 * Makes the structure of the next CPU.  stack_top NULL: a stack is allocated.
 * NULL when memory is short or there are BOOT_CPUS_MAX.  Boot CPU only.
 */
struct percpu *percpu_create(uint32_t apic_id, void *stack_top);

/* Takes back the one that was created last: its CPU does not answer. */
void percpu_drop(struct percpu *cpu);

/* size_bytes at address are part of a stack of the calling CPU. */
bool percpu_owns_stack(const void *address, uint64_t size_bytes);

/* Makes this CPU use it: GDT, TSS, IDT, GS base. */
void percpu_load(struct percpu *cpu);

#endif
