/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of the machine's memory is the hypervisor's own, and what for: what
 * is left of the pool is counted apart.  Guests' RAM and files are theirs.
 */
#ifndef HV_FOOTPRINT_H
#define HV_FOOTPRINT_H

#include "boot/boot_info.h"
#include "hv/lib/text.h"

/* Once, before the others; keeps what info says of memory beside the pool. */
void footprint_init(const struct boot_info *info);

/* All that is used, in bytes.  Any CPU. */
uint64_t footprint_bytes(void);

/* One sentence without a line's end: the sum, and KiB by kind.  Any CPU. */
void footprint_text(struct text *t);

/* Lines: what the image and one vCPU's memory consist of.  Any CPU. */
void footprint_text_parts(struct text *t);

#endif
