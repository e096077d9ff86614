/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often a vCPU exits, for what, and how long the hypervisor takes each time:
 * a row per basic reason, and below it rows per register of the APIC, port and
 * MSR.  A row is 256 bytes, of which an exit touches two cache lines.  Pure.
 *
 * Written by the vCPU's own CPU; exit_stats_read() from any CPU at any time.
 */
#ifndef VMX_EXIT_STATS_H
#define VMX_EXIT_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "vmx/exit_reason.h"

/* 0 in a build without statistics (make STATISTICS=off), which shows what they
 * cost; exits are counted by reason all the same. */
#ifndef EXIT_STATS_ON
#define EXIT_STATS_ON 1
#endif

/* What a row is about beside the reason. */
enum exit_stats_kind {
	EXIT_STATS_APIC, /* offset in the APIC's page */
	EXIT_STATS_PORT,
	EXIT_STATS_MSR,
	EXIT_STATS_KINDS,
};

/*
 * Bucket n counts times from 2^(n+3) ticks up to twice that; times have 32 bits.
 * No exit takes less than 8 ticks: one that seems to counts as 8.
 */
#define EXIT_STATS_BUCKETS     29
#define EXIT_STATS_FIRST_SHIFT 3

/* Rows by reason come first, see exit_stats_of_reason[]; then those of each
 * kind. */
#define EXIT_STATS_REASONS 32
#define EXIT_STATS_DETAILS 64 /* a power of two */
#define EXIT_STATS_STAYS   16 /* exits that keep a row from giving way */
#define EXIT_STATS_ROWS \
	(EXIT_STATS_REASONS + EXIT_STATS_KINDS * EXIT_STATS_DETAILS)

struct exit_stats_row {
	uint64_t sum; /* of the times */
	union {
		struct {
			uint32_t min;  /* UINT32_MAX in an empty row */
			uint32_t span; /* the greatest time less that */
		};
		uint64_t range; /* both, for who reads from elsewhere */
	};
	uint32_t detail; /* of rows with one: offset, port or MSR */
	union {
		struct {
			uint8_t reason; /* basic */
			uint8_t hits;	/* no more than STAYS; 0: free */
			uint16_t zero;
		};
		uint32_t owner; /* all of these */
	};
	uint64_t bucket[EXIT_STATS_BUCKETS];
};

_Static_assert(sizeof(struct exit_stats_row) == 256, "a shift away");

/* No exit yet: what is counted here, nobody reads. */
#define EXIT_STATS_NONE EXIT_STATS_ROWS

struct exit_stats {
	struct exit_stats_row row[EXIT_STATS_ROWS + 1]
		__attribute__((aligned(64)));
};

/* The number of a basic reason's row; those that nobody expects share row 0. */
extern const uint8_t exit_stats_of_reason[EXIT_REASON_COUNT];

static inline struct exit_stats_row *exit_stats_by_reason(
	struct exit_stats *stats, uint64_t reason)
{
	return &stats->row[exit_stats_of_reason[reason]];
}

/* Forgets everything; to be called before anything else. */
void exit_stats_reset(struct exit_stats *stats);

/*
 * The row for a detail of an exit.  When there is none and none is free, one
 * that was hardly used gives way: what it has counted goes to its reason's row.
 * If there is no such one either: the reason's row.
 */
struct exit_stats_row *exit_stats_find(struct exit_stats *stats,
				       enum exit_stats_kind kind,
				       uint32_t reason, uint32_t detail);

/* The row where a detail is looked for first. */
static inline struct exit_stats_row *exit_stats_home(struct exit_stats *stats,
						     enum exit_stats_kind kind,
						     uint32_t reason,
						     uint32_t detail)
{
	struct exit_stats_row *first =
		&stats->row[EXIT_STATS_REASONS + kind * EXIT_STATS_DETAILS];

	_Static_assert(EXIT_STATS_DETAILS == 64, "six bits of the product");
	return first + ((detail + (reason << 24)) * 0x9e3779b1u >> 26);
}

/* Is it the detail's, for good?  In two halves, each compared in place. */
static inline bool exit_stats_is_settled(const struct exit_stats_row *r,
					 uint32_t reason, uint32_t detail)
{
	return r->detail == detail &&
	       r->owner == (EXIT_STATS_STAYS << 8 | reason);
}

/* The same as exit_stats_find(), fast for one that has its row for good. */
static inline struct exit_stats_row *exit_stats_row(struct exit_stats *stats,
						    enum exit_stats_kind kind,
						    uint32_t reason,
						    uint32_t detail)
{
	struct exit_stats_row *r = exit_stats_home(stats, kind, reason, detail);

	if (!EXIT_STATS_ON)
		return stats->row;
	if (__builtin_expect(exit_stats_is_settled(r, reason, detail), 1))
		return r;
	return exit_stats_find(stats, kind, reason, detail);
}

/* One exit that was handled in less or more ticks than any before. */
void exit_stats_extend(struct exit_stats_row *r, uint32_t ticks);

/* One exit that was handled in ticks.  A time within the row's range is 8 at
 * least. */
static inline void exit_stats_add(struct exit_stats_row *r, uint32_t ticks)
{
	uint64_t log2;

	if (__builtin_expect(ticks - r->min > r->span, 0)) {
		exit_stats_extend(r, ticks);
		return;
	}
	r->sum += ticks;
	__asm__("bsr %1, %0" : "=r"(log2) : "r"((uint64_t)ticks) : "cc");
	r->bucket[log2 - EXIT_STATS_FIRST_SHIFT]++;
}

/* What a row has counted; times in ticks of the TSC. */
struct exit_stats_summary {
	uint32_t reason; /* EXIT_REASON_COUNT: those that nobody expects */
	bool has_detail;
	bool rest; /* a reason's row, with rows by detail beside it */
	enum exit_stats_kind kind;
	uint32_t detail;
	uint64_t count, sum;
	uint32_t min, median, p99, max;
};

/*
 * Sums row up, which may be in use meanwhile.  False: it is empty.  The median
 * and the 99th percentile are interpolated within their bucket, so they are
 * right to a factor of two.
 */
bool exit_stats_read(const struct exit_stats *stats, uint32_t row,
		     struct exit_stats_summary *summary);

#endif
