/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of vmx/exit_mem.c and vmx/delivery.c over a VMCS that is an array and
 * in which the VM-exit instruction length is poison: every type of
 * APIC-access exit, and the EPT violations that mean the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/cr.h"
#include "hv/hw/xmm.h"
#include "mm/window.h"
#include "vmx/apicv.h"
#include "vmx/apicv_timer.h"
#include "vmx/debug.h"
#include "vmx/exit.h"
#include "vmx/inject.h"
#include "vmx/insn.h"
#include "vmx/machine.h"

#define APIC	    0xfee00000ull
#define HOLE	    0xd0000000ull
#define CODE	    0x1000ull
#define HIDDEN	    0x9000ull
#define PML4	    0x10000ull
#define PDPT	    0x11000ull
#define PD	    0x12000ull
#define PT	    0x13000ull
#define IDT	    0x14000ull
#define GDT	    0x15000ull
#define TSS	    0x16000ull
#define HIGH	    (1ull << 39) /* what PML4[1] maps */
#define TPR	    0x80
#define EVENT	    (INTERRUPTION_VALID | 0x41)
#define PF_EVENT    (INTERRUPTION_VALID | INTERRUPTION_HARDWARE_EXCEPTION | 14)
#define NMI_EVENT   (INTERRUPTION_VALID | INTERRUPTION_NMI | VECTOR_NMI)
#define RESERVED_PF 9u

static const struct guest_mem memory = {
	.bank = {{.size_bytes = WINDOW_FAKE_BYTES}},
	.bank_count = 1,
};

static struct vcpu v;
static uint8_t apic_page[4096] __attribute__((aligned(4096)));
static enum machine_end ended;
static char ended_text[160];
static unsigned completed, mmio_reads, code_written;

/* ---- what exit_mem.c needs of the others ---- */

void vmx_exit_complete(uint64_t rip, uint64_t rflags)
{
	(void)rflags;
	completed++;
	vmx_write(VMCS_GUEST_RIP, rip);
}

enum exit_result apicv_effect(struct vcpu *vcpu, struct vlapic_effect effect,
			      enum exit_result success)
{
	(void)vcpu;
	(void)effect;
	return success;
}

void apicv_timer_unpost(struct vcpu *vcpu)
{
	(void)vcpu;
}

enum exit_result machine_end(struct vcpu *vcpu, enum machine_end how,
			     uint32_t code, const char *text)
{
	(void)code;
	vcpu->state = VCPU_SHUTDOWN;
	ended = how;
	strncpy(ended_text, text ? text : "", sizeof(ended_text) - 1);
	return EXIT_STOP;
}

bool vmx_debug_open(struct vcpu *vcpu, gpa_t address)
{
	(void)vcpu;
	return address.value == HIDDEN;
}

void machine_code_written(struct vcpu *vcpu)
{
	(void)vcpu;
	code_written++;
}

uint64_t machine_mmio_read(struct vcpu *vcpu, gpa_t address, unsigned size)
{
	(void)vcpu;
	(void)address;
	(void)size;
	mmio_reads++;
	return ~0ull;
}

void machine_mmio_write(struct vcpu *vcpu, gpa_t address, unsigned size,
			uint64_t value)
{
	(void)vcpu;
	(void)address;
	(void)size;
	(void)value;
}

void xmm_read(unsigned number, uint8_t *bytes)
{
	(void)number;
	memset(bytes, 0, 16);
}

void xmm_write(unsigned number, const uint8_t *bytes)
{
	(void)number;
	(void)bytes;
}

/* ---- the guest ---- */

static void put64(uint64_t address, uint64_t value)
{
	memcpy(window_fake + address, &value, sizeof(value));
}

