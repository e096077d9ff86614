/* SPDX-License-Identifier: BSD-2-Clause */
/* boot/acpi.c on tables that are right, damaged, odd and missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/acpi.h"

/* A machine whose memory is 16 KiB at E0000H; RSDP first. */
#define START 0xe0000u
#define SIZE  0x4000u

static uint8_t ram[SIZE];
static uint32_t used;
static struct acpi_machine machine;
static struct boot_console chosen;
static const struct acpi_window windows[] = {
	{.base = ram, .start = START, .size_bytes = SIZE},
};
static const struct acpi_memory memory = {.window = windows, .window_count = 1};

static uint32_t tables[16];
static uint32_t table_count;

static void put(uint32_t at, uint64_t value, uint32_t size)
{
	memcpy(ram + at, &value, size);
}

static void fix_sum(uint32_t at, uint32_t size, uint32_t sum_at)
{
	uint8_t sum = 0;

	ram[at + sum_at] = 0;
	for (uint32_t i = 0; i < size; i++)
		sum += ram[at + i];
	ram[at + sum_at] = (uint8_t)-sum;
}

static void reset(void)
{
	memset(ram, 0, sizeof(ram));
	used = 64;
	table_count = 0;
}

static uint32_t put_table(const char *signature, const void *body,
			  uint32_t size)
{
	uint32_t at = used;

	memcpy(ram + at, signature, 4);
	put(at + 4, 36 + size, 4);
	memcpy(ram + at + 36, body, size);
	fix_sum(at, 36 + size, 9);
	used += 36 + size;
	return at;
}

static uint32_t add_table(const char *signature, const void *body,
			  uint32_t size)
{
	tables[table_count] = put_table(signature, body, size);
	return tables[table_count++];
}

/* XSDT or RSDT over the tables, and the RSDP that leads to it. */
static uint32_t finish(uint32_t revision)
{
	uint32_t width = revision >= 2 ? 8 : 4;
	uint8_t body[16 * 8] = {0};
	uint32_t root;

	for (uint32_t i = 0; i < table_count; i++) {
		uint64_t address = START + tables[i];

		memcpy(body + i * width, &address, width);
	}
	root = put_table(width == 8 ? "XSDT" : "RSDT", body,
			 table_count * width);
	memcpy(ram, "RSD PTR ", 8);
	ram[15] = (uint8_t)revision;
	if (width == 8) {
		put(20, 36, 4);
		put(24, START + root, 8);
	} else {
		put(16, START + root, 4);
	}
	fix_sum(0, 20, 8);
	if (width == 8)
		fix_sum(0, 36, 32);
	return root;
}

static bool parse(void)
{
	return acpi_parse(&memory, hpa(START), &machine);
}

static const uint8_t madt[] = {
	0, 0, 0xe0, 0xfe, 1, 0, 0, 0, /* local APIC address, PC-AT */
	0, 8, 0, 4, 1, 0, 0, 0,	      /* APIC ID 4 */
	0, 8, 1, 2, 1, 0, 0, 0,	      /* APIC ID 2 */
	0, 8, 2, 6, 0, 0, 0, 0,	      /* disabled */
	0, 8, 3, 8, 2, 0, 0, 0,	      /* online capable */
	0, 8, 4, 0xff, 1, 0, 0, 0,    /* nothing */
	0, 8, 5, 2, 1, 0, 0, 0,	      /* ID 2 again */
	/* x2APIC: ID 2 again, 300, 301 disabled */
	9, 16, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 16, 0, 0, 0x2c, 1,
	0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 9, 16, 0, 0, 0x2d, 1, 0, 0, 0, 0, 0, 0, 3,
	0, 0, 0, 1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0, 1, 12, 1, 0, 0,
	0x10, 0xc0, 0xfe, 24, 0, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0,
	0,				/* IRQ 0 -> GSI 2 */
	2, 10, 0, 9, 9, 0, 0, 0, 15, 0, /* IRQ 9: level, low */
	2, 10, 0, 4, 20, 0, 0, 0, 5, 0, /* IRQ 4 -> 20: edge, high */
	4, 6, 0xff, 0, 0, 1,		/* NMI: not looked at */
};

static void check_madt(void)
{
	assert_int_equal(machine.cpu_count, 3);
	assert_int_equal(machine.cpu[0].apic_id, 4);
	assert_int_equal(machine.cpu[1].apic_id, 2);
	assert_int_equal(machine.cpu[2].apic_id, 300);
	assert_int_equal(machine.cpus_skipped, 3);
	assert_int_equal(machine.ioapic_count, 2);
	assert_int_equal(machine.ioapic[1].address.value, 0xfec01000);
	assert_int_equal(machine.ioapic[1].gsi_base, 24);
	assert_int_equal(machine.override_count, 3);
	assert_int_equal(acpi_gsi_of_irq(&machine, 0), 2);
	assert_int_equal(acpi_gsi_of_irq(&machine, 4), 20);
	assert_int_equal(acpi_gsi_of_irq(&machine, 3), 3);
	assert_true(machine.override[1].level);
	assert_true(machine.override[1].active_low);
	assert_false(machine.override[2].level);
	assert_false(machine.override[2].active_low);
}

