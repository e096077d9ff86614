/* SPDX-License-Identifier: BSD-2-Clause */
/* apical.cfg's keys; see config_keys.h.  Pure. */
#include "boot/config_keys.h"

#include "boot/config.h"

static const char *const config_tiers[APIC_TIER_COUNT + 2] = APIC_TIER_NAMES;
static const char *const config_switches[] = {
	[CONFIG_SWITCH_TIER] = "tier",
	[CONFIG_SWITCH_ON] = "on",
	[CONFIG_SWITCH_OFF] = "off",
	NULL,
};
static const char *const config_consoles[] = {
	[CONFIG_CONSOLE_SERIAL] = "serial",
	[CONFIG_CONSOLE_NONE] = "none",
	NULL,
};
static const char *const config_screens[] = {
	[CONFIG_SCREEN_AUTO] = "auto",
	[CONFIG_SCREEN_ON] = "on",
	[CONFIG_SCREEN_OFF] = "off",
	NULL,
};
static const char *const config_on_panics[] = {
	[CONFIG_ON_PANIC_HALT] = "halt",
	[CONFIG_ON_PANIC_RESET] = "reset",
	NULL,
};
static const char *const config_selftests[] = {
	[CONFIG_SELFTEST_NONE] = "none",
	[CONFIG_SELFTEST_PANIC] = "panic",
	[CONFIG_SELFTEST_PANIC_RUNNING] = "panic-running",
	NULL,
};
static const char *const config_hlt_exits[] = {
	[CONFIG_HLT_EXIT_AUTO] = "auto",
	[CONFIG_HLT_EXIT_ON] = "on",
	[CONFIG_HLT_EXIT_OFF] = "off",
	NULL,
};
static const char *const config_resets[] = {
	[CONFIG_RESET_RESTART] = "restart",
	[CONFIG_RESET_STOP] = "stop",
	NULL,
};

static const char *const config_gdb_lines[] = {
	[CONFIG_GDB_LINE_OFF] = "off",
	[CONFIG_GDB_LINE_COM2] = "com2",
	NULL,
};
static const char *const config_gdbs[] = {
	[CONFIG_GDB_OFF] = "off",
	[CONFIG_GDB_ON] = "on",
	[CONFIG_GDB_WAIT] = "wait",
	NULL,
};

_Static_assert(sizeof(enum apic_tier) == 4, "a choice is stored as uint32_t");

#define HV(member) .offset = offsetof(struct config, member)
#define VM(member) .offset = offsetof(struct config_vm, member)
#define FLAG	   .kind = CONFIG_KIND_FLAG, .expected = "on or off"
#define SWITCH(n)                                        \
	VM(apic_control[n]), .kind = CONFIG_KIND_CHOICE, \
			     .choices = config_switches, \
			     .expected = "on, off or tier"
#define TEXT(size) .kind = CONFIG_KIND_TEXT, .max = (size)

const struct config_key config_hypervisor_keys[] = {
	{"console", HV(console_port), .kind = CONFIG_KIND_PORT,
	 .expected = "auto, none, com1 to com4, pci, pci2 to pci4 or an I/O "
		     "port like 0x3f8"},
	{"baud", HV(console_baud), .kind = CONFIG_KIND_BAUD, .min = 1200,
	 .max = 4000000, .expected = "0 or a number from 1200 to 4000000"},
	{"uart-clock", HV(console_clock), .kind = CONFIG_KIND_NUMBER,
	 .min = 1000000, .max = 1000000000,
	 .expected = "a frequency in Hz from 1000000 to 1000000000"},
	{"poweroff", HV(poweroff), FLAG},
	{"gdb", HV(gdb), .kind = CONFIG_KIND_CHOICE,
	 .choices = config_gdb_lines, .expected = "off or com2"},
	{"monitor", HV(monitor), FLAG},
	{"log", HV(log), .kind = CONFIG_KIND_LOG,
	 .expected = "a level (error, warning, notice, info, debug) or "
		     "SUBJECT=LEVEL, with commas between"},
	{"mitigations", HV(mitigations), .kind = CONFIG_KIND_MITIGATIONS,
	 .expected = "auto, off or a list like verw,ibrs"},
	{"screen", HV(screen), .kind = CONFIG_KIND_CHOICE,
	 .choices = config_screens, .expected = "auto, on or off"},
	{"on-panic", HV(on_panic), .kind = CONFIG_KIND_CHOICE,
	 .choices = config_on_panics, .expected = "halt or reset"},
	{"selftest", HV(selftest), .kind = CONFIG_KIND_CHOICE,
	 .choices = config_selftests,
	 .expected = "none, panic or panic-running"},
	{"report", HV(report), FLAG},
	{.name = NULL},
};

const struct config_key config_vm_keys[] = {
	{"kernel", VM(kernel), TEXT(CONFIG_PATH_SIZE)},
	{"initrd", VM(initrd), TEXT(CONFIG_PATH_SIZE)},
	{"cmdline", VM(cmdline), TEXT(CONFIG_CMDLINE_SIZE)},
	{"module", .kind = CONFIG_KIND_MODULE},
	{"vcpus", VM(vcpus), .kind = CONFIG_KIND_NUMBER, .min = 1,
	 .max = CONFIG_VCPUS_MAX, .expected = "a number from 1 to 64"},
	{"memory", VM(memory_mib), .kind = CONFIG_KIND_MEMORY, .min = 2,
	 .max = 1 << 20, .expected = "an even number of MiB from 2 to 1048576"},
	{"apic", VM(apic), .kind = CONFIG_KIND_CHOICE, .choices = config_tiers,
	 .expected = "emulate, tpr-shadow, access-page, register, delivery, "
		     "posted or auto"},
	{"apic.tpr-shadow", SWITCH(0)},
	{"apic.access-page", SWITCH(1)},
	{"apic.register", SWITCH(2)},
	{"apic.delivery", SWITCH(3)},
	{"apic.posted", SWITCH(4)},
	{"x2apic", VM(x2apic), FLAG},
	{"hlt-exit", VM(hlt_exit), .kind = CONFIG_KIND_CHOICE,
	 .choices = config_hlt_exits, .expected = "auto, on or off"},
	{"cpuid.hide", VM(cpuid_hide), TEXT(CONFIG_CPUID_SIZE)},
	{"cpus", .kind = CONFIG_KIND_CPUS,
	 .expected = "a list like 0,2-3 of different CPU numbers up to 255"},
	{"console", VM(console), .kind = CONFIG_KIND_CHOICE,
	 .choices = config_consoles, .expected = "serial or none"},
	{"reset", VM(on_reset), .kind = CONFIG_KIND_CHOICE,
	 .choices = config_resets, .expected = "restart or stop"},
	{"shutdown-port", VM(shutdown_port), FLAG},
	{"debug-exit", VM(debug_exit), FLAG},
	{"testdev", VM(testdev), FLAG},
	{"hypercalls", VM(hypercalls), FLAG},
	{"gdb", VM(gdb), .kind = CONFIG_KIND_CHOICE, .choices = config_gdbs,
	 .expected = "off, on or wait"},
	{.name = NULL},
};
