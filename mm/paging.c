/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's own page tables; see paging.h. */
#include "mm/paging.h"

#include <stddef.h>

#include "hv/hw/cpuid.h"
#include "hv/hw/cr.h"
#include "hv/hw/msr.h"
#include "hv/lib/string.h"
#include "mm/frame.h"

#define ENTRY_P	      (1ull << 0)
#define ENTRY_RW      (1ull << 1)
#define ENTRY_PWT     (1ull << 3)
#define ENTRY_PCD     (1ull << 4)
#define ENTRY_A	      (1ull << 5)
#define ENTRY_D	      (1ull << 6)
#define ENTRY_PS      (1ull << 7)
#define ENTRY_XD      (1ull << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ull

#define ENTRIES	      512
#define LEVEL_4K      1
#define LEVEL_2M      2

/* Accessed and dirty from the start: nobody looks, and no CPU has to set it. */
#define MAP_READ  (ENTRY_P | ENTRY_A)
#define MAP_WRITE (ENTRY_P | ENTRY_A | ENTRY_D | ENTRY_RW)
/* PAT entry 3, which both the reset value and PAT_VALUE have as UC. */
#define MAP_DEVICE    (MAP_WRITE | ENTRY_PCD | ENTRY_PWT)
#define MAP_COMBINING (MAP_WRITE | ENTRY_PWT) /* PAT entry 1 */

/* IA32_PAT's value after reset is WB, WT, UC-, UC, twice.  Nothing here wants
 * WT: entry 1, and so entry 5, is WC instead, which holds whatever the MTRRs
 * say. */
#define PAT_VALUE 0x0007010600070106ull

/* The areas beside the pool, which starts at the image.  The first three share
 * the last GiB, files have a slot of the PML4 to themselves. */
#define AREA_WINDOWS 0xffffffffc0000000ull
#define AREA_STACKS  0xffffffffd0000000ull
#define AREA_DEVICES 0xffffffffe0000000ull
#define AREA_FILES   0xffffff0000000000ull

struct area {
	uint64_t next, end;
};

static struct {
	uint64_t *root;
	unsigned levels;	/* 4, or 5 when the firmware left LA57 on */
	uint64_t xd;		/* ENTRY_XD, or 0 on a CPU without it */
	uint64_t address_limit; /* 2^MAXPHYADDR */
	struct area stacks, devices, files;
} paging;

/* The table that *entry points to, made when there is none; NULL: no memory, or
 * a large page is there. */
static uint64_t *table_below(uint64_t *entry)
{
	if (!(*entry & ENTRY_P)) {
		uint64_t *table = frame_alloc(FRAME_PAGING, 1);

		if (!table)
			return NULL;
		*entry = frame_hpa(table).value | ENTRY_P | ENTRY_RW | ENTRY_A;
		return table;
	}
	if (*entry & ENTRY_PS)
		return NULL;
	return frame_pointer(hpa(*entry & ENTRY_ADDRESS));
}

static uint64_t *entry_of(uint64_t *root, uint64_t address, unsigned level)
{
	uint64_t *table = root;

	for (unsigned l = paging.levels;; l--) {
		unsigned shift = PAGE_SHIFT + 9 * (l - 1);
		uint64_t *entry = &table[address >> shift & (ENTRIES - 1)];

		if (l == level)
			return entry;
		table = table_below(entry);
		if (!table)
			return NULL;
	}
}

/* Whole pages; large ones where address and target allow. */
static bool map(uint64_t *root, uint64_t address, uint64_t target,
		uint64_t size_bytes, uint64_t bits)
{
	while (size_bytes) {
		bool large = size_bytes >= SIZE_2M &&
			     !((address | target) & (SIZE_2M - 1));
		uint64_t step = large ? SIZE_2M : PAGE_SIZE;
		uint64_t *entry =
			entry_of(root, address, large ? LEVEL_2M : LEVEL_4K);

		if (!entry || (large && *entry & ENTRY_P))
			return false;
		*entry = target | bits | (large ? ENTRY_PS : 0);
		address += step;
		target += step;
		size_bytes -= step;
	}
	return true;
}

/* [from, to) of the pool, which is at a constant distance from memory. */
static bool map_pool(const uint8_t *from, const uint8_t *to, uint64_t bits)
{
	if (from == to)
		return true;
	return map(paging.root, (uintptr_t)from, frame_hpa(from).value,
		   (uintptr_t)to - (uintptr_t)from, bits);
}

static bool map_image_and_pool(const struct paging_image *image,
			       uint64_t pool_size_bytes)
{
	uint64_t xd = paging.xd;

	/* The page at image->guard stays out: the boot stack ends there. */
	return map_pool(image->text, image->rodata, MAP_READ) &&
	       map_pool(image->rodata, image->data, MAP_READ | xd) &&
	       map_pool(image->data, image->guard, MAP_WRITE | xd) &&
	       map_pool(image->guard + PAGE_SIZE, image->text + pool_size_bytes,
			MAP_WRITE | xd);
}

