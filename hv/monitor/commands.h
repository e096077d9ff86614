/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of the monitor's commands, each ended by a row without a name. */
#ifndef HV_MONITOR_COMMANDS_H
#define HV_MONITOR_COMMANDS_H

#include "hv/monitor/command.h"

extern const struct monitor_command monitor_apic_commands[];
extern const struct monitor_command monitor_console_commands[];
extern const struct monitor_command monitor_exits_commands[];
extern const struct monitor_command monitor_gdb_commands[];
extern const struct monitor_command monitor_machine_commands[];
extern const struct monitor_command monitor_memory_commands[];
extern const struct monitor_command monitor_trace_commands[];
extern const struct monitor_command monitor_vcpu_commands[];
extern const struct monitor_command monitor_vm_commands[];
extern const struct monitor_command monitor_vmcs_commands[];

#endif
