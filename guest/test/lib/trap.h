/* SPDX-License-Identifier: BSD-2-Clause */
/* The trap part's start-up, for lib/cpu.c alone. */
#ifndef GUEST_TEST_LIB_TRAP_H
#define GUEST_TEST_LIB_TRAP_H

void trap_init(void); /* once */
void trap_load(void); /* on every CPU */

#endif
