/* SPDX-License-Identifier: BSD-2-Clause */
/* guest/load/linux.c: placement, boot_params, and files that lie. */
#include "tools/test/unit/test_load.h"

#include <stdlib.h>

#define KERNEL_BYTES (64 << 10)
#define CODE_AT	     (5 * 512)

static uint8_t kernel[KERNEL_BYTES];
static uint8_t initrd[8192]; /* so that no rounding hides an error of one */

/* A bzImage as Debian's kernels are, but small. */
static int make_kernel(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kernel); i++)
		kernel[i] = (uint8_t)(i * 7);
	memset(kernel, 0, CODE_AT);
	kernel[0x1f1] = 4;
	kernel[0x1f0] = 0xee; /* before the setup header: not to be copied */
	kernel[0x200] = 0xeb;
	kernel[0x201] = 0x6a;
	memcpy(kernel + 0x202, "HdrS", 4);
	bytes_put16(kernel + 0x206, 0x20f);
	kernel[0x211] = 1;
	bytes_put32(kernel + 0x22c, 0x7fffffff);
	bytes_put32(kernel + 0x230, 0x200000);
	kernel[0x234] = 1;
	bytes_put16(kernel + 0x236, 0x3f);
	bytes_put32(kernel + 0x238, 2047);
	bytes_put64(kernel + 0x258, 0x1000000);
	bytes_put32(kernel + 0x260, 40 * MIB);
	return 0;
}

static void entry_state(void **state)
{
	struct load_request r = load_request_of(kernel, sizeof(kernel));
	const struct load_entry *e = &load_plan_made.entry;
	const uint8_t *gdt;

	(void)state;
	load_succeeds(&r);
	assert_int_equal(e->kind, LOAD_ENTRY_LONG64);
	assert_int_equal(e->rip, 0x1000200);
	assert_int_equal(e->cs, 0x10);
	assert_int_equal(e->ds, 0x18);
	assert_int_equal(e->gdt_limit, 31);
	gdt = load_at(e->gdt_base, 32);
	assert_int_equal(bytes_get64(gdt + 0x10), 0x00af9b000000ffff);
	assert_int_equal(bytes_get64(gdt + 0x18), 0x00cf93000000ffff);
	assert_memory_equal(load_at(0x1000000, KERNEL_BYTES - CODE_AT),
			    kernel + CODE_AT, KERNEL_BYTES - CODE_AT);
}

/* Walks the tables that CR3 names, at both ends and in the middle. */
static void page_tables(void **state)
{
	static const uint64_t linear[] = {0,	      0x1fffff,	  0x200000,
					  0x1000200,  0x3fffffff, 0x40000000,
					  0xfee00000, 0xffffffff};
	struct load_request r = load_request_of(kernel, sizeof(kernel));

	(void)state;
	load_succeeds(&r);
	for (size_t i = 0; i < sizeof(linear) / sizeof(linear[0]); i++) {
		uint64_t a = linear[i];
		uint64_t entry = load_plan_made.entry.cr3;

		for (int shift = 39; shift >= 21; shift -= 9) {
			uint64_t index = a >> shift & 511;

			entry = bytes_get64(
				load_at((entry & ~0xfffull) + index * 8, 8));
			assert_int_equal(entry & 3, 3);
		}
		assert_true(entry & 0x80);
		assert_int_equal(entry & ~0x1fffffull, a & ~0x1fffffull);
	}
}

static void boot_params(void **state)
{
	struct load_request r = load_request_of(kernel, sizeof(kernel));
	const uint8_t *p;

	(void)state;
	load_succeeds(&r);
	p = load_at(load_plan_made.entry.rsi, 4096);
	assert_int_equal(p[0x1f0], 0);
	assert_int_equal(p[0x1ef], 0); /* the sentinel */
	assert_memory_equal(p + 0x202, "HdrS", 4);
	assert_int_equal(p[0x210], 0xff);
	assert_int_equal(bytes_get32(p + 0x214), 0x1000000);
	assert_int_equal(bytes_get32(p + 0x218), 0);
	assert_int_equal(bytes_get32(p + 0x21c), 0);
	assert_int_equal(bytes_get64(p + 0x70), 0xe0000);
	assert_string_equal((const char *)load_at(bytes_get32(p + 0x228), 14),
			    "console=ttyS0");
	assert_memory_equal(load_at(0xe0000, 8), "RSD PTR ", 8);
	/* Nothing of the code after the header came along. */
	for (size_t i = 0x202 + 0x6a; i < 0x2d0; i++)
		assert_int_equal(p[i], 0);
}

