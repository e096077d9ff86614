/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A multiboot 1 image: its segments by the addresses in the multiboot header
 * or by ELF program headers, its modules behind it, the information structure
 * where QEMU puts it, and a 32-bit start without paging.  Nothing in the file
 * is trusted.  Pure.  Source: Multiboot Specification 0.6.96, "Specification".
 */
#include "guest/load/multiboot.h"

#include "guest/load/bytes.h"
#include "guest/load/elf.h"
#include "hv/lib/string.h"

#define MULTIBOOT_SEARCH_BYTES 8192 /* the header lies within these */
#define MULTIBOOT_HEADER_BYTES 12   /* magic, flags, checksum */
#define MULTIBOOT_AOUT_BYTES   32   /* ... and the five addresses */
#define MULTIBOOT_MAGIC	       0x1badb002u
#define MULTIBOOT_BOOT_MAGIC   0x2badb002u
#define MULTIBOOT_AOUT	       (1u << 16) /* the addresses are valid */
#define MULTIBOOT_NEEDS	       0xffffu	  /* flags that must be understood */
#define MULTIBOOT_NEEDS_KNOWN  0x3u	  /* page-aligned modules, memory */

/* Where QEMU puts it; an image that lies there has it under the EBDA. */
#define MULTIBOOT_INFO_AT      0x9000
#define MULTIBOOT_INFO_ELSE_AT 0x90000
#define MULTIBOOT_LOADER       "Apical"

/* Flags of the information structure. */
#define MULTIBOOT_INFO_MEMORY  (1u << 0)
#define MULTIBOOT_INFO_CMDLINE (1u << 2)
#define MULTIBOOT_INFO_MODULES (1u << 3)
#define MULTIBOOT_INFO_MMAP    (1u << 6)
#define MULTIBOOT_INFO_LOADER  (1u << 9)

/* The flat 32-bit GDT; the specification leaves the selectors open. */
#define MULTIBOOT_CS	      0x08
#define MULTIBOOT_DS	      0x10
#define MULTIBOOT_GDT_ENTRIES 3
#define MULTIBOOT_GDT_CODE    0x00cf9b000000ffffull
#define MULTIBOOT_GDT_DATA    0x00cf93000000ffffull

struct multiboot_info {
	uint32_t flags;
	uint32_t mem_lower_kib, mem_upper_kib;
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count, mods;
	uint32_t symbols[4];
	uint32_t mmap_bytes, mmap;
	uint32_t drives_bytes, drives;
	uint32_t config_table;
	uint32_t boot_loader_name;
	uint32_t apm_table;
};
_Static_assert(sizeof(struct multiboot_info) == 72, "multiboot information");

struct multiboot_module {
	uint32_t start, end, string, reserved;
};

struct multiboot_mmap {
	uint32_t size_bytes; /* of what follows */
	uint64_t start, length;
	uint32_t type;
} __attribute__((packed));
_Static_assert(sizeof(struct multiboot_mmap) == 24, "multiboot memory map");

struct multiboot_header {
	uint64_t file_offset;
	uint32_t flags;
};

/* All that the guest is told, in one copy. */
struct multiboot_block {
	struct multiboot_info info;
	uint64_t gdt[MULTIBOOT_GDT_ENTRIES];
	struct multiboot_module module[LOAD_MODULES_MAX];
	struct multiboot_mmap mmap[BUILDER_REGIONS_MAX];
	char strings[];
};

static bool multiboot_find(const struct load_file *file,
			   struct multiboot_header *header)
{
	const uint8_t *bytes = file->data;
	uint64_t end = file->size_bytes < MULTIBOOT_SEARCH_BYTES
			       ? file->size_bytes
			       : MULTIBOOT_SEARCH_BYTES;

	for (uint64_t at = 0; at + MULTIBOOT_HEADER_BYTES <= end; at += 4) {
		uint32_t flags = bytes_get32(bytes + at + 4);

		if (bytes_get32(bytes + at) == MULTIBOOT_MAGIC &&
		    MULTIBOOT_MAGIC + flags + bytes_get32(bytes + at + 8) ==
			    0) {
			header->file_offset = at;
			header->flags = flags;
			return true;
		}
	}
	return false;
}

bool multiboot_is_image(const struct load_file *file)
{
	struct multiboot_header header;

	return multiboot_find(file, &header);
}

