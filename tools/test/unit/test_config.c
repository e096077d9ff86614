/* SPDX-License-Identifier: BSD-2-Clause */
/* boot/config.c: what every key means, and the exact words for what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/config.h"

static struct config config;
static struct config_error error;

/* Parses an exact-size copy, so that ASan sees a read behind the end. */
static bool parse_bytes(const char *text, size_t size)
{
	char *copy = malloc(size ? size : 1);
	bool good;

	memcpy(copy, text, size);
	good = config_parse(&config, copy, size, &error);
	free(copy);
	return good;
}

static bool parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static bool override(const char *words)
{
	size_t size = strlen(words);
	char *copy = malloc(size ? size : 1);
	bool good;

	memcpy(copy, words, size);
	good = config_override(&config, copy, size, &error);
	free(copy);
	return good;
}

static void assert_error(uint32_t line, uint32_t column, const char *text)
{
	assert_string_equal(error.text, text);
	assert_int_equal(error.line, line);
	assert_int_equal(error.column, column);
}

static void defaults(void **state)
{
	(void)state;
	assert_true(parse("[vm a]\nkernel = \\k"));
	assert_int_equal(config.console_port, CONFIG_PORT_AUTO);
	assert_int_equal(config.console_baud, CONFIG_BAUD_AUTO);
	assert_int_equal(config.console_clock, 0);
	assert_int_equal(config.screen, CONFIG_SCREEN_AUTO);
	assert_int_equal(config.mitigations, MITIGATION_AUTO);
	assert_int_equal(config.on_panic, CONFIG_ON_PANIC_HALT);
	assert_int_equal(config.selftest, CONFIG_SELFTEST_NONE);
	assert_true(config.poweroff);
	assert_true(config.monitor);
	assert_int_equal(config.log.of[LOG_VM], LOG_INFO);
	assert_int_equal(config.vm_count, 1);
	assert_string_equal(config.vm[0].name, "a");
	assert_string_equal(config.vm[0].kernel, "\\k");
	assert_string_equal(config.vm[0].initrd, "");
	assert_int_equal(config.vm[0].vcpus, 1);
	assert_int_equal(config.vm[0].memory_mib, 256);
	assert_int_equal(config.vm[0].apic, APIC_TIER_AUTO);
	assert_int_equal(config.vm[0].cpu_count, 0);
	assert_int_equal(config.vm[0].cpus[0], CONFIG_CPU_ANY);
	assert_int_equal(config.vm[0].console, CONFIG_CONSOLE_SERIAL);
	assert_int_equal(config.vm[0].on_reset, CONFIG_RESET_RESTART);
	assert_false(config.vm[0].x2apic);
	assert_int_equal(config.vm[0].hlt_exit, CONFIG_HLT_EXIT_AUTO);
	assert_false(config.vm[0].testdev);
	assert_true(config_check(&config, &error));
}

