/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The screen that the firmware drives.  Touches the firmware's graphics output
 * devices, and changes nothing of them.  Source: UEFI specification, "Graphics
 * Output Protocol".
 */
#include "boot/screen.h"

#include "boot/firmware.h"

#define SCREEN_PIXELS_MAX 16384u /* in a row, and rows */
#define SCREEN_BYTES_MAX  (192ull << 20)
#define SCREEN_TOP_BYTE	  0xff000000u

static EFI_GUID screen_graphics_output = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;

/* Where the colours of a pixel are; false: not in 32 bits. */
static bool screen_masks(const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *mode,
			 struct boot_framebuffer *found)
{
	const EFI_PIXEL_BITMASK *masks = &mode->PixelInformation;

	switch (mode->PixelFormat) {
	case PixelRedGreenBlueReserved8BitPerColor:
		found->red_mask = 0x0000ff;
		found->green_mask = 0x00ff00;
		found->blue_mask = 0xff0000;
		return true;
	case PixelBlueGreenRedReserved8BitPerColor:
		found->red_mask = 0xff0000;
		found->green_mask = 0x00ff00;
		found->blue_mask = 0x0000ff;
		return true;
	case PixelBitMask:
		/* All masks together are as wide as the pixel. */
		if (!((masks->RedMask | masks->GreenMask | masks->BlueMask |
		       masks->ReservedMask) &
		      SCREEN_TOP_BYTE))
			return false;
		found->red_mask = masks->RedMask;
		found->green_mask = masks->GreenMask;
		found->blue_mask = masks->BlueMask;
		return found->red_mask && found->green_mask && found->blue_mask;
	default:
		return false;
	}
}

static bool screen_usable(const EFI_GRAPHICS_OUTPUT_PROTOCOL *gop,
			  struct boot_framebuffer *found)
{
	const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *mode;
	uint64_t bytes;

	if (!gop->Mode || !gop->Mode->Info || !gop->Mode->FrameBufferBase)
		return false;
	mode = gop->Mode->Info;
	*found = (struct boot_framebuffer){
		.address = hpa(gop->Mode->FrameBufferBase),
		.width = mode->HorizontalResolution,
		.height = mode->VerticalResolution,
		.stride_pixels = mode->PixelsPerScanLine,
	};
	if (!found->width || !found->height ||
	    found->stride_pixels < found->width ||
	    found->stride_pixels > SCREEN_PIXELS_MAX ||
	    found->height > SCREEN_PIXELS_MAX)
		return false;
	bytes = (uint64_t)found->stride_pixels * found->height * 4;
	return bytes <= SCREEN_BYTES_MAX && screen_masks(mode, found);
}

void screen_find(struct boot_framebuffer *framebuffer)
{
	EFI_HANDLE *devices = NULL;
	UINTN count = 0;

	if (EFI_ERROR(firmware.boot->LocateHandleBuffer(
		    ByProtocol, &screen_graphics_output, NULL, &count,
		    &devices)))
		return;
	for (UINTN i = 0; i < count; i++) {
		struct boot_framebuffer found;
		EFI_GRAPHICS_OUTPUT_PROTOCOL *gop;

		if (EFI_ERROR(firmware.boot->HandleProtocol(
			    devices[i], &screen_graphics_output,
			    (VOID **)&gop)) ||
		    !screen_usable(gop, &found))
			continue;
		*framebuffer = found;
		break;
	}
	firmware.boot->FreePool(devices);
}
