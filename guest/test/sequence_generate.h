/* SPDX-License-Identifier: BSD-2-Clause */
/* The generator of sequences (sequence.h): from a seed, the same everywhere. */
#ifndef GUEST_TEST_SEQUENCE_GENERATE_H
#define GUEST_TEST_SEQUENCE_GENERATE_H

#include "guest/test/sequence.h"

/* xorshift64*. */
static inline uint64_t sequence_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull >> 16;
}

static inline uint32_t sequence_below(uint64_t *state, uint32_t bound)
{
	return (uint32_t)(sequence_next(state) & 0xffffffff) % bound;
}

static inline uint8_t sequence_legal_vector(uint64_t *state)
{
	uint32_t r = sequence_below(state, 0x10000);

	/* Half of all from a few, so that they meet. */
	if (r & 0x8000)
		return (uint8_t)(0x30 | (r & 0x43));
	return (uint8_t)(SEQUENCE_NO_VECTOR + r % (256 - SEQUENCE_NO_VECTOR));
}

static inline uint8_t sequence_vector(uint64_t *state)
{
	if (!sequence_below(state, 16))
		return (uint8_t)sequence_below(state, 16);
	return sequence_legal_vector(state);
}

static const uint16_t sequence_readable[] = {
	SEQUENCE_ID,
	SEQUENCE_VERSION,
	SEQUENCE_TPR,
	SEQUENCE_PPR,
	SEQUENCE_PPR,
	SEQUENCE_LDR,
	SEQUENCE_DFR,
	SEQUENCE_SVR,
	SEQUENCE_ESR,
	SEQUENCE_ISR,
	SEQUENCE_ISR + 0x10,
	SEQUENCE_ISR + 0x30,
	SEQUENCE_TMR + 0x10,
	SEQUENCE_IRR,
	SEQUENCE_IRR + 0x10,
	SEQUENCE_IRR + 0x30,
	SEQUENCE_ICR,
	SEQUENCE_ICR_HIGH,
	SEQUENCE_LVT_TIMER,
	0x330,
	0x340,
	0x350,
	0x360,
	SEQUENCE_LVT_ERROR,
	SEQUENCE_INITIAL,
	SEQUENCE_CURRENT,
	SEQUENCE_DIVIDE,
	SEQUENCE_EOI,
	SEQUENCE_APR,
	SEQUENCE_SELF_IPI,
	0x40,
	0x2f0,
};

static const uint16_t sequence_writable[] = {
	SEQUENCE_TPR,
	SEQUENCE_TPR,
	SEQUENCE_TPR,
	SEQUENCE_LDR,
	SEQUENCE_DFR,
	SEQUENCE_SVR,
	SEQUENCE_SVR,
	SEQUENCE_ESR,
	SEQUENCE_ESR,
	SEQUENCE_LVT_TIMER,
	0x330,
	0x340,
	0x350,
	0x360,
	SEQUENCE_LVT_ERROR,
	SEQUENCE_LVT_ERROR,
	SEQUENCE_INITIAL,
	SEQUENCE_DIVIDE,
	SEQUENCE_ID,
	SEQUENCE_VERSION,
	SEQUENCE_ICR_HIGH,
	SEQUENCE_EOI,
	SEQUENCE_IRR,
	0x40,
};

