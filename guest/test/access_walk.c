/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetches and page walks that meet what is not memory: the local APIC's page
 * (also where it lies over RAM), devices and holes.  They read all ones, so a
 * fetch is #UD and a page walk a #PF for a reserved bit, on every tier.  The
 * same in the middle of event delivery.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define P	    1ull
#define W	    2ull
#define HOLE	    0xd0000000ul
#define IOAPIC	    0xfec00000ul
#define WINDOW	    (1ul << 39)
#define PAGE(n)	    (WINDOW + (n)*4096ul)
#define PF_RESERVED 9u /* present, reserved bit */
#define PF_WRITE    2u
#define VECTOR	    0x41

extern uint64_t page_tables[]; /* lib/start.asm: the PML4 */

static uint64_t walk_pdpt[512] __attribute__((aligned(4096)));
static uint64_t walk_pd[512] __attribute__((aligned(4096)));
static uint64_t walk_pt[512] __attribute__((aligned(4096)));
static uint64_t walk_page[3][512] __attribute__((aligned(4096)));

/* ---- attempts ---- */

static void walk_flush(void)
{
	uint64_t cr3;

	__asm__ volatile("mov %%cr3, %0; mov %0, %%cr3"
			 : "=r"(cr3)
			 :
			 : "memory");
}

/* Page n of the window; the tables above it are as they should be. */
static void walk_map(unsigned n, uint64_t entry)
{
	page_tables[1] = (uint64_t)walk_pdpt | P | W;
	walk_pdpt[0] = (uint64_t)walk_pd | P | W;
	walk_pd[0] = (uint64_t)walk_pt | P | W;
	walk_pt[n] = entry;
	walk_flush();
}

#define TRY(code, ...)                                                     \
	__asm__ volatile("lea 9f(%%rip), %%r11;"                           \
			 "movq $-1, %%gs:16;"                              \
			 "mov %%r11, %%gs:8;"                              \
			 "mov %%rsp, %%r12;" code "; 9: mov %%r12, %%rsp;" \
			 "movq $0, %%gs:8"                                 \
			 :                                                 \
			 : __VA_ARGS__                                     \
			 : "rax", "r11", "r12", "memory", "cc")