/* 64-bit mode; the first 2 MiB map to themselves, HIGH through PT to RAM. */
static int setup(void **state)
{
	(void)state;
	fake_vmx_reset();
	memset(window_fake, 0, sizeof(window_fake));
	memset(&v, 0, sizeof(v));
	vlapic_init(&v.vlapic, apic_page, &v.pi, 0, true);
	v.apic_page = apic_page;
	v.memory = &memory;
	v.phys_bits = 40;
	ended_text[0] = 0;
	ended = MACHINE_POWEROFF;
	completed = mmio_reads = code_written = 0;
	fake_cr2 = 0;
	vmx_write(VMCS_GUEST_CR0, CR0_PE | CR0_PG | CR0_WP);
	vmx_write(VMCS_GUEST_CR3, PML4);
	vmx_write(VMCS_GUEST_CR4, CR4_PAE);
	vmx_write(VMCS_GUEST_IA32_EFER, EFER_LME | EFER_LMA);
	vmx_write(VMCS_GUEST_CS_ACCESS_RIGHTS, 0xa09b);
	vmx_write(VMCS_GUEST_SS_ACCESS_RIGHTS, 0xc093);
	vmx_write(VMCS_GUEST_RIP, CODE);
	vmx_write(VMCS_GUEST_RSP, 0x8000);
	vmx_write(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_RF);
	vmx_write(VMCS_GUEST_IDTR_BASE, IDT);
	vmx_write(VMCS_GUEST_GDTR_BASE, GDT);
	vmx_write(VMCS_GUEST_TR_BASE, TSS);
	put64(PML4, PDPT | 3);
	put64(PDPT, 0x83);		     /* 1 GiB */
	put64(PDPT + 24, 3ull << 30 | 0x83); /* the one of the APIC */
	put64(PML4 + 8, 0x17000 | 3);
	put64(0x17000, PD | 3);
	put64(PD, PT | 3);
	put64(PT, 0x18000 | 3);
	put64(IDT + 16 * 0x41, 8ull << 16 | 0x8eull << 40);
	put64(GDT + 8, 0x00af9b000000ffff);
	return 0;
}

static void code(const char *bytes, unsigned size)
{
	memcpy(window_fake + CODE, bytes, size);
}
#define CODE_IS(bytes) code(bytes, sizeof(bytes) - 1)

static enum exit_result apic_access(unsigned type, unsigned offset)
{
	vmx_write(VMCS_EXIT_QUALIFICATION, type << 12 | offset);
	inject_again(&v);
	return exit_apic_access(&v);
}

/* bits of the qualification: 1 read, 2 write, 4 fetch, 80H linear address
 * valid, 100H it is the final access */
static enum exit_result ept(uint64_t bits, uint64_t linear, uint64_t physical)
{
	vmx_write(VMCS_EXIT_QUALIFICATION, bits);
	vmx_write(VMCS_GUEST_LINEAR_ADDRESS, linear);
	vmx_write(VMCS_GUEST_PHYSICAL_ADDRESS, physical);
	inject_again(&v);
	return exit_ept_violation(&v);
}

static void queued(uint32_t type, uint8_t vector)
{
	assert_int_equal(vmx_read(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION) &
				 ~INTERRUPTION_ERROR_CODE,
			 INTERRUPTION_VALID | type | vector);
}

static void page_fault(uint64_t address, uint32_t error_code)
{
	queued(INTERRUPTION_HARDWARE_EXCEPTION, VECTOR_PF);
	assert_int_equal(vmx_read(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE),
			 error_code);
	assert_int_equal(fake_cr2, address);
}

/* ---- data ---- */

#define LOAD_TPR  "\x8b\x04\x25\x80\x00\xe0\xfe" /* MOV EAX, [TPR] */
#define STORE_TPR "\x89\x04\x25\x80\x00\xe0\xfe"

