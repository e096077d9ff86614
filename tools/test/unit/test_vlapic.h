/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the virtual local APIC share: an APIC with its pages, short
 * names for accesses, and a reproducible random sequence. */
#ifndef TEST_VLAPIC_H
#define TEST_VLAPIC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "apic/vlapic.h"

struct apic {
	uint8_t page[4096] __attribute__((aligned(4096)));
	struct pi_desc pi;
	struct vlapic v;
};

/* As after power-up, with every capability. */
static inline void apic_power_up(struct apic *a, uint32_t id)
{
	memset(a, 0xa5, sizeof(*a));
	vlapic_init(&a->v, a->page, &a->pi, id, id == 0);
	a->v.x2apic_allowed = 1;
	a->v.suppress_eoi_broadcast = 1;
	a->v.max_phys_bits = 39;
	vlapic_reset(&a->v);
}

/* The slot as the processor reads it. */
static inline uint32_t apic_slot(const struct apic *a, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, a->page + offset, 4);
	return value;
}

static inline void apic_set_slot(struct apic *a, uint32_t offset,
				 uint32_t value)
{
	memcpy(a->page + offset, &value, 4);
}

static inline uint32_t apic_read(struct apic *a, uint32_t offset)
{
	uint32_t value = 0x5a5a5a5a;
	struct vlapic_effect e = vlapic_read(&a->v, offset, 0, &value);

	assert_int_equal(e.kind, VLAPIC_EFFECT_NONE);
	return value;
}

static inline enum vlapic_effect_kind apic_write(struct apic *a,
						 uint32_t offset,
						 uint32_t value)
{
	return vlapic_effect_at(&a->v, vlapic_write(&a->v, offset, value), 0)
		.kind;
}

static inline enum vlapic_effect_kind apic_wrmsr(struct apic *a, uint32_t msr,
						 uint64_t value)
{
	return vlapic_effect_at(&a->v, vlapic_msr_write(&a->v, msr, value), 0)
		.kind;
}

static inline uint64_t apic_rdmsr(struct apic *a, uint32_t msr)
{
	uint64_t value;

	assert_int_equal(vlapic_msr_read(&a->v, msr, 0, &value).kind,
			 VLAPIC_EFFECT_NONE);
	return value;
}

static inline void apic_to_x2apic(struct apic *a)
{
	assert_int_equal(
		vlapic_base_write(&a->v, a->v.base_msr | APIC_BASE_EXTD).kind,
		VLAPIC_EFFECT_BASE);
}

/* Software-enabled in xAPIC mode. */
static inline void apic_xapic(struct apic *a, uint32_t id)
{
	apic_power_up(a, id);
	apic_write(a, APIC_SVR, APIC_SVR_ENABLE | 0xff);
}

static inline void apic_x2apic(struct apic *a, uint32_t id)
{
	apic_xapic(a, id);
	apic_to_x2apic(a);
}

/* Latches ESR and returns it. */
static inline uint32_t apic_errors(struct apic *a)
{
	if (vlapic_mode(&a->v) == VLAPIC_MODE_X2APIC)
		apic_wrmsr(a, APIC_MSR(APIC_ESR), 0);
	else
		apic_write(a, APIC_ESR, 0);
	return apic_slot(a, APIC_ESR);
}

/* xorshift64*: the same sequence everywhere. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static inline uint32_t random_below(uint64_t *state, uint32_t bound)
{
	return (uint32_t)((next_random(state) >> 32) * bound >> 32);
}

#endif
