/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events that enter the guest with the next VM entry.  Source: SDM volume 3,
 * "Event Injection" and "Information for VM Exits That Occur During Event
 * Delivery".
 */
#ifndef VMX_INJECT_H
#define VMX_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "vmx/vcpu.h"

#define VECTOR_DB  1
#define VECTOR_NMI 2
#define VECTOR_BP  3
#define VECTOR_UD  6
#define VECTOR_DF  8
#define VECTOR_TS  10
#define VECTOR_NP  11
#define VECTOR_SS  12
#define VECTOR_GP  13
#define VECTOR_PF  14
#define VECTOR_MC  18

/* The interruption-information formats. */
#define INTERRUPTION_VECTOR		 0xffu
#define INTERRUPTION_TYPE_SHIFT		 8
#define INTERRUPTION_TYPE_MASK		 (7u << 8)
#define INTERRUPTION_EXTERNAL		 (0u << 8)
#define INTERRUPTION_NMI		 (2u << 8)
#define INTERRUPTION_HARDWARE_EXCEPTION	 (3u << 8)
#define INTERRUPTION_SOFTWARE_INTERRUPT	 (4u << 8)
#define INTERRUPTION_PRIVILEGED_SOFTWARE (5u << 8)
#define INTERRUPTION_SOFTWARE_EXCEPTION	 (6u << 8)
#define INTERRUPTION_ERROR_CODE		 (1u << 11)
#define INTERRUPTION_NMI_UNBLOCKING	 (1u << 12)
#define INTERRUPTION_VALID		 (1u << 31)

/* Guest interruptibility state. */
#define INTERRUPTIBILITY_STI	(1u << 0)
#define INTERRUPTIBILITY_MOV_SS (1u << 1)
#define INTERRUPTIBILITY_SMI	(1u << 2)
#define INTERRUPTIBILITY_NMI	(1u << 3)

/*
 * A fault or trap of the guest's.  While another event is being re-injected
 * the two combine as the SDM's "Conditions for Generating a Double Fault" say;
 * false: into a triple fault, the VM must be ended.
 */
bool inject_exception(struct vcpu *v, uint8_t vector, uint32_t error_code);

/* #PF: CR2 is set too. */
bool inject_page_fault(struct vcpu *v, gla_t address, uint32_t error_code);

/* External interrupt and NMI; the caller has checked that they may enter. */
void inject_interrupt(struct vcpu *v, uint8_t vector);
void inject_nmi(struct vcpu *v);

/* After every exit: what was being delivered is to be delivered again. */
void inject_again(struct vcpu *v);

/* The exception that an exit is due to goes on to the guest; information as the
 * exit gave it, no error code. */
void inject_same(struct vcpu *v, uint32_t information);

/* #GP(0) and #UD as the answer of an exit handler. */
enum exit_result inject_gp(struct vcpu *v);
enum exit_result inject_ud(struct vcpu *v);

#endif