#define SEQUENCE_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* What is mostly right to write to a register, and now and then is not. */
static inline uint64_t sequence_value(uint64_t *state, uint16_t offset)
{
	uint64_t r = sequence_next(state);
	uint32_t odd = sequence_below(state, 16);

	switch (offset) {
	case SEQUENCE_TPR:
		r &= odd ? 0x7f : 0xffff;
		break;
	case SEQUENCE_LDR:
		r &= odd < 12 ? 0x33000000 : 0xffffffff;
		break;
	case SEQUENCE_DFR:
		r = r % 3 ? 0xffffffff : (odd ? 0x0fffffff : r & 0xffffffff);
		break;
	case SEQUENCE_SVR:
		r = (odd < 14 ? 0x100 : 0) | (r & 0xef) | SEQUENCE_NO_VECTOR |
		    (odd == 1 ? r & 0xfffff : 0);
		break;
	case SEQUENCE_ESR:
	case SEQUENCE_EOI:
		r = odd ? 0 : r & 0xffff;
		break;
	case SEQUENCE_INITIAL:
		r = odd < 4 ? 0 : 0xf0000000 | (r & 0xffffffff);
		break;
	case SEQUENCE_DIVIDE:
		r &= odd ? 0xb : 0xff;
		break;
	case SEQUENCE_LVT_ERROR:
		r = sequence_vector(state) | (r & 0x30000) % 0x20000;
		break;
	case SEQUENCE_LVT_TIMER:
		/* Timer mode 11B is reserved. */
		r &= odd ? 0x100ff | (r >> 32 & 1) << (17 + (r >> 33 & 1))
			 : 0xfffbffff;
		break;
	default:
		r &= odd ? 0x107ff : 0xffffffff;
		break;
	}
	if (!sequence_below(state, 64))
		r |= 1ull << 40; /* x2APIC mode: reserved */
	return r;
}

static inline uint64_t sequence_destination(uint64_t *state)
{
	static const uint32_t likely[] = {0, 1,	   2,	       3,
					  1, 0xff, 0xffffffff, 0x10001};
	uint32_t r = sequence_below(state, 16);

	if (r < 2)
		return (sequence_next(state) & 0xffffffff) << 32;
	return (uint64_t)likely[r % 8] << 32;
}

static inline uint64_t sequence_icr(uint64_t *state)
{
	static const uint8_t modes[] = {0, 0, 0, 0, 0, 0, 0, 1,
					1, 1, 1, 4, 4, 4, 3, 5};
	uint32_t mode = modes[sequence_below(state, 16)];
	uint64_t r = sequence_next(state);
	uint64_t icr = sequence_destination(state) | mode << 8;

	icr |= sequence_vector(state);
	icr |= r & (1u << 11 | 1u << 12 | 1u << 14 | 1u << 15);
	if (r >> 20 & 1)
		icr |= r & (3u << 18);
	if (mode == 5) /* INIT: only the de-assert, which does nothing */
		icr = (icr & ~(1ull << 14)) | 1u << 15;
	if (!sequence_below(state, 32))
		icr |= 1u << 13 | 1u << 20;
	return icr;
}

/* The three pages where an APIC is or has been. */
static inline uint64_t sequence_page(uint64_t *state)
{
	uint32_t r = sequence_below(state, 1 + SEQUENCE_RAM_PAGES);

	return r ? SEQUENCE_RAM + (r - 1) * 4096 : SEQUENCE_BASE;
}

static inline void sequence_random_base(struct sequence_op *op, uint64_t *state,
					enum sequence_mode mode)
{
	uint32_t odd = sequence_below(state, 8);

	op->value = sequence_page(state);
	op->a = SEQUENCE_BASE_EN;
	if (mode == SEQUENCE_X2APIC || (mode == SEQUENCE_MIXED && odd & 1))
		op->a |= SEQUENCE_BASE_EXTD;
	if (mode == SEQUENCE_MIXED) {
		if (odd >= 5)
			op->a = odd == 5 ? SEQUENCE_BASE_EXTD : 0;
	} else if (odd == 7) { /* an illegal change, or a reserved bit */
		op->a ^= mode == SEQUENCE_X2APIC ? SEQUENCE_BASE_EXTD : 0x200;
	} else if (odd == 6) {
		op->value |= 1ull << 60;
	}
}

static inline void sequence_random_op(struct sequence_op *op, uint64_t *state,
				      enum sequence_mode mode)
{
	/* By 64ths; what is left of them are windows. */
	static const uint8_t weights[SEQUENCE_OP_KINDS] = {
		[SEQUENCE_OP_READ] = 10, [SEQUENCE_OP_WRITE] = 10,
		[SEQUENCE_OP_CR8] = 3,	 [SEQUENCE_OP_EOI] = 4,
		[SEQUENCE_OP_SELF] = 6,	 [SEQUENCE_OP_IPI] = 13,
		[SEQUENCE_OP_TIMER] = 2, [SEQUENCE_OP_DEADLINE] = 1,
		[SEQUENCE_OP_PEEK] = 2,	 [SEQUENCE_OP_BASE] = 3,
	};
	uint32_t r = sequence_below(state, 64);

