/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses to guest-physical addresses that no memory answers: the local
 * APIC's page, however the access got here, devices and holes.  One path:
 * fetch the instruction, decode it, execute it over vmx/guest_access.h, whose
 * head says what answers.
 *
 * Where there is no instruction to execute, because the processor was
 * delivering an event: if a page walk met ones, the event gives way to that
 * #PF; a stack, IDT, GDT or TSS that itself lies there ends the VM.  So does an
 * instruction that is not decoded, with its bytes.  Debug registers do not
 * watch the accesses of emulated instructions.
 *
 * Source: SDM volume 3, "Exit Qualification for EPT Violations" and "APIC-Access
 * VM Exits".
 */
#include "hv/hw/cr_bits.h"
#include "hv/hw/xmm.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"
#include "vmx/debug.h"
#include "vmx/delivery.h"
#include "vmx/exit.h"
#include "vmx/guest_access.h"
#include "vmx/inject.h"
#include "vmx/machine.h"
#include "vmx/qualification.h"
#include "vmx/vmcs.h"

#define CS_L (1u << 13)
#define CS_D (1u << 14)

/* The instruction in hand. */
struct current {
	struct guest_access_context access;
	const struct insn_cache_line *known;
	struct {
		gla_t rip; /* linear */
		enum decode_mode mode;
		struct insn insn;
		uint8_t bytes[DECODE_MAX_LENGTH];
		unsigned count; /* of bytes, which may be too many */
		struct guest_access_source source;
	} anew; /* when it was not known, which is in 64-bit mode alone */
	/* Where the processor's page walk failed, if it told. */
	gla_t walk;
	bool has_walk;
};

static enum exit_result end(struct vcpu *v, const char *text)
{
	return machine_end(v, MACHINE_UNHANDLED, 0, text);
}

/* What a fault that was queued means for the exit handler. */
static enum exit_result faulted(enum emulate_result result)
{
	return result == EMULATE_STOP ? EXIT_STOP : EXIT_RESUME;
}

static inline void begin(struct current *c, struct vcpu *v, gpa_t apic_page,
			 struct guest_access_hint hint)
{
	c->access.apic_page = apic_page;
	c->access.has_paging = false;
	c->access.vcpu = v;
	c->access.hint = hint;
	c->has_walk = false;
}

/* Where the current instruction is, and in what mode. */
static enum decode_mode locate(const struct current *c, gla_t *rip)
{
	uint32_t rights = vmcs_read32(VMCS_GUEST_CS_ACCESS_RIGHTS);
	const struct guest_paging *paging = &c->access.paging;

	*rip = gla(c->access.vcpu->registers.rip);
	if (paging->efer & EFER_LMA && rights & CS_L)
		return DECODE_64;
	rip->value += vmcs_read(VMCS_GUEST_CS_BASE);
	if (!(paging->cr0 & CR0_PE) || paging->rflags & RFLAGS_VM)
		return DECODE_16;
	return rights & CS_D ? DECODE_32 : DECODE_16;
}

/* ---- instructions that cannot be executed here ---- */

/* Its bytes, of which there may be too many. */
static unsigned bytes_of(const struct current *c, const uint8_t **bytes)
{
	*bytes = c->known ? c->known->byte : c->anew.bytes;
	return c->known ? DECODE_MAX_LENGTH : c->anew.count;
}

/* An instruction that nobody here knows: the bytes go into the log. */
static enum exit_result end_undecoded(struct current *c)
{
	static const char hex[] = "0123456789abcdef";
	char text[128] = "cannot emulate the instruction";
	size_t at = strlen(text);
	const uint8_t *bytes;
	unsigned count = bytes_of(c, &bytes);

	for (unsigned i = 0; i < count; i++) {
		text[at++] = ' ';
		text[at++] = hex[bytes[i] >> 4];
		text[at++] = hex[bytes[i] & 15];
	}
	text[at] = 0;
	return end(c->access.vcpu, text);
}

/* MOV to CR0, CR3 or CR4, with prefixes. */
static bool loads_pdptes(const struct current *c)
{
	const uint8_t *bytes;
	unsigned count = bytes_of(c, &bytes);
	unsigned at = 0;

	while (at < count && (bytes[at] == 0x66 || bytes[at] == 0xf2 ||
			      bytes[at] == 0xf3 || bytes[at] == 0xf0))
		at++;
	return at + 1 < count && bytes[at] == 0x0f && bytes[at + 1] == 0x22;
}

