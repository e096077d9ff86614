/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the EFI test programs share: they stand in for the firmware's boot
 * manager, prepare the machine, and start \EFI\apical\BOOTX64.EFI from the
 * volume that they came from, with the load options that they were given.  In
 * a header, because each program is one source file.
 */
#ifndef TOOLS_TEST_EFI_CHAIN_H
#define TOOLS_TEST_EFI_CHAIN_H

#include <stdbool.h>

#include "boot/firmware.h"
#include "hv/hw/port.h"
#include "hv/lib/string.h"

#define CHAIN_FILE "\\EFI\\apical\\BOOTX64.EFI"

/* A line on COM1; the scenarios read it there. */
static inline void chain_say(const char *text)
{
	for (; *text; text++) {
		for (int i = 0; i < 100000; i++)
			if (port_in8(0x3fd) & 0x20)
				break;
		port_out8(0x3f8, (uint8_t)*text);
	}
}

/* A device path of CHAIN_FILE on a device; NULL if there is no memory. */
static inline EFI_DEVICE_PATH *chain_path(EFI_BOOT_SERVICES *boot,
					  EFI_DEVICE_PATH *device)
{
	const char file[] = CHAIN_FILE;
	EFI_DEVICE_PATH *end = device;
	FILEPATH_DEVICE_PATH *node;
	uint8_t *path;
	UINTN size, node_size = sizeof(EFI_DEVICE_PATH) + 2 * sizeof(file);

	while (!IsDevicePathEnd(end))
		end = NextDevicePathNode(end);
	size = (UINTN)((uint8_t *)end - (uint8_t *)device);
	if (EFI_ERROR(boot->AllocatePool(EfiLoaderData,
					 size + node_size + sizeof(*end),
					 (VOID **)&path)))
		return NULL;
	memcpy(path, device, size);
	node = (FILEPATH_DEVICE_PATH *)(path + size);
	node->Header.Type = MEDIA_DEVICE_PATH;
	node->Header.SubType = MEDIA_FILEPATH_DP;
	node->Header.Length[0] = (UINT8)node_size;
	node->Header.Length[1] = (UINT8)(node_size >> 8);
	for (size_t i = 0; i < sizeof(file); i++)
		node->PathName[i] = (CHAR16)file[i];
	memcpy(path + size + node_size, end, sizeof(*end));
	return (EFI_DEVICE_PATH *)path;
}

/* With these load options, or NULL for our own.  Returns only if the loader
 * refused, or could not be started. */
static inline EFI_STATUS chain_start_with(EFI_HANDLE image,
					  EFI_SYSTEM_TABLE *system,
					  CHAR16 *options, UINT32 size)
{
	EFI_GUID loaded_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
	EFI_GUID path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;
	EFI_BOOT_SERVICES *boot = system->BootServices;
	EFI_LOADED_IMAGE *self, *other;
	EFI_DEVICE_PATH *device, *path;
	EFI_HANDLE loader;
	EFI_STATUS status;

	if (EFI_ERROR(boot->HandleProtocol(image, &loaded_guid,
					   (VOID **)&self)) ||
	    EFI_ERROR(boot->HandleProtocol(self->DeviceHandle, &path_guid,
					   (VOID **)&device)))
		return EFI_NOT_FOUND;
	path = chain_path(boot, device);
	if (!path)
		return EFI_OUT_OF_RESOURCES;
	status = boot->LoadImage(FALSE, image, path, NULL, 0, &loader);
	boot->FreePool(path);
	if (EFI_ERROR(status)) {
		chain_say("chain: " CHAIN_FILE " cannot be loaded\r\n");
		return status;
	}
	if (!EFI_ERROR(boot->HandleProtocol(loader, &loaded_guid,
					    (VOID **)&other))) {
		other->LoadOptions = options ? options : self->LoadOptions;
		other->LoadOptionsSize = options ? size : self->LoadOptionsSize;
	}
	return boot->StartImage(loader, NULL, NULL);
}

static inline EFI_STATUS chain_start(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	return chain_start_with(image, system, NULL, 0);
}

/* procedure on every processor, on this one last. */
static inline void chain_on_all(EFI_SYSTEM_TABLE *system,
				mp_procedure procedure)
{
	EFI_GUID guid = MP_SERVICES_GUID;
	struct mp_services *mp;

	if (!EFI_ERROR(system->BootServices->LocateProtocol(&guid, NULL,
							    (VOID **)&mp)))
		mp->startup_all(mp, procedure, TRUE, NULL, 0, NULL, NULL);
	procedure(NULL);
}

#endif
