/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's image, an ELF file inside the loader's own. */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include <stdbool.h>

#include "boot/boot_info.h"

/*
 * How many bytes from HV_BASE the image takes in memory, in whole pages;
 * refuses if the file is no such image.
 */
bool image_measure(uint64_t *size_bytes);

/* Copies it to the pool's start; returns the entry's virtual address. */
uint64_t image_place(const struct boot_region *pool);

#endif