static enum exit_result walk_fault(struct current *c, gla_t address, bool *is)
{
	struct guest_walk_result walk =
		guest_access_walk(&c->access, address, GUEST_ACCESS_READ);

	*is = !walk.ok;
	if (walk.ok)
		return EXIT_RESUME;
	return faulted(
		guest_access_fault(c->access.vcpu, address, walk.error_code));
}

/*
 * Not one that the emulator executes; insn: but its length and operand are
 * known, or NULL.  When the exit came from a page walk it need not be executed, only to
 * get its fault: #PF (as if for a read), or #GP for PDPTEs of ones.
 */
static enum exit_result unhandled(struct current *c, const struct insn *insn)
{
	struct vcpu *v = c->access.vcpu;
	enum exit_result result;
	gla_t address;
	bool is_fault;

	if (insn && insn->operation == INSN_MONITOR)
		return inject_ud(v); /* CPUID hides it */
	if (!c->known && c->anew.mode != DECODE_64 && loads_pdptes(c))
		return inject_gp(v);
	if (insn && insn->memory) {
		enum emulate_result operand = emulate_operand(
			insn, &v->registers, &c->access, &address);

		if (operand != EMULATE_DONE)
			return faulted(operand);
		result = walk_fault(c, address, &is_fault);
		if (is_fault)
			return result;
	}
	if (c->has_walk) {
		result = walk_fault(c, c->walk, &is_fault);
		if (is_fault)
			return result;
	}
	return end_undecoded(c);
}

/* ---- execution ---- */

static __attribute__((noinline)) enum exit_result not_executed(
	struct current *c, const struct insn *insn, enum emulate_result result)
{
	if (result == EMULATE_UNHANDLED)
		return unhandled(c, insn);
	return c->access.vcpu->state == VCPU_SHUTDOWN ? EXIT_STOP : EXIT_RESUME;
}

/* Only the explicit operand is accessed. */
static bool has_one_operand(const struct insn *insn)
{
	return insn->memory && insn->operation != INSN_PUSH &&
	       insn->operation != INSN_POP && insn->operation != INSN_CALL;
}

static inline __attribute__((always_inline)) enum exit_result execute(
	struct current *c, struct vcpu *v, const struct insn *insn,
	bool by_offset)
{
	struct emulate_registers *r = &v->registers;
	uint64_t rsp = vmcs_read(VMCS_GUEST_RSP);
	uint64_t rflags = vmcs_read(VMCS_GUEST_RFLAGS);
	enum emulate_result result;

	if (by_offset && !has_one_operand(insn))
		c->access.hint = GUEST_ACCESS_NO_HINT;
	r->gpr[GPR_RSP] = rsp;
	r->rflags = rflags;
	result = emulate_insn(insn, r, &c->access);
	if (r->gpr[GPR_RSP] != rsp)
		vmcs_write(VMCS_GUEST_RSP, r->gpr[GPR_RSP]);
	if (result >= EMULATE_FAULT)
		return not_executed(c, insn, result);
	/* RF lasts for one instruction, which REP continues. */
	if (result != EMULATE_REP_MORE)
		r->rflags &= ~RFLAGS_RF;
	if (r->rflags != rflags)
		vmcs_write(VMCS_GUEST_RFLAGS, r->rflags);
	if (result == EMULATE_DONE)
		r->rip += insn->length;
	if (insn->mode != DECODE_64)
		r->rip = (uint32_t)r->rip;
	vmx_exit_complete(r->rip, r->rflags);
	return EXIT_RESUME;
}

/* The bytes of the next page only when they are needed. */
static enum decode_status fetch_and_decode(struct current *c)
{
	uint8_t *bytes = c->anew.bytes;
	unsigned before = 0, size = sizeof(c->anew.bytes);
	enum decode_status status;

	do {
		c->anew.count =
			guest_access_fetch(&c->access, c->anew.rip, bytes,
					   before, size, &c->anew.source);
		if (c->anew.count == before)
			return DECODE_NEED_MORE;
		status = decode_insn(bytes, c->anew.count, c->anew.mode,
				     &c->anew.insn);
		if (status != DECODE_NEED_MORE)
			break;
		before = c->anew.count;
	} while (before < size);
	/* They came at once. */
	if (status == DECODE_OK && !before && c->anew.count == size)
		insn_cache_add(&c->access.vcpu->insn_cache,
			       c->access.vcpu->memory, &c->access.paging,
			       c->anew.rip, &c->anew.source.entries,
			       c->anew.source.physical, bytes, &c->anew.insn);
	return status;
}

