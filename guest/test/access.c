/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every kind of access to what is not memory, the local APIC's page above all:
 * widths and alignments, two accesses in one instruction, stacks, strings, SSE,
 * ports, fetches, page walks.  The answers must be the same on every tier.
 *
 * Where the SDM leaves the answer open, it is Apical's (vmx/guest_access.h).
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define ACCESS_COUNT (*(volatile uint32_t *)(APIC_BASE + APIC_INITIAL))
#define ACCESS_TPR   (*(volatile uint32_t *)(APIC_BASE + APIC_TPR))
#define ACCESS_OLD   0x44332211u
#define ACCESS_PORT  0xe0u /* the test device's register */
#define CR4_SSE	     (3u << 9)
#define FLAG_TF	     (1ull << 8)

static uint8_t access_buffer[64] __attribute__((aligned(16)));

/* ---- widths and alignments ---- */

static void access_read(uint64_t from, unsigned size)
{
	uint8_t *to = access_buffer;

	switch (size) {
	case 1:
		*to = *(volatile uint8_t *)from;
		break;
	case 2:
		*(uint16_t *)(void *)to = *(volatile uint16_t *)from;
		break;
	case 4:
		*(uint32_t *)(void *)to = *(volatile uint32_t *)from;
		break;
	case 8:
		*(uint64_t *)(void *)to = *(volatile uint64_t *)from;
		break;
	default:
		__asm__ volatile("movups (%0), %%xmm0; movups %%xmm0, (%1)"
				 :
				 : "r"(from), "r"(to)
				 : "memory");
	}
}

static void access_write(uint64_t to, unsigned size)
{
	const uint8_t *from = access_buffer;

	switch (size) {
	case 1:
		*(volatile uint8_t *)to = *from;
		break;
	case 2:
		*(volatile uint16_t *)to =
			*(const uint16_t *)(const void *)from;
		break;
	case 4:
		*(volatile uint32_t *)to =
			*(const uint32_t *)(const void *)from;
		break;
	case 8:
		*(volatile uint64_t *)to =
			*(const uint64_t *)(const void *)from;
		break;
	default:
		__asm__ volatile("movups (%1), %%xmm0; movups %%xmm0, (%0)"
				 :
				 : "r"(to), "r"(from)
				 : "memory");
	}
}

/* Byte 0 of the TPR's block, and of the next one, which reads 0. */
static void access_reads(unsigned size)
{
	unsigned wrong = 0, where = 0;

	ACCESS_TPR = 0xc3;
	ACCESS_COUNT = ACCESS_OLD;
	for (unsigned offset = 0; offset < 16; offset++) {
		access_read(APIC_BASE + APIC_TPR + offset, size);
		for (unsigned i = 0; i < size; i++)
			if (access_buffer[i] != (offset + i ? 0 : 0xc3)) {
				wrong++;
				where = offset;
			}
		if (offset + size > 16)
			continue;
		access_read(APIC_BASE + APIC_INITIAL + offset, size);
		for (unsigned i = 0; i < size; i++) {
			unsigned at = offset + i;
			uint8_t right =
				at < 4 ? (uint8_t)(ACCESS_OLD >> 8 * at) : 0;

			if (access_buffer[i] != right) {
				wrong++;
				where = 0x300 + offset;
			}
		}
	}
	ACCESS_TPR = 0;
	guest_check(!wrong, "reads", "%u bytes wide: %u wrong, last at %x",
		    size, wrong, where);
}

/* A part of the register is that part; the rest of the block is nothing's. */
static void access_writes(unsigned size)
{
	unsigned wrong = 0, where = 0;

	for (unsigned offset = 0; offset < 32; offset++) {
		uint32_t right = ACCESS_OLD;

		ACCESS_COUNT = ACCESS_OLD;
		for (unsigned i = 0; i < size; i++) {
			int at = (int)offset - 16 + (int)i;

			access_buffer[i] = (uint8_t)(0xa0 + i);
			if (at >= 0 && at < 4)
				right = (right & ~(0xffu << 8 * at)) |
					(uint32_t)access_buffer[i] << 8 * at;
		}
		access_write(APIC_BASE + APIC_INITIAL - 16 + offset, size);
		if (ACCESS_COUNT != right) {
			wrong++;
			where = offset;
		}
		apic_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
	}
	guest_check(!wrong, "writes", "%u bytes wide: %u wrong, last at %x",
		    size, wrong, where);
}

