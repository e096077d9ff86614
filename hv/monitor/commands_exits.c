/* SPDX-License-Identifier: BSD-2-Clause */
/* The command about VM exits: what they were for and what they took. */
#include "hv/clock.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"
#include "hv/monitor/commands.h"
#include "hv/percpu.h"
#include "hv/vm.h"

/* So many rows, the most expensive ones, fill a screen. */
#define ROWS_SHOWN 40

/* ---- names ---- */

static const char *reason_name(uint32_t reason)
{
	const char *name = exit_reason_name(reason);

	return name ? name : "others";
}

/* What a row is about beside its reason; "" if it is about no more. */
static void detail_name(const struct exit_stats_summary *s, char *text,
			size_t size)
{
	text[0] = '\0';
	if (!s->has_detail) {
		if (s->rest)
			format(text, size, "others");
		return;
	}
	switch (s->kind) {
	case EXIT_STATS_APIC:
		format(text, size, "%03x %s", s->detail,
		       vlapic_register_name(s->detail));
		break;
	case EXIT_STATS_PORT:
		format(text, size, "port %x", s->detail);
		break;
	case EXIT_STATS_MSR:
		if (s->detail >= APIC_MSR_FIRST && s->detail <= APIC_MSR_LAST)
			format(text, size, "%x %s", s->detail,
			       vlapic_register_name((s->detail - APIC_MSR_FIRST)
						    << 4));
		else
			format(text, size, "MSR %x", s->detail);
		break;
	case EXIT_STATS_KINDS:
		break;
	}
}

/* ---- the table ---- */

/* All rows together; the time of each, 0 for one that is empty, goes to times.
 * Returns how many rows there are. */
static uint32_t total(const struct vcpu *v, uint64_t *times,
		      struct exit_stats_summary *sum)
{
	struct exit_stats_summary s;
	uint32_t rows = 0;

	*sum = (struct exit_stats_summary){0};
	for (uint32_t row = 0; row < EXIT_STATS_ROWS; row++) {
		times[row] = 0;
		if (!exit_stats_read(&v->stats, row, &s))
			continue;
		times[row] = s.sum;
		sum->count += s.count;
		sum->sum += s.sum;
		rows++;
	}
	return rows;
}

/* value of whole in tenths of a percent. */
static unsigned share(uint64_t value, uint64_t whole)
{
	while (whole >> 50) {
		whole >>= 1;
		value >>= 1;
	}
	return whole ? (unsigned)(value * 1000 / whole) : 0;
}

static void print_row(struct monitor *m, const struct exit_stats_summary *s,
		      const struct exit_stats_summary *sum)
{
	unsigned count = share(s->count, sum->count);
	unsigned time = share(s->sum, sum->sum);
	char name[64], detail[32];

	detail_name(s, detail, sizeof(detail));
	format(name, sizeof(name), "%s %s", reason_name(s->reason), detail);
	monitor_print(m, "%-28.28s %7lu %3u.%u %6u %7u %7u %8u %3u.%u\n", name,
		      s->count, count / 10, count % 10, s->min, s->median,
		      s->p99, s->max, time / 10, time % 10);
}

/* The row with the most time, which is 0 from here on; false: all are. */
static bool take_dearest(uint64_t *times, uint32_t *dearest)
{
	*dearest = 0;
	for (uint32_t row = 1; row < EXIT_STATS_ROWS; row++)
		if (times[row] > times[*dearest])
			*dearest = row;
	if (!times[*dearest])
		return false;
	times[*dearest] = 0;
	return true;
}

static void show(struct monitor *m, const struct vcpu *v)
{
	uint64_t times[EXIT_STATS_ROWS];
	uint64_t mhz = (clock_tsc_hz() + 500000) / 1000000;
	struct exit_stats_summary sum, s;
	uint32_t rows = total(v, times, &sum), row, i;

	monitor_print(m, "%s.%u: %lu exits, %lu ticks of %lu MHz for them\n",
		      v->vm->config->name, v->index, sum.count, sum.sum, mhz);
	if (!rows)
		return;
	monitor_print(m, "%-28s %7s %5s %6s %7s %7s %8s %5s\n", "exit", "count",
		      "%", "min", "median", "p99", "max", "time%");
	for (i = 0; i < ROWS_SHOWN && take_dearest(times, &row); i++)
		if (exit_stats_read(&v->stats, row, &s))
			print_row(m, &s, &sum);
	if (i < rows)
		monitor_print(m, "and %u rows more, see exits csv\n", rows - i);
}

/* ---- values separated by commas ---- */

#define PORTION 64 /* rows */

static void print_csv_row(struct monitor *m, const struct vcpu *v, uint32_t row)
{
	struct exit_stats_summary s;
	char detail[32];

	if (!exit_stats_read(&v->stats, row, &s))
		return;
	detail_name(&s, detail, sizeof(detail));
	monitor_print(m, "%s,%u,%s,%s,%lu,%lu,%u,%u,%u,%u\n",
		      v->vm->config->name, v->index, reason_name(s.reason),
		      detail, s.count, s.sum, s.min, s.median, s.p99, s.max);
}

static bool print_csv(struct monitor *m)
{
	struct monitor_progress *p = monitor_progress(m);
	const struct vcpu *v = vm_vcpu_of_cpu(p->cpu);
	uint32_t end = p->row + PORTION;

	for (; v && p->row < end && p->row < EXIT_STATS_ROWS; p->row++)
		print_csv_row(m, v, p->row);
	if (!v || p->row == EXIT_STATS_ROWS) {
		p->cpu++;
		p->row = 0;
	}
	return p->cpu <= p->last;
}

static void begin_csv(struct monitor *m, uint32_t first, uint32_t last)
{
	struct monitor_progress *p = monitor_more(m, print_csv);

	p->cpu = first;
	p->last = last;
	monitor_print(m,
		      "vm,vcpu,exit,detail,count,ticks,min,median,p99,max\n");
}

/* ---- the command ---- */

/* The exit that brought it here is the monitor's, and counts nowhere. */
static void reset(struct vcpu *v, void *argument)
{
	(void)argument;
	exit_stats_reset(&v->stats);
	v->exit_row = &v->stats.row[EXIT_STATS_NONE];
}

static void reset_all(struct monitor *m, uint32_t first, uint32_t last)
{
	for (uint32_t cpu = first; cpu <= last; cpu++)
		if (vm_vcpu_of_cpu(cpu))
			monitor_call(m, vm_vcpu_of_cpu(cpu), reset, NULL);
}

/* csv and reset are about all vCPUs, or the one that is named. */
static void exits(struct monitor *m, const struct monitor_arguments *a)
{
	const char *what = a->count ? a->word[0] : "";
	bool is_reset = !strcmp(what, "reset"), is_csv = !strcmp(what, "csv");
	const char *name = a->word[is_reset || is_csv];
	const struct vcpu *v = monitor_vcpu(m, name);
	uint32_t first, last;

	if (!v)
		return;
	first = name ? v->cpu : 0;
	last = name ? v->cpu : percpu_count() - 1;
	if (is_reset)
		reset_all(m, first, last);
	else if (is_csv)
		begin_csv(m, first, last);
	else
		show(m, v);
}

const struct monitor_command monitor_exits_commands[] = {
	{"exits", "[reset | csv] [VM.N]",
	 "what a vCPU exits for, how often, and the ticks that it takes",
	 exits},
	{0},
};
