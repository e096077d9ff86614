/* SPDX-License-Identifier: BSD-2-Clause */
/* Breakpoints and watchpoints; see breakpoints.h. */
#include "hv/gdb/breakpoints.h"

/* DR7 */
#define DR7_FIXED     (1ull << 10)
#define DR7_GLOBAL(n) (2ull << (2 * (n)))
#define DR7_CONDITION(n, rw, length) \
	((uint64_t)((length) << 2 | (rw)) << (16 + 4 * (n)))
#define RW_EXECUTE 0u
#define RW_WRITE   1u
#define RW_ACCESS  3u

struct gdb_software *gdb_software_find(struct gdb_breakpoints *b,
				       uint64_t linear)
{
	for (size_t i = 0; i < GDB_SOFTWARE_MAX; i++)
		if (b->software[i].used && b->software[i].linear == linear)
			return &b->software[i];
	return NULL;
}

struct gdb_software *gdb_software_at(struct gdb_breakpoints *b, gpa_t where)
{
	for (size_t i = 0; i < GDB_SOFTWARE_MAX; i++)
		if (b->software[i].used &&
		    b->software[i].where.value == where.value)
			return &b->software[i];
	return NULL;
}

struct gdb_software *gdb_software_add(struct gdb_breakpoints *b)
{
	for (size_t i = 0; i < GDB_SOFTWARE_MAX; i++)
		if (!b->software[i].used) {
			b->software[i].used = true;
			return &b->software[i];
		}
	return NULL;
}

bool gdb_software_any(const struct gdb_breakpoints *b)
{
	for (size_t i = 0; i < GDB_SOFTWARE_MAX; i++)
		if (b->software[i].used)
			return true;
	return false;
}

static bool in_memory(const struct gdb_software *s)
{
	return s->used && !s->hidden;
}

void gdb_software_hide(const struct gdb_breakpoints *b, gpa_t start,
		       uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < GDB_SOFTWARE_MAX; i++) {
		const struct gdb_software *s = &b->software[i];
		uint64_t at = s->where.value - start.value;

		/* The guest may have written other code over it. */
		if (in_memory(s) && at < size && bytes[at] == GDB_INT3)
			bytes[at] = s->original;
	}
}

void gdb_software_overlay(struct gdb_breakpoints *b, gpa_t start,
			  uint8_t *bytes, size_t size)
{
	/* Two breakpoints may be the same byte at two linear addresses. */
	for (size_t i = 0; i < GDB_SOFTWARE_MAX; i++) {
		uint64_t at = b->software[i].where.value - start.value;

		if (in_memory(&b->software[i]) && at < size)
			b->software[i].original = bytes[at];
	}
	for (size_t i = 0; i < GDB_SOFTWARE_MAX; i++) {
		uint64_t at = b->software[i].where.value - start.value;

		if (in_memory(&b->software[i]) && at < size)
			bytes[at] = GDB_INT3;
	}
}

/* Addresses in the debug registers are multiples of the length. */
static bool fits(enum gdb_breakpoint_kind kind, uint64_t linear, uint64_t size)
{
	if (kind == GDB_BREAKPOINT_HARDWARE)
		return size == 1;
	return (size == 1 || size == 2 || size == 4 || size == 8) &&
	       linear % size == 0;
}

static struct gdb_hardware *find_hardware(struct gdb_breakpoints *b,
					  enum gdb_breakpoint_kind kind,
					  uint64_t linear, uint64_t size)
{
	for (size_t i = 0; i < VMX_DEBUG_SLOTS; i++) {
		struct gdb_hardware *h = &b->hardware[i];

		if (h->used && h->kind == kind && h->linear == linear &&
		    h->size == size)
			return h;
	}
	return NULL;
}

enum gdb_result gdb_hardware_add(struct gdb_breakpoints *b,
				 enum gdb_breakpoint_kind kind, uint64_t linear,
				 uint64_t size)
{
	if (!fits(kind, linear, size))
		return GDB_BAD_ADDRESS;
	if (find_hardware(b, kind, linear, size))
		return GDB_OK;
	for (size_t i = 0; i < VMX_DEBUG_SLOTS; i++)
		if (!b->hardware[i].used) {
			b->hardware[i] = (struct gdb_hardware){
				.used = true,
				.kind = kind,
				.linear = linear,
				.size = (uint8_t)size,
			};
			return GDB_OK;
		}
	return GDB_NO_ROOM;
}

enum gdb_result gdb_hardware_remove(struct gdb_breakpoints *b,
				    enum gdb_breakpoint_kind kind,
				    uint64_t linear, uint64_t size)
{
	struct gdb_hardware *h = find_hardware(b, kind, linear, size);

	if (h)
		h->used = false;
	return GDB_OK;
}

static unsigned condition(enum gdb_breakpoint_kind kind)
{
	switch (kind) {
	case GDB_BREAKPOINT_WRITE:
		return RW_WRITE;
	case GDB_BREAKPOINT_READ: /* there is none for reads alone */
	case GDB_BREAKPOINT_ACCESS:
		return RW_ACCESS;
	default:
		return RW_EXECUTE;
	}
}

static unsigned length(uint8_t size)
{
	static const uint8_t code[9] = {[1] = 0, [2] = 1, [4] = 3, [8] = 2};

	return code[size];
}

void gdb_hardware_registers(const struct gdb_breakpoints *b,
			    uint64_t dr[VMX_DEBUG_SLOTS], uint64_t *dr7)
{
	*dr7 = 0;
	for (unsigned i = 0; i < VMX_DEBUG_SLOTS; i++) {
		const struct gdb_hardware *h = &b->hardware[i];

		dr[i] = h->used ? h->linear : 0;
		if (h->used)
			*dr7 |= DR7_FIXED | DR7_GLOBAL(i) |
				DR7_CONDITION(i, condition(h->kind),
					      length(h->size));
	}
}

const struct gdb_hardware *gdb_hardware_hit(const struct gdb_breakpoints *b,
					    uint64_t dr6)
{
	for (unsigned i = 0; i < VMX_DEBUG_SLOTS; i++)
		if (dr6 >> i & 1 && b->hardware[i].used)
			return &b->hardware[i];
	return NULL;
}