static void access_widths(void)
{
	for (unsigned size = 1; size <= 16; size *= 2) {
		access_reads(size);
		access_writes(size);
	}
	guest_equal("across the page's end",
		    *(volatile uint32_t *)(APIC_BASE + 0xffe), 0xffff0000);
	*(volatile uint32_t *)(APIC_BASE + 0xffe) = 0;
	*(volatile uint64_t *)(APIC_BASE - 4) = 0;
	guest_equal("across the page's begin",
		    *(volatile uint64_t *)(APIC_BASE - 4), 0xffffffff);
}

/* ---- instructions that insn.c does not have ---- */

static void access_two_in_one(void)
{
	uint64_t from = APIC_BASE + APIC_TPR, to = APIC_BASE + APIC_INITIAL;
	uint64_t count = 4;

	ACCESS_TPR = 0x5a;
	__asm__ volatile("movsl" : "+S"(from), "+D"(to) : : "memory");
	guest_equal("MOVS from register to register", ACCESS_COUNT, 0x5a);
	ACCESS_TPR = 0;

	ACCESS_COUNT = 0;
	memcpy(access_buffer, "\1\2\3\4", 4);
	from = (uint64_t)access_buffer;
	to = APIC_BASE + APIC_INITIAL;
	__asm__ volatile("rep movsb"
			 : "+S"(from), "+D"(to), "+c"(count)
			 :
			 : "memory");
	guest_equal("REP MOVSB to a register", ACCESS_COUNT, 0x04030201);
	guest_equal("REP MOVSB: RDI", to, APIC_BASE + APIC_INITIAL + 4);

	from = APIC_BASE + APIC_INITIAL;
	to = APIC_BASE + APIC_INITIAL;
	ACCESS_COUNT = 0x1234;
	__asm__ volatile("cmpsl" : "+S"(from), "+D"(to) : : "memory", "cc");
	guest_equal("CMPS of one register", to, APIC_BASE + APIC_INITIAL + 4);

	to = APIC_BASE + APIC_INITIAL;
	count = 8;
	__asm__ volatile("repne scasl"
			 : "+D"(to), "+c"(count)
			 : "a"(0)
			 : "memory", "cc");
	guest_equal("REPNE SCAS stops at the 0 behind", count, 6);
}

static void access_bits(void)
{
	uint64_t bit = (APIC_BASE + APIC_INITIAL - (uint64_t)access_buffer) * 8;
	uint8_t carry;

	ACCESS_COUNT = 0x10;
	__asm__ volatile("btsq %1, %0"
			 : "+m"(*(uint64_t *)(void *)access_buffer)
			 : "r"(bit + 3)
			 : "memory", "cc");
	guest_equal("BTS, from RAM into the page", ACCESS_COUNT, 0x18);
	__asm__ volatile("lock btrq %1, %0"
			 : "+m"(*(uint64_t *)(void *)access_buffer)
			 : "r"(bit + 4)
			 : "memory", "cc");
	guest_equal("LOCK BTR, from RAM into the page", ACCESS_COUNT, 0x08);
	__asm__ volatile("btl %2, %1; setc %0"
			 : "=r"(carry)
			 : "m"(ACCESS_COUNT), "r"(0xc80 * 8 + 1)
			 : "memory", "cc");
	guest_equal("BT, out of the page into a hole", carry, 1);
	*(volatile uint64_t *)(void *)access_buffer = 2;
	bit = ((uint64_t)access_buffer - (APIC_BASE + APIC_INITIAL)) * 8;
	__asm__ volatile("btq %2, %1; setc %0"
			 : "=r"(carry)
			 : "m"(*(uint64_t *)(APIC_BASE + APIC_INITIAL)),
			   "r"(bit + 1)
			 : "memory", "cc");
	guest_equal("BT, out of the page into RAM", carry, 1);
}

