/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of the VMs: start, end, restart, and the verdict when all are over;
 * see vm.h.
 */
#include "hv/vm.h"

#include "apic/lapic.h"
#include "hv/clock.h"
#include "hv/console.h"
#include "hv/hw/cpu.h"
#include "hv/hw/tsc.h"
#include "hv/idt.h"
#include "hv/lib/format.h"
#include "hv/lib/log.h"
#include "hv/lib/panic.h"
#include "hv/lib/string.h"
#include "hv/percpu.h"
#include "hv/power.h"
#include "hv/smp.h"
#include "hv/vcpu_call.h"
#include "hv/vm_report.h"
#include "mm/frame.h"
#include "vmx/apicv.h"
#include "vmx/cpu.h"
#include "vmx/insn.h"

static struct vm *vms[CONFIG_VMS_MAX];
static uint32_t vm_count;
static uint32_t vms_running;  /* any CPU, atomic */
static uint32_t worst_status; /* any CPU, atomic */
static bool poweroff;

bool vms_create(const struct boot_info *info)
{
	poweroff = info->config.poweroff;
	for (uint32_t i = 0; i < info->config.vm_count; i++) {
		vms[i] = vm_create(info, i);
		if (!vms[i])
			return false;
		vm_count = i + 1;
	}
	vms_running = vm_count;
	return true;
}

uint32_t vms_count(void)
{
	return vm_count;
}

struct vm *vm_of(uint32_t number)
{
	return vms[number];
}

void vm_console_input(uint32_t number, uint8_t byte)
{
	if (number < vm_count)
		board_uart_put(vms[number], byte);
}

void vm_console_room(uint32_t number)
{
	if (number < vm_count)
		board_uart_drain(vms[number]);
}

/* ---- tiers ---- */

bool vm_apic_possible(const struct vm *vm, struct apic_choice choice,
		      char *text, size_t size)
{
	struct vmx_controls unused;
	const struct vmx_caps *caps = vmx_cpu_caps();

	if (choice.tier >= APIC_TIER_COUNT || choice.on & choice.off) {
		format(text, size, "no such tier");
		return false;
	}
	return apicv_controls(caps, choice, false, &unused, text, size) &&
	       (!vm->config->x2apic ||
		apicv_controls(caps, choice, true, &unused, text, size));
}

void vm_apic_switch(struct vm *vm, struct apic_choice choice)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		struct vcpu *v = vm->vcpu[i];

		__atomic_store(&v->apic_wanted, &choice, __ATOMIC_SEQ_CST);
		vcpu_request(v, VCPU_REQUEST_APIC);
	}
}

bool machine_apic_switch(struct vcpu *v, struct apic_choice choice)
{
	char text[200];

	if (!vm_apic_possible(v->vm, choice, text, sizeof(text)))
		return false;
	vm_apic_switch(v->vm, choice);
	return true;
}

/* ---- the end ---- */

enum exit_result machine_end(struct vcpu *v, enum machine_end how,
			     uint32_t code, const char *text)
{
	struct vm *vm = v->vm;

	v->state = VCPU_SHUTDOWN;
	/* First: whoever leaves may not take the VM for one that was started
	 * again. */
	__atomic_store_n(&vm->state, VM_STOPPING, __ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&vm->ending, 1, __ATOMIC_SEQ_CST))
		return EXIT_STOP;
	vm->end = how;
	vm->end_code = code;
	if (text != vm->end_text)
		format(vm->end_text, sizeof(vm->end_text), "%s",
		       text ? text : "");
	if (how >= MACHINE_FAILURES)
		vm_report_failure(v);
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		if (vm->vcpu[i] != v)
			vcpu_request(vm->vcpu[i], VCPU_REQUEST_STOP);
	return EXIT_STOP;
}

void vms_end(uint32_t status)
{
	if (status)
		log_line("verdict: failed status=%u", status);
	else
		log_line("verdict: ok");
	console_flush();
	if (poweroff)
		power_off();
	smp_stop_others();
	console_flush();
	cpu_halt_forever();
}

/* Everything is over. */
static __attribute__((noreturn)) void all_ended(struct vcpu *v)
{
	ASSERT(vmx_clear(frame_hpa(v->vmcs).value));
	vmx_cpu_off();
	vms_end(worst_status);
}

