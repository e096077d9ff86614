/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest/load/acpi_tables.c: every checksum, every pointer, the MADT's entries,
 * and the FADT against guest/dev/ports.h.  With APICAL_ACPI_DUMP naming a
 * folder the tables are written there, for iasl -d.
 */
#include "tools/test/unit/test_load.h"

#include <stdio.h>
#include <stdlib.h>

#include "guest/dev/ports.h"
#include "guest/load/acpi_tables.h"

/* The smallest kernel that loads: a multiboot image of its header alone. */
static uint8_t kernel[64];

static int make_kernel(void **state)
{
	(void)state;
	bytes_put32(kernel, 0x1badb002);
	bytes_put32(kernel + 4, 1 << 16);
	bytes_put32(kernel + 8, -(0x1badb002 + (1 << 16)));
	bytes_put32(kernel + 12, 0x100000);
	bytes_put32(kernel + 16, 0x100000);
	bytes_put32(kernel + 28, 0x100020);
	return 0;
}

static uint8_t sum(const uint8_t *bytes, size_t size)
{
	uint8_t s = 0;

	while (size--)
		s += *bytes++;
	return s;
}

/* A table at an address, its length and checksum verified. */
static const uint8_t *table(uint64_t at, const char *signature)
{
	uint32_t size = bytes_get32(load_at(at, 36) + 4);
	const uint8_t *bytes = load_at(at, size);

	assert_memory_equal(bytes, signature, 4);
	assert_int_equal(sum(bytes, size), 0);
	return bytes;
}

static const uint8_t *find(const char *signature)
{
	uint64_t xsdt_at = bytes_get64(load_at(ACPI_TABLES_AT, 36) + 24);
	const uint8_t *xsdt = table(xsdt_at, "XSDT");

	for (uint32_t at = 36; at < bytes_get32(xsdt + 4); at += 8) {
		uint64_t address = bytes_get64(xsdt + at);

		if (memcmp(load_at(address, 4), signature, 4) == 0)
			return table(address, signature);
	}
	fail_msg("no %s", signature);
	return NULL;
}

static void rsdp(void **state)
{
	struct load_request r = load_request_of(kernel, sizeof(kernel));
	const uint8_t *p;

	(void)state;
	load_succeeds(&r);
	p = load_at(ACPI_TABLES_AT, 36);
	assert_memory_equal(p, "RSD PTR ", 8);
	assert_int_equal(sum(p, 20), 0);
	assert_int_equal(sum(p, 36), 0);
	assert_int_equal(p[15], 2);
	assert_int_equal(bytes_get32(p + 20), 36);
}

static void fadt(void **state)
{
	struct load_request r = load_request_of(kernel, sizeof(kernel));
	const uint8_t *f, *facs, *dsdt;

	(void)state;
	load_succeeds(&r);
	f = find("FACP");
	assert_int_equal(bytes_get32(f + 4), 276);
	assert_int_equal(bytes_get16(f + 46), PORTS_SCI_IRQ);
	assert_int_equal(bytes_get32(f + 48), 0); /* no SMI command */
	assert_int_equal(bytes_get32(f + 56), PORTS_PM1A_EVT);
	assert_int_equal(bytes_get32(f + 64), PORTS_PM1A_CNT);
	assert_int_equal(bytes_get32(f + 76), PORTS_PM_TMR);
	assert_int_equal(f[88], 4);
	assert_int_equal(f[89], 2);
	assert_int_equal(f[91], 4);
	assert_int_equal(bytes_get16(f + 109), 5); /* legacy, no 8042, no VGA */
	assert_int_equal(bytes_get32(f + 112) & 0x500, 0x500);
	assert_int_equal(bytes_get32(f + 112) & 0x100010, 0);
	assert_int_equal(f[116], 1); /* reset register: I/O space, 8 bits */
	assert_int_equal(f[117], 8);
	assert_int_equal(bytes_get64(f + 120), PORTS_RESET);
	assert_int_equal(f[128], PORTS_RESET_VALUE);
	assert_int_equal(bytes_get64(f + 152), PORTS_PM1A_EVT);
	assert_int_equal(f[149], 32);
	assert_int_equal(bytes_get64(f + 176), PORTS_PM1A_CNT);
	assert_int_equal(bytes_get64(f + 212), PORTS_PM_TMR);

	assert_int_equal(bytes_get64(f + 140), bytes_get32(f + 40));
	dsdt = table(bytes_get64(f + 140), "DSDT");
	assert_int_equal(bytes_get32(f + 36) % 64, 0);
	facs = load_at(bytes_get32(f + 36), 64);
	assert_memory_equal(facs, "FACS", 4);
	assert_int_equal(bytes_get32(facs + 4), 64);

	/* Name (_S5, Package (4) { 5, 5, ...: what acpi_pm.c waits for. */
	for (uint32_t i = 36;; i++) {
		assert_true(i + 10 < bytes_get32(dsdt + 4));
		if (memcmp(dsdt + i, "_S5_\x12", 5) == 0) {
			assert_int_equal(dsdt[i + 6], 4);
			assert_int_equal(dsdt[i + 7], 0x0a);
			assert_int_equal(dsdt[i + 8], PORTS_SLP_TYP_S5);
			break;
		}
	}
}

