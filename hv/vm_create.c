/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making a VM out of its configuration: memory map, tier, CPUID, vCPUs and
 * their CPUs.  Boot CPU, once; nothing is allocated later.
 */
#include "hv/clock.h"
#include "hv/hw/cpuid.h"
#include "hv/irq.h"
#include "hv/lib/log.h"
#include "hv/lib/string.h"
#include "hv/percpu.h"
#include "hv/vm.h"
#include "mm/frame.h"
#include "vmx/apicv.h"
#include "vmx/cpu.h"

/* CPUID.1:ECX */
#define CPUID_HYPERVISOR (1u << 31)

/* No IPI is under way for so long, not even across sockets. */
#define QUIET_NS 50000

static const char *const tier_names[] = APIC_TIER_NAMES;

/* Which vCPU runs on which CPU. */
static struct vcpu *vcpu_of_cpu[BOOT_CPUS_MAX];
static uint16_t last_vpid;

struct vcpu *vm_vcpu_of_cpu(uint32_t number)
{
	return number < BOOT_CPUS_MAX ? vcpu_of_cpu[number] : NULL;
}

static void *pages(enum frame_kind kind, uint64_t size_bytes)
{
	return frame_alloc(kind, (size_bytes + PAGE_MASK) >> PAGE_SHIFT);
}

/* ---- memory ---- */

static bool add_bank(struct vm *vm, gpa_t start, uint64_t size_bytes,
		     hpa_t backing)
{
	struct guest_mem *memory = &vm->memory;

	if (memory->bank_count == GUEST_MEM_BANKS_MAX)
		return false;
	memory->bank[memory->bank_count++] = (struct guest_bank){
		.start = start,
		.size_bytes = size_bytes,
		.backing = backing,
	};
	return true;
}

/* RAM from 0 up, leaving out the last GiB below 4 GiB. */
static bool lay_out_ram(struct vm *vm)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < vm->files->ram_count; i++) {
		struct boot_region chunk = vm->files->ram[i];

		while (chunk.size_bytes) {
			uint64_t part = chunk.size_bytes;

			if (at < LOAD_LOW_RAM_MAX &&
			    at + part > LOAD_LOW_RAM_MAX)
				part = LOAD_LOW_RAM_MAX - at;
			if (!add_bank(vm, gpa(at), part, chunk.start))
				return false;
			chunk.start.value += part;
			chunk.size_bytes -= part;
			at += part;
			if (at == LOAD_LOW_RAM_MAX)
				at = LOAD_HIGH_RAM;
		}
	}
	return true;
}

/* With the memory types that the firmware chose. */
static bool map_bank(struct vm *vm, const struct mtrr *mtrr,
		     const struct guest_bank *bank)
{
	uint64_t done = 0;

	while (done < bank->size_bytes) {
		hpa_t from = hpa(bank->backing.value + done);
		struct mtrr_run run =
			mtrr_run(mtrr, from, bank->size_bytes - done);

		if (!ept_map(&vm->ept, gpa(bank->start.value + done), from,
			     run.size_bytes, EPT_RWX, run.type))
			return false;
		done += run.size_bytes;
	}
	return true;
}

static bool map_memory(struct vm *vm)
{
	const struct vmx_caps *caps = vmx_cpu_caps();
	struct ept_features features = {
		.page_2m = caps->ept_vpid & VMX_EPT_PAGE_2M,
		.page_1g = caps->ept_vpid & VMX_EPT_PAGE_1G,
		.accessed_dirty = caps->ept_vpid & VMX_EPT_ACCESSED_DIRTY,
		.write_back = caps->ept_vpid & VMX_EPT_MEMORY_TYPE_WB,
	};
	static struct mtrr mtrr;

	mtrr_read(&mtrr);
	if (!ept_init(&vm->ept, features) || !lay_out_ram(vm))
		return false;
	for (uint32_t i = 0; i < vm->memory.bank_count; i++)
		if (!map_bank(vm, &mtrr, &vm->memory.bank[i]))
			return false;
	return true;
}

/* ---- processors ---- */

static struct apic_choice configured(const struct config_vm *config,
				     enum apic_tier tier)
{
	struct apic_choice choice = {.tier = (uint8_t)tier};

	for (unsigned i = 0; i < APIC_CONTROL_COUNT; i++) {
		if (config->apic_control[i] == CONFIG_SWITCH_ON)
			choice.on |= (uint8_t)(1u << i);
		if (config->apic_control[i] == CONFIG_SWITCH_OFF)
			choice.off |= (uint8_t)(1u << i);
	}
	return choice;
}

