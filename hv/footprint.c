/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's own memory; see footprint.h. */
#include "hv/footprint.h"

#include "mm/frame.h"
#include "vmx/vcpu.h"

/* linker.ld */
extern const uint8_t image_text[], image_rodata[], image_data[], image_bss[],
	image_end[];

static const char *const kind_name[] = FRAME_KIND_NAMES;
static uint64_t pool_bytes, outside_bytes;

void footprint_init(const struct boot_info *info)
{
	pool_bytes = info->pool.size_bytes;
	outside_bytes = info->trampoline.size_bytes + info->kept_log.size_bytes;
}

uint64_t footprint_bytes(void)
{
	return outside_bytes + pool_bytes - frame_left() * PAGE_SIZE;
}

void footprint_text(struct text *t)
{
	text_add(t, "memory in KiB: %lu of %lu used: ", footprint_bytes() >> 10,
		 (pool_bytes + outside_bytes) >> 10);
	for (uint32_t kind = 0; kind < FRAME_KIND_COUNT; kind++)
		if (frame_used(kind))
			text_add(t, "%s %lu, ", kind_name[kind],
				 frame_used(kind) * PAGE_SIZE >> 10);
	text_add(t, "start of CPUs and kept log %lu", outside_bytes >> 10);
}

static uint64_t kib(const uint8_t *from, const uint8_t *to)
{
	return (uint64_t)(to - from + 1023) >> 10;
}

void footprint_text_parts(struct text *t)
{
	text_add(t,
		 "image: code %lu, constants %lu, data %lu, data that begins "
		 "as zeroes %lu\n",
		 kib(image_text, image_rodata), kib(image_rodata, image_data),
		 kib(image_data, image_bss), kib(image_bss, image_end));
	text_add(t,
		 "each vCPU: registers and state %zu, exits counted %zu, APIC "
		 "page %lu, trace %lu\n",
		 (sizeof(struct vcpu) - sizeof(struct exit_stats) + 1023) >> 10,
		 (sizeof(struct exit_stats) + 1023) >> 10, PAGE_SIZE >> 10,
		 (uint64_t)TRACE_SIZE >> 10);
}