bool paging_init(const struct paging_image *image, uint64_t pool_size_bytes)
{
	uint32_t edx = cpuid_or_zero(0x80000001, 0).edx;
	uint32_t sizes = cpuid_or_zero(0x80000008, 0).eax;
	unsigned address_bits = sizes & 0xff;

	if (address_bits < 32 || address_bits > 52)
		address_bits = 36;
	paging.address_limit = 1ull << address_bits;
	paging.levels = cr4_read() & CR4_LA57 ? 5 : 4;
	paging.xd = edx & CPUID_80000001_EDX_NX ? ENTRY_XD : 0;
	paging.stacks = (struct area){AREA_STACKS, AREA_DEVICES};
	paging.devices =
		(struct area){AREA_DEVICES, AREA_DEVICES + (256ull << 20)};
	paging.files = (struct area){AREA_FILES, AREA_FILES + (256ull << 30)};

	paging.root = frame_alloc(FRAME_PAGING, 1);
	if (!paging.root || !map_image_and_pool(image, pool_size_bytes))
		return false;
	paging_cpu_init();
	return true;
}

/* CR4 bits that are worth having whenever CPUID has them. */
static uint64_t cr4_optional(void)
{
	struct cpuid leaf1 = cpuid(1, 0);
	struct cpuid leaf7 = cpuid_or_zero(7, 0);
	uint64_t cr4 = 0;

	if (leaf1.ecx & CPUID_1_ECX_XSAVE)
		cr4 |= CR4_OSXSAVE;
	if (leaf7.ebx & CPUID_7_EBX_SMEP)
		cr4 |= CR4_SMEP;
	if (leaf7.ebx & CPUID_7_EBX_SMAP)
		cr4 |= CR4_SMAP;
	if (leaf7.ecx & CPUID_7_ECX_UMIP)
		cr4 |= CR4_UMIP;
	return cr4;
}

void paging_cpu_init(void)
{
	uint64_t efer = msr_read(IA32_EFER);

	if (paging.xd)
		msr_write(IA32_EFER, efer | EFER_NXE);
	msr_write(IA32_PAT, PAT_VALUE);
	/* CR4 first: CET must be off before WP may ever be cleared, and nothing
	 * of the firmware's choice is kept but the number of levels. */
	cr4_write((cr4_read() & CR4_LA57) | CR4_PAE | CR4_MCE | CR4_OSFXSR |
		  CR4_OSXMMEXCPT | cr4_optional());
	cr3_write(frame_hpa(paging.root).value);
	cr0_write(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
}

hpa_t paging_root(void)
{
	return frame_hpa(paging.root);
}

void *paging_map_stack(uint64_t pages)
{
	uint64_t size_bytes = pages * PAGE_SIZE;
	uint64_t bottom = paging.stacks.next + PAGE_SIZE; /* the guard page */
	void *frames;

	if (bottom + size_bytes > paging.stacks.end)
		return NULL;
	frames = frame_alloc(FRAME_STACK, pages);
	if (!frames || !map(paging.root, bottom, frame_hpa(frames).value,
			    size_bytes, MAP_WRITE | paging.xd))
		return NULL;
	paging.stacks.next = bottom + size_bytes;
	return (void *)(bottom + size_bytes);
}

/* Maps what is at address, of any alignment, into the next part of area. */
static void *map_into(struct area *area, uint64_t alignment, hpa_t address,
		      uint64_t size_bytes, uint64_t bits)
{
	uint64_t offset = address.value & (alignment - 1);
	uint64_t first = address.value & ~PAGE_MASK;
	uint64_t limit = paging.address_limit;
	uint64_t start = (area->next + alignment - 1) & ~(alignment - 1);
	uint64_t pages_bytes, place;

	if (!size_bytes || address.value >= limit ||
	    size_bytes > limit - address.value)
		return NULL;
	place = start + (offset & ~PAGE_MASK);
	pages_bytes =
		(address.value + size_bytes - first + PAGE_MASK) & ~PAGE_MASK;
	if (place > area->end || pages_bytes > area->end - place ||
	    !map(paging.root, place, first, pages_bytes, bits | paging.xd))
		return NULL;
	area->next = place + pages_bytes;
	return (void *)(place + (address.value & PAGE_MASK));
}

void *paging_map_device(hpa_t address, uint64_t size_bytes)
{
	return map_into(&paging.devices, PAGE_SIZE, address, size_bytes,
			MAP_DEVICE);
}

void *paging_map_write_combining(hpa_t address, uint64_t size_bytes)
{
	return map_into(&paging.devices, SIZE_2M, address, size_bytes,
			MAP_COMBINING);
}

const void *paging_map_file(hpa_t address, uint64_t size_bytes)
{
	/* Aligned as the file is, so that its middle has large pages. */
	return map_into(&paging.files, SIZE_2M, address, size_bytes, MAP_READ);
}

uint64_t *paging_window(uint32_t number, uint32_t slots, uint8_t **base)
{
	uint64_t address = AREA_WINDOWS + (uint64_t)number * slots * PAGE_SIZE;

	*base = (uint8_t *)address;
	return entry_of(paging.root, address, LEVEL_4K);
}

uint64_t paging_window_entry(hpa_t page)
{
	return page.value | MAP_WRITE | paging.xd;
}

void paging_identity_init(uint64_t *root)
{
	memcpy(root, paging.root, PAGE_SIZE);
}

bool paging_identity_add(uint64_t *root, hpa_t start, uint64_t size_bytes)
{
	uint64_t first = start.value & ~PAGE_MASK;
	uint64_t lower_half = 1ull << 47;

	if (start.value >= lower_half || size_bytes > lower_half - start.value)
		return false;
	return map(root, first, first,
		   (start.value + size_bytes - first + PAGE_MASK) & ~PAGE_MASK,
		   MAP_WRITE);
}
