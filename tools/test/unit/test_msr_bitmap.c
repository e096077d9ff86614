/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of vmx/msr_bitmap.c: the layout, and 800H-8FFH for each tier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "vmx/msr_bitmap.h"

#define X2APIC	 VMX_PROC2_VIRTUALIZE_X2APIC_MODE
#define REGISTER VMX_PROC2_APIC_REGISTER_VIRTUALIZATION
#define DELIVERY VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY

static struct msr_bitmap bitmap;

/* "MSR-Bitmap Address": four bitmaps of 1 KiB in this order. */
static void test_layout(void **state)
{
	static const struct {
		uint32_t msr, read_byte, write_byte;
		uint8_t bit;
	} rows[] = {
		{0x10, 2, 2050, 0},
		{0x1fff, 1023, 3071, 7},
		{0xc0000000, 1024, 3072, 0},
		{0xc0000103, 1024 + 32, 3072 + 32, 3},
		{0xc0001fff, 2047, 4095, 7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct msr_bitmap all;

		memset(&all, 0xff, sizeof(all));
		msr_bitmap_trap_all(&bitmap);
		assert_memory_equal(&bitmap, &all, sizeof(all));
		assert_true(msr_bitmap_pass_read(&bitmap, rows[i].msr));
		all.byte[rows[i].read_byte] &= ~(1 << rows[i].bit);
		assert_memory_equal(&bitmap, &all, sizeof(all));
		assert_false(msr_bitmap_read_traps(&bitmap, rows[i].msr));
		assert_true(msr_bitmap_write_traps(&bitmap, rows[i].msr));
		assert_true(msr_bitmap_pass_write(&bitmap, rows[i].msr));
		all.byte[rows[i].write_byte] &= ~(1 << rows[i].bit);
		assert_memory_equal(&bitmap, &all, sizeof(all));
		assert_false(msr_bitmap_write_traps(&bitmap, rows[i].msr));
		assert_true(msr_bitmap_trap_read(&bitmap, rows[i].msr));
		assert_true(msr_bitmap_read_traps(&bitmap, rows[i].msr));
		assert_true(msr_bitmap_trap_write(&bitmap, rows[i].msr));
		assert_true(msr_bitmap_write_traps(&bitmap, rows[i].msr));
	}
}

static void test_outside_always_traps(void **state)
{
	static const uint32_t msrs[] = {0x2000, 0x40000000, 0xbfffffff,
					0xc0002000, 0xffffffff};

	(void)state;
	memset(&bitmap, 0, sizeof(bitmap));
	for (size_t i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++) {
		assert_false(msr_bitmap_pass_read(&bitmap, msrs[i]));
		assert_false(msr_bitmap_pass_write(&bitmap, msrs[i]));
		assert_false(msr_bitmap_trap_read(&bitmap, msrs[i]));
		assert_false(msr_bitmap_trap_write(&bitmap, msrs[i]));
		assert_true(msr_bitmap_read_traps(&bitmap, msrs[i]));
		assert_true(msr_bitmap_write_traps(&bitmap, msrs[i]));
	}
}

/* One letter an MSR from 800H to 83FH: what RDMSR, then WRMSR, may do. */
#define NOTHING                                            \
	"................................................" \
	"................"
#define TPR                                                \
	"........p......................................." \
	"................"
#define REGISTERS                                          \
	"..pp....p....p.pppppppppppppppppppppppppp......." \
	"p.ppppppp.....p."
#define ALL                                                \
	"..pp....p.p..p.pppppppppppppppppppppppppp......." \
	"p.ppppppp.....p."
#define WRITES_DELIVERY                                    \
	"........p..p...................................." \
	"...............p"
#define WRITES_IPI                                         \
	"........p..p...................................." \
	"p..............p"

static void test_x2apic(void **state)
{
	static const struct {
		uint32_t proc2;
		uint64_t proc3;
		const char *reads, *writes;
	} rows[] = {
		{0, 0, NOTHING, NOTHING},
		/* Sandy Bridge's case: nothing is virtualized for MSRs. */
		{REGISTER | DELIVERY, 0, NOTHING, NOTHING},
		{VMX_PROC2_VIRTUALIZE_APIC_ACCESSES | REGISTER | DELIVERY, 0,
		 NOTHING, NOTHING},
		{X2APIC, 0, TPR, TPR},
		{X2APIC | REGISTER, 0, REGISTERS, TPR},
		{X2APIC | DELIVERY, 0, TPR, WRITES_DELIVERY},
		{X2APIC | REGISTER | DELIVERY, 0, ALL, WRITES_DELIVERY},
		{X2APIC | REGISTER | DELIVERY, VMX_PROC3_IPI_VIRTUALIZATION,
		 ALL, WRITES_IPI},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vmx_controls c = {.proc2 = rows[i].proc2,
					 .proc3 = rows[i].proc3};

		/* Whatever was there before, all of it is decided. */
		memset(&bitmap, i % 2 ? 0xff : 0, sizeof(bitmap));
		msr_bitmap_x2apic(&bitmap, &c);
		for (unsigned m = 0; m < 0x100; m++) {
			bool r = m < 64 && rows[i].reads[m] == 'p';
			bool w = m < 64 && rows[i].writes[m] == 'p';

			if (msr_bitmap_read_traps(&bitmap, 0x800 + m) == r ||
			    msr_bitmap_write_traps(&bitmap, 0x800 + m) == w)
				fail_msg("row %zu, MSR %x", i, 0x800 + m);
		}
		assert_int_equal(msr_bitmap_read_traps(&bitmap, 0x7ff), i % 2);
		assert_int_equal(msr_bitmap_read_traps(&bitmap, 0x900), i % 2);
		assert_int_equal(msr_bitmap_write_traps(&bitmap, 0x7ff), i % 2);
		assert_int_equal(msr_bitmap_write_traps(&bitmap, 0x900), i % 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_outside_always_traps),
		cmocka_unit_test(test_x2apic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
