/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any instruction on any registers, segments and memory, with accesses that
 * fail at any point: the promises of vmx/emulate/emulate.h hold.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmx/emulate/emulate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the input decides, in this order; then come bytes that memory holds. */
struct input {
	uint8_t mode;
	uint8_t fail_access;
	uint8_t fail_with;
	uint8_t bytes[DECODE_MAX_LENGTH];
	struct emulate_registers r;
	struct emulate_segment segment[6];
};

static struct {
	struct input in;
	const uint8_t *data;
	size_t size, at;
	struct emulate_registers r;
	unsigned accesses;
	unsigned raised;
	enum emulate_result failed; /* what a failing access answered */
} s;

static void check(bool condition)
{
	if (!condition)
		abort();
}

static enum emulate_result access_memory(gla_t address, unsigned size)
{
	check(size >= 1 && size <= 16 && !(size & (size - 1)));
	check(s.in.mode == DECODE_64 || address.value <= UINT32_MAX);
	check(s.failed == EMULATE_DONE && !s.raised);
	if (s.accesses++ != s.in.fail_access)
		return EMULATE_DONE;
	s.failed = s.in.fail_with & 1 ? EMULATE_FAULT : EMULATE_STOP;
	return s.failed;
}

enum emulate_result emulate_read(void *context, gla_t address, unsigned size,
				 void *out)
{
	enum emulate_result result = access_memory(address, size);

	check(context == &s);
	if (result != EMULATE_DONE)
		return result;
	memset(out, 0, size);
	if (s.size - s.at >= size) {
		memcpy(out, s.data + s.at, size);
		s.at += size;
	}
	return EMULATE_DONE;
}

enum emulate_result emulate_write(void *context, gla_t address, unsigned size,
				  const void *in)
{
	uint8_t copy[16];
	enum emulate_result result = access_memory(address, size);

	check(context == &s);
	memcpy(copy, in, size); /* ASan sees what lies behind */
	return result;
}

void emulate_segment_get(void *context, enum insn_segment segment,
			 struct emulate_segment *out)
{
	check(context == &s && segment <= INSN_GS);
	*out = s.in.segment[segment];
}

void emulate_raise(void *context, uint8_t vector, uint32_t error_code)
{
	check(context == &s && error_code == 0);
	check(vector == 0 || vector == 12 || vector == 13);
	s.raised++;
}

void emulate_xmm_get(void *context, unsigned number, struct emulate_xmm *out)
{
	check(context == &s && number < 16);
	memset(out, number * 17, sizeof(*out));
}

void emulate_xmm_set(void *context, unsigned number,
		     const struct emulate_xmm *in)
{
	uint8_t copy[16];

	check(context == &s && number < 16);
	memcpy(copy, in->byte, sizeof(copy));
}

static void check_result(const struct insn *insn, enum emulate_result result)
{
	bool is_string =
		insn->operation >= INSN_MOVS && insn->operation <= INSN_SCAS;

	check(result <= EMULATE_UNHANDLED);
	check(s.accesses <= 2 * EMULATE_REP_LIMIT + 16);
	if (s.failed != EMULATE_DONE)
		check(result == s.failed && !s.raised);
	else
		check(s.raised == (result == EMULATE_FAULT));
	check(result != EMULATE_REP_MORE ||
	      (is_string && insn->repeat != INSN_REPEAT_NONE));
	if (result == EMULATE_UNHANDLED)
		check(!s.accesses && !s.raised);
	if (result != EMULATE_BRANCHED)
		check(s.r.rip == s.in.r.rip);
	if (result == EMULATE_FAULT || result == EMULATE_STOP ||
	    result == EMULATE_UNHANDLED)
		check(is_string || !memcmp(&s.r, &s.in.r, sizeof(s.r)));
	/* Nothing but the arithmetic flags ever changes. */
	check(!((s.r.rflags ^ s.in.r.rflags) & ~0x8d5ull));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct insn insn;

	if (size < sizeof(s.in) || size > 4096)
		return 0;
	memset(&s, 0, sizeof(s));
	memcpy(&s.in, data, sizeof(s.in));
	s.in.mode %= 3;
	s.data = data + sizeof(s.in);
	s.size = size - sizeof(s.in);
	s.r = s.in.r;
	if (decode_insn(s.in.bytes, sizeof(s.in.bytes), s.in.mode, &insn) !=
	    DECODE_OK)
		return 0;
	check_result(&insn, emulate_insn(&insn, &s.r, &s));
	return 0;
}
