/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Typed access to the current VMCS: the enum of a field's width picks the
 * function, so a field cannot be read at another width than it has.
 * Those who use it have seen to it that a VMCS is current; where every processor
 * has a field, nothing is left that could fail, and nothing is tested.
 * Source: SDM volume 3, "Field Encoding in VMCS".
 */
#ifndef VMX_VMCS_H
#define VMX_VMCS_H

#include "vmx/insn.h"
#include "vmx/vmcs_fields.h"

static inline uint64_t vmcs_get(uint32_t field)
{
	if (__builtin_constant_p(field) && vmcs_field_is_basic(field))
		return vmx_read_basic(field);
	return vmx_read(field);
}

static inline void vmcs_put(uint32_t field, uint64_t value)
{
	if (__builtin_constant_p(field) && vmcs_field_is_basic(field))
		vmx_write_basic(field, value);
	else
		vmx_write(field, value);
}

static inline uint16_t vmcs_read16(enum vmcs_field16 field)
{
	return (uint16_t)vmcs_get(field);
}

static inline uint32_t vmcs_read32(enum vmcs_field32 field)
{
	return (uint32_t)vmcs_get(field);
}

static inline uint64_t vmcs_read64(enum vmcs_field64 field)
{
	return vmcs_get(field);
}

static inline uint64_t vmcs_read(enum vmcs_field_natural field)
{
	return vmcs_get(field);
}

static inline void vmcs_write16(enum vmcs_field16 field, uint16_t value)
{
	vmcs_put(field, value);
}

static inline void vmcs_write32(enum vmcs_field32 field, uint32_t value)
{
	vmcs_put(field, value);
}

static inline void vmcs_write64(enum vmcs_field64 field, uint64_t value)
{
	vmcs_put(field, value);
}

static inline void vmcs_write(enum vmcs_field_natural field, uint64_t value)
{
	vmcs_put(field, value);
}

#endif
