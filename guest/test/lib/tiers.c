/* SPDX-License-Identifier: BSD-2-Clause */
/* All tiers of APIC virtualization; see tiers.h. */
#include "guest/test/lib/tiers.h"

#include "guest/test/lib/guest.h"

static const char *const tiers_names[] = {
	[HYPERCALL_TIER_EMULATE] = "emulate",
	[HYPERCALL_TIER_TPR_SHADOW] = "tpr-shadow",
	[HYPERCALL_TIER_ACCESS_PAGE] = "access-page",
	[HYPERCALL_TIER_REGISTER] = "register",
	[HYPERCALL_TIER_DELIVERY] = "delivery",
	[HYPERCALL_TIER_POSTED] = "posted",
	[TIERS_ROAM] = "roam",
	[TIERS_AS_IS] = "as it is",
};

const char *tiers_name(unsigned tier)
{
	return tiers_names[tier];
}

void tiers_each(void (*run)(unsigned tier))
{
	struct hypercall now = hypercall_tier_get();

	if (now.rax) {
		run(TIERS_AS_IS);
		return;
	}
	for (unsigned tier = 0; tier <= now.rcx; tier++) {
		if (hypercall_tier(tier, 0, 0))
			run(tier);
		else
			guest_skip("tier", tiers_names[tier]);
	}
	hypercall_tier(now.rcx, 0, 0);
	run(TIERS_ROAM);
}

/* xorshift64 */
static uint32_t tiers_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

void tiers_roam(uint64_t *state)
{
	uint32_t r = tiers_random(state);
	uint32_t on = r & 0x300 ? 0 : 1u << (r >> 16) % 5;
	uint32_t off = r & 0xc00 ? 0 : 1u << (r >> 20) % 5;

	hypercall_tier((r >> 24) % TIERS_ROAM, on, off & ~on);
}