static void access_locked(void)
{
	uint64_t low = ACCESS_OLD, high = 0;
	uint8_t equal;

	ACCESS_COUNT = ACCESS_OLD;
	__asm__ volatile("lock cmpxchg8b %3; setz %2"
			 : "+a"(low), "+d"(high), "=q"(equal),
			   "+m"(*(uint64_t *)(APIC_BASE + APIC_INITIAL))
			 : "b"(0x77), "c"(0x88)
			 : "cc");
	guest_equal("CMPXCHG8B: equal", equal, 1);
	guest_equal("CMPXCHG8B: the register", ACCESS_COUNT, 0x77);
	__asm__ volatile("lock addb $1, 1(%0)"
			 :
			 : "r"(APIC_BASE + APIC_INITIAL)
			 : "memory", "cc");
	guest_equal("LOCK ADD m8, byte 1", ACCESS_COUNT, 0x177);
	__asm__ volatile("lock orw $0x8000, 2(%0)"
			 :
			 : "r"(APIC_BASE + APIC_INITIAL)
			 : "memory", "cc");
	guest_equal("LOCK OR m16, bytes 2-3", ACCESS_COUNT, 0x80000177);
	low = 0x55;
	__asm__ volatile("xchgb %b0, 3(%1)"
			 : "+a"(low)
			 : "r"(APIC_BASE + APIC_INITIAL)
			 : "memory");
	guest_equal("XCHG m8, byte 3", low << 32 | ACCESS_COUNT, 0x8055000177);
}

/* The stack in the page, with interrupts off. */
static void access_stack(void)
{
	uint64_t top = APIC_BASE + APIC_INITIAL + 8;
	uint64_t value, frame;

	__asm__ volatile("mov %%rsp, %%r12; mov %1, %%rsp; push $0x1234;"
			 "mov %%rsp, %0; mov %%r12, %%rsp"
			 : "=&r"(value)
			 : "r"(top)
			 : "r12", "memory");
	guest_equal("PUSH imm: the register", ACCESS_COUNT, 0x1234);
	guest_equal("PUSH imm: RSP", value, top - 8);
	__asm__ volatile("mov %%rsp, %%r12; mov %1, %%rsp; pop %0;"
			 "mov %%r12, %%rsp"
			 : "=&r"(value)
			 : "r"(top - 8)
			 : "r12", "memory");
	guest_equal("POP r64", value, 0x1234);
	__asm__ volatile("mov %%rsp, %%r12; mov %1, %%rsp; call 1f;"
			 "mov $0x77, %0; jmp 2f; 1: ret; 2: mov %%r12, %%rsp"
			 : "=&r"(value)
			 : "r"(top)
			 : "r12", "memory");
	guest_equal("CALL and RET", value, 0x77);
	__asm__ volatile("mov %%rsp, %%r12; mov %%rbp, %%r13; mov %2, %%rsp;"
			 "mov $0x5678, %%ebp; enter $16, $0; mov %%rbp, %0;"
			 "leave; mov %%rbp, %1;"
			 "mov %%r13, %%rbp; mov %%r12, %%rsp"
			 : "=&r"(frame), "=&r"(value)
			 : "r"(top)
			 : "r12", "r13", "memory");
	guest_equal("ENTER: RBP", frame, top - 8);
	guest_equal("LEAVE: RBP", value, 0x5678);
	ACCESS_COUNT = 0x4321;
	__asm__ volatile("pushw %1; popw %w0"
			 : "=r"(value)
			 : "m"(ACCESS_COUNT), "0"(0ull)
			 : "memory");
	guest_equal("PUSH m16", value, 0x4321);
}

