/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apical.cfg: line-based text to struct config.  Pure; the loader parses, the
 * hypervisor only reads the result.
 */
#ifndef BOOT_CONFIG_H
#define BOOT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/lib/apic_tier.h"
#include "hv/lib/log_levels.h"
#include "hv/lib/mitigation.h"

#define CONFIG_VMS_MAX	    8
#define CONFIG_VCPUS_MAX    64
#define CONFIG_MODULES_MAX  4
#define CONFIG_NAME_SIZE    32
#define CONFIG_PATH_SIZE    128
#define CONFIG_CMDLINE_SIZE 1024
#define CONFIG_CPUID_SIZE   256
#define CONFIG_CPU_ANY	    UINT32_MAX
#define CONFIG_PORT_AUTO    0	       /* SPCR, else DBG2, else COM1 */
#define CONFIG_BAUD_AUTO    UINT32_MAX /* SPCR's, else 115200 */
#define CONFIG_PORT_NONE    UINT32_MAX /* no serial line */
#define CONFIG_PORT_PCI	    0x10000u   /* and up: serial ports on PCI */
#define CONFIG_PORT_PCI_MAX 0x10003u

/* Where a VM's UART is connected. */
enum config_console {
	CONFIG_CONSOLE_SERIAL, /* Apical's own serial line (the default) */
	CONFIG_CONSOLE_NONE,   /* output is dropped */
};

/* Whether the log is on the screen too. */
enum config_screen {
	CONFIG_SCREEN_AUTO, /* where there is one (the default) */
	CONFIG_SCREEN_ON,   /* a machine without one is refused */
	CONFIG_SCREEN_OFF,
};

/* What happens after a bug of the hypervisor's own has been reported. */
enum config_on_panic {
	CONFIG_ON_PANIC_HALT, /* the default */
	CONFIG_ON_PANIC_RESET,
};

/* What to break on purpose. */
enum config_selftest {
	CONFIG_SELFTEST_NONE,	       /* the default */
	CONFIG_SELFTEST_PANIC,	       /* before VMX is on, so on any machine */
	CONFIG_SELFTEST_PANIC_RUNNING, /* on CPU 0, while others run guests */
};

/* Which line besides the console's a debugger has. */
enum config_gdb_line {
	CONFIG_GDB_LINE_OFF, /* the default */
	CONFIG_GDB_LINE_COM2,
};

/* Is a VM the one that a debugger gets to see? */
enum config_gdb {
	CONFIG_GDB_OFF, /* the default: the first VM is, if all are off */
	CONFIG_GDB_ON,
	CONFIG_GDB_WAIT, /* and it does not start before the debugger says */
};

/* Does HLT exit?  Else the guest halts by itself, without the hypervisor. */
enum config_hlt_exit {
	CONFIG_HLT_EXIT_AUTO, /* only where it has to; the default */
	CONFIG_HLT_EXIT_ON,
	CONFIG_HLT_EXIT_OFF, /* as far as the processor can */
};

/* What happens when the guest asks for a reset. */
enum config_reset {
	CONFIG_RESET_RESTART, /* the default */
	CONFIG_RESET_STOP,
};

/* One control of APIC virtualization, beside the tier. */
enum config_switch {
	CONFIG_SWITCH_TIER, /* as the tier has it; the default */
	CONFIG_SWITCH_ON,
	CONFIG_SWITCH_OFF,
};

struct config_vm {
	char name[CONFIG_NAME_SIZE];
	char kernel[CONFIG_PATH_SIZE]; /* required */
	char initrd[CONFIG_PATH_SIZE]; /* "" for none */
	char module[CONFIG_MODULES_MAX][CONFIG_PATH_SIZE];
	uint32_t module_count;
	char cmdline[CONFIG_CMDLINE_SIZE];
	uint32_t vcpus;	     /* 1 to CONFIG_VCPUS_MAX; default 1 */
	uint32_t memory_mib; /* default 256 */
	enum apic_tier apic; /* default APIC_TIER_AUTO */
	/* By the bit numbers of enum apic_control. */
	enum config_switch apic_control[APIC_CONTROL_COUNT];
	bool x2apic; /* offered to the guest; default off */
	char cpuid_hide[CONFIG_CPUID_SIZE]; /* features, "a,b"; "" for none */
	uint32_t cpus[CONFIG_VCPUS_MAX];    /* pinning, by CPU number */
	uint32_t cpu_count;		    /* 0: any; else equal to vcpus */
	enum config_console console;
	enum config_hlt_exit hlt_exit;
	enum config_reset on_reset;
	bool shutdown_port; /* port 0x8900 ends the VM; default off */
	bool debug_exit;    /* port 0xf4 ends the VM; default off */
	bool testdev;	    /* the test device's ports and MMIO; default off */
	bool hypercalls;    /* guest/hypercall.h; default off */
	enum config_gdb gdb;
};

struct config {
	/* [hypervisor] */
	uint32_t console_port; /* of the UART, or CONFIG_PORT_*; default AUTO */
	uint32_t console_baud; /* 0: leave as it is; default CONFIG_BAUD_AUTO */
	uint32_t console_clock; /* of the UART, in Hz; default 0: SPCR's, else
				   a PC's */
	bool poweroff; /* at the end; off: the monitor goes on; default on */
	bool monitor;  /* the keys that lead to it and to the debugger; default
			* on */
	struct log_levels log;
	uint32_t mitigations; /* a set of enum mitigation; default
			       * MITIGATION_AUTO */
	enum config_screen screen;
	enum config_on_panic on_panic;
	enum config_selftest selftest;
	bool report; /* print what the machine is; needs no VM; default off */
	enum config_gdb_line gdb;
	uint32_t vm_count;
	struct config_vm vm[CONFIG_VMS_MAX];
};

struct config_error {
	uint32_t line;	 /* from 1 */
	uint32_t column; /* from 1 */
	char text[160];	 /* one sentence, without file, line and column */
};

/*
 * Parses size bytes of text (need not end in NUL).  False with *error filled
 * on the first thing that is wrong; *config is then not to be used.
 */
bool config_parse(struct config *config, const char *text, size_t size,
		  struct config_error *error);

/*
 * Overrides keys from a command line: words of the form key=value (for
 * [hypervisor]) or vmname.key=value, values may be "quoted".  A first word
 * without '=' is the program's own name, as the UEFI shell passes it.
 * error->column counts within the command line, error->line is 0.
 */
bool config_override(struct config *config, const char *words, size_t size,
		     struct config_error *error);

/*
 * The checks that need the whole: kernels named, pinning consistent, ...
 * error->line and error->column are 0.
 */
bool config_check(const struct config *config, struct config_error *error);

#endif
