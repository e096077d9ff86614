/* SPDX-License-Identifier: BSD-2-Clause */
/* guest/load/multiboot.c and elf.c: segments, information, files that lie. */
#include "tools/test/unit/test_load.h"

#define IMAGE_BYTES 12288

static uint8_t image[IMAGE_BYTES];

static void put_header(uint32_t at, uint32_t flags)
{
	bytes_put32(image + at, 0x1badb002);
	bytes_put32(image + at + 4, flags);
	bytes_put32(image + at + 8, -(0x1badb002 + flags));
}

static void fill(void)
{
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i * 5 + 1);
}

/* By addresses: header at file offset 40H, text from file offset 20H. */
static int make_aout(void **state)
{
	(void)state;
	fill();
	put_header(0x40, 1 << 16 | 3);
	bytes_put32(image + 0x4c, 0x400020); /* header */
	bytes_put32(image + 0x50, 0x400000); /* load */
	bytes_put32(image + 0x54, 0x401000); /* load end */
	bytes_put32(image + 0x58, 0x403000); /* bss end */
	bytes_put32(image + 0x5c, 0x400100); /* entry */
	return 0;
}

/* ELF32 with a text segment, one with bss, and one that is not loaded. */
static int make_elf32(void **state)
{
	(void)state;
	fill();
	memset(image, 0, 0x200);
	memcpy(image, "\177ELF\1\1\1", 7);
	bytes_put16(image + 18, 3);
	bytes_put32(image + 24, 0xc0100010); /* entry, virtual */
	bytes_put32(image + 28, 52);
	bytes_put16(image + 42, 32);
	bytes_put16(image + 44, 3);
	for (uint32_t i = 0; i < 3; i++) {
		uint8_t *p = image + 52 + 32 * i;

		bytes_put32(p, i == 1 ? 4 : 1); /* the second is PT_NOTE */
		bytes_put32(p + 4, 0x1000);
		bytes_put32(p + 8, 0xc0100000 + 0x10000 * i);
		bytes_put32(p + 12, 0x100000 + 0x10000 * i);
		bytes_put32(p + 16, 0x800);
		bytes_put32(p + 20, i ? 0x5000 : 0x800);
	}
	put_header(0x180, 0);
	return 0;
}

static int make_elf64(void **state)
{
	(void)state;
	fill();
	memset(image, 0, 0x200);
	memcpy(image, "\177ELF\2\1\1", 7);
	bytes_put16(image + 18, 62);
	bytes_put64(image + 24, 0x100010);
	bytes_put64(image + 32, 64);
	bytes_put16(image + 54, 56);
	bytes_put16(image + 56, 1);
	bytes_put32(image + 64, 1);
	bytes_put64(image + 72, 0x1000);
	bytes_put64(image + 80, 0x100000);
	bytes_put64(image + 88, 0x100000);
	bytes_put64(image + 96, 0x1000);
	bytes_put64(image + 104, 0x2000);
	put_header(0x180, 0);
	return 0;
}

static void entry_state(void **state)
{
	struct load_request r = load_request_of(image, sizeof(image));
	const struct load_entry *e = &load_plan_made.entry;
	const uint8_t *gdt;

	(void)state;
	load_succeeds(&r);
	assert_int_equal(e->kind, LOAD_ENTRY_PROTECTED32);
	assert_int_equal(e->rip, 0x400100);
	assert_int_equal(e->rax, 0x2badb002);
	gdt = load_at(e->gdt_base, e->gdt_limit + 1u);
	assert_int_equal(bytes_get64(gdt + e->cs), 0x00cf9b000000ffff);
	assert_int_equal(bytes_get64(gdt + e->ds), 0x00cf93000000ffff);
}

