/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses to guest-physical addresses that no memory answers: the local
 * APIC's page, however the access got here, and the devices'.  One path: fetch
 * the instruction, decode it, execute it with the seam at the end of this file
 * as its memory.
 * Source: SDM volume 3, "Exit Qualification for EPT Violations" and "APIC-Access
 * VM Exits".
 */
#include "hv/hw/cr_bits.h"
#include "hv/hw/tsc.h"
#include "hv/hw/xmm.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"
#include "vmx/apicv.h"
#include "vmx/emulate.h"
#include "vmx/exit.h"
#include "vmx/guest_access.h"
#include "vmx/inject.h"
#include "vmx/machine.h"
#include "vmx/qualification.h"
#include "vmx/vmcs.h"

#define CS_L (1u << 13)
#define CS_D (1u << 14)

static enum exit_result end(struct vcpu *v, const char *text)
{
	return machine_end(v, MACHINE_UNHANDLED, 0, text);
}

static enum decode_mode decode_mode_now(void)
{
	uint32_t rights = vmcs_read32(VMCS_GUEST_CS_ACCESS_RIGHTS);

	if (vmcs_read64(VMCS_GUEST_IA32_EFER) & EFER_LMA && rights & CS_L)
		return DECODE_64;
	if (!(vmcs_read(VMCS_GUEST_CR0) & CR0_PE) ||
	    vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_VM)
		return DECODE_16;
	return rights & CS_D ? DECODE_32 : DECODE_16;
}

/* An instruction that nobody here knows: the bytes go into the log. */
static enum exit_result end_undecoded(struct vcpu *v, const uint8_t *bytes,
				      unsigned count)
{
	static const char hex[] = "0123456789abcdef";
	char text[128] = "cannot emulate the instruction";
	size_t at = strlen(text);

	for (unsigned i = 0; i < count; i++) {
		text[at++] = ' ';
		text[at++] = hex[bytes[i] >> 4];
		text[at++] = hex[bytes[i] & 15];
	}
	text[at] = 0;
	return end(v, text);
}

static void registers_get(struct vcpu *v, struct emulate_registers *r)
{
	memcpy(r->gpr, v->gpr, sizeof(r->gpr));
	r->gpr[GPR_RSP] = vmcs_read(VMCS_GUEST_RSP);
	r->rip = vmcs_read(VMCS_GUEST_RIP);
	r->rflags = vmcs_read(VMCS_GUEST_RFLAGS);
}

static void registers_put(struct vcpu *v, const struct emulate_registers *r)
{
	memcpy(v->gpr, r->gpr, sizeof(r->gpr));
	vmcs_write(VMCS_GUEST_RSP, r->gpr[GPR_RSP]);
	vmcs_write(VMCS_GUEST_RFLAGS, r->rflags);
}

static enum exit_result execute(struct vcpu *v, const struct insn *insn,
				const uint8_t *bytes)
{
	struct emulate_registers registers;

	registers_get(v, &registers);
	switch (emulate_insn(insn, &registers, v)) {
	case EMULATE_DONE:
		registers_put(v, &registers);
		vmx_exit_skip(v, insn->length);
		return EXIT_RESUME;
	case EMULATE_BRANCHED:
		registers_put(v, &registers);
		vmcs_write(VMCS_GUEST_RIP, registers.rip);
		vmx_exit_skip(v, 0);
		return EXIT_RESUME;
	case EMULATE_REP_MORE:
		registers_put(v, &registers);
		return EXIT_RESUME;
	case EMULATE_FAULT:
		registers_put(v, &registers);
		return v->state == VCPU_SHUTDOWN ? EXIT_STOP : EXIT_RESUME;
	case EMULATE_STOP:
		return EXIT_STOP;
	case EMULATE_UNHANDLED:
		break;
	}
	return end_undecoded(v, bytes, insn->length);
}

/* The current instruction, from its bytes in guest memory. */
static enum exit_result emulate_current(struct vcpu *v)
{
	uint8_t bytes[DECODE_MAX_LENGTH];
	struct guest_walk_result fault;
	struct insn insn;
	unsigned count = guest_access_fetch(v, bytes, sizeof(bytes), &fault);

	switch (decode_insn(bytes, count, decode_mode_now(), &insn)) {
	case DECODE_OK:
		return execute(v, &insn, bytes);
	case DECODE_UD:
		return inject_ud(v);
	case DECODE_TOO_LONG:
		return inject_gp(v);
	case DECODE_NEED_MORE:
		if (count == sizeof(bytes) || fault.ok)
			return end(v, "the instruction lies outside RAM");
		/* Another vCPU unmapped the code meanwhile. */
		return inject_page_fault(v,
					 gla(vmcs_read(VMCS_GUEST_RIP) + count),
					 fault.error_code)
			       ? EXIT_RESUME
			       : machine_end(v, MACHINE_TRIPLE_FAULT, 0, NULL);
	case DECODE_UNKNOWN:
		break;
	}
	return end_undecoded(v, bytes, count);
}