static uint64_t walk_cr2(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

/* The last attempt: a #PF with that error code at that address? */
static void walk_faulted(const char *name, uint32_t error, uint64_t address)
{
	struct cpu *c = cpu_this();

	guest_check(c->trapped == TRAP_PF && c->trapped_error == error &&
			    walk_cr2() == address,
		    name, "vector %d, error %lx, CR2 %lx, should be %x at %lx",
		    (int)c->trapped, c->trapped_error, walk_cr2(), error,
		    address);
	c->trapped = GUEST_NO_TRAP;
}

/* ---- fetches ---- */

static void walk_fetch(const char *name, uint64_t address)
{
	TRY("call *%0", "r"(address));
	guest_equal(name, (uint64_t)cpu_this()->trapped, TRAP_UD);
}

/* MOV EAX, imm32 with its immediate beyond RAM, where #UD is next. */
static void walk_fetch_across(const char *name, uint64_t beyond)
{
	uint8_t *code = (uint8_t *)walk_page[0] + 4095;
	uint64_t rax = 0;

	*code = 0xb8;
	walk_map(0, (uint64_t)walk_page[0] | P | W);
	walk_map(1, beyond | P | W);
	TRY("call *%0; 1:", "r"(PAGE(1) - 1));
	__asm__ volatile("mov %%rax, %0" : "=r"(rax));
	guest_check(cpu_this()->trapped == TRAP_UD, name, "vector %d",
		    (int)cpu_this()->trapped);
}

static void walk_fetches(void)
{
	walk_fetch("fetch from the APIC's page", APIC_BASE + APIC_ICR);
	walk_fetch("fetch from a hole", HOLE);
	walk_fetch("fetch from the I/O APIC", IOAPIC);
	walk_fetch_across("fetch across into the APIC's page", APIC_BASE);
	walk_fetch_across("fetch across into a hole", HOLE);
}

/* ---- walks ---- */

/* Accesses to the window while a table of it is not memory. */
static void walk_accesses(const char *name, uint64_t address)
{
	TRY("mov (%0), %%eax", "r"(address));
	walk_faulted(name, PF_RESERVED, address);
	TRY("movl $0, (%0)", "r"(address));
	walk_faulted("  a write", PF_RESERVED | PF_WRITE, address);
	TRY("movups (%0), %%xmm0", "r"(address));
	walk_faulted("  SSE", PF_RESERVED, address);
	TRY("call *%0", "r"(address));
	walk_faulted("  a fetch", PF_RESERVED, address);
	TRY("lldt (%0)", "r"(address));
	walk_faulted("  an instruction that is not emulated", PF_RESERVED,
		     address);
	TRY("push $7; mov (%0), %%eax; pop %%rax", "r"(address));
	walk_faulted("  after PUSH", PF_RESERVED, address);
	TRY("mov %0, %%rsp; push $7", "r"(address));
	walk_faulted("  PUSH", PF_RESERVED | PF_WRITE, address - 8);
	TRY("mov %0, %%rsi; mov %1, %%rdi; movsl", "r"(address),
	    "r"(walk_page[2]));
	walk_faulted("  MOVS", PF_RESERVED, address);
}

static void walk_tables_at(uint64_t table)
{
	print("tables at 0x%lx\n", table);
	walk_map(0, (uint64_t)walk_page[0] | P | W);
	walk_pd[0] = table | P | W;
	walk_flush();
	walk_accesses("PT", PAGE(0) + 0x120);
	walk_map(0, (uint64_t)walk_page[0] | P | W);
	walk_pdpt[0] = table | P | W;
	walk_flush();
	walk_accesses("PD", PAGE(0) + 0x120);
	walk_map(0, (uint64_t)walk_page[0] | P | W);
	page_tables[1] = table | P | W;
	walk_flush();
	walk_accesses("PDPT", PAGE(0) + 0x120);
	walk_map(0, (uint64_t)walk_page[0] | P | W);
	TRY("mov (%0), %%eax", "r"(PAGE(0)));
	guest_equal("the tables in RAM again", (uint64_t)cpu_this()->trapped,
		    (uint64_t)GUEST_NO_TRAP);
}

/* The APIC's page over a table that is good and in use. */
static void walk_relocated(void)
{
	uint64_t old = insn_rdmsr(APIC_BASE_MSR);

	walk_map(0, (uint64_t)walk_page[0] | P | W);
	walk_page[0][1] = 0x1234;
	TRY("mov 8(%0), %%rax", "r"(PAGE(0)));
	guest_equal("before", (uint64_t)cpu_this()->trapped,
		    (uint64_t)GUEST_NO_TRAP);
	insn_wrmsr(APIC_BASE_MSR, (uint64_t)walk_pt | (old & 0xfff));
	walk_flush();
	TRY("mov 8(%0), %%rax", "r"(PAGE(0)));
	walk_faulted("the APIC's page moved over a PT", PF_RESERVED,
		     PAGE(0) + 8);
	TRY("call *%0", "r"(walk_pt));
	guest_equal("  fetch from it", (uint64_t)cpu_this()->trapped, TRAP_UD);
	insn_wrmsr(APIC_BASE_MSR, old);
	walk_flush();
	TRY("mov 8(%0), %%rax", "r"(PAGE(0)));
	guest_equal("  and back", (uint64_t)cpu_this()->trapped,
		    (uint64_t)GUEST_NO_TRAP);
	guest_equal("  with the RAM as it was", walk_pt[0] & ~0x60ull,
		    (uint64_t)walk_page[0] | P | W);
}

/* A fault on the second page comes before the first one is written. */
static void walk_split(void)
{
	volatile uint32_t *last = (volatile uint32_t *)(PAGE(0) + 4092);

	walk_map(0, 0xff000000 | P | W); /* the test device's memory */
	walk_map(1, 0);
	*last = 0x600df00d;
	if (*last != 0x600df00d) {
		guest_skip("across pages", "no test device");
		return;
	}
	TRY("movq $0, (%0)", "r"(last));
	walk_faulted("a write across into an absent page", PF_WRITE, PAGE(1));
	guest_equal("  leaves the first alone", *last, 0x600df00d);
	walk_map(1, APIC_BASE | P | W);
	TRY("movl $0x11223344, (%0)", "r"(PAGE(1) - 2));
	guest_equal("a write across into the APIC's page",
		    (uint64_t)*last << 8 | (uint8_t)cpu_this()->trapped,
		    0x3344f00dull << 8 | 0xff);
}

/* ---- event delivery ---- */

struct walk_gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, reserved;
};

