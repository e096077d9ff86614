/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SDM's VM-entry checks: the order in which they are made, and how a
 * broken rule is told.  Pure but for vmx_read().
 */
#include "vmx/check/check.h"

#include "hv/hw/cr_bits.h"
#include "hv/lib/format.h"
#include "vmx/check/check_state.h"
#include "vmx/insn.h"

#define EVENT_VALID (1u << 31)

static void vmx_check_say(struct vmx_check_state *s, const char *rule,
			  const char *values)
{
	struct vmx_check_report *out = s->out;

	if (out->count < VMX_CHECK_LINES)
		format(out->text[out->count], VMX_CHECK_LINE_SIZE,
		       "%s: %s (%s)", s->section, rule, values);
	out->count++;
}

void vmx_check_rule(struct vmx_check_state *s, bool ok, uint32_t field,
		    const char *rule)
{
	char values[80];

	s->out->rules++;
	if (ok)
		return;
	format(values, sizeof(values), "%s = %llXH", vmcs_field_name(field),
	       (unsigned long long)vmx_read(field));
	vmx_check_say(s, rule, values);
}

void vmx_check_rule2(struct vmx_check_state *s, bool ok, uint32_t field,
		     uint32_t other, const char *rule)
{
	char values[120];

	s->out->rules++;
	if (ok)
		return;
	format(values, sizeof(values), "%s = %llXH, %s = %llXH",
	       vmcs_field_name(field), (unsigned long long)vmx_read(field),
	       vmcs_field_name(other), (unsigned long long)vmx_read(other));
	vmx_check_say(s, rule, values);
}

bool vmx_check_physical(const struct vmx_check_state *s, uint64_t address)
{
	return !(address >> s->caps->physical_bits);
}

bool vmx_check_canonical(const struct vmx_check_state *s, uint64_t address)
{
	unsigned unused = 64 - s->caps->linear_bits;

	return (uint64_t)((int64_t)(address << unused) >> unused) == address;
}

void vmx_check_address(struct vmx_check_state *s, uint32_t field,
		       uint64_t alignment_bytes)
{
	uint64_t address = vmx_read(field);

	vmx_check_rule(s, !(address & (alignment_bytes - 1)), field,
		       "the address must be aligned");
	vmx_check_rule(s, vmx_check_physical(s, address), field,
		       "the address must be within the physical-address width");
}

void vmx_check_canonical_field(struct vmx_check_state *s, uint32_t field)
{
	vmx_check_rule(s, vmx_check_canonical(s, vmx_read(field)), field,
		       "the address must be canonical");
}

void vmx_check_pat(struct vmx_check_state *s, uint32_t field)
{
	uint64_t pat = vmx_read(field);
	bool ok = true;

	for (unsigned i = 0; i < 64; i += 8) {
		uint8_t type = pat >> i;

		ok &= type <= 7 && type != 2 && type != 3;
	}
	vmx_check_rule(s, ok, field,
		       "each byte must be a memory type: 0, 1, 4, 5, 6 or 7");
}

void vmx_check_efer(struct vmx_check_state *s, uint32_t field)
{
	vmx_check_rule(s,
		       !(vmx_read(field) &
			 ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)),
		       field, "reserved bits must be 0");
}

/* What more than one of the checks needs to know. */
static void vmx_check_load(struct vmx_check_state *s)
{
	struct vmx_controls *c = &s->controls;
	uint32_t event = vmx_read(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION);

	c->pin = vmx_read(VMCS_PIN_BASED_CONTROLS);
	c->proc = vmx_read(VMCS_PRIMARY_CONTROLS);
	c->exit = vmx_read(VMCS_VM_EXIT_CONTROLS);
	c->entry = vmx_read(VMCS_VM_ENTRY_CONTROLS);
	if (c->proc & VMX_PROC_SECONDARY_CONTROLS)
		c->proc2 = vmx_read(VMCS_SECONDARY_CONTROLS);
	if (c->proc & VMX_PROC_TERTIARY_CONTROLS)
		c->proc3 = vmx_read(VMCS_TERTIARY_CONTROLS);
	s->event = VMX_EVENT_NONE;
	if (event & EVENT_VALID)
		s->event = (enum vmx_check_event)(event >> 8 & 7);
	s->vector = event;
	s->ia32e = c->entry & VMX_ENTRY_IA32E_MODE_GUEST;
	s->unrestricted = c->proc2 & VMX_PROC2_UNRESTRICTED_GUEST;
	s->cr0 = vmx_read(VMCS_GUEST_CR0);
	s->cr4 = vmx_read(VMCS_GUEST_CR4);
	s->rflags = vmx_read(VMCS_GUEST_RFLAGS);
	s->virtual_8086 = s->rflags & RFLAGS_VM;
}

unsigned vmx_check(const struct vmx_caps *caps, struct vmx_check_report *out)
{
	struct vmx_check_state s = {.caps = caps, .out = out};

	out->count = out->rules = 0;
	vmx_check_load(&s);
	vmx_check_controls(&s);
	vmx_check_entry(&s);
	vmx_check_host(&s);
	vmx_check_guest(&s);
	vmx_check_segments(&s);
	vmx_check_activity(&s);
	return out->count;
}
