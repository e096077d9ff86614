/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the delivery of an event through the guest's IDT fails: for exits in
 * the middle of one that do not tell the linear address.
 */
#ifndef VMX_DELIVERY_H
#define VMX_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "vmx/guest_access.h"

/*
 * Follows the delivery of vector in 64-bit mode (IDT gate, code descriptor,
 * TSS, stack), with or without an error code, up to the first linear address
 * that does not translate.  False: all of them do, or the guest is not in
 * IA-32e mode.  Source: SDM volume 3, "Exception and Interrupt Handling in
 * 64-bit Mode".
 */
bool delivery_fault(const struct guest_access_context *a, uint8_t vector,
		    bool has_error_code, gla_t *address, uint32_t *error_code);

#endif
