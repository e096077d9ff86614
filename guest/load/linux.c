/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Linux bzImage by the 64-bit boot protocol: the protected-mode part at its
 * preferred address, the initrd as high as it may lie, and boot_params, the
 * command line, a GDT and identity page tables in low memory.  Nothing in the
 * file is trusted.  Pure.  Source: Linux documentation, "The Linux/x86 Boot
 * Protocol", version 2.12 or newer, and "Zero Page".
 */
#include "guest/load/linux.h"

#include "guest/load/acpi_tables.h"
#include "guest/load/bytes.h"
#include "hv/lib/string.h"

/* Offsets in the file's first sectors and, equally, in boot_params. */
enum {
	PARAMS_ACPI_RSDP = 0x70,
	PARAMS_E820_ENTRIES = 0x1e8,
	HEADER_SETUP_SECTS = 0x1f1,
	HEADER_JUMP_LENGTH = 0x201,
	HEADER_MAGIC = 0x202,
	HEADER_VERSION = 0x206,
	HEADER_TYPE_OF_LOADER = 0x210,
	HEADER_LOADFLAGS = 0x211,
	HEADER_CODE32_START = 0x214,
	HEADER_RAMDISK_IMAGE = 0x218,
	HEADER_RAMDISK_SIZE = 0x21c,
	HEADER_CMD_LINE_PTR = 0x228,
	HEADER_INITRD_ADDR_MAX = 0x22c,
	HEADER_KERNEL_ALIGNMENT = 0x230,
	HEADER_RELOCATABLE = 0x234,
	HEADER_XLOADFLAGS = 0x236,
	HEADER_CMDLINE_SIZE = 0x238,
	HEADER_PREF_ADDRESS = 0x258,
	HEADER_INIT_SIZE = 0x260,
	HEADER_END_2_12 = 0x268, /* all that version 2.12 has */
	HEADER_END_MAX = 0x290,	 /* where boot_params continues */
	PARAMS_E820_TABLE = 0x2d0,
	PARAMS_E820_ENTRY_BYTES = 20,
};

#define LINUX_MAGIC		  0x53726448 /* "HdrS" */
#define LINUX_VERSION_MIN	  0x020c
#define LINUX_SECTOR		  512
#define LINUX_SETUP_SECTS_DEFAULT 4	   /* what 0 means */
#define LINUX_LOADED_HIGH	  (1 << 0) /* loadflags */
#define LINUX_KERNEL_64		  (1 << 0) /* xloadflags */
#define LINUX_ENTRY_64		  0x200	   /* from the load address */
#define LINUX_LOADER_UNDEFINED	  0xff
#define LINUX_ALIGNMENT_MAX	  (1u << 30)

/* Low memory, as this loader uses it. */
#define LINUX_PARAMS_AT	 0x10000
#define LINUX_GDT_AT	 0x11000
#define LINUX_TABLES_AT	 0x12000
#define LINUX_CMDLINE_AT 0x20000

/* The selectors that the protocol asks for, and what they select. */
#define LINUX_BOOT_CS	   0x10
#define LINUX_BOOT_DS	   0x18
#define LINUX_GDT_ENTRIES  4
#define LINUX_GDT_CODE64   0x00af9b000000ffffull
#define LINUX_GDT_DATA	   0x00cf93000000ffffull
#define LINUX_TABLE_PAGES  6	/* one PML4, one PDPT, four page directories */
#define LINUX_PT_TABLE	   0x3	/* present, writable */
#define LINUX_PT_2M	   0x83 /* the same, large page */
#define LINUX_PT_ENTRIES   512
#define LINUX_MAPPED_BYTES (4ull << 30)

/* The setup header's values, checked as far as they can be alone. */
struct linux_header {
	uint64_t setup_bytes; /* before the protected-mode part */
	uint64_t code_bytes;  /* the protected-mode part */
	uint32_t header_end;  /* of the setup header in the file */
	uint32_t alignment;
	uint32_t init_size;
	uint32_t initrd_addr_max;
	uint32_t cmdline_size;
	uint64_t pref_address;
	bool relocatable;
};

bool linux_is_image(const struct load_file *file)
{
	const uint8_t *bytes = file->data;

	return file->size_bytes >= HEADER_MAGIC + 4 &&
	       bytes_get32(bytes + HEADER_MAGIC) == LINUX_MAGIC;
}

static bool linux_read_layout(struct builder *b, struct linux_header *header)
{
	const struct load_file *file = &b->request->kernel;
	const uint8_t *bytes = file->data;
	uint32_t sects = bytes[HEADER_SETUP_SECTS];

	if (!sects)
		sects = LINUX_SETUP_SECTS_DEFAULT;
	header->setup_bytes = (uint64_t)(sects + 1) * LINUX_SECTOR;
	if (file->size_bytes <= header->setup_bytes + LINUX_ENTRY_64)
		return builder_fail(b, "%s ends before its code begins",
				    file->name);
	header->code_bytes = file->size_bytes - header->setup_bytes;

	header->header_end = HEADER_MAGIC + bytes[HEADER_JUMP_LENGTH];
	if (header->header_end < HEADER_END_2_12 ||
	    header->header_end > HEADER_END_MAX)
		return builder_fail(b, "%s has a setup header of a wrong size",
				    file->name);
	return true;
}