static void test_both_ways(void **state)
{
	(void)state;
	CODE_IS(STORE_TPR);
	v.gpr[GPR_RAX] = 0x35;
	assert_int_equal(apic_access(1, TPR), EXIT_RESUME);
	assert_int_equal(vmx_read(VMCS_GUEST_RIP), CODE + 7);
	assert_int_equal(apic_page[TPR], 0x35);
	CODE_IS(LOAD_TPR);
	vmx_write(VMCS_GUEST_RIP, CODE);
	v.gpr[GPR_RAX] = ~0ull;
	/* That address sign-extends: it is FFFFFFFFFEE00080H. */
	assert_int_equal(apic_access(0, TPR), EXIT_RESUME);
	assert_int_equal(v.gpr[GPR_RAX], 0x35);
	vmx_write(VMCS_GUEST_RIP, CODE);
	v.gpr[GPR_RAX] = ~0ull;
	assert_int_equal(ept(0x181, 0xfffffffffee00080, APIC + TPR),
			 EXIT_RESUME);
	assert_int_equal(v.gpr[GPR_RAX], 0x35);
	assert_int_equal(vmx_read(VMCS_GUEST_RIP), CODE + 7);
	assert_int_equal(completed, 3);
	assert_false(vmx_read(VMCS_GUEST_RFLAGS) & RFLAGS_RF);
}

/* The second time the instruction is known already, with the same result. */
static void test_again(void **state)
{
	static const struct {
		const char *bytes;
		unsigned size, type;
	} row[] = {
		{LOAD_TPR, 7, 0},
		{STORE_TPR, 7, 1},
		{"\xc7\x04\x25\x80\x00\xe0\xfe\x20\x00\x00\x00", 11, 1},
		{"\x41\x8b\x07", 3, 0}, /* MOV EAX, [R15] */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint64_t rax[3];
		uint8_t tpr[3];

		code(row[i].bytes, row[i].size);
		for (unsigned k = 0; k < 3; k++) {
			apic_page[TPR] = 0x66;
			v.gpr[GPR_RAX] = ~0x44ull;
			v.gpr[15] = 0xfffffffffee00000 + TPR;
			vmx_write(VMCS_GUEST_RIP, CODE);
			vmx_write(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_RF);
			if (k == 2)
				ept(0x180 | 1u << row[i].type, v.gpr[15],
				    APIC + TPR);
			else
				apic_access(row[i].type, TPR);
			rax[k] = v.gpr[GPR_RAX];
			tpr[k] = apic_page[TPR];
			assert_int_equal(vmx_read(VMCS_GUEST_RIP),
					 CODE + row[i].size);
			assert_int_equal(vmx_read(VMCS_GUEST_RFLAGS),
					 RFLAGS_FIXED);
		}
		assert_int_equal(rax[0], rax[1]);
		assert_int_equal(rax[0], rax[2]);
		assert_int_equal(tpr[0], tpr[1]);
		assert_int_equal(tpr[0], tpr[2]);
	}
}

/* An instruction that is known by its length alone: its bytes are told, also
 * the second time. */
static void test_again_not_executed(void **state)
{
	(void)state;
	CODE_IS("\xdd\x00"); /* FLD m64 */
	v.gpr[GPR_RAX] = APIC + TPR;
	for (unsigned i = 0; i < 2; i++) {
		v.state = VCPU_RUNNING;
		ended_text[0] = 0;
		assert_int_equal(apic_access(0, TPR), EXIT_STOP);
		assert_non_null(strstr(ended_text, "instruction dd 00"));
	}
}

/* Other rights, or no page: the fault that a fetch has, though it is known. */
static void test_again_but_a_fault(void **state)
{
	(void)state;
	CODE_IS(LOAD_TPR);
	apic_access(0, TPR);
	vmx_write(VMCS_GUEST_RIP, CODE);
	vmx_write(VMCS_GUEST_SS_ACCESS_RIGHTS, 0xc0f3);
	assert_int_equal(apic_access(0, TPR), EXIT_RESUME);
	page_fault(CODE, 5);
	vmx_write(VMCS_GUEST_SS_ACCESS_RIGHTS, 0xc093);
	apic_access(0, TPR);
	vmx_write(VMCS_GUEST_RIP, CODE);
	put64(PDPT, 0);
	assert_int_equal(apic_access(0, TPR), EXIT_RESUME);
	page_fault(CODE, 0);
}

