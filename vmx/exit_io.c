/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IN, OUT, INS and OUTS.  Source: SDM volume 3, "Exit Qualification for I/O
 * Instructions" and "VM-Exit Instruction-Information Field for INS and OUTS".
 */
#include "hv/hw/cr_bits.h"
#include "vmx/exit.h"
#include "vmx/exit_row.h"
#include "vmx/guest_access.h"
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

/*
 * One element; REP comes back for the next one.  A fault of the operand comes
 * before the port is read.
 */
static enum emulate_result string_element(struct guest_access_context *a,
					  const struct qualification_io *q,
					  gla_t address)
{
	enum emulate_result result;
	uint32_t value = 0;

	if (!q->in) {
		result = emulate_read(a, address, q->size, &value);
		if (result == EMULATE_DONE)
			machine_port_out(a->vcpu, q->port, q->size, value);
		return result;
	}
	result = guest_access_probe_write(a, address, q->size);
	if (result != EMULATE_DONE)
		return result;
	value = machine_port_in(a->vcpu, q->port, q->size);
	return emulate_write(a, address, q->size, &value);
}

/*
 * Between two elements RF is 1, and in the end 0: a breakpoint on the instruction
 * is told of once.  An exit by an instruction saves 0 ("Saving RIP, RSP, RFLAGS,
 * and SSP").
 */
static enum exit_result repeat(struct vcpu *v, uint64_t rflags, bool more)
{
	rflags = more ? rflags | RFLAGS_RF : rflags & ~RFLAGS_RF;
	vmcs_write(VMCS_GUEST_RFLAGS, rflags);
	if (!more)
		return EXIT_NEXT_INSN;
	vmx_exit_skip(v, 0); /* TF traps after every iteration */
	return EXIT_RESUME;
}

static __attribute__((noinline)) enum exit_result string_io(
	struct vcpu *v, uint64_t qualification)
{
	struct qualification_io q = qualification_io(qualification);
	uint64_t mask =
		address_mask(vmcs_read32(VMCS_VM_EXIT_INSTRUCTION_INFORMATION));
	struct guest_access_context access;

	if (q.rep && !(v->gpr[GPR_RCX] & mask))
		return EXIT_NEXT_INSN;
	guest_access_begin(&access, v);
	if (string_element(&access, &q,
			   gla(vmcs_read(VMCS_GUEST_LINEAR_ADDRESS))) !=
		    EMULATE_DONE ||
	    v->state == VCPU_SHUTDOWN)
		return v->state == VCPU_SHUTDOWN ? EXIT_STOP : EXIT_RESUME;
	advance(&v->gpr[q.in ? GPR_RDI : GPR_RSI],
		access.paging.rflags & RFLAGS_DF ? -(int64_t)q.size : q.size,
		mask);
	if (!q.rep)
		return EXIT_NEXT_INSN;
	advance(&v->gpr[GPR_RCX], -1, mask);
	return repeat(v, access.paging.rflags, v->gpr[GPR_RCX] & mask);
}

static __attribute__((noinline)) enum exit_result in(struct vcpu *v,
						     uint16_t port,
						     unsigned size)
{
	uint32_t value = machine_port_in(v, port, size);
	uint64_t *rax = &v->gpr[GPR_RAX];

	if (size == 1)
		*rax = (*rax & ~0xffull) | (uint8_t)value;
	else if (size == 2)
		*rax = (*rax & ~0xffffull) | (uint16_t)value;
	else
		*rax = value;
	return EXIT_NEXT_INSN;
}

static __attribute__((noinline)) enum exit_result out(struct vcpu *v,
						      uint16_t port,
						      unsigned size)
{
	machine_port_out(v, port, size, (uint32_t)v->gpr[GPR_RAX]);
	return EXIT_NEXT_INSN; /* if the VM has ended, machine_resume() sees */
}

static inline enum exit_result access(struct vcpu *v, uint32_t q)
{
	if (q & QUALIFICATION_IO_STRING)
		return string_io(v, q);
	if (q & QUALIFICATION_IO_IN)
		return in(v, qualification_io_port(q),
			  qualification_io_size(q));
	return out(v, qualification_io_port(q), qualification_io_size(q));
}

static __attribute__((noinline)) enum exit_result access_anew(struct vcpu *v,
							      uint32_t q)
{
	exit_row_find(v, EXIT_STATS_PORT, EXIT_REASON_IO_INSTRUCTION,
		      qualification_io_port(q));
	return access(v, q);
}

enum exit_result exit_io(struct vcpu *v)
{
	uint32_t q = (uint32_t)vmcs_read(VMCS_EXIT_QUALIFICATION);

	if (!exit_row(v, EXIT_STATS_PORT, EXIT_REASON_IO_INSTRUCTION,
		      qualification_io_port(q)))
		return access_anew(v, q);
	return access(v, q);
}