static void access_sse(void)
{
	uint64_t at = APIC_BASE + APIC_INITIAL;
	uint64_t *out = (uint64_t *)(void *)access_buffer;

	ACCESS_COUNT = ACCESS_OLD;
	__asm__ volatile("pcmpeqb %%xmm1, %%xmm1; movaps (%0), %%xmm1;"
			 "movups %%xmm1, (%1)"
			 :
			 : "r"(at), "r"(out)
			 : "memory");
	guest_check(out[0] == ACCESS_OLD && !out[1], "MOVAPS from the page",
		    "0x%lx 0x%lx", out[0], out[1]);
	__asm__ volatile("pcmpeqb %%xmm1, %%xmm1; movd (%0), %%xmm1;"
			 "movups %%xmm1, (%1)"
			 :
			 : "r"(at), "r"(out)
			 : "memory");
	guest_check(out[0] == ACCESS_OLD && !out[1], "MOVD from the page",
		    "0x%lx 0x%lx", out[0], out[1]);
	memset(access_buffer, 0x3c, 16);
	__asm__ volatile("movdqu (%1), %%xmm2; movq %%xmm2, (%0)"
			 :
			 : "r"(at), "r"(out)
			 : "memory");
	guest_equal("MOVQ to the page", ACCESS_COUNT, 0x3c3c3c3c);
	/* MASKMOVDQU of byte 1 alone, by DS:RDI. */
	memset(access_buffer, 0, 16);
	access_buffer[1] = 0x80;
	__asm__ volatile("movdqu (%1), %%xmm3; maskmovdqu %%xmm3, %%xmm2"
			 :
			 : "D"(at), "r"(out)
			 : "memory");
	guest_equal("MASKMOVDQU, mask all zero but 1", ACCESS_COUNT,
		    0x3c3c3c3c);
	ACCESS_COUNT = 0;
	__asm__ volatile("maskmovdqu %%xmm3, %%xmm2" : : "D"(at) : "memory");
	guest_equal("MASKMOVDQU of byte 1", ACCESS_COUNT, 0x3c00);
	guest_equal(
		"MOVAPS not aligned",
		(uint64_t)trap_run((const uint8_t[]){0x0f, 0x28, 0x04, 0x25,
						     0x84, 0x03, 0xe0, 0xfe},
				   8),
		TRAP_GP);
}

/* Nothing is written, nothing is read that a register would notice. */
static void access_hints(void)
{
	static const uint8_t monitor[] = {0xb8, 0x80, 0x03, 0xe0, 0xfe, 0x31,
					  0xc9, 0x31, 0xd2, 0x0f, 0x01, 0xc8};

	ACCESS_COUNT = ACCESS_OLD;
	__asm__ volatile("clflush %0; prefetcht0 %0; prefetchnta %0; nopl %0"
			 :
			 : "m"(ACCESS_COUNT)
			 : "memory");
	guest_equal("CLFLUSH, PREFETCH", ACCESS_COUNT, ACCESS_OLD);
	guest_equal("MONITOR", (uint64_t)trap_run(monitor, sizeof(monitor)),
		    TRAP_UD);
}

static void access_ports(void)
{
	uint64_t at = APIC_BASE + APIC_INITIAL, count = 1;

	insn_out32(ACCESS_PORT, 0x600df00d);
	if (insn_in32(ACCESS_PORT) != 0x600df00d) {
		guest_skip("INS, OUTS", "no test device");
		return;
	}
	__asm__ volatile("insl" : "+D"(at) : "d"(ACCESS_PORT) : "memory");
	guest_equal("INS to a register", ACCESS_COUNT, 0x600df00d);
	guest_equal("INS: RDI", at, APIC_BASE + APIC_INITIAL + 4);
	ACCESS_COUNT = 0x0badcafe;
	at = APIC_BASE + APIC_INITIAL;
	__asm__ volatile("rep outsl"
			 : "+S"(at), "+c"(count)
			 : "d"(ACCESS_PORT)
			 : "memory");
	guest_equal("REP OUTS from a register", insn_in32(ACCESS_PORT),
		    0x0badcafe);
	at = 0xd0000000;
	__asm__ volatile("outsl" : "+S"(at) : "d"(ACCESS_PORT) : "memory");
	guest_equal("OUTS from a hole", insn_in32(ACCESS_PORT), 0xffffffff);
	__asm__ volatile("insb" : "+D"(at) : "d"(ACCESS_PORT) : "memory");
	guest_equal("INS to a hole: RDI", at, 0xd0000005);
	count = 0;
	__asm__ volatile("rep insl"
			 : "+D"(at), "+c"(count)
			 : "d"(ACCESS_PORT)
			 : "memory");
	guest_equal("REP INS of none", at << 8 | count, 0xd000000500);
}