/* The hint is for the operand at that offset alone. */
static void test_hint_is_not_for_another(void **state)
{
	(void)state;
	CODE_IS("\xff\x35\x7a\x00\x00\x00"); /* PUSH [RIP + 7AH]: 1080H */
	put64(CODE + TPR, 0x1122334455667788);
	v.gpr[GPR_RSP] = 0x8000;
	vmx_write(VMCS_GUEST_RSP, 0x8088); /* 8080H has the same offset */
	assert_int_equal(apic_access(1, TPR), EXIT_RESUME);
	assert_int_equal(apic_page[TPR], 0);
	assert_int_equal(window_fake[0x8080], 0x88);
}

/* Pages that are for fetches alone are opened: nothing is executed here, what was
 * to be delivered is so again. */
static void test_hidden(void **state)
{
	(void)state;
	CODE_IS(LOAD_TPR);
	v.debug.hiding = true;
	assert_int_equal(ept(0x181, HIDDEN, HIDDEN), EXIT_RESUME);
	assert_int_equal(ept(0x83, HIGH, HIDDEN), EXIT_RESUME); /* a walk */
	vmx_write(VMCS_IDT_VECTORING_INFORMATION, EVENT);
	assert_int_equal(ept(0x181, HIDDEN, HIDDEN), EXIT_RESUME);
	queued(INTERRUPTION_EXTERNAL, 0x41);
	assert_int_equal(vmx_read(VMCS_GUEST_RIP), CODE);
	assert_int_equal(completed, 0);
	/* IRET that had unblocked NMIs when its stack turned out hidden. */
	vmx_write(VMCS_IDT_VECTORING_INFORMATION, 0);
	assert_int_equal(ept(0x1181, HIDDEN, HIDDEN), EXIT_RESUME);
	assert_true(vmx_read(VMCS_GUEST_INTERRUPTIBILITY_STATE) &
		    INTERRUPTIBILITY_NMI);
	/* Any other RAM, or when nothing is hidden. */
	assert_int_equal(ept(0x181, HIDDEN, HIDDEN + 0x1000), EXIT_STOP);
	v.debug.hiding = false;
	v.state = VCPU_RUNNING;
	assert_int_equal(ept(0x181, HIDDEN, HIDDEN), EXIT_STOP);
}

/* What the emulator writes to RAM is told. */
static void test_code_written(void **state)
{
	(void)state;
	CODE_IS("\xa5"); /* MOVSD */
	v.gpr[GPR_RSI] = APIC + TPR;
	v.gpr[GPR_RDI] = 0x7000;
	assert_int_equal(apic_access(0, TPR), EXIT_RESUME);
	assert_int_equal(code_written, 0);
	vmx_write(VMCS_GUEST_RIP, CODE);
	v.gpr[GPR_RSI] = APIC + TPR;
	v.debug.hiding = true;
	assert_int_equal(apic_access(0, TPR), EXIT_RESUME);
	assert_int_equal(code_written, 1);
}

static void test_unknown_types_stop(void **state)
{
	(void)state;
	CODE_IS(LOAD_TPR);
	for (unsigned type = 5; type < 15; type++) {
		if (type == 10 || type == 11)
			continue;
		v.state = VCPU_RUNNING;
		assert_int_equal(apic_access(type, TPR), EXIT_STOP);
		assert_int_equal(ended, MACHINE_UNHANDLED);
	}
	v.state = VCPU_RUNNING;
	assert_int_equal(apic_access(0x10, TPR), EXIT_STOP); /* asynchronous */
	assert_non_null(strstr(ended_text, "by no instruction"));
}

