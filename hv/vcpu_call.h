/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor and the debugger do with vCPUs of other CPUs: run a function
 * where a vCPU lives, and hold it outside of its guest.
 */
#ifndef HV_VCPU_CALL_H
#define HV_VCPU_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "vmx/vcpu.h"

/* Runs on v's CPU, between two VM entries, with v's VMCS current and interrupts
 * off.  It must come to an end soon and may not call vcpu_call(). */
typedef void vcpu_function(struct vcpu *v, void *argument);

/*
 * Calls function for v and waits until it has run; the guest notices nothing but
 * the time.  Also for a vCPU whose VM is paused, not started yet or has ended.
 * CPU 0 only, with no lock held.  False: its CPU does not answer, and the
 * function will not run any more.
 */
bool vcpu_call(struct vcpu *v, vcpu_function *function, void *argument);

/* Who holds a vCPU; it runs again when nobody does. */
enum vcpu_holder {
	VCPU_HELD_BY_MONITOR = 1u << 0,
	VCPU_HELD_BY_DEBUGGER = 1u << 1,
};

/*
 * From here on v enters its guest no more; it is out at the latest when a
 * vcpu_call() for it returns.  Requests go on, and so do its timers and devices
 * until its whole VM is held (hv/vm_hold.h).  Any CPU.
 */
void vcpu_hold(struct vcpu *v, enum vcpu_holder who);
void vcpu_let_go(struct vcpu *v, enum vcpu_holder who);

/* ---- for the loops of hv/vcpu.c and hv/vm.c, on v's CPU ---- */

/* Runs what was asked for, if anything was. */
void vcpu_call_serve(struct vcpu *v);

/* Somebody holds v; if nobody does, VCPU_REQUEST_HOLD is taken back. */
bool vcpu_is_held(struct vcpu *v);

#endif
