/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of the lab share.  lab.c goes through the configurations; the
 * files here make the accesses and print what became of them.
 */
#ifndef GUEST_TEST_LAB_LAB_H
#define GUEST_TEST_LAB_LAB_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/test/lib/guest.h"
#include "guest/test/lib/hypercall.h"

#define LAB_BLOCK	 16
#define LAB_LOW		 0x41
#define LAB_NOBODY	 0x0e /* an APIC ID that no vCPU has */

#define EXIT_CR		 28
#define EXIT_RDMSR	 31
#define EXIT_WRMSR	 32
#define EXIT_TPR	 43
#define EXIT_APIC_ACCESS 44
#define EXIT_EOI	 45
#define EXIT_EPT	 48
#define EXIT_APIC_WRITE	 56

extern const char *lab_name; /* of the configuration in force */

/* Prints what the letter ? stands for; the first LAB_ODD_MAX of a
 * configuration. */
void lab_odd(bool write, uint32_t where, unsigned size,
	     const struct hypercall *log);

/* A value that was read, for the configuration's hash. */
void lab_hash_value(uint64_t value);

/* The registers hold what writes will store. */
void lab_prepare(void);

/* Every access of the page, or of the MSRs, in one direction. */
void lab_page(bool write);
void lab_msrs(bool write);

/* Accesses whose outcome depends on interrupts. */
void lab_events(void);

/* A level-triggered interrupt by the I/O APIC, taken by handler; lab_quiet()
 * lowers the line and ends it. */
void lab_level_interrupt(void (*handler)(struct trap_frame *));
void lab_quiet(struct trap_frame *f);

#endif
