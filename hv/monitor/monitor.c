/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor; see monitor.h. */
#include "hv/monitor/monitor.h"

#include "hv/lib/string.h"
#include "hv/monitor/commands.h"
#include "hv/monitor/words.h"
#include "hv/vm.h"

_Static_assert(WORDS_MAX == MONITOR_WORDS_MAX + 1, "the name comes first");

/* One line per file of commands. */
static const struct monitor_command *const tables[] = {
	monitor_console_commands, monitor_memory_commands,
	monitor_machine_commands, monitor_vm_commands,
	monitor_vcpu_commands,	  monitor_vmcs_commands,
	monitor_apic_commands,	  monitor_exits_commands,
	monitor_trace_commands,	  monitor_gdb_commands,
};

void monitor_print(struct monitor *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text_add_va(&m->text, fmt, args);
	va_end(args);
}

struct monitor_progress *monitor_more(struct monitor *m,
				      bool (*function)(struct monitor *m))
{
	m->more = function;
	m->progress = (struct monitor_progress){0};
	return &m->progress;
}

struct monitor_progress *monitor_progress(struct monitor *m)
{
	return &m->progress;
}

/* ---- what words name ---- */

static struct vcpu *selected(struct monitor *m)
{
	if (!m->selected && vms_count())
		m->selected = vm_of(0)->vcpu[0];
	if (!m->selected)
		monitor_print(m, "there is no VM\n");
	return m->selected;
}

/* By name, else by number; NULL: none. */
static struct vm *find_vm(const char *word)
{
	uint64_t number;

	for (uint32_t i = 0; i < vms_count(); i++)
		if (!strcmp(vm_of(i)->config->name, word))
			return vm_of(i);
	if (words_number(word, UINT32_MAX, &number) && number < vms_count())
		return vm_of(number);
	return NULL;
}

struct vm *monitor_vm(struct monitor *m, const char *word)
{
	struct vcpu *v;
	struct vm *vm;

	if (word && *word) {
		vm = find_vm(word);
		if (!vm)
			monitor_print(m, "no VM is called %s; see vms\n", word);
		return vm;
	}
	v = selected(m);
	return v ? v->vm : NULL;
}

/* NULL, after an error line: vm has no such vCPU. */
static struct vcpu *vcpu_of(struct monitor *m, struct vm *vm, const char *word)
{
	uint64_t number;

	if (words_number(word, UINT32_MAX, &number) && number < vm->vcpu_count)
		return vm->vcpu[number];
	monitor_print(m, "%s has vCPUs 0 to %u, and no %s\n", vm->config->name,
		      vm->vcpu_count - 1, word);
	return NULL;
}

struct vcpu *monitor_vcpu(struct monitor *m, const char *word)
{
	char name[CONFIG_NAME_SIZE];
	const char *number;
	struct vm *vm;

	if (!word || !*word)
		return selected(m);
	if (word[0] >= '0' && word[0] <= '9' &&
	    !words_dotted(word, name, sizeof(name), &number)) {
		vm = monitor_vm(m, NULL);
		return vm ? vcpu_of(m, vm, word) : NULL;
	}
	if (!words_dotted(word, name, sizeof(name), &number)) {
		vm = monitor_vm(m, word);
		return vm ? vm->vcpu[0] : NULL;
	}
	vm = monitor_vm(m, name);
	return vm ? vcpu_of(m, vm, number) : NULL;
}

void monitor_select(struct monitor *m, struct vcpu *v)
{
	m->selected = v;
}

bool monitor_number(struct monitor *m, const char *word, uint64_t max,
		    uint64_t *value)
{
	if (!word)
		monitor_print(m, "a number is missing\n");
	else if (!words_number(word, max, value))
		monitor_print(m, "%s is no number from 0 to 0x%lx\n", word,
			      max);
	else
		return true;
	return false;
}

bool monitor_call(struct monitor *m, struct vcpu *v, vcpu_function *function,
		  void *argument)
{
	if (vcpu_call(v, function, argument))
		return true;
	monitor_does_not_answer(m, v);
	return false;
}

void monitor_does_not_answer(struct monitor *m, const struct vcpu *v)
{
	monitor_print(m, "CPU %u does not answer\n", v->cpu);
}

/* ---- lines ---- */

const struct monitor_command *monitor_command(unsigned index)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct monitor_command *c = tables[t]; c->name; c++)
			if (!index--)
				return c;
	return NULL;
}

const struct monitor_command *monitor_find(const char *name)
{
	const struct monitor_command *c;

	for (unsigned i = 0; (c = monitor_command(i)); i++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

void monitor_run(struct monitor *m, const char *line)
{
	const struct monitor_command *command;
	struct monitor_arguments arguments;
	enum words_result result;
	struct words words;

	result = words_split(&words, line);
	if (result != WORDS_GOOD) {
		monitor_print(m, "%s\n",
			      result == WORDS_TOO_LONG ? "line too long"
						       : "too many words");
		return;
	}
	if (!words.count)
		return;
	command = monitor_find(words.word[0]);
	if (!command) {
		monitor_print(m, "no command %s; try help\n", words.word[0]);
		return;
	}
	arguments.count = words.count - 1;
	for (unsigned i = 0; i < MONITOR_WORDS_MAX; i++)
		arguments.word[i] =
			i < arguments.count ? words.word[i + 1] : NULL;
	command->run(m, &arguments);
}

size_t monitor_run_for(struct vcpu *v, const char *line, char *text,
		       size_t size)
{
	struct monitor m = {.selected = v};

	text_begin(&m.text, text, size);
	monitor_run(&m, line);
	while (m.more && m.text.used < size - 1 && m.more(&m))
		;
	return m.text.used;
}
