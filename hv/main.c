/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order in which the hypervisor comes up, from the loader's jump to the
 * first guest.  Boot CPU, interrupts off.
 */
#include "apic/lapic.h"
#include "boot/boot_info.h"
#include "hv/clock.h"
#include "hv/console/console.h"
#include "hv/footprint.h"
#include "hv/gdb/gdb.h"
#include "hv/screen/framebuffer.h"
#include "hv/hw/cpu.h"
#include "hv/hw/tsc.h"
#include "hv/idt.h"
#include "hv/irq.h"
#include "hv/lib/log.h"
#include "hv/lib/panic.h"
#include "hv/lib/text.h"
#include "hv/lib/version.h"
#include "hv/console/log.h"
#include "hv/console/log_keep.h"
#include "hv/percpu.h"
#include "hv/power.h"
#include "hv/report.h"
#include "hv/smp.h"
#include "hv/startup.h"
#include "hv/vm.h"
#include "mm/frame.h"
#include "mm/paging.h"
#include "vmx/cpu.h"

/* linker.ld, entry.asm */
extern const uint8_t image_text[], image_rodata[], image_data[], image_guard[],
	image_end[];
extern uint8_t boot_stack_top[];

/* Time enough for guests on other CPUs to be up. */
#define PANIC_RUNNING_US 300000

void hv_main(const struct boot_info *info);

/* What the loader took. */
static void startup_init(const struct boot_info *info)
{
	static const char *const name[BOOT_STAGE_COUNT] = {
		[BOOT_STAGE_CONFIG] = "reading tables and configuration",
		[BOOT_STAGE_CPUS] = "finding and checking CPUs",
		[BOOT_STAGE_FILES] = "reading files and taking memory",
		[BOOT_STAGE_EXIT] = "leaving the firmware",
	};

	startup_begin(info->loader_tsc[BOOT_STAGE_ENTRY]);
	for (uint32_t i = BOOT_STAGE_ENTRY + 1; i < BOOT_STAGE_COUNT; i++)
		startup_part(name[i], info->loader_tsc[i]);
}

/* Without these there is no console yet on which to complain. */
static void memory_init(const struct boot_info *info)
{
	const struct paging_image image = {image_text, image_rodata, image_data,
					   image_guard, image_end};

	if (info->magic != BOOT_INFO_MAGIC)
		cpu_halt_forever();
	frame_init((void *)HV_BASE, info->pool.start, info->pool.size_bytes,
		   info->pool_used_bytes);
	if (!paging_init(&image, info->pool.size_bytes))
		cpu_halt_forever();
	footprint_init(info);
}

static void boot_cpu_init(const struct boot_info *info)
{
	struct percpu *cpu =
		percpu_create(info->cpu[0].apic_id, boot_stack_top);

	if (!cpu)
		cpu_halt_forever();
	idt_init();
	percpu_load(cpu);
}

/* x2APIC mode where the firmware left it on, or where an APIC ID needs it. */
static void interrupts_init(const struct boot_info *info)
{
	bool x2apic = lapic_x2apic_is_on();

	for (uint32_t i = 0; i < info->cpu_count; i++)
		if (info->cpu[i].apic_id > 254)
			x2apic |= lapic_x2apic_is_there();
	lapic_init(x2apic ? NULL
			  : paging_map_device(hpa(lapic_xapic_address()),
					      PAGE_SIZE));
	irq_init(info);
}

static void print_machine(const struct boot_info *info)
{
	uint64_t khz = clock_tsc_hz() / 1000;

	log_at(LOG_INFO, LOG_BOOT,
	       "%u of %u CPUs, %s, TSC %lu.%03lu MHz (by %s)", percpu_count(),
	       info->cpu_count, lapic_x2apic() ? "x2APIC" : "xAPIC", khz / 1000,
	       khz % 1000, clock_source());
}

/* Before the VMs are made: each vCPU takes what it needs of it. */
static void mitigate(const struct boot_info *info)
{
	char buffer[256];
	struct text text;

	if (!vmx_cpu_caps()->basic) /* VMX is on on no CPU */
		return;
	vmx_cpu_mitigate(info->config.mitigations);
	text_begin(&text, buffer, sizeof(buffer));
	mitigations_text(&text, vmx_cpu_mitigations());
	log_at(LOG_INFO, LOG_BOOT, "%s", buffer);
}

static void print_memory(void)
{
	char buffer[256];
	struct text text;

	text_begin(&text, buffer, sizeof(buffer));
	footprint_text(&text);
	log_at(LOG_INFO, LOG_BOOT, "%s", buffer);
}

/* Called by entry.asm, on the boot CPU's stack. */
void hv_main(const struct boot_info *info)
{
	memory_init(info);
	boot_cpu_init(info);
	console_init(info);
	log_set_levels(&info->config.log);
	framebuffer_init(info);
	log_keep_init(info);
	startup_init(info);
	log_line("Apical %s", APICAL_VERSION);
	power_init(info);
	startup_part("taking the machine over", tsc_read());
	clock_init(info);
	startup_part("measuring the TSC", tsc_read());
	interrupts_init(info);
	if (info->config.selftest == CONFIG_SELFTEST_PANIC)
		panic("selftest = panic: this is what a panic looks like");
	report_init(info);
	if (!smp_cpu_init())
		power_off();
	smp_start(info);
	startup_part("starting CPUs", tsc_read());
	print_machine(info);
	mitigate(info);
	report_print();
	if (!vms_create(info))
		vms_end(1);
	if (!info->config.vm_count && info->config.poweroff)
		vms_end(0);
	startup_part("making VMs", tsc_read());
	print_memory();
	gdb_init(info);
	console_run(info);
	framebuffer_run();
	smp_release();
	if (info->config.selftest == CONFIG_SELFTEST_PANIC_RUNNING) {
		clock_delay_us(PANIC_RUNNING_US);
		panic("selftest = panic-running: CPU 0 stops all others");
	}
	cpu_main();
}
