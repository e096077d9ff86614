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

#include "hv/hw/cr_bits.h"
#include "hv/hw/dr.h"
#include "mm/frame.h"
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
static unsigned told, written;

/* ---- what is not linked ---- */

void apicv_write_primary(const struct vcpu *vcpu)
{
	(void)vcpu;
}

void apicv_show(struct vcpu *vcpu, const struct ept *ept)
{
	vcpu->hidden_view.base = ept;
	ept_view_clear(&vcpu->hidden_view);
}

void machine_code_written(struct vcpu *vcpu)
{
	assert_int_equal(vcpu->debug.open, VCPU_OPEN_NOT);
	written++;
}

bool vmx_exit_traps(uint64_t rflags)
{
	return rflags & RFLAGS_TF;
}

bool machine_debug(struct vcpu *vcpu, enum machine_debug what, uint64_t detail)
{
	assert_ptr_equal(vcpu, &v);
	told++;
	if (what == MACHINE_DEBUG_STEP)
		return true;
	assert_int_equal(what, MACHINE_DEBUG_HARDWARE);
	assert_int_equal(detail, B0);
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

/* ---- hidden pages ---- */

#define CODE   0x5000ull /* hidden */
#define RIP    0x5123ull
#define SHADOW 0x7000ull

static uint8_t pool[64 * PAGE_SIZE] __attribute__((aligned(4096)));
static struct vmx_caps caps = {.ept_vpid = VMX_EPT_EXECUTE_ONLY};
static struct ept ept;
static struct ept_overlay overlay;

static int setup_hidden(void **state)
{
	struct vmx_debug_wish wish = {.software = true, .hiding = &overlay.ept};

	setup(state);
	vmx_debug_set(&v, &(struct vmx_debug_wish){0});
	caps.proc = ~0ull << 32;
	v.caps = &caps;
	frame_init(pool, hpa(0x100000), sizeof(pool), 0);
	memset(&overlay, 0, sizeof(overlay));
	assert_true(ept_init(&ept, (struct ept_features){0}));
	assert_true(ept_map(&ept, gpa(0), hpa(0), 0x10000, EPT_RWX, 6));
	assert_true(ept_view_init(&v.view, &ept));
	assert_true(ept_overlay_begin(&overlay, &ept));
	assert_true(ept_overlay_set_page(&overlay, gpa(CODE), hpa(SHADOW),
					 EPT_EXECUTE, 6));
	assert_true(vmx_debug_may_hide(&v));
	vmx_write(VMCS_EPT_POINTER, ept_view_pointer(&v.view));
	vmx_write(VMCS_GUEST_RIP, RIP);
	vmx_debug_set(&v, &wish);
	written = told = 0;
	return 0;
}

static void expect_open(bool open)
{
	assert_int_equal(vmx_read(VMCS_EPT_POINTER),
			 ept_view_pointer(open ? &v.view : &v.hidden_view));
	assert_int_equal(v.debug.proc & VMX_PROC_MONITOR_TRAP_FLAG,
			 open ? VMX_PROC_MONITOR_TRAP_FLAG : 0);
	assert_int_equal(v.requests & VCPU_REQUEST_STEP,
			 open ? VCPU_REQUEST_STEP : 0);
}

static void open_page(void)
{
	assert_true(vmx_debug_open(&v, gpa(CODE + 0x700)));
	expect_open(true);
	vmx_debug_step(&v); /* before the entry */
	expect_open(true);
}

/*
 * A halted guest waits in root mode for its step: no flag of a step's may be in
 * the VMCS with the HLT activity state.  A HLT under way exits.
 */
static void test_step_while_halted(void **state)
{
	const struct vmx_debug_wish wish = {.step = true}, none = {0};

	(void)state;
	vmx_write(VMCS_GUEST_ACTIVITY_STATE, 1);
	vmx_debug_set(&v, &none);
	assert_int_equal(vmx_read(VMCS_GUEST_ACTIVITY_STATE), 1);
	assert_int_equal(v.state, VCPU_RUNNING);
	assert_int_equal(v.debug.proc & VMX_PROC_HLT_EXITING, 0);
	vmx_debug_set(&v, &wish);
	assert_int_equal(vmx_read(VMCS_GUEST_ACTIVITY_STATE), 0);
	assert_int_equal(v.state, VCPU_HALTED);
	assert_int_equal(v.debug.proc & VMX_PROC_HLT_EXITING,
			 VMX_PROC_HLT_EXITING);
}

static void test_opens_for_a_step(void **state)
{
	(void)state;
	expect_open(false);
	assert_false(vmx_debug_open(&v, gpa(CODE + 0x1000)));
	assert_false(vmx_debug_open(&v, gpa(0x10000)));
	expect_open(false);
	for (unsigned i = 1; i < 3; i++) {
		open_page();
		assert_false(vmx_debug_open(&v, gpa(CODE)));
		assert_int_equal(exit_monitor_trap_flag(&v), EXIT_RESUME);
		expect_open(false);
		assert_int_equal(written, i);
	}
	assert_int_equal(told, 0);
}

/* An interrupt, or an exit whose handler may have completed the instruction. */
static void test_any_exit_closes(void **state)
{
	(void)state;
	open_page();
	vmx_debug_step(&v);
	expect_open(false);
	assert_int_equal(written, 1);
}

/* The debugger stops it or goes, or the guest is reset. */
static void test_others_close(void **state)
{
	const struct vmx_debug_wish none = {0};

	(void)state;
	open_page();
	vmx_debug_halt(&v);
	expect_open(false);
	open_page();
	assert_false(vmx_debug_init(&v));
	expect_open(false);
	open_page();
	vmx_debug_set(&v, &none);
	assert_int_equal(written, 3);
	assert_int_equal(vmx_read(VMCS_EPT_POINTER), ept_view_pointer(&v.view));
	assert_int_equal(v.debug.proc, 0);
	assert_int_equal(v.requests, 0);
	setup_hidden(state);
	open_page();
	vmx_debug_power_up(&v);
	assert_int_equal(vmx_read(VMCS_EPT_POINTER), ept_view_pointer(&v.view));
	assert_int_equal(v.requests, 0);
}

/* A step of the debugger's own is over when that of the page is. */
static void test_step_while_open(void **state)
{
	struct vmx_debug_wish wish = {.step = true, .hiding = &overlay.ept};

	(void)state;
	vmx_debug_set(&v, &wish);
	open_page();
	assert_int_equal(told, 0);
	vmx_write(VMCS_GUEST_RIP, RIP + 3);
	assert_int_equal(exit_monitor_trap_flag(&v), EXIT_RESUME);
	expect_open(false);
	assert_int_equal(told, 1);
}

/* In the shadow of MOV SS the guest's own single step waits. */
static void test_open_in_a_shadow(void **state)
{
	(void)state;
	vmx_write(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_TF);
	vmx_write(VMCS_GUEST_INTERRUPTIBILITY_STATE, INTERRUPTIBILITY_MOV_SS);
	open_page();
	assert_int_equal(vmx_read(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS), BS);
}

static void test_may_hide(void **state)
{
	(void)state;
	caps.ept_vpid = 0;
	assert_false(vmx_debug_may_hide(&v));
	caps.ept_vpid = VMX_EPT_EXECUTE_ONLY;
	caps.proc = ~((uint64_t)VMX_PROC_MONITOR_TRAP_FLAG << 32);
	assert_false(vmx_debug_may_hide(&v));
	caps.proc = ~0ull << 32;
	v.hidden_view = (struct ept_view){0};
	frame_init(pool, hpa(0x100000), 3 * PAGE_SIZE, 0);
	assert_false(vmx_debug_may_hide(&v));
	assert_false(vmx_debug_may_hide(&v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_leaves, setup),
		cmocka_unit_test_setup(test_stays, setup),
		cmocka_unit_test_setup(test_hit, setup),
		cmocka_unit_test_setup(test_late_hit, setup),
		cmocka_unit_test_setup(test_step_while_halted, setup),
		cmocka_unit_test_setup(test_late_hit_and_step, setup),
		cmocka_unit_test_setup(test_opens_for_a_step, setup_hidden),
		cmocka_unit_test_setup(test_any_exit_closes, setup_hidden),
		cmocka_unit_test_setup(test_others_close, setup_hidden),
		cmocka_unit_test_setup(test_step_while_open, setup_hidden),
		cmocka_unit_test_setup(test_open_in_a_shadow, setup_hidden),
		cmocka_unit_test_setup(test_may_hide, setup_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