static void aout(void **state)
{
	struct load_request r = load_request_of(image, sizeof(image));

	(void)state;
	load_succeeds(&r);
	assert_int_equal(load_plan_made.copy[0].to.value, 0x400000);
	assert_ptr_equal(load_plan_made.copy[0].from, image + 0x20);
	assert_int_equal(load_plan_made.copy[0].file_bytes, 0x1000);
	assert_int_equal(load_plan_made.copy[0].memory_bytes, 0x3000);
	/* No end of load: the rest of the file.  No bss end: no bss. */
	bytes_put32(image + 0x54, 0);
	bytes_put32(image + 0x58, 0);
	load_succeeds(&r);
	assert_int_equal(load_plan_made.copy[0].file_bytes, IMAGE_BYTES - 0x20);
	assert_int_equal(load_plan_made.copy[0].memory_bytes,
			 IMAGE_BYTES - 0x20);
}

static void aout_lies(void **state)
{
	struct load_request r = load_request_of(image, sizeof(image));

	(void)state;
	bytes_put32(image + 0x4c, 0x400041);
	load_fails(&r, "kernel has a multiboot header with contradicting "
		       "addresses");
	bytes_put32(image + 0x4c, 0x3fffff);
	load_fails(&r, "kernel has a multiboot header with contradicting "
		       "addresses");
	make_aout(NULL);
	bytes_put32(image + 0x54, 0x400000 + IMAGE_BYTES - 0x20 + 1);
	load_fails(&r, "kernel has a segment beyond its end");
	bytes_put32(image + 0x54, 0x3fffff);
	load_fails(&r, "kernel has a segment beyond its end");
	make_aout(NULL);
	bytes_put32(image + 0x5c, 0x403000);
	load_fails(&r, "kernel starts outside its segments");
	bytes_put32(image + 0x5c, 0x3fffff);
	load_fails(&r, "kernel starts outside its segments");
	make_aout(NULL);
	bytes_put32(image + 0x58, 0xffffffff);
	load_fails(&r, "the image (4290772991 bytes at 0x400000) does not lie "
		       "in the guest's RAM");
	r.kernel.size_bytes = 0x40 + 31;
	load_fails(&r, "kernel ends within its multiboot header");
	r.kernel.size_bytes = 0x40 + 11;
	load_fails(&r, "kernel is neither a Linux bzImage nor a multiboot "
		       "image");
}

static void header_place(void **state)
{
	struct load_request r = load_request_of(image, sizeof(image));

	(void)state;
	fill();
	put_header(8192 - 12, 1 << 16);
	load_fails(&r, "kernel has a multiboot header with contradicting "
		       "addresses");
	fill();
	put_header(8192 - 8, 1 << 16);
	load_fails(&r, "kernel is neither a Linux bzImage nor a multiboot "
		       "image");
	fill();
	put_header(0x42, 1 << 16); /* not on a boundary of 4 */
	load_fails(&r, "kernel is neither a Linux bzImage nor a multiboot "
		       "image");
	fill();
	put_header(0x40, 0);
	image[0x48]++; /* checksum */
	load_fails(&r, "kernel is neither a Linux bzImage nor a multiboot "
		       "image");
	make_aout(NULL);
	put_header(0x40, 1 << 16 | 4);
	load_fails(&r, "kernel asks for multiboot features that do not exist "
		       "here (flags 0x10004)");
	put_header(0x40, 0);
	load_fails(&r, "kernel is not an x86 ELF executable");
}

static void elf32(void **state)
{
	struct load_request r = load_request_of(image, sizeof(image));

	(void)state;
	load_succeeds(&r);
	assert_int_equal(load_plan_made.entry.rip, 0x100010);
	assert_memory_equal(load_at(0x100000, 0x800), image + 0x1000, 0x800);
	assert_int_equal(load_plan_made.copy[1].to.value, 0x120000);
	assert_int_equal(load_plan_made.copy[1].file_bytes, 0x800);
	assert_int_equal(load_plan_made.copy[1].memory_bytes, 0x5000);
	assert_int_equal(load_plan_made.entry.kind, LOAD_ENTRY_PROTECTED32);
}