static void every_key(void **state)
{
	const struct config_vm *vm = &config.vm[0];

	(void)state;
	assert_true(parse("# a comment = [here]\r\n"
			  "[hypervisor]\r\n"
			  "\tconsole = 0x3e8   # by number\n"
			  "baud=9600\n"
			  "poweroff = off\n"
			  "monitor = off\n"
			  "log = notice, vm = debug\n"
			  "uart-clock = 48000000\n"
			  "screen = off\n"
			  "on-panic = reset\n"
			  "selftest = panic\n"
			  "\n"
			  "  [vm linux-1] # the guest\n"
			  "kernel = \\guest\\bzImage\n"
			  "initrd = \\guest\\initrd\n"
			  "cmdline = console=ttyS0 a=\"b c\" x#y # no more\n"
			  "module = \\m0\n"
			  "module = \\m1\n"
			  "vcpus = 4\n"
			  "memory = 0x200\n"
			  "apic = access-page\n"
			  "x2apic = on\n"
			  "hlt-exit = on\n"
			  "cpus = 4, 0-1,7\n"
			  "console = none\n"
			  "reset = stop\n"
			  "shutdown-port = on\n"
			  "debug-exit = on\n"
			  "testdev = on\n"));
	assert_int_equal(config.console_port, 0x3e8);
	assert_int_equal(config.console_baud, 9600);
	assert_false(config.poweroff);
	assert_false(config.monitor);
	assert_int_equal(config.log.of[LOG_BOOT], LOG_NOTICE);
	assert_int_equal(config.log.of[LOG_VM], LOG_DEBUG);
	assert_int_equal(config.console_clock, 48000000);
	assert_int_equal(config.screen, CONFIG_SCREEN_OFF);
	assert_int_equal(config.on_panic, CONFIG_ON_PANIC_RESET);
	assert_int_equal(config.selftest, CONFIG_SELFTEST_PANIC);
	assert_string_equal(vm->name, "linux-1");
	assert_string_equal(vm->initrd, "\\guest\\initrd");
	assert_string_equal(vm->cmdline, "console=ttyS0 a=\"b c\" x#y");
	assert_int_equal(vm->module_count, 2);
	assert_string_equal(vm->module[1], "\\m1");
	assert_int_equal(vm->vcpus, 4);
	assert_int_equal(vm->hlt_exit, CONFIG_HLT_EXIT_ON);
	assert_int_equal(vm->memory_mib, 512);
	assert_int_equal(vm->apic, APIC_TIER_ACCESS_PAGE);
	assert_true(vm->x2apic);
	assert_int_equal(vm->cpu_count, 4);
	assert_int_equal(vm->cpus[0], 4);
	assert_int_equal(vm->cpus[1], 0);
	assert_int_equal(vm->cpus[2], 1);
	assert_int_equal(vm->cpus[3], 7);
	assert_int_equal(vm->console, CONFIG_CONSOLE_NONE);
	assert_int_equal(vm->on_reset, CONFIG_RESET_STOP);
	assert_true(vm->shutdown_port);
	assert_true(vm->debug_exit);
	assert_true(vm->testdev);
	assert_true(config_check(&config, &error));
}