static void test_not_decoded(void **state)
{
	(void)state;
	CODE_IS("\xdd\x00"); /* FLD m64 */
	v.gpr[GPR_RAX] = APIC + TPR;
	assert_int_equal(apic_access(0, TPR), EXIT_STOP);
	assert_non_null(strstr(ended_text, "instruction dd 00"));
}

static void test_monitor(void **state)
{
	(void)state;
	CODE_IS("\x0f\x01\xc8");
	for (unsigned type = 4; type <= 11; type += 7) {
		assert_int_equal(apic_access(type, TPR), EXIT_RESUME);
		queued(INTERRUPTION_HARDWARE_EXCEPTION, VECTOR_UD);
	}
}

static void test_string_goes_on(void **state)
{
	(void)state;
	CODE_IS("\xf3\xaa"); /* REP STOSB to a hole */
	v.gpr[GPR_RDI] = APIC + 0x1000;
	v.gpr[GPR_RCX] = EMULATE_REP_LIMIT + 1;
	assert_int_equal(ept(0x182, APIC + 0x1000, APIC + 0x1000), EXIT_RESUME);
	assert_int_equal(vmx_read(VMCS_GUEST_RIP), CODE);
	assert_int_equal(v.gpr[GPR_RCX], 1);
	assert_true(vmx_read(VMCS_GUEST_RFLAGS) & RFLAGS_RF);
	vmx_write(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_TF);
	v.gpr[GPR_RCX] = 3;
	assert_int_equal(ept(0x182, APIC + 0x1000, APIC + 0x1000), EXIT_RESUME);
	assert_int_equal(v.gpr[GPR_RCX], 2);
}

/* ---- fetches and walks ---- */

static void test_fetch(void **state)
{
	(void)state;
	vmx_write(VMCS_GUEST_RIP, APIC + TPR);
	assert_int_equal(apic_access(2, TPR), EXIT_RESUME);
	queued(INTERRUPTION_HARDWARE_EXCEPTION, VECTOR_UD);
	vmx_write(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, 0);
	assert_int_equal(ept(0x184, APIC + TPR, APIC + TPR), EXIT_RESUME);
	queued(INTERRUPTION_HARDWARE_EXCEPTION, VECTOR_UD);
	assert_int_equal(mmio_reads, 0);
}

/* A page table in the APIC's page: both exits lead to the same fault. */
static void test_walk(void **state)
{
	static const struct {
		const char *bytes;
		unsigned size;
		uint32_t error_code;
	} row[] = {
		{"\x8b\x00", 2, RESERVED_PF},	  /* MOV EAX, [RAX] */
		{"\x89\x00", 2, RESERVED_PF | 2}, /* MOV [RAX], EAX */
		{"\x0f\x00\x10", 3, RESERVED_PF}, /* LLDT [RAX] */
	};

	(void)state;
	put64(PD, APIC | 3);
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		code(row[i].bytes, row[i].size);
		v.gpr[GPR_RAX] = HIGH + 0x123;
		assert_int_equal(apic_access(15, 0), EXIT_RESUME);
		page_fault(HIGH + 0x123, row[i].error_code);
		fake_cr2 = 0;
		/* With EPT accessed flags walks count as writes too. */
		assert_int_equal(ept(0x83, HIGH + 0x123, APIC), EXIT_RESUME);
		page_fault(HIGH + 0x123, row[i].error_code);
	}
	vmx_write(VMCS_GUEST_RIP, HIGH + 0x10);
	assert_int_equal(apic_access(15, 0), EXIT_RESUME);
	page_fault(HIGH + 0x10, RESERVED_PF);
	assert_int_equal(vmx_read(VMCS_GUEST_RIP), HIGH + 0x10);
	assert_int_equal(completed, 0);
}

/* The APIC's page over the page table itself, which is RAM. */
static void test_walk_relocated(void **state)
{
	(void)state;
	CODE_IS("\x8b\x00");
	v.gpr[GPR_RAX] = HIGH;
	v.vlapic.base_msr = PT | 0x900;
	assert_int_equal(apic_access(15, 0), EXIT_RESUME);
	page_fault(HIGH, RESERVED_PF);
	assert_false(window_fake[PT] & 0x20); /* not accessed */
}

