/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host tests' vmx/insn.h: the current VMCS is an array.  The VM-exit
 * instruction length is poisoned until a test writes it, since metal leaves it
 * undefined for most exits.
 */
#ifndef TOOLS_TEST_FAKE_VMX_INSN_H
#define TOOLS_TEST_FAKE_VMX_INSN_H

#include <stdbool.h>
#include <stdint.h>

#include "vmx/vmcs_fields.h"

#define FAKE_VMX_POISON 0xdeadc0deu

struct fake_vmx {
	uint64_t field[VMCS_FIELDS_END];
	uint64_t on_hpa, current_hpa; /* VMXON region, current VMCS */
	unsigned writes;	      /* VMWRITEs since the reset */
	unsigned invepts, invvpids;
};

extern struct fake_vmx fake_vmx;

/* All fields 0, the instruction length poisoned. */
void fake_vmx_reset(void);

uint64_t vmx_read(uint32_t field);
void vmx_write(uint32_t field, uint64_t value);
uint64_t vmx_read_basic(uint32_t field);
void vmx_write_basic(uint32_t field, uint64_t value);
bool vmx_read_maybe(uint32_t field, uint64_t *value);
bool vmx_on(uint64_t region_hpa);
bool vmx_clear(uint64_t vmcs_hpa);
bool vmx_load(uint64_t vmcs_hpa);

enum vmx_invept {
	VMX_INVEPT_SINGLE_CONTEXT = 1,
	VMX_INVEPT_ALL_CONTEXTS = 2,
};

bool vmx_invept(enum vmx_invept type, uint64_t eptp);

enum vmx_invvpid {
	VMX_INVVPID_SINGLE_CONTEXT = 1,
	VMX_INVVPID_ALL_CONTEXTS = 2,
};

bool vmx_invvpid(enum vmx_invvpid type, uint16_t vpid);

#endif
