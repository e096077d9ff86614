/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holding a whole VM, with its time: while all its vCPUs are held, its TSCs, APIC
 * timers and devices' clocks stand still.  So nothing in the guest finds that
 * it was away: no timer is late, no watchdog barks.  What it has for the time of
 * day is late by so much afterwards.
 */
#ifndef HV_VM_HOLD_H
#define HV_VM_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/vcpu_call.h"
#include "hv/vm.h"

#define VM_ALL_VCPUS UINT64_MAX

/*
 * Holds all vCPUs for who and calls function for each.  When this returns none of
 * them is in its guest, and the VM's time stands still until vm_let_go().  CPU 0
 * only, no lock held.  Returns a bit for each vCPU that does not answer: its CPU
 * loads the VM; it is held then as soon as it comes there, and time goes on.
 */
uint64_t vm_hold(struct vm *vm, enum vcpu_holder who, vcpu_function *function,
		 void *argument);

/* The same before any VM has started, when no vCPU is in its guest. */
void vm_hold_at_start(struct vm *vm, enum vcpu_holder who);

/* Those of the mask, a bit per vCPU, that nobody else holds run on, and the VM's
 * time goes on if there is one.  CPU 0 only. */
void vm_let_go(struct vm *vm, enum vcpu_holder who, uint64_t vcpus);

/* Now, as v's TSC offset and its timer have it: this CPU's TSC, but for what the
 * VM has stood still and they do not know of yet.  v's CPU, while CPU 0 waits for
 * it. */
uint64_t vm_tsc(const struct vcpu *v);

/*
 * Around what asks v or its VM's devices for the time, on v's CPU while CPU 0 waits
 * for it: if the VM's time stands still, it goes on in between, by as much as
 * that takes, so that it never goes back.
 */
void vm_time_begin_look(struct vcpu *v);
void vm_time_end_look(struct vcpu *v);

/* ---- for the loops of hv/vm.c and hv/vcpu.c, on a vCPU's CPU ---- */

/* Power-on: the VM's time begins, at 0.  vCPU 0, before any is powered up. */
void vm_time_begin(struct vm *vm);

/* Where v's TSC is to be from power-up on: what is to be added to the CPU's. */
uint64_t vm_time_power_up(struct vcpu *v);

/* v is held.  False: the VM's time stands still, so no timer may expire. */
bool vm_time_goes(struct vcpu *v);

/* v is not held any more, before anything looks at its timers. */
void vm_time_catch_up(struct vcpu *v);

#endif
