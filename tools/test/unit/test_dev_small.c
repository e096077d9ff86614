/* SPDX-License-Identifier: BSD-2-Clause */
/* The small devices of guest/dev: reset, exit, i8042, fw_cfg, testdev, PCI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/dev/exit_ports.h"
#include "guest/dev/fw_cfg.h"
#include "guest/dev/i8042.h"
#include "guest/dev/reset_ports.h"
#include "guest/dev/testdev.h"

static void test_reset_ports(void **state)
{
	struct reset_ports r;

	(void)state;
	reset_ports_init(&r);
	assert_int_equal(reset_ports_read(&r, 0xcf9), 0);
	assert_int_equal(reset_ports_read(&r, 0x92), 2);
	assert_int_equal(reset_ports_read(&r, 0x93), 0xff);
	for (unsigned v = 0; v < 256; v++) {
		assert_int_equal(reset_ports_write(&r, 0xcf9, v),
				 v & 4 ? DEV_ACTION_RESET : DEV_ACTION_NONE);
		assert_int_equal(reset_ports_read(&r, 0xcf9), v & 0x0a);
		assert_int_equal(reset_ports_write(&r, 0x92, v),
				 v & 1 ? DEV_ACTION_RESET : DEV_ACTION_NONE);
		assert_int_equal(reset_ports_read(&r, 0x92), v & 2);
		assert_int_equal(reset_ports_write(&r, 0xcf8, v),
				 DEV_ACTION_NONE);
	}
}

static enum dev_action say(struct exit_ports *e, const char *word)
{
	enum dev_action action = DEV_ACTION_NONE;

	for (; *word; word++) {
		assert_int_equal(action, DEV_ACTION_NONE);
		action = exit_ports_write(e, 0x8900, 1, *word);
	}
	return action;
}

static void test_exit_ports(void **state)
{
	struct exit_ports e;

	(void)state;
	exit_ports_init(&e);
	assert_int_equal(say(&e, "Shutdown"), DEV_ACTION_POWEROFF);
	assert_int_equal(say(&e, "Shutdown"), DEV_ACTION_POWEROFF);
	assert_int_equal(say(&e, "hutdown"), DEV_ACTION_NONE);
	assert_int_equal(say(&e, "ShutShutdow"), DEV_ACTION_NONE);
	assert_int_equal(exit_ports_write(&e, 0x8901, 1, 'n'), DEV_ACTION_NONE);
	assert_int_equal(say(&e, "n"), DEV_ACTION_POWEROFF);
	assert_int_equal(say(&e, "SSShutdown"), DEV_ACTION_POWEROFF);

	assert_int_equal(exit_ports_write(&e, 0xf4, 4, 0x12345678),
			 DEV_ACTION_EXIT);
	assert_int_equal(e.code, 0x12345678);
	exit_ports_write(&e, 0xf4, 2, 0x12345678);
	assert_int_equal(e.code, 0x5678);
	exit_ports_write(&e, 0xf4, 1, 0x12345678);
	assert_int_equal(e.code, 0x78);
	assert_int_equal(exit_ports_write(&e, 0xf5, 1, 1), DEV_ACTION_NONE);
	assert_int_equal(e.code, 0x78);
}

static uint8_t ask(struct i8042 *k, uint8_t command)
{
	assert_int_equal(i8042_read(k, 0x64) & 1, 0);
	assert_int_equal(i8042_write(k, 0x64, command), DEV_ACTION_NONE);
	assert_int_equal(i8042_read(k, 0x64) & 1, 1);
	return i8042_read(k, 0x60);
}

static void test_i8042(void **state)
{
	struct i8042 k;

	(void)state;
	i8042_init(&k);
	assert_int_equal(i8042_read(&k, 0x64), 0x10);
	assert_int_equal(ask(&k, 0xaa), 0x55);
	assert_int_equal(i8042_read(&k, 0x64), 0x14);
	assert_int_equal(ask(&k, 0xab), 0x00);
	assert_int_equal(ask(&k, 0xa9), 0x00);
	assert_int_equal(ask(&k, 0xc0), 0x80);
	assert_int_equal(ask(&k, 0xd0), 0x03);
	assert_int_equal(i8042_write(&k, 0x64, 0x60), DEV_ACTION_NONE);
	assert_int_equal(i8042_write(&k, 0x60, 0x45), DEV_ACTION_NONE);
	assert_int_equal(ask(&k, 0x20), 0x45);
	i8042_write(&k, 0x64, 0xad);
	i8042_write(&k, 0x64, 0xa7);
	assert_int_equal(ask(&k, 0x20), 0x75);
	i8042_write(&k, 0x64, 0xae);
	i8042_write(&k, 0x64, 0xa8);
	assert_int_equal(ask(&k, 0x20), 0x45);
	i8042_write(&k, 0x64, 0xd2);
	i8042_write(&k, 0x60, 0x1c);
	assert_int_equal(i8042_read(&k, 0x60), 0x1c);
	assert_int_equal(i8042_write(&k, 0x60, 0xff), DEV_ACTION_NONE);
	assert_int_equal(i8042_read(&k, 0x64) & 1, 0); /* no keyboard */
	assert_int_equal(i8042_read(&k, 0x61), 0xff);

	i8042_write(&k, 0x64, 0xd1);
	assert_int_equal(i8042_write(&k, 0x60, 0xdd), DEV_ACTION_NONE);
	assert_int_equal(ask(&k, 0xd0), 0xdd);
	i8042_write(&k, 0x64, 0xd1);
	assert_int_equal(i8042_write(&k, 0x60, 0x02), DEV_ACTION_RESET);
	for (unsigned v = 0; v < 256; v++)
		assert_int_equal(i8042_write(&k, 0x64, v),
				 v >= 0xf0 && !(v & 1) ? DEV_ACTION_RESET
						       : DEV_ACTION_NONE);
}

