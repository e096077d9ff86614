/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apical.cfg's keys: one table each for [hypervisor] and [vm NAME].  Pure; used by
 * boot/config.c alone.
 */
#ifndef BOOT_CONFIG_KEYS_H
#define BOOT_CONFIG_KEYS_H

#include <stddef.h>
#include <stdint.h>

enum config_kind {
	CONFIG_KIND_TEXT,	 /* char[max] */
	CONFIG_KIND_MODULE,	 /* one more of module[] */
	CONFIG_KIND_NUMBER,	 /* uint32_t from min to max */
	CONFIG_KIND_MEMORY,	 /* the same, even */
	CONFIG_KIND_BAUD,	 /* the same, or 0 */
	CONFIG_KIND_FLAG,	 /* bool */
	CONFIG_KIND_CHOICE,	 /* an enum's value by name */
	CONFIG_KIND_CPUS,	 /* cpus[] and cpu_count */
	CONFIG_KIND_PORT,	 /* uint32_t, a UART */
	CONFIG_KIND_LOG,	 /* struct log_levels */
	CONFIG_KIND_MITIGATIONS, /* uint32_t, a set of enum mitigation */
};

struct config_key {
	const char *name;
	enum config_kind kind;
	size_t offset; /* in struct config or struct config_vm */
	uint32_t min, max;
	const char *const *choices; /* ends in NULL */
	const char *expected;	    /* completes "KEY must be ..." */
};

/* Each ends in a row without a name. */
extern const struct config_key config_hypervisor_keys[];
extern const struct config_key config_vm_keys[];

#endif
