/* SPDX-License-Identifier: BSD-2-Clause */
/* The IDT, what happens on a trap, and instructions that may trap. */
#include "guest/test/lib/trap.h"

#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"

#define TRAP_EXCEPTIONS 32
#define TRAP_STUB_BYTES 16
#define TRAP_CODE_CS	0x08
#define TRAP_GATE	0x8e00 /* present, interrupt gate, DPL 0 */
#define TRAP_UNEXPECTED 0xee   /* exit code */
#define TRAP_FLAG_TF	(1ull << 8)
#define TRAP_CODE_MAX	15

struct trap_gate {
	uint16_t offset_low, selector, type, offset_mid;
	uint32_t offset_high, reserved;
};

struct trap_idtr {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

extern const uint8_t trap_stubs[];

static struct trap_gate trap_idt[GUEST_VECTORS];
static void (*volatile trap_handlers[GUEST_VECTORS])(struct trap_frame *);

void trap_init(void)
{
	for (unsigned v = 0; v < GUEST_VECTORS; v++) {
		uint64_t stub = (uint64_t)trap_stubs + v * TRAP_STUB_BYTES;

		trap_idt[v] = (struct trap_gate){
			.offset_low = (uint16_t)stub,
			.selector = TRAP_CODE_CS,
			.type = TRAP_GATE,
			.offset_mid = (uint16_t)(stub >> 16),
			.offset_high = (uint32_t)(stub >> 32),
		};
	}
}

void trap_load(void)
{
	struct trap_idtr idtr = {
		.limit = sizeof(trap_idt) - 1,
		.base = (uint64_t)trap_idt,
	};

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

void trap_handle(unsigned vector, void (*handler)(struct trap_frame *))
{
	trap_handlers[vector] = handler;
}

static void trap_unexpected(const struct trap_frame *f)
{
	uint64_t cr2;

	__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
	print("FAIL trap: unexpected vector %lu, error 0x%lx, RIP 0x%lx, CR2 "
	      "0x%lx\n",
	      f->vector, f->error, f->rip, cr2);
	guest_exit(TRAP_UNEXPECTED);
}

/* Called by the stubs in start.asm. */
void trap(struct trap_frame *f);
void trap(struct trap_frame *f)
{
	struct cpu *c = cpu_this();
	unsigned vector = (unsigned)f->vector;

	c->count[vector]++;
	c->last_vector = vector;
	if (trap_handlers[vector]) {
		trap_handlers[vector](f);
	} else if (vector < TRAP_EXCEPTIONS && vector != TRAP_NMI) {
		if (!c->fixup)
			trap_unexpected(f);
		c->trapped = vector;
		c->trapped_error = f->error;
		f->rip = c->fixup;
		f->rflags &= ~TRAP_FLAG_TF;
		c->fixup = 0;
	} else if (vector != TRAP_NMI && vector != APIC_SPURIOUS_VECTOR) {
		apic_eoi();
	}
}

/* Around an instruction: where to go on if it traps. */
#define TRAP_BEGIN                 \
	"lea 1f(%%rip), %%r11\n\t" \
	"movq $-1, %%gs:16\n\t"    \
	"mov %%r11, %%gs:8\n\t"
#define TRAP_END "\n1:\tmovq $0, %%gs:8"

int trap_rdmsr(uint32_t msr, uint64_t *value)
{
	uint32_t low = 0, high = 0;

	__asm__ volatile(TRAP_BEGIN "rdmsr" TRAP_END
			 : "+a"(low), "+d"(high)
			 : "c"(msr)
			 : "r11", "memory");
	*value = (uint64_t)high << 32 | low;
	return (int)cpu_this()->trapped;
}

int trap_wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile(TRAP_BEGIN "wrmsr" TRAP_END
			 :
			 : "c"(msr), "a"((uint32_t)value),
			   "d"((uint32_t)(value >> 32))
			 : "r11", "memory");
	return (int)cpu_this()->trapped;
}

int trap_write_cr0(uint64_t value)
{
	__asm__ volatile(TRAP_BEGIN "mov %0, %%cr0" TRAP_END
			 :
			 : "r"(value)
			 : "r11", "memory");
	return (int)cpu_this()->trapped;
}

int trap_write_cr4(uint64_t value)
{
	__asm__ volatile(TRAP_BEGIN "mov %0, %%cr4" TRAP_END
			 :
			 : "r"(value)
			 : "r11", "memory");
	return (int)cpu_this()->trapped;
}

int trap_write_cr8(uint64_t value)
{
	__asm__ volatile(TRAP_BEGIN "mov %0, %%cr8" TRAP_END
			 :
			 : "r"(value)
			 : "r11", "memory");
	return (int)cpu_this()->trapped;
}

int trap_run(const uint8_t *code, size_t size)
{
	static uint8_t buffer[TRAP_CODE_MAX + 1];

	if (size > TRAP_CODE_MAX)
		size = TRAP_CODE_MAX;
	memcpy(buffer, code, size);
	buffer[size] = 0xc3; /* RET */
	/* After a trap the return address is still on the stack. */
	__asm__ volatile(TRAP_BEGIN "mov %%rsp, %%r12\n\t"
				    "xor %%eax, %%eax\n\t"
				    "call *%0" TRAP_END "\n\t"
				    "mov %%r12, %%rsp"
			 :
			 : "r"(buffer)
			 : "rax", "rcx", "rdx", "r11", "r12", "memory", "cc");
	return (int)cpu_this()->trapped;
}
