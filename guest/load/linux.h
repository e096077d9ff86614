/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plans the start of a Linux bzImage by the 64-bit boot protocol (Linux
 * documentation, "The Linux/x86 Boot Protocol" and "Zero Page").  Pure; used
 * by guest/load/load.c.
 */
#ifndef GUEST_LOAD_LINUX_H
#define GUEST_LOAD_LINUX_H

#include <stdbool.h>

#include "guest/load/builder.h"

/* Does the file carry the mark of a Linux boot sector? */
bool linux_is_image(const struct load_file *file);

/* Adds to the builder's plan; false with the error written. */
bool linux_plan(struct builder *b);

#endif
