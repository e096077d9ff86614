/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instruction forms on device pages, the local APIC's and the I/O APIC's: each
 * must do what it does on memory, with the register in memory's place.
 *
 * The SDM defines aligned 32-bit accesses only.  For the others the answer is
 * what a processor with APIC virtualization gives: a narrow one sees or changes
 * its part of the register, bytes 4 to 15 of a register read 0.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/ioapic.h"

#define INSN_TPR    (*(volatile uint32_t *)(APIC_BASE + APIC_TPR))
#define INSN_LDR    (*(volatile uint32_t *)(APIC_BASE + APIC_LDR))
#define INSN_PIN    0x14 /* I/O APIC register: low half of pin 2 */
#define INSN_MASKED 0x10000

#define FLAG_CF	    (1 << 0)
#define FLAG_ZF	    (1 << 6)
#define FLAG_SF	    (1 << 7)

/* op on the TPR, from before; what it must be after. */
#define INSN_CHANGES(name, op, before, after)                                 \
	do {                                                                  \
		INSN_TPR = (before);                                          \
		__asm__ volatile(op : "+m"(INSN_TPR) : : "rax", "rcx", "cc"); \
		guest_equal(name, INSN_TPR, after);                           \
	} while (0)

/* op from the TPR to RAX, which begins as start. */
#define INSN_LOADS(name, op, tpr, start, result) \
	do {                                     \
		uint64_t rax = (start);          \
                                                 \
		INSN_TPR = (tpr);                \
		__asm__ volatile(op              \
				 : "+a"(rax)     \
				 : "m"(INSN_TPR) \
				 : "rcx", "cc"); \
		guest_equal(name, rax, result);  \
	} while (0)

/* op compares with the TPR: flags among those of mask. */
#define INSN_FLAGS(name, op, tpr, mask, result)            \
	do {                                               \
		uint64_t flags;                            \
                                                           \
		INSN_TPR = (tpr);                          \
		__asm__ volatile(op "; pushf; pop %0"      \
				 : "=r"(flags)             \
				 : "m"(INSN_TPR)           \
				 : "rax", "cc", "memory"); \
		guest_equal(name, flags &(mask), result);  \
	} while (0)

static void insn_moves(void)
{
	uint64_t value;

	INSN_CHANGES("MOV m32, imm32", "movl $0x35, %0", 0, 0x35);
	INSN_CHANGES("MOV m32, r32", "mov $0x46, %%ecx; mov %%ecx, %0", 0,
		     0x46);
	INSN_LOADS("MOV r32, m32", "mov %1, %%eax", 0x57, ~0ull, 0x57);
	INSN_TPR = 0x68;
	__asm__ volatile("movabs 0xfee00080, %%eax" : "=a"(value));
	guest_equal("MOV EAX, moffs", value, 0x68);
	__asm__ volatile("mov $0x79, %%eax; movabs %%eax, 0xfee00080"
			 :
			 :
			 : "rax", "memory");
	guest_equal("MOV moffs, EAX", INSN_TPR, 0x79);
	__asm__ volatile("mov %1, %%r13; mov $4, %%r14;"
			 "mov 0x70(%%r13, %%r14, 4), %%r9d; mov %%r9, %0"
			 : "=r"(value)
			 : "r"(APIC_BASE)
			 : "r9", "r13", "r14", "memory");
	guest_equal("MOV r9d, [r13 + 4 * r14 + disp8]", value, 0x79);
	INSN_LOADS("XCHG", "xchg %%eax, %1", 0x21, 0x43, 0x21);
	guest_equal("XCHG: the register", INSN_TPR, 0x43);
	INSN_LOADS("CMOVZ, taken", "xor %%ecx, %%ecx; cmovz %1, %%eax", 0x12,
		   0x99, 0x12);
	INSN_LOADS("CMOVNZ, not taken", "xor %%ecx, %%ecx; cmovnz %1, %%eax",
		   0x12, 0x99, 0x99);
	INSN_LOADS("MOVSXD", "movslq %1, %%rax", 0x84, ~0ull, 0x84);
	INSN_LDR = 0x80000000;
	__asm__ volatile("movslq %1, %0" : "=r"(value) : "m"(INSN_LDR));
	guest_equal("MOVSXD of a negative", value, 0xffffffff80000000);
	INSN_CHANGES("MOVNTI", "mov $0x5a, %%eax; movnti %%eax, %0", 0, 0x5a);
}

