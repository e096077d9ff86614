/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places the hypervisor's ELF image.  The build put it between the two symbols;
 * it is checked all the same, since a wrong linker script would show up here.
 * Source: ELF-64 Object File Format.
 */
#include "boot/image.h"

#include "boot/say.h"
#include "hv/lib/string.h"

#define IMAGE_MACHINE_X86_64  62
#define IMAGE_TYPE_EXECUTABLE 2
#define IMAGE_SEGMENT_LOAD    1

struct image_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, segments_offset, sections_offset;
	uint32_t flags;
	uint16_t header_size, segment_size, segment_count;
	uint16_t section_size, section_count, names_index;
};

struct image_segment {
	uint32_t type, flags;
	uint64_t offset, virtual_address, physical_address;
	uint64_t file_size, memory_size, alignment;
};

_Static_assert(sizeof(struct image_header) == 64, "ELF-64");
_Static_assert(sizeof(struct image_segment) == 56, "ELF-64");

extern const uint8_t apical_image_start[], apical_image_end[];

static const struct image_header *image_header(void)
{
	return (const struct image_header *)apical_image_start;
}

static const struct image_segment *image_segment(uint32_t i)
{
	return (const struct image_segment *)(apical_image_start +
					      image_header()->segments_offset) +
	       i;
}

static bool image_segment_good(const struct image_segment *segment,
			       uint64_t file_size)
{
	return segment->virtual_address >= HV_BASE &&
	       segment->virtual_address - HV_BASE < SIZE_1G &&
	       segment->memory_size < SIZE_1G &&
	       segment->file_size <= segment->memory_size &&
	       segment->offset <= file_size &&
	       segment->file_size <= file_size - segment->offset;
}

static bool image_good(uint64_t file_size)
{
	const struct image_header *header = image_header();

	if (file_size < sizeof(*header) ||
	    memcmp(header->ident, "\177ELF\2\1", 6) ||
	    header->type != IMAGE_TYPE_EXECUTABLE ||
	    header->machine != IMAGE_MACHINE_X86_64 ||
	    header->segment_size != sizeof(struct image_segment) ||
	    header->segments_offset > file_size ||
	    header->segment_count * sizeof(struct image_segment) >
		    file_size - header->segments_offset)
		return false;
	for (uint32_t i = 0; i < header->segment_count; i++)
		if (image_segment(i)->type == IMAGE_SEGMENT_LOAD &&
		    !image_segment_good(image_segment(i), file_size))
			return false;
	return true;
}

bool image_measure(uint64_t *size_bytes)
{
	uint64_t end = HV_BASE;

	if (!image_good((uint64_t)apical_image_end -
			(uint64_t)apical_image_start))
		return refuse("the hypervisor inside the loader is no ELF "
			      "image for this address; build it again.");
	for (uint32_t i = 0; i < image_header()->segment_count; i++) {
		const struct image_segment *segment = image_segment(i);
		uint64_t segment_end =
			segment->virtual_address + segment->memory_size;

		if (segment->type == IMAGE_SEGMENT_LOAD && segment_end > end)
			end = segment_end;
	}
	*size_bytes = (end - HV_BASE + PAGE_MASK) & ~PAGE_MASK;
	return true;
}

uint64_t image_place(const struct boot_region *pool)
{
	for (uint32_t i = 0; i < image_header()->segment_count; i++) {
		const struct image_segment *segment = image_segment(i);
		uint8_t *to = (uint8_t *)(pool->start.value +
					  (segment->virtual_address - HV_BASE));

		if (segment->type != IMAGE_SEGMENT_LOAD)
			continue;
		memcpy(to, apical_image_start + segment->offset,
		       segment->file_size);
		memset(to + segment->file_size, 0,
		       segment->memory_size - segment->file_size);
	}
	return image_header()->entry;
}
