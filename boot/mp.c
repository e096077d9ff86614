/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processors, by EFI_MP_SERVICES_PROTOCOL and CPUID.  Source: PI
 * specification volume 2, "MP Services Protocol"; SDM volume 2, "CPUID".
 */
#include "boot/mp.h"

#include "boot/firmware.h"
#include "hv/hw/cpuid.h"

#define MP_TIMEOUT_US 5000000u

static EFI_GUID mp_guid = MP_SERVICES_GUID;

struct mp_call {
	void (*procedure)(void *);
	void *argument;
};

static struct mp_services *mp_services(void)
{
	struct mp_services *mp;

	if (EFI_ERROR(firmware.boot->LocateProtocol(&mp_guid, NULL,
						    (VOID **)&mp)))
		return NULL;
	return mp;
}

uint32_t mp_own_apic_id(void)
{
	struct cpuid topology = cpuid_or_zero(0xb, 0);

	return topology.ebx ? topology.edx : cpuid(1, 0).ebx >> 24;
}

/* From the firmware's calling convention to ours. */
static VOID EFIAPI mp_enter(VOID *argument)
{
	struct mp_call *call = argument;

	call->procedure(call->argument);
}

bool mp_run_on_others(void (*procedure)(void *), void *argument)
{
	struct mp_call call = {procedure, argument};
	struct mp_services *mp = mp_services();
	EFI_STATUS status;

	if (!mp)
		return false;
	status = mp->startup_all(mp, mp_enter, FALSE, NULL, MP_TIMEOUT_US,
				 &call, NULL);
	return status == EFI_SUCCESS || status == EFI_NOT_STARTED;
}

/* Enabled and healthy ones, into cpu[]; 0 if there are no MP services. */
static uint32_t mp_list(struct boot_cpu *cpu)
{
	struct mp_services *mp = mp_services();
	UINTN count, enabled;
	uint32_t found = 0;

	if (!mp || EFI_ERROR(mp->get_number(mp, &count, &enabled)))
		return 0;
	for (UINTN i = 0; i < count && found < BOOT_CPUS_MAX; i++) {
		struct mp_processor info = {0};

		if (EFI_ERROR(mp->get_info(mp, i, &info)) ||
		    !(info.status & MP_STATUS_ENABLED) ||
		    !(info.status & MP_STATUS_HEALTHY))
			continue;
		cpu[found++].apic_id = (uint32_t)info.processor_id;
	}
	return found;
}

/* Moves the boot CPU to the front; puts it there if the list misses it. */
static void mp_boot_cpu_first(struct boot_info *info)
{
	uint32_t own = mp_own_apic_id();
	uint32_t at = 0;

	while (at < info->cpu_count && info->cpu[at].apic_id != own)
		at++;
	if (at == info->cpu_count) {
		if (at < BOOT_CPUS_MAX)
			info->cpu_count++;
		else
			at--;
	}
	for (; at; at--)
		info->cpu[at] = info->cpu[at - 1];
	info->cpu[0].apic_id = own;
}

uint32_t mp_find_cpus(const struct acpi_machine *machine,
		      struct boot_info *info)
{
	uint32_t running = mp_list(info->cpu);

	info->cpu_count = running;
	if (machine->cpu_count) {
		for (uint32_t i = 0; i < machine->cpu_count; i++)
			info->cpu[i] = machine->cpu[i];
		info->cpu_count = machine->cpu_count;
		info->cpus_skipped = machine->cpus_skipped;
	}
	mp_boot_cpu_first(info);
	return running ? running : info->cpu_count;
}