/* The image by the addresses in its multiboot header. */
static bool multiboot_plan_aout(struct builder *b,
				const struct multiboot_header *header,
				struct elf_extent *extent)
{
	const struct load_file *file = &b->request->kernel;
	const uint8_t *bytes =
		(const uint8_t *)file->data + header->file_offset;
	uint64_t header_at, start, end, bss_end, offset, size;

	if (file->size_bytes - header->file_offset < MULTIBOOT_AOUT_BYTES)
		return builder_fail(b, "%s ends within its multiboot header",
				    file->name);
	header_at = bytes_get32(bytes + 12);
	start = bytes_get32(bytes + 16);
	end = bytes_get32(bytes + 20);
	bss_end = bytes_get32(bytes + 24);
	if (header_at < start || header_at - start > header->file_offset)
		return builder_fail(b,
				    "%s has a multiboot header with "
				    "contradicting addresses",
				    file->name);
	offset = header->file_offset - (header_at - start);
	size = file->size_bytes - offset;
	if (end) {
		if (end < start || end - start > size)
			return builder_fail(b,
					    "%s has a segment beyond its end",
					    file->name);
		size = end - start;
	}
	*extent = (struct elf_extent){
		.start = start,
		.end = start + size > bss_end ? start + size : bss_end,
		.entry = bytes_get32(bytes + 28),
	};
	if (extent->entry < extent->start || extent->entry >= extent->end)
		return builder_fail(b, "%s starts outside its segments",
				    file->name);
	return builder_copy(b, "the image", start,
			    (const uint8_t *)file->data + offset, size,
			    extent->end - extent->start);
}

static bool multiboot_plan_image(struct builder *b, struct elf_extent *extent)
{
	const struct load_file *file = &b->request->kernel;
	struct multiboot_header header;

	if (!multiboot_find(file, &header))
		return builder_fail(b, "%s has no multiboot header",
				    file->name);
	if (header.flags & MULTIBOOT_NEEDS & ~MULTIBOOT_NEEDS_KNOWN)
		return builder_fail(b,
				    "%s asks for multiboot features that do "
				    "not exist here (flags 0x%x)",
				    file->name, header.flags);
	if (header.flags & MULTIBOOT_AOUT)
		return multiboot_plan_aout(b, &header, extent);
	return elf_plan(b, extent);
}

/* The block while it is filled, and where it will lie in the guest. */
struct multiboot_draft {
	struct multiboot_block *block;
	size_t used; /* bytes of block->strings */
	uint32_t at;
};

/* Appends text to the block's strings, and returns its guest address. */
static uint32_t multiboot_put(struct multiboot_draft *draft, const char *text)
{
	size_t size = strlen(text);
	uint32_t address =
		(uint32_t)(draft->at + sizeof(*draft->block) + draft->used);

	memcpy(draft->block->strings + draft->used, text, size);
	draft->used += size;
	return address;
}

/* The same, as a string of its own; the block's bytes are 0 to begin with. */
static uint32_t multiboot_put_string(struct multiboot_draft *draft,
				     const char *text)
{
	uint32_t address = multiboot_put(draft, text);

	draft->used++;
	return address;
}

static size_t multiboot_strings_bytes(const struct load_request *request)
{
	size_t size = strlen(request->kernel.name) + 1 +
		      strlen(request->cmdline) + 1 + sizeof(MULTIBOOT_LOADER);

	for (uint32_t i = 0; i < request->module_count; i++)
		size += strlen(request->module[i].name) + 1;
	return size;
}

/* Puts the modules behind the image, each on a page of its own. */
static bool multiboot_add_modules(struct builder *b,
				  struct multiboot_draft *draft, uint64_t at)
{
	const struct load_request *request = b->request;
	struct multiboot_block *block = draft->block;

	for (uint32_t i = 0; i < request->module_count; i++) {
		const struct load_file *file = &request->module[i];

		at = (at + PAGE_MASK) & ~PAGE_MASK;
		if (!builder_copy(b, file->name, at, file->data,
				  file->size_bytes, file->size_bytes))
			return false;
		block->module[i] = (struct multiboot_module){
			.start = (uint32_t)at,
			.end = (uint32_t)(at + file->size_bytes),
			.string = multiboot_put_string(draft, file->name),
		};
		at += file->size_bytes;
	}
	block->info.mods_count = request->module_count;
	block->info.mods = (uint32_t)(draft->at +
				      offsetof(struct multiboot_block, module));
	return true;
}

