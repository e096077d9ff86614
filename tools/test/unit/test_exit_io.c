/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of vmx/exit_io.c over a VMCS that is an array: string instructions, an
 * element for each exit.
 */
#include "hv/hw/cr_bits.h"
#include "tools/test/unit/test_exit.h"
#include "vmx/exit.h"
#include "vmx/machine.h"

#define PORT	   0x123ull
#define BUFFER	   0x2000ull
#define STRING	   (1ull << 4)
#define IN	   (1ull << 3)
#define REP	   (1ull << 5)
#define WORD	   1ull
#define ADDRESS_32 (1u << 7)
#define ADDRESS_64 (2u << 7)
#define FLAGS	   (RFLAGS_FIXED | RFLAGS_TF)

static unsigned outs, iterations;
static uint32_t last_out;

/* ---- what is not linked ---- */

uint32_t machine_port_in(struct vcpu *vcpu, uint32_t port, unsigned size)
{
	(void)vcpu;
	assert_int_equal(port, PORT);
	return size == 2 ? 0xbeef : 0xff;
}

void machine_port_out(struct vcpu *vcpu, uint32_t port, unsigned size,
		      uint32_t value)
{
	(void)vcpu;
	(void)size;
	assert_int_equal(port, PORT);
	outs++;
	last_out = value;
}

uint64_t machine_mmio_read(struct vcpu *vcpu, gpa_t address, unsigned size)
{
	(void)vcpu;
	(void)address;
	(void)size;
	return 0;
}

void machine_mmio_write(struct vcpu *vcpu, gpa_t address, unsigned size,
			uint64_t value)
{
	(void)vcpu;
	(void)address;
	(void)size;
	(void)value;
}

void machine_code_written(struct vcpu *vcpu)
{
	(void)vcpu;
}

enum exit_result machine_end(struct vcpu *vcpu, enum machine_end how,
			     uint32_t code, const char *text)
{
	(void)vcpu;
	(void)how;
	(void)code;
	(void)text;
	return EXIT_STOP;
}

void vmx_exit_skip(struct vcpu *vcpu, uint32_t length)
{
	(void)vcpu;
	assert_int_equal(length, 0);
	iterations++;
}

/* ---- helpers ---- */

/* Protected mode without paging; RFLAGS as an exit by an instruction has them. */
static int setup(void **state)
{
	(void)state;
	power_up();
	exit_stats_reset(&v.stats);
	vmx_write(VMCS_GUEST_CR0, CR0_PE);
	vmx_write(VMCS_GUEST_RFLAGS, FLAGS);
	vmx_write(VMCS_VM_EXIT_INSTRUCTION_INFORMATION, ADDRESS_32);
	vmx_write(VMCS_GUEST_LINEAR_ADDRESS, BUFFER);
	outs = iterations = 0;
	return 0;
}

static enum exit_result io(uint64_t what)
{
	vmx_write(VMCS_EXIT_QUALIFICATION, PORT << 16 | what);
	return exit_io(&v);
}

static void flags(uint64_t expected)
{
	assert_int_equal(vmx_read(VMCS_GUEST_RFLAGS), expected);
}

/* ---- tests ---- */

/* A breakpoint on REP OUTS is hit once: RF is 1 until the last element. */
static void test_repeats(void **state)
{
	(void)state;
	v.gpr[GPR_RCX] = 3;
	v.gpr[GPR_RSI] = BUFFER;
	for (unsigned i = 1; i < 3; i++) {
		window_fake[BUFFER] = (uint8_t)i;
		assert_int_equal(io(STRING | REP), EXIT_RESUME);
		flags(FLAGS | RFLAGS_RF);
		assert_int_equal(iterations, i);
		assert_int_equal(last_out, i);
		assert_int_equal(v.gpr[GPR_RCX], 3 - i);
		assert_int_equal(v.gpr[GPR_RSI], BUFFER + i);
	}
	assert_int_equal(io(STRING | REP), EXIT_NEXT_INSN);
	flags(FLAGS);
	assert_int_equal(iterations, 2);
	assert_int_equal(outs, 3);
	assert_int_equal(v.gpr[GPR_RCX], 0);
}

/* Nothing to do, by the part of RCX that counts. */
static void test_repeats_never(void **state)
{
	(void)state;
	v.gpr[GPR_RCX] = 1ull << 32;
	assert_int_equal(io(STRING | REP), EXIT_NEXT_INSN);
	assert_int_equal(outs, 0);
	flags(FLAGS);
	vmx_write(VMCS_VM_EXIT_INSTRUCTION_INFORMATION, ADDRESS_64);
	assert_int_equal(io(STRING | REP), EXIT_RESUME);
	assert_int_equal(v.gpr[GPR_RCX], (1ull << 32) - 1);
}

static void test_once(void **state)
{
	(void)state;
	v.gpr[GPR_RDI] = 0xffffffff00002000ull;
	vmx_write(VMCS_GUEST_RFLAGS, FLAGS | RFLAGS_DF);
	assert_int_equal(io(STRING | IN | WORD), EXIT_NEXT_INSN);
	assert_int_equal(window_fake[BUFFER], 0xef);
	assert_int_equal(window_fake[BUFFER + 1], 0xbe);
	assert_int_equal(v.gpr[GPR_RDI], 0x1ffe);
	flags(FLAGS | RFLAGS_DF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_repeats, setup),
		cmocka_unit_test_setup(test_repeats_never, setup),
		cmocka_unit_test_setup(test_once, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
