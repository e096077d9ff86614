/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of vmx/exit_cr.c over a VMCS that is an array: what CR0.PG brings with
 * it, the PDPTEs of PAE paging above all, and what #GPs.
 */
#include "hv/hw/cr_bits.h"
#include "tools/test/unit/test_exit.h"
#include "vmx/exit.h"
#include "vmx/inject.h"
#include "vmx/machine.h"
#include "vmx/setup.h"

#define TABLE	     0x5000ull
#define CR0_ON	     (CR0_PG | CR0_PE)
#define MOV_CR0_EAX  0
#define MOV_CR4_EAX  4
#define MOV_CR8_EAX  8
#define MOV_EAX_CR8  0x18
#define LMSW(source) ((uint64_t)(source) << 16 | 3 << 4)

static unsigned flushes, ends;

/* ---- what is not linked ---- */

void setup_flush_linear(const struct vcpu *vcpu)
{
	(void)vcpu;
	flushes++;
}

enum exit_result machine_end(struct vcpu *vcpu, enum machine_end how,
			     uint32_t code, const char *text)
{
	(void)vcpu;
	(void)how;
	(void)code;
	(void)text;
	ends++;
	return EXIT_STOP;
}

uint64_t machine_mmio_read(struct vcpu *vcpu, gpa_t address, unsigned size)
{
	(void)vcpu;
	(void)address;
	(void)size;
	fail_msg("a table is no device");
	return 0;
}

void machine_mmio_write(struct vcpu *vcpu, gpa_t address, unsigned size,
			uint64_t value)
{
	(void)machine_mmio_read(vcpu, address, size);
	(void)value;
}

void machine_code_written(struct vcpu *vcpu)
{
	(void)vcpu;
	fail_msg("nothing is written");
}

/* ---- */

static int setup(void **state)
{
	(void)state;
	power_up();
	v.cr4_allowed = CR4_PAE | CR4_MCE;
	flushes = ends = 0;
	vmx_write(VMCS_GUEST_CR0, CR0_PE | CR0_ET);
	vmx_write(VMCS_GUEST_CR3, TABLE);
	vmx_write(VMCS_GUEST_CR4, CR4_PAE | CR4_MCE);
	vmx_write(VMCS_CR4_READ_SHADOW, CR4_PAE);
	vmx_write(VMCS_GUEST_IA32_EFER, 0);
	vmx_write(VMCS_VM_ENTRY_CONTROLS, 0);
	vmx_write(VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc09b);
	vmx_write(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, 0);
	for (unsigned i = 0; i < 4; i++)
		vmx_write(VMCS_GUEST_PDPTE0 + 2 * i, 0x1111);
	return 0;
}

static enum exit_result access_cr(uint64_t qualification, uint64_t rax)
{
	v.gpr[GPR_RAX] = rax;
	vmx_write(VMCS_EXIT_QUALIFICATION, qualification);
	return exit_control_register(&v);
}

static void is_gp(enum exit_result result)
{
	assert_int_equal(result, EXIT_RESUME);
	assert_int_equal(vmx_read(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION) &
				 0x7ff,
			 INTERRUPTION_HARDWARE_EXCEPTION | VECTOR_GP);
	vmx_write(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, 0);
}

static void put_pdptes(uint64_t address, const uint64_t pdpte[4])
{
	memcpy(window_fake + address, pdpte, 32);
}

static void test_pdptes(void **state)
{
	static const uint64_t good[4] = {0x1001, 0, 0x123456e00e, 0x2019};
	static const uint64_t reserved[] = {1 << 1,	1 << 2,	   1 << 5,
					    1 << 6,	1 << 7,	   1 << 8,
					    1ull << 40, 1ull << 63};

	(void)state;
	put_pdptes(TABLE, good);
	assert_int_equal(access_cr(MOV_CR0_EAX, CR0_ON), EXIT_NEXT_INSN);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(vmx_read(VMCS_GUEST_PDPTE0 + 2 * i), good[i]);
	assert_int_equal(flushes, 1);
	assert_true(vmx_read(VMCS_GUEST_CR0) & CR0_PG);
	for (unsigned i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		uint64_t bad[4] = {1, 1, 1, 1 | reserved[i]};

		setup(NULL);
		put_pdptes(TABLE, bad);
		is_gp(access_cr(MOV_CR0_EAX, CR0_ON));
		/* Nothing was changed. */
		assert_int_equal(vmx_read(VMCS_GUEST_PDPTE0), 0x1111);
		assert_false(vmx_read(VMCS_GUEST_CR0) & CR0_PG);
		/* Without "present" the bit does not matter. */
		bad[3] &= ~1ull;
		put_pdptes(TABLE, bad);
		assert_int_equal(access_cr(MOV_CR0_EAX, CR0_ON),
				 EXIT_NEXT_INSN);
	}
}

