/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that a hypervisor can spoil: RDTSCP, RDPID, INVPCID, XSETBV,
 * XSAVES, WBINVD, INVD, MONITOR and MWAIT.  What CPUID shows works as the SDM
 * says, what it does not show is #UD.  With "hidden" on the command line
 * nothing of it is shown (cpuid.hide = rdtscp,rdpid,invpcid,xsave).
 * Source: SDM volume 2, the instructions' pages.
 */
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define TSC_AUX	       0xc0000103u
#define XSS	       0xda0u
#define MISC_ENABLE    0x1a0u
#define MISC_MONITOR   (1ull << 18)

#define CR4_SSE	       (3ull << 9)
#define CR4_OSXSAVE    (1ull << 18)

#define ECX_MONITOR    (1u << 3)
#define ECX_XSAVE      (1u << 26)
#define ECX_OSXSAVE    (1u << 27)
#define ECX_7_RDPID    (1u << 22)
#define EBX_7_INVPCID  (1u << 10)
#define EAX_D1_XSAVES  (1u << 3)
#define EDX_EXT_RDTSCP (1u << 27)

#define XCR0_X87       1u
#define XCR0_SSE       2u
#define XCR0_AVX       4u
#define LEGACY_BYTES   576 /* XSAVE's area without any extension */
#define COMPACT	       (1ull << 63)

struct code {
	const char *name;
	int trap;
	uint8_t size, byte[12];
};

static struct {
	uint64_t pcid, address;
} descriptor __attribute__((aligned(16)));

static struct {
	uint8_t legacy[512];
	uint64_t xstate_bv, xcomp_bv;
	uint8_t rest[4096];
} area __attribute__((aligned(64)));

static void run(const struct code *code, size_t count)
{
	for (size_t i = 0; i < count; i++)
		guest_equal(code[i].name,
			    (uint64_t)trap_run(code[i].byte, code[i].size),
			    (uint64_t)code[i].trap);
}

#define RUN(code) run(code, sizeof(code) / sizeof((code)[0]))

/* instruction [operand], with RAX = type. */
static int run_at(uint8_t type, const uint8_t *insn, size_t size,
		  const void *operand)
{
	uint8_t code[15] = {0x31, 0xd2, 0xb0, type}; /* XOR EDX; MOV AL */
	uint32_t address = (uint32_t)(uintptr_t)operand;

	memcpy(code + 4, insn, size);
	memcpy(code + 4 + size, &address, sizeof(address));
	return trap_run(code, 4 + size + sizeof(address));
}

static void caches(void)
{
	static const struct code code[] = {
		{"WBINVD", GUEST_NO_TRAP, 2, {0x0f, 0x09}},
		{"WBNOINVD", GUEST_NO_TRAP, 3, {0xf3, 0x0f, 0x09}},
		{"INVD", GUEST_NO_TRAP, 2, {0x0f, 0x08}},
	};
	static volatile uint64_t written;

	written = 0x0123456789abcdef;
	RUN(code);
	guest_equal("what was written before INVD", written,
		    0x0123456789abcdef);
}

static void monitor(void)
{
	static const struct code code[] = {
		{"MONITOR", TRAP_UD, 3, {0x0f, 0x01, 0xc8}},
		{"MWAIT", TRAP_UD, 3, {0x0f, 0x01, 0xc9}},
	};
	struct insn_cpuid leaf = insn_cpuid(5, 0);

	guest_equal("CPUID shows MONITOR", insn_cpuid(1, 0).ecx & ECX_MONITOR,
		    0);
	guest_equal("its leaf", leaf.eax | leaf.ebx | leaf.ecx | leaf.edx, 0);
	guest_equal("IA32_MISC_ENABLE[18]",
		    insn_rdmsr(MISC_ENABLE) & MISC_MONITOR, 0);
	RUN(code);
}

