/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory from the firmware, remembered so that a refusal gives all of it back;
 * and the memory map.  Boot CPU only.  Source: UEFI specification, "Memory
 * Allocation Services".
 */
#ifndef BOOT_MEMORY_H
#define BOOT_MEMORY_H

#include <stdbool.h>

#include "boot/acpi.h"
#include "boot/boot_info.h"

#define MEMORY_ANYWHERE UINT64_MAX

/* Pages for size_bytes, none of them above below; says nothing if it fails. */
bool memory_pages(uint64_t below, uint64_t size_bytes, hpa_t *start);

/* These very pages; *region is empty, and nothing is said, if they are not
 * free. */
bool memory_at(uint64_t start, uint64_t size_bytes, struct boot_region *region);

/* 2 MiB aligned and below 4 GiB; says nothing if it fails. */
bool memory_pool(uint64_t size_bytes, struct boot_region *pool);

/* Two pages below 1 MiB, not page 0; refuses if there are none. */
bool memory_trampoline(struct boot_region *trampoline);

/* A VM's RAM; refuses if there is not enough. */
bool memory_ram(const struct config_vm *config, struct boot_vm *vm);

/* Back to the firmware with all that the functions above took. */
void memory_free_all(void);

/* The free memory in MiB. */
uint64_t memory_free_mib(void);

/* The end of the highest memory that the firmware knows of. */
uint64_t memory_top(void);

/*
 * Memory that may be read, for acpi_parse(): what is no device memory.  At most
 * max windows; returns their number.
 */
uint32_t memory_windows(struct acpi_window *windows, uint32_t max);

/*
 * ExitBootServices, retried while the map changes.  Then firmware.boot is NULL
 * and info->runtime is filled.  Refuses if the firmware does not let go.
 */
bool memory_exit_firmware(struct boot_info *info);

#endif