struct walk_table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* Below EDGE the window is RAM, its page table above EDGE is none. */
#define EDGE	 (WINDOW + (2ul << 20))
#define TSS	 0x20 /* its selector */
#define FAR_CODE 0x40 /* a copy of the code segment */

static uint8_t walk_stack[4096] __attribute__((aligned(16)));
static struct walk_gate walk_idt[GUEST_VECTORS] __attribute__((aligned(16)));
static uint64_t walk_gdt[16];
static uint64_t walk_tss[16];
static uint64_t walk_frame_rip;

static void walk_load_idt(uint64_t base)
{
	struct walk_table table = {.limit = 4095, .base = base};

	__asm__ volatile("lidt %0" : : "m"(table));
}

static void walk_load_gdt(uint64_t base)
{
	struct walk_table table = {.limit = 0x7f, .base = base};

	__asm__ volatile("lgdt %0" : : "m"(table));
}

static void walk_load_tss(uint64_t base)
{
	walk_gdt[TSS / 8] = 0x67 | (base & 0xffffff) << 16 | 0x89ull << 40 |
			    (base >> 24 & 0xff) << 56;
	walk_gdt[TSS / 8 + 1] = base >> 32;
	__asm__ volatile("ltr %w0" : : "r"(TSS) : "memory");
}

/* #PF and #DF take a stack of their own, so that they can be told. */
static void walk_tables(void)
{
	struct walk_table table;

	__asm__ volatile("sidt %0" : "=m"(table));
	memcpy(walk_idt, (void *)table.base, sizeof(walk_idt));
	walk_idt[TRAP_PF].ist = 1;
	walk_idt[TRAP_DF].ist = 1;
	walk_load_idt((uint64_t)walk_idt);
	__asm__ volatile("sgdt %0" : "=m"(table));
	memcpy(walk_gdt, (void *)table.base, TSS);
	walk_gdt[FAR_CODE / 8] = walk_gdt[1];
	walk_load_gdt((uint64_t)walk_gdt);
	*(uint64_t *)((uint64_t)walk_tss + 0x24) =
		(uint64_t)walk_stack + sizeof(walk_stack);
	walk_load_tss((uint64_t)walk_tss);
}

static void walk_on_trap(struct trap_frame *f)
{
	struct cpu *c = cpu_this();

	walk_frame_rip = f->rip;
	c->trapped = (int64_t)f->vector;
	c->trapped_error = f->error;
	f->rip = c->fixup;
	c->fixup = 0;
}

static uint64_t walk_nmis; /* taken while the #PF handler ran */

/* An NMI whose delivery failed blocks NMIs as if it had been delivered. */
static void walk_on_trap_and_nmi(struct trap_frame *f)
{
	uint64_t before = cpu_this()->count[TRAP_NMI];

	apic_send(cpus[0].apic_id, APIC_ICR_NMI | APIC_ICR_ASSERT);
	insn_pause();
	walk_nmis = cpu_this()->count[TRAP_NMI] - before;
	f->rsp = f->r12; /* it comes right after IRET */
	walk_on_trap(f);
}

#define STACK (EDGE + 0x808)