static void insn_alu(void)
{
	INSN_CHANGES("OR m32, imm8", "orl $0x25, %0", 0x10, 0x35);
	INSN_CHANGES("AND m32, imm32", "andl $0xf0, %0", 0xa5, 0xa0);
	INSN_CHANGES("XOR m32, r32", "mov $0xff, %%eax; xor %%eax, %0", 0x3c,
		     0xc3);
	INSN_CHANGES("ADD m32, imm8", "addl $3, %0", 0x1e, 0x21);
	INSN_CHANGES("SUB m32, r32", "mov $1, %%eax; sub %%eax, %0", 0x20,
		     0x1f);
	INSN_CHANGES("ADC m32, imm8", "stc; adcl $1, %0", 0x20, 0x22);
	INSN_CHANGES("SBB m32, imm8", "stc; sbbl $1, %0", 0x20, 0x1e);
	INSN_CHANGES("LOCK OR", "lock orl $1, %0", 0x40, 0x41);
	INSN_CHANGES("INC", "incl %0", 0x4f, 0x50);
	INSN_CHANGES("DEC", "decl %0", 0x50, 0x4f);
	INSN_CHANGES("NOT, low byte kept", "notl %0", 0x5a, 0xa5);
	INSN_CHANGES("SHL", "shll $2, %0", 0x11, 0x44);
	INSN_CHANGES("SHR CL", "mov $3, %%cl; shrl %%cl, %0", 0x88, 0x11);
	INSN_CHANGES("ROL", "roll $1, %0", 0x41, 0x82);
	INSN_CHANGES("BTS imm8", "btsl $3, %0", 0x10, 0x18);
	INSN_CHANGES("BTR imm8", "btrl $4, %0", 0x18, 0x08);
	INSN_CHANGES("BTC imm8", "btcl $0, %0", 0x08, 0x09);
	INSN_CHANGES("LOCK XADD", "mov $5, %%eax; lock xadd %%eax, %0", 0x30,
		     0x35);
	INSN_CHANGES("CMPXCHG, equal",
		     "mov $0x30, %%eax; mov $0x77, %%ecx;"
		     "lock cmpxchg %%ecx, %0",
		     0x30, 0x77);
	INSN_CHANGES("CMPXCHG, not equal",
		     "mov $0x31, %%eax; mov $0x77, %%ecx;"
		     "lock cmpxchg %%ecx, %0",
		     0x30, 0x30);
	INSN_LOADS("ADD r32, m32", "add %1, %%eax", 0x30, 0x12, 0x42);
	INSN_LOADS("IMUL r32, m32", "imul %1, %%eax", 0x11, 3, 0x33);
	INSN_LOADS("OR r32, m32", "or %1, %%eax", 0x30, 0x102, 0x132);
	INSN_FLAGS("CMP m32, imm8: equal", "cmpl $0x30, %1", 0x30,
		   FLAG_ZF | FLAG_CF | FLAG_SF, FLAG_ZF);
	INSN_FLAGS("CMP m32, imm8: below", "cmpl $0x31, %1", 0x30,
		   FLAG_ZF | FLAG_CF | FLAG_SF, FLAG_CF | FLAG_SF);
	INSN_FLAGS("CMP r32, m32", "mov $0x31, %%eax; cmp %1, %%eax", 0x30,
		   FLAG_ZF | FLAG_CF | FLAG_SF, 0);
	INSN_FLAGS("TEST m32, imm32: zero", "testl $0x0f, %1", 0x30, FLAG_ZF,
		   FLAG_ZF);
	INSN_FLAGS("TEST m32, imm32: not zero", "testl $0x10, %1", 0x30,
		   FLAG_ZF, 0);
	INSN_FLAGS("BT imm8: set", "btl $5, %1", 0x30, FLAG_CF, FLAG_CF);
	INSN_FLAGS("BT imm8: clear", "btl $6, %1", 0x30, FLAG_CF, 0);
}

