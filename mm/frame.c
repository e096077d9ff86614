/* SPDX-License-Identifier: BSD-2-Clause */
/* Page frames out of the pool; see frame.h. */
#include "mm/frame.h"

#include <stddef.h>

#include "hv/lib/panic.h"
#include "hv/lib/spinlock.h"
#include "hv/lib/string.h"

static struct {
	struct spinlock lock; /* of next and used */
	uint8_t *pointer;
	hpa_t start;
	uint64_t size_bytes;
	uint64_t next_bytes;
	uint64_t used[FRAME_KIND_COUNT]; /* pages */
} pool;

void frame_init(void *pointer, hpa_t start, uint64_t size_bytes,
		uint64_t used_bytes)
{
	ASSERT(used_bytes <= size_bytes &&
	       !((size_bytes | used_bytes | start.value) & PAGE_MASK));
	pool.pointer = pointer;
	pool.start = start;
	pool.size_bytes = size_bytes;
	pool.next_bytes = used_bytes;
	memset(pool.used, 0, sizeof(pool.used));
	pool.used[FRAME_IMAGE] = used_bytes / PAGE_SIZE;
}

void *frame_alloc(enum frame_kind kind, uint64_t pages)
{
	void *frames = NULL;

	spin_lock(&pool.lock);
	if (pages <= (pool.size_bytes - pool.next_bytes) / PAGE_SIZE) {
		frames = pool.pointer + pool.next_bytes;
		pool.next_bytes += pages * PAGE_SIZE;
		pool.used[kind] += pages;
	}
	spin_unlock(&pool.lock);
	if (frames)
		memset(frames, 0, pages * PAGE_SIZE);
	return frames;
}

uint64_t frame_used(enum frame_kind kind)
{
	return __atomic_load_n(&pool.used[kind], __ATOMIC_RELAXED);
}

uint64_t frame_left(void)
{
	return (pool.size_bytes -
		__atomic_load_n(&pool.next_bytes, __ATOMIC_RELAXED)) /
	       PAGE_SIZE;
}

hpa_t frame_hpa(const void *pointer)
{
	uint64_t offset = (uintptr_t)pointer - (uintptr_t)pool.pointer;

	ASSERT(offset < pool.size_bytes);
	return hpa(pool.start.value + offset);
}

void *frame_pointer(hpa_t address)
{
	uint64_t offset = address.value - pool.start.value;

	return offset < pool.size_bytes ? pool.pointer + offset : NULL;
}
