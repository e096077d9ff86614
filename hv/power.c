/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a run; see power.h. */
#include "hv/power.h"

#include <stdbool.h>
#include <stddef.h>

#include "hv/console/console.h"
#include "hv/hw/cpu.h"
#include "hv/hw/cr.h"
#include "hv/hw/port.h"
#include "hv/lib/log.h"
#include "hv/smp.h"
#include "mm/frame.h"
#include "mm/paging.h"
#include "vmx/cpu.h"

#define EFI_RUNTIME_SERVICES_SIGNATURE 0x56524553544e5552ull

/* UEFI, "Reset Control Register" of most chipsets, after ACPI's example. */
#define RESET_CONTROL	   0xcf9
#define RESET_CONTROL_ARM  0x02
#define RESET_CONTROL_FULL 0x06

/* The PC's keyboard controller: pulses the processor's reset line. */
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_RESET	 0xfe

enum efi_reset_type {
	EFI_RESET_WARM = 1, /* memory keeps what it holds: the log */
	EFI_RESET_SHUTDOWN = 2,
};

/* UEFI, "EFI Runtime Services Table", as far as it is used here. */
struct efi_runtime_services {
	uint64_t signature;
	uint32_t revision, header_size, crc32, reserved;
	uint64_t other[10]; /* GetTime() to GetNextHighMonotonicCount() */
	__attribute__((ms_abi)) void (*reset_system)(uint32_t type,
						     uint64_t status,
						     uint64_t data_size,
						     const void *data);
};

_Static_assert(offsetof(struct efi_runtime_services, reset_system) == 104,
	       "UEFI: a 24-byte header and ten functions");

static const struct boot_info *boot;

void power_init(const struct boot_info *info)
{
	boot = info;
}

static bool is_runtime(uint64_t address, uint64_t size_bytes)
{
	for (uint32_t i = 0; i < boot->runtime_count && i < BOOT_REGIONS_MAX;
	     i++) {
		const struct boot_region *r = &boot->runtime[i];

		if (address >= r->start.value &&
		    address - r->start.value < r->size_bytes &&
		    size_bytes <= r->size_bytes - (address - r->start.value))
			return true;
	}
	return false;
}

/* Page tables with the firmware's own regions where it expects them; NULL: no
 * memory. */
static uint64_t *firmware_root(void)
{
	uint64_t *root = frame_alloc(FRAME_PAGING, 1);

	if (!root)
		return NULL;
	paging_identity_init(root);
	for (uint32_t i = 0; i < boot->runtime_count && i < BOOT_REGIONS_MAX;
	     i++)
		if (!paging_identity_add(root, boot->runtime[i].start,
					 boot->runtime[i].size_bytes))
			return NULL;
	return root;
}

/* Returns when the firmware cannot be called or comes back. */
static void efi_reset_system(const uint64_t *root, enum efi_reset_type type)
{
	const struct efi_runtime_services *efi =
		(void *)boot->efi_runtime_services;

	if (!root || !is_runtime((uintptr_t)efi, sizeof(*efi)))
		return;
	/* Interrupts are off; the stack and our tables are mapped here too. */
	cr3_write(frame_hpa(root).value);
	if (efi->signature == EFI_RUNTIME_SERVICES_SIGNATURE &&
	    is_runtime((uintptr_t)efi->reset_system, 1))
		efi->reset_system(type, 0, 0, NULL);
	cr3_write(paging_root().value);
}

/* firmware_root(), and this CPU alone. */
static uint64_t *prepare(void)
{
	uint64_t *root = firmware_root(); /* takes a lock: first */

	cpu_cli();
	smp_stop_others();
	if (cr4_read() & CR4_VMXE)
		vmx_cpu_off();
	return root;
}

void power_off(void)
{
	uint64_t *root = prepare();

	log_line("power off");
	console_flush();
	efi_reset_system(root, EFI_RESET_SHUTDOWN);
	log_line("the firmware did not switch the machine off: "
		 "it can be switched off now");
	cpu_halt_forever();
}

/*
 * The processors alone first, then the whole machine: memory survives both on
 * most machines, and Bochs does not come up again after the second.  Returns
 * where there is neither.
 */
static void chipset_reset(void)
{
	port_out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
	port_out8(RESET_CONTROL, RESET_CONTROL_ARM);
	port_out8(RESET_CONTROL, RESET_CONTROL_FULL);
}

void power_reset(void)
{
	uint64_t *root = prepare();

	log_line("reset");
	console_flush();
	efi_reset_system(root, EFI_RESET_WARM);
	chipset_reset();
	log_line("the machine cannot be reset: switch it off and on");
	cpu_halt_forever();
}

void power_panicked(void)
{
	if (boot && boot->config.on_panic == CONFIG_ON_PANIC_RESET) {
		log_line("reset, as on-panic has it");
		console_flush();
		chipset_reset();
	}
	cpu_halt_forever();
}