static void insn_strings(void)
{
	volatile uint32_t buffer[5] = {0, 0, 0, 0, 0x5a5a5a5a};
	uint64_t from = (uint64_t)&INSN_TPR;
	uint64_t to = (uint64_t)buffer;
	uint64_t count = 4;
	uint64_t rax = 0;

	INSN_TPR = 0x5c;
	__asm__ volatile("movsl" : "+S"(from), "+D"(to) : : "memory");
	guest_equal("MOVS: value", buffer[0], 0x5c);
	guest_equal("MOVS: RSI", from, (uint64_t)&INSN_TPR + 4);
	guest_equal("MOVS: RDI", to, (uint64_t)&buffer[1]);

	buffer[0] = 0x6d;
	from = (uint64_t)buffer;
	to = (uint64_t)&INSN_TPR;
	__asm__ volatile("movsl" : "+S"(from), "+D"(to) : : "memory");
	guest_equal("MOVS to the register", INSN_TPR, 0x6d);

	to = (uint64_t)&INSN_TPR;
	count = 1;
	__asm__ volatile("mov $0x3b, %%eax; rep stosl"
			 : "+D"(to), "+c"(count)
			 :
			 : "rax", "memory");
	guest_equal("REP STOS: value", INSN_TPR, 0x3b);
	guest_equal("REP STOS: RCX", count, 0);
	guest_equal("REP STOS: RDI", to, (uint64_t)&INSN_TPR + 4);

	from = (uint64_t)&INSN_TPR;
	__asm__ volatile("lodsl" : "+S"(from), "+a"(rax) : : "memory");
	guest_equal("LODS", rax, 0x3b);
	count = 0;
	from = (uint64_t)&INSN_TPR;
	__asm__ volatile("rep lodsl"
			 : "+S"(from), "+a"(rax), "+c"(count)
			 :
			 : "memory");
	guest_equal("REP LODS of none: RSI", from, (uint64_t)&INSN_TPR);

	/* The I/O APIC's window reads the same register over and over. */
	IOAPIC_SELECT = INSN_PIN;
	IOAPIC_WINDOW = INSN_MASKED | 0x33;
	from = (uint64_t)&IOAPIC_WINDOW;
	to = (uint64_t)buffer;
	__asm__ volatile("std; movsl; cld" : "+S"(from), "+D"(to) : : "memory");
	guest_equal("MOVS downwards: value", buffer[0], INSN_MASKED | 0x33);
	guest_equal("MOVS downwards: RSI", from, (uint64_t)&IOAPIC_WINDOW - 4);

	from = (uint64_t)&INSN_TPR;
	to = (uint64_t)buffer;
	count = 4;
	if (guest_on_tcg()) {
		guest_skip("REP MOVS", "TCG shows registers in all 16 bytes");
		return;
	}
	__asm__ volatile("rep movsl"
			 : "+S"(from), "+D"(to), "+c"(count)
			 :
			 : "memory");
	guest_check(buffer[0] == 0x3b && !buffer[1] && !buffer[2] &&
			    !buffer[3] && buffer[4] == 0x5a5a5a5a,
		    "REP MOVS of a 16-byte block", "0x%x 0x%x 0x%x 0x%x",
		    buffer[0], buffer[1], buffer[2], buffer[3]);
	guest_equal("REP MOVS: RCX", count, 0);
}

static void insn_narrow(void)
{
	INSN_LOADS("MOVZX r32, m8", "movzbl %1, %%eax", 0x84, ~0ull, 0x84);
	INSN_LOADS("MOVZX r32, m16", "movzwl %1, %%eax", 0x84, ~0ull, 0x84);
	INSN_LOADS("MOVSX r64, m8", "movsbq %1, %%rax", 0x84, 0,
		   0xffffffffffffff84);
	INSN_LOADS("MOVSX r32, m16", "movswl %1, %%eax", 0x84, ~0ull, 0x84);
	INSN_LOADS("MOV r8, m8", "movb %1, %%al", 0x84, 0x1100, 0x1184);
	INSN_LOADS("MOV r16, m16", "movw %1, %%ax", 0x84, 0x110000, 0x110084);
	INSN_LOADS("OR r8, m8", "orb %1, %%al", 0x84, 0x03, 0x87);
	INSN_FLAGS("TEST m8, imm8", "testb $0x80, %1", 0x80, FLAG_ZF | FLAG_SF,
		   FLAG_SF);
	INSN_FLAGS("CMP m8, imm8", "cmpb $0x80, %1", 0x80, FLAG_ZF, FLAG_ZF);
	INSN_LDR = 0xa5000000;
	guest_equal("byte 3 of a register",
		    *(volatile uint8_t *)(APIC_BASE + APIC_LDR + 3), 0xa5);
	INSN_CHANGES("MOV m8, imm8", "movb $0x47, %0", 0x12, 0x47);
	INSN_CHANGES("MOV m16, imm16", "movw $0x0058, %0", 0x12, 0x58);
	INSN_CHANGES("OR m8, imm8", "orb $0x01, %0", 0x12, 0x13);
	INSN_CHANGES("SETC m8", "stc; setc %0", 0x12, 0x01);
	*(volatile uint8_t *)(APIC_BASE + APIC_LDR + 3) = 0x5a;
	guest_equal("byte 3 written", INSN_LDR, 0x5a000000);
}