static void elf64(void **state)
{
	struct load_request r = load_request_of(image, sizeof(image));

	(void)state;
	load_succeeds(&r);
	assert_int_equal(load_plan_made.entry.rip, 0x100010);
	assert_memory_equal(load_at(0x100000, 0x1000), image + 0x1000, 0x1000);
	assert_int_equal(load_plan_made.copy[0].memory_bytes, 0x2000);
	bytes_put64(image + 72, UINT64_MAX);
	load_fails(&r, "kernel has a segment beyond its end");
	bytes_put64(image + 72, 0x1000);
	bytes_put64(image + 88, UINT64_MAX - 0xfff);
	load_fails(&r, "a segment of the image (8192 bytes at "
		       "0xfffffffffffff000) does not lie in the guest's RAM");
	bytes_put64(image + 32, UINT64_MAX);
	load_fails(&r, "kernel has no valid program headers");
	/* 64-bit by its class, but ending before the longer header does. */
	bytes_put16(image + 18, 3);
	load_fails(&r, "kernel is not an x86 ELF executable");
}

static void elf_lies(void **state)
{
	struct load_request r = load_request_of(image, sizeof(image));

	(void)state;
	bytes_put16(image + 44, 0xffff);
	load_fails(&r, "kernel has no valid program headers");
	bytes_put16(image + 44, 3);
	bytes_put16(image + 42, 31);
	load_fails(&r, "kernel has no valid program headers");
	make_elf32(NULL);
	bytes_put32(image + 52 + 16, 0x801); /* more in the file than memory */
	load_fails(&r, "kernel has a segment beyond its end");
	make_elf32(NULL);
	bytes_put32(image + 52 + 4, IMAGE_BYTES - 0x7ff);
	load_fails(&r, "kernel has a segment beyond its end");
	make_elf32(NULL);
	bytes_put32(image + 24, 0x130000);
	load_fails(&r, "kernel starts outside its segments");
	make_elf32(NULL);
	bytes_put32(image + 52 + 12, 0x9ff00); /* into what is reserved */
	load_fails(&r, "a segment of the image (2048 bytes at 0x9ff00) does "
		       "not lie in the guest's RAM");
	bytes_put32(image + 52 + 12, 0x9000 - 0x100);
	bytes_put32(image + 24, 0xc0100000);
	bytes_put32(image + 52 + 20, 0x90000);
	load_fails(&r, "kernel lies where the multiboot information goes "
		       "(0x9000 and 0x90000)");
	/* More segments than a plan holds. */
	make_elf32(NULL);
	bytes_put16(image + 44, 100);
	for (uint32_t i = 0; i < 100; i++)
		memcpy(image + 52 + 32 * i, image + 52, 32);
	put_header(0x1f00, 0);
	load_fails(&r, "the image has too many segments");
}

/* As images are that go to real mode by themselves. */
static void low_image(void **state)
{
	struct load_request r = load_request_of(image, sizeof(image));
	const uint8_t *info;

	(void)state;
	bytes_put32(image + 0x4c, 0x8020);
	bytes_put32(image + 0x50, 0x8000);
	bytes_put32(image + 0x54, 0x8800);
	bytes_put32(image + 0x58, 0xa000);
	bytes_put32(image + 0x5c, 0x8000);
	load_succeeds(&r);
	assert_int_equal(load_plan_made.entry.rip, 0x8000);
	assert_int_equal(load_plan_made.entry.rbx, 0x90000);
	info = load_at(0x90000, 4);
	assert_int_equal(bytes_get32(info) & 1, 1);
}

static const char *string_at(uint32_t address)
{
	return (const char *)load_at(address, 1);
}

