/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines on the UEFI console and on serial.  Where the firmware's console is
 * also on our serial line, the line goes there once, without the terminal
 * sequences and line breaks of the firmware's driver: each output device of
 * the firmware is written to, but for the one that is our UART.
 */
#include "boot/say.h"

#include <stdarg.h>

#include "boot/firmware.h"
#include "boot/serial.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define SAY_SIZE       420

#define SAY_PNP_SERIAL 0x050141d0u /* "PNP0501" as an EISA ID */

/* On the handle of each device that the firmware's console goes to (EDK II). */
static EFI_GUID say_console_device = {
	0xd3b36f2c,
	0xd551,
	0x11d4,
	{0x9a, 0x46, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};
static EFI_GUID say_text_output = EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL_GUID;
static EFI_GUID say_device_path = EFI_DEVICE_PATH_PROTOCOL_GUID;

static struct boot_console say_console;
static const char *say_refusal = "refused: ";

bool say_open(const struct boot_console *console)
{
	say_console = *console;
	return serial_open(console);
}

/* A path has no bus numbers; that the last device fits is enough. */
static bool say_is_our_pci(const PCI_DEVICE_PATH *pci)
{
	return pci && say_console.pci_function &&
	       (say_console.pci_function & 0xff) ==
		       (uint32_t)(pci->Device << 3 | pci->Function);
}

/* True for the device path of the serial port that lines go to anyway. */
static bool say_is_our_uart(EFI_DEVICE_PATH_PROTOCOL *path)
{
	static const uint16_t ports[] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
	const PCI_DEVICE_PATH *pci = NULL;

	for (; !IsDevicePathEnd(path); path = NextDevicePathNode(path)) {
		ACPI_HID_DEVICE_PATH *acpi = (ACPI_HID_DEVICE_PATH *)path;

		if ((size_t)DevicePathNodeLength(path) < sizeof(*path))
			return false;
		if (DevicePathType(path) == ACPI_DEVICE_PATH &&
		    DevicePathSubType(path) == ACPI_DP &&
		    acpi->HID == SAY_PNP_SERIAL && acpi->UID < 4)
			return say_console.kind == BOOT_CONSOLE_IO &&
			       say_console.address == ports[acpi->UID];
		if (DevicePathType(path) == HARDWARE_DEVICE_PATH &&
		    DevicePathSubType(path) == HW_PCI_DP)
			pci = (PCI_DEVICE_PATH *)path;
		if (DevicePathType(path) == MESSAGING_DEVICE_PATH &&
		    DevicePathSubType(path) == MSG_UART_DP)
			return say_is_our_pci(pci);
	}
	return false;
}

static void say_on_device(EFI_HANDLE device, CHAR16 *text)
{
	SIMPLE_TEXT_OUTPUT_INTERFACE *output;
	EFI_DEVICE_PATH_PROTOCOL *path;
	EFI_BOOT_SERVICES *boot = firmware.boot;

	if (EFI_ERROR(boot->HandleProtocol(device, &say_text_output,
					   (VOID **)&output)))
		return;
	if (!EFI_ERROR(boot->HandleProtocol(device, &say_device_path,
					    (VOID **)&path)) &&
	    say_is_our_uart(path))
		return;
	output->OutputString(output, text);
}

static void say_on_firmware(CHAR16 *text)
{
	EFI_HANDLE *devices = NULL;
	UINTN count = 0;

	if (!EFI_ERROR(firmware.boot->LocateHandleBuffer(
		    ByProtocol, &say_console_device, NULL, &count, &devices))) {
		for (UINTN i = 0; i < count; i++)
			say_on_device(devices[i], text);
		firmware.boot->FreePool(devices);
	} else if (firmware.system->ConOut) {
		firmware.system->ConOut->OutputString(firmware.system->ConOut,
						      text);
	}
}

static void say_line(const char *prefix, const char *fmt, va_list args)
{
	char text[SAY_SIZE];
	CHAR16 wide[SAY_SIZE];
	size_t size = sizeof(text) - 2;
	size_t length = format(text, size, "[apical] %s", prefix);

	length += format_va(text + length, size - length, fmt, args);
	if (length > size - 1)
		length = size - 1;
	memcpy(text + length, "\r\n", 3);
	length += 2;

	serial_write(text, length);
	if (!firmware.boot)
		return;
	for (size_t i = 0; i <= length; i++)
		wide[i] = (CHAR16)text[i];
	say_on_firmware(wide);
}

void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say_line("loader: ", fmt, args);
	va_end(args);
}

void say_going_on(bool on)
{
	say_refusal = on ? "loader: no VM can run: " : "refused: ";
}

bool refuse(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say_line(say_refusal, fmt, args);
	va_end(args);
	return false;
}
