/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx/text/guest_text.c: a vCPU's modes, registers and exits in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/cr.h"
#include "vmx/text/guest_text.h"
#include "vmx/insn.h"

static char buffer[6000];
static _Alignas(4096) uint8_t page[4096];
static struct vcpu vcpu;
static struct guest_state s;

static int begin(void **state)
{
	(void)state;
	fake_vmx_reset();
	memset(&vcpu, 0, sizeof(vcpu));
	memset(page, 0, sizeof(page));
	exit_reason_ring_reset(&vcpu.history);
	vcpu.vlapic.page = page;
	return 0;
}

static const char *mode(void)
{
	struct text t;

	text_begin(&t, buffer, sizeof(buffer));
	guest_text_take(&vcpu, &s);
	guest_text_mode(&t, &s);
	return buffer;
}

static const char *last_exit(void)
{
	struct text t;

	text_begin(&t, buffer, sizeof(buffer));
	guest_text_take(&vcpu, &s);
	guest_text_exit(&t, &s);
	return buffer;
}

/* As the guest has it, but for CR0.NE and CR4.VMXE, which are ours. */
static void put_mode(uint64_t cr0, uint64_t cr4, uint64_t efer, uint32_t cs)
{
	vmx_write(VMCS_GUEST_CR0, cr0 | CR0_NE);
	vmx_write(VMCS_CR0_GUEST_HOST_MASK, CR0_NE);
	vmx_write(VMCS_CR0_READ_SHADOW, cr0 & CR0_NE);
	vmx_write(VMCS_GUEST_CR4, cr4 | CR4_VMXE);
	vmx_write(VMCS_CR4_GUEST_HOST_MASK, CR4_VMXE);
	vmx_write(VMCS_GUEST_IA32_EFER, efer);
	vmx_write(VMCS_GUEST_CS_ACCESS_RIGHTS, cs);
}

static void modes(void **state)
{
	const uint64_t pe_pg = CR0_PE | CR0_PG;

	(void)state;
	put_mode(0, 0, 0, 0x9b);
	assert_string_equal(mode(), "running, real-address mode, no paging");
	put_mode(CR0_PE, 0, 0, 0xc09b);
	assert_string_equal(
		mode(), "running, protected mode, 32-bit, CPL 0, no paging");
	put_mode(pe_pg, 0, 0, 0x9b);
	assert_string_equal(mode(), "running, protected mode, 16-bit, CPL 0, "
				    "32-bit paging");
	put_mode(pe_pg, CR4_PAE, 0, 0xc09b);
	vmx_write(VMCS_GUEST_SS_ACCESS_RIGHTS, 0xf3);
	assert_string_equal(
		mode(), "running, protected mode, 32-bit, CPL 3, PAE paging");
	put_mode(pe_pg, CR4_PAE, EFER_LMA, 0xc09b);
	vcpu.state = VCPU_HALTED;
	assert_string_equal(mode(), "halted with interrupts off, compatibility "
				    "mode, 32-bit, CPL 3, 4-level paging");
	vmx_write(VMCS_GUEST_RFLAGS, RFLAGS_IF);
	assert_string_equal(mode(), "halted, compatibility mode, 32-bit, CPL "
				    "3, 4-level paging");
	put_mode(pe_pg, CR4_PAE | CR4_LA57, EFER_LMA, 0xa09b);
	vcpu.state = VCPU_WAIT_FOR_SIPI;
	vcpu.held_by = 1;
	assert_string_equal(mode(), "waiting for a start-up IPI (held), 64-bit "
				    "mode, CPL 3, 5-level paging");
	put_mode(pe_pg, 0, 0, 0xc09b);
	vmx_write(VMCS_GUEST_RFLAGS, RFLAGS_VM);
	vcpu.state = VCPU_SHUTDOWN;
	assert_string_equal(mode(), "its VM has ended (held), virtual-8086 "
				    "mode, CPL 3, 32-bit paging");
}

