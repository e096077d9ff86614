/* SPDX-License-Identifier: BSD-2-Clause */
/* hv/report_text.c: processors, firmware, and CPUs that differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/msr_index.h"
#include "hv/report_text.h"
#include "tools/test/unit/test_lines.h"

static char buffer[8192];
static struct text t;
static struct report_cpu cpus[BOOT_CPUS_MAX];

/* A desktop: 4 performance cores of two threads each, then 4 efficient ones. */
static int begin(void **state)
{
	struct report_kind *kind = &cpus[0].kind;

	(void)state;
	text_begin(&t, buffer, sizeof(buffer));
	memset(cpus, 0, sizeof(cpus));
	memcpy(kind->vendor, "GenuineIntel", 13);
	memcpy(kind->brand, "12th Gen", 9);
	kind->hybrid = 1;
	kind->core_type = 0x40;
	kind->signature = 0x90672;
	kind->microcode = 0x2c;
	kind->vmx = kind->x2apic = kind->invariant = 1;
	kind->feature_control = 5;
	kind->cpuid_7_edx = 0x3c000000;
	kind->arch_capabilities = 0x1f;
	kind->raw.there = 1 << (IA32_VMX_PROCBASED_CTLS2 - IA32_VMX_BASIC);
	kind->raw.value[IA32_VMX_PROCBASED_CTLS2 - IA32_VMX_BASIC] =
		0x1ull << 59 | 0x3ull << 32;
	for (uint32_t i = 0; i < 12; i++) {
		cpus[i] = cpus[0];
		cpus[i].apic_id = i < 8 ? i : 2 * i;
	}
	for (uint32_t i = 8; i < 12; i++)
		cpus[i].kind.core_type = 0x20;
	return 0;
}

static void a_processor(void **state)
{
	(void)state;
	report_text_kind(&t, &cpus[0].kind);
	assert_string_equal(
		buffer,
		"processor: 12th Gen\n"
		"  GenuineIntel, family 6, model 97H, stepping 2, microcode "
		"2CH\n"
		"  x2APIC mode: yes; TSC: invariant, deadline timer: no\n"
		"  side channels: CPUID.7:EDX is 3C000000H, "
		"IA32_ARCH_CAPABILITIES is 1FH\n"
		"  Core (performance) core of a hybrid processor\n");
	check_lines(&t);
	begin(NULL);
	memset(&cpus[0].kind, 0, sizeof(cpus[0].kind));
	cpus[0].kind.signature = 0x00800f12;
	memcpy(cpus[0].kind.host, "KVMKVMKVM", 10);
	report_text_kind(&t, &cpus[0].kind);
	assert_non_null(strstr(buffer, "processor: without a brand string\n"));
	assert_non_null(strstr(buffer, "family 23, model 1H, stepping 2, "));
	assert_non_null(strstr(buffer, "a virtual machine: \"KVMKVMKVM\"\n"));
	check_lines(&t);
}

static void cpus_of_two_kinds(void **state)
{
	(void)state;
	cpus[10].kind.microcode = 0x2b;
	cpus[10].kind.feature_control = 1;
	cpus[10].kind.arch_capabilities = 0x1b;
	cpus[10].kind.raw.value[IA32_VMX_PROCBASED_CTLS2 - IA32_VMX_BASIC] &=
		~(1ull << 59);
	report_text_cpus(&t, cpus, 12);
	assert_string_equal(
		buffer, "CPUs: 12; highest APIC ID 22\n"
			"  APIC IDs: 0-7 16 18 20 22\n"
			"  CPUs 8-9 are not as CPU 0: Atom (efficient) core\n"
			"  family 6, model 97H, stepping 2, microcode 2CH\n"
			"  CPU 10 is not as CPU 0: Atom (efficient) core\n"
			"  family 6, model 97H, stepping 2, microcode 2BH\n"
			"  side channels: CPUID.7:EDX is 3C000000H, "
			"IA32_ARCH_CAPABILITIES is 1BH\n"
			"  IA32_FEATURE_CONTROL is 1H\n"
			"  IA32_VMX_PROCBASED_CTLS2 is 0000000300000000\n"
			"  without:    enable PCONFIG\n"
			"  CPU 11 is not as CPU 0: Atom (efficient) core\n"
			"  family 6, model 97H, stepping 2, microcode 2CH\n");
	check_lines(&t);
}

