/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plans the start of a multiboot 1 image, as QEMU's -kernel takes it, by the
 * Multiboot Specification 0.6.96.  Pure; used by guest/load/load.c.
 */
#ifndef GUEST_LOAD_MULTIBOOT_H
#define GUEST_LOAD_MULTIBOOT_H

#include <stdbool.h>

#include "guest/load/builder.h"

/* Does the file carry a multiboot header where it must? */
bool multiboot_is_image(const struct load_file *file);

/* Adds to the builder's plan; false with the error written. */
bool multiboot_plan(struct builder *b);

#endif