static uint64_t item(struct fw_cfg *f, uint16_t selector)
{
	uint64_t value = 0;

	fw_cfg_write(f, 0x510, 2, selector);
	for (unsigned i = 0; i < 8; i++)
		value |= (uint64_t)fw_cfg_read(f, 0x511, 1) << 8 * i;
	return value;
}

static void test_fw_cfg(void **state)
{
	struct fw_cfg f;

	(void)state;
	fw_cfg_init(&f, 3, 0x123456789a, 0xabcdef0123);
	assert_true(item(&f, 0x00) == 0x554d4551); /* QEMU */
	assert_true(item(&f, 0x01) == 1);
	assert_true(item(&f, 0x03) == 0x123456789a);
	assert_true(item(&f, 0x05) == 3);
	assert_true(item(&f, 0x0f) == 3);
	assert_true(item(&f, 0x11) == 0xabcdef0123);
	assert_int_equal(fw_cfg_read(&f, 0x511, 4), 0); /* behind its end */
	for (uint32_t i = 0x12; i < 0x10000; i++)
		assert_true(item(&f, i) == 0);
	fw_cfg_write(&f, 0x510, 2, 3);
	assert_int_equal(fw_cfg_read(&f, 0x511, 2), 0x789a);
	assert_int_equal(fw_cfg_read(&f, 0x511, 4), 0x00123456);
	fw_cfg_write(&f, 0x510, 1, 5);
	fw_cfg_write(&f, 0x511, 2, 5);
	fw_cfg_write(&f, 0x510, 4, 5);
	assert_int_equal(fw_cfg_read(&f, 0x511, 4), 0);
	assert_int_equal(fw_cfg_read(&f, 0x510, 2), 0xffffffff);
}

static void test_testdev_ports(void **state)
{
	uint8_t *mmio = malloc(TESTDEV_MMIO_SIZE);
	struct testdev t;

	(void)state;
	testdev_init(&t, mmio);
	for (uint32_t port = 0; port < 0x10000; port++) {
		bool line = port >= 0x2000 && port < 0x2000 + 24;
		struct testdev_effect e = testdev_write(&t, port, 1, 1);

		assert_int_equal(testdev_owns(port),
				 line || (port >= 0xe0 && port < 0xe8));
		assert_int_equal(e.drive, line);
		if (!line)
			continue;
		assert_int_equal(e.line, port - 0x2000);
		assert_true(e.level);
		assert_false(testdev_write(&t, port, 4, 0).level);
		assert_true(testdev_write(&t, port, 4, 1).drive);
	}
	assert_int_equal(testdev_read(&t, 0xe0, 4), 0x01010101);
	testdev_write(&t, 0xe0, 4, 0x12345678);
	testdev_write(&t, 0xe4, 4, 0xffffffff);
	assert_int_equal(testdev_read(&t, 0xe0, 4), 0x12345678);
	assert_int_equal(testdev_read(&t, 0xe1, 2), 0x3456);
	assert_int_equal(testdev_read(&t, 0xe3, 1), 0x12);
	assert_int_equal(testdev_read(&t, 0xe3, 2), 0xff12);
	testdev_write(&t, 0xe1, 2, 0xabcd);
	assert_int_equal(testdev_read(&t, 0xe0, 4), 0x12abcd78);
	testdev_write(&t, 0xdf, 2, 0x9900);
	assert_int_equal(testdev_read(&t, 0xe0, 4), 0x12abcd99);
	testdev_write(&t, 0xe3, 4, 0x44444444);
	assert_int_equal(testdev_read(&t, 0xe0, 4), 0x44abcd99);
	free(mmio);
}

static void test_testdev_mmio(void **state)
{
	static const uint64_t outside[] = {TESTDEV_MMIO_SIZE,
					   TESTDEV_MMIO_SIZE + 1, 1ull << 32,
					   UINT64_MAX - 3, UINT64_MAX};
	uint8_t *mmio = malloc(TESTDEV_MMIO_SIZE); /* ASan sees both ends */
	struct testdev t;

	(void)state;
	memset(mmio, 0xee, TESTDEV_MMIO_SIZE);
	testdev_init(&t, mmio);
	for (uint32_t i = 0; i < TESTDEV_MMIO_SIZE; i += 8)
		assert_true(testdev_mmio_read(&t, i, 8) == 0);
	testdev_mmio_write(&t, 5, 8, 0x1122334455667788);
	assert_true(testdev_mmio_read(&t, 5, 8) == 0x1122334455667788);
	assert_true(testdev_mmio_read(&t, 4, 2) == 0x8800);
	assert_true(testdev_mmio_read(&t, 12, 4) == 0x11);
	testdev_mmio_write(&t, 6, 1, 0xffffff00);
	assert_true(testdev_mmio_read(&t, 5, 4) == 0x55660088);
	testdev_mmio_write(&t, 0xfffe, 8, 0x1122334455667788);
	assert_true(testdev_mmio_read(&t, 0xfffe, 4) == 0xffff7788);
	for (unsigned i = 0; i < 5; i++) {
		testdev_mmio_write(&t, outside[i], 8, 0);
		assert_true(testdev_mmio_read(&t, outside[i], 8) == UINT64_MAX);
	}
	free(mmio);
}

/* Linux, pci_check_type1(), and the rest of the ports. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset_ports),
		cmocka_unit_test(test_exit_ports),
		cmocka_unit_test(test_i8042),
		cmocka_unit_test(test_fw_cfg),
		cmocka_unit_test(test_testdev_ports),
		cmocka_unit_test(test_testdev_mmio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