static void many_cpus(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < BOOT_CPUS_MAX; i++) {
		cpus[i] = cpus[0];
		cpus[i].apic_id = 4 * i;
	}
	report_text_cpus(&t, cpus, BOOT_CPUS_MAX);
	assert_non_null(strstr(buffer, "CPUs: 256; highest APIC ID 1020, which "
				       "needs x2APIC mode\n"));
	assert_non_null(strstr(buffer, " 1020\n  all are alike: "));
	check_lines(&t);
	begin(NULL);
	report_text_cpus(&t, cpus, 1);
	assert_non_null(strstr(buffer, "  APIC IDs: 0\n"));
}

static void firmware(void **state)
{
	struct boot_info *info = test_calloc(1, sizeof(*info));

	(void)state;
	info->console = (struct boot_console){.kind = BOOT_CONSOLE_MMIO,
					      .address = 0xfedc6000,
					      .stride_bytes = 4,
					      .width_bytes = 4,
					      .gsi = UINT32_MAX,
					      .baud = 115200};
	report_text_firmware(&t, info);
	assert_string_equal(
		buffer, "firmware: UEFI 0.0, no vendor, revision 0H\n"
			"  no ACPI tables; 0 I/O APICs; no HPET; no PM timer\n"
			"  interrupt remapping: off\n"
			"  serial line in memory at FEDC6000H, polled; no "
			"screen\n"
			"memory: 0 MiB left by the firmware\n");
	begin(NULL);
	memcpy(info->firmware_vendor, "American Megatrends", 20);
	info->uefi_revision = 2 << 16 | 70;
	info->rsdp = hpa(0xf0000);
	info->hpet = hpa(0xfed00000);
	info->pm_timer_port = 0x1808;
	info->ioapic_count = 1;
	info->interrupt_remapping = 1;
	info->console = (struct boot_console){.kind = BOOT_CONSOLE_IO,
					      .address = 0x3f8,
					      .stride_bytes = 1,
					      .width_bytes = 1,
					      .gsi = 4,
					      .baud = 115200};
	info->framebuffer.address = hpa(0x80000000);
	info->framebuffer.width = 1920;
	info->framebuffer.height = 1080;
	info->free_mib = 15000;
	report_text_firmware(&t, info);
	assert_string_equal(
		buffer,
		"firmware: UEFI 2.7, American Megatrends, revision 0H\n"
		"  ACPI; 1 I/O APIC; an HPET; PM timer at 1808H\n"
		"  interrupt remapping: left on\n"
		"  serial line at port 3F8H, interrupt 4; screen 1920 x 1080\n"
		"memory: 15000 MiB left by the firmware\n");
	begin(NULL);
	info->console.kind = BOOT_CONSOLE_NONE;
	report_text_firmware(&t, info);
	assert_non_null(strstr(buffer, "  no serial line; screen"));
	check_lines(&t);
	test_free(info);
}

static void can_vmx_be_on(void **state)
{
	struct report_kind *kind = &cpus[0].kind;

	(void)state;
	report_text_vmx(&t, kind);
	assert_string_equal(buffer, "VT-x: yes, switched on by the firmware "
				    "(IA32_FEATURE_CONTROL is 5H)\n");
	begin(NULL);
	kind->feature_control = 1;
	report_text_vmx(&t, kind);
	assert_string_equal(buffer, "VT-x: locked off by the firmware "
				    "(IA32_FEATURE_CONTROL is 1H)\n");
	begin(NULL);
	kind->feature_control = 0;
	report_text_vmx(&t, kind);
	assert_non_null(strstr(buffer, "unlocked"));
	begin(NULL);
	kind->vmx = 0;
	report_text_vmx(&t, kind);
	assert_non_null(strstr(buffer, "VT-x: none"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_processor, begin),
		cmocka_unit_test_setup(cpus_of_two_kinds, begin),
		cmocka_unit_test_setup(many_cpus, begin),
		cmocka_unit_test_setup(firmware, begin),
		cmocka_unit_test_setup(can_vmx_be_on, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
