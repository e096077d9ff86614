/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor's command about the debugger. */
#include <stddef.h>

#include "hv/gdb/gdb.h"
#include "hv/lib/string.h"
#include "hv/monitor/commands.h"
#include "hv/vm.h"

static void show(struct monitor *m)
{
	monitor_print(m, "a debugger %s vm %s\n",
		      gdb_is_attached() ? "debugs" : "would get",
		      gdb_vm()->config->name);
}

static void run_gdb(struct monitor *m, const struct monitor_arguments *a)
{
	struct vm *vm;

	if (!gdb_vm()) {
		monitor_print(m, "there is no VM\n");
		return;
	}
	if (!a->count) {
		show(m);
		return;
	}
	if (!strcmp(a->word[0], "off")) {
		gdb_drop();
		show(m);
		return;
	}
	vm = monitor_vm(m, a->word[0]);
	if (!vm)
		return;
	if (!gdb_choose(vm))
		monitor_print(m, "a debugger debugs vm %s: gdb off ends that\n",
			      gdb_vm()->config->name);
	else
		show(m);
}

const struct monitor_command monitor_gdb_commands[] = {
	{"gdb", "[VM|off]",
	 "which VM a debugger gets; off: what one that went has left ends",
	 run_gdb},
	{.name = NULL},
};
