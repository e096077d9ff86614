/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A boot manager with three boot options, each the loader with other load
 * options: the first and the second one are refused, early and late, and have
 * to leave the firmware as they found it; the third one runs.  Source: UEFI
 * specification, "Boot Manager".
 */
#include "tools/test/efi/chain.h"

#define BOOTORDER_MAP_BYTES 65536u
#define BOOTORDER_SLACK	    16u /* pages that the firmware keeps for itself */

static CHAR16 bootorder_first[] = L"BOOTX64.EFI t.vcpus=many";
static CHAR16 bootorder_second[] = L"BOOTX64.EFI t.memory=4096";
static CHAR16 bootorder_third[] = L"BOOTX64.EFI t.vcpus=2";

/* Pages that are free; 0: the firmware does not tell. */
static uint64_t bootorder_free(EFI_BOOT_SERVICES *boot)
{
	static uint8_t map[BOOTORDER_MAP_BYTES];
	UINTN size = sizeof(map), key, step;
	uint64_t pages = 0;
	UINT32 version;

	if (EFI_ERROR(boot->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)map,
					 &key, &step, &version)))
		return 0;
	for (UINTN at = 0; at + step <= size; at += step) {
		EFI_MEMORY_DESCRIPTOR *d = (EFI_MEMORY_DESCRIPTOR *)(map + at);

		if (d->Type == EfiConventionalMemory)
			pages += d->NumberOfPages;
	}
	return pages;
}

static void bootorder_try(EFI_HANDLE image, EFI_SYSTEM_TABLE *system,
			  CHAR16 *options, UINT32 size)
{
	uint64_t before = bootorder_free(system->BootServices), after;
	EFI_STATUS status = chain_start_with(image, system, options, size);

	after = bootorder_free(system->BootServices);
	chain_say(status == EFI_UNSUPPORTED
			  ? "bootorder: it returned an error\r\n"
			  : "bootorder: it returned something else\r\n");
	chain_say(before && after + BOOTORDER_SLACK >= before
			  ? "bootorder: the memory is free again\r\n"
			  : "bootorder: some memory is gone\r\n");
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	bootorder_try(image, system, bootorder_first, sizeof(bootorder_first));
	bootorder_try(image, system, bootorder_second,
		      sizeof(bootorder_second));
	return chain_start_with(image, system, bootorder_third,
				sizeof(bootorder_third));
}
