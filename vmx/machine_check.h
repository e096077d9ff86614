/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine check that came while the guest ran. */
#ifndef VMX_MACHINE_CHECK_H
#define VMX_MACHINE_CHECK_H

#include "vmx/vcpu.h"

/*
 * Logs and clears what the banks hold, lets the processor take another machine
 * check, and ends the VM: as a shutdown where the guest has CR4.MCE clear.
 * CR4.MCE itself is always set while the guest runs.  EXIT_STOP.
 */
enum exit_result machine_check(struct vcpu *v);

#endif
