/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx/trace_vcpu over the fake VMCS: what an exit and an entry leave in the
 * trace, and which exits are an EOI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "apic/regs.h"
#include "vmx/inject.h"
#include "vmx/insn.h"
#include "vmx/machine.h"
#include "vmx/trace_vcpu.h"
#include "vmx/vmcs.h"

#define VECTOR	      0x51
#define APIC	      0xfee00000ull
#define RIP	      0xffffffff81234567ull
#define ACCESS_READ   (0u << 12)
#define ACCESS_WRITE  (1u << 12)
#define VIOLATE_READ  1u
#define VIOLATE_WRITE 2u

static struct vcpu v;
static struct trace_record records[TRACE_RECORDS];
static uint8_t apic_page[4096] __attribute__((aligned(4096)));

/* For vmx/inject.c, which needs it for triple faults. */
enum exit_result machine_end(struct vcpu *vcpu, enum machine_end how,
			     uint32_t code, const char *text)
{
	(void)vcpu;
	(void)how;
	(void)code;
	fail_msg("the VM ended: %s", text);
	return EXIT_STOP;
}

static int setup(void **state)
{
	(void)state;
	fake_vmx_reset();
	memset(&v, 0, sizeof(v));
	memset(records, 0, sizeof(records));
	v.trace.record = records;
	vlapic_init(&v.vlapic, apic_page, &v.pi, 0, true);
	memset(apic_page, 0, sizeof(apic_page));
	apic_page[APIC_ISR + (VECTOR / 32) * 0x10 + VECTOR % 32 / 8] =
		1 << VECTOR % 8;
	v.vlapic.base_msr = APIC | APIC_BASE_EN;
	vmx_write(VMCS_GUEST_RIP, RIP);
	return 0;
}

/* One exit; is it an EOI of vector (0: none)? */
static void assert_exit(uint32_t reason, uint64_t q, uint8_t vector)
{
	struct trace_record r;
	uint64_t first = v.trace.next;

	v.exit_reason = reason;
	vmx_write(VMCS_EXIT_QUALIFICATION, q);
	trace_vcpu_exit(&v);
	assert_true(trace_read(&v.trace, first, &r));
	assert_int_equal(r.event, TRACE_EXIT);
	assert_int_equal(r.detail, reason);
	assert_int_equal(r.b, RIP);
	assert_int_equal(v.trace.next - first, vector ? 2 : 1);
	if (!vector)
		return;
	assert_true(trace_read(&v.trace, first + 1, &r));
	assert_int_equal(r.event, TRACE_EOI);
	assert_int_equal(r.detail, vector);
	assert_int_equal(r.a, reason == EXIT_REASON_VIRTUALIZED_EOI);
}

static void eois(void **state)
{
	(void)state;
	assert_exit(EXIT_REASON_APIC_WRITE, 0xb0, VECTOR);
	assert_exit(EXIT_REASON_APIC_ACCESS, ACCESS_WRITE | 0xb0, VECTOR);
	assert_exit(EXIT_REASON_VIRTUALIZED_EOI, 0x62, 0x62);
	vmx_write(VMCS_GUEST_PHYSICAL_ADDRESS, APIC + 0xb0);
	assert_exit(EXIT_REASON_EPT_VIOLATION, VIOLATE_WRITE, VECTOR);
	v.gpr[GPR_RCX] = 0xabcd00000000ull | APIC_MSR(APIC_EOI);
	assert_exit(EXIT_REASON_WRMSR, 0, VECTOR);
}