/* A page walk of the guest's met no RAM, which reads as all ones. */
static enum exit_result walk_outside_ram(struct vcpu *v)
{
	gla_t address = gla(vmcs_read(VMCS_GUEST_LINEAR_ADDRESS));
	struct qualification_ept q =
		qualification_ept(vmcs_read(VMCS_EXIT_QUALIFICATION));
	enum guest_access access = q.fetch   ? GUEST_ACCESS_FETCH
				   : q.write ? GUEST_ACCESS_WRITE
					     : GUEST_ACCESS_READ;
	struct guest_walk_result walk = guest_access_walk(v, address, access);

	if (walk.ok)
		return end(v, "a page walk left RAM, but its repeat did not");
	if (inject_page_fault(v, address, walk.error_code))
		return EXIT_RESUME;
	return machine_end(v, MACHINE_TRIPLE_FAULT, 0, NULL);
}

/* An NMI's IRET that was cut off after it had unblocked NMIs. */
static void block_nmi_again(const struct qualification_ept *q)
{
	uint32_t vectoring = vmcs_read32(VMCS_IDT_VECTORING_INFORMATION);
	uint32_t state;

	if (!q->nmi_unblocking || vectoring & INTERRUPTION_VALID)
		return;
	state = vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	vmcs_write32(VMCS_GUEST_INTERRUPTIBILITY_STATE,
		     state | INTERRUPTIBILITY_NMI);
}

enum exit_result exit_ept_violation(struct vcpu *v)
{
	struct qualification_ept q =
		qualification_ept(vmcs_read(VMCS_EXIT_QUALIFICATION));
	gpa_t address = gpa(vmcs_read64(VMCS_GUEST_PHYSICAL_ADDRESS));
	hpa_t backing;
	char text[96];

	block_nmi_again(&q);
	if (q.linear_valid && !q.final)
		return walk_outside_ram(v);
	if (v->event_injected || !q.linear_valid || q.asynchronous) {
		format(text, sizeof(text), "%s at %lx, where no RAM is",
		       v->event_injected ? "event delivery"
					 : "a guest-physical access",
		       address.value);
		return end(v, text);
	}
	if (q.fetch) {
		format(text, sizeof(text), "instruction fetch from %lx",
		       address.value);
		return end(v, text);
	}
	if (!guest_access_is_apic(v, address) &&
	    guest_mem_translate(v->memory, address, &backing)) {
		format(text, sizeof(text), "EPT violation in RAM at %lx",
		       address.value);
		return end(v, text);
	}
	return emulate_current(v);
}

enum exit_result exit_ept_misconfiguration(struct vcpu *v)
{
	char text[64];

	format(text, sizeof(text), "EPT misconfiguration at %lx",
	       vmcs_read64(VMCS_GUEST_PHYSICAL_ADDRESS));
	return end(v, text);
}

enum exit_result exit_apic_access(struct vcpu *v)
{
	struct qualification_apic q =
		qualification_apic(vmcs_read(VMCS_EXIT_QUALIFICATION));
	char text[80];

	switch (q.type) {
	case QUALIFICATION_APIC_READ:
	case QUALIFICATION_APIC_WRITE:
	case QUALIFICATION_APIC_MONITOR:
		if (!q.asynchronous && !v->event_injected)
			return emulate_current(v);
		break;
	}
	format(text, sizeof(text), "access of type %u to the APIC page",
	       q.type);
	return end(v, text);
}

/* ---- the seam of vmx/emulate.h: context is the vCPU ---- */

/* An effect of an access to the APIC's page. */
static enum emulate_result apic_effect(struct vcpu *v,
				       struct vlapic_effect effect)
{
	return apicv_effect(v, effect, EXIT_RESUME) == EXIT_STOP ? EMULATE_STOP
								 : EMULATE_DONE;
}

/* size at most 8 bytes, within one page. */
static enum emulate_result apic_read(struct vcpu *v, uint32_t offset,
				     unsigned size, void *out)
{
	uint64_t value = 0;
	uint32_t word = 0;
	struct vlapic_effect effect;

	/* The APIC answers aligned 32-bit reads; narrower ones see their part
	 * of it, wider ones one register after the other. */
	for (unsigned done = 0; done < size;) {
		unsigned shift = (offset + done) % 4;
		unsigned part = 4 - shift;

		if (part > size - done)
			part = size - done;
		effect = vlapic_read(&v->vlapic, (offset + done) & ~3u,
				     tsc_read(), &word);
		apic_effect(v, effect);
		memcpy((uint8_t *)&value + done, (uint8_t *)&word + shift,
		       part);
		done += part;
	}
	memcpy(out, &value, size);
	return EMULATE_DONE;
}

