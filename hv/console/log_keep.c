/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log that survives a reset; see log_keep.h.  The memory is mapped write-
 * combining, and log_ring_add() ends with a fence: what a cache holds is lost in
 * a reset.
 */
#include "hv/console/log_keep.h"

#include <stdbool.h>

#include "hv/hw/cpu.h"
#include "hv/lib/log_ring.h"
#include "hv/lib/spinlock.h"
#include "mm/paging.h"

static struct {
	struct spinlock lock; /* of ring */
	bool on;
	struct log_ring ring;
} keep;

void log_keep_init(const struct boot_info *info)
{
	uint64_t size_bytes = info->kept_log.size_bytes;
	void *memory;

	if (size_bytes < LOG_RING_BYTES_MIN || size_bytes > LOG_RING_BYTES_MAX)
		return;
	memory = paging_map_write_combining(info->kept_log.start, size_bytes);
	if (!memory)
		return;
	/* The loader used it with another memory type. */
	cpu_wbinvd();
	log_ring_begin(&keep.ring, memory, (uint32_t)size_bytes);
	keep.on = true;
}

void log_keep_line(const char *text, size_t size)
{
	if (!keep.on)
		return;
	spin_lock(&keep.lock);
	log_ring_add(&keep.ring, text, size);
	spin_unlock(&keep.lock);
}

void log_keep_alone(void)
{
	keep.lock = (struct spinlock){0};
}
