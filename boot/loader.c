/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader: from the firmware to hv_main().  The order in which that happens
 * is efi_main(); whatever is missing ends it with one sentence, everything
 * given back, and control with the firmware, which goes on with its next boot
 * option.  Boot CPU.  Source: UEFI specification.
 */
#include "boot/acpi.h"
#include "boot/boot_info.h"
#include "boot/checks.h"
#include "boot/files.h"
#include "boot/firmware.h"
#include "boot/image.h"
#include "boot/last_log.h"
#include "boot/memory.h"
#include "boot/menu.h"
#include "boot/mp.h"
#include "boot/pci_uart.h"
#include "boot/say.h"
#include "boot/screen.h"
#include "boot/tables.h"
#include "boot/takeover.h"
#include "hv/hw/cpu.h"
#include "hv/hw/tsc.h"
#include "hv/lib/baud.h"
#include "hv/lib/string.h"
#include "hv/lib/version.h"

#define LOADER_WINDOWS_MAX  256
#define LOADER_OPTIONS_SIZE 2048

/* boot/handover.asm */
__attribute__((noreturn)) void handover(uint64_t root, uint64_t entry,
					uint64_t boot_info);

struct firmware firmware;

/* All that is found out, in memory of the firmware's. */
struct loader {
	struct acpi_machine machine;
	struct boot_info info; /* to be copied into the pool */
	struct acpi_window windows[LOADER_WINDOWS_MAX];
	char options[LOADER_OPTIONS_SIZE];
	uint32_t cpus_running; /* there for certain */
	uint64_t image_bytes;
	hpa_t tables_root;
};

static EFI_GUID loader_acpi2 = ACPI_20_TABLE_GUID;
static EFI_GUID loader_acpi1 = ACPI_TABLE_GUID;

static uint64_t loader_configuration_table(const EFI_GUID *guid)
{
	EFI_SYSTEM_TABLE *system = firmware.system;

	for (UINTN i = 0; i < system->NumberOfTableEntries; i++)
		if (!memcmp(&system->ConfigurationTable[i].VendorGuid, guid,
			    sizeof(*guid)))
			return (uint64_t)system->ConfigurationTable[i]
				.VendorTable;
	return 0;
}

static void loader_read_acpi(struct loader *loader)
{
	struct boot_info *info = &loader->info;
	struct acpi_machine *machine = &loader->machine;
	struct acpi_memory memory = {
		loader->windows,
		memory_windows(loader->windows, LOADER_WINDOWS_MAX)};

	info->rsdp = hpa(loader_configuration_table(&loader_acpi2));
	if (!info->rsdp.value)
		info->rsdp = hpa(loader_configuration_table(&loader_acpi1));
	if (!acpi_parse(&memory, info->rsdp, machine))
		info->rsdp = hpa(0);
	memcpy(info->ioapic, machine->ioapic, sizeof(info->ioapic));
	info->ioapic_count = machine->ioapic_count;
	memcpy(info->override, machine->override, sizeof(info->override));
	info->override_count = machine->override_count;
	info->hpet = machine->hpet;
	info->pm_timer_port = machine->pm_timer_port;
	takeover_find_ioapic(info);
}

/* The serial port on PCI that the configuration asks for. */
static bool loader_pci_console(const struct config *config,
			       struct boot_console *console)
{
	uint32_t number = config->console_port - CONFIG_PORT_PCI;

	if (!pci_uart_find(number, console))
		return refuse("console: there is no serial port number %u on "
			      "PCI.",
			      number + 1);
	acpi_set_speed(console, config);
	return true;
}

/*
 * Where nothing names a line and COM1 does not answer, PCI may have one.
 * Interrupts that are remapped cannot be programmed: the UART is polled.
 */
static bool loader_choose_console(struct loader *loader)
{
	struct boot_info *info = &loader->info;
	const struct config *config = &info->config;
	struct boot_console *console = &info->console;
	uint32_t port = config->console_port;

	info->interrupt_remapping =
		takeover_interrupt_remapping(&loader->machine);
	*console = acpi_choose_console(&loader->machine, config);
	if (port >= CONFIG_PORT_PCI && port <= CONFIG_PORT_PCI_MAX &&
	    !loader_pci_console(config, console))
		return false;
	if (info->interrupt_remapping)
		console->gsi = UINT32_MAX;
	if (!say_open(console) && port == CONFIG_PORT_AUTO &&
	    !loader->machine.console_count && pci_uart_find(0, console)) {
		acpi_set_speed(console, config);
		say_open(console);
	}
	if (console->baud &&
	    !baud_is_possible(console->clock_hz, console->baud))
		return refuse("baud = %u cannot be made from the UART's clock "
			      "of %u Hz (uart-clock).",
			      console->baud,
			      console->clock_hz ? console->clock_hz
						: BAUD_CLOCK_HZ);
	return true;
}

