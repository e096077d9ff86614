/* SPDX-License-Identifier: BSD-2-Clause */
/* The array behind the fake vmx/insn.h. */
#include "vmx/insn.h"

#include <string.h>

#include "hv/lib/panic.h"

struct fake_vmx fake_vmx;

static uint64_t *fake_vmx_field(uint32_t field)
{
	if (!vmcs_field_name(field))
		panic("VMCS field %x does not exist", field);
	return &fake_vmx.field[field];
}

void fake_vmx_reset(void)
{
	memset(&fake_vmx, 0, sizeof(fake_vmx));
	fake_vmx.field[VMCS_VM_EXIT_INSTRUCTION_LENGTH] = FAKE_VMX_POISON;
}

uint64_t vmx_read(uint32_t field)
{
	return *fake_vmx_field(field);
}

void vmx_write(uint32_t field, uint64_t value)
{
	unsigned bits = vmcs_field_bits(field);

	if (bits < 64)
		value &= (1ull << bits) - 1;
	*fake_vmx_field(field) = value;
	fake_vmx.writes++;
}

uint64_t vmx_read_basic(uint32_t field)
{
	return vmx_read(field);
}

void vmx_write_basic(uint32_t field, uint64_t value)
{
	/* VMWRITE fails on the exit information of most processors. */
	if (vmcs_field_kind(field) == VMCS_KIND_READ_ONLY)
		panic("VMCS field %x is read-only", field);
	vmx_write(field, value);
}

bool vmx_read_maybe(uint32_t field, uint64_t *value)
{
	if (!vmcs_field_name(field))
		return false;
	*value = fake_vmx.field[field];
	return true;
}

bool vmx_on(uint64_t region_hpa)
{
	fake_vmx.on_hpa = region_hpa;
	return true;
}

bool vmx_clear(uint64_t vmcs_hpa)
{
	if (fake_vmx.current_hpa == vmcs_hpa)
		fake_vmx.current_hpa = 0;
	return true;
}

bool vmx_load(uint64_t vmcs_hpa)
{
	fake_vmx.current_hpa = vmcs_hpa;
	return true;
}

bool vmx_invept(enum vmx_invept type, uint64_t eptp)
{
	(void)type;
	(void)eptp;
	fake_vmx.invepts++;
	return true;
}

bool vmx_invvpid(enum vmx_invvpid type, uint16_t vpid)
{
	(void)type;
	(void)vpid;
	fake_vmx.invvpids++;
	return true;
}