/* The APIC's page over RAM, and a hole: all ones, so reserved bits. */
static void test_pdptes_outside_ram(void **state)
{
	(void)state;
	v.vlapic.base_msr = TABLE | APIC_BASE_EN | APIC_BASE_BSP;
	is_gp(access_cr(MOV_CR0_EAX, CR0_ON));
	/* RAM again, once the APIC is elsewhere. */
	v.vlapic.base_msr = 0x7000 | APIC_BASE_EN | APIC_BASE_BSP;
	assert_int_equal(access_cr(MOV_CR0_EAX, CR0_ON), EXIT_NEXT_INSN);
	setup(NULL);
	vmx_write(VMCS_GUEST_CR3, 0xd0000000);
	is_gp(access_cr(MOV_CR0_EAX, CR0_ON));
}

static void test_long_mode(void **state)
{
	(void)state;
	vmx_write(VMCS_GUEST_IA32_EFER, EFER_LME);
	assert_int_equal(access_cr(MOV_CR0_EAX, CR0_ON), EXIT_NEXT_INSN);
	assert_true(vmx_read(VMCS_GUEST_IA32_EFER) & EFER_LMA);
	assert_int_equal(vmx_read(VMCS_GUEST_PDPTE0), 0x1111);
	assert_int_equal(access_cr(MOV_CR0_EAX, CR0_PE), EXIT_NEXT_INSN);
	assert_false(vmx_read(VMCS_GUEST_IA32_EFER) & EFER_LMA);
	vmx_write(VMCS_GUEST_CR4, 0);
	is_gp(access_cr(MOV_CR0_EAX, CR0_ON));
}

/* The shadow alone changes; the processor does the rest. */
static void test_mce(void **state)
{
	(void)state;
	assert_int_equal(access_cr(MOV_CR4_EAX, CR4_MCE), EXIT_RESUME);
	assert_int_equal(vmx_read(VMCS_CR4_READ_SHADOW), CR4_PAE | CR4_MCE);
	assert_int_equal(access_cr(MOV_CR4_EAX, 0), EXIT_RESUME);
	assert_int_equal(vmx_read(VMCS_CR4_READ_SHADOW), CR4_PAE);
	assert_int_equal(vmx_read(VMCS_GUEST_CR4), CR4_PAE | CR4_MCE);
	is_gp(access_cr(MOV_CR4_EAX, CR4_MCE | CR4_VMXE));
	assert_int_equal(vmx_read(VMCS_CR4_READ_SHADOW), CR4_PAE);
	assert_int_equal(ends, 0);
}

static void test_faults(void **state)
{
	(void)state;
	is_gp(access_cr(MOV_CR0_EAX, CR0_PG));
	is_gp(access_cr(MOV_CR0_EAX, CR0_PE | CR0_NW));
	is_gp(access_cr(MOV_CR0_EAX, 1ull << 32 | CR0_PE));
	is_gp(access_cr(MOV_CR4_EAX, CR4_VMXE));
	is_gp(access_cr(MOV_CR8_EAX, 16));
	assert_int_equal(access_cr(MOV_CR8_EAX, 15), EXIT_NEXT_INSN);
	assert_int_equal(access_cr(MOV_EAX_CR8, 0), EXIT_NEXT_INSN);
	assert_int_equal(v.gpr[GPR_RAX], 15);
	/* LMSW does not clear PE. */
	assert_int_equal(access_cr(LMSW(CR0_TS), 0), EXIT_NEXT_INSN);
	assert_int_equal(vmx_read(VMCS_CR0_READ_SHADOW),
			 CR0_ET | CR0_PE | CR0_TS);
	assert_int_equal(ends, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_pdptes, setup),
		cmocka_unit_test_setup(test_pdptes_outside_ram, setup),
		cmocka_unit_test_setup(test_long_mode, setup),
		cmocka_unit_test_setup(test_mce, setup),
		cmocka_unit_test_setup(test_faults, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