/* The best tier that is possible, with a line about the next one. */
static struct apic_choice best_choice(const struct vm *vm)
{
	char text[200], why[200] = "";
	struct apic_choice choice = configured(vm->config, APIC_TIER_POSTED);

	while (choice.tier > APIC_TIER_EMULATE &&
	       !vm_apic_possible(vm, choice, text, sizeof(text))) {
		memcpy(why, text, sizeof(why));
		choice.tier--;
	}
	vmx_caps_cut_advice(why);
	if (why[0])
		log_at(LOG_NOTICE, LOG_APIC,
		       "vm %s: apic = auto falls back to %s: %s",
		       vm->config->name, tier_names[choice.tier], why);
	return choice;
}

/* What was asked for, or the best there is; false: refused. */
static bool choose_apic(const struct vm *vm, struct apic_choice *choice)
{
	const struct config_vm *config = vm->config;
	char text[200];

	*choice = config->apic == APIC_TIER_AUTO
			  ? best_choice(vm)
			  : configured(config, config->apic);
	if (vm_apic_possible(vm, *choice, text, sizeof(text)))
		return true;
	log_line("vm %s: apic = %s is refused: %s", config->name,
		 tier_names[config->apic], text);
	return false;
}

static bool hide_features(struct vm *vm)
{
	const char *at = vm->config->cpuid_hide;

	while (*at) {
		size_t size = 0;

		while (at[size] && at[size] != ',' && at[size] != ' ')
			size++;
		if (size && !cpuid_policy_hide(&vm->cpuid, at, size)) {
			log_line("vm %s: cpuid.hide names no feature that "
				 "can be hidden: %.*s",
				 vm->config->name, (int)size, at);
			return false;
		}
		at += size + (at[size] != 0);
	}
	return true;
}

static bool build_cpuid(struct vm *vm, struct apic_choice choice)
{
	const struct cpuid_leaves *leaves = vmx_cpu_leaves();
	const struct cpuid_regs *xsave = &leaves->xsave[0];
	struct vmx_controls controls;
	char text[200];
	struct cpuid_facts facts = {
		.vcpu_count = vm->vcpu_count,
		.x2apic = vm->config->x2apic,
		.tsc_hz = clock_tsc_hz(),
		.xcr0 = (uint64_t)xsave->reg[CPUID_EDX] << 32 |
			xsave->reg[CPUID_EAX],
		.gpa_bits = EPT_GPA_BITS,
	};

	apicv_controls(vmx_cpu_caps(), choice, false, &controls, text,
		       sizeof(text));
	facts.proc2 = controls.proc2;
	cpuid_policy_build(&vm->cpuid, leaves, &facts);
	return hide_features(vm);
}

/* The CPU for the next vCPU; false: none is free. */
static bool choose_cpu(const struct vm *vm, uint32_t index, uint32_t *cpu)
{
	const struct config_vm *config = vm->config;

	if (config->cpu_count) {
		*cpu = config->cpus[index];
		if (*cpu < percpu_count() && !vcpu_of_cpu[*cpu])
			return true;
		log_line("vm %s: CPU %u, which its vCPU %u is pinned to, %s",
			 config->name, *cpu, index,
			 *cpu < percpu_count() ? "is taken" : "is not there");
		return false;
	}
	for (*cpu = 0; *cpu < percpu_count(); (*cpu)++)
		if (!vcpu_of_cpu[*cpu])
			return true;
	log_line("vm %s: no CPU is left for its vCPU %u: the machine has %u",
		 config->name, index, percpu_count());
	return false;
}

/*
 * HLT has to exit where no VM entry can go back into it, and should where an
 * older KVM below may not wake a halted guest for a posted interrupt.
 */
static bool hlt_exits(const struct config_vm *config)
{
	const struct cpuid_regs *features = &vmx_cpu_leaves()->basic[1];

	if (!(vmx_cpu_caps()->misc & VMX_MISC_ACTIVITY_HLT))
		return true;
	if (config->hlt_exit == CONFIG_HLT_EXIT_AUTO)
		return features->reg[CPUID_ECX] & CPUID_HYPERVISOR;
	return config->hlt_exit == CONFIG_HLT_EXIT_ON;
}

