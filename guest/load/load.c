/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses the loader by what the kernel's file is.  Pure. */
#include "guest/load/load.h"

#include "guest/load/acpi_tables.h"
#include "guest/load/builder.h"
#include "guest/load/linux.h"
#include "guest/load/multiboot.h"

bool load_guest(struct load_plan *plan, const struct load_request *request,
		char error[LOAD_ERROR_SIZE])
{
	const struct load_file *kernel = &request->kernel;
	struct builder b = {
		.plan = plan,
		.request = request,
		.error = error,
	};

	*plan = (struct load_plan){0};
	error[0] = '\0';
	if (request->memory_bytes < LOAD_MEMORY_MIN)
		return builder_fail(&b,
				    "a VM needs at least %llu MiB of memory",
				    LOAD_MEMORY_MIN >> 20);
	if (request->module_count > LOAD_MODULES_MAX)
		return builder_fail(&b, "a VM takes at most %d modules",
				    LOAD_MODULES_MAX);
	if (linux_is_image(kernel)) {
		if (request->module_count)
			return builder_fail(&b,
					    "%s is a Linux kernel, which takes "
					    "an initrd, but no modules",
					    kernel->name);
		return linux_plan(&b) && acpi_tables_plan(&b);
	}
	if (multiboot_is_image(kernel)) {
		if (request->initrd.size_bytes)
			return builder_fail(&b,
					    "%s is a multiboot image, which "
					    "takes modules, but no initrd",
					    kernel->name);
		return multiboot_plan(&b) && acpi_tables_plan(&b);
	}
	return builder_fail(
		&b, "%s is neither a Linux bzImage nor a multiboot image",
		kernel->name);
}