static bool linux_read_header(struct builder *b, struct linux_header *header)
{
	const struct load_file *file = &b->request->kernel;
	const uint8_t *bytes = file->data;

	if (file->size_bytes < HEADER_END_MAX)
		return builder_fail(b, "%s ends within its setup header",
				    file->name);
	if (bytes_get16(bytes + HEADER_VERSION) < LINUX_VERSION_MIN)
		return builder_fail(b,
				    "%s is older than boot protocol 2.12 "
				    "(Linux 3.8)",
				    file->name);
	if (!(bytes[HEADER_LOADFLAGS] & LINUX_LOADED_HIGH))
		return builder_fail(b, "%s is a zImage, not a bzImage",
				    file->name);
	if (!(bytes_get16(bytes + HEADER_XLOADFLAGS) & LINUX_KERNEL_64))
		return builder_fail(b, "%s has no 64-bit entry point",
				    file->name);
	if (!linux_read_layout(b, header))
		return false;

	header->alignment = bytes_get32(bytes + HEADER_KERNEL_ALIGNMENT);
	header->init_size = bytes_get32(bytes + HEADER_INIT_SIZE);
	header->initrd_addr_max = bytes_get32(bytes + HEADER_INITRD_ADDR_MAX);
	header->cmdline_size = bytes_get32(bytes + HEADER_CMDLINE_SIZE);
	header->pref_address = bytes_get64(bytes + HEADER_PREF_ADDRESS);
	header->relocatable = bytes[HEADER_RELOCATABLE] != 0;
	if (!header->alignment || header->alignment > LINUX_ALIGNMENT_MAX ||
	    header->alignment & (header->alignment - 1))
		return builder_fail(b, "%s asks for an alignment of 0x%x bytes",
				    file->name, header->alignment);
	return true;
}

static uint64_t linux_align_up(uint64_t address, uint32_t alignment)
{
	return (address + alignment - 1) & ~(uint64_t)(alignment - 1);
}

/* What the kernel occupies until it knows its memory map. */
static uint64_t linux_span_bytes(const struct linux_header *header)
{
	return header->code_bytes > header->init_size ? header->code_bytes
						      : header->init_size;
}

/* Does the kernel fit at start?  All sums stay far below 2^64. */
static bool linux_fits(const struct builder *b,
		       const struct linux_header *header, uint64_t start)
{
	uint64_t low_end = builder_low_end(b);

	return start >= LOAD_RESERVED_END && start < low_end &&
	       linux_span_bytes(header) <= low_end - start;
}

/* Chooses where the kernel goes: where it wants to be, else the lowest. */
static bool linux_place(struct builder *b, const struct linux_header *header,
			uint64_t *start)
{
	*start = header->pref_address;
	if (header->relocatable && *start < LOAD_LOW_RAM_MAX)
		*start = linux_align_up(*start, header->alignment);
	if (linux_fits(b, header, *start))
		return true;
	*start = linux_align_up(LOAD_RESERVED_END, header->alignment);
	if (header->relocatable && linux_fits(b, header, *start))
		return true;
	return builder_fail(
		b,
		"%s needs %llu MiB of memory before it can start, "
		"the VM has %llu MiB",
		b->request->kernel.name,
		(unsigned long long)(linux_span_bytes(header) >> 20),
		(unsigned long long)(b->request->memory_bytes >> 20));
}

/* The initrd goes as high as the kernel allows; *start is 0 without one. */
static bool linux_place_initrd(struct builder *b,
			       const struct linux_header *header,
			       uint64_t kernel_end, uint64_t *start)
{
	const struct load_file *initrd = &b->request->initrd;
	uint64_t end = builder_low_end(b);

	*start = 0;
	if (!initrd->size_bytes)
		return true;
	if (end > (uint64_t)header->initrd_addr_max + 1)
		end = (uint64_t)header->initrd_addr_max + 1;
	if (end < kernel_end || initrd->size_bytes > end - kernel_end ||
	    ((end - initrd->size_bytes) & ~PAGE_MASK) < kernel_end)
		return builder_fail(
			b,
			"%s (%llu KiB) does not fit into the VM's memory "
			"behind the kernel",
			initrd->name,
			(unsigned long long)(initrd->size_bytes >> 10));
	*start = (end - initrd->size_bytes) & ~PAGE_MASK;
	return builder_copy(b, initrd->name, *start, initrd->data,
			    initrd->size_bytes, initrd->size_bytes);
}

static bool linux_add_cmdline(struct builder *b,
			      const struct linux_header *header)
{
	const char *cmdline = b->request->cmdline;
	size_t size = strlen(cmdline);
	char *copy;

	if (size > header->cmdline_size)
		return builder_fail(b,
				    "the command line has %zu characters, %s "
				    "takes %u",
				    size, b->request->kernel.name,
				    header->cmdline_size);
	copy = builder_take(b, size + 1);
	if (!copy)
		return false;
	memcpy(copy, cmdline, size);
	return builder_copy(b, "the command line", LINUX_CMDLINE_AT, copy,
			    size + 1, size + 1);
}