static bool loader_choose_screen(struct boot_info *info)
{
	if (info->config.screen != CONFIG_SCREEN_OFF)
		screen_find(&info->framebuffer);
	return info->framebuffer.address.value ||
	       info->config.screen != CONFIG_SCREEN_ON ||
	       refuse("screen = on, but the firmware drives no screen that "
		      "can be written to as memory.");
}

static bool loader_read_config(struct loader *loader)
{
	struct config *config = &loader->info.config;
	struct config_error error;
	struct boot_file file;
	const char *name;
	size_t options;

	if (!files_open_volume())
		return false;
	last_log_save(&loader->info.kept_log);
	name = menu_choose();
	if (!name || !files_read(name, "the configuration", &file))
		return false;
	if (!config_parse(config, (const char *)file.start.value,
			  file.size_bytes, &error))
		return refuse("%s:%u:%u: %s.", name, error.line, error.column,
			      error.text);
	options = files_load_options(loader->options, sizeof(loader->options));
	if (!config_override(config, loader->options, options, &error))
		return refuse("load options:%u: %s.", error.column, error.text);
	if (!config_check(config, &error))
		return refuse("%s: %s.", name, error.text);
	return true;
}

static bool loader_check_vms(const struct loader *loader)
{
	const struct config *config = &loader->info.config;
	uint32_t cpus = 0;

	for (uint32_t i = 0; i < config->vm_count; i++) {
		const struct config_vm *vm = &config->vm[i];

		cpus += vm->vcpus;
		for (uint32_t j = 0; j < vm->cpu_count; j++)
			if (vm->cpus[j] >= loader->info.cpu_count)
				return refuse("the VM %s is to run on CPU %u, "
					      "but this machine has CPUs 0 to "
					      "%u only.",
					      vm->name, vm->cpus[j],
					      loader->info.cpu_count - 1);
	}
	if (cpus > loader->cpus_running)
		return refuse("the VMs have %u vCPUs together, but this "
			      "machine has %u CPUs only.",
			      cpus, loader->cpus_running);
	return true;
}

/*
 * What the hypervisor needs beyond its image: per CPU stacks, tables and VMXON
 * region; per VM bitmaps, devices and tables; per vCPU VMCS, virtual-APIC page,
 * saved state, statistics and trace; EPT tables for the guests' RAM.  With 4 CPUs and one VM of
 * 512 MiB the pool must stay within 4 MiB.
 */
static uint64_t loader_pool_size(const struct loader *loader)
{
	const struct config *config = &loader->info.config;
	uint64_t size = loader->image_bytes + sizeof(struct boot_info);

	size += 1 << 20;
	size += loader->info.cpu_count * (128ull << 10);
	for (uint32_t i = 0; i < config->vm_count; i++) {
		size += 256 << 10;
		size += config->vm[i].vcpus * (192ull << 10);
		size += (config->vm[i].memory_mib / 1024 + 1) * (16ull << 10);
	}
	return (size + SIZE_2M - 1) & ~(SIZE_2M - 1);
}

static bool loader_read_vm(const struct config_vm *config, struct boot_vm *vm)
{
	if (!files_read(config->kernel, "the kernel", &vm->kernel))
		return false;
	if (config->initrd[0] &&
	    !files_read(config->initrd, "the initrd", &vm->initrd))
		return false;
	for (uint32_t i = 0; i < config->module_count; i++)
		if (!files_read(config->module[i], "a module", &vm->module[i]))
			return false;
	return true;
}

static bool loader_get_memory(struct loader *loader)
{
	struct boot_info *info = &loader->info;
	uint64_t pool_size;

	if (!image_measure(&loader->image_bytes))
		return false;
	pool_size = loader_pool_size(loader);
	if (!memory_pool(pool_size, &info->pool))
		return refuse("there are no %llu MiB of contiguous memory "
			      "below 4 GiB for the hypervisor.",
			      (unsigned long long)pool_size >> 20);
	if (!memory_trampoline(&info->trampoline))
		return false;
	for (uint32_t i = 0; i < info->config.vm_count; i++)
		if (!loader_read_vm(&info->config.vm[i], &info->vm[i]))
			return false;
	if (!tables_build(&info->pool, &loader->tables_root))
		return false;
	/* Last, because it may take nearly all that there is. */
	for (uint32_t i = 0; i < info->config.vm_count; i++)
		if (!memory_ram(&info->config.vm[i], &info->vm[i]))
			return false;
	return true;
}

