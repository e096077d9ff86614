/* SPDX-License-Identifier: BSD-2-Clause */
/* guest/dev/acpi_pm.c: timer, SCI, and the way to S5, with every width. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest/dev/acpi_pm.h"
#include "guest/dev/ports.h"
#include "guest/dev/ticks.h"

#define STATUS 0x600
#define ENABLE 0x602
#define CNT    0x604
#define TMR    0x608

#define PWRBTN 0x0100

static struct acpi_pm pm;

static int setup(void **state)
{
	(void)state;
	memset(&pm, 0xa5, sizeof(pm));
	acpi_pm_init(&pm, 0);
	return 0;
}

static uint32_t in(uint16_t port, unsigned size)
{
	return acpi_pm_read(&pm, port, size, 0);
}

static enum dev_action out(uint16_t port, unsigned size, uint32_t value)
{
	return acpi_pm_write(&pm, port, size, value, 0);
}

static void test_timer(void **state)
{
	const uint64_t year_ns = 366ull * 86400 * 1000000000;
	uint32_t one_year = (uint32_t)(366ull * 86400 * 3579545);

	(void)state;
	assert_int_equal(acpi_pm_read(&pm, TMR, 4, 0), 0);
	assert_int_equal(acpi_pm_read(&pm, TMR, 4, 1000000000), 3579545);
	assert_int_equal(acpi_pm_read(&pm, TMR, 4, 999999999), 3579544);
	assert_int_equal(acpi_pm_read(&pm, TMR, 4, year_ns), one_year);
	assert_int_equal(acpi_pm_read(&pm, TMR + 1, 2, year_ns),
			 one_year >> 8 & 0xffff);
	assert_int_equal(acpi_pm_read(&pm, TMR + 3, 1, year_ns),
			 one_year >> 24);
	assert_int_equal(acpi_pm_read(&pm, TMR + 2, 4, year_ns),
			 0xffff0000 | one_year >> 16);
	acpi_pm_write(&pm, TMR, 4, 0, year_ns);
	assert_int_equal(acpi_pm_read(&pm, TMR, 4, year_ns), one_year);
}

static void test_timer_carry_raises_sci(void **state)
{
	uint64_t carry =
		ticks_to_ns(1ull << 31, TICKS_PM_COUNT, TICKS_PM_PERIOD_NS);

	(void)state;
	assert_true(acpi_pm_next(&pm) == TICKS_NEVER);
	out(ENABLE, 2, 0x0001);
	for (uint64_t k = 1; k < 100; k++) {
		uint64_t next = acpi_pm_next(&pm);

		assert_in_range(k * carry - next, 0, k);
		acpi_pm_tick(&pm, next - 1);
		assert_false(acpi_pm_sci(&pm));
		acpi_pm_tick(&pm, next);
		assert_true(acpi_pm_sci(&pm));
		assert_true(acpi_pm_next(&pm) == TICKS_NEVER);
		acpi_pm_write(&pm, STATUS, 2, 0x0001, next);
		assert_false(acpi_pm_sci(&pm));
	}
}

static void test_power_button(void **state)
{
	(void)state;
	acpi_pm_press_power_button(&pm);
	assert_false(acpi_pm_sci(&pm));
	assert_int_equal(in(STATUS, 2), PWRBTN);
	out(ENABLE, 2, 0xffff);
	assert_int_equal(in(ENABLE, 2), 0x0721);
	assert_true(acpi_pm_sci(&pm));
	out(STATUS, 2, 0xffff & ~PWRBTN);
	assert_true(acpi_pm_sci(&pm));
	out(STATUS + 1, 1, PWRBTN >> 8);
	assert_false(acpi_pm_sci(&pm));
	assert_int_equal(in(STATUS, 4), 0x07210000);
	acpi_pm_press_power_button(&pm);
	out(STATUS, 4, PWRBTN << 16 | PWRBTN); /* both registers at once */
	assert_int_equal(in(STATUS, 4), PWRBTN << 16);
	out(ENABLE, 1, 0);
	assert_int_equal(in(ENABLE, 2), PWRBTN);
}

static void test_control(void **state)
{
	(void)state;
	assert_int_equal(in(CNT, 2), 0x0001); /* SCI_EN */
	assert_int_equal(out(CNT, 2, 0x0000), DEV_ACTION_NONE);
	assert_int_equal(in(CNT, 2), 0x0001);
	assert_int_equal(out(CNT, 2, 0xffff & ~0x2000), DEV_ACTION_NONE);
	assert_int_equal(in(CNT, 2), 0x1c03);
	assert_int_equal(in(CNT, 1), 0x03);
	assert_int_equal(in(CNT + 1, 1), 0x1c);
	assert_int_equal(in(CNT, 4), 0xffff1c03);
	assert_int_equal(in(CNT + 2, 2), 0xffff);
	out(CNT, 1, 0x00);
	assert_int_equal(in(CNT, 2), 0x1c01);
	out(CNT + 1, 1, 0x08);
	assert_int_equal(in(CNT, 2), 0x0801);
}

static void test_only_s5_powers_off(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 8; type++) {
		uint16_t value = type << 10;
		enum dev_action wanted = type == PORTS_SLP_TYP_S5
						 ? DEV_ACTION_POWEROFF
						 : DEV_ACTION_NONE;

		assert_int_equal(out(CNT, 2, value), DEV_ACTION_NONE);
		assert_int_equal(out(CNT, 2, value | 0x2000), wanted);
		assert_int_equal(out(CNT + 1, 1, value >> 8 | 0x20), wanted);
		assert_int_equal(out(CNT, 4, value | 0x2000), wanted);
		assert_int_equal(out(CNT - 2, 4, (value | 0x2000u) << 16),
				 wanted);
		assert_int_equal(out(CNT, 1, 0xff), DEV_ACTION_NONE);
		assert_int_equal(in(CNT, 2) & 0x2000, 0);
	}
}

static void test_any_access_is_survived(void **state)
{
	(void)state;
	for (uint32_t port = 0; port < 0x10000; port++) {
		for (unsigned size = 0; size < 10; size++) {
			acpi_pm_read(&pm, port, size, 0);
			out(port, size, 0xffffffff);
		}
		if (port < 0x5fd || port >= PORTS_PM_END)
			assert_int_equal(in(port, 4), 0xffffffff);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, setup)
		TEST(test_timer),
		TEST(test_timer_carry_raises_sci),
		TEST(test_power_button),
		TEST(test_control),
		TEST(test_only_s5_powers_off),
		TEST(test_any_access_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