static void registers(void **state)
{
	struct text t;

	(void)state;
	put_mode(CR0_PE | CR0_PG, CR4_PAE, EFER_LMA, 0xa09b);
	for (unsigned i = 0; i < GPR_COUNT; i++)
		vcpu.gpr[i] = 0x1111111111111111ull * i;
	vmx_write(VMCS_GUEST_RSP, 0xfffffe00);
	vmx_write(VMCS_GUEST_RIP, 0x101234);
	vmx_write(VMCS_GUEST_RFLAGS, 0x202);
	vmx_write(VMCS_GUEST_INTERRUPTIBILITY_STATE, 1);
	vmx_write(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, 0x80000041);
	cr2_write(0xdead000);
	guest_text_take(&vcpu, &s);
	text_begin(&t, buffer, sizeof(buffer));
	guest_text_registers(&t, &s);
	assert_non_null(
		strstr(buffer, "rip 0000000000101234  rflags 00000202 IF\n"));
	assert_non_null(strstr(buffer, "rsp 00000000fffffe00\n"));
	assert_non_null(strstr(buffer, "r9  9999999999999999 "));
	assert_non_null(strstr(buffer, "rdi 7777777777777777 "));
	/* What the guest reads, not what the VMCS holds. */
	assert_non_null(strstr(buffer, "cr0 80000001 PE PG\n"));
	assert_non_null(strstr(buffer, "cr4 00000020 PAE\n"));
	assert_non_null(strstr(buffer, "cr2 000000000dead000 "));
	assert_non_null(strstr(buffer, "  blocking by STI\n"));
	assert_non_null(strstr(
		buffer, "the next VM entry injects: external interrupt 41\n"));
	put_mode(CR0_PE | CR0_NE, 0, 0, 0xc09b);
	guest_text_take(&vcpu, &s);
	assert_int_equal(s.cr0, CR0_PE | CR0_NE);
}

static void exits(void **state)
{
	(void)state;
	assert_string_equal(last_exit(), "  no exit yet\n");

	vcpu.history.reason[0] = EXIT_REASON_CPUID;
	vcpu.history.reason[1] = EXIT_REASON_IO_INSTRUCTION;
	vcpu.history.at = 2;
	vmx_write(VMCS_VM_EXIT_REASON, EXIT_REASON_IO_INSTRUCTION);
	vmx_write(VMCS_EXIT_QUALIFICATION, 0x03f80000);
	vmx_write(VMCS_VM_EXIT_INSTRUCTION_LENGTH, 1);
	assert_string_equal(
		last_exit(),
		"  last exit: I/O instruction, instruction length 1\n"
		"  qualification 3f80000: OUT, 8 bits, port 0x3f8\n"
		"  exits, newest first: I/O instruction, CPUID\n");

	vmx_write(VMCS_VM_EXIT_REASON, EXIT_REASON_EPT_VIOLATION);
	vmx_write(VMCS_EXIT_QUALIFICATION, 0x181);
	vmx_write(VMCS_GUEST_PHYSICAL_ADDRESS, 0xfec00000);
	vmx_write(VMCS_GUEST_LINEAR_ADDRESS, 0xfec00010);
	vmx_write(VMCS_IDT_VECTORING_INFORMATION, 0x80000030);
	assert_non_null(strstr(last_exit(), "read, EPT allows ---\n"
					    "  guest-physical fec00000, linear "
					    "fec00010\n"));
	/* The length is undefined for it, whatever the field holds. */
	assert_null(strstr(buffer, "length"));
	assert_non_null(strstr(
		buffer, "it cut off the delivery of: external interrupt 30\n"));

	vcpu.gpr[GPR_RCX] = 0xffffffffc0000080;
	vmx_write(VMCS_VM_EXIT_REASON, EXIT_REASON_WRMSR);
	assert_non_null(strstr(last_exit(), "  MSR c0000080\n"));

	vmx_write(VMCS_VM_EXIT_REASON, EXIT_REASON_EXTERNAL_INTERRUPT);
	vmx_write(VMCS_VM_EXIT_INTERRUPTION_INFORMATION, 0x800000f1);
	assert_non_null(strstr(last_exit(), "last exit: external interrupt "
					    "(external interrupt f1)\n"));
}

static void failed_entries(void **state)
{
	(void)state;
	vcpu.exit_reason = UINT32_MAX;
	vcpu.entry_error = 8;
	assert_string_equal(last_exit(),
			    "  the VM entry failed: VM entry with invalid "
			    "host-state field(s)\n"
			    "  no exit yet\n");
	vcpu.exit_reason = EXIT_REASON_ENTRY_FAILURE_GUEST_STATE;
	vmx_write(VMCS_VM_EXIT_REASON,
		  EXIT_REASON_ENTRY_FAILURE |
			  EXIT_REASON_ENTRY_FAILURE_GUEST_STATE);
	assert_non_null(strstr(last_exit(),
			       "last exit: VM-entry failure due to "
			       "invalid guest state"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(modes, begin),
		cmocka_unit_test_setup(registers, begin),
		cmocka_unit_test_setup(exits, begin),
		cmocka_unit_test_setup(failed_entries, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
