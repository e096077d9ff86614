/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compares vmx/emulate/emulate.c with the processor this runs on: random instructions
 * on random registers, flags and memory are emulated, executed, and everything
 * that they left behind is compared.
 *
 * test_emulate_native [CASES [SEED]]: how many instructions (default 300000).
 * Exit status 1 after a difference, with the bytes.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tools/test/unit/test_random.h"
#include "vmx/emulate/decode.h"
#include "vmx/emulate/emulate.h"
#include "vmx/emulate/emulate_alu.h"

#define ARENA_SIZE 8192u
#define FLAGS                                                        \
	(EMULATE_RFLAGS_CF | EMULATE_RFLAGS_PF | EMULATE_RFLAGS_AF | \
	 EMULATE_RFLAGS_ZF | EMULATE_RFLAGS_SF | EMULATE_RFLAGS_OF)

/* Everything that an instruction may change.  The assembly knows offsets. */
struct machine {
	struct emulate_registers r;
	struct emulate_xmm xmm[16];
	uint8_t *arena;
	uint8_t vector; /* of the exception, or NO_VECTOR */
};

#define NO_VECTOR 0xff

_Static_assert(offsetof(struct machine, r.rip) == 128, "in run_code");
_Static_assert(offsetof(struct machine, r.rflags) == 136, "in run_code");
_Static_assert(offsetof(struct machine, xmm) == 144, "in run_code");

/*
 * The real machine; its arena is where the addresses point: below 4 GiB, for
 * instructions with 32-bit addresses.
 */
struct machine native;
static uint8_t *code;
static sigjmp_buf after_signal;

/*
 * Loads native's registers, jumps to native.r.rip, and saves them again when
 * the code comes to run_code_end.  Clobbers nothing.
 */
void run_code(void);
extern const uint8_t run_code_end[];
uint64_t run_code_sp;
__asm__(".text\n"
	"run_code:\n"
	"push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"mov %rsp, run_code_sp(%rip)\n"
	".set n, 0\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"movdqu native+144+16*\\n(%rip), %xmm\\n\n"
	".endr\n"
	"pushq native+136(%rip); popfq\n"
	"mov native(%rip), %rax; mov native+8(%rip), %rcx\n"
	"mov native+16(%rip), %rdx; mov native+24(%rip), %rbx\n"
	"mov native+32(%rip), %rsp; mov native+40(%rip), %rbp\n"
	"mov native+48(%rip), %rsi; mov native+56(%rip), %rdi\n"
	".irp n, 8,9,10,11,12,13,14,15\n"
	"mov native+8*\\n(%rip), %r\\n\n"
	".endr\n"
	"jmp *native+128(%rip)\n"
	"run_code_end:\n"
	"mov %rax, native(%rip); mov %rcx, native+8(%rip)\n"
	"mov %rdx, native+16(%rip); mov %rbx, native+24(%rip)\n"
	"mov %rsp, native+32(%rip); mov %rbp, native+40(%rip)\n"
	"mov %rsi, native+48(%rip); mov %rdi, native+56(%rip)\n"
	".irp n, 8,9,10,11,12,13,14,15\n"
	"mov %r\\n, native+8*\\n(%rip)\n"
	".endr\n"
	"mov run_code_sp(%rip), %rsp\n"
	"pushfq; popq native+136(%rip)\n"
	"cld\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"movdqu %xmm\\n, native+144+16*\\n(%rip)\n"
	".endr\n"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"ret\n");

/* The seam: the arena of the emulated machine, at native's addresses. */
static uint8_t *at(struct machine *m, gla_t address, unsigned size)
{
	uint64_t offset = address.value - (uintptr_t)native.arena;

	if (offset > ARENA_SIZE || size > ARENA_SIZE - offset)
		return NULL;
	return m->arena + offset;
}

enum emulate_result emulate_read(void *context, gla_t address, unsigned size,
				 void *out)
{
	uint8_t *from = at(context, address, size);

	if (!from)
		return EMULATE_STOP;
	memcpy(out, from, size);
	return EMULATE_DONE;
}

enum emulate_result emulate_write(void *context, gla_t address, unsigned size,
				  const void *in)
{
	uint8_t *to = at(context, address, size);

	if (!to)
		return EMULATE_STOP;
	memcpy(to, in, size);
	return EMULATE_DONE;
}

void emulate_segment_get(void *context, enum insn_segment segment,
			 struct emulate_segment *out)
{
	(void)context;
	(void)segment;
	*out = (struct emulate_segment){0};
}

void emulate_raise(void *context, uint8_t vector, uint32_t error_code)
{
	struct machine *m = context;

	(void)error_code;
	m->vector = vector;
}