static void e820(void **state)
{
	static const struct {
		uint64_t memory;
		uint8_t count;
		uint64_t last_start, last_size;
	} row[] = {
		{256 * MIB, 3, MIB, 255 * MIB},
		{3072 * MIB, 3, MIB, 3071 * MIB},
		{3073 * MIB, 4, 4096 * MIB, MIB},
		{8192 * MIB, 4, 4096 * MIB, 5120 * MIB},
	};
	struct load_request r = load_request_of(kernel, sizeof(kernel));

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const uint8_t *p, *last;

		r.memory_bytes = row[i].memory;
		load_succeeds(&r);
		p = load_at(load_plan_made.entry.rsi, 4096);
		assert_int_equal(p[0x1e8], row[i].count);
		assert_int_equal(bytes_get64(p + 0x2d0), 0);
		assert_int_equal(bytes_get64(p + 0x2d8), 0xa0000);
		assert_int_equal(bytes_get32(p + 0x2e0), 1);
		assert_int_equal(bytes_get64(p + 0x2e4), 0xa0000);
		assert_int_equal(bytes_get64(p + 0x2ec), 0x60000);
		assert_int_equal(bytes_get32(p + 0x2f4), 2);
		last = p + 0x2d0 + 20 * (row[i].count - 1);
		assert_int_equal(bytes_get64(last), row[i].last_start);
		assert_int_equal(bytes_get64(last + 8), row[i].last_size);
		assert_int_equal(bytes_get32(last + 16), 1);
	}
}

static void initrd_place(void **state)
{
	static const struct {
		uint64_t memory;
		uint32_t max;
		uint64_t at;
	} row[] = {
		{256 * MIB, 0x7fffffff, 256 * MIB - 8192},
		{4096 * MIB, 0x7fffffff, 2048 * MIB - 8192},
		{4096 * MIB, 0xffffffff, 3072 * MIB - 8192},
		{256 * MIB, 100 * MIB - 1, 100 * MIB - 8192},
	};
	struct load_request r = load_request_of(kernel, sizeof(kernel));

	(void)state;
	r.initrd = (struct load_file){initrd, sizeof(initrd), "initrd"};
	memset(initrd, 0x5a, sizeof(initrd));
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const uint8_t *p;

		r.memory_bytes = row[i].memory;
		bytes_put32(kernel + 0x22c, row[i].max);
		load_succeeds(&r);
		p = load_at(load_plan_made.entry.rsi, 4096);
		assert_int_equal(bytes_get32(p + 0x218), row[i].at);
		assert_int_equal(bytes_get32(p + 0x21c), sizeof(initrd));
		assert_memory_equal(load_at(row[i].at, sizeof(initrd)), initrd,
				    sizeof(initrd));
	}
}

static void initrd_too_big(void **state)
{
	struct load_request r = load_request_of(kernel, sizeof(kernel));

	(void)state;
	/* The kernel needs 16 to 56 MiB; a page is left. */
	r.memory_bytes = 56 * MIB + 4096;
	r.initrd = (struct load_file){initrd, 4096, "initrd"};
	load_succeeds(&r);
	r.initrd.size_bytes = 4097;
	load_fails(&r, "initrd (4 KiB) does not fit into the VM's memory "
		       "behind the kernel");
	r.initrd.size_bytes = UINT64_MAX;
	load_fails(&r, "initrd (18014398509481983 KiB) does not fit into the "
		       "VM's memory behind the kernel");
	/* It fits, but not on a page of its own. */
	bytes_put32(kernel + 0x260, 40 * MIB + 1);
	r.initrd.size_bytes = 4095;
	load_fails(&r, "initrd (3 KiB) does not fit into the VM's memory "
		       "behind the kernel");
	/* A limit below the kernel's end. */
	r.initrd.size_bytes = 1;
	bytes_put32(kernel + 0x22c, 0);
	load_fails(&r, "initrd (0 KiB) does not fit into the VM's memory "
		       "behind the kernel");
}

static void placement(void **state)
{
	struct load_request r = load_request_of(kernel, sizeof(kernel));

	(void)state;
	/* Preferred 16 MiB; memory for 2 MiB + 40 MiB only. */
	r.memory_bytes = 42 * MIB;
	load_succeeds(&r);
	assert_int_equal(load_plan_made.entry.rip, 2 * MIB + 0x200);
	r.memory_bytes -= 4096;
	load_fails(&r, "kernel needs 40 MiB of memory before it can start, "
		       "the VM has 41 MiB");
	/* A kernel that cannot move. */
	r.memory_bytes = 56 * MIB;
	kernel[0x234] = 0;
	load_succeeds(&r);
	assert_int_equal(load_plan_made.entry.rip, 16 * MIB + 0x200);
	r.memory_bytes -= 4096;
	load_fails(&r, "kernel needs 40 MiB of memory before it can start, "
		       "the VM has 55 MiB");
	/* Preferred addresses that make no sense are not taken. */
	kernel[0x234] = 1;
	r.memory_bytes = 256 * MIB;
	bytes_put64(kernel + 0x258, UINT64_MAX);
	load_succeeds(&r);
	assert_int_equal(load_plan_made.entry.rip, 2 * MIB + 0x200);
	bytes_put64(kernel + 0x258, 0x10000);
	load_succeeds(&r);
	assert_int_equal(load_plan_made.entry.rip, 2 * MIB + 0x200);
	bytes_put32(kernel + 0x230, 0x1000);
	bytes_put32(kernel + 0x260, 0x10000);
	load_succeeds(&r);
	assert_int_equal(load_plan_made.entry.rip, MIB + 0x200);
	bytes_put32(kernel + 0x230, 0x200000);
	bytes_put64(kernel + 0x258, 0x1000001);
	load_succeeds(&r);
	assert_int_equal(load_plan_made.entry.rip, 18 * MIB + 0x200);
	/* An image that is larger than it says. */
	bytes_put32(kernel + 0x260, 0);
	load_succeeds(&r);
}

