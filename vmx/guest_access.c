/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest-linear accesses; see guest_access.h. */
#include "vmx/guest_access.h"

#include "hv/hw/cpu.h"
#include "hv/hw/cr.h"
#include "hv/hw/tsc.h"
#include "hv/lib/string.h"
#include "vmx/apicv.h"
#include "vmx/apicv_timer.h"
#include "vmx/inject.h"
#include "vmx/machine.h"
#include "vmx/vmcs.h"

/* The guest's PKRU is live, but RDPKRU needs CR4.PKE, which is off here. */
static void read_pkru(struct guest_paging *paging)
{
	uint64_t cr4 = cr4_read();

	cr4_write(cr4 | CR4_PKE);
	paging->pkru = cpu_rdpkru();
	cr4_write(cr4);
}

static void read_pdptes(struct guest_paging *paging)
{
	paging->pdpte[0] = vmcs_read64(VMCS_GUEST_PDPTE0);
	paging->pdpte[1] = vmcs_read64(VMCS_GUEST_PDPTE1);
	paging->pdpte[2] = vmcs_read64(VMCS_GUEST_PDPTE2);
	paging->pdpte[3] = vmcs_read64(VMCS_GUEST_PDPTE3);
}

void guest_access_read_paging(struct guest_access_context *a)
{
	struct guest_paging *paging = &a->paging;

	if (a->has_paging)
		return;
	a->has_paging = true;
	paging->cr0 = vmcs_read(VMCS_GUEST_CR0);
	paging->cr3 = vmcs_read(VMCS_GUEST_CR3);
	paging->cr4 = vmcs_read(VMCS_GUEST_CR4);
	paging->efer = vmcs_read64(VMCS_GUEST_IA32_EFER);
	paging->rflags = vmcs_read(VMCS_GUEST_RFLAGS);
	paging->cpl =
		GUEST_ACCESS_DPL(vmcs_read32(VMCS_GUEST_SS_ACCESS_RIGHTS));
	paging->phys_bits = a->vcpu->phys_bits;
	paging->apic_page = a->apic_page;
	paging->pkru = 0;
	if (paging->cr4 & CR4_PKE)
		read_pkru(paging);
	if (!(paging->efer & EFER_LMA) && paging->cr4 & CR4_PAE &&
	    paging->cr0 & CR0_PG)
		read_pdptes(paging);
}

struct guest_walk_result guest_access_walk(struct guest_access_context *a,
					   gla_t address,
					   enum guest_access access)
{
	guest_access_read_paging(a);
	return guest_walk(a->vcpu->memory, &a->paging, address, access, false);
}

enum emulate_result guest_access_fault(struct vcpu *v, gla_t address,
				       uint32_t error_code)
{
	if (inject_page_fault(v, address, error_code))
		return EMULATE_FAULT;
	machine_end(v, MACHINE_TRIPLE_FAULT, 0, NULL);
	return EMULATE_STOP;
}

/* Outside of IA-32e mode linear addresses have 32 bits. */
static gla_t wrap(struct guest_access_context *a, uint64_t address)
{
	guest_access_read_paging(a);
	return gla(a->paging.efer & EFER_LMA ? address : (uint32_t)address);
}

static bool in_apic_page(const struct guest_access_context *a, gpa_t address)
{
	return (address.value & ~PAGE_MASK) == a->apic_page.value;
}

/* RAM, but where the APIC's page lies over it. */
static bool ram_read(const struct guest_access_context *a, gpa_t address,
		     void *out, unsigned size)
{
	return !in_apic_page(a, address) &&
	       guest_mem_read(a->vcpu->memory, address, out, size);
}

void guest_access_read_physical(struct vcpu *v, gpa_t address, void *out,
				unsigned size)
{
	if ((address.value & ~PAGE_MASK) == guest_access_apic_page(v).value ||
	    !guest_mem_read(v->memory, address, out, size))
		memset(out, 0xff, size);
}

unsigned guest_access_fetch(struct guest_access_context *a, gla_t rip,
			    uint8_t *bytes, unsigned done, unsigned size,
			    struct guest_access_source *source)
{
	struct guest_walk_result walk;
	unsigned rest;

	source->address = wrap(a, rip.value + done);
	walk = guest_walk_telling(a->vcpu->memory, &a->paging, source->address,
				  GUEST_ACCESS_FETCH, &source->entries);
	source->physical = walk.address;
	source->error_code = walk.error_code;
	if (!walk.ok)
		return done;
	rest = PAGE_SIZE - (source->address.value & PAGE_MASK);
	if (rest > size - done)
		rest = size - done;
	if (!ram_read(a, walk.address, bytes + done, rest))
		memset(bytes + done, 0xff, rest);
	return done + rest;
}