void emulate_xmm_get(void *context, unsigned number, struct emulate_xmm *out)
{
	struct machine *m = context;

	*out = m->xmm[number];
}

void emulate_xmm_set(void *context, unsigned number,
		     const struct emulate_xmm *in)
{
	struct machine *m = context;

	m->xmm[number] = *in;
}

static void on_signal(int number)
{
	siglongjmp(after_signal, number);
}

/* Bytes that may be an instruction: prefixes, an opcode, anything. */
static void make_bytes(uint8_t *bytes)
{
	static const uint8_t prefixes[] = {0x66, 0x67, 0xf2, 0xf3,
					   0xf0, 0x2e, 0x36, 0x66};
	uint64_t r = random64();
	unsigned n = 0;

	for (unsigned i = 0; i < DECODE_MAX_LENGTH; i++)
		bytes[i] = random64();
	if ((r & 3) == 0)
		bytes[n++] = prefixes[r >> 8 & 7];
	if ((r & 15) == 0)
		bytes[n++] = prefixes[r >> 11 & 7];
	if (r & 16)
		bytes[n++] = 0x40 | (r >> 16 & 15);
	if ((r & 0x60) == 0)
		bytes[n++] = 0x0f;
	if ((r & 0x780) == 0) {
		bytes[n++] = 0x0f;
		bytes[n++] = 0x38;
		bytes[n++] = 0xf0 | (r >> 20 & 1);
	}
}

/* What can be executed here with the same meaning as there. */
static bool is_wanted(const struct insn *insn)
{
	if (insn->segment >= INSN_FS)
		return false;
	if (insn->base == INSN_RIP && insn->operation != INSN_LEA)
		return false;
	switch (insn->operation) {
	case INSN_HINT:	   /* AMD knows no such register form */
	case INSN_CMPXCHG: /* nor writes a register that is not equal */
		return insn->memory;
	case INSN_CACHE:
		/* No access tells whether the address is the arena's. */
		return insn->base != INSN_NO_REGISTER &&
		       insn->base != insn->index;
	case INSN_CALL ... INSN_JMP_FAR:
	case INSN_RET:
	case INSN_OTHER:
	case INSN_MONITOR:
	case INSN_MMX_MOVE:
	case INSN_MMX_MASKMOV:
		return false;
	default:
		return true;
	}
}

static uint64_t arena_address(unsigned alignment)
{
	return (uintptr_t)native.arena + ARENA_SIZE / 2 +
	       (random64() % 1024 & -(uint64_t)alignment);
}

/* A value that is small, or has a few bits, or is anything. */
static uint64_t operand(void)
{
	uint64_t r = random64();

	switch (r & 7) {
	case 0:
		return r >> 56;
	case 1:
		return -(r >> 56);
	case 2:
		return 1ull << (r >> 58);
	case 3:
		return (1ull << (r >> 58)) - 1;
	default:
		return random64();
	}
}

/*
 * Makes the memory operand lie in the arena by choice of a register, or of the
 * displacement in the bytes.
 */
static void aim(struct insn *insn, uint8_t *bytes, struct emulate_registers *r)
{
	uint64_t target = arena_address(random64() & 1 ? 16 : 1);
	uint64_t rest = insn->displacement;
	uint64_t high = insn->address_size == 4 ? random64() << 32 : 0;

	if (insn->index != INSN_NO_REGISTER) {
		rest += r->gpr[insn->index] * insn->scale;
	}
	if (insn->base != INSN_NO_REGISTER && insn->base != INSN_RIP) {
		r->gpr[insn->base] = target - rest + high;
	} else if (insn->index != INSN_NO_REGISTER) {
		target -= (target - insn->displacement) % insn->scale;
		r->gpr[insn->index] =
			(target - insn->displacement) / insn->scale;
	} else if (insn->base == INSN_NO_REGISTER &&
		   (insn->operation == INSN_MOV &&
		    (bytes[insn->length - insn->address_size - 1] & 0xfc) ==
			    0xa0)) {
		memcpy(bytes + insn->length - insn->address_size, &target,
		       insn->address_size);
		insn->displacement = target;
	}
}