	*op = (struct sequence_op){.kind = SEQUENCE_OP_WINDOW,
				   .cpu = sequence_next(state) & 1};
	for (uint8_t kind = 0; kind < SEQUENCE_OP_KINDS; kind++) {
		if (r < weights[kind]) {
			op->kind = kind;
			break;
		}
		r -= weights[kind];
	}
	if (mode == SEQUENCE_MIXED && !sequence_below(state, 8))
		op->kind = SEQUENCE_OP_BASE;
	switch (op->kind) {
	case SEQUENCE_OP_READ:
		op->a = sequence_readable[sequence_below(
			state, SEQUENCE_SIZE(sequence_readable))];
		break;
	case SEQUENCE_OP_WRITE:
		op->a = sequence_writable[sequence_below(
			state, SEQUENCE_SIZE(sequence_writable))];
		op->value = sequence_value(state, op->a);
		break;
	case SEQUENCE_OP_CR8:
		/* Half of all next to the vectors that are likely. */
		op->a = (uint16_t)sequence_below(state, 8);
		if (sequence_below(state, 2))
			op->a = 2 | (op->a & 5);
		if (!sequence_below(state, 8))
			op->a += 9; /* 16 is too much */
		op->value = sequence_below(state, 2);
		break;
	case SEQUENCE_OP_SELF:
		op->value = sequence_vector(state);
		break;
	case SEQUENCE_OP_IPI:
		op->value = sequence_icr(state);
		break;
	case SEQUENCE_OP_WINDOW:
		op->a = (uint16_t)sequence_below(state, SEQUENCE_POLICIES);
		op->value = sequence_below(state, 2);
		break;
	case SEQUENCE_OP_TIMER:
		op->a = (uint16_t)sequence_below(state, SEQUENCE_TIMERS);
		op->value = sequence_legal_vector(state);
		break;
	case SEQUENCE_OP_DEADLINE:
		op->value = 1ull << 60 | sequence_next(state);
		break;
	case SEQUENCE_OP_PEEK:
		op->value = sequence_page(state) + SEQUENCE_VERSION;
		break;
	case SEQUENCE_OP_BASE:
		sequence_random_base(op, state, mode);
		break;
	default:
		break;
	}
}

/* The closing operations of a CPU: all that is pending or in service shows in
 * what can be taken, and in PPR from EOI to EOI. */
static inline struct sequence_op *sequence_close(struct sequence_op *op,
						 uint8_t cpu)
{
	static const uint8_t kinds[] = {
		SEQUENCE_OP_READ, SEQUENCE_OP_CR8,    SEQUENCE_OP_WINDOW,
		SEQUENCE_OP_READ, SEQUENCE_OP_EOI,    SEQUENCE_OP_READ,
		SEQUENCE_OP_EOI,  SEQUENCE_OP_WINDOW, SEQUENCE_OP_READ,
	};

	_Static_assert(sizeof(kinds) * SEQUENCE_CPUS == SEQUENCE_CLOSING,
		       "all of them");
	for (unsigned i = 0; i < sizeof(kinds); i++)
		*op++ = (struct sequence_op){
			.kind = kinds[i],
			.cpu = cpu,
			.a = kinds[i] == SEQUENCE_OP_READ ? SEQUENCE_PPR : 0,
		};
	return op;
}

/* The SEQUENCE_LENGTH operations of a seed. */
static inline void sequence_generate(uint64_t seed, enum sequence_mode mode,
				     struct sequence_op *ops)
{
	uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15ull + mode;

	for (int warm = 0; warm < 4; warm++)
		sequence_next(&state);
	for (int i = 0; i < SEQUENCE_RANDOM; i++)
		sequence_random_op(ops++, &state, mode);
	for (uint8_t cpu = 0; cpu < SEQUENCE_CPUS; cpu++)
		ops = sequence_close(ops, cpu);
}

#endif
