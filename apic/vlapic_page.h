/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the virtual local APIC share among themselves: access to
 * the virtual-APIC page, and the steps that one file does for another.  Pure;
 * no one outside of apic/vlapic*.c includes it.
 */
#ifndef APIC_VLAPIC_PAGE_H
#define APIC_VLAPIC_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "apic/vlapic.h"

typedef uint32_t __attribute__((may_alias)) vlapic_word_t;

/*
 * Other CPUs read destination registers and write TMR, so each access is one
 * (relaxed, hence free) atomic access.  offset comes from our own tables.
 */
static inline vlapic_word_t *vlapic_page_word(const struct vlapic *v,
					      uint64_t offset)
{
	return (vlapic_word_t *)(v->page + offset);
}

static inline uint32_t vlapic_page_read(const struct vlapic *v, uint64_t offset)
{
	return __atomic_load_n(vlapic_page_word(v, offset), __ATOMIC_RELAXED);
}

static inline void vlapic_page_write(struct vlapic *v, uint64_t offset,
				     uint32_t value)
{
	__atomic_store_n(vlapic_page_word(v, offset), value, __ATOMIC_RELAXED);
}

/* Where in ISR, TMR or IRR the word of vector is, and its bit there. */
static inline uint64_t vlapic_vector_word(uint8_t vector)
{
	return (vector / 32u) * 0x10ull;
}

static inline uint32_t vlapic_vector_bit(uint8_t vector)
{
	return 1u << (vector % 32);
}

/* IA32_APIC_BASE's mode bits, from any CPU. */
static inline uint64_t vlapic_mode_bits(const struct vlapic *v)
{
	return __atomic_load_n(&v->base_msr, __ATOMIC_RELAXED) &
	       (APIC_BASE_EN | APIC_BASE_EXTD);
}

static inline bool vlapic_in_xapic_mode(const struct vlapic *v)
{
	return vlapic_mode_bits(v) == APIC_BASE_EN;
}

/* No state has EXTD without EN: vlapic_base_write(). */
static inline bool vlapic_in_x2apic_mode(const struct vlapic *v)
{
	return __atomic_load_n(&v->base_msr, __ATOMIC_RELAXED) & APIC_BASE_EXTD;
}

static inline struct vlapic_effect vlapic_effect_of(enum vlapic_effect_kind k)
{
	return (struct vlapic_effect){.kind = k};
}

/* Nothing to perform, but another vector may be due. */
static inline struct vlapic_effect vlapic_effect_events(enum vlapic_events e)
{
	return (struct vlapic_effect){.events = e};
}

/* vlapic_priority.c: logs errors (ESR bits) and raises the LVT error entry for
 * the first since ESR was written.  From any CPU; true: notify. */
bool vlapic_error(struct vlapic *v, uint32_t errors);

/* vlapic_priority.c: vlapic_post() when vlapic_accepts() is known to hold, or
 * held at the time that counts. */
bool vlapic_post_accepted(struct vlapic *v, uint8_t vector, bool level);

/* vlapic_priority.c: vlapic_accept() of an edge that this APIC has sent to
 * itself, and to nobody else; its vector is legal. */
struct vlapic_effect vlapic_accept_own(struct vlapic *v, uint8_t vector);

/* vlapic_icr.c: acts on the ICR that lies in the page, reserved bits clear;
 * icr: its low half. */
struct vlapic_effect vlapic_icr_send(struct vlapic *v, uint32_t icr);
struct vlapic_effect vlapic_icr_send_self(struct vlapic *v, uint8_t vector);

/* vlapic_timer.c: each acts on the value that lies in the page. */
void vlapic_timer_reset(struct vlapic *v);
struct vlapic_effect vlapic_timer_lvt_written(struct vlapic *v, uint64_t tsc);
struct vlapic_effect vlapic_timer_initial_count_written(struct vlapic *v,
							uint64_t tsc);
struct vlapic_effect vlapic_timer_divide_written(struct vlapic *v,
						 uint64_t tsc);
uint32_t vlapic_timer_current_count(const struct vlapic *v, uint64_t tsc);

#endif
