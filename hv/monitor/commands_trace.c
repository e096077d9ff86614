/* SPDX-License-Identifier: BSD-2-Clause */
/* The command about the trace: on, off, and out over the line. */
#include "hv/clock.h"
#include "hv/lib/string.h"
#include "hv/monitor/commands.h"
#include "hv/percpu.h"
#include "hv/vm.h"
#include "vmx/trace.h"

/* Lines that one portion of a dump has: CPU 0's guest waits for them. */
#define PORTION 8

/* The first vCPU on CPU *cpu or a later one, which becomes that CPU; NULL: no
 * more. */
static struct vcpu *next_vcpu(uint32_t *cpu)
{
	for (; *cpu < percpu_count(); ++*cpu)
		if (vm_vcpu_of_cpu(*cpu))
			return vm_vcpu_of_cpu(*cpu);
	return NULL;
}

static bool is_on(void)
{
	uint32_t cpu = 0;
	const struct vcpu *v = next_vcpu(&cpu);

	return v && v->watched & VCPU_WATCH_TRACE;
}

static void off(void)
{
	struct vcpu *v;

	for (uint32_t cpu = 0; (v = next_vcpu(&cpu)); cpu++)
		__atomic_fetch_and(&v->watched, ~(uint32_t)VCPU_WATCH_TRACE,
				   __ATOMIC_SEQ_CST);
}

static void on(void)
{
	struct vcpu *v;

	for (uint32_t cpu = 0; (v = next_vcpu(&cpu)); cpu++) {
		trace_clear(&v->trace);
		__atomic_fetch_or(&v->watched, VCPU_WATCH_TRACE,
				  __ATOMIC_SEQ_CST);
	}
}

static void status(struct monitor *m)
{
	struct vcpu *v;

	monitor_print(m, "trace: %s\n", is_on() ? "on" : "off");
	for (uint32_t cpu = 0; (v = next_vcpu(&cpu)); cpu++) {
		uint64_t oldest = trace_oldest(&v->trace);
		uint64_t next =
			__atomic_load_n(&v->trace.next, __ATOMIC_RELAXED);

		monitor_print(m, "%s.%u: %lu events, the last %lu are kept\n",
			      v->vm->config->name, v->index,
			      next - v->trace.first, next - oldest);
	}
}

/* ---- the dump ---- */

/* The next line; false: that was the last one. */
static bool next_line(struct monitor_progress *p, char *line)
{
	const struct vcpu *v = next_vcpu(&p->cpu);
	uint32_t count;

	if (!v) {
		trace_line(line, "@end %lu %lu", p->lines, p->records);
		return false;
	}
	if (!p->begun) {
		p->begun = true;
		p->number = trace_oldest(&v->trace);
		p->end = __atomic_load_n(&v->trace.next, __ATOMIC_SEQ_CST);
		trace_line(line, "@ring %u %lu %lu %u %s %u", v->cpu, p->number,
			   p->end, v->vm->number, v->vm->config->name,
			   v->index);
		return true;
	}
	count = trace_pack(&v->trace, v->cpu, &p->number, p->end, line);
	if (!count) {
		p->cpu++;
		p->begun = false;
		return next_line(p, line);
	}
	p->lines++;
	p->records += count;
	return true;
}

static bool print_dump(struct monitor *m)
{
	char line[TRACE_LINE_SIZE];
	bool goes_on = true;

	for (unsigned i = 0; i < PORTION && goes_on; i++) {
		goes_on = next_line(monitor_progress(m), line);
		monitor_print(m, "%s", line);
	}
	return goes_on;
}

/* A trace that went on would overwrite what is on its way. */
static void begin_dump(struct monitor *m)
{
	char line[TRACE_LINE_SIZE];
	uint32_t rings = 0;

	off();
	for (uint32_t cpu = 0; next_vcpu(&cpu); cpu++)
		rings++;
	trace_line(line, "@trace %u %lu %u", TRACE_VERSION, clock_tsc_hz(),
		   rings);
	monitor_print(m, "%s", line);
	monitor_more(m, print_dump);
}

/* ---- the command ---- */

static void trace(struct monitor *m, const struct monitor_arguments *a)
{
	const char *what = a->count ? a->word[0] : "";

	if (!strcmp(what, "on"))
		on();
	else if (!strcmp(what, "off"))
		off();
	else if (!strcmp(what, "dump"))
		begin_dump(m);
	else if (!*what)
		status(m);
	else
		monitor_print(m, "trace is on, off or dump, not %s\n", what);
}

const struct monitor_command monitor_trace_commands[] = {
	{"trace", "[on | off | dump]",
	 "keep the last events of every vCPU; dump is for tools/trace", trace},
	{0},
};