static void madt_by_xsdt(void **state)
{
	(void)state;
	reset();
	add_table("APIC", madt, sizeof(madt));
	finish(2);
	assert_true(parse());
	check_madt();
}

static void madt_by_rsdt(void **state)
{
	(void)state;
	reset();
	add_table("APIC", madt, sizeof(madt));
	finish(0);
	assert_true(parse());
	check_madt();
}

static void timers(void **state)
{
	uint8_t fadt[232] = {0};
	uint8_t hpet[20] = {1, 0xa2, 0x86, 0x80, 0, 64, 0, 0, 0, 0, 0xd0, 0xfe};

	(void)state;
	reset();
	fadt[76 - 36] = 8;
	fadt[77 - 36] = 6;
	fadt[91 - 36] = 4;
	add_table("FACP", fadt, sizeof(fadt));
	add_table("HPET", hpet, sizeof(hpet));
	finish(2);
	assert_true(parse());
	assert_int_equal(machine.pm_timer_port, 0x608);
	assert_int_equal(machine.hpet.value, 0xfed00000);

	/* The 64-bit block goes before; in memory it is of no use. */
	reset();
	fadt[208 - 36] = 1;
	fadt[212 - 36] = 0x10;
	fadt[213 - 36] = 5;
	add_table("FACP", fadt, sizeof(fadt));
	finish(2);
	assert_true(parse());
	assert_int_equal(machine.pm_timer_port, 0x510);
	assert_int_equal(machine.hpet.value, 0);

	reset();
	fadt[91 - 36] = 0;
	add_table("FACP", fadt, sizeof(fadt));
	finish(2);
	assert_true(parse());
	assert_int_equal(machine.pm_timer_port, 0);
}

static void consoles(void **state)
{
	uint8_t spcr[44] = {
		[0] = 0, [4] = 1,  [5] = 8,  [8] = 0xf8,
		[9] = 2, [16] = 1, [17] = 3, [22] = 7,
	};
	uint8_t dbg2[8 + 22 + 12] = {
		[0] = 44,
		[4] = 1,
		/* the device: 34 bytes, one address at 22 */
		[9] = 34,
		[11] = 1,
		[20] = 0,
		[21] = 0x80,
		[22] = 0x12,
		[26] = 22,
		/* memory, 32 bits, dword access, at FE034000H */
		[30] = 0,
		[31] = 32,
		[33] = 3,
		[35] = 0x40,
		[36] = 0x03,
		[37] = 0xfe,
	};

	(void)state;
	reset();
	add_table("DBG2", dbg2, sizeof(dbg2));
	add_table("SPCR", spcr, sizeof(spcr));
	finish(2);
	assert_true(parse());
	assert_int_equal(machine.console_count, 2);
	assert_int_equal(machine.console[0].kind, BOOT_CONSOLE_IO);
	assert_int_equal(machine.console[0].address, 0x2f8);
	assert_int_equal(machine.console[0].gsi, 3);
	assert_int_equal(machine.console[0].baud, 115200);
	assert_int_equal(machine.console[1].kind, BOOT_CONSOLE_MMIO);
	assert_int_equal(machine.console[1].address, 0xfe034000);
	assert_int_equal(machine.console[1].stride_bytes, 4);
	assert_int_equal(machine.console[1].width_bytes, 4);
	assert_int_equal(machine.console[1].gsi, UINT32_MAX);
	assert_int_equal(machine.console[1].baud, 0);

	/* By GSI; then an interface that is no 16550; then no address. */
	reset();
	spcr[16] = 3;
	spcr[18] = 40;
	add_table("SPCR", spcr, sizeof(spcr));
	finish(2);
	assert_true(parse());
	assert_int_equal(machine.console[0].gsi, 40);
	reset();
	spcr[0] = 3;
	add_table("SPCR", spcr, sizeof(spcr));
	finish(2);
	assert_true(parse());
	assert_int_equal(machine.console_count, 0);
	reset();
	spcr[0] = 0;
	spcr[8] = spcr[9] = 0;
	add_table("SPCR", spcr, sizeof(spcr));
	finish(2);
	assert_true(parse());
	assert_int_equal(machine.console_count, 0);
}

static void parse_spcr(const uint8_t *body, uint32_t size, uint8_t revision)
{
	uint32_t at;

	reset();
	at = add_table("SPCR", body, size);
	ram[at + 8] = revision;
	fix_sum(at, 36 + size, 9);
	finish(2);
	assert_true(parse());
	assert_int_equal(machine.console_count, 1);
}

