/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF program headers to copies; nothing in the file is trusted.  Pure. */
#include "guest/load/elf.h"

#include "guest/load/bytes.h"
#include "hv/lib/string.h"

#define ELF_CLASS	   4 /* offset in e_ident */
#define ELF_DATA	   5
#define ELF_CLASS_32	   1
#define ELF_CLASS_64	   2
#define ELF_DATA_LSB	   1
#define ELF_MACHINE	   18
#define ELF_MACHINE_386	   3
#define ELF_MACHINE_X86_64 62
#define ELF_PT_LOAD	   1

/* Where a class keeps what we read; words are 4 or 8 bytes. */
struct elf_layout {
	uint8_t word_bytes;
	uint8_t header_bytes, phdr_bytes;
	uint8_t entry, phoff, phentsize, phnum;	     /* in the ELF header */
	uint8_t offset, vaddr, paddr, filesz, memsz; /* in a program header */
};

static const struct elf_layout elf_layout_32 = {
	.word_bytes = 4,
	.header_bytes = 52,
	.phdr_bytes = 32,
	.entry = 24,
	.phoff = 28,
	.phentsize = 42,
	.phnum = 44,
	.offset = 4,
	.vaddr = 8,
	.paddr = 12,
	.filesz = 16,
	.memsz = 20,
};

static const struct elf_layout elf_layout_64 = {
	.word_bytes = 8,
	.header_bytes = 64,
	.phdr_bytes = 56,
	.entry = 24,
	.phoff = 32,
	.phentsize = 54,
	.phnum = 56,
	.offset = 8,
	.vaddr = 16,
	.paddr = 24,
	.filesz = 32,
	.memsz = 40,
};

struct elf_segment {
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

static uint64_t elf_word(const struct elf_layout *layout, const uint8_t *from)
{
	return layout->word_bytes == 4 ? bytes_get32(from) : bytes_get64(from);
}

/* The layout of an x86 executable of either class, or NULL. */
static const struct elf_layout *elf_layout_of(const struct load_file *file)
{
	const uint8_t *bytes = file->data;
	const struct elf_layout *layout;

	if (file->size_bytes < elf_layout_32.header_bytes ||
	    memcmp(bytes, "\177ELF", 4) != 0 || bytes[ELF_DATA] != ELF_DATA_LSB)
		return NULL;
	if (bytes[ELF_CLASS] == ELF_CLASS_32 &&
	    bytes_get16(bytes + ELF_MACHINE) == ELF_MACHINE_386)
		layout = &elf_layout_32;
	else if (bytes[ELF_CLASS] == ELF_CLASS_64 &&
		 bytes_get16(bytes + ELF_MACHINE) == ELF_MACHINE_X86_64)
		layout = &elf_layout_64;
	else
		return NULL;
	return file->size_bytes < layout->header_bytes ? NULL : layout;
}

static bool elf_add_segment(struct builder *b, const struct elf_segment *s,
			    struct elf_extent *extent)
{
	const struct load_file *file = &b->request->kernel;

	if (s->filesz > s->memsz || s->offset > file->size_bytes ||
	    s->filesz > file->size_bytes - s->offset)
		return builder_fail(b, "%s has a segment beyond its end",
				    file->name);
	if (!builder_copy(b, "a segment of the image", s->paddr,
			  (const uint8_t *)file->data + s->offset, s->filesz,
			  s->memsz))
		return false;
	if (s->paddr < extent->start)
		extent->start = s->paddr;
	if (s->paddr + s->memsz > extent->end)
		extent->end = s->paddr + s->memsz;
	return true;
}

bool elf_plan(struct builder *b, struct elf_extent *extent)
{
	const struct load_file *file = &b->request->kernel;
	const struct elf_layout *layout = elf_layout_of(file);
	const uint8_t *bytes = file->data;
	uint64_t virtual_entry, phoff;
	uint32_t phnum;

	if (!layout)
		return builder_fail(b, "%s is not an x86 ELF executable",
				    file->name);
	virtual_entry = elf_word(layout, bytes + layout->entry);
	phoff = elf_word(layout, bytes + layout->phoff);
	phnum = bytes_get16(bytes + layout->phnum);
	if (bytes_get16(bytes + layout->phentsize) != layout->phdr_bytes ||
	    phoff > file->size_bytes ||
	    (uint64_t)phnum * layout->phdr_bytes > file->size_bytes - phoff)
		return builder_fail(b, "%s has no valid program headers",
				    file->name);

	*extent = (struct elf_extent){.start = UINT64_MAX};
	extent->entry = virtual_entry;
	for (uint32_t i = 0; i < phnum; i++) {
		const uint8_t *phdr = bytes + phoff + i * layout->phdr_bytes;
		struct elf_segment s = {
			.offset = elf_word(layout, phdr + layout->offset),
			.vaddr = elf_word(layout, phdr + layout->vaddr),
			.paddr = elf_word(layout, phdr + layout->paddr),
			.filesz = elf_word(layout, phdr + layout->filesz),
			.memsz = elf_word(layout, phdr + layout->memsz),
		};

		if (bytes_get32(phdr) != ELF_PT_LOAD || !s.memsz)
			continue;
		if (!elf_add_segment(b, &s, extent))
			return false;
		/* The entry is a virtual address, paging is off. */
		if (virtual_entry >= s.vaddr &&
		    virtual_entry - s.vaddr < s.filesz)
			extent->entry = virtual_entry - s.vaddr + s.paddr;
	}
	if (extent->entry < extent->start || extent->entry >= extent->end)
		return builder_fail(b, "%s starts outside its segments",
				    file->name);
	return true;
}
