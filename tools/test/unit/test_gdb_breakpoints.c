/* SPDX-License-Identifier: BSD-2-Clause */
/* The debugger's breakpoints: bytes under INT3, debug registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hv/gdb/breakpoints.h"

static struct gdb_breakpoints b;

static int setup(void **state)
{
	(void)state;
	memset(&b, 0, sizeof(b));
	return 0;
}

static void add(uint64_t linear, uint64_t where, uint8_t original)
{
	struct gdb_software *s = gdb_software_add(&b);

	assert_non_null(s);
	s->linear = linear;
	s->where = gpa(where);
	s->original = original;
}

static void software(void **state)
{
	(void)state;
	assert_false(gdb_software_any(&b));
	add(0xffff800000001000, 0x1000, 0x55);
	assert_true(gdb_software_any(&b));
	assert_ptr_equal(gdb_software_find(&b, 0xffff800000001000),
			 &b.software[0]);
	assert_null(gdb_software_find(&b, 0x1000));
	assert_ptr_equal(gdb_software_at(&b, gpa(0x1000)), &b.software[0]);
	for (unsigned i = 1; i < GDB_SOFTWARE_MAX; i++)
		add(i, i, 0);
	assert_null(gdb_software_add(&b));
	b.software[5].used = false;
	assert_ptr_equal(gdb_software_add(&b), &b.software[5]);
}

static void hidden_bytes(void **state)
{
	uint8_t bytes[8] = {1, 0xcc, 3, 0xcc, 5, 6, 7, 8};

	(void)state;
	add(0x1001, 0x1001, 0x22);
	add(0x1003, 0x1003, 0x44);
	add(0x1008, 0x1008, 0x99); /* behind them */
	add(0x1005, 0x1005, 0x66); /* which the guest has written over */
	add(0x1007, 0x1007, 0x88);
	b.software[4].hidden = true; /* memory is as it was */
	bytes[7] = 0xcc;
	gdb_software_hide(&b, gpa(0x1000), bytes, sizeof(bytes));
	assert_memory_equal(bytes, "\x01\x22\x03\x44\x05\x06\x07\xcc", 8);
}

static void bytes_written(void **state)
{
	uint8_t bytes[4] = {0x11, 0x22, 0x33, 0xcc};

	(void)state;
	add(0x1001, 0x1001, 0);
	add(0x9001, 0x1001, 0); /* the same byte at another address */
	add(0x1003, 0x1003, 0);
	add(0x1004, 0x1004, 0x77);
	add(0x1000, 0x1000, 0);
	b.software[4].hidden = true;
	gdb_software_overlay(&b, gpa(0x1000), bytes, sizeof(bytes));
	assert_memory_equal(bytes, "\x11\xcc\x33\xcc", 4);
	assert_int_equal(b.software[0].original, 0x22);
	assert_int_equal(b.software[1].original, 0x22);
	assert_int_equal(b.software[2].original, 0xcc);
	assert_int_equal(b.software[3].original, 0x77);
}

static void hardware(void **state)
{
	uint64_t dr[VMX_DEBUG_SLOTS], dr7;

	(void)state;
	gdb_hardware_registers(&b, dr, &dr7);
	assert_int_equal(dr7, 0);
	assert_int_equal(
		gdb_hardware_add(&b, GDB_BREAKPOINT_HARDWARE, 0x1001, 1),
		GDB_OK);
	assert_int_equal(gdb_hardware_add(&b, GDB_BREAKPOINT_WRITE, 0x2000, 8),
			 GDB_OK);
	assert_int_equal(gdb_hardware_add(&b, GDB_BREAKPOINT_READ, 0x3002, 2),
			 GDB_OK);
	assert_int_equal(gdb_hardware_add(&b, GDB_BREAKPOINT_ACCESS, 0x4004, 4),
			 GDB_OK);
	/* The same again is none more. */
	assert_int_equal(gdb_hardware_add(&b, GDB_BREAKPOINT_ACCESS, 0x4004, 4),
			 GDB_OK);
	assert_int_equal(gdb_hardware_add(&b, GDB_BREAKPOINT_ACCESS, 0x4008, 4),
			 GDB_NO_ROOM);
	gdb_hardware_registers(&b, dr, &dr7);
	assert_int_equal(dr[0], 0x1001);
	assert_int_equal(dr[3], 0x4004);
	/* G0 to G3; execute 1, write 8, read and write 2 and 4 bytes. */
	assert_int_equal(dr7, 0xf79004aa);
	assert_ptr_equal(gdb_hardware_hit(&b, 1 << 2), &b.hardware[2]);
	assert_null(gdb_hardware_hit(&b, 0));
	gdb_hardware_remove(&b, GDB_BREAKPOINT_WRITE, 0x2000, 8);
	gdb_hardware_remove(&b, GDB_BREAKPOINT_WRITE, 0x2000, 8);
	assert_null(gdb_hardware_hit(&b, 1 << 1));
	gdb_hardware_registers(&b, dr, &dr7);
	assert_int_equal(dr7, 0xf70004a2);
}

static void misfits(void **state)
{
	(void)state;
	assert_int_equal(gdb_hardware_add(&b, GDB_BREAKPOINT_WRITE, 0x2001, 2),
			 GDB_BAD_ADDRESS);
	assert_int_equal(gdb_hardware_add(&b, GDB_BREAKPOINT_WRITE, 0x2000, 3),
			 GDB_BAD_ADDRESS);
	assert_int_equal(gdb_hardware_add(&b, GDB_BREAKPOINT_WRITE, 0x2000, 0),
			 GDB_BAD_ADDRESS);
	assert_int_equal(
		gdb_hardware_add(&b, GDB_BREAKPOINT_WRITE, 0, 1ull << 32 | 1),
		GDB_BAD_ADDRESS);
	assert_int_equal(gdb_hardware_add(&b, GDB_BREAKPOINT_HARDWARE, 0, 2),
			 GDB_BAD_ADDRESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(software, setup),
		cmocka_unit_test_setup(hidden_bytes, setup),
		cmocka_unit_test_setup(bytes_written, setup),
		cmocka_unit_test_setup(hardware, setup),
		cmocka_unit_test_setup(misfits, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