/* The UART's clock is known from revision 3 on, any baud rate from 4 on. */
static void spcr_speeds(void **state)
{
	const struct config config = {.console_baud = CONFIG_BAUD_AUTO};
	uint8_t spcr[52] = {[0] = 0x12,
			    [4] = 1,
			    [5] = 8,
			    [8] = 0xf8,
			    [9] = 2,
			    [22] = 6,
			    /* 48 MHz */
			    [40] = 0x00,
			    [41] = 0x6c,
			    [42] = 0xdc,
			    [43] = 0x02,
			    /* 1500000 */
			    [44] = 0x60,
			    [45] = 0xe3,
			    [46] = 0x16};

	(void)state;
	parse_spcr(spcr, sizeof(spcr), 2);
	assert_int_equal(machine.console[0].clock_hz, 0);
	assert_int_equal(machine.console[0].baud, 57600);
	parse_spcr(spcr, sizeof(spcr), 3);
	assert_int_equal(machine.console[0].clock_hz, 48000000);
	assert_int_equal(machine.console[0].baud, 57600);
	parse_spcr(spcr, sizeof(spcr), 4);
	assert_int_equal(machine.console[0].clock_hz, 48000000);
	assert_int_equal(machine.console[0].baud, 1500000);
	assert_int_equal(acpi_choose_console(&machine, &config).baud, 1500000);
	/* cut short: as if it were zeroes */
	parse_spcr(spcr, 44, 4);
	assert_int_equal(machine.console[0].clock_hz, 48000000);
	assert_int_equal(machine.console[0].baud, 57600);
	/* a rate that cannot be made from a clock that is not told */
	spcr[42] = spcr[43] = spcr[41] = 0;
	parse_spcr(spcr, sizeof(spcr), 4);
	assert_int_equal(machine.console[0].baud, 1500000);
	assert_int_equal(acpi_choose_console(&machine, &config).baud, 0);
}

/* The configuration's rate and clock stand before all others. */
static void configured_speed(void **state)
{
	struct config config = {.console_baud = 921600,
				.console_clock = 14745600};
	struct boot_console console = {.baud = 9600, .clock_hz = 1000000};

	(void)state;
	acpi_set_speed(&console, &config);
	assert_int_equal(console.baud, 921600);
	assert_int_equal(console.clock_hz, 14745600);
	/* also one that is impossible: the loader refuses it */
	config.console_clock = 0;
	console.clock_hz = 0;
	acpi_set_speed(&console, &config);
	assert_int_equal(console.baud, 921600);
	config.console_baud = 0;
	acpi_set_speed(&console, &config);
	assert_int_equal(console.baud, 0);
}

static void remapping(void **state)
{
	uint8_t dmar[12 + 16 + 24 + 16] = {
		[0] = 38,    [1] = 1,	  [12] = 0,    [14] = 16,   [21] = 0x10,
		[22] = 0xd9, [23] = 0xfe, [28] = 1,    [30] = 24, /* RMRR */
		[52] = 0,    [54] = 16,	  [61] = 0x20, [62] = 0xd9, [63] = 0xfe,
	};

	(void)state;
	reset();
	add_table("DMAR", dmar, sizeof(dmar));
	finish(2);
	assert_true(parse());
	assert_int_equal(machine.remapping_unit_count, 2);
	assert_int_equal(machine.remapping_unit[0].value, 0xfed91000);
	assert_int_equal(machine.remapping_unit[1].value, 0xfed92000);
}

static void damage(void **state)
{
	uint32_t at, root;

	(void)state;
	/* No RSDP at all, outside of memory, at its very end. */
	reset();
	assert_false(parse());
	assert_false(acpi_parse(&memory, hpa(0), &machine));
	assert_false(acpi_parse(&memory, hpa(UINT64_MAX), &machine));
	assert_false(acpi_parse(&memory, hpa(START + SIZE - 8), &machine));

	/* One byte wrong in each: RSDP, its extension, XSDT, table. */
	at = add_table("APIC", madt, sizeof(madt));
	root = finish(2);
	ram[9]++;
	assert_false(parse());
	ram[9]--;
	ram[33]++;
	assert_false(parse());
	ram[33]--;
	ram[root + 10]++;
	assert_false(parse());
	ram[root + 10]--;
	ram[at + 50]++;
	assert_true(parse());
	assert_int_equal(machine.cpu_count, 0);
	ram[at + 50]--;
	assert_true(parse());
	check_madt();

	/* Longer than memory; shorter than a header. */
	put(at + 4, SIZE, 4);
	assert_true(parse());
	assert_int_equal(machine.cpu_count, 0);
	put(at + 4, 35, 4);
	assert_true(parse());
	assert_int_equal(machine.cpu_count, 0);
}

