/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx/qualification.h against bit patterns written out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vmx/qualification.h"

static void test_cr(void **state)
{
	struct qualification_cr q = qualification_cr(0x904);

	(void)state;
	assert_int_equal(q.number, 4);
	assert_int_equal(q.kind, QUALIFICATION_MOV_TO_CR);
	assert_int_equal(q.gpr, 9);
	q = qualification_cr(0xf18);
	assert_int_equal(q.number, 8);
	assert_int_equal(q.kind, QUALIFICATION_MOV_FROM_CR);
	assert_int_equal(q.gpr, 15);
	assert_int_equal(qualification_cr(0x20).kind, QUALIFICATION_CLTS);
	q = qualification_cr(0xabcd0030);
	assert_int_equal(q.kind, QUALIFICATION_LMSW);
	assert_int_equal(q.lmsw_source, 0xabcd);
	/* Reserved bits are no part of anything. */
	q = qualification_cr(UINT64_MAX << 32 | 0xf0c0);
	assert_int_equal(q.number, 0);
	assert_int_equal(q.kind, 0);
	assert_int_equal(q.gpr, 0);
	assert_int_equal(q.lmsw_source, 0);
}

static void test_dr(void **state)
{
	struct qualification_dr q = qualification_dr(0xa17);

	(void)state;
	assert_int_equal(q.number, 7);
	assert_int_equal(q.gpr, 10);
	assert_true(q.read);
	q = qualification_dr(0xffffffffffff00e8);
	assert_int_equal(q.number, 0);
	assert_int_equal(q.gpr, 0);
	assert_false(q.read);
}

static void test_io(void **state)
{
	struct qualification_io q = qualification_io(0x03f80008);

	(void)state;
	assert_int_equal(q.port, 0x3f8);
	assert_int_equal(q.size, 1);
	assert_true(q.in);
	assert_false(q.string);
	assert_false(q.rep);
	q = qualification_io(0xcf80033);
	assert_int_equal(q.port, 0xcf8);
	assert_int_equal(q.size, 4);
	assert_false(q.in);
	assert_true(q.string);
	assert_true(q.rep);
	assert_int_equal(qualification_io(0xffffffff00000041).size, 2);
	assert_int_equal(qualification_io(0xffffffff00000041).port, 0);
}

/* Each bit is exactly one member. */
static void test_ept(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		struct qualification_ept q = qualification_ept(1ull << bit);

		assert_int_equal(q.read, bit == 0);
		assert_int_equal(q.write, bit == 1);
		assert_int_equal(q.fetch, bit == 2);
		assert_int_equal(q.readable, bit == 3);
		assert_int_equal(q.writable, bit == 4);
		assert_int_equal(q.executable, bit == 5);
		assert_int_equal(q.linear_valid, bit == 7);
		assert_int_equal(q.final, bit == 8);
		assert_int_equal(q.nmi_unblocking, bit == 12);
		assert_int_equal(q.asynchronous, bit == 16);
	}
}

static void test_apic(void **state)
{
	struct qualification_apic q = qualification_apic(0x10b0);

	(void)state;
	assert_int_equal(q.offset, 0x0b0);
	assert_int_equal(q.type, QUALIFICATION_APIC_WRITE);
	assert_false(q.asynchronous);
	q = qualification_apic(0xfffffffffffff380);
	assert_int_equal(q.offset, 0x380);
	assert_int_equal(q.type, QUALIFICATION_APIC_PHYSICAL);
	assert_true(q.asynchronous);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cr),   cmocka_unit_test(test_dr),
		cmocka_unit_test(test_io),   cmocka_unit_test(test_ept),
		cmocka_unit_test(test_apic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