/* The current instruction, when it is not known; false: not to be executed. */
static bool decode_anew(struct current *c, enum exit_result *result)
{
	struct vcpu *v = c->access.vcpu;

	guest_access_read_paging(&c->access);
	c->anew.mode = locate(c, &c->anew.rip);
	switch (fetch_and_decode(c)) {
	case DECODE_OK:
		return true;
	case DECODE_UD:
		*result = inject_ud(v);
		return false;
	case DECODE_TOO_LONG:
		*result = inject_gp(v);
		return false;
	case DECODE_NEED_MORE:
		*result = faulted(guest_access_fault(
			v, c->anew.source.address, c->anew.source.error_code));
		return false;
	case DECODE_UNKNOWN:
		break;
	}
	*result = unhandled(c, NULL);
	return false;
}

/* The current instruction in its line, if it is known; v's RIP is read. */
static inline __attribute__((always_inline)) const struct insn_cache_line *
find_known(struct vcpu *v, gpa_t apic_page)
{
	if (!(vmcs_read32(VMCS_GUEST_CS_ACCESS_RIGHTS) & CS_L))
		return NULL;
	return insn_cache_find(
		&v->insn_cache,
		(struct insn_cache_state){
			.rip = gla(v->registers.rip),
			.cr0 = vmcs_read(VMCS_GUEST_CR0),
			.cr3 = vmcs_read(VMCS_GUEST_CR3),
			.cr4 = vmcs_read(VMCS_GUEST_CR4),
			.efer = vmcs_read64(VMCS_GUEST_IA32_EFER),
			.apic_page = apic_page,
			.cpl = GUEST_ACCESS_DPL(
				vmcs_read32(VMCS_GUEST_SS_ACCESS_RIGHTS)),
		});
}

/*
 * After begin(), which had the same; for the exits that come often.  by_offset:
 * the hint is not for a whole address, and so for one operand.
 */
static inline __attribute__((always_inline)) enum exit_result emulate_often(
	struct current *c, struct vcpu *v, gpa_t apic_page, bool by_offset)
{
	const struct insn_cache_line *known;
	const struct insn *insn = &c->anew.insn;
	enum exit_result result;

	v->registers.rip = vmcs_read(VMCS_GUEST_RIP);
	known = find_known(v, apic_page);
	c->known = known;
	if (known)
		insn = &known->insn;
	else if (!decode_anew(c, &result))
		return result;
	return execute(c, v, insn, by_offset);
}

/* The same for those that come rarely. */
static enum exit_result emulate_rarely(struct current *c)
{
	return emulate_often(c, c->access.vcpu, c->access.apic_page, false);
}

/* ---- exits ---- */

/* An exit in the middle of event delivery; walk: by a page walk. */
static enum exit_result in_delivery(struct vcpu *v, bool walk)
{
	uint32_t information = vmcs_read32(VMCS_IDT_VECTORING_INFORMATION);
	uint8_t vector = information & INTERRUPTION_VECTOR;
	struct guest_access_context access;
	uint32_t error_code;
	gla_t address;
	char text[96];

	guest_access_begin(&access, v);
	if (walk && delivery_fault(&access, vector,
				   information & INTERRUPTION_ERROR_CODE,
				   &address, &error_code))
		return faulted(guest_access_fault(v, address, error_code));
	format(text, sizeof(text),
	       "delivery of vector %u through a %s that is not RAM", vector,
	       walk ? "page table" : "stack, IDT, GDT or TSS");
	return end(v, text);
}

/* An NMI's IRET that was cut off after it had unblocked NMIs. */
static void block_nmi_again(void)
{
	uint32_t state;

	if (vmcs_read32(VMCS_IDT_VECTORING_INFORMATION) & INTERRUPTION_VALID)
		return;
	state = vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	vmcs_write32(VMCS_GUEST_INTERRUPTIBILITY_STATE,
		     state | INTERRUPTIBILITY_NMI);
}

/* The exit is for an APIC register, which are 16 bytes apart. */
static inline void count_register(struct vcpu *v, uint32_t offset)
{
	v->exit_row = exit_stats_row(&v->stats, EXIT_STATS_APIC, v->exit_reason,
				     offset & 0xff0);
}

static enum exit_result end_violation(struct vcpu *v, gpa_t address,
				      bool asynchronous)
{
	char text[64];

	format(text, sizeof(text), "EPT violation%s at %lx",
	       asynchronous ? " by no instruction" : " in RAM", address.value);
	return end(v, text);
}