static bool make_vcpu(struct vm *vm, uint32_t index, struct apic_choice apic,
		      hpa_t io_bitmap)
{
	const struct mitigations *mitigations = vmx_cpu_mitigations();
	struct vcpu *v = pages(FRAME_VCPU, sizeof(*v));
	uint32_t cpu;

	if (!choose_cpu(vm, index, &cpu))
		return false;
	if (!v)
		goto no_memory;
	vm->vcpu[index] = v;
	v->vm = vm;
	v->index = index;
	v->cpu = cpu;
	v->vpid = ++last_vpid;
	v->apic_wanted = apic;
	v->hypercalls = vm->config->hypercalls;
	v->hlt_exits = hlt_exits(vm->config);
	v->notification_vector = IRQ_NOTIFY;
	v->timer_vector = IRQ_TIMER;
	v->notify_tsc = UINT64_MAX;
	v->quiet_tsc = clock_tsc_from_ns(QUIET_NS);
	v->mitigations = mitigations->set;
	v->spec_ctrl = (uint32_t)mitigations_spec_ctrl(mitigations);
	v->caps = vmx_cpu_caps();
	v->cpuid = &vm->cpuid;
	v->cr4_allowed = cpuid_policy_cr4(&vm->cpuid);
	v->xcr0_allowed = cpuid_policy_xcr0(&vm->cpuid);
	v->phys_bits = (uint8_t)cpuid_policy_physical_bits(&vm->cpuid);
	v->memory = &vm->memory;
	v->apic_access = vm->apic_access;
	v->pid_pointers = vm->pid_pointers;
	v->pid_last = (uint16_t)(vm->config->vcpus - 1);
	v->io_bitmap = io_bitmap;
	v->vmcs = pages(FRAME_VMX, PAGE_SIZE);
	v->msr_bitmap = pages(FRAME_VMX, PAGE_SIZE);
	v->apic_page = pages(FRAME_VCPU, PAGE_SIZE);
	v->trace.record = pages(FRAME_TRACE, TRACE_SIZE);
	if (!v->vmcs || !v->msr_bitmap || !v->apic_page || !v->trace.record ||
	    !ept_view_init(&v->view, &vm->ept))
		goto no_memory;
	vcpu_of_cpu[cpu] = v;
	return true;
no_memory:
	log_line("vm %s: no memory for its vCPU %u", vm->config->name, index);
	return false;
}

static bool make_vcpus(struct vm *vm, struct apic_choice apic)
{
	uint8_t *io_bitmap = pages(FRAME_VMX, 2 * PAGE_SIZE);
	void *apic_access = pages(FRAME_VMX, PAGE_SIZE);

	vm->pid_pointers =
		pages(FRAME_VMX, CONFIG_VCPUS_MAX * sizeof(*vm->pid_pointers));
	if (!io_bitmap || !apic_access || !vm->pid_pointers)
		return false;
	memset(io_bitmap, 0xff, 2 * PAGE_SIZE);
	vm->apic_access = frame_hpa(apic_access);
	for (uint32_t i = 0; i < vm->config->vcpus; i++) {
		if (!make_vcpu(vm, i, apic, frame_hpa(io_bitmap)))
			return false;
		vm->vcpu_count = i + 1;
	}
	return true;
}

struct vm *vm_create(const struct boot_info *info, uint32_t number)
{
	const struct config_vm *config = &info->config.vm[number];
	struct vm *vm = pages(FRAME_VM, sizeof(*vm));
	struct apic_choice apic;

	if (!vm) {
		log_line("vm %s: no memory", config->name);
		return NULL;
	}
	vm->number = number;
	vm->config = config;
	vm->files = &info->vm[number];
	vm->vcpu_count = config->vcpus;
	if (config->testdev)
		vm->testdev_mmio = pages(FRAME_VM, TESTDEV_MMIO_SIZE);
	if (!map_memory(vm) || !vm_load_files(vm) ||
	    (config->testdev && !vm->testdev_mmio)) {
		log_line("vm %s: no memory for its page tables", config->name);
		return NULL;
	}
	if (!choose_apic(vm, &apic) || !build_cpuid(vm, apic) ||
	    !make_vcpus(vm, apic))
		return NULL;
	log_at(LOG_INFO, LOG_VM, "vm %s: %u vCPU%s, %u MiB, apic = %s%s",
	       config->name, vm->vcpu_count, vm->vcpu_count == 1 ? "" : "s",
	       config->memory_mib, tier_names[apic.tier],
	       config->x2apic ? ", x2apic" : "");
	return vm;
}
