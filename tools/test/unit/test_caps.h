/* SPDX-License-Identifier: BSD-2-Clause */
/* A processor's VMX capabilities, for the tests of what is made of them. */
#ifndef TEST_CAPS_H
#define TEST_CAPS_H

#include "vmx/caps.h"

/* By the high halves of its MSRs 48BH and 481H; in the others the processors
 * from Penryn on are alike. */
static inline struct vmx_caps processor(uint32_t proc2, uint32_t pin)
{
	return (struct vmx_caps){
		.basic = 0x00d8040000000012 | VMX_BASIC_TRUE_CONTROLS,
		.pin = (uint64_t)pin << 32 | 0x16,
		.proc = 0xfff9fffe04006172,
		.proc2 = (uint64_t)proc2 << 32,
		.exit = 0x007fffff00036dfb,
		.entry = 0x0000ffff000011fb,
		.misc = 0x7004c1e7,
		.cr0_fixed0 = 0x80000021,
		.cr0_fixed1 = 0xffffffff,
		.cr4_fixed0 = 0x2000,
		.cr4_fixed1 = 0x3767ff,
		.ept_vpid = proc2 & VMX_PROC2_EPT ? 0xf0106734141 : 0,
		.physical_bits = 39,
		.linear_bits = 48,
	};
}

#endif
