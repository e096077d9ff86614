/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be done around VM entries and exits so that no VM reads, by side
 * channels of the processor's speculation, what is not its own: their names for
 * the configuration.  What needs which is vmx/mitigations.h.  Pure.
 */
#ifndef HV_LIB_MITIGATION_H
#define HV_LIB_MITIGATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mitigation {
	/* Before each VM entry: */
	MITIGATION_VERW = 1u << 0, /* overwrites buffers of the core */
	MITIGATION_L1D = 1u << 1,  /* flushes the L1 data cache, and these */
	/* After each VM exit: */
	MITIGATION_BHB = 1u << 2, /* clears the branch history */
	/* IBRS set after each exit, and cleared before the entry: */
	MITIGATION_IBRS = 1u << 3,
	/* Once, for good; nothing on the way: */
	MITIGATION_EIBRS = 1u << 4,   /* IBRS */
	MITIGATION_BHI_DIS = 1u << 5, /* BHI_DIS_S */
	/* Each time that a VM starts: */
	MITIGATION_IBPB = 1u << 6, /* forgets all branch targets */
	/* And after each VM exit, before the first indirect branch: */
	MITIGATION_IBPB_EXIT = 1u << 7,
	MITIGATION_ALL = (1u << 8) - 1,
	/* What costs instructions at each exit. */
	MITIGATION_EACH_EXIT = MITIGATION_VERW | MITIGATION_L1D |
			       MITIGATION_BHB | MITIGATION_IBRS |
			       MITIGATION_IBPB_EXIT,
};

#define MITIGATION_COUNT 8

/* Not a set, but: what the processors need. */
#define MITIGATION_AUTO (1u << 31)

/* Of bit i; entry MITIGATION_COUNT is NULL. */
extern const char *const mitigation_name[];

/*
 * "auto", "off", or names with commas between, into a set; size characters.
 * False, and *set means nothing, when it is none of that.
 */
bool mitigation_parse(const char *text, size_t size, uint32_t *set);

#endif
