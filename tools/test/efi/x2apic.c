/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware that leaves x2APIC mode on, on every processor, then starts the
 * loader.  Source: SDM volume 3, "Enabling or Disabling the x2APIC".
 */
#include "hv/hw/cpuid.h"
#include "hv/hw/msr.h"
#include "tools/test/efi/chain.h"

static VOID EFIAPI x2apic(VOID *argument)
{
	(void)argument;
	if (cpuid(1, 0).ecx & CPUID_1_ECX_X2APIC)
		msr_write(IA32_APIC_BASE, msr_read(IA32_APIC_BASE) |
						  IA32_APIC_BASE_ENABLE |
						  IA32_APIC_BASE_X2APIC);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	chain_on_all(system, x2apic);
	chain_say(msr_read(IA32_APIC_BASE) & IA32_APIC_BASE_X2APIC
			  ? "x2apic: x2APIC mode is on\r\n"
			  : "x2apic: no x2APIC mode on this processor\r\n");
	return chain_start(image, system);
}