static void make_registers(struct insn *insn, uint8_t *bytes)
{
	struct emulate_registers *r = &native.r;

	for (unsigned i = 0; i < 16; i++)
		r->gpr[i] = operand();
	r->gpr[INSN_RSP] = arena_address(8);
	switch (insn->operation) {
	case INSN_ENTER:
		/* It would write at the far end of the frame. */
		bytes[insn->length - 2] &= 1;
		insn->immediate &= 0xff01ff;
		break;
	case INSN_XLAT:
		r->gpr[INSN_RBX] = arena_address(1);
		break;
	case INSN_LEAVE:
		r->gpr[INSN_RBP] = arena_address(1);
		break;
	case INSN_MOVS ... INSN_SCAS:
	case INSN_SSE_MASKMOV:
		r->gpr[INSN_RSI] = arena_address(1);
		r->gpr[INSN_RDI] = arena_address(1);
		r->gpr[INSN_RCX] = random64() % 400;
		break;
	case INSN_BT ... INSN_BTC:
		r->gpr[insn->reg] = (int64_t)(random64() << 50) >> 50;
		break;
	}
	if (insn->memory)
		aim(insn, bytes, r);
	r->rflags = (random64() & (FLAGS | EMULATE_RFLAGS_DF)) | 0x202;
	r->rip = (uintptr_t)code;
}

/* Few different bytes, so that CMPS and SCAS go on for a while. */
static void make_memory(void)
{
	uint64_t r = random64();
	uint64_t fill = operand();

	for (unsigned i = 0; i < ARENA_SIZE; i += 8)
		memcpy(native.arena + i, &fill, 8);
	for (unsigned i = 0; i < 40; i++)
		native.arena[ARENA_SIZE / 2 - 256 + random64() % 1536] =
			random64();
	for (unsigned i = 0; i < 16; i++)
		for (unsigned j = 0; j < 16; j++)
			native.xmm[i].byte[j] = random64();
	if (r & 1) {
		uint64_t rax = native.r.gpr[INSN_RAX];
		uint64_t rdx = native.r.gpr[INSN_RDX];

		/* CMPXCHG and its kin must find equals now and then. */
		for (unsigned i = 0; i < ARENA_SIZE; i += 16) {
			memcpy(native.arena + i, &rax, 8);
			memcpy(native.arena + i + 8, &rdx, 8);
		}
	}
}

/* The flags that the SDM leaves undefined after the instruction. */
static uint64_t undefined_flags(const struct insn *insn,
				const struct emulate_registers *before)
{
	uint64_t source =
		insn->form == INSN_FORM_MC || insn->form == INSN_FORM_MRC
			? before->gpr[INSN_RCX]
			: insn->immediate;
	unsigned count = source & (insn->operand_size == 8 ? 0x3f : 0x1f);
	uint64_t result = 0;

	switch (insn->operation) {
	case INSN_AND:
	case INSN_OR:
	case INSN_XOR:
	case INSN_TEST:
		return EMULATE_RFLAGS_AF;
	case INSN_SHL ... INSN_SAR:
	case INSN_SHLD:
	case INSN_SHRD:
		if (count)
			result |= EMULATE_RFLAGS_AF;
		if (count >= insn->operand_size * 8)
			result |= EMULATE_RFLAGS_CF;
		/* fall through */
	case INSN_ROL ... INSN_RCR:
		return count > 1 ? result | EMULATE_RFLAGS_OF : result;
	case INSN_MUL:
	case INSN_IMUL:
	case INSN_IMUL_R:
		return FLAGS & ~(EMULATE_RFLAGS_CF | EMULATE_RFLAGS_OF);
	case INSN_DIV:
	case INSN_IDIV:
		return FLAGS;
	case INSN_BT ... INSN_BTC:
		return FLAGS & ~(EMULATE_RFLAGS_CF | EMULATE_RFLAGS_ZF);
	case INSN_BSF:
	case INSN_BSR:
		return FLAGS & ~EMULATE_RFLAGS_ZF;
	default:
		return 0;
	}
}

/* Whether what the SDM leaves undefined is more than flags. */
static bool is_undefined(const struct insn *insn)
{
	unsigned source = insn->form == INSN_FORM_MRC ? native.r.gpr[INSN_RCX]
						      : insn->immediate;

	return (insn->operation == INSN_SHLD || insn->operation == INSN_SHRD) &&
	       insn->operand_size == 2 && (source & 0x1f) > 16;
}

static void execute(const uint8_t *bytes, unsigned length)
{
	static const uint8_t jump[] = {0xff, 0x25, 0, 0, 0, 0};
	const uint8_t *target = run_code_end;
	int number;

	memcpy(code, bytes, length);
	memcpy(code + length, jump, sizeof(jump));
	memcpy(code + length + sizeof(jump), &target, sizeof(target));
	native.vector = NO_VECTOR;
	number = sigsetjmp(after_signal, 0);
	if (number)
		native.vector = number == SIGFPE   ? 0
				: number == SIGBUS ? 12
						   : 13;
	else
		run_code();
}

