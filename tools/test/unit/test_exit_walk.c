/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of vmx/exit_mem.c and vmx/delivery.c: fetches from the APIC's page, page
 * tables in it, and events whose delivery ends there.
 */
#include "tools/test/unit/test_exit_mem.h"

#define PF_EVENT    (INTERRUPTION_VALID | INTERRUPTION_HARDWARE_EXCEPTION | 14)
#define NMI_EVENT   (INTERRUPTION_VALID | INTERRUPTION_NMI | VECTOR_NMI)
#define RESERVED_PF 9u

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_fetch, setup),
		cmocka_unit_test_setup(test_walk, setup),
		cmocka_unit_test_setup(test_walk_relocated, setup),
		cmocka_unit_test_setup(test_pdptes, setup),
		cmocka_unit_test_setup(test_delivery_walk, setup),
		cmocka_unit_test_setup(test_delivery_combines, setup),
		cmocka_unit_test_setup(test_delivery_of_nmi, setup),
		cmocka_unit_test_setup(test_delivery_linear, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