static void linux_fill_e820(const struct builder *b, uint8_t *params)
{
	struct builder_region map[BUILDER_REGIONS_MAX];
	uint32_t count = builder_map(b, map);
	uint8_t *entry = params + PARAMS_E820_TABLE;

	params[PARAMS_E820_ENTRIES] = (uint8_t)count;
	for (uint32_t i = 0; i < count; i++) {
		bytes_put64(entry, map[i].start);
		bytes_put64(entry + 8, map[i].size_bytes);
		bytes_put32(entry + 16, map[i].type);
		entry += PARAMS_E820_ENTRY_BYTES;
	}
}

static bool linux_add_params(struct builder *b,
			     const struct linux_header *header,
			     uint64_t kernel_at, uint64_t initrd_at)
{
	const uint8_t *file = b->request->kernel.data;
	uint8_t *params = builder_take(b, PAGE_SIZE);

	if (!params)
		return false;
	memcpy(params + HEADER_SETUP_SECTS, file + HEADER_SETUP_SECTS,
	       header->header_end - HEADER_SETUP_SECTS);
	params[HEADER_TYPE_OF_LOADER] = LINUX_LOADER_UNDEFINED;
	bytes_put32(params + HEADER_CODE32_START, (uint32_t)kernel_at);
	bytes_put32(params + HEADER_RAMDISK_IMAGE, (uint32_t)initrd_at);
	bytes_put32(params + HEADER_RAMDISK_SIZE,
		    (uint32_t)b->request->initrd.size_bytes);
	bytes_put32(params + HEADER_CMD_LINE_PTR, LINUX_CMDLINE_AT);
	bytes_put64(params + PARAMS_ACPI_RSDP, ACPI_TABLES_AT);
	linux_fill_e820(b, params);
	return builder_copy(b, "boot_params", LINUX_PARAMS_AT, params,
			    PAGE_SIZE, PAGE_SIZE);
}

static bool linux_add_gdt(struct builder *b)
{
	uint8_t *gdt = builder_take(b, LINUX_GDT_ENTRIES * 8);

	if (!gdt)
		return false;
	bytes_put64(gdt + LINUX_BOOT_CS, LINUX_GDT_CODE64);
	bytes_put64(gdt + LINUX_BOOT_DS, LINUX_GDT_DATA);
	return builder_copy(b, "the GDT", LINUX_GDT_AT, gdt,
			    LINUX_GDT_ENTRIES * 8, LINUX_GDT_ENTRIES * 8);
}

/* Maps the first 4 GiB by 2 MiB pages, which every 64-bit processor has. */
static bool linux_add_page_tables(struct builder *b)
{
	uint64_t size = LINUX_TABLE_PAGES * PAGE_SIZE;
	uint8_t *pml4 = builder_take(b, size);
	uint8_t *pdpt, *pd;

	if (!pml4)
		return false;
	pdpt = pml4 + PAGE_SIZE;
	pd = pdpt + PAGE_SIZE;
	bytes_put64(pml4, (LINUX_TABLES_AT + PAGE_SIZE) | LINUX_PT_TABLE);
	for (uint64_t i = 0; i < LINUX_TABLE_PAGES - 2; i++)
		bytes_put64(pdpt + i * 8,
			    (LINUX_TABLES_AT + (2 + i) * PAGE_SIZE) |
				    LINUX_PT_TABLE);
	for (uint64_t i = 0; i < LINUX_MAPPED_BYTES / SIZE_2M; i++)
		bytes_put64(pd + i * 8, i * SIZE_2M | LINUX_PT_2M);
	return builder_copy(b, "the page tables", LINUX_TABLES_AT, pml4, size,
			    size);
}

bool linux_plan(struct builder *b)
{
	const struct load_file *file = &b->request->kernel;
	struct linux_header header = {0};
	uint64_t kernel_at, initrd_at;

	if (!linux_read_header(b, &header) ||
	    !linux_place(b, &header, &kernel_at) ||
	    !linux_place_initrd(b, &header,
				kernel_at + linux_span_bytes(&header),
				&initrd_at))
		return false;
	if (!builder_copy(b, file->name, kernel_at,
			  (const uint8_t *)file->data + header.setup_bytes,
			  header.code_bytes, header.code_bytes) ||
	    !linux_add_cmdline(b, &header) ||
	    !linux_add_params(b, &header, kernel_at, initrd_at) ||
	    !linux_add_gdt(b) || !linux_add_page_tables(b))
		return false;
	b->plan->entry = (struct load_entry){
		.kind = LOAD_ENTRY_LONG64,
		.rip = kernel_at + LINUX_ENTRY_64,
		.rsi = LINUX_PARAMS_AT,
		.cr3 = LINUX_TABLES_AT,
		.gdt_base = LINUX_GDT_AT,
		.gdt_limit = LINUX_GDT_ENTRIES * 8 - 1,
		.cs = LINUX_BOOT_CS,
		.ds = LINUX_BOOT_DS,
	};
	return true;
}
