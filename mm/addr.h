/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kinds of address, each a type of its own, so that the compiler refuses
 * to mix them.  Host-virtual addresses are plain pointers.  Pure.
 */
#ifndef MM_ADDR_H
#define MM_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
#define PAGE_MASK  (PAGE_SIZE - 1)
#define SIZE_2M	   (2ul << 20)
#define SIZE_1G	   (1ul << 30)

/* Host-physical: what the memory bus sees. */
typedef struct {
	uint64_t value;
} hpa_t;

/* Guest-physical: what EPT translates. */
typedef struct {
	uint64_t value;
} gpa_t;

/* Guest-linear: what the guest's own page tables translate. */
typedef struct {
	uint64_t value;
} gla_t;

static inline hpa_t hpa(uint64_t value)
{
	return (hpa_t){value};
}

static inline gpa_t gpa(uint64_t value)
{
	return (gpa_t){value};
}

static inline gla_t gla(uint64_t value)
{
	return (gla_t){value};
}

#endif
