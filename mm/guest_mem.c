/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies to and from guest-physical memory; see guest_mem.h. */
#include "mm/guest_mem.h"

#include "hv/lib/string.h"
#include "mm/guest_map.h"

static size_t rest_of_page(uint64_t address, uint64_t size)
{
	uint64_t rest = PAGE_SIZE - (address & PAGE_MASK);

	return rest < size ? rest : size;
}

bool guest_mem_read(const struct guest_mem *mem, gpa_t from, void *to,
		    size_t size)
{
	uint8_t *out = to;

	while (size) {
		size_t part = rest_of_page(from.value, size);
		const uint8_t *in = guest_map(mem, from);

		if (!in)
			return false;
		guest_mem_copy(out, in, part);
		out += part;
		from.value += part;
		size -= part;
	}
	return true;
}

bool guest_mem_write(const struct guest_mem *mem, gpa_t to, const void *from,
		     size_t size)
{
	const uint8_t *in = from;

	while (size) {
		size_t part = rest_of_page(to.value, size);
		uint8_t *out = guest_map(mem, to);

		if (!out)
			return false;
		guest_mem_copy(out, in, part);
		in += part;
		to.value += part;
		size -= part;
	}
	return true;
}

bool guest_mem_zero(const struct guest_mem *mem, gpa_t start, uint64_t size)
{
	while (size) {
		size_t part = rest_of_page(start.value, size);
		uint8_t *out = guest_map(mem, start);

		if (!out)
			return false;
		memset(out, 0, part);
		start.value += part;
		size -= part;
	}
	return true;
}

bool guest_mem_or64(const struct guest_mem *mem, gpa_t address, uint64_t bits)
{
	uint8_t *word;

	if (address.value % sizeof(uint64_t))
		return false;
	word = guest_map(mem, address);
	if (!word)
		return false;
	__atomic_fetch_or((uint64_t *)(void *)word, bits, __ATOMIC_SEQ_CST);
	return true;
}
