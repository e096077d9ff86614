/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM's memory as at power-on: zeroed, with the guest's files where their
 * loader wants them.  The CPU of vCPU 0, while the others wait.
 */
#include "guest/load/load.h"
#include "hv/lib/format.h"
#include "hv/lib/spinlock.h"
#include "hv/lib/string.h"
#include "hv/vm.h"
#include "mm/paging.h"
#include "vmx/setup.h"

/* One VM is loaded at a time: the scratch memory is shared. */
static struct spinlock load_lock;
static uint8_t load_scratch[LOAD_SCRATCH_BYTES]
	__attribute__((aligned(PAGE_SIZE)));
static struct load_plan load_plan;

static bool map_file(const struct boot_file *file, const char *name,
		     struct load_file *result)
{
	*result = (struct load_file){.name = name};
	if (!file->size_bytes)
		return true;
	result->data = paging_map_file(file->start, file->size_bytes);
	result->size_bytes = file->size_bytes;
	return result->data;
}

bool vm_load_files(struct vm *vm)
{
	const struct config_vm *config = vm->config;

	for (uint32_t i = 0; i < config->module_count; i++)
		if (!map_file(&vm->files->module[i], config->module[i],
			      &vm->module[i]))
			return false;
	return map_file(&vm->files->kernel, config->kernel, &vm->kernel) &&
	       map_file(&vm->files->initrd, config->initrd, &vm->initrd);
}

static bool perform(struct vm *vm, const struct load_plan *plan)
{
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct load_copy *copy = &plan->copy[i];
		gpa_t rest = gpa(copy->to.value + copy->file_bytes);

		if (!guest_mem_write(&vm->memory, copy->to, copy->from,
				     copy->file_bytes) ||
		    !guest_mem_zero(&vm->memory, rest,
				    copy->memory_bytes - copy->file_bytes)) {
			format(vm->end_text, sizeof(vm->end_text),
			       "%lu bytes at %lx do not lie in RAM",
			       copy->memory_bytes, copy->to.value);
			return false;
		}
	}
	return true;
}

static void entry_of(const struct load_entry *from, struct setup_entry *to)
{
	to->mode = from->kind == LOAD_ENTRY_LONG64   ? SETUP_LONG64
		   : from->kind == LOAD_ENTRY_REAL16 ? SETUP_REAL16
						     : SETUP_PROTECTED32;
	to->rip = from->rip;
	to->rsp = from->rsp;
	to->rax = from->rax;
	to->rbx = from->rbx;
	to->rsi = from->rsi;
	to->cr3 = from->cr3;
	to->gdt_base = from->gdt_base;
	to->gdt_limit = from->gdt_limit;
	to->cs = from->cs;
	to->ds = from->ds;
}

static bool load(struct vm *vm, struct setup_entry *entry)
{
	const struct config_vm *config = vm->config;
	uint32_t apic_id[CONFIG_VCPUS_MAX];
	struct load_request request = {
		.kernel = vm->kernel,
		.initrd = vm->initrd,
		.module_count = config->module_count,
		.cmdline = config->cmdline,
		.memory_bytes = (uint64_t)config->memory_mib << 20,
		.apic_id = apic_id,
		.vcpu_count = vm->vcpu_count,
		.scratch = load_scratch,
		.scratch_bytes = sizeof(load_scratch),
	};

	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		apic_id[i] = i;
	for (uint32_t i = 0; i < config->module_count; i++)
		request.module[i] = vm->module[i];
	if (!load_guest(&load_plan, &request, vm->end_text))
		return false;
	for (uint32_t i = 0; i < vm->memory.bank_count; i++)
		if (!guest_mem_zero(&vm->memory, vm->memory.bank[i].start,
				    vm->memory.bank[i].size_bytes))
			return false;
	entry_of(&load_plan.entry, entry);
	return perform(vm, &load_plan);
}

bool vm_load(struct vm *vm, struct setup_entry *entry)
{
	bool ok;

	spin_lock(&load_lock);
	ok = load(vm, entry);
	spin_unlock(&load_lock);
	return ok;
}