static void test_pdptes(void **state)
{
	(void)state;
	CODE_IS("\x0f\x22\xd8"); /* MOV CR3, EAX */
	vmx_write(VMCS_GUEST_IA32_EFER, 0);
	vmx_write(VMCS_GUEST_CR0, CR0_PE);
	vmx_write(VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc09b);
	assert_int_equal(apic_access(15, 0), EXIT_RESUME);
	queued(INTERRUPTION_HARDWARE_EXCEPTION, VECTOR_GP);
	vmx_write(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, 0);
	assert_int_equal(ept(3, 0, APIC), EXIT_RESUME);
	queued(INTERRUPTION_HARDWARE_EXCEPTION, VECTOR_GP);
}

/* ---- event delivery ---- */

/* Type 10 and the EPT violation, with information as vectoring information. */
static void delivery(uint32_t information, uint64_t where, uint32_t error)
{
	for (unsigned way = 0; way < 2; way++) {
		fake_cr2 = 0;
		vmx_write(VMCS_IDT_VECTORING_INFORMATION, information);
		assert_int_equal(way ? ept(0x83, where, APIC)
				     : apic_access(10, 0),
				 EXIT_RESUME);
		page_fault(where, error);
	}
}

static void test_delivery_walk(void **state)
{
	(void)state;
	put64(PD, APIC | 3);
	vmx_write(VMCS_GUEST_RSP, HIGH + 0x108);
	delivery(EVENT, HIGH + 0xf8, RESERVED_PF | 2);
	vmx_write(VMCS_GUEST_RSP, 0x8000);
	vmx_write(VMCS_GUEST_IDTR_BASE, HIGH);
	delivery(EVENT, HIGH + 16 * 0x41, RESERVED_PF);
	vmx_write(VMCS_GUEST_IDTR_BASE, IDT);
	vmx_write(VMCS_GUEST_GDTR_BASE, HIGH);
	delivery(EVENT, HIGH + 8, RESERVED_PF);
	vmx_write(VMCS_GUEST_GDTR_BASE, GDT);
	put64(IDT + 16 * 0x41, 8ull << 16 | 2ull << 32 | 0x8eull << 40);
	vmx_write(VMCS_GUEST_TR_BASE, HIGH);
	delivery(EVENT, HIGH + 0x2c, RESERVED_PF);
	/* From user mode: RSP0. */
	put64(IDT + 16 * 0x41, 8ull << 16 | 0x8eull << 40);
	vmx_write(VMCS_GUEST_SS_ACCESS_RIGHTS, 0xc0f3);
	delivery(EVENT, HIGH + 4, RESERVED_PF);
	vmx_write(VMCS_GUEST_TR_BASE, TSS);
	put64(TSS + 4, HIGH + 0x208);
	delivery(EVENT, HIGH + 0x1f8, RESERVED_PF | 2);
}

static void test_delivery_combines(void **state)
{
	(void)state;
	put64(PD, APIC | 3);
	put64(IDT + 16 * 14, 8ull << 16 | 0x8eull << 40);
	vmx_write(VMCS_GUEST_RSP, HIGH + 0x108);
	vmx_write(VMCS_IDT_VECTORING_INFORMATION, PF_EVENT);
	assert_int_equal(apic_access(10, 0), EXIT_RESUME);
	queued(INTERRUPTION_HARDWARE_EXCEPTION, VECTOR_DF);
	vmx_write(VMCS_IDT_VECTORING_INFORMATION,
		  INTERRUPTION_VALID | INTERRUPTION_HARDWARE_EXCEPTION |
			  VECTOR_DF);
	put64(IDT + 16 * 8, 8ull << 16 | 0x8eull << 40);
	assert_int_equal(apic_access(10, 0), EXIT_STOP);
	assert_int_equal(ended, MACHINE_TRIPLE_FAULT);
}