static void loader_banner(const struct loader *loader)
{
	const struct boot_info *info = &loader->info;
	char brand[49];

	checks_brand(brand);
	say("Apical " APICAL_VERSION " on %s, %u CPUs (by %s), %llu MiB free.",
	    brand, info->cpu_count,
	    loader->machine.cpu_count ? "MADT" : "the MP services",
	    (unsigned long long)memory_free_mib());
}

/* For the report; the vendor's name is whatever the firmware's maker wrote. */
static void loader_name_firmware(struct boot_info *info)
{
	const EFI_SYSTEM_TABLE *system = firmware.system;
	const CHAR16 *vendor = system->FirmwareVendor;

	for (uint32_t i = 0; vendor && vendor[i] && i < BOOT_VENDOR_SIZE - 1;
	     i++)
		info->firmware_vendor[i] = vendor[i] >= ' ' && vendor[i] <= '~'
						   ? (char)vendor[i]
						   : '?';
	info->firmware_revision = system->FirmwareRevision;
	info->uefi_revision = system->Hdr.Revision;
	info->free_mib = memory_free_mib();
}

/* A machine that no VM can run on is what a report is wanted of. */
static bool loader_check_machine(struct loader *loader, bool *unlocked)
{
	struct config *config = &loader->info.config;
	bool good;

	*unlocked = false;
	say_going_on(config->report);
	good = checks_processors(unlocked) && loader_check_vms(loader);
	say_going_on(false);
	if (!good)
		config->vm_count = 0;
	return good || config->report;
}

/* Everything that can fail while the firmware still runs the machine. */
static bool loader_prepare(struct loader *loader)
{
	struct boot_info *info = &loader->info;
	bool unlocked = false;

	info->magic = BOOT_INFO_MAGIC;
	info->efi_runtime_services = (uint64_t)firmware.system->RuntimeServices;
	info->config.console_baud = CONFIG_BAUD_AUTO;
	loader_read_acpi(loader);
	/* First for what the configuration's lines may be refused with. */
	if (!loader_choose_console(loader) || !loader_read_config(loader) ||
	    !loader_choose_console(loader))
		return false;
	info->loader_tsc[BOOT_STAGE_CONFIG] = tsc_read();
	loader->cpus_running = mp_find_cpus(&loader->machine, info);
	loader_banner(loader);
	loader_name_firmware(info);
	if (info->config.selftest == CONFIG_SELFTEST_PANIC)
		say("selftest = panic: the processors are not checked, no "
		    "guest will start.");
	else if (!loader_check_machine(loader, &unlocked))
		return false;
	if (unlocked)
		say("IA32_FEATURE_CONTROL is unlocked; the hypervisor will "
		    "lock it with VMX on.");
	info->loader_tsc[BOOT_STAGE_CPUS] = tsc_read();
	if (!loader_choose_screen(info) || !loader_get_memory(loader))
		return false;
	info->loader_tsc[BOOT_STAGE_FILES] = tsc_read();
	return true;
}

/* The firmware is gone: silence, the image, and the jump. */
static __attribute__((noreturn)) void loader_hand_over(struct loader *loader)
{
	struct boot_info *info = &loader->info;
	uint64_t entry;

	cpu_cli();
	info->loader_tsc[BOOT_STAGE_EXIT] = tsc_read();
	takeover_devices(info);
	entry = image_place(&info->pool);
	info->pool_used_bytes = loader->image_bytes +
				((sizeof(*info) + PAGE_MASK) & ~PAGE_MASK);
	memcpy((void *)(info->pool.start.value + loader->image_bytes), info,
	       sizeof(*info));
	say("%llu KiB at 0x%llx for the hypervisor, entering it.",
	    (unsigned long long)info->pool.size_bytes >> 10,
	    (unsigned long long)info->pool.start.value);
	handover(loader->tables_root.value, entry,
		 HV_BASE + loader->image_bytes);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	uint64_t tsc = tsc_read();
	struct loader *loader;
	bool ready;

	firmware = (struct firmware){image, system, system->BootServices};
	if (EFI_ERROR(firmware.boot->AllocatePool(
		    EfiLoaderData, sizeof(*loader), (VOID **)&loader)))
		return EFI_OUT_OF_RESOURCES;
	memset(loader, 0, sizeof(*loader));
	loader->info.loader_tsc[BOOT_STAGE_ENTRY] = tsc;

	ready = loader_prepare(loader);
	files_close_volume();
	if (ready && memory_exit_firmware(&loader->info))
		loader_hand_over(loader);
	memory_free_all();
	firmware.boot->FreePool(loader);
	/* Not by returning: gnu-efi's start-up code does not keep RSI, RDI. */
	firmware.boot->Exit(image, EFI_UNSUPPORTED, 0, NULL);
	return EFI_UNSUPPORTED;
}