static void rdtscp(bool hidden)
{
	static const uint8_t code[] = {0x0f, 0x01, 0xf9};
	uint64_t before = insn_rdtsc();
	uint32_t low, high, aux;

	guest_equal("CPUID shows RDTSCP",
		    !(insn_cpuid(0x80000001, 0).edx & EDX_EXT_RDTSCP), hidden);
	if (hidden) {
		guest_equal("RDTSCP", (uint64_t)trap_run(code, sizeof(code)),
			    TRAP_UD);
		return;
	}
	insn_wrmsr(TSC_AUX, 0x12345678);
	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux));
	guest_equal("RDTSCP: IA32_TSC_AUX", aux, 0x12345678);
	guest_check(((uint64_t)high << 32 | low) >= before &&
			    ((uint64_t)high << 32 | low) <= insn_rdtsc(),
		    "RDTSCP: the TSC", "0x%x%08x", high, low);
}

static void rdpid(void)
{
	static const uint8_t code[] = {0xf3, 0x0f, 0xc7, 0xf8};
	uint64_t id;

	if (!(insn_cpuid(7, 0).ecx & ECX_7_RDPID)) {
		guest_equal("RDPID", (uint64_t)trap_run(code, sizeof(code)),
			    TRAP_UD);
		return;
	}
	__asm__ volatile(".byte 0xf3, 0x0f, 0xc7, 0xf8" : "=a"(id));
	guest_equal("RDPID", id, 0x12345678);
}

static void invpcid(void)
{
	static const uint8_t insn[] = {0x66, 0x0f, 0x38, 0x82, 0x04, 0x25};
	static const struct {
		uint64_t pcid;
		uint8_t type;
		int trap;
	} row[] = {
		{0, 0, GUEST_NO_TRAP}, {0, 1, GUEST_NO_TRAP},
		{0, 2, GUEST_NO_TRAP}, {0, 3, GUEST_NO_TRAP},
		{0, 4, TRAP_GP},       {1, 1, TRAP_GP}, /* CR4.PCIDE is 0 */
		{1 << 12, 2, TRAP_GP},
	};
	bool shown = insn_cpuid(7, 0).ebx & EBX_7_INVPCID;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		int trap;

		descriptor.pcid = row[i].pcid;
		trap = run_at(row[i].type, insn, sizeof(insn), &descriptor);
		guest_check(trap == (shown ? row[i].trap : TRAP_UD), "INVPCID",
			    "type %d, PCID 0x%lx: vector %d", row[i].type,
			    row[i].pcid, trap);
	}
}

/* XCR0 := mask, of which the low byte may be set. */
static int xsetbv(uint8_t mask)
{
	uint8_t code[] = {0x31, 0xc9, 0x31, 0xd2, 0xb0, mask, 0x0f, 0x01, 0xd1};

	return trap_run(code, sizeof(code));
}

