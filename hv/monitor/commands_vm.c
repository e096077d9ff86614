/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands about VMs' lives: start, stop, pause, resume, reset. */
#include "hv/lib/string.h"
#include "hv/monitor/commands.h"
#include "hv/vm.h"
#include "hv/vm_hold.h"

static bool is_running(const struct vm *vm)
{
	return __atomic_load_n(&vm->state, __ATOMIC_SEQ_CST) == VM_RUNNING;
}

static bool is_held(const struct vm *vm)
{
	return __atomic_load_n(&vm->vcpu[0]->held_by, __ATOMIC_SEQ_CST);
}

static bool is_paused(const struct vm *vm)
{
	return __atomic_load_n(&vm->vcpu[0]->held_by, __ATOMIC_SEQ_CST) &
	       VCPU_HELD_BY_MONITOR;
}

/* On a vCPU's CPU: it is out of its guest. */
static void nothing(struct vcpu *v, void *argument)
{
	(void)v;
	(void)argument;
}

/* When the prompt is back no vCPU is in its guest. */
static const char *pause(struct monitor *m, struct vm *vm)
{
	uint64_t silent;

	if (!is_running(vm))
		return "it is not running";
	silent = vm_hold(vm, VCPU_HELD_BY_MONITOR, nothing, NULL);
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		if (silent >> i & 1)
			monitor_does_not_answer(m, vm->vcpu[i]);
	return NULL;
}

static const char *resume(struct vm *vm)
{
	if (!is_paused(vm))
		return "it is not paused";
	vm_let_go(vm, VCPU_HELD_BY_MONITOR, VM_ALL_VCPUS);
	return NULL;
}

static void vm(struct monitor *m, const struct monitor_arguments *a)
{
	const char *verb = a->word[0], *done, *problem;
	struct vm *vm;

	if (a->count != 2) {
		monitor_print(m, "vm start|stop|pause|resume|reset NAME\n");
		return;
	}
	vm = monitor_vm(m, a->word[1]);
	if (!vm)
		return;
	if (!strcmp(verb, "start")) {
		done = "starts";
		problem = vm_start(vm);
	} else if (!strcmp(verb, "stop")) {
		done = "stops";
		problem = vm_stop(vm);
	} else if (!strcmp(verb, "reset")) {
		done = is_paused(vm) ? "is reset, and stays paused"
				     : "is reset";
		problem = vm_reset(vm);
	} else if (!strcmp(verb, "pause")) {
		done = "is paused";
		problem = pause(m, vm);
	} else if (!strcmp(verb, "resume")) {
		problem = resume(vm);
		done = is_held(vm) ? "is not paused; the debugger holds it"
				   : "goes on";
	} else {
		monitor_print(m, "no vm %s; see help\n", verb);
		return;
	}
	monitor_print(m, "%s %s%s\n", vm->config->name,
		      problem ? "stays as it is: " : done,
		      problem ? problem : "");
}

const struct monitor_command monitor_vm_commands[] = {
	{"vm", "start|stop|pause|resume|reset NAME",
	 "a VM's life; its clocks stand still while it is paused", vm},
	{0},
};