static void information(void **state)
{
	struct load_request r = load_request_of(image, sizeof(image));
	const uint8_t *info, *mmap, *mods;

	(void)state;
	r.kernel.name = "guest.flat";
	r.module_count = 2;
	r.module[0] = (struct load_file){"abc", 3, "first"};
	r.module[1] = (struct load_file){image, 5000, "second"};
	load_succeeds(&r);
	info = load_at(load_plan_made.entry.rbx, 72);
	assert_int_equal(bytes_get32(info), 0x24d);
	assert_int_equal(bytes_get32(info + 4), 640);
	assert_int_equal(bytes_get32(info + 8), 255 * 1024);
	assert_string_equal(string_at(bytes_get32(info + 16)),
			    "guest.flat console=ttyS0");
	assert_string_equal(string_at(bytes_get32(info + 64)), "Apical");
	assert_int_equal(bytes_get32(info + 20), 2);
	mods = load_at(bytes_get32(info + 24), 32);
	assert_int_equal(bytes_get32(mods), 0x403000);
	assert_int_equal(bytes_get32(mods + 4), 0x403003);
	assert_string_equal(string_at(bytes_get32(mods + 8)), "first");
	assert_memory_equal(load_at(0x403000, 3), "abc", 3);
	assert_int_equal(bytes_get32(mods + 16), 0x404000);
	assert_int_equal(bytes_get32(mods + 20), 0x404000 + 5000);
	assert_string_equal(string_at(bytes_get32(mods + 24)), "second");
	assert_int_equal(bytes_get32(info + 44), 72);
	mmap = load_at(bytes_get32(info + 48), 72);
	assert_int_equal(bytes_get32(mmap), 20);
	assert_int_equal(bytes_get64(mmap + 4), 0);
	assert_int_equal(bytes_get64(mmap + 12), 0xa0000);
	assert_int_equal(bytes_get32(mmap + 20), 1);
	assert_int_equal(bytes_get32(mmap + 24 + 20), 2);
	assert_int_equal(bytes_get64(mmap + 48 + 4), MIB);
	assert_int_equal(bytes_get64(mmap + 48 + 12), 255 * MIB);

	r.cmdline = "";
	r.memory_bytes = 5 * 1024 * MIB;
	load_succeeds(&r);
	info = load_at(load_plan_made.entry.rbx, 72);
	assert_string_equal(string_at(bytes_get32(info + 16)), "guest.flat");
	assert_int_equal(bytes_get32(info + 8), 3071 * 1024);
	assert_int_equal(bytes_get32(info + 44), 96);
	mmap = load_at(bytes_get32(info + 48), 96);
	assert_int_equal(bytes_get64(mmap + 72 + 4), 4096 * MIB);
	assert_int_equal(bytes_get64(mmap + 72 + 12), 2048 * MIB);
}

static void too_big(void **state)
{
	struct load_request r = load_request_of(image, sizeof(image));

	(void)state;
	r.module_count = 1;
	r.module[0] = (struct load_file){image, 256 * MIB, "module"};
	load_fails(&r, "module (268435456 bytes at 0x403000) does not lie in "
		       "the guest's RAM");
	r.module_count = 0;
	r.initrd = (struct load_file){image, 1, "initrd"};
	load_fails(&r, "kernel is a multiboot image, which takes modules, but "
		       "no initrd");
	r.initrd.size_bytes = 0;
	r.memory_bytes = 4 * MIB;
	load_fails(&r, "the image (12288 bytes at 0x400000) does not lie in "
		       "the guest's RAM");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(entry_state, make_aout),
		cmocka_unit_test_setup(aout, make_aout),
		cmocka_unit_test_setup(aout_lies, make_aout),
		cmocka_unit_test_setup(header_place, make_aout),
		cmocka_unit_test_setup(elf32, make_elf32),
		cmocka_unit_test_setup(elf64, make_elf64),
		cmocka_unit_test_setup(elf_lies, make_elf32),
		cmocka_unit_test_setup(low_image, make_aout),
		cmocka_unit_test_setup(information, make_aout),
		cmocka_unit_test_setup(too_big, make_aout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