static void setup_sects(void **state)
{
	struct load_request r = load_request_of(kernel, sizeof(kernel));

	(void)state;
	kernel[0x1f1] = 0; /* means 4 */
	load_succeeds(&r);
	assert_ptr_equal(load_at(0x1000000, 1), kernel + CODE_AT);
	kernel[0x1f1] = 125;
	load_succeeds(&r); /* 126 sectors of 128 */
	r.kernel.size_bytes = 126 * 512 + 0x201;
	load_succeeds(&r);
	r.kernel.size_bytes--; /* nothing behind the entry point */
	load_fails(&r, "kernel ends before its code begins");
	kernel[0x1f1] = 255;
	load_fails(&r, "kernel ends before its code begins");
}

static void header_lies(void **state)
{
	struct load_request r = load_request_of(kernel, sizeof(kernel));

	(void)state;
	kernel[0x201] = 0x65;
	load_fails(&r, "kernel has a setup header of a wrong size");
	kernel[0x201] = 0x8f;
	load_fails(&r, "kernel has a setup header of a wrong size");
	kernel[0x201] = 0x66;
	load_succeeds(&r);
	kernel[0x201] = 0x8e;
	load_succeeds(&r);
	bytes_put32(kernel + 0x230, 0);
	load_fails(&r, "kernel asks for an alignment of 0x0 bytes");
	bytes_put32(kernel + 0x230, 0x300000);
	load_fails(&r, "kernel asks for an alignment of 0x300000 bytes");
	bytes_put32(kernel + 0x230, 0x80000000);
	load_fails(&r, "kernel asks for an alignment of 0x80000000 bytes");
	make_kernel(NULL);
	bytes_put16(kernel + 0x236, 0x3e);
	load_fails(&r, "kernel has no 64-bit entry point");
	kernel[0x211] = 0;
	load_fails(&r, "kernel is a zImage, not a bzImage");
	bytes_put16(kernel + 0x206, 0x20b);
	load_fails(&r, "kernel is older than boot protocol 2.12 (Linux 3.8)");
	r.kernel.size_bytes = 0x28f;
	load_fails(&r, "kernel ends within its setup header");
	r.kernel.size_bytes = 0x205;
	load_fails(&r, "kernel is neither a Linux bzImage nor a multiboot "
		       "image");
}

static void command_line(void **state)
{
	struct load_request r = load_request_of(kernel, sizeof(kernel));

	(void)state;
	bytes_put32(kernel + 0x238, 13);
	load_succeeds(&r);
	bytes_put32(kernel + 0x238, 12);
	load_fails(&r, "the command line has 13 characters, kernel takes 12");
}

static void too_little(void **state)
{
	struct load_request r = load_request_of(kernel, sizeof(kernel));

	(void)state;
	r.memory_bytes = MIB;
	load_fails(&r, "a VM needs at least 2 MiB of memory");
	r.memory_bytes = 256 * MIB;
	r.module_count = 1;
	load_fails(&r, "kernel is a Linux kernel, which takes an initrd, but "
		       "no modules");
	r.module_count = 5;
	load_fails(&r, "a VM takes at most 4 modules");
	r.module_count = 0;
	/* Every size of scratch: an answer, never a write beyond it. */
	for (size_t size = 0; size <= LOAD_SCRATCH_BYTES; size += 16) {
		bool made;

		r.scratch = aligned_alloc(16, size + 16);
		r.scratch_bytes = size;
		made = load_guest(&load_plan_made, &r, load_error);
		assert_int_equal(made, load_error[0] == '\0');
		free(r.scratch);
		if (made)
			return;
		assert_non_null(strstr(load_error, "scratch buffer"));
	}
	fail_msg("LOAD_SCRATCH_BYTES are not enough");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(entry_state, make_kernel),
		cmocka_unit_test_setup(page_tables, make_kernel),
		cmocka_unit_test_setup(boot_params, make_kernel),
		cmocka_unit_test_setup(e820, make_kernel),
		cmocka_unit_test_setup(initrd_place, make_kernel),
		cmocka_unit_test_setup(initrd_too_big, make_kernel),
		cmocka_unit_test_setup(placement, make_kernel),
		cmocka_unit_test_setup(setup_sects, make_kernel),
		cmocka_unit_test_setup(header_lies, make_kernel),
		cmocka_unit_test_setup(command_line, make_kernel),
		cmocka_unit_test_setup(too_little, make_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
