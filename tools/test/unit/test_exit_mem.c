/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of vmx/exit_mem.c: data accesses to the APIC's page, by each type of
 * APIC-access exit and by the EPT violations that mean the same.
 */
#include "tools/test/unit/test_exit_mem.h"

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
		cmocka_unit_test_setup(test_nmi_unblocking, setup),
		cmocka_unit_test_setup(test_ram_must_not_violate, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
