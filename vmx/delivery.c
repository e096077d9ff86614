/* SPDX-License-Identifier: BSD-2-Clause */
/* A dry run of event delivery; see delivery.h. */
#include "vmx/delivery.h"

#include "hv/hw/cr_bits.h"
#include "vmx/vmcs.h"

#define GATE_BYTES	 16
#define DESCRIPTOR_BYTES 8
#define SELECTOR_TI	 4u
#define TSS_RSP0	 0x04
#define TSS_IST1	 0x24

struct search {
	const struct guest_access_context *a;
	gla_t address; /* the one that faults */
	uint32_t error_code;
};

/* False: it faults. */
static bool reach(struct search *s, uint64_t address, enum guest_access access,
		  bool supervisor, gpa_t *where)
{
	struct guest_walk_result walk =
		guest_walk(s->a->vcpu->memory, &s->a->paging, gla(address),
			   access, supervisor);

	s->address = gla(address);
	s->error_code = walk.error_code;
	*where = walk.address;
	return walk.ok;
}

/* A little-endian value out of a descriptor table or the TSS. */
static bool read_system(struct search *s, uint64_t address, unsigned size,
			uint64_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < size; i++) {
		uint8_t byte;
		gpa_t where;

		if (!reach(s, address + i, GUEST_ACCESS_READ, true, &where))
			return false;
		guest_access_read_physical(s->a->vcpu, where, &byte, 1);
		*value |= (uint64_t)byte << (8 * i);
	}
	return true;
}

/* The privilege level of the handler. */
static bool handler_cpl(struct search *s, uint16_t selector, uint8_t *cpl)
{
	uint64_t base =
		vmcs_read(selector & SELECTOR_TI ? VMCS_GUEST_LDTR_BASE
						 : VMCS_GUEST_GDTR_BASE);
	uint64_t descriptor;

	if (!read_system(s, base + (selector & ~7u), DESCRIPTOR_BYTES,
			 &descriptor))
		return false;
	*cpl = s->a->paging.cpl;
	if (!(descriptor >> 42 & 1)) /* not conforming */
		*cpl = descriptor >> 45 & 3;
	return true;
}

static bool stack_pointer(struct search *s, unsigned ist, uint8_t cpl,
			  uint64_t *rsp)
{
	uint64_t tss = vmcs_read(VMCS_GUEST_TR_BASE);

	if (ist)
		return read_system(s, tss + TSS_IST1 + 8 * (ist - 1), 8, rsp);
	if (cpl < s->a->paging.cpl)
		return read_system(s, tss + TSS_RSP0 + 8 * cpl, 8, rsp);
	*rsp = vmcs_read(VMCS_GUEST_RSP);
	return true;
}

static bool push(struct search *s, uint64_t rsp, unsigned words, uint8_t cpl)
{
	gpa_t where;

	rsp &= ~15ull;
	for (unsigned i = 0; i < words; i++) {
		rsp -= 8;
		if (!reach(s, rsp, GUEST_ACCESS_WRITE, cpl < 3, &where))
			return false;
	}
	return true;
}

/* False: the address that faults is in *s. */
static bool deliver(struct search *s, uint8_t vector, bool has_error_code)
{
	uint64_t gate = vmcs_read(VMCS_GUEST_IDTR_BASE) + GATE_BYTES * vector;
	uint64_t low, high, rsp;
	uint8_t cpl;

	return read_system(s, gate, 8, &low) &&
	       read_system(s, gate + 8, 8, &high) &&
	       handler_cpl(s, (uint16_t)(low >> 16), &cpl) &&
	       stack_pointer(s, low >> 32 & 7, cpl, &rsp) &&
	       push(s, rsp, has_error_code ? 6 : 5, cpl);
}

bool delivery_fault(const struct guest_access_context *a, uint8_t vector,
		    bool has_error_code, gla_t *address, uint32_t *error_code)
{
	struct search s = {.a = a};

	if (!(a->paging.efer & EFER_LMA) || deliver(&s, vector, has_error_code))
		return false;
	*address = s.address;
	*error_code = s.error_code;
	return true;
}
