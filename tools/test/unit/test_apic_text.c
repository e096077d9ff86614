/* SPDX-License-Identifier: BSD-2-Clause */
/* apic/vlapic_text.c, vioapic_text.c, vpic_text.c: registers in words. */
#include "apic/vioapic_text.h"
#include "apic/vlapic_text.h"
#include "apic/vpic_text.h"
#include "tools/test/unit/test_vlapic.h"

#define HZ 100000000ull /* 100 ticks in a microsecond */

static char buffer[6000];
static struct apic apic;

static struct text begin(void)
{
	struct text t;

	text_begin(&t, buffer, sizeof(buffer));
	return t;
}

static int power_up(void **state)
{
	(void)state;
	apic_power_up(&apic, 0);
	return 0;
}

static bool says(const char *words)
{
	return strstr(buffer, words);
}

static void registers(uint64_t tsc)
{
	struct text t = begin();

	vlapic_text_registers(&t, &apic.v, tsc, HZ);
	assert_true(t.used < sizeof(buffer) - 1);
}

static void modes(void **state)
{
	struct text t = begin();

	(void)state;
	vlapic_text_mode(&t, &apic.v);
	assert_string_equal(buffer,
			    "xAPIC mode at fee00000, disabled by its SVR");
	apic_write(&apic, APIC_SVR, 0x1ff);
	vlapic_base_write(&apic.v, 0xfee00000 | APIC_BASE_BSP | APIC_BASE_EN |
					   APIC_BASE_EXTD);
	t = begin();
	vlapic_text_mode(&t, &apic.v);
	assert_string_equal(buffer, "x2APIC mode, enabled");
	vlapic_base_write(&apic.v, 0xfee00000 | APIC_BASE_BSP);
	t = begin();
	vlapic_text_mode(&t, &apic.v);
	assert_string_equal(buffer, "disabled by IA32_APIC_BASE");
}

static void vectors_and_priorities(void **state)
{
	(void)state;
	apic_write(&apic, APIC_SVR, 0x1ff);
	apic_write(&apic, APIC_TPR, 0x25);
	vlapic_accept(&apic.v, 0x30, false);
	vlapic_accept(&apic.v, 0x41, true);
	vlapic_accept(&apic.v, 0xfe, false);
	vlapic_deliver(&apic.v, 0xfe);
	apic_set_slot(&apic, APIC_PPR, 0x25);
	registers(0);
	assert_int_equal(vlapic_text_ppr(&apic.v), 0xf0);
	assert_true(says("  TPR 25  PPR f0 (its slot has 25)\n"));
	assert_true(says("  IRR 30 41\n"));
	assert_true(says("  ISR fe\n"));
	assert_true(says("  TMR 41\n"));
	apic_write(&apic, APIC_EOI, 0);
	registers(0);
	assert_true(says("  TPR 25  PPR 25\n"));
	assert_true(says("  ISR none\n"));
}

static void the_rest_of_the_registers(void **state)
{
	(void)state;
	apic_write(&apic, APIC_SVR, 0x1ff);
	apic_write(&apic, APIC_ICR_HIGH, 0x03000000);
	apic_write(&apic, APIC_ICR, 0x00000841);
	apic_write(&apic, APIC_LVT_LINT0, 0x0000a730);
	vlapic_accept(&apic.v, 3, false); /* an illegal vector */
	registers(0);
	assert_true(says("  SVR 1ff: spurious vector ff, enabled\n"));
	assert_true(says(
		"  ESR 00; since its last write: receive-illegal-vector\n"));
	assert_true(says("  ICR 03000000 00000841: fixed 41 to logical 3\n"));
	assert_true(says(": 30, ExtINT, level, active low\n"));
	assert_true(says(": masked, 00, fixed, one-shot\n"));
	apic_write(&apic, APIC_ICR, 0x000c4500);
	apic_write(&apic, APIC_ESR, 0);
	registers(0);
	assert_true(says("  ICR 03000000 000c4500: INIT 00 to all others\n"));
	assert_true(says("  ESR 40 receive-illegal-vector\n"));
}

