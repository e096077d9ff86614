/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM's RAM as the hypervisor reaches it: copies to and from guest-physical
 * addresses, one window page at a time.  Pure over mm/window.h.
 */
#ifndef MM_GUEST_MEM_H
#define MM_GUEST_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/lib/string.h"
#include "mm/addr.h"

#define GUEST_MEM_BANKS_MAX 40

/* size_bytes of RAM at start (guest-physical), backed by memory at backing. */
struct guest_bank {
	gpa_t start;
	uint64_t size_bytes;
	hpa_t backing;
};

struct guest_mem {
	struct guest_bank bank[GUEST_MEM_BANKS_MAX];
	uint32_t bank_count;
};

/* Where the guest-physical page that holds address lies; false: no RAM. */
static inline bool guest_mem_translate(const struct guest_mem *mem,
				       gpa_t address, hpa_t *result)
{
	for (uint32_t i = 0; i < mem->bank_count; i++) {
		const struct guest_bank *bank = &mem->bank[i];
		uint64_t offset = address.value - bank->start.value;

		if (offset < bank->size_bytes) {
			*result = hpa(bank->backing.value + offset);
			return true;
		}
	}
	return false;
}

/*
 * Copies, with 1, 2, 4 and 8 bytes in one access: another vCPU may look at them.
 */
static inline void guest_mem_copy(void *to, const void *from, size_t size)
{
	switch (size) {
	case 1:
		__builtin_memcpy(to, from, 1);
		break;
	case 2:
		__builtin_memcpy(to, from, 2);
		break;
	case 4:
		__builtin_memcpy(to, from, 4);
		break;
	case 8:
		__builtin_memcpy(to, from, 8);
		break;
	default:
		memcpy(to, from, size);
	}
}

/*
 * Copy size bytes.  False, with a part possibly copied, when some byte is not
 * RAM.  The caller has checked that no page is this vCPU's APIC page.
 */
bool guest_mem_read(const struct guest_mem *mem, gpa_t from, void *to,
		    size_t size);
bool guest_mem_write(const struct guest_mem *mem, gpa_t to, const void *from,
		     size_t size);
bool guest_mem_zero(const struct guest_mem *mem, gpa_t start, uint64_t size);

/* Atomically sets bits in an aligned 64-bit word (accessed and dirty bits). */
bool guest_mem_or64(const struct guest_mem *mem, gpa_t address, uint64_t bits);

#endif
