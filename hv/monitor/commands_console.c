/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands about the monitor itself, the log, the console, and which VMs are
 * there. */
#include "hv/console/console.h"
#include "hv/lib/string.h"
#include "hv/console/log.h"
#include "hv/monitor/commands.h"
#include "hv/monitor/monitor.h"
#include "hv/vm.h"

#define LOG_LINES     20
#define LOG_LINES_MAX 100

/* ---- help ---- */

static void help(struct monitor *m, const struct monitor_arguments *a)
{
	const struct monitor_command *c;

	if (a->count) {
		c = monitor_find(a->word[0]);
		if (c)
			monitor_print(m, "%s %s\n  %s\n", c->name, c->arguments,
				      c->help);
		else
			monitor_print(m, "no command %s; try help\n",
				      a->word[0]);
		return;
	}
	for (unsigned i = 0; (c = monitor_command(i)); i++)
		monitor_print(m, "  %-9s %s\n", c->name, c->help);
	monitor_print(m, "help COMMAND tells its arguments: VM is a name or a "
			 "number, VM.N its vCPU N,\n"
			 "N the selected VM's (see use). Numbers are decimal, "
			 "or hexadecimal after 0x.\n"
			 "Ctrl-A ? lists the console's keys.\n");
}

/* ---- VMs ---- */

static const char *state_of(const struct vm *vm)
{
	static const char *const name[] = {
		[VM_STARTING] = "starting", [VM_RESETTING] = "starting",
		[VM_RUNNING] = "running",   [VM_STOPPING] = "stopping",
		[VM_ENDED] = "ended",
	};
	uint32_t state = __atomic_load_n(&vm->state, __ATOMIC_SEQ_CST);
	uint32_t held =
		__atomic_load_n(&vm->vcpu[0]->held_by, __ATOMIC_SEQ_CST);

	if (state == VM_RUNNING && held & VCPU_HELD_BY_DEBUGGER)
		return "debugged";
	if (state == VM_RUNNING && held & VCPU_HELD_BY_MONITOR)
		return "paused";
	return name[state];
}

static const char *console_of(const struct vm *vm)
{
	if (!console_is_on(vm->number))
		return "none";
	return console_last_vm() == vm->number ? "keyboard" : "serial";
}

static void vms(struct monitor *m, const struct monitor_arguments *a)
{
	static const char *const tiers[] = APIC_TIER_NAMES;
	const struct vcpu *selected = m->selected;

	(void)a;
	monitor_print(m, "   %-16s %-9s %5s %7s  %-13s %s\n", "NAME", "STATE",
		      "VCPUS", "MIB", "APIC", "CONSOLE");
	for (uint32_t i = 0; i < vms_count(); i++) {
		const struct vm *vm = vm_of(i);
		bool is_selected = selected ? selected->vm == vm : i == 0;

		monitor_print(
			m, "%c%u %-16s %-9s %5u %7u  %-13s %s\n",
			is_selected ? '*' : ' ', i, vm->config->name,
			state_of(vm), vm->vcpu_count, vm->config->memory_mib,
			tiers[vm->vcpu[0]->apic_wanted.tier], console_of(vm));
	}
}

static void use(struct monitor *m, const struct monitor_arguments *a)
{
	struct vcpu *v = monitor_vcpu(m, a->word[0]);

	if (!v)
		return;
	monitor_select(m, v);
	monitor_print(m, "%s.%u\n", v->vm->config->name, v->index);
}

/* ---- the log ---- */

static void show_levels(struct monitor *m)
{
	struct log_levels levels = log_get_levels();

	for (uint32_t s = 0; s < LOG_SUBJECT_COUNT; s++)
		monitor_print(m, "  %-8s %-8s %u lines dropped\n",
			      log_subject_name[s], log_level_name[levels.of[s]],
			      log_dropped(s));
}

static void show_lines(struct monitor *m, const char *word)
{
	char line[LOG_RING_LINE_MAX];
	struct log_ring_reader reader;
	uint64_t wanted = LOG_LINES;
	uint64_t count = 0;
	int size;

	if (word && !monitor_number(m, word, LOG_LINES_MAX, &wanted))
		return;
	if (!log_begin(&reader))
		return;
	while (log_next(&reader, line) >= 0)
		count++;
	if (!log_begin(&reader))
		return;
	while ((size = log_next(&reader, line)) >= 0)
		if (count-- <= wanted)
			monitor_print(m, "%.*s\n", size, line);
}

static void log_command(struct monitor *m, const struct monitor_arguments *a)
{
	struct log_levels levels = log_get_levels();

	if (!a->count) {
		show_levels(m);
		return;
	}
	if (!strcmp(a->word[0], "show")) {
		show_lines(m, a->word[1]);
		return;
	}
	for (unsigned i = 0; i < a->count; i++)
		if (!log_levels_parse(&levels, a->word[i],
				      strlen(a->word[i]))) {
			monitor_print(m,
				      "%s is no LEVEL or SUBJECT=LEVEL; log "
				      "lists the subjects\n",
				      a->word[i]);
			return;
		}
	log_set_levels(&levels);
}

/* ---- the console ---- */

static void console(struct monitor *m, const struct monitor_arguments *a)
{
	char text[320];

	(void)a;
	console_state(text, sizeof(text));
	monitor_print(m, "%s", text);
}

const struct monitor_command monitor_console_commands[] = {
	{"help", "[COMMAND]", "what commands there are", help},
	{"vms", "", "the VMs and their states", vms},
	{"use", "[VM[.N] | N]", "select the vCPU that commands are about", use},
	{"log", "[show [N] | [SUBJECT=]LEVEL...]",
	 "its last lines; what it shows, or change that", log_command},
	{"console", "", "the serial line, who has its keyboard, what waits",
	 console},
	{0},
};