/* The last vCPU to leave, alone with its VM. */
static void finish(struct vcpu *v)
{
	struct vm *vm = v->vm;
	uint32_t status, none = 0;

	console_guest_end(vm->number);
	if (vm->end == MACHINE_RESET &&
	    vm->config->on_reset == CONFIG_RESET_RESTART) {
		log_line("vm %s restarts", vm->config->name);
		__atomic_store_n(&vm->state, VM_STARTING, __ATOMIC_SEQ_CST);
		smp_kick(vm->vcpu[0]->cpu);
		return;
	}
	status = vm_report_end(vm);
	if (status)
		__atomic_compare_exchange_n(&worst_status, &none, status, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	__atomic_store_n(&vm->state, VM_ENDED, __ATOMIC_SEQ_CST);
	if (__atomic_sub_fetch(&vms_running, 1, __ATOMIC_SEQ_CST) == 0)
		all_ended(v);
}

/* ---- the life ---- */

/* Nothing to do but interrupts: until the next one. */
static void idle(void)
{
	if (percpu()->self.number == 0) {
		uint64_t next = console_poll();

		if (next != CONSOLE_NEVER)
			lapic_timer_arm(next);
	}
	if (percpu()->vcpu)
		vcpu_call_serve(percpu()->vcpu);
	cpu_wait_for_interrupt();
}

static void wait_for_state(const struct vm *vm, enum vm_state a,
			   enum vm_state b)
{
	for (;;) {
		enum vm_state now =
			__atomic_load_n(&vm->state, __ATOMIC_SEQ_CST);

		if (now == a || now == b)
			return;
		idle();
	}
}

static void power_up(struct vcpu *v)
{
	struct vlapic *apic = &v->vlapic;

	__atomic_fetch_and(&v->requests, VCPU_REQUEST_HOLD, __ATOMIC_SEQ_CST);
	v->nmi_posted = 0;
	memset(v->level_posted, 0, sizeof(v->level_posted));
	memset(v->edge_posted, 0, sizeof(v->edge_posted));
	v->posters = (struct bitmap256){0};
	memset(v->exit_count, 0, sizeof(v->exit_count));
	v->log = (struct exit_log){0};
	v->history_at = 0;
	v->armed_tsc = 0;
	v->time_stale = true;
	vlapic_init(apic, v->apic_page, &v->pi, v->index, vcpu_is_bsp(v));
	apic->x2apic_allowed = v->cpuid->x2apic;
	apic->tsc_deadline_allowed = cpuid_policy_tsc_deadline(v->cpuid);
	apic->max_phys_bits = v->phys_bits;
	apic->suppress_eoi_broadcast = 1; /* the I/O APIC has an EOI register */
	apic->timer_ratio = cpuid_policy_timer_ratio(clock_tsc_hz());
	vlapic_reset(apic);
	pi_desc_set_target(&v->pi, v->notification_vector,
			   percpu()->self.apic_id, lapic_x2apic());
	setup_power_up(v, 0 - v->vm->start_tsc);
}

/* vCPU 0 makes the VM what it is at power-on; false: it cannot start. */
static bool start(struct vcpu *v, struct setup_entry *entry)
{
	struct vm *vm = v->vm;
	bool loaded = vm_load(vm, entry);

	vm->ending = 0;
	vm->inside = 0;
	vm->start_tsc = tsc_read();
	board_init(vm, vm->testdev_mmio);
	__atomic_store_n(&vm->state, VM_RUNNING, __ATOMIC_SEQ_CST);
	for (uint32_t i = 1; i < vm->vcpu_count; i++)
		smp_kick(vm->vcpu[i]->cpu);
	return loaded;
}

/* From power-on to the end of its VM, once. */
static void live(struct vcpu *v)
{
	struct vm *vm = v->vm;
	struct setup_entry entry;
	bool good = true;

	if (vcpu_is_bsp(v))
		good = start(v, &entry);
	else
		wait_for_state(vm, VM_RUNNING, VM_ENDED);
	power_up(v);
	__atomic_add_fetch(&vm->inside, 1, __ATOMIC_SEQ_CST);
	if (vcpu_is_bsp(v)) {
		while (__atomic_load_n(&vm->inside, __ATOMIC_SEQ_CST) <
		       vm->vcpu_count)
			cpu_pause();
		if (good)
			setup_entry(v, &entry);
		else
			machine_end(v, MACHINE_NOT_STARTED, 0, vm->end_text);
	}
	vcpu_run(v);
	if (__atomic_sub_fetch(&vm->inside, 1, __ATOMIC_SEQ_CST) == 0)
		finish(v);
}

static void host_state(struct setup_host *host)
{
	struct percpu *cpu = percpu();

	*host = (struct setup_host){
		.gs_base = (uint64_t)cpu,
		.tr_base = (uint64_t)&cpu->tss,
		.gdt_base = (uint64_t)&cpu->gdt,
		.idt_base = idt_base(),
		.code_selector = GDT_CODE,
		.data_selector = GDT_DATA,
		.tss_selector = GDT_TSS,
	};
}

void cpu_main(void)
{
	struct vcpu *v = vm_vcpu_of_cpu(percpu()->self.number);
	struct setup_host host;

	percpu()->vcpu = v;
	if (v) {
		host_state(&host);
		setup_vmcs(v, &host);
		while (v->vm->state != VM_ENDED) {
			live(v);
			wait_for_state(v->vm,
				       vcpu_is_bsp(v) ? VM_STARTING
						      : VM_RUNNING,
				       VM_ENDED);
		}
	}
	for (;;)
		idle();
}
