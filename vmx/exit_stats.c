/* SPDX-License-Identifier: BSD-2-Clause */
/* Statistics of VM exits; see exit_stats.h. */
#include "vmx/exit_stats.h"

#include <stddef.h>

#include "hv/lib/string.h"

/* Where a detail may lie: so many rows from where its hash says. */
#define PROBES 4

const uint8_t exit_stats_of_reason[EXIT_REASON_COUNT] = {
	[EXIT_REASON_EXCEPTION_OR_NMI] = 1,
	[EXIT_REASON_EXTERNAL_INTERRUPT] = 2,
	[EXIT_REASON_INIT_SIGNAL] = 3,
	[EXIT_REASON_SIPI] = 4,
	[EXIT_REASON_INTERRUPT_WINDOW] = 5,
	[EXIT_REASON_NMI_WINDOW] = 6,
	[EXIT_REASON_TASK_SWITCH] = 7,
	[EXIT_REASON_CPUID] = 8,
	[EXIT_REASON_HLT] = 9,
	[EXIT_REASON_INVD] = 10,
	[EXIT_REASON_RDPMC] = 11,
	[EXIT_REASON_VMCALL] = 12,
	[EXIT_REASON_CONTROL_REGISTER_ACCESS] = 13,
	[EXIT_REASON_MOV_DR] = 14,
	[EXIT_REASON_IO_INSTRUCTION] = 15,
	[EXIT_REASON_RDMSR] = 16,
	[EXIT_REASON_WRMSR] = 17,
	[EXIT_REASON_MWAIT] = 18,
	[EXIT_REASON_MONITOR_TRAP_FLAG] = 19,
	[EXIT_REASON_MONITOR] = 20,
	[EXIT_REASON_PAUSE] = 21,
	[EXIT_REASON_TPR_BELOW_THRESHOLD] = 22,
	[EXIT_REASON_APIC_ACCESS] = 23,
	[EXIT_REASON_VIRTUALIZED_EOI] = 24,
	[EXIT_REASON_EPT_VIOLATION] = 25,
	[EXIT_REASON_VMX_PREEMPTION_TIMER_EXPIRED] = 26,
	[EXIT_REASON_WBINVD_OR_WBNOINVD] = 27,
	[EXIT_REASON_XSETBV] = 28,
	[EXIT_REASON_APIC_WRITE] = 29,
};

_Static_assert(EXIT_STATS_REASONS > 29, "a row for each");

static void empty(struct exit_stats_row *r)
{
	memset(r, 0, sizeof(*r));
	r->min = UINT32_MAX;
}

static void set_range(struct exit_stats_row *r, uint32_t min, uint32_t max)
{
	__atomic_store_n(&r->range, (uint64_t)(max - min) << 32 | min,
			 __ATOMIC_RELAXED);
}

/* Makes [min, max] part of the range. */
static void widen(struct exit_stats_row *r, uint32_t min, uint32_t max)
{
	uint32_t end = r->sum ? r->min + r->span : max;

	set_range(r, min < r->min ? min : r->min, max > end ? max : end);
}

void exit_stats_extend(struct exit_stats_row *r, uint32_t ticks)
{
	uint32_t lowest = 1u << EXIT_STATS_FIRST_SHIFT;

	if (ticks < lowest)
		ticks = lowest;
	widen(r, ticks, ticks);
	exit_stats_add(r, ticks);
}

void exit_stats_reset(struct exit_stats *stats)
{
	for (uint32_t row = 0; row <= EXIT_STATS_ROWS; row++)
		empty(&stats->row[row]);
}

/* ---- rows by detail ---- */