/* ---- the single-step trap and the interrupt shadow ---- */

static uint64_t access_rip[8];
static unsigned access_traps;

static void access_on_trap(struct trap_frame *f)
{
	if (access_traps < 8)
		access_rip[access_traps] = f->rip;
	if (++access_traps >= 8)
		f->rflags &= ~FLAG_TF;
}

/* name: how often the trap came at the string instruction and behind it. */
static void access_step_result(const char *name, uint64_t at)
{
	/* The first one comes after the instruction that POPF shadows not. */
	guest_check(access_traps >= 4 && access_rip[0] == at &&
			    access_rip[1] == at && access_rip[2] > at &&
			    access_rip[2] <= at + 3,
		    name, "%u traps, RIP %d %d %d", access_traps,
		    (int)(access_rip[0] - at), (int)(access_rip[1] - at),
		    (int)(access_rip[2] - at));
}

static void access_steps(void)
{
	uint64_t to = APIC_BASE + APIC_INITIAL, count = 3, at;

	trap_handle(TRAP_DB, access_on_trap);
	access_traps = 0;
	__asm__ volatile("lea 1f(%%rip), %2; pushf; pushf;"
			 "orl $0x100, (%%rsp); popf;"
			 "1: rep stosl; nop; popf"
			 : "+D"(to), "+c"(count), "=&r"(at)
			 : "a"(0x5a)
			 : "memory", "cc");
	access_step_result("TF: REP STOS traps after each", at);
	guest_equal("TF: REP STOS did all", count << 8 | ACCESS_COUNT, 0x5a);
	access_traps = 0;
	to = APIC_BASE + APIC_INITIAL;
	count = 3;
	__asm__ volatile("lea 1f(%%rip), %2; pushf; pushf;"
			 "orl $0x100, (%%rsp); popf;"
			 "1: rep insl; nop; popf"
			 : "+D"(to), "+c"(count), "=&r"(at)
			 : "d"(ACCESS_PORT)
			 : "memory", "cc");
	access_step_result("TF: REP INS traps after each", at);
	trap_handle(TRAP_DB, NULL);
}

static void access_on_interrupt(struct trap_frame *f)
{
	access_rip[0] = f->rip;
	apic_eoi();
}

/* One instruction may follow STI, an emulated one too. */
static void access_shadow(void)
{
	uint64_t at;

	trap_handle(0x61, access_on_interrupt);
	access_rip[0] = 0;
	apic_write(APIC_ICR, APIC_ICR_SELF | 0x61);
	__asm__ volatile("lea 1f(%%rip), %0; sti; movb $7, %1; 1: nop; nop; cli"
			 : "=&r"(at)
			 : "m"(ACCESS_COUNT)
			 : "memory");
	guest_equal("the STI shadow ends behind the access", access_rip[0], at);
	trap_handle(0x61, NULL);
}

void guest_main(void)
{
	trap_write_cr4(insn_read_cr4() | CR4_SSE);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	access_widths();
	access_two_in_one();
	access_bits();
	access_locked();
	access_stack();
	access_sse();
	access_hints();
	access_ports();
	access_steps();
	access_shadow();
	ACCESS_COUNT = 0;
}
