/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as apical.cfg and as load options (split at the first NUL): no
 * crash, errors inside the text, and texts that end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "boot/config.h"

static void check_text(const char *text, size_t size)
{
	if (!memchr(text, '\0', size))
		abort();
}

static void check_config(const struct config *config)
{
	if (config->vm_count > CONFIG_VMS_MAX)
		abort();
	for (uint32_t i = 0; i < config->vm_count; i++) {
		const struct config_vm *vm = &config->vm[i];

		if (vm->module_count > CONFIG_MODULES_MAX ||
		    vm->cpu_count > CONFIG_VCPUS_MAX || vm->vcpus < 1 ||
		    vm->vcpus > CONFIG_VCPUS_MAX || vm->memory_mib % 2 ||
		    vm->apic > APIC_TIER_AUTO)
			abort();
		check_text(vm->name, sizeof(vm->name));
		check_text(vm->kernel, sizeof(vm->kernel));
		check_text(vm->initrd, sizeof(vm->initrd));
		check_text(vm->cmdline, sizeof(vm->cmdline));
		for (uint32_t j = 0; j < vm->module_count; j++)
			check_text(vm->module[j], sizeof(vm->module[j]));
	}
}

static void check_error(const struct config_error *error, size_t size)
{
	check_text(error->text, sizeof(error->text));
	if (!error->text[0] || error->line > size + 1 ||
	    error->column > size + 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config;
	struct config_error error;
	const uint8_t *end = size ? memchr(data, '\0', size) : NULL;
	size_t text_size = end ? (size_t)(end - data) : size;
	const char *words = end ? (const char *)end + 1 : "";
	size_t words_size = end ? size - text_size - 1 : 0;

	if (!config_parse(&config, (const char *)data, text_size, &error)) {
		check_error(&error, text_size);
		return 0;
	}
	check_config(&config);
	if (!config_override(&config, words, words_size, &error)) {
		check_error(&error, words_size);
		return 0;
	}
	check_config(&config);
	if (!config_check(&config, &error))
		check_text(error.text, sizeof(error.text));
	return 0;
}