static void insn_wide(void)
{
	uint64_t value;

	INSN_LOADS("MOV r64, m64", "movq %1, %%rax", 0x35, ~0ull, 0x35);
	__asm__ volatile("pushq %1; popq %0"
			 : "=r"(value)
			 : "m"(INSN_TPR)
			 : "memory");
	guest_equal("PUSH m64", value, 0x35);
	__asm__ volatile("pushq $0x46; popq %0" : "=m"(INSN_TPR) : : "memory");
	guest_equal("POP m64", INSN_TPR, 0x46);
	INSN_CHANGES("MOV m64, r64", "mov $0x57, %%eax; movq %%rax, %0", 0,
		     0x57);
	INSN_TPR = 0x68;
	value = *(volatile uint32_t *)(APIC_BASE + APIC_TPR + 4);
	guest_equal("bytes 4-7 of a register", value, 0);
	*(volatile uint32_t *)(APIC_BASE + APIC_TPR + 4) = 0x11;
	guest_equal("bytes 4-7 written: no effect", INSN_TPR, 0x68);
}

static void insn_ioapic(void)
{
	IOAPIC_SELECT = INSN_PIN;
	guest_equal("I/O APIC select", IOAPIC_SELECT & 0xff, INSN_PIN);
	IOAPIC_WINDOW = INSN_MASKED | 0x44;
	guest_equal("I/O APIC window", IOAPIC_WINDOW, INSN_MASKED | 0x44);
	__asm__ volatile("orl $0x8000, %0" : "+m"(IOAPIC_WINDOW));
	guest_equal("I/O APIC: OR m32, imm32", IOAPIC_WINDOW,
		    INSN_MASKED | 0x8044);
	__asm__ volatile("andl $~0x8000, %0" : "+m"(IOAPIC_WINDOW));
	guest_equal("I/O APIC: AND m32, imm32", IOAPIC_WINDOW,
		    INSN_MASKED | 0x44);
	IOAPIC_SELECT = 1;
	guest_equal("I/O APIC: pins", (IOAPIC_WINDOW >> 16 & 0xff) + 1, 24);
	/* The select register by a byte, as some do. */
	*(volatile uint8_t *)&IOAPIC_SELECT = INSN_PIN;
	guest_equal("I/O APIC: MOV m8", IOAPIC_WINDOW, INSN_MASKED | 0x44);
	IOAPIC_WINDOW = INSN_MASKED;
}

/* The trap flag: one #DB after the instruction, emulated or not. */
static void insn_single_step(void)
{
	uint64_t tpr = 0;

	INSN_TPR = 0x35;
	__asm__ volatile("lea 1f(%%rip), %%r11; movq $-1, %%gs:16;"
			 "mov %%r11, %%gs:8;"
			 "pushf; orl $0x100, (%%rsp); popf;"
			 "mov %1, %%eax;" /* TF traps behind this one */
			 "mov $0xbad, %%eax;"
			 "1: movq $0, %%gs:8"
			 : "+a"(tpr)
			 : "m"(INSN_TPR)
			 : "r11", "memory", "cc");
	guest_equal("TF: #DB", (uint64_t)cpu_this()->trapped, TRAP_DB);
	guest_equal("TF: right behind the instruction", tpr, 0x35);
}

void guest_main(void)
{
	insn_moves();
	insn_alu();
	insn_strings();
	insn_ioapic();
	insn_single_step();
	if (guest_on_tcg()) {
		guest_skip("narrow and wide",
			   "QEMU's TCG gives 0 for what the SDM leaves open");
		return;
	}
	insn_narrow();
	insn_wide();
	INSN_TPR = 0;
}
