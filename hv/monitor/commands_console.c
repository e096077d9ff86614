/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands about the monitor itself, the console and which VMs there are. */
#include "hv/monitor/commands.h"
#include "hv/vm.h"

static void use(struct monitor *m, const struct monitor_arguments *a)
{
	struct vcpu *v = monitor_vcpu(m, a->word[0]);

	if (!v)
		return;
	monitor_select(m, v);
	monitor_print(m, "%s.%u\n", v->vm->config->name, v->index);
}

const struct monitor_command monitor_console_commands[] = {
	{"use", "[VM[.N] | N]", "select the vCPU that commands are about", use},
	{0},
};