/* ---- the APIC's registers ---- */

static void apic_read_word(struct vcpu *v, uint32_t offset, uint32_t *word)
{
	/* An error that a read logs is posted; no other effect comes. */
	vlapic_read(&v->vlapic, offset, tsc_read(), word);
}

static enum emulate_result apic_write_word(struct vcpu *v, uint32_t offset,
					   uint32_t word)
{
	struct vlapic_effect effect = vlapic_write(&v->vlapic, offset, word);

	return apicv_effect(v, effect, EXIT_RESUME) == EXIT_STOP ? EMULATE_STOP
								 : EMULATE_DONE;
}

/* What part of a word the access has left to do at offset. */
static unsigned part_of_word(uint32_t offset, unsigned rest)
{
	unsigned part = 4 - offset % 4;

	return part < rest ? part : rest;
}

static __attribute__((noinline)) void apic_read_parts(struct vcpu *v,
						      uint32_t offset,
						      unsigned size,
						      uint8_t *out)
{
	while (size) {
		unsigned part = part_of_word(offset, size);
		uint32_t word;

		apic_read_word(v, offset & ~3u, &word);
		word >>= 8 * (offset % 4);
		__builtin_memcpy(out, &word, part);
		out += part;
		offset += part;
		size -= part;
	}
}

/*
 * The processor that virtualizes register writes lets the bytes land in the
 * virtual-APIC page and then acts on the register: so here.
 */
static __attribute__((noinline)) enum emulate_result apic_write_parts(
	struct vcpu *v, uint32_t offset, unsigned size, const uint8_t *in)
{
	while (size) {
		unsigned part = part_of_word(offset, size);
		uint32_t at = offset & ~3u;
		uint32_t word;

		__builtin_memcpy(&word, v->apic_page + at, sizeof(word));
		__builtin_memcpy((uint8_t *)&word + offset % 4, in, part);
		if (apic_write_word(v, at, word) != EMULATE_DONE)
			return EMULATE_STOP;
		in += part;
		offset += part;
		size -= part;
	}
	return EMULATE_DONE;
}

static inline enum emulate_result apic_access(struct vcpu *v, uint32_t offset,
					      unsigned size, uint8_t *data,
					      bool write)
{
	bool whole = size == 4 && offset % 4 == 0;
	uint32_t word;

	apicv_sync(v);
	if (write && whole) {
		__builtin_memcpy(&word, data, sizeof(word));
		return apic_write_word(v, offset, word);
	}
	if (write)
		return apic_write_parts(v, offset, size, data);
	if (!whole) {
		apic_read_parts(v, offset, size, data);
		return EMULATE_DONE;
	}
	apic_read_word(v, offset, &word);
	__builtin_memcpy(data, &word, sizeof(word));
	return EMULATE_DONE;
}

/* ---- what is neither RAM nor the APIC ---- */

/* Devices take aligned accesses of 1, 2, 4 and 8 bytes. */
static unsigned device_part(gpa_t address, unsigned rest)
{
	unsigned part = (address.value | 8) & -(address.value | 8);

	while (part > rest)
		part /= 2;
	return part;
}

/* The part of a device access that is an access of its own. */
static inline void device_once(struct vcpu *v, gpa_t address, unsigned part,
			       uint8_t *data, bool write)
{
	uint64_t value = 0;

	if (write) {
		guest_mem_copy(&value, data, part);
		machine_mmio_write(v, address, part, value);
	} else {
		value = machine_mmio_read(v, address, part);
		guest_mem_copy(data, &value, part);
	}
}

static __attribute__((noinline)) void device_parts(struct vcpu *v,
						   gpa_t address, unsigned size,
						   uint8_t *data, bool write)
{
	while (size) {
		unsigned part = device_part(address, size);

		device_once(v, address, part, data, write);
		data += part;
		address.value += part;
		size -= part;
	}
}

static inline enum emulate_result device_access(struct vcpu *v, gpa_t address,
						unsigned size, uint8_t *data,
						bool write)
{
	if (device_part(address, size) == size)
		device_once(v, address, size, data, write);
	else
		device_parts(v, address, size, data, write);
	return v->state == VCPU_SHUTDOWN ? EMULATE_STOP : EMULATE_DONE;
}

/* ---- data ---- */

static __attribute__((noinline)) enum emulate_result ram_access(
	struct vcpu *v, gpa_t address, unsigned size, uint8_t *data, bool write)
{
	if (!write) {
		guest_mem_read(v->memory, address, data, size);
		return EMULATE_DONE;
	}
	guest_mem_write(v->memory, address, data, size);
	if (v->debug.hiding)
		machine_code_written(v);
	return EMULATE_DONE;
}

