/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory from the firmware and its memory map.  Touches the firmware's memory
 * services only; boot CPU.
 */
#include "boot/memory.h"

#include "boot/firmware.h"
#include "boot/say.h"

#define MEMORY_TAKEN_MAX   400
#define MEMORY_EXIT_TRIES  8
#define MEMORY_MAP_RESERVE 4096 /* bytes for what changes between two reads */

#define MEMORY_4G	   (4ull << 30)
#define MEMORY_1M	   (1ull << 20)
#define MEMORY_BIOS	   0xe0000ull /* may hold the RSDP on older firmware */

struct memory_map {
	uint8_t *bytes;
	UINTN size, buffer_size, key, entry_size;
};

static struct boot_region memory_taken[MEMORY_TAKEN_MAX];
static uint32_t memory_taken_count;

static EFI_MEMORY_DESCRIPTOR *memory_entry(const struct memory_map *map,
					   UINTN offset)
{
	return (EFI_MEMORY_DESCRIPTOR *)(map->bytes + offset);
}

static uint64_t memory_entry_end(const EFI_MEMORY_DESCRIPTOR *entry)
{
	return entry->PhysicalStart + entry->NumberOfPages * FIRMWARE_PAGE_SIZE;
}

static EFI_STATUS memory_map_read(struct memory_map *map)
{
	UINT32 version;

	map->size = map->buffer_size;
	return firmware.boot->GetMemoryMap(
		&map->size, (EFI_MEMORY_DESCRIPTOR *)map->bytes, &map->key,
		&map->entry_size, &version);
}

/* The map, to be given back by memory_map_free(); no entries if it fails. */
static struct memory_map memory_map_get(void)
{
	struct memory_map map = {0};

	while (memory_map_read(&map) == EFI_BUFFER_TOO_SMALL) {
		UINTN size = map.size + MEMORY_MAP_RESERVE;

		if (map.bytes)
			firmware.boot->FreePool(map.bytes);
		map = (struct memory_map){.buffer_size = size};
		if (EFI_ERROR(firmware.boot->AllocatePool(EfiLoaderData, size,
							  (VOID **)&map.bytes)))
			return (struct memory_map){0};
	}
	return map;
}

static void memory_map_free(struct memory_map *map)
{
	if (map->bytes)
		firmware.boot->FreePool(map->bytes);
}

static uint64_t memory_round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) & ~(unit - 1);
}

static bool memory_allocate(EFI_ALLOCATE_TYPE type, uint64_t address,
			    uint64_t size_bytes, hpa_t *start)
{
	EFI_PHYSICAL_ADDRESS at = address;
	UINTN pages = memory_round_up(size_bytes, FIRMWARE_PAGE_SIZE) /
		      FIRMWARE_PAGE_SIZE;

	if (memory_taken_count == MEMORY_TAKEN_MAX ||
	    EFI_ERROR(firmware.boot->AllocatePages(type, EfiLoaderData, pages,
						   &at)))
		return false;
	*start = hpa(at);
	memory_taken[memory_taken_count++] =
		(struct boot_region){hpa(at), pages * FIRMWARE_PAGE_SIZE};
	return true;
}

bool memory_pages(uint64_t below, uint64_t size_bytes, hpa_t *start)
{
	return memory_allocate(AllocateMaxAddress, below, size_bytes, start);
}

bool memory_at(uint64_t start, uint64_t size_bytes, struct boot_region *region)
{
	*region = (struct boot_region){.size_bytes = size_bytes};
	if (memory_allocate(AllocateAddress, start, size_bytes, &region->start))
		return true;
	region->size_bytes = 0;
	return false;
}

void memory_free_all(void)
{
	while (memory_taken_count) {
		struct boot_region *region =
			&memory_taken[--memory_taken_count];

		firmware.boot->FreePages(region->start.value,
					 region->size_bytes /
						 FIRMWARE_PAGE_SIZE);
	}
}

/* The part of a free entry that is 2 MiB aligned and below limit. */
static struct boot_region memory_extent(const EFI_MEMORY_DESCRIPTOR *entry,
					uint64_t limit)
{
	uint64_t end = memory_entry_end(entry);
	uint64_t start = entry->PhysicalStart;

	if (entry->Type != EfiConventionalMemory)
		return (struct boot_region){0};
	start = memory_round_up(start < MEMORY_1M ? MEMORY_1M : start, SIZE_2M);
	end = (end < limit ? end : limit) & ~(SIZE_2M - 1);
	if (start >= end)
		return (struct boot_region){0};
	return (struct boot_region){hpa(start), end - start};
}

/* The largest extent, or with a size the smallest that holds it. */
static struct boot_region memory_find_extent(uint64_t size_bytes,
					     uint64_t limit)
{
	struct memory_map map = memory_map_get();
	struct boot_region best = {0};

	for (UINTN at = 0; at < map.size; at += map.entry_size) {
		struct boot_region extent =
			memory_extent(memory_entry(&map, at), limit);

		if (size_bytes ? extent.size_bytes >= size_bytes &&
					 (!best.size_bytes ||
					  extent.size_bytes < best.size_bytes)
			       : extent.size_bytes > best.size_bytes)
			best = extent;
	}
	memory_map_free(&map);
	return best;
}

/*
 * Below 4 GiB, because a processor that starts up loads the first CR3 and GDT
 * base in 32-bit mode.
 */
bool memory_pool(uint64_t size_bytes, struct boot_region *pool)
{
	struct boot_region extent = memory_find_extent(size_bytes, MEMORY_4G);

	pool->size_bytes = size_bytes;
	return extent.size_bytes &&
	       memory_allocate(AllocateAddress,
			       extent.start.value + extent.size_bytes -
				       size_bytes,
			       size_bytes, &pool->start);
}