static void no_eois(void **state)
{
	(void)state;
	assert_exit(EXIT_REASON_CPUID, 0xb0, 0);
	assert_exit(EXIT_REASON_APIC_WRITE, 0x300, 0);
	assert_exit(EXIT_REASON_APIC_ACCESS, ACCESS_READ | 0xb0, 0);
	assert_exit(EXIT_REASON_APIC_ACCESS, ACCESS_WRITE | 0x80, 0);
	vmx_write(VMCS_GUEST_PHYSICAL_ADDRESS, APIC + 0xb0);
	assert_exit(EXIT_REASON_EPT_VIOLATION, VIOLATE_READ, 0);
	vmx_write(VMCS_GUEST_PHYSICAL_ADDRESS, APIC + 0x80);
	assert_exit(EXIT_REASON_EPT_VIOLATION, VIOLATE_WRITE, 0);
	vmx_write(VMCS_GUEST_PHYSICAL_ADDRESS, 0xfec000b0);
	assert_exit(EXIT_REASON_EPT_VIOLATION, VIOLATE_WRITE, 0);
	v.gpr[GPR_RCX] = APIC_MSR(APIC_ICR);
	assert_exit(EXIT_REASON_WRMSR, 0, 0);
	v.gpr[GPR_RCX] = APIC_MSR(APIC_EOI);
	assert_exit(EXIT_REASON_RDMSR, 0, 0);
	/* Nothing is in service. */
	memset(apic_page, 0, sizeof(apic_page));
	assert_exit(EXIT_REASON_APIC_WRITE, 0xb0, 0);
}

static uint64_t a_of_last(void)
{
	struct trace_record r;

	assert_true(trace_read(&v.trace, v.trace.next - 1, &r));
	return r.a;
}

static void arguments(void **state)
{
	(void)state;
	vmx_write(VMCS_VM_EXIT_INTERRUPTION_INFORMATION, 0x800000ec);
	assert_exit(EXIT_REASON_EXTERNAL_INTERRUPT, 0, 0);
	assert_int_equal(a_of_last(), 0xec);
	v.gpr[GPR_RCX] = 0x6e0;
	assert_exit(EXIT_REASON_WRMSR, 0, 0);
	assert_int_equal(a_of_last(), 0x6e0);
	assert_exit(EXIT_REASON_IO_INSTRUCTION, 0x3f80008, 0);
	assert_int_equal(a_of_last(), 0x3f80008);
}

static void entry(void **state)
{
	struct trace_record r;

	(void)state;
	vmx_write(VMCS_GUEST_INTERRUPT_STATUS, 0x4151);
	trace_vcpu_entry(&v);
	assert_int_equal(a_of_last(), 0);
	v.controls.proc2 = VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;
	trace_vcpu_entry(&v);
	assert_int_equal(a_of_last(), 0x4151);
	assert_true(trace_read(&v.trace, 1, &r));
	assert_int_equal(r.event, TRACE_ENTRY);
	assert_int_equal(r.b, RIP);
}

/* An injection is seen when somebody watches, and only then. */
static void injection(void **state)
{
	struct trace_record r;

	(void)state;
	inject_interrupt(&v, VECTOR);
	assert_int_equal(v.trace.next, 0);
	v.watched = VCPU_WATCH_LOG;
	inject_interrupt(&v, VECTOR);
	assert_int_equal(v.trace.next, 0);
	v.watched = VCPU_WATCH_TRACE;
	inject_interrupt(&v, VECTOR);
	assert_int_equal(v.trace.next, 1);
	assert_true(trace_read(&v.trace, 0, &r));
	assert_int_equal(r.event, TRACE_INJECT);
	assert_int_equal(r.detail, VECTOR);
	assert_int_equal(r.a, VECTOR);
	/* The same again: its delivery was cut off. */
	vmx_write(VMCS_IDT_VECTORING_INFORMATION, INTERRUPTION_VALID | VECTOR);
	inject_again(&v);
	assert_true(trace_read(&v.trace, 1, &r));
	assert_int_equal(r.a, VECTOR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(eois, setup),
		cmocka_unit_test_setup(no_eois, setup),
		cmocka_unit_test_setup(arguments, setup),
		cmocka_unit_test_setup(entry, setup),
		cmocka_unit_test_setup(injection, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
