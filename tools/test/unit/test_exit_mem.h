/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of vmx/exit_mem.c share: a guest in 64-bit mode whose VM-exit
 * instruction length is poison, the two exits, and what is not linked.
 */
#ifndef TEST_EXIT_MEM_H
#define TEST_EXIT_MEM_H

#include "hv/hw/cr.h"
#include "hv/hw/xmm.h"
#include "tools/test/unit/test_exit.h"
#include "vmx/debug.h"
#include "vmx/exit.h"
#include "vmx/inject.h"
#include "vmx/machine.h"

#define APIC   0xfee00000ull
#define CODE   0x1000ull
#define HIDDEN 0x9000ull
#define PML4   0x10000ull
#define PDPT   0x11000ull
#define PD     0x12000ull
#define PT     0x13000ull
#define IDT    0x14000ull
#define GDT    0x15000ull
#define TSS    0x16000ull
#define HIGH   (1ull << 39) /* what PML4[1] maps */
#define TPR    0x80
#define EVENT  (INTERRUPTION_VALID | 0x41)

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
	power_up();
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

#endif