static uint32_t xgetbv(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

static void xcr0(void)
{
	static const struct code wrong[] = {
		{"XSETBV of XCR1",
		 TRAP_GP,
		 11,
		 {0x31, 0xd2, 0x31, 0xc9, 0xff, 0xc1, 0xb0, 1, 0x0f, 0x01,
		  0xd1}},
		{"XSETBV of the high half",
		 TRAP_GP,
		 11,
		 {0x31, 0xc9, 0x31, 0xd2, 0xff, 0xca, 0xb0, 3, 0x0f, 0x01,
		  0xd1}},
	};
	uint32_t allowed = insn_cpuid(0xd, 0).eax;

	guest_equal("XCR0 in the beginning", xgetbv(), XCR0_X87);
	RUN(wrong);
	guest_equal("XCR0 without x87", (uint64_t)xsetbv(XCR0_SSE), TRAP_GP);
	guest_equal("XCR0 := nothing", (uint64_t)xsetbv(0), TRAP_GP);
	guest_equal("AVX without SSE", (uint64_t)xsetbv(XCR0_X87 | XCR0_AVX),
		    TRAP_GP);
	guest_equal("XCR0 as before", xgetbv(), XCR0_X87);
	guest_equal("x87 and SSE", (uint64_t)xsetbv(XCR0_X87 | XCR0_SSE),
		    (uint64_t)GUEST_NO_TRAP);
	guest_equal("XCR0 then", xgetbv(), XCR0_X87 | XCR0_SSE);
	guest_equal("the size of that", insn_cpuid(0xd, 0).ebx, LEGACY_BYTES);
	if (!(allowed & XCR0_AVX)) {
		guest_equal("AVX", (uint64_t)xsetbv(7), TRAP_GP);
		return;
	}
	guest_equal("AVX", (uint64_t)xsetbv(7), (uint64_t)GUEST_NO_TRAP);
	guest_equal("the size with AVX", insn_cpuid(0xd, 0).ebx,
		    LEGACY_BYTES + insn_cpuid(0xd, 2).eax);
}

static void xsaves(void)
{
	static const uint8_t save[] = {0x0f, 0xc7, 0x2c, 0x25};
	static const uint8_t restore[] = {0x0f, 0xc7, 0x1c, 0x25};
	bool shown = insn_cpuid(0xd, 1).eax & EAX_D1_XSAVES;
	uint64_t value = 0x1122334455667788, back = 0;
	int saved, restored;

	__asm__ volatile("movq %0, %%xmm0" : : "r"(value));
	saved = run_at(XCR0_SSE, save, sizeof(save), &area);
	__asm__ volatile("pxor %%xmm0, %%xmm0" : :);
	restored = run_at(XCR0_SSE, restore, sizeof(restore), &area);
	__asm__ volatile("movq %%xmm0, %0" : "=r"(back));
	guest_equal("XSAVES", (uint64_t)saved,
		    (uint64_t)(shown ? GUEST_NO_TRAP : TRAP_UD));
	guest_equal("XRSTORS", (uint64_t)restored,
		    (uint64_t)(shown ? GUEST_NO_TRAP : TRAP_UD));
	guest_equal("IA32_XSS := 1", (uint64_t)trap_wrmsr(XSS, 1), TRAP_GP);
	guest_equal("IA32_XSS := 0", (uint64_t)trap_wrmsr(XSS, 0),
		    (uint64_t)(shown ? GUEST_NO_TRAP : TRAP_GP));
	if (!shown)
		return;
	guest_equal("XMM0 after XRSTORS", back, value);
	guest_equal("XCOMP_BV", area.xcomp_bv, COMPACT | XCR0_SSE);
}

static void extended_state(bool hidden)
{
	uint64_t cr4 = insn_read_cr4();

	guest_equal("CPUID shows XSAVE", !(insn_cpuid(1, 0).ecx & ECX_XSAVE),
		    hidden);
	guest_equal("XSETBV without CR4.OSXSAVE", (uint64_t)xsetbv(1), TRAP_UD);
	guest_equal("CR4.OSXSAVE",
		    (uint64_t)trap_write_cr4(cr4 | CR4_OSXSAVE | CR4_SSE),
		    (uint64_t)(hidden ? TRAP_GP : GUEST_NO_TRAP));
	guest_equal("CPUID.1:ECX.OSXSAVE",
		    !(insn_cpuid(1, 0).ecx & ECX_OSXSAVE), hidden);
	if (hidden) {
		guest_equal("IA32_XSS := 0", (uint64_t)trap_wrmsr(XSS, 0),
			    TRAP_GP);
		return;
	}
	xcr0();
	xsaves();
}

void guest_main(void)
{
	bool hidden = guest_has_word("hidden");

	caches();
	monitor();
	rdtscp(hidden);
	rdpid();
	guest_equal("CPUID shows INVPCID",
		    !(insn_cpuid(7, 0).ebx & EBX_7_INVPCID), hidden);
	invpcid();
	extended_state(hidden);
}