static void walk_stacks(void)
{
	uint64_t pushed = (STACK & ~15ul) - 8;
	uint32_t error = PF_RESERVED | PF_WRITE;

	TRY("mov %0, %%rsp; int $0x41", "r"(STACK));
	walk_faulted("INT n", error, pushed);
	guest_equal("  RIP at the instruction", *(uint8_t *)walk_frame_rip,
		    0xcd);
	TRY("mov %0, %%rsp; ud2", "r"(STACK));
	walk_faulted("#UD", error, pushed);
	TRY("mov %0, %%rsp; int3", "r"(STACK));
	walk_faulted("INT3", error, pushed);
	TRY("mov %0, %%rsp; mov %w1, %%fs", "r"(STACK), "r"(0x70ul));
	walk_faulted("#GP", error, pushed);
	apic_send(0, APIC_ICR_SELF | VECTOR);
	TRY("mov %0, %%rsp; sti; nop; nop", "r"(STACK));
	insn_cli();
	walk_faulted("external interrupt", error, pushed);
	guest_equal("  in service", (uint64_t)apic_bit(APIC_ISR, VECTOR), 1);
	apic_eoi();
	guest_equal("  not twice",
		    (uint64_t)apic_bit(APIC_ISR, VECTOR) +
			    (uint64_t)apic_bit(APIC_IRR, VECTOR),
		    0);
	trap_handle(TRAP_PF, walk_on_trap_and_nmi);
	TRY("mov %0, %%rsp; movl %1, (%2); nop", "r"(STACK),
	    "i"(APIC_ICR_NMI | APIC_ICR_ASSERT), "r"(APIC_BASE + APIC_ICR));
	trap_handle(TRAP_PF, walk_on_trap);
	walk_faulted("NMI", error, pushed);
	guest_equal("  blocks the next one", walk_nmis, 0);
	guest_equal("  which comes then", cpu_this()->count[TRAP_NMI], 1);
	walk_idt[TRAP_PF].ist = 0;
	TRY("mov %0, %%rsp; mov -8(%%rsp), %%eax", "r"(STACK));
	walk_idt[TRAP_PF].ist = 1;
	guest_check(cpu_this()->trapped == TRAP_DF, "#PF", "vector %d",
		    (int)cpu_this()->trapped);
}

static void walk_structures(void)
{
	uint64_t idt = EDGE - 32 * sizeof(walk_idt[0]);
	uint64_t gdt = EDGE - FAR_CODE, tss = EDGE - 0x34;

	memcpy((void *)idt, walk_idt, 32 * sizeof(walk_idt[0]));
	walk_load_idt(idt);
	TRY("int $0x41", "r"(0));
	walk_faulted("IDT", PF_RESERVED, idt + VECTOR * sizeof(walk_idt[0]));
	walk_load_idt((uint64_t)walk_idt);

	memcpy((void *)gdt, walk_gdt, FAR_CODE);
	walk_load_gdt(gdt);
	walk_idt[VECTOR].selector = FAR_CODE;
	TRY("int $0x41", "r"(0));
	walk_faulted("GDT", PF_RESERVED, EDGE);
	walk_idt[VECTOR].selector = 8;
	walk_load_gdt((uint64_t)walk_gdt);

	memcpy((void *)tss, walk_tss, 0x34);
	walk_load_tss(tss);
	walk_idt[VECTOR].ist = 3;
	TRY("int $0x41", "r"(0));
	walk_faulted("TSS", PF_RESERVED, EDGE);
	walk_idt[VECTOR].ist = 0;
	walk_load_tss((uint64_t)walk_tss);
}

static void walk_events_at(uint64_t table)
{
	print("event delivery, tables at 0x%lx\n", table);
	walk_map(511, (uint64_t)walk_page[2] | P | W);
	walk_pd[1] = table | P | W;
	walk_flush();
	cpu_this()->count[TRAP_NMI] = 0;
	walk_stacks();
	walk_structures();
	TRY("int $0x41", "r"(0));
	guest_equal("all in RAM again", (uint64_t)cpu_this()->trapped,
		    (uint64_t)GUEST_NO_TRAP);
	apic_eoi();
}

void guest_main(void)
{
	trap_write_cr4(insn_read_cr4() | 3u << 9);
	walk_tables(); /* first: a #PF may find no stack */
	walk_fetches();
	walk_tables_at(APIC_BASE);
	walk_tables_at(HOLE);
	walk_tables_at(IOAPIC);
	walk_relocated();
	walk_split();
	trap_handle(TRAP_PF, walk_on_trap);
	trap_handle(TRAP_DF, walk_on_trap);
	walk_events_at(APIC_BASE);
	walk_events_at(HOLE);
}