/* Within one page, and not the APIC's. */
static __attribute__((noinline)) enum emulate_result access_elsewhere(
	struct vcpu *v, gpa_t address, unsigned size, uint8_t *data, bool write)
{
	hpa_t unused;

	if (guest_mem_translate(v->memory, address, &unused))
		return ram_access(v, address, size, data, write);
	return device_access(v, address, size, data, write);
}

/* Within one page. */
static inline __attribute__((always_inline)) enum emulate_result
access_physical(const struct guest_access_context *a, gpa_t address,
		unsigned size, uint8_t *data, bool write)
{
	if (!in_apic_page(a, address))
		return access_elsewhere(a->vcpu, address, size, data, write);
	return apic_access(a->vcpu, address.value & PAGE_MASK, size, data,
			   write);
}

static inline bool hint_fits(const struct guest_access_hint *hint,
			     gla_t address, bool write)
{
	return (address.value & hint->mask) == hint->linear &&
	       (write ? hint->write : hint->read);
}

static inline gpa_t hinted(const struct guest_access_hint *hint, gla_t address)
{
	return gpa(hint->page.value | (address.value & PAGE_MASK));
}

static enum emulate_result walk_data(struct guest_access_context *a,
				     gla_t address, bool write, gpa_t *out)
{
	struct guest_walk_result walk = guest_access_walk(
		a, address, write ? GUEST_ACCESS_WRITE : GUEST_ACCESS_READ);

	*out = walk.address;
	return walk.ok ? EMULATE_DONE
		       : guest_access_fault(a->vcpu, address, walk.error_code);
}

/* Where one byte of the operand lies, or the fault that it is. */
static inline enum emulate_result translate(struct guest_access_context *a,
					    gla_t address, bool write,
					    gpa_t *out)
{
	if (!hint_fits(&a->hint, address, write))
		return walk_data(a, address, write, out);
	*out = hinted(&a->hint, address);
	return EMULATE_DONE;
}

/* Whether an access is done, or only asked for whether it would fault. */
enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_PROBE_WRITE };

/* first of size bytes are in the first page. */
static __attribute__((noinline)) enum emulate_result access_two_pages(
	struct guest_access_context *a, gla_t address, unsigned first,
	unsigned size, uint8_t *data, enum access access)
{
	bool write = access != ACCESS_READ;
	enum emulate_result result;
	gpa_t where, next;

	result = translate(a, address, write, &where);
	if (result == EMULATE_DONE)
		result = translate(a, wrap(a, address.value + first), write,
				   &next);
	if (result != EMULATE_DONE || access == ACCESS_PROBE_WRITE)
		return result;
	result = access_physical(a, where, first, data, write);
	if (result == EMULATE_DONE)
		result = access_physical(a, next, size - first, data + first,
					 write);
	return result;
}

/* In one page, which has yet to be found. */
static __attribute__((noinline)) enum emulate_result access_walking(
	struct guest_access_context *a, gla_t address, unsigned size,
	uint8_t *data, enum access access)
{
	bool write = access != ACCESS_READ;
	enum emulate_result result;
	gpa_t where;

	result = walk_data(a, address, write, &where);
	if (result != EMULATE_DONE || access == ACCESS_PROBE_WRITE)
		return result;
	return access_physical(a, where, size, data, write);
}

static inline __attribute__((always_inline)) enum emulate_result access_linear(
	struct guest_access_context *a, gla_t address, unsigned size,
	uint8_t *data, enum access access)
{
	unsigned first = PAGE_SIZE - (address.value & PAGE_MASK);
	bool write = access != ACCESS_READ;

	if (first < size)
		return access_two_pages(a, address, first, size, data, access);
	if (!hint_fits(&a->hint, address, write))
		return access_walking(a, address, size, data, access);
	if (access == ACCESS_PROBE_WRITE)
		return EMULATE_DONE;
	return access_physical(a, hinted(&a->hint, address), size, data, write);
}

enum emulate_result emulate_read(void *context, gla_t address, unsigned size,
				 void *out)
{
	return access_linear(context, address, size, out, ACCESS_READ);
}

enum emulate_result emulate_write(void *context, gla_t address, unsigned size,
				  const void *in)
{
	/* A write only reads what it is given. */
	return access_linear(context, address, size, (uint8_t *)(uintptr_t)in,
			     ACCESS_WRITE);
}

enum emulate_result guest_access_probe_write(struct guest_access_context *a,
					     gla_t address, unsigned size)
{
	return access_linear(a, address, size, NULL, ACCESS_PROBE_WRITE);
}