static void test_delivery_of_nmi(void **state)
{
	(void)state;
	put64(PD, APIC | 3);
	put64(IDT + 16 * 2, 8ull << 16 | 0x8eull << 40);
	vmx_write(VMCS_GUEST_RSP, HIGH + 0x108);
	delivery(NMI_EVENT, HIGH + 0xf8, RESERVED_PF | 2);
	assert_true(vmx_read(VMCS_GUEST_INTERRUPTIBILITY_STATE) &
		    INTERRUPTIBILITY_NMI);
}

static void test_delivery_linear(void **state)
{
	(void)state;
	vmx_write(VMCS_IDT_VECTORING_INFORMATION, EVENT);
	assert_int_equal(apic_access(3, 0x380), EXIT_STOP);
	assert_non_null(strstr(ended_text, "delivery of vector 65"));
	v.state = VCPU_RUNNING;
	assert_int_equal(ept(0x182, APIC, APIC), EXIT_STOP);
	assert_non_null(strstr(ended_text, "delivery of vector 65"));
	/* A walk that fails no more, or outside of 64-bit mode. */
	v.state = VCPU_RUNNING;
	assert_int_equal(apic_access(10, 0), EXIT_STOP);
	assert_non_null(strstr(ended_text, "page table"));
}

/* ---- NMI unblocking by an IRET that was cut off ---- */

static void test_nmi_unblocking(void **state)
{
	(void)state;
	CODE_IS(LOAD_TPR);
	ept(0x1181, 0xfffffffffee00080, APIC + TPR);
	assert_true(vmx_read(VMCS_GUEST_INTERRUPTIBILITY_STATE) &
		    INTERRUPTIBILITY_NMI);
	vmx_write(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
	vmx_write(VMCS_GUEST_RIP, CODE);
	ept(0x181, 0xfffffffffee00080, APIC + TPR);
	assert_false(vmx_read(VMCS_GUEST_INTERRUPTIBILITY_STATE));
	/* The bit says nothing then. */
	vmx_write(VMCS_IDT_VECTORING_INFORMATION, EVENT);
	ept(0x1182, APIC, APIC);
	assert_false(vmx_read(VMCS_GUEST_INTERRUPTIBILITY_STATE));
}

static void test_ram_must_not_violate(void **state)
{
	(void)state;
	CODE_IS("\x8b\x00");
	assert_int_equal(ept(0x181, 0x5000, 0x5000), EXIT_STOP);
	assert_non_null(strstr(ended_text, "in RAM at 5000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_both_ways, setup),
		cmocka_unit_test_setup(test_again, setup),
		cmocka_unit_test_setup(test_again_not_executed, setup),
		cmocka_unit_test_setup(test_again_but_a_fault, setup),
		cmocka_unit_test_setup(test_hint_is_not_for_another, setup),
		cmocka_unit_test_setup(test_hidden, setup),
		cmocka_unit_test_setup(test_code_written, setup),
		cmocka_unit_test_setup(test_unknown_types_stop, setup),
		cmocka_unit_test_setup(test_not_decoded, setup),
		cmocka_unit_test_setup(test_monitor, setup),
		cmocka_unit_test_setup(test_string_goes_on, setup),
		cmocka_unit_test_setup(test_fetch, setup),
		cmocka_unit_test_setup(test_walk, setup),
		cmocka_unit_test_setup(test_walk_relocated, setup),
		cmocka_unit_test_setup(test_pdptes, setup),
		cmocka_unit_test_setup(test_delivery_walk, setup),
		cmocka_unit_test_setup(test_delivery_combines, setup),
		cmocka_unit_test_setup(test_delivery_of_nmi, setup),
		cmocka_unit_test_setup(test_delivery_linear, setup),
		cmocka_unit_test_setup(test_nmi_unblocking, setup),
		cmocka_unit_test_setup(test_ram_must_not_violate, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