static void timers(void **state)
{
	(void)state;
	apic_write(&apic, APIC_SVR, 0x1ff);
	registers(0);
	assert_true(says("initial count 0, current 0, divided by 2; "
			 "stopped\n"));
	apic_write(&apic, APIC_DIVIDE_CONFIGURATION, 0xb);
	apic_write(&apic, APIC_LVT_TIMER, 0x20040);
	apic_write(&apic, APIC_INITIAL_COUNT, 100000);
	registers(40000);
	assert_true(says(": 40, fixed, periodic\n"));
	assert_true(says("  timer: initial count 100000, current 60000, "
			 "divided by 1; expires in 600 us, every 1000 us\n"));
	registers(100500);
	assert_true(says("; expired 5 us ago, every 1000 us\n"));
}

/* Whatever lies in the page. */
static void random_pages(void **state)
{
	(void)state;
	srand(1);
	for (unsigned round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(apic.page); i++)
			apic.page[i] = (uint8_t)rand();
		apic.v.lvt_timer = (uint32_t)rand();
		apic.v.timer_shift = (uint8_t)(rand() & 7);
		registers((uint64_t)rand());
	}
}

/* ---- I/O APIC and 8259 ---- */

static void io_apic(void **state)
{
	struct vioapic io;
	struct text t = begin();

	(void)state;
	vioapic_init(&io, 2);
	vioapic_text(&t, &io);
	assert_string_equal(buffer, "I/O APIC 2, 24 pins\n"
				    "  24 pins as at power-on: masked\n");
	io.entry[4] = 0x0100000000000044;
	io.entry[9] = 0x030000000000a931;
	vioapic_set_line(&io, 9, true);
	vioapic_sent(&io, 9, true);
	vioapic_set_line(&io, 23, true);
	t = begin();
	vioapic_text(&t, &io);
	assert_true(says("  pin  4  0100000000000044  line 0  vector 44, "
			 "fixed, edge, to ID 01\n"));
	assert_true(says("  pin  9  030000000000e931  line 1  vector 31, "
			 "lowest priority, level, active low, to logical 03, "
			 "remote IRR: awaits its EOI\n"));
	vioapic_eoi(&io, 0x31);
	vioapic_sent(&io, 9, false);
	t = begin();
	vioapic_text(&t, &io);
	assert_true(says("to logical 03, send pending: nobody takes it\n"));
	assert_true(says("  pin 23  0000000000010000  line 1  masked, vector "
			 "00, fixed, edge, to ID 00\n"));
	assert_true(says("  21 pins as at power-on: masked\n"));
}

static void pair_of_8259s(void **state)
{
	struct text t = begin();
	struct vpic pic;

	(void)state;
	vpic_init(&pic);
	vpic_write(&pic, 0x20, 0x11);
	vpic_write(&pic, 0x21, 0x30);
	vpic_write(&pic, 0x21, 0x04);
	vpic_write(&pic, 0x21, 0x01);
	vpic_write(&pic, 0x21, 0xee);
	vpic_write(&pic, 0xa0, 0x11);
	vpic_set_line(&pic, 0, true);
	vpic_set_line(&pic, 4, true);
	vpic_acknowledge(&pic);
	vpic_text(&t, &pic);
	assert_string_equal(
		buffer, "first 8259: vectors 30-37\n"
			"  IRR 10 (IRQ 4)  ISR 01 (IRQ 0)\n"
			"  unmasked 11 (IRQ 0 4)  lines 11 (IRQ 0 4)  level "
			"00\n"
			"second 8259: vectors 00-07, awaits an ICW\n"
			"  IRR 00  ISR 00\n"
			"  unmasked ff (IRQ 8 9 10 11 12 13 14 15)  lines "
			"00  level 00\n"
			"INTR 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(modes, power_up),
		cmocka_unit_test_setup(vectors_and_priorities, power_up),
		cmocka_unit_test_setup(the_rest_of_the_registers, power_up),
		cmocka_unit_test_setup(timers, power_up),
		cmocka_unit_test_setup(random_pages, power_up),
		cmocka_unit_test(io_apic),
		cmocka_unit_test(pair_of_8259s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
