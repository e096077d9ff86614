/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of guest/hypercall.h, for guests whose VM has them. */
#ifndef GUEST_TEST_LIB_HYPERCALL_H
#define GUEST_TEST_LIB_HYPERCALL_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/hypercall.h"

/* The registers of a call, before and after. */
struct hypercall {
	uint64_t rax, rbx, rcx, rdx, rsi;
};

static inline void hypercall(struct hypercall *h)
{
	__asm__ volatile("vmcall"
			 : "+a"(h->rax), "+b"(h->rbx), "+c"(h->rcx),
			   "+d"(h->rdx), "+S"(h->rsi)
			 :
			 : "memory");
}

/* Exits since the last call of this; rbx to rsi as HYPERCALL_EXIT_LOG says. */
static inline struct hypercall hypercall_exit_log(void)
{
	struct hypercall h = {.rax = HYPERCALL_EXIT_LOG};

	hypercall(&h);
	return h;
}

/* rbx to rsi as HYPERCALL_TIER_GET says. */
static inline struct hypercall hypercall_tier_get(void)
{
	struct hypercall h = {.rax = HYPERCALL_TIER_GET};

	hypercall(&h);
	return h;
}

/* False: the processor cannot, and nothing changed. */
static inline bool hypercall_tier(uint64_t tier, uint64_t on, uint64_t off)
{
	struct hypercall h = {
		.rax = HYPERCALL_TIER, .rbx = tier, .rcx = on, .rdx = off};

	hypercall(&h);
	return !h.rax;
}

/* The VM ends with it; false: there is no such way. */
static inline bool hypercall_break(uint64_t how)
{
	struct hypercall h = {.rax = HYPERCALL_BREAK, .rbx = how};

	hypercall(&h);
	return !h.rax;
}

#endif
