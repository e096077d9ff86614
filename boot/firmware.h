/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware as the loader's files see it.  Source: UEFI specification; PI
 * specification volume 2, "MP Services Protocol".
 */
#ifndef BOOT_FIRMWARE_H
#define BOOT_FIRMWARE_H

#define GNU_EFI_USE_MS_ABI 1 /* firmware functions are called directly */
#include <efi.h>

_Static_assert(sizeof(CHAR16) == 2, "compile with -fshort-wchar");

struct firmware {
	EFI_HANDLE image;
	EFI_SYSTEM_TABLE *system;
	EFI_BOOT_SERVICES *boot; /* NULL after ExitBootServices */
};

/* Written by efi_main() and by memory_exit_firmware(), on the boot CPU. */
extern struct firmware firmware;

/* Every EFI program's entry, called by gnu-efi's start-up code. */
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

#define FIRMWARE_PAGE_SIZE 4096ull

#define MP_SERVICES_GUID                                               \
	{                                                              \
		0x3fdda605, 0xa76e, 0x4f46,                            \
		{                                                      \
			0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 \
		}                                                      \
	}

#define MP_STATUS_BSP	  (1u << 0)
#define MP_STATUS_ENABLED (1u << 1)
#define MP_STATUS_HEALTHY (1u << 2)

struct mp_processor {
	UINT64 processor_id; /* the APIC ID */
	UINT32 status;
	UINT32 location[3];
	UINT32 extended[6]; /* newer firmware only */
};

typedef VOID(EFIAPI *mp_procedure)(VOID *argument);

struct mp_services {
	EFI_STATUS(EFIAPI *get_number)
	(struct mp_services *self, UINTN *count, UINTN *enabled);
	EFI_STATUS(EFIAPI *get_info)
	(struct mp_services *self, UINTN number, struct mp_processor *info);
	EFI_STATUS(EFIAPI *startup_all)
	(struct mp_services *self, mp_procedure procedure, BOOLEAN one_by_one,
	 EFI_EVENT event, UINTN timeout_us, VOID *argument, UINTN **failed);
	VOID *startup_one, *switch_bsp, *enable, *who_am_i;
};

#endif
