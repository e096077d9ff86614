/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ticket lock.  Root mode runs with interrupts off, so taking one never
 * needs to disable them; NMI handlers must not take any.
 */
#ifndef HV_LIB_SPINLOCK_H
#define HV_LIB_SPINLOCK_H

#include <stdint.h>

struct spinlock {
	uint32_t next;
	uint32_t serving;
};

static inline void spin_lock(struct spinlock *lock)
{
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	while (__builtin_expect(
		__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket, 0))
		__builtin_ia32_pause();
}

static inline void spin_unlock(struct spinlock *lock)
{
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

#endif