static void report(const uint8_t *bytes, const struct insn *insn,
		   const char *what, uint64_t ours, uint64_t theirs)
{
	for (unsigned i = 0; i < insn->length; i++)
		printf("%02x ", bytes[i]);
	printf(": operation %u size %u: %s: ours %" PRIx64
	       ", processor %" PRIx64 "\n",
	       insn->operation, insn->operand_size, what, ours, theirs);
}

/* False, and a line, if m differs from native. */
static bool same(const uint8_t *bytes, const struct insn *insn,
		 const struct machine *m,
		 const struct emulate_registers *before)
{
	uint64_t flags =
		~undefined_flags(insn, before) & (FLAGS | EMULATE_RFLAGS_DF);
	char name[8];

	/* Misaligned and not canonical: which comes first is not told. */
	if (insn->operation == INSN_SSE_ALIGNED && m->vector == 12)
		return native.vector == 12 || native.vector == 13;
	if (m->vector != native.vector) {
		report(bytes, insn, "vector", m->vector, native.vector);
		return false;
	}
	if (m->vector != NO_VECTOR)
		return true; /* a signal does not tell the registers */
	for (unsigned i = 0; i < 16; i++) {
		if (m->r.gpr[i] == native.r.gpr[i])
			continue;
		snprintf(name, sizeof(name), "gpr %u", i);
		report(bytes, insn, name, m->r.gpr[i], native.r.gpr[i]);
		return false;
	}
	if ((m->r.rflags ^ native.r.rflags) & flags) {
		report(bytes, insn, "rflags", m->r.rflags & flags,
		       native.r.rflags & flags);
		return false;
	}
	if (memcmp(m->arena, native.arena, ARENA_SIZE)) {
		report(bytes, insn, "memory", 0, 0);
		return false;
	}
	if (memcmp(m->xmm, native.xmm, sizeof(m->xmm))) {
		report(bytes, insn, "xmm", 0, 0);
		return false;
	}
	return true;
}

static enum emulate_result emulate_all(const struct insn *insn,
				       struct machine *m)
{
	enum emulate_result result;

	do
		result = emulate_insn(insn, &m->r, m);
	while (result == EMULATE_REP_MORE);
	return result;
}

/* One random case: -1 if it differs, 0 if it could not be made, else 1. */
static int try_one(uint64_t *counts)
{
	static uint8_t arena[ARENA_SIZE];
	struct machine emulated;
	uint8_t bytes[DECODE_MAX_LENGTH];
	struct emulate_registers before;
	enum emulate_result result;
	struct insn insn;

	make_bytes(bytes);
	if (decode_insn(bytes, sizeof(bytes), DECODE_64, &insn) != DECODE_OK ||
	    !is_wanted(&insn))
		return 0;
	make_registers(&insn, bytes);
	make_memory();
	if (is_undefined(&insn))
		return 0;
	before = native.r;
	emulated = native;
	emulated.arena = arena;
	memcpy(arena, native.arena, ARENA_SIZE);
	emulated.vector = NO_VECTOR;
	result = emulate_all(&insn, &emulated);
	if (result == EMULATE_STOP || result == EMULATE_UNHANDLED)
		return 0;
	execute(bytes, insn.length);
	counts[insn.operation]++;
	return same(bytes, &insn, &emulated, &before) ? 1 : -1;
}

static void set_up(void)
{
	static uint8_t signal_stack[65536];
	stack_t stack = {.ss_sp = signal_stack,
			 .ss_size = sizeof(signal_stack)};
	struct sigaction action = {.sa_handler = on_signal,
				   .sa_flags = SA_ONSTACK | SA_NODEFER};

	uint8_t *low = mmap(NULL, ARENA_SIZE + 4096,
			    PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (low == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	native.arena = low;
	code = low + ARENA_SIZE;
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGFPE, &action, NULL);
	sigaction(SIGILL, &action, NULL);
}

int main(int argc, char **argv)
{
	uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 0) : 300000;
	uint64_t counts[256] = {0};
	uint64_t cases = 0;
	unsigned differences = 0, operations = 0;

	random_seed(argc > 2 ? strtoull(argv[2], NULL, 0) : 0x656d756c6174);
	set_up();
	while (cases < wanted && differences < 20) {
		int outcome = try_one(counts);

		cases += outcome != 0;
		differences += outcome < 0;
	}
	for (unsigned i = 0; i < 256; i++)
		operations += counts[i] != 0;
	printf("test_emulate_native: %" PRIu64 " instructions of %u operations "
	       "executed alike; %u differences\n",
	       cases - differences, operations, differences);
	return differences != 0;
}
