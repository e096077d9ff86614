/* SPDX-License-Identifier: BSD-2-Clause */
/* How much one subject of the log may say; see log_limit.h. */
#include "hv/console/log_limit.h"

#define MS_PER_LINE (1000 / LOG_LIMIT_PER_SECOND)

static void recover(struct log_limit *limit, uint64_t now_ms)
{
	uint64_t lines = (now_ms - limit->last_ms) / MS_PER_LINE;

	if (lines >= limit->used) {
		limit->used = 0;
		limit->last_ms = now_ms;
		return;
	}
	limit->used -= (uint32_t)lines;
	limit->last_ms += lines * MS_PER_LINE;
}

enum log_limit_result log_limit_line(struct log_limit *limit, uint64_t now_ms,
				     uint32_t *dropped)
{
	if (now_ms > limit->last_ms)
		recover(limit, now_ms);
	if (limit->used == LOG_LIMIT_BURST) {
		limit->total++;
		return limit->dropped++ ? LOG_LIMIT_DROP : LOG_LIMIT_FIRST_DROP;
	}
	limit->used++;
	*dropped = limit->dropped;
	limit->dropped = 0;
	return *dropped ? LOG_LIMIT_PASS_AFTER_DROPS : LOG_LIMIT_PASS;
}