/*
 * The processor that virtualizes register writes lets the bytes land in the
 * virtual-APIC page and then acts on the register: so here.  A part of a
 * register changes that part, and bytes 4 to 15 of a block are nothing's.
 */
static enum emulate_result apic_write(struct vcpu *v, uint32_t offset,
				      unsigned size, const void *in)
{
	enum emulate_result result = EMULATE_DONE;

	for (unsigned done = 0; done < size && result == EMULATE_DONE;) {
		uint32_t at = (offset + done) & ~3u;
		unsigned shift = (offset + done) % 4;
		unsigned part = 4 - shift;
		uint32_t word;

		if (part > size - done)
			part = size - done;
		memcpy(&word, v->apic_page + at, sizeof(word));
		memcpy((uint8_t *)&word + shift, (const uint8_t *)in + done,
		       part);
		result = apic_effect(
			v, vlapic_write(&v->vlapic, at, tsc_read(), word));
		done += part;
	}
	return result;
}

/* One part of an access, within one page. */
static enum emulate_result access_page(struct vcpu *v, gpa_t address,
				       unsigned size, void *data, bool write)
{
	uint64_t value = ~0ull;

	if (guest_access_is_apic(v, address)) {
		uint32_t offset = address.value & PAGE_MASK;

		return write ? apic_write(v, offset, size, data)
			     : apic_read(v, offset, size, data);
	}
	if (write ? guest_mem_write(v->memory, address, data, size)
		  : guest_mem_read(v->memory, address, data, size))
		return EMULATE_DONE;
	if (write) {
		memcpy(&value, data, size);
		machine_mmio_write(v, address, size, value);
	} else {
		value = machine_mmio_read(v, address, size);
		memcpy(data, &value, size);
	}
	return v->state == VCPU_SHUTDOWN ? EMULATE_STOP : EMULATE_DONE;
}

/* Parts of at most 8 bytes that cross no page; each is translated. */
static enum emulate_result access_linear(struct vcpu *v, gla_t address,
					 unsigned size, void *data, bool write)
{
	enum guest_access access =
		write ? GUEST_ACCESS_WRITE : GUEST_ACCESS_READ;
	uint8_t *byte = data;

	while (size) {
		unsigned rest = PAGE_SIZE - (address.value & PAGE_MASK);
		unsigned part = size < 8 ? size : 8;
		struct guest_walk_result walk =
			guest_access_walk(v, address, access);
		enum emulate_result result;

		if (!walk.ok) {
			if (inject_page_fault(v, address, walk.error_code))
				return EMULATE_FAULT;
			machine_end(v, MACHINE_TRIPLE_FAULT, 0, NULL);
			return EMULATE_STOP;
		}
		if (part > rest)
			part = rest;
		result = access_page(v, walk.address, part, byte, write);
		if (result != EMULATE_DONE)
			return result;
		byte += part;
		address.value += part;
		size -= part;
	}
	return EMULATE_DONE;
}

enum emulate_result emulate_read(void *context, gla_t address, unsigned size,
				 void *out)
{
	return access_linear(context, address, size, out, false);
}

enum emulate_result emulate_write(void *context, gla_t address, unsigned size,
				  const void *in)
{
	uint8_t copy[16];

	memcpy(copy, in, size);
	return access_linear(context, address, size, copy, true);
}

void emulate_segment_get(void *context, enum insn_segment segment,
			 struct emulate_segment *out)
{
	unsigned step = 2 * segment; /* field encodings are 2 apart */

	(void)context;
	out->base = vmx_read(VMCS_GUEST_ES_BASE + step);
	out->limit = (uint32_t)vmx_read(VMCS_GUEST_ES_LIMIT + step);
	out->access_rights =
		(uint32_t)vmx_read(VMCS_GUEST_ES_ACCESS_RIGHTS + step);
}

void emulate_raise(void *context, uint8_t vector, uint32_t error_code)
{
	struct vcpu *v = context;

	if (!inject_exception(v, vector, error_code))
		machine_end(v, MACHINE_TRIPLE_FAULT, 0, NULL);
}

void emulate_xmm_get(void *context, unsigned number, struct emulate_xmm *out)
{
	(void)context;
	xmm_read(number, out->byte);
}

void emulate_xmm_set(void *context, unsigned number,
		     const struct emulate_xmm *in)
{
	(void)context;
	xmm_write(number, in->byte);
}