/* What from has counted is added to to, and from is empty. */
static void move(struct exit_stats_row *to, struct exit_stats_row *from)
{
	if (from->sum)
		widen(to, from->min, from->min + from->span);
	to->sum += from->sum;
	for (unsigned i = 0; i < EXIT_STATS_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
	empty(from);
}

/* The one with the fewest hits, or that of the detail itself. */
static struct exit_stats_row *search(struct exit_stats_row *rows, uint32_t home,
				     uint32_t reason, uint32_t detail)
{
	struct exit_stats_row *least = &rows[home % EXIT_STATS_DETAILS];

	for (uint32_t i = 0; i < PROBES; i++) {
		struct exit_stats_row *r =
			&rows[(home + i) % EXIT_STATS_DETAILS];

		if (r->hits && r->detail == detail && r->reason == reason)
			return r;
		if (r->hits < least->hits)
			least = r;
	}
	return least;
}

struct exit_stats_row *exit_stats_find(struct exit_stats *stats,
				       enum exit_stats_kind kind,
				       uint32_t reason, uint32_t detail)
{
	struct exit_stats_row *rows =
		&stats->row[EXIT_STATS_REASONS + kind * EXIT_STATS_DETAILS];
	uint32_t home =
		(uint32_t)(exit_stats_home(stats, kind, reason, detail) - rows);
	struct exit_stats_row *r;

	for (uint32_t i = 1; i < PROBES; i++) {
		r = &rows[(home + i) % EXIT_STATS_DETAILS];
		if (exit_stats_is_settled(r, reason, detail))
			return r;
	}
	r = search(rows, home, reason, detail);
	if (r->hits && r->detail == detail && r->reason == reason) {
		r->hits++;
		return r;
	}
	if (r->hits == EXIT_STATS_STAYS)
		return &stats->row[exit_stats_of_reason[reason]];
	move(&stats->row[exit_stats_of_reason[r->reason]], r);
	r->detail = detail;
	r->reason = (uint8_t)reason;
	r->hits = 1;
	return r;
}

/* ---- what was counted ---- */

/* At least 1 of count, rounded up: the rank of a percentile. */
static uint64_t rank_of(uint64_t count, unsigned percent)
{
	return count / 100 * percent + (count % 100 * percent + 99) / 100;
}

/* Interpolated between the bucket's ends, within [min, max]. */
static uint32_t percentile(const uint64_t *bucket,
			   const struct exit_stats_summary *s, unsigned percent)
{
	uint64_t rank = rank_of(s->count, percent), value;
	unsigned i = 0;

	for (; i < EXIT_STATS_BUCKETS - 1 && rank > bucket[i]; i++)
		rank -= bucket[i];
	value = 1ull << (i + EXIT_STATS_FIRST_SHIFT);
	/* In 2^16ths, so that nothing overflows. */
	value += (value * (rank * 0x10000 / bucket[i])) >> 16;
	if (value < s->min)
		return s->min;
	return value > s->max ? s->max : (uint32_t)value;
}

static uint32_t reason_of(uint32_t row)
{
	uint32_t reason = 0;

	while (row && reason < EXIT_REASON_COUNT &&
	       exit_stats_of_reason[reason] != row)
		reason++;
	return row ? reason : EXIT_REASON_COUNT;
}

static bool has_details(uint32_t reason)
{
	switch (reason) {
	case EXIT_REASON_IO_INSTRUCTION:
	case EXIT_REASON_RDMSR:
	case EXIT_REASON_WRMSR:
	case EXIT_REASON_APIC_ACCESS:
	case EXIT_REASON_APIC_WRITE:
	case EXIT_REASON_EPT_VIOLATION:
		return true;
	}
	return false;
}

bool exit_stats_read(const struct exit_stats *stats, uint32_t row,
		     struct exit_stats_summary *s)
{
	const struct exit_stats_row *r = &stats->row[row];
	uint64_t range = __atomic_load_n(&r->range, __ATOMIC_RELAXED);
	uint64_t bucket[EXIT_STATS_BUCKETS];

	*s = (struct exit_stats_summary){
		.sum = __atomic_load_n(&r->sum, __ATOMIC_RELAXED),
		.min = (uint32_t)range,
		.max = (uint32_t)range + (uint32_t)(range >> 32),
		.has_detail = row >= EXIT_STATS_REASONS,
	};
	for (unsigned i = 0; i < EXIT_STATS_BUCKETS; i++) {
		bucket[i] = __atomic_load_n(&r->bucket[i], __ATOMIC_RELAXED);
		s->count += bucket[i];
	}
	if (!s->count)
		return false;
	if (s->has_detail) {
		s->kind = (row - EXIT_STATS_REASONS) / EXIT_STATS_DETAILS;
		s->detail = __atomic_load_n(&r->detail, __ATOMIC_RELAXED);
		s->reason = __atomic_load_n(&r->reason, __ATOMIC_RELAXED);
	} else {
		s->reason = reason_of(row);
		s->rest = has_details(s->reason);
	}
	s->median = percentile(bucket, s, 50);
	s->p99 = percentile(bucket, s, 99);
	return true;
}
