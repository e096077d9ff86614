/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IN, OUT, INS and OUTS.  Source: SDM volume 3, "Exit Qualification for I/O
 * Instructions" and "VM-Exit Instruction-Information Field for INS and OUTS".
 */
#include "hv/hw/cr_bits.h"
#include "vmx/exit.h"
#include "vmx/guest_access.h"
#include "vmx/inject.h"
#include "vmx/machine.h"
#include "vmx/qualification.h"
#include "vmx/vmcs.h"

/* Instruction information, bits 9:7. */
static uint64_t address_mask(uint32_t information)
{
	switch (information >> 7 & 7) {
	case 0:
		return 0xffff;
	case 1:
		return 0xffffffff;
	default:
		return ~0ull;
	}
}

static void advance(uint64_t *reg, int64_t step, uint64_t mask)
{
	uint64_t value = (*reg & mask) + (uint64_t)step;

	/* A 32-bit result clears the upper half, a 16-bit one keeps it. */
	*reg = mask == 0xffff ? (*reg & ~mask) | (value & mask) : value & mask;
}

/* Where the guest has RAM; else the answer of the exit is in *result. */
static bool string_operand(struct vcpu *v, const struct qualification_io *q,
			   gla_t address, gpa_t *where,
			   enum exit_result *result)
{
	struct guest_walk_result walk = guest_access_walk(
		v, address, q->in ? GUEST_ACCESS_WRITE : GUEST_ACCESS_READ);

	if (!walk.ok) {
		*result =
			inject_page_fault(v, address, walk.error_code)
				? EXIT_RESUME
				: machine_end(v, MACHINE_TRIPLE_FAULT, 0, NULL);
		return false;
	}
	*where = walk.address;
	return true;
}

/* One byte at a time, so that an operand may cross into another page. */
static bool string_copy(struct vcpu *v, const struct qualification_io *q,
			gla_t address, uint32_t *value,
			enum exit_result *result)
{
	uint8_t *byte = (uint8_t *)value;

	for (unsigned i = 0; i < q->size; i++) {
		gla_t at = gla(address.value + i);
		gpa_t where;

		if (!string_operand(v, q, at, &where, result))
			return false;
		if (guest_access_is_apic(v, where)) {
			*result = machine_end(v, MACHINE_UNHANDLED, 0,
					      "INS or OUTS on the APIC page");
			return false;
		}
		/* No RAM there: reads give ones, writes are dropped. */
		if (q->in)
			guest_mem_write(v->memory, where, &byte[i], 1);
		else if (!guest_mem_read(v->memory, where, &byte[i], 1))
			byte[i] = 0xff;
	}
	return true;
}

/* One element; REP comes back for the next one. */
static enum exit_result string_io(struct vcpu *v,
				  const struct qualification_io *q)
{
	uint64_t mask =
		address_mask(vmcs_read32(VMCS_VM_EXIT_INSTRUCTION_INFORMATION));
	bool down = vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_DF;
	gla_t address = gla(vmcs_read(VMCS_GUEST_LINEAR_ADDRESS));
	enum exit_result result = EXIT_RESUME;
	uint32_t value = 0;

	if (q->in) {
		gpa_t where;

		/* A fault comes before the device is read. */
		if (!string_operand(v, q, address, &where, &result))
			return result;
		value = machine_port_in(v, q->port, q->size);
	}
	if (!string_copy(v, q, address, &value, &result))
		return result;
	if (!q->in)
		machine_port_out(v, q->port, q->size, value);
	advance(&v->gpr[q->in ? GPR_RDI : GPR_RSI],
		down ? -(int64_t)q->size : q->size, mask);
	if (v->state == VCPU_SHUTDOWN)
		return EXIT_STOP;
	if (!q->rep)
		return EXIT_NEXT_INSN;
	advance(&v->gpr[GPR_RCX], -1, mask);
	return v->gpr[GPR_RCX] & mask ? EXIT_RESUME : EXIT_NEXT_INSN;
}

enum exit_result exit_io(struct vcpu *v)
{
	struct qualification_io q =
		qualification_io(vmcs_read(VMCS_EXIT_QUALIFICATION));
	uint64_t *rax = &v->gpr[GPR_RAX];
	uint32_t value;

	if (q.string)
		return string_io(v, &q);
	if (!q.in) {
		machine_port_out(v, q.port, q.size, (uint32_t)*rax);
		return v->state == VCPU_SHUTDOWN ? EXIT_STOP : EXIT_NEXT_INSN;
	}
	value = machine_port_in(v, q.port, q.size);
	if (q.size == 1)
		*rax = (*rax & ~0xffull) | (uint8_t)value;
	else if (q.size == 2)
		*rax = (*rax & ~0xffffull) | (uint16_t)value;
	else
		*rax = value;
	return EXIT_NEXT_INSN;
}
