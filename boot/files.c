/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of the volume that the loader was started from, and the load options.
 * Touches the loaded image's device through its file system protocol.
 */
#include "boot/files.h"

#include "boot/firmware.h"
#include "boot/memory.h"
#include "boot/say.h"
#include "hv/lib/string.h"

/* Some firmware fails on very large reads. */
#define FILES_READ_SIZE (4ull << 20)

#define FILES_INFO_SIZE (sizeof(EFI_FILE_INFO) + 2 * 256)

static EFI_GUID files_loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
static EFI_GUID files_file_system = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
static EFI_GUID files_info = EFI_FILE_INFO_ID;

static EFI_FILE_PROTOCOL *files_root;

static EFI_LOADED_IMAGE *files_image(void)
{
	EFI_LOADED_IMAGE *image;

	if (EFI_ERROR(firmware.boot->HandleProtocol(
		    firmware.image, &files_loaded_image, (VOID **)&image)))
		return NULL;
	return image;
}

bool files_open_volume(void)
{
	EFI_LOADED_IMAGE *image = files_image();
	EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *volume;

	if (!image || !image->DeviceHandle ||
	    EFI_ERROR(firmware.boot->HandleProtocol(image->DeviceHandle,
						    &files_file_system,
						    (VOID **)&volume)) ||
	    EFI_ERROR(volume->OpenVolume(volume, &files_root)))
		return refuse("the firmware gives no access to the volume that "
			      "Apical was started from.");
	return true;
}

void files_close_volume(void)
{
	if (files_root)
		files_root->Close(files_root);
	files_root = NULL;
}

static EFI_FILE_PROTOCOL *files_open_as(const char *path, UINT64 mode)
{
	CHAR16 wide[CONFIG_PATH_SIZE + 1];
	EFI_FILE_PROTOCOL *file;
	size_t i = 0;

	for (; i < CONFIG_PATH_SIZE && path[i]; i++)
		wide[i] = path[i] == '/' ? '\\' : (CHAR16)path[i];
	wide[i] = 0;
	if (EFI_ERROR(files_root->Open(files_root, &file, wide, mode, 0)))
		return NULL;
	return file;
}

static EFI_FILE_PROTOCOL *files_open(const char *path)
{
	return files_open_as(path, EFI_FILE_MODE_READ);
}

bool files_exists(const char *path)
{
	EFI_FILE_PROTOCOL *file = files_open(path);

	if (file)
		file->Close(file);
	return file;
}

/* False if it is no ordinary file. */
static bool files_size(EFI_FILE_PROTOCOL *file, uint64_t *size_bytes)
{
	uint64_t buffer[FILES_INFO_SIZE / 8 + 1];
	EFI_FILE_INFO *info = (EFI_FILE_INFO *)buffer;
	UINTN size = sizeof(buffer);

	if (EFI_ERROR(file->GetInfo(file, &files_info, &size, info)) ||
	    info->Attribute & EFI_FILE_DIRECTORY)
		return false;
	*size_bytes = info->FileSize;
	return true;
}

static bool files_read_all(EFI_FILE_PROTOCOL *file, uint8_t *to,
			   uint64_t size_bytes)
{
	while (size_bytes) {
		UINTN size = size_bytes < FILES_READ_SIZE ? size_bytes
							  : FILES_READ_SIZE;

		if (EFI_ERROR(file->Read(file, &size, to)) || !size)
			return false;
		to += size;
		size_bytes -= size;
	}
	return true;
}

static bool files_load(EFI_FILE_PROTOCOL *file, const char *path,
		       const char *purpose, struct boot_file *loaded)
{
	uint64_t size;

	if (!files_size(file, &size))
		return refuse("%s, %s, is not an ordinary file.", path,
			      purpose);
	if (!size)
		return refuse("%s, %s, is empty.", path, purpose);
	if (!memory_pages(MEMORY_ANYWHERE, size, &loaded->start))
		return refuse("there is no memory for %s, %s, of %llu KiB.",
			      path, purpose, (unsigned long long)size >> 10);
	if (!files_read_all(file, (uint8_t *)loaded->start.value, size))
		return refuse("%s, %s, cannot be read.", path, purpose);
	loaded->size_bytes = size;
	return true;
}

bool files_read(const char *path, const char *purpose, struct boot_file *loaded)
{
	EFI_FILE_PROTOCOL *file = files_open(path);
	bool good;

	if (!file)
		return refuse("%s, %s, is missing on the volume that Apical "
			      "was started from.",
			      path, purpose);
	good = files_load(file, path, purpose, loaded);
	file->Close(file);
	return good;
}

bool files_write(const char *path, const void *bytes, size_t size)
{
	const UINT64 write = EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE;
	EFI_FILE_PROTOCOL *file = files_open_as(path, write);
	UINTN written = size;
	bool good;

	/* A longer one would keep its end. */
	if (file)
		file->Delete(file);
	file = files_open_as(path, write | EFI_FILE_MODE_CREATE);
	if (!file)
		return false;
	good = !EFI_ERROR(file->Write(file, &written, (VOID *)bytes)) &&
	       written == size;
	return !EFI_ERROR(file->Close(file)) && good;
}

size_t files_load_options(char *text, size_t size)
{
	EFI_LOADED_IMAGE *image = files_image();
	const CHAR16 *options = image ? image->LoadOptions : NULL;
	size_t count = options ? image->LoadOptionsSize / sizeof(CHAR16) : 0;
	size_t length = 0;

	while (length < count && length < size - 1 && options[length]) {
		/* A boot option may carry data of its maker's instead. */
		if (options[length] < ' ' || options[length] > '~') {
			length = 0;
			break;
		}
		text[length] = (char)options[length];
		length++;
	}
	text[length] = '\0';
	return length;
}