/* Entries of length 0, 1, too short for their type, and over the end. */
static void madt_entries(void **state)
{
	static const uint8_t bad[][16] = {
		{[8] = 0, [9] = 0, [10] = 1, [11] = 3, [12] = 1},
		{[8] = 0, [9] = 1, [10] = 1, [11] = 3, [12] = 1},
		{[8] = 0, [9] = 7, [10] = 1, [11] = 3, [12] = 1},
		{[8] = 0, [9] = 9, [10] = 1, [11] = 3, [12] = 1},
		{[8] = 9, [9] = 8, [12] = 1},
		{[8] = 1, [9] = 8, [12] = 1},
		{[8] = 2, [9] = 8, [12] = 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		reset();
		add_table("APIC", bad[i], sizeof(bad[i]));
		finish(2);
		assert_true(parse());
		assert_int_equal(machine.cpu_count, 0);
		assert_int_equal(machine.ioapic_count, 0);
		assert_int_equal(machine.override_count, 0);
	}
}

static void too_many(void **state)
{
	static uint8_t big[8 + 300 * 16 + 40 * 12 + 40 * 10];
	uint8_t *entry = big + 8;

	(void)state;
	for (uint32_t i = 0; i < 300; i++, entry += 16) {
		entry[0] = 9;
		entry[1] = 16;
		memcpy(entry + 4, &i, 4);
		entry[8] = 1;
	}
	for (uint32_t i = 0; i < 40; i++, entry += 12) {
		entry[0] = 1;
		entry[1] = 12;
		entry[7] = 0xfe;
	}
	for (uint32_t i = 0; i < 40; i++, entry += 10) {
		entry[0] = 2;
		entry[1] = 10;
	}
	reset();
	add_table("APIC", big, sizeof(big));
	finish(2);
	assert_true(parse());
	assert_int_equal(machine.cpu_count, BOOT_CPUS_MAX);
	assert_int_equal(machine.cpus_skipped, 300 - BOOT_CPUS_MAX);
	assert_int_equal(machine.ioapic_count, BOOT_IOAPICS_MAX);
	assert_int_equal(machine.override_count, BOOT_OVERRIDES_MAX);
}

static void assert_console(enum boot_console_kind kind, uint64_t address,
			   uint32_t gsi, uint32_t baud)
{
	assert_int_equal(chosen.kind, kind);
	assert_int_equal(chosen.address, address);
	assert_int_equal(chosen.gsi, gsi);
	assert_int_equal(chosen.baud, baud);
}

static void choice(void **state)
{
	struct config config = {.console_baud = CONFIG_BAUD_AUTO};

	(void)state;
	reset();
	add_table("APIC", madt, sizeof(madt));
	finish(2);
	assert_true(parse());
	chosen = acpi_choose_console(&machine, &config);
	assert_console(BOOT_CONSOLE_IO, 0x3f8, 20, 115200);
	config.console_port = 0x2f8;
	config.console_baud = 9600;
	chosen = acpi_choose_console(&machine, &config);
	assert_console(BOOT_CONSOLE_IO, 0x2f8, 3, 9600);
	config.console_port = 0xc000;
	config.console_baud = 0;
	chosen = acpi_choose_console(&machine, &config);
	assert_console(BOOT_CONSOLE_IO, 0xc000, UINT32_MAX, 0);
	assert_int_equal(chosen.stride_bytes, 1);
	config.console_port = CONFIG_PORT_NONE;
	chosen = acpi_choose_console(&machine, &config);
	assert_console(BOOT_CONSOLE_NONE, 0, UINT32_MAX, 0);

	/* What ACPI names, with its baud rate unless one is configured. */
	config.console_port = CONFIG_PORT_AUTO;
	config.console_baud = CONFIG_BAUD_AUTO;
	machine.console_count = 1;
	machine.console[0] = (struct boot_console){
		.kind = BOOT_CONSOLE_MMIO,
		.address = 0xfe034000,
		.stride_bytes = 4,
		.width_bytes = 4,
		.gsi = UINT32_MAX,
	};
	chosen = acpi_choose_console(&machine, &config);
	assert_console(BOOT_CONSOLE_MMIO, 0xfe034000, UINT32_MAX, 0);
	config.console_baud = 57600;
	chosen = acpi_choose_console(&machine, &config);
	assert_console(BOOT_CONSOLE_MMIO, 0xfe034000, UINT32_MAX, 57600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(madt_by_xsdt),
		cmocka_unit_test(madt_by_rsdt),
		cmocka_unit_test(timers),
		cmocka_unit_test(consoles),
		cmocka_unit_test(spcr_speeds),
		cmocka_unit_test(configured_speed),
		cmocka_unit_test(remapping),
		cmocka_unit_test(damage),
		cmocka_unit_test(madt_entries),
		cmocka_unit_test(too_many),
		cmocka_unit_test(choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
