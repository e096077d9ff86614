/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of vmx/debug.c over a VMCS that is an array: what of a debugger's
 * watchpoints the guest may not see, and what of its own it gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/dr.h"
#include "vmx/apicv.h"
#include "vmx/debug.h"
#include "vmx/exit.h"
#include "vmx/inject.h"
#include "vmx/insn.h"
#include "vmx/machine.h"

#define DB_TRAP	     (INTERRUPTION_VALID | INTERRUPTION_HARDWARE_EXCEPTION | 1)
#define B0	     1ull
#define ENABLED	     (1ull << 12)
#define BS	     (1ull << 14)
#define DR6_BS	     (1ull << 14)
#define DR7_RESET    0x400ull
#define DR7_WATCH_0  0x000d0402ull /* four bytes, writes */
#define GUEST_DR0    0x1000ull
#define DEBUGGER_DR0 0x2000ull

static struct vcpu v;
static bool is_ours;
static unsigned told;

/* ---- what is not linked ---- */

void apicv_write_primary(const struct vcpu *vcpu)
{
	(void)vcpu;
}

bool vmx_exit_traps(uint64_t rflags)
{
	(void)rflags;
	return false;
}

bool machine_debug(struct vcpu *vcpu, enum machine_debug what, uint64_t detail)
{
	assert_ptr_equal(vcpu, &v);
	assert_int_equal(what, MACHINE_DEBUG_HARDWARE);
	assert_int_equal(detail, B0);
	told++;
	return is_ours;
}

enum exit_result machine_end(struct vcpu *vcpu, enum machine_end how,
			     uint32_t code, const char *text)
{
	(void)vcpu;
	(void)how;
	(void)code;
	(void)text;
	fail_msg("the VM goes on");
	return EXIT_STOP;
}

/* ---- */

static void watch(void)
{
	const struct vmx_debug_wish wish = {
		.dr = {DEBUGGER_DR0},
		.dr7 = DR7_WATCH_0,
	};

	vmx_debug_set(&v, &wish);
}

static int setup(void **state)
{
	(void)state;
	fake_vmx_reset();
	memset(&v, 0, sizeof(v));
	memset(fake_dr, 0, sizeof(fake_dr));
	fake_dr[0] = GUEST_DR0;
	fake_dr6 = 0xffff0ff0;
	told = 0;
	is_ours = true;
	vmx_write(VMCS_GUEST_DR7, DR7_RESET);
	watch();
	return 0;
}

static enum exit_result debug_exit(uint64_t cause)
{
	vmx_write(VMCS_EXIT_QUALIFICATION, cause);
	return vmx_debug_exception(&v, DB_TRAP);
}

static bool injected(void)
{
	return vmx_read(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION) &
	       INTERRUPTION_VALID;
}

static void test_leaves(void **state)
{
	const struct vmx_debug_wish none = {0};

	(void)state;
	assert_int_equal(fake_dr[0], DEBUGGER_DR0);
	assert_int_equal(vmx_read(VMCS_GUEST_DR7), DR7_WATCH_0);
	assert_int_equal(vmx_read(VMCS_EXCEPTION_BITMAP),
			 1u << VECTOR_MC | 1u << VECTOR_DB);
	/* A step wrote what is watched; the debugger goes before it is told.
	 * The trap of the guest's own step is left. */
	vmx_write(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, B0 | ENABLED | BS);
	vmx_debug_set(&v, &none);
	assert_int_equal(fake_dr[0], GUEST_DR0);
	assert_int_equal(vmx_read(VMCS_GUEST_DR7), DR7_RESET);
	assert_int_equal(vmx_read(VMCS_EXCEPTION_BITMAP), 1u << VECTOR_MC);
	assert_int_equal(vmx_read(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS), BS);
	/* From here on such a hit is the guest's. */
	vmx_write(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, B0 | ENABLED);
	vmx_debug_set(&v, &none);
	assert_int_equal(vmx_read(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS),
			 B0 | ENABLED);
}

/* The debugger that goes on is told later. */
static void test_stays(void **state)
{
	(void)state;
	vmx_write(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, B0 | ENABLED);
	watch();
	assert_int_equal(vmx_read(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS),
			 B0 | ENABLED);
}

static void test_hit(void **state)
{
	(void)state;
	assert_int_equal(debug_exit(B0), EXIT_RESUME);
	assert_int_equal(told, 1);
	assert_false(injected());
	assert_int_equal(fake_dr6, 0xffff0ff0);
}

static void test_late_hit(void **state)
{
	(void)state;
	is_ours = false;
	assert_int_equal(debug_exit(B0), EXIT_RESUME);
	assert_int_equal(told, 1);
	assert_false(injected());
	assert_int_equal(fake_dr6, 0xffff0ff0);
}

/* The guest's own step with it is told to the guest, and that alone. */
static void test_late_hit_and_step(void **state)
{
	(void)state;
	is_ours = false;
	assert_int_equal(debug_exit(B0 | DR6_BS), EXIT_RESUME);
	assert_true(injected());
	assert_int_equal(fake_dr6, 0xffff0ff0 | DR6_BS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_leaves, setup),
		cmocka_unit_test_setup(test_stays, setup),
		cmocka_unit_test_setup(test_hit, setup),
		cmocka_unit_test_setup(test_late_hit, setup),
		cmocka_unit_test_setup(test_late_hit_and_step, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