/* One line per MADT entry, as text that a test compares. */
static const char *madt_text(void)
{
	static char text[8192];
	const uint8_t *m = find("APIC");
	size_t used = 0;

	assert_int_equal(bytes_get32(m + 36), 0xfee00000);
	assert_int_equal(bytes_get32(m + 40), 1);
	text[0] = '\0';
	for (uint32_t at = 44; at < bytes_get32(m + 4); at += m[at + 1]) {
		const uint8_t *e = m + at;

		assert_true(e[1] >= 2);
		assert_true(at + e[1] <= bytes_get32(m + 4));
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%u/%u:", e[0], e[1]);
		for (unsigned i = 2; i < e[1]; i++)
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "%02x", e[i]);
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "\n");
	}
	return text;
}

static void madt(void **state)
{
	struct load_request r = load_request_of(kernel, sizeof(kernel));

	(void)state;
	load_succeeds(&r);
	assert_string_equal(madt_text(), "0/8:000001000000\n"
					 "0/8:010101000000\n"
					 "4/6:ff000001\n"
					 "1/12:00000000c0fe00000000\n"
					 "2/10:0000020000000000\n"
					 "2/10:0009090000000d00\n");
}

static void madt_x2apic(void **state)
{
	static const uint32_t ids[] = {0, 254, 255, 0x12345};
	struct load_request r = load_request_of(kernel, sizeof(kernel));

	(void)state;
	r.apic_id = ids;
	r.vcpu_count = 4;
	load_succeeds(&r);
	assert_string_equal(madt_text(), "0/8:000001000000\n"
					 "0/8:01fe01000000\n"
					 "9/16:0000ff0000000100000002000000\n"
					 "9/16:0000452301000100000003000000\n"
					 "4/6:ff000001\n"
					 "10/12:0000ffffffff01000000\n"
					 "1/12:00000000c0fe00000000\n"
					 "2/10:0000020000000000\n"
					 "2/10:0009090000000d00\n");
}

static void many_cpus(void **state)
{
	uint32_t ids[64];
	struct load_request r = load_request_of(kernel, sizeof(kernel));

	(void)state;
	for (uint32_t i = 0; i < 64; i++)
		ids[i] = i * 1000;
	r.apic_id = ids;
	r.vcpu_count = 64;
	load_succeeds(&r);
	find("APIC");
}

static void dump(void **state)
{
	static const char *const names[] = {"XSDT", "FACP", "APIC", "DSDT"};
	const char *folder = getenv("APICAL_ACPI_DUMP");
	struct load_request r = load_request_of(kernel, sizeof(kernel));

	(void)state;
	if (!folder)
		skip();
	load_succeeds(&r);
	for (size_t i = 0; i < 4; i++) {
		char path[256];
		const uint8_t *bytes;
		FILE *f;

		if (i == 0)
			bytes = table(
				bytes_get64(load_at(ACPI_TABLES_AT, 36) + 24),
				"XSDT");
		else if (i == 3)
			bytes = table(bytes_get64(find("FACP") + 140), "DSDT");
		else
			bytes = find(names[i]);
		snprintf(path, sizeof(path), "%s/%s.dat", folder, names[i]);
		f = fopen(path, "wb");
		assert_non_null(f);
		assert_int_equal(fwrite(bytes, bytes_get32(bytes + 4), 1, f),
				 1);
		assert_int_equal(fclose(f), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rsdp, make_kernel),
		cmocka_unit_test_setup(fadt, make_kernel),
		cmocka_unit_test_setup(madt, make_kernel),
		cmocka_unit_test_setup(madt_x2apic, make_kernel),
		cmocka_unit_test_setup(many_cpus, make_kernel),
		cmocka_unit_test_setup(dump, make_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
