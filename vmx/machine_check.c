/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a machine check while the guest ran leaves behind; see machine_check.h.
 * Pure over hv/hw/msr.h and vmx/insn.h.  Source: SDM volume 3, "Machine-Check
 * Architecture", "Machine-Check Global Control MSRs" and "Error-Reporting
 * Register Banks".
 */
#include "vmx/machine_check.h"

#include "hv/hw/cr_bits.h"
#include "hv/hw/msr.h"
#include "hv/lib/log.h"
#include "vmx/machine.h"
#include "vmx/vmcs.h"

#define BANK_VALID	   (1ull << 63)
#define BANK_MISC_VALID	   (1ull << 59)
#define BANK_ADDRESS_VALID (1ull << 58)

/* A bank's MSRs, from IA32_MC0_CTL on. */
#define BANK_STATUS(bank)  (IA32_MC0_CTL + 4 * (bank) + 1)
#define BANK_ADDRESS(bank) (IA32_MC0_CTL + 4 * (bank) + 2)
#define BANK_MISC(bank)	   (IA32_MC0_CTL + 4 * (bank) + 3)

static void report_bank(uint32_t bank)
{
	uint64_t status = 0, address = 0, misc = 0;

	if (!msr_read_safe(BANK_STATUS(bank), &status) ||
	    !(status & BANK_VALID))
		return;
	if (status & BANK_ADDRESS_VALID)
		msr_read_safe(BANK_ADDRESS(bank), &address);
	if (status & BANK_MISC_VALID)
		msr_read_safe(BANK_MISC(bank), &misc);
	log_line("machine check, bank %u: status %016lx, address %lx, misc %lx",
		 bank, status, address, misc);
	msr_write_safe(BANK_STATUS(bank), 0);
}

enum exit_result machine_check(struct vcpu *v)
{
	uint64_t capabilities = 0;

	msr_read_safe(IA32_MCG_CAP, &capabilities);
	for (uint32_t bank = 0; bank < (capabilities & 0xff); bank++)
		report_bank(bank);
	/* MCIP: another one while it is set shuts the processor down. */
	msr_write_safe(IA32_MCG_STATUS, 0);
	if (!(vmcs_read(VMCS_CR4_READ_SHADOW) & CR4_MCE))
		return machine_end(v, MACHINE_TRIPLE_FAULT, 0,
				   "a machine check with CR4.MCE clear");
	return machine_end(v, MACHINE_UNHANDLED, 0,
			   "a machine check while the guest ran");
}
