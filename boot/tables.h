/* SPDX-License-Identifier: BSD-2-Clause */
/* The page tables that carry the jump into the hypervisor. */
#ifndef BOOT_TABLES_H
#define BOOT_TABLES_H

#include <stdbool.h>

#include "boot/boot_info.h"

/*
 * Tables that map all memory to itself and the pool to HV_BASE; *root is for
 * CR3.  In pages that nobody needs once the hypervisor has its own.  Refuses
 * if there is no memory for them.
 */
bool tables_build(const struct boot_region *pool, hpa_t *root);

#endif