bool memory_trampoline(struct boot_region *trampoline)
{
	trampoline->size_bytes = 2 * FIRMWARE_PAGE_SIZE;
	/* Page 0, should it come first, stays taken until the next try. */
	for (int i = 0; i < 2; i++) {
		if (!memory_pages(MEMORY_1M - 1, trampoline->size_bytes,
				  &trampoline->start))
			break;
		if (trampoline->start.value)
			return true;
	}
	return refuse("there are no two free pages below 1 MiB, which starting "
		      "the other processors needs.");
}

uint64_t memory_free_mib(void)
{
	struct memory_map map = memory_map_get();
	uint64_t pages = 0;

	for (UINTN at = 0; at < map.size; at += map.entry_size)
		if (memory_entry(&map, at)->Type == EfiConventionalMemory)
			pages += memory_entry(&map, at)->NumberOfPages;
	memory_map_free(&map);
	return pages * FIRMWARE_PAGE_SIZE >> 20;
}

/* Largest pieces first, so that they are few. */
bool memory_ram(const struct config_vm *config, struct boot_vm *vm)
{
	uint64_t left = (uint64_t)config->memory_mib << 20;
	uint64_t free_mib = memory_free_mib();

	while (left) {
		struct boot_region extent = memory_find_extent(0, UINT64_MAX);
		struct boot_region *chunk = &vm->ram[vm->ram_count];
		uint64_t size =
			extent.size_bytes < left ? extent.size_bytes : left;

		if (!size || vm->ram_count == BOOT_RAM_CHUNKS_MAX ||
		    !memory_allocate(AllocateAddress,
				     extent.start.value + extent.size_bytes -
					     size,
				     size, &chunk->start))
			return refuse("the VM %s is to have %u MiB of memory, "
				      "but only %llu MiB are free.",
				      config->name, config->memory_mib,
				      (unsigned long long)free_mib);
		chunk->size_bytes = size;
		vm->ram_count++;
		left -= size;
	}
	return true;
}

static bool memory_is_device(const EFI_MEMORY_DESCRIPTOR *entry)
{
	return entry->Type == EfiMemoryMappedIO ||
	       entry->Type == EfiMemoryMappedIOPortSpace ||
	       entry->Type == EfiUnusableMemory;
}

uint64_t memory_top(void)
{
	struct memory_map map = memory_map_get();
	uint64_t top = MEMORY_4G;

	for (UINTN at = 0; at < map.size; at += map.entry_size) {
		const EFI_MEMORY_DESCRIPTOR *entry = memory_entry(&map, at);

		if (!memory_is_device(entry) &&
		    entry->Type != EfiReservedMemoryType &&
		    memory_entry_end(entry) > top)
			top = memory_entry_end(entry);
	}
	memory_map_free(&map);
	return top;
}

uint32_t memory_windows(struct acpi_window *windows, uint32_t max)
{
	struct memory_map map = memory_map_get();
	uint32_t count = 0;

	windows[count++] =
		(struct acpi_window){(const uint8_t *)MEMORY_BIOS, MEMORY_BIOS,
				     MEMORY_1M - MEMORY_BIOS};
	for (UINTN at = 0; at < map.size; at += map.entry_size) {
		const EFI_MEMORY_DESCRIPTOR *entry = memory_entry(&map, at);
		struct acpi_window *last = &windows[count - 1];
		uint64_t size = entry->NumberOfPages * FIRMWARE_PAGE_SIZE;

		if (memory_is_device(entry))
			continue;
		if (last->start + last->size_bytes == entry->PhysicalStart)
			last->size_bytes += size;
		else if (count < max)
			windows[count++] = (struct acpi_window){
				(const uint8_t *)entry->PhysicalStart,
				entry->PhysicalStart, size};
	}
	memory_map_free(&map);
	return count;
}

static void memory_add_runtime(struct boot_info *info,
			       const EFI_MEMORY_DESCRIPTOR *entry)
{
	struct boot_region *last = info->runtime + info->runtime_count - 1;
	uint64_t size = entry->NumberOfPages * FIRMWARE_PAGE_SIZE;

	if (info->runtime_count &&
	    last->start.value + last->size_bytes == entry->PhysicalStart)
		last->size_bytes += size;
	else if (info->runtime_count < BOOT_REGIONS_MAX)
		info->runtime[info->runtime_count++] =
			(struct boot_region){hpa(entry->PhysicalStart), size};
}

bool memory_exit_firmware(struct boot_info *info)
{
	struct memory_map map = memory_map_get();
	EFI_STATUS status = EFI_OUT_OF_RESOURCES;

	/* Once it was tried, nothing but these two calls may be made. */
	for (int i = 0; i < MEMORY_EXIT_TRIES && map.bytes; i++) {
		status = memory_map_read(&map);
		if (EFI_ERROR(status))
			break;
		status = firmware.boot->ExitBootServices(firmware.image,
							 map.key);
		if (status != EFI_INVALID_PARAMETER)
			break;
	}
	if (EFI_ERROR(status))
		return refuse("the firmware does not end its boot services "
			      "(ExitBootServices, status 0x%llx).",
			      (unsigned long long)status);
	firmware.boot = NULL;
	for (UINTN at = 0; at < map.size; at += map.entry_size)
		if (memory_entry(&map, at)->Attribute & EFI_MEMORY_RUNTIME)
			memory_add_runtime(info, memory_entry(&map, at));
	return true;
}