static void consoles(void **state)
{
	static const struct {
		const char *text;
		uint32_t port;
	} cases[] = {
		{"[hypervisor]\nconsole = com1", 0x3f8},
		{"[hypervisor]\nconsole = com2", 0x2f8},
		{"[hypervisor]\nconsole = com3", 0x3e8},
		{"[hypervisor]\nconsole = com4", 0x2e8},
		{"[hypervisor]\nconsole = none", CONFIG_PORT_NONE},
		{"[hypervisor]\nconsole = auto", CONFIG_PORT_AUTO},
		{"[hypervisor]\nconsole = 0xc040", 0xc040},
		{"[hypervisor]\nconsole = pci", CONFIG_PORT_PCI},
		{"[hypervisor]\nconsole = pci4", CONFIG_PORT_PCI_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(parse(cases[i].text));
		assert_int_equal(config.console_port, cases[i].port);
	}
}

static void tiers(void **state)
{
	static const char *const names[] = APIC_TIER_NAMES;

	(void)state;
	for (int i = 0; i <= APIC_TIER_AUTO; i++) {
		char text[64] = "[vm a]\napic = ";

		strcat(text, names[i]);
		assert_true(parse(text));
		assert_int_equal(config.vm[0].apic, i);
	}
}

/* Text, line, column and sentence of every kind of mistake. */
static void mistakes(void **state)
{
	static const struct {
		const char *text;
		uint32_t line, column;
		const char *error;
	} cases[] = {
		{"vcpus = 1", 1, 1,
		 "a [hypervisor] or [vm NAME] line must come before the first "
		 "key"},
		{"[vm a]\n  colour = red", 2, 3,
		 "\"colour\" is not a key of a"},
		{"[hypervisor]\nkernel = x", 2, 1,
		 "\"kernel\" is not a key of hypervisor"},
		{"[hypervisor]\n= x", 2, 1, "\"\" is not a key of hypervisor"},
		{"[vm a]\nvcpus", 2, 1,
		 "this is neither a section nor key = value"},
		{"[vm a]\nvcpus = 65", 2, 9,
		 "vcpus must be a number from 1 to 64, not \"65\""},
		{"[vm a]\nvcpus = 0", 2, 9,
		 "vcpus must be a number from 1 to 64, not \"0\""},
		{"[vm a]\nvcpus =", 2, 8,
		 "vcpus must be a number from 1 to 64, not \"\""},
		{"[vm a]\nvcpus = 4294967297", 2, 9,
		 "vcpus must be a number from 1 to 64, not \"4294967297\""},
		{"[vm a]\nvcpus = 2x", 2, 9,
		 "vcpus must be a number from 1 to 64, not \"2x\""},
		{"[vm a]\nvcpus = 0x", 2, 9,
		 "vcpus must be a number from 1 to 64, not \"0x\""},
		{"[vm a]\nmemory = 3", 2, 10,
		 "memory must be an even number of MiB from 2 to 1048576, not "
		 "\"3\""},
		{"[vm a]\napic = best", 2, 8,
		 "apic must be emulate, tpr-shadow, access-page, register, "
		 "delivery, posted or auto, not \"best\""},
		{"[vm a]\nx2apic = yes", 2, 10,
		 "x2apic must be on or off, not \"yes\""},
		{"[vm a]\ncpus = 0-256", 2, 8,
		 "cpus must be a list like 0,2-3 of different CPU numbers up "
		 "to 255, not \"0-256\""},
		{"[vm a]\ncpus = 1,0-1", 2, 8,
		 "cpus must be a list like 0,2-3 of different CPU numbers up "
		 "to 255, not \"1,0-1\""},
		{"[vm a]\ncpus = 3-2", 2, 8,
		 "cpus must be a list like 0,2-3 of different CPU numbers up "
		 "to 255, not \"3-2\""},
		{"[vm a]\ncpus = 0,,1", 2, 8,
		 "cpus must be a list like 0,2-3 of different CPU numbers up "
		 "to 255, not \"0,,1\""},
		{"[vm a]\ncpus = 0-64", 2, 8,
		 "cpus must be a list like 0,2-3 of different CPU numbers up "
		 "to 255, not \"0-64\""},
		{"[vm a]\nconsole = com1", 2, 11,
		 "console must be serial or none, not \"com1\""},
		{"[vm a]\nhlt-exit = never", 2, 12,
		 "hlt-exit must be auto, on or off, not \"never\""},
		{"[vm a]\nreset = halt", 2, 9,
		 "reset must be restart or stop, not \"halt\""},
		{"[hypervisor]\nconsole = com5", 2, 11,
		 "console must be auto, none, com1 to com4, pci, pci2 to pci4 or an I/O port like "
		 "0x3f8, not \"com5\""},
		{"[hypervisor]\nconsole = 1016", 2, 11,
		 "console must be auto, none, com1 to com4, pci, pci2 to pci4 or an I/O port like "
		 "0x3f8, not \"1016\""},
		{"[hypervisor]\nconsole = 0x20", 2, 11,
		 "console must be auto, none, com1 to com4, pci, pci2 to pci4 or an I/O port like "
		 "0x3f8, not \"0x20\""},
		{"[hypervisor]\nbaud = 7", 2, 8,
		 "baud must be 0 or a number from 1200 to 4000000, not \"7\""},
		{"[hypervisor]\nbaud = 4000001", 2, 8,
		 "baud must be 0 or a number from 1200 to 4000000, not "
		 "\"4000001\""},
		{"[hypervisor]\nuart-clock = 999999", 2, 14,
		 "uart-clock must be a frequency in Hz from 1000000 to "
		 "1000000000, not \"999999\""},
		{"[hypervisor]\nconsole = pci5", 2, 11,
		 "console must be auto, none, com1 to com4, pci, pci2 to pci4 "
		 "or an I/O port like 0x3f8, not \"pci5\""},
		{"[hypervisor]\nscreen = yes", 2, 10,
		 "screen must be auto, on or off, not \"yes\""},
		{"[hypervisor]\non-panic = stop", 2, 12,
		 "on-panic must be halt or reset, not \"stop\""},
		{"[hypervisor]\nselftest = all", 2, 12,
		 "selftest must be none, panic or panic-running, not \"all\""},
		{"[hypervisor]\nlog = vm=loud", 2, 7,
		 "log must be a level (error, warning, notice, info, debug) or "
		 "SUBJECT=LEVEL, with commas between, not \"vm=loud\""},
		{"[vm apical]", 1, 5, "no VM can be named apical"},
		{"[hypervisor]\npoweroff = on\npoweroff = on", 3, 1,
		 "poweroff is given twice for hypervisor"},
		{"[vm a]\nvcpus = 1\nvcpus = 1", 3, 1,
		 "vcpus is given twice for a"},
		{"[hypervisor]\n[hypervisor]", 2, 2,
		 "there are two hypervisor sections"},
		{"[vm a]\n[vm b]\n[vm a]", 3, 5, "there are two VMs named a"},
		{"[vm]", 1, 2, "a section is [hypervisor] or [vm NAME]"},
		{"[vm ]", 1, 2, "a section is [hypervisor] or [vm NAME]"},
		{"[]", 1, 2, "a section is [hypervisor] or [vm NAME]"},
		{"[", 1, 2, "a section's line ends in ]"},
		{"[vm a", 1, 6, "a section's line ends in ]"},
		{"[vm a b]", 1, 6, "a VM's name is letters, digits, - and _"},
		{"[vm a.b]", 1, 6, "a VM's name is letters, digits, - and _"},
		{"[vm a23456789012345678901234567890xy]", 1, 5,
		 "a VM's name has 1 to 31 characters"},
		{"[vm 1]\n[vm 2]\n[vm 3]\n[vm 4]\n[vm 5]\n[vm 6]\n[vm 7]\n"
		 "[vm 8]\n[vm 9]",
		 9, 5, "there can be at most 8 VMs"},
		{"[vm a]\nkernel =", 2, 9, "kernel needs a value"},
		{"[vm a]\nmodule=1\nmodule=2\nmodule=3\nmodule=4\nmodule=5", 6,
		 8, "there can be at most 4 modules"},
		{"[vm a]\nkernel = b\001", 2, 11,
		 "the byte 0x01 is not plain text"},
		{"[vm a]\nkernel = \xc3\xa4", 2, 10,
		 "the byte 0xc3 is not plain text"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(parse(cases[i].text));
		assert_error(cases[i].line, cases[i].column, cases[i].error);
	}
}

static void lengths(void **state)
{
	char text[1200] = "[vm a]\nkernel = ";
	size_t start = strlen(text);

	(void)state;
	memset(text + start, 'k', CONFIG_PATH_SIZE - 1);
	assert_true(parse(text));
	assert_int_equal(strlen(config.vm[0].kernel), CONFIG_PATH_SIZE - 1);
	text[start + CONFIG_PATH_SIZE - 1] = 'k';
	assert_false(parse(text));
	assert_error(2, 10, "kernel is longer than 127 characters");

	/* What is shown of a bad value is cut. */
	memset(text, 0, sizeof(text));
	strcpy(text, "[vm a]\nreset = ");
	memset(text + strlen(text), 'r', 300);
	assert_false(parse(text));
	assert_error(2, 9,
		     "reset must be restart or stop, not "
		     "\"rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\"");
}

static void mitigations(void **state)
{
	(void)state;
	assert_true(parse("[hypervisor]\nmitigations = off\n"));
	assert_int_equal(config.mitigations, 0);
	assert_true(parse("[hypervisor]\nmitigations = verw, ibpb\n"));
	assert_int_equal(config.mitigations, MITIGATION_VERW | MITIGATION_IBPB);
	assert_false(parse("[hypervisor]\nmitigations = on\n"));
	assert_error(2, 15,
		     "mitigations must be auto, off or a list like verw,ibrs, "
		     "not \"on\"");
}

static void odd_files(void **state)
{
	(void)state;
	assert_true(parse(""));
	assert_false(config_check(&config, &error));
	assert_error(0, 0, "there is no [vm NAME] section");
	assert_true(parse("[hypervisor]\nreport = on\n"));
	assert_true(config_check(&config, &error));
	assert_true(parse("\xef\xbb\xbf[vm a]\n"));
	assert_string_equal(config.vm[0].name, "a");
	assert_true(parse("\n\r\n  \n#\n#\xc3\xa4\n"));
	/* UTF-16, as an editor may save it. */
	assert_false(parse_bytes("\xff\xfe[\0v\0m\0", 8));
	assert_error(1, 1, "the byte 0xff is not plain text");
	assert_false(parse_bytes("[\0v\0m\0", 6));
	assert_error(1, 2, "the byte 0x00 is not plain text");
}

static void whole(void **state)
{
	(void)state;
	assert_true(parse("[vm a]\nvcpus = 2\n"));
	assert_false(config_check(&config, &error));
	assert_error(0, 0, "the VM a has no kernel");
	assert_true(parse("[vm a]\nkernel=k\nvcpus = 2\ncpus = 1\n"));
	assert_false(config_check(&config, &error));
	assert_error(0, 0, "the VM a has 2 vCPUs, but cpus names 1");
	assert_true(parse("[vm a]\nkernel=k\ncpus=1\n"
			  "[vm b]\nkernel=k\ncpus=1"));
	assert_false(config_check(&config, &error));
	assert_error(0, 0, "the VMs a and b both want CPU 1");
}

static void overrides(void **state)
{
	(void)state;
	assert_true(parse("[hypervisor]\nbaud = 9600\n[vm a]\nkernel = k\n"
			  "vcpus = 2\nmodule = m0\nmodule = m1\n"));
	assert_true(override("\\EFI\\BOOT\\BOOTX64.EFI  baud=19200 a.vcpus=4 "
			     "a.cmdline=\"x=1 y\" a.module=n console=none"));
	assert_int_equal(config.console_baud, 19200);
	assert_int_equal(config.console_port, CONFIG_PORT_NONE);
	assert_int_equal(config.vm[0].vcpus, 4);
	assert_string_equal(config.vm[0].cmdline, "x=1 y");
	assert_int_equal(config.vm[0].module_count, 1);
	assert_string_equal(config.vm[0].module[0], "n");
	assert_true(override(""));
	assert_true(override("BOOTX64.EFI"));
}

static void override_mistakes(void **state)
{
	static const struct {
		const char *words;
		uint32_t column;
		const char *error;
	} cases[] = {
		{"b.vcpus=1", 1, "there is no VM named \"b\""},
		{"x a.vcpus=0", 11,
		 "vcpus must be a number from 1 to 64, not \"0\""},
		{"x y", 3, "\"y\" is not key=value"},
		{"a.cmdline=\"x y", 11, "a quote is not closed"},
		{"a.cmdline=\"", 11, "a quote is not closed"},
		{"a.cmdline=\"\"", 12, "cmdline needs a value"},
		{"baud=0 baud=0", 8, "baud is given twice for hypervisor"},
		{"vcpus=1", 1, "\"vcpus\" is not a key of hypervisor"},
		{"a.=1", 3, "\"\" is not a key of a"},
		{".=1", 1, "there is no VM named \"\""},
		{"a.vcpus=1\n", 10, "the byte 0x0a is not plain text"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(parse("[vm a]\n"));
		assert_false(override(cases[i].words));
		assert_error(0, cases[i].column, cases[i].error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_key),
		cmocka_unit_test(consoles),
		cmocka_unit_test(tiers),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(lengths),
		cmocka_unit_test(mitigations),
		cmocka_unit_test(odd_files),
		cmocka_unit_test(whole),
		cmocka_unit_test(overrides),
		cmocka_unit_test(override_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
