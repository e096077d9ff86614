/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's log; see hv/lib/log.h and log.h.  A line goes to memory that
 * outlives us, with its time to memory for the monitor, to the console and to
 * the screen.
 */
#include "hv/console/log.h"

#include <stdarg.h>

#include "hv/clock.h"
#include "hv/console/console.h"
#include "hv/screen/framebuffer.h"
#include "hv/hw/tsc.h"
#include "hv/lib/format.h"
#include "hv/lib/log.h"
#include "hv/lib/spinlock.h"
#include "hv/console/log_keep.h"
#include "hv/console/log_limit.h"

#define LINE_SIZE  320 /* what is longer is cut */
#define TIME_SIZE  32
#define KEPT_BYTES 65536u

static struct {
	struct spinlock lock; /* of limit and ring */
	struct log_levels levels;
	struct log_limit limit[LOG_SUBJECT_COUNT];
	struct log_ring ring; /* in kept_memory, once there is a line */
} kept = {
	.levels = {.of = {[0 ... LOG_SUBJECT_COUNT - 1] = LOG_INFO}},
};

/* Apart, as it begins as zeroes: so the image need not carry it. */
static _Alignas(8) uint8_t kept_memory[KEPT_BYTES];

static uint64_t now_ms(void)
{
	uint64_t khz = clock_tsc_hz() / 1000;

	return khz ? tsc_read() / khz : 0;
}

static void keep(const char *text, size_t size)
{
	char line[TIME_SIZE + LINE_SIZE];
	uint64_t ms = now_ms();
	size_t used = format(line, sizeof(line), "%6lu.%03lu %.*s", ms / 1000,
			     ms % 1000, (int)size, text);

	spin_lock(&kept.lock);
	if (!kept.ring.memory)
		log_ring_begin(&kept.ring, kept_memory, KEPT_BYTES);
	log_ring_add(&kept.ring, line, used);
	spin_unlock(&kept.lock);
}

__attribute__((format(printf, 1, 0))) static void show(const char *fmt,
						       va_list args)
{
	static const char begin[] = "[apical] ";
	const size_t begin_size = sizeof(begin) - 1;
	char line[LINE_SIZE];
	size_t size = format(line, sizeof(line), begin);

	size += format_va(line + size, sizeof(line) - size, fmt, args);
	if (size >= sizeof(line))
		size = sizeof(line) - 1;
	log_keep_line(line, size);
	keep(line + begin_size, size - begin_size);
	console_log(line, size);
	framebuffer_line(line, size);
}

void log_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	show(fmt, args);
	va_end(args);
}

/* False: this line is one too many. */
static bool may_pass(enum log_subject subject)
{
	enum log_limit_result result;
	uint64_t ms = now_ms();
	uint32_t dropped = 0;

	spin_lock(&kept.lock);
	result = log_limit_line(&kept.limit[subject], ms, &dropped);
	spin_unlock(&kept.lock);
	if (result == LOG_LIMIT_PASS_AFTER_DROPS)
		log_line("%s: %u log lines were dropped, it said too much",
			 log_subject_name[subject], dropped);
	if (result == LOG_LIMIT_FIRST_DROP)
		log_line("%s: says too much, log lines are dropped",
			 log_subject_name[subject]);
	return result <= LOG_LIMIT_PASS_AFTER_DROPS;
}

void log_at(enum log_level level, enum log_subject subject, const char *fmt,
	    ...)
{
	va_list args;

	if (level > kept.levels.of[subject] || !may_pass(subject))
		return;
	va_start(args, fmt);
	show(fmt, args);
	va_end(args);
}

struct log_levels log_get_levels(void)
{
	return kept.levels;
}

void log_set_levels(const struct log_levels *levels)
{
	kept.levels = *levels;
}

uint32_t log_dropped(enum log_subject subject)
{
	return kept.limit[subject].total;
}

bool log_begin(struct log_ring_reader *reader)
{
	bool found;

	spin_lock(&kept.lock);
	found = log_ring_find(reader, kept_memory, KEPT_BYTES);
	spin_unlock(&kept.lock);
	return found;
}

int log_next(struct log_ring_reader *reader, char line[LOG_RING_LINE_MAX])
{
	int size;

	spin_lock(&kept.lock);
	size = log_ring_next(reader, line);
	spin_unlock(&kept.lock);
	return size;
}

void log_alone(void)
{
	kept.lock = (struct spinlock){0};
}