/* It was the processor's page walk, or nobody knows. */
static enum exit_result emulate_walking(struct vcpu *v, bool linear_valid)
{
	struct current c;

	begin(&c, v, guest_access_apic_page(v), GUEST_ACCESS_NO_HINT);
	if (linear_valid) {
		c.walk = gla(vmcs_read(VMCS_GUEST_LINEAR_ADDRESS));
		c.has_walk = true;
	}
	return emulate_rarely(&c);
}

enum exit_result exit_ept_violation(struct vcpu *v)
{
	struct qualification_ept q =
		qualification_ept(vmcs_read(VMCS_EXIT_QUALIFICATION));
	gpa_t address = gpa(vmcs_read64(VMCS_GUEST_PHYSICAL_ADDRESS));
	gpa_t apic_page = guest_access_apic_page(v);
	bool in_apic_page = (address.value & ~PAGE_MASK) == apic_page.value;
	struct current c;
	hpa_t backing;

	if (in_apic_page)
		count_register(v, address.value & PAGE_MASK);
	if (q.nmi_unblocking)
		block_nmi_again();
	if (v->debug.hiding && !q.asynchronous && vmx_debug_open(v, address))
		return EXIT_RESUME;
	if (v->event_injected)
		return in_delivery(v, !q.linear_valid || !q.final);
	if (q.asynchronous ||
	    (!in_apic_page &&
	     guest_mem_translate(v->memory, address, &backing)))
		return end_violation(v, address, q.asynchronous);
	if (!q.linear_valid || !q.final)
		return emulate_walking(v, q.linear_valid);
	begin(&c, v, apic_page,
	      (struct guest_access_hint){
		      .mask = ~PAGE_MASK,
		      .linear =
			      vmcs_read(VMCS_GUEST_LINEAR_ADDRESS) & ~PAGE_MASK,
		      .page = gpa(address.value & ~PAGE_MASK),
		      .read = q.read || q.write,
		      .write = q.write,
	      });
	return emulate_often(&c, v, apic_page, false);
}

enum exit_result exit_ept_misconfiguration(struct vcpu *v)
{
	char text[64];

	format(text, sizeof(text), "EPT misconfiguration at %lx",
	       vmcs_read64(VMCS_GUEST_PHYSICAL_ADDRESS));
	return end(v, text);
}

/* Types of access that are no read and no write, or none at all. */
static enum exit_result odd_apic_access(struct vcpu *v,
					struct qualification_apic q)
{
	struct current c;
	char text[64];

	switch (q.type) {
	case QUALIFICATION_APIC_EVENT:
	case QUALIFICATION_APIC_PHYSICAL_EVENT:
		return in_delivery(v,
				   q.type == QUALIFICATION_APIC_PHYSICAL_EVENT);
	case QUALIFICATION_APIC_READ:
	case QUALIFICATION_APIC_WRITE:
	case QUALIFICATION_APIC_FETCH:
	case QUALIFICATION_APIC_MONITOR:
	case QUALIFICATION_APIC_PHYSICAL_MONITOR:
	case QUALIFICATION_APIC_PHYSICAL:
		break;
	default:
		q.asynchronous = true;
		break;
	}
	if (!q.asynchronous && !v->event_injected) {
		begin(&c, v, guest_access_apic_page(v), GUEST_ACCESS_NO_HINT);
		return emulate_rarely(&c);
	}
	format(text, sizeof(text), "access of type %u to the APIC page%s",
	       q.type, q.asynchronous ? " by no instruction" : "");
	return end(v, text);
}

enum exit_result exit_apic_access(struct vcpu *v)
{
	struct qualification_apic q =
		qualification_apic(vmcs_read(VMCS_EXIT_QUALIFICATION));
	gpa_t apic_page = guest_access_apic_page(v);
	struct current c;

	count_register(v, q.offset);
	if (q.type > QUALIFICATION_APIC_WRITE || q.asynchronous ||
	    v->event_injected)
		return odd_apic_access(v, q);
	begin(&c, v, apic_page,
	      (struct guest_access_hint){
		      .mask = PAGE_MASK,
		      .linear = q.offset,
		      .page = apic_page,
		      .read = true,
		      .write = q.type == QUALIFICATION_APIC_WRITE,
	      });
	return emulate_often(&c, v, apic_page, true);
}

/* ---- the seam of vmx/emulate/emulate.h, but for memory: vmx/guest_access.c ---- */

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
	struct vcpu *v = ((struct guest_access_context *)context)->vcpu;

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