static void multiboot_fill_memory(const struct builder *b,
				  const struct multiboot_draft *draft)
{
	struct multiboot_block *block = draft->block;
	struct builder_region map[BUILDER_REGIONS_MAX];
	uint32_t count = builder_map(b, map);

	for (uint32_t i = 0; i < count; i++)
		block->mmap[i] = (struct multiboot_mmap){
			.size_bytes = sizeof(block->mmap[i]) -
				      sizeof(block->mmap[i].size_bytes),
			.start = map[i].start,
			.length = map[i].size_bytes,
			.type = map[i].type,
		};
	block->info.mmap =
		(uint32_t)(draft->at + offsetof(struct multiboot_block, mmap));
	block->info.mmap_bytes = count * sizeof(block->mmap[0]);
	block->info.mem_lower_kib = LOAD_RESERVED >> 10;
	block->info.mem_upper_kib =
		(uint32_t)((builder_low_end(b) - LOAD_RESERVED_END) >> 10);
}

static size_t multiboot_block_bytes(const struct load_request *request)
{
	return sizeof(struct multiboot_block) +
	       multiboot_strings_bytes(request);
}

/* The information structure at `at`, the GDT, and the modules from modules_at
 * on. */
static bool multiboot_add_block(struct builder *b, uint32_t at,
				uint64_t modules_at)
{
	const struct load_request *request = b->request;
	size_t size = multiboot_block_bytes(request);
	struct multiboot_block *block = builder_take(b, size);
	struct multiboot_draft draft = {.block = block, .at = at};

	if (!block)
		return false;
	block->gdt[MULTIBOOT_CS / 8] = MULTIBOOT_GDT_CODE;
	block->gdt[MULTIBOOT_DS / 8] = MULTIBOOT_GDT_DATA;
	block->info.flags = MULTIBOOT_INFO_MEMORY | MULTIBOOT_INFO_CMDLINE |
			    MULTIBOOT_INFO_MODULES | MULTIBOOT_INFO_MMAP |
			    MULTIBOOT_INFO_LOADER;
	multiboot_fill_memory(b, &draft);
	block->info.boot_loader_name =
		multiboot_put_string(&draft, MULTIBOOT_LOADER);
	block->info.cmdline = multiboot_put(&draft, request->kernel.name);
	if (request->cmdline[0]) {
		multiboot_put(&draft, " ");
		multiboot_put(&draft, request->cmdline);
	}
	draft.used++;
	return multiboot_add_modules(b, &draft, modules_at) &&
	       builder_copy(b, "the multiboot information", at, block, size,
			    size);
}

/* A place for the information that the image leaves free; 0: none. */
static uint32_t multiboot_place(const struct load_request *request,
				const struct elf_extent *extent)
{
	static const uint32_t places[] = {MULTIBOOT_INFO_AT,
					  MULTIBOOT_INFO_ELSE_AT};
	size_t size = multiboot_block_bytes(request);

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (extent->start >= places[i] + size ||
		    extent->end <= places[i])
			return places[i];
	return 0;
}

bool multiboot_plan(struct builder *b)
{
	struct elf_extent extent;
	uint64_t modules_at;
	uint32_t at;

	if (!multiboot_plan_image(b, &extent))
		return false;
	at = multiboot_place(b->request, &extent);
	if (!at)
		return builder_fail(b,
				    "%s lies where the multiboot information "
				    "goes (0x%x and 0x%x)",
				    b->request->kernel.name, MULTIBOOT_INFO_AT,
				    MULTIBOOT_INFO_ELSE_AT);
	modules_at =
		extent.end > LOAD_RESERVED_END ? extent.end : LOAD_RESERVED_END;
	if (!multiboot_add_block(b, at, modules_at))
		return false;
	b->plan->entry = (struct load_entry){
		.kind = LOAD_ENTRY_PROTECTED32,
		.rip = extent.entry,
		.rax = MULTIBOOT_BOOT_MAGIC,
		.rbx = at,
		.gdt_base = at + offsetof(struct multiboot_block, gdt),
		.gdt_limit = MULTIBOOT_GDT_ENTRIES * 8 - 1,
		.cs = MULTIBOOT_CS,
		.ds = MULTIBOOT_DS,
	};
	return true;
}
