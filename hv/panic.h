/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of panic() that only hv/ uses; see hv/lib/panic.h. */
#ifndef HV_PANIC_H
#define HV_PANIC_H

#include "hv/idt.h"
#include "hv/lib/panic.h"

/* An exception in root mode that nothing has provided for. */
__attribute__((noreturn)) void panic_exception(const struct idt_frame *frame);

#endif
