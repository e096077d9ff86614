/* SPDX-License-Identifier: BSD-2-Clause */
/* The short way for the moves that drivers make; see plain_move.h. */
#include "vmx/plain_move.h"

#include "hv/hw/cr_bits.h"
#include "vmx/exit.h"
#include "vmx/machine.h"
#include "vmx/vmcs.h"

#define CS_L (1u << 13)

/* MOV between a register or immediate and a 32-bit word, one of the cache's. */
static bool is_plain_move(const struct insn *insn)
{
	return insn->operation == INSN_MOV && insn->memory &&
	       insn->memory_size == 4 && insn->operand_size == 4 &&
	       (insn->form == INSN_FORM_MI || insn->reg != INSN_RSP);
}

void plain_move_keep(struct vcpu *v, const struct guest_paging *p, gla_t rip,
		     const struct insn *insn)
{
	struct insn_cache_key key = {
		.rip = rip.value,
		.cr0 = p->cr0,
		.cr3 = p->cr3,
		.cr4 = p->cr4,
		.efer = p->efer,
		.apic_page = p->apic_page,
		.cpl = p->cpl,
	};
	struct guest_walk_trace trace;
	struct guest_walk_result walk;
	hpa_t code;

	if (!is_plain_move(insn))
		return;
	walk = guest_walk_traced(v->memory, p, rip, GUEST_ACCESS_FETCH, false,
				 &trace);
	if (walk.ok &&
	    (walk.address.value & ~PAGE_MASK) != p->apic_page.value &&
	    guest_mem_translate(v->memory, walk.address, &code))
		insn_cache_add(&v->insn_cache, &key, &trace, code, insn);
}

/* The instruction at RIP, if it was kept and is still there. */
static const struct insn *kept(struct vcpu *v, gpa_t apic_page)
{
	struct insn_cache_key key;

	key.efer = vmcs_read64(VMCS_GUEST_IA32_EFER);
	if (!(key.efer & EFER_LMA) ||
	    !(vmcs_read32(VMCS_GUEST_CS_ACCESS_RIGHTS) & CS_L))
		return NULL;
	key.rip = vmcs_read(VMCS_GUEST_RIP);
	key.cr0 = vmcs_read(VMCS_GUEST_CR0);
	key.cr3 = vmcs_read(VMCS_GUEST_CR3);
	key.cr4 = vmcs_read(VMCS_GUEST_CR4);
	key.cpl = vmcs_read32(VMCS_GUEST_SS_ACCESS_RIGHTS) >> 5 & 3;
	key.apic_page = apic_page;
	v->registers.rip = key.rip;
	return insn_cache_find(&v->insn_cache, &key);
}

/* The word at address, which is not RAM; false: the VM has ended. */
static bool access_word(struct vcpu *v, gpa_t apic_page, gpa_t address,
			uint32_t *word, bool write)
{
	if ((address.value & ~PAGE_MASK) == apic_page.value)
		return guest_access_apic_word(v, address.value & PAGE_MASK,
					      word, write) == EMULATE_DONE;
	if (write)
		machine_mmio_write(v, address, sizeof(*word), *word);
	else
		*word = (uint32_t)machine_mmio_read(v, address, sizeof(*word));
	return v->state != VCPU_SHUTDOWN;
}

bool plain_move(struct vcpu *v, gpa_t apic_page, gpa_t address, bool write,
		enum exit_result *result)
{
	const struct insn *insn = kept(v, apic_page);
	uint64_t rflags;
	uint32_t word;

	if (!insn || address.value % sizeof(word) ||
	    write == (insn->form == INSN_FORM_RM))
		return false;
	if (write)
		word = (uint32_t)(insn->form == INSN_FORM_MI
					  ? insn->immediate
					  : v->gpr[insn->reg]);
	*result = EXIT_STOP;
	if (!access_word(v, apic_page, address, &word, write))
		return true;
	if (!write)
		v->gpr[insn->reg] = word;
	rflags = vmcs_read(VMCS_GUEST_RFLAGS);
	if (rflags & RFLAGS_RF)
		vmcs_write(VMCS_GUEST_RFLAGS, rflags & ~RFLAGS_RF);
	vmx_exit_complete(v->registers.rip + insn->length, rflags);
	*result = EXIT_RESUME;
	return true;
}
