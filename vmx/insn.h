/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam to VMX: one inline function per instruction.  Host tests put a fake
 * of this header first on the include path, in which the VMCS is an array.
 * Source: SDM volume 3, "VMX Instruction Reference".
 */
#ifndef VMX_INSN_H
#define VMX_INSN_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/lib/panic.h"

/* A VMREAD or VMWRITE that fails is a bug of ours. */
static inline uint64_t vmx_read(uint32_t field)
{
	uint64_t value;

	asm goto("vmread %1, %0; jbe %l[failed]"
		 : "=r"(value)
		 : "r"((uint64_t)field)
		 : "cc"
		 : failed);
	return value;
failed:
	panic("VMREAD of field %x failed", field);
}

static inline void vmx_write(uint32_t field, uint64_t value)
{
	asm goto("vmwrite %1, %0; jbe %l[failed]"
		 :
		 : "r"((uint64_t)field), "rm"(value)
		 : "cc", "memory"
		 : failed);
	return;
failed:
	panic("VMWRITE of %lx to field %x failed", value, field);
}

/*
 * For a field that every processor has, while a VMCS is current: nobody looks
 * whether it failed, for it cannot.
 */
static inline uint64_t vmx_read_basic(uint32_t field)
{
	uint64_t value;

	asm volatile("vmread %1, %0"
		     : "=r"(value)
		     : "r"((uint64_t)field)
		     : "cc");
	return value;
}

static inline void vmx_write_basic(uint32_t field, uint64_t value)
{
	asm volatile("vmwrite %1, %0"
		     :
		     : "r"((uint64_t)field), "rm"(value)
		     : "cc", "memory");
}

/* For dumps: false when this processor has no such field. */
static inline bool vmx_read_maybe(uint32_t field, uint64_t *value)
{
	bool failed;

	asm volatile("vmread %2, %0"
		     : "=r"(*value), "=@ccbe"(failed)
		     : "r"((uint64_t)field)
		     : "cc");
	return !failed;
}

/* The operand of VMXON, VMCLEAR, VMPTRLD: a host-physical address. */
static inline bool vmx_on(uint64_t region_hpa)
{
	bool failed;

	asm volatile("vmxon %1"
		     : "=@ccbe"(failed)
		     : "m"(region_hpa)
		     : "cc", "memory");
	return !failed;
}

static inline bool vmx_clear(uint64_t vmcs_hpa)
{
	bool failed;

	asm volatile("vmclear %1"
		     : "=@ccbe"(failed)
		     : "m"(vmcs_hpa)
		     : "cc", "memory");
	return !failed;
}

static inline bool vmx_load(uint64_t vmcs_hpa)
{
	bool failed;

	asm volatile("vmptrld %1"
		     : "=@ccbe"(failed)
		     : "m"(vmcs_hpa)
		     : "cc", "memory");
	return !failed;
}

enum vmx_invept {
	VMX_INVEPT_SINGLE_CONTEXT = 1,
	VMX_INVEPT_ALL_CONTEXTS = 2,
};

static inline bool vmx_invept(enum vmx_invept type, uint64_t eptp)
{
	struct {
		uint64_t eptp, reserved;
	} descriptor = {eptp, 0};
	bool failed;

	asm volatile("invept %1, %2"
		     : "=@ccbe"(failed)
		     : "m"(descriptor), "r"((uint64_t)type)
		     : "cc", "memory");
	return !failed;
}

enum vmx_invvpid {
	VMX_INVVPID_SINGLE_CONTEXT = 1,
	VMX_INVVPID_ALL_CONTEXTS = 2,
};

static inline bool vmx_invvpid(enum vmx_invvpid type, uint16_t vpid)
{
	struct {
		uint64_t vpid, address;
	} descriptor = {vpid, 0};
	bool failed;

	asm volatile("invvpid %1, %2"
		     : "=@ccbe"(failed)
		     : "m"(descriptor), "r"((uint64_t)type)
		     : "cc", "memory");
	return !failed;
}

#endif
