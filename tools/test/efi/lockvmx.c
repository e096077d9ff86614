/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware that has VT-x switched off: locks IA32_FEATURE_CONTROL without VMX
 * on every processor, then starts the loader, which has to refuse.
 */
#include "hv/hw/msr.h"
#include "tools/test/efi/chain.h"

static VOID EFIAPI lockvmx(VOID *argument)
{
	(void)argument;
	if (!(msr_read(IA32_FEATURE_CONTROL) & IA32_FEATURE_CONTROL_LOCK))
		msr_write(IA32_FEATURE_CONTROL, IA32_FEATURE_CONTROL_LOCK);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	chain_on_all(system, lockvmx);
	chain_say("lockvmx: VMX is locked off\r\n");
	return chain_start(image, system);
}
