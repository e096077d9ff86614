/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of the VMs: start, end, restart, and the verdict when all are over;
 * see vm.h.
 */
#include "hv/vm.h"

#include "apic/lapic.h"
#include "hv/clock.h"
#include "hv/console/console.h"
#include "hv/gdb/gdb.h"
#include "hv/screen/framebuffer.h"
#include "hv/hw/cpu.h"
#include "hv/hw/tsc.h"
#include "hv/idt.h"
#include "hv/lib/format.h"
#include "hv/lib/log.h"
#include "hv/lib/panic.h"
#include "hv/lib/string.h"
#include "hv/lib/text.h"
#include "hv/percpu.h"
#include "hv/power.h"
#include "hv/smp.h"
#include "hv/startup.h"
#include "hv/vcpu_call.h"
#include "hv/vm_hold.h"
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
static uint32_t over; /* 1: somebody ends the run; atomic */

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

struct vcpu *machine_vcpu(struct vcpu *v, uint64_t index)
{
	return index < v->vm->vcpu_count ? v->vm->vcpu[index] : NULL;
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

	vcpu_set_state(v, VCPU_SHUTDOWN);
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
	/* v too: it may be about to wait, or to be overtaken by an INIT. */
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		vcpu_request(vm->vcpu[i], VCPU_REQUEST_STOP);
	return EXIT_STOP;
}

/* The run ends once, whoever else wants it. */
static void end_once(void)
{
	if (__atomic_exchange_n(&over, 1, __ATOMIC_SEQ_CST))
		cpu_halt_forever();
}

static void verdict(uint32_t status)
{
	console_take_back();
	if (status)
		log_line("verdict: failed status=%u", status);
	else
		log_line("verdict: ok");
	console_flush();
}

void vms_end(uint32_t status)
{
	end_once();
	verdict(status);
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

static bool starts_again(const struct vm *vm)
{
	return vm->end == MACHINE_RESTARTED ||
	       (vm->end == MACHINE_RESET &&
		vm->config->on_reset == CONFIG_RESET_RESTART);
}

/* The last vCPU to leave, alone with its VM. */
static void finish(struct vcpu *v)
{
	struct vm *vm = v->vm;
	uint32_t status, none = 0;

	console_guest_end(vm->number);
	if (starts_again(vm)) {
		log_at(LOG_NOTICE, LOG_VM, "vm %s restarts", vm->config->name);
		gdb_vm_ended(vm, 0);
		__atomic_store_n(&vm->state, VM_STARTING, __ATOMIC_SEQ_CST);
		smp_kick(vm->vcpu[0]->cpu);
		return;
	}
	status = vm_report_end(vm);
	gdb_vm_ended(vm, status);
	if (status)
		__atomic_compare_exchange_n(&worst_status, &none, status, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	__atomic_store_n(&vm->state, VM_ENDED, __ATOMIC_SEQ_CST);
	if (__atomic_sub_fetch(&vms_running, 1, __ATOMIC_SEQ_CST))
		return;
	if (poweroff)
		all_ended(v);
	log_line("all VMs have ended; the monitor stays: vm start NAME, "
		 "poweroff, reboot");
}

/* ---- the operator ---- */

struct order {
	enum machine_end how;
	bool done;
};

/* On the CPU of vCPU 0, which is inside while the VM is running. */
static void obey(struct vcpu *v, void *argument)
{
	struct order *order = argument;

	order->done = v->vm->state == VM_RUNNING;
	if (order->done)
		machine_end(v, order->how, 0, NULL);
}

static const char *end_running(struct vm *vm, enum machine_end how)
{
	struct order order = {.how = how};

	if (__atomic_load_n(&vm->state, __ATOMIC_SEQ_CST) == VM_ENDED)
		return "it has ended";
	if (!vcpu_call(vm->vcpu[0], obey, &order))
		return "the CPU of its vCPU 0 does not answer";
	return order.done ? NULL : "it is about to start or to end";
}

const char *vm_stop(struct vm *vm)
{
	return end_running(vm, MACHINE_STOPPED);
}

const char *vm_reset(struct vm *vm)
{
	return end_running(vm, MACHINE_RESTARTED);
}

const char *vm_start(struct vm *vm)
{
	if (__atomic_load_n(&vm->state, __ATOMIC_SEQ_CST) != VM_ENDED)
		return "it has not ended";
	vm_let_go(vm, VCPU_HELD_BY_MONITOR, VM_ALL_VCPUS);
	/* First: another VM that ends now is not the last one. */
	__atomic_add_fetch(&vms_running, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&vm->state, VM_STARTING, __ATOMIC_SEQ_CST);
	smp_kick(vm->vcpu[0]->cpu);
	return NULL;
}

static void end_all(void)
{
	end_once();
	for (uint32_t i = 0; i < vm_count; i++)
		if (__atomic_load_n(&vms[i]->state, __ATOMIC_SEQ_CST) !=
		    VM_ENDED)
			log_line("vm %s ended: by the operator",
				 vms[i]->config->name);
}

void vms_poweroff(void)
{
	end_all();
	verdict(__atomic_load_n(&worst_status, __ATOMIC_SEQ_CST));
	power_off();
}

void vms_reboot(void)
{
	uint32_t status = __atomic_load_n(&worst_status, __ATOMIC_SEQ_CST);

	end_all();
	if (status)
		verdict(status);
	power_reset();
}

/* ---- the life ---- */

/* Nothing to do but interrupts: until the next one. */
static void idle(void)
{
	if (percpu()->self.number == 0) {
		uint64_t next = console_poll();
		uint64_t screen = framebuffer_poll();

		console_serve();
		gdb_serve();
		next = screen < next ? screen : next;
		screen = gdb_poll();
		next = screen < next ? screen : next;
		if (next != CONSOLE_NEVER)
			lapic_timer_arm(next);
	}
	if (percpu()->vcpu)
		vcpu_call_serve(percpu()->vcpu);
	cpu_wait_for_interrupt();
}

static void wait_for_state(const struct vm *vm, enum vm_state state)
{
	while (__atomic_load_n(&vm->state, __ATOMIC_SEQ_CST) != state)
		idle();
}

static void power_up(struct vcpu *v)
{
	struct vlapic *apic = &v->vlapic;

	__atomic_fetch_and(&v->requests,
			   VCPU_REQUEST_HOLD | VCPU_REQUEST_CONSOLE,
			   __ATOMIC_SEQ_CST);
	v->nmi_posted = 0;
	memset(v->level_posted, 0, sizeof(v->level_posted));
	memset(v->edge_posted, 0, sizeof(v->edge_posted));
	v->posters = (struct bitmap256){0};
	memset(v->exit_count, 0, sizeof(v->exit_count));
	v->log = (struct exit_log){0};
	__atomic_fetch_and(&v->watched, ~(uint32_t)VCPU_WATCH_LOG,
			   __ATOMIC_RELAXED);
	exit_stats_reset(&v->stats);
	v->exit_row = &v->stats.row[EXIT_STATS_NONE];
	exit_reason_ring_reset(&v->history);
	v->armed_tsc = 0;
	v->due |= VCPU_DUE_TIME;
	vlapic_init(apic, v->apic_page, &v->pi, v->index, vcpu_is_bsp(v));
	apic->x2apic_allowed = v->cpuid->x2apic;
	apic->tsc_deadline_allowed = cpuid_policy_tsc_deadline(v->cpuid);
	apic->max_phys_bits = v->phys_bits;
	apic->suppress_eoi_broadcast = 1; /* the I/O APIC has an EOI register */
	apic->timer_ratio = cpuid_policy_timer_ratio(clock_tsc_hz());
	vlapic_reset(apic);
	pi_desc_set_target(&v->pi, v->notification_vector,
			   percpu()->self.apic_id, lapic_x2apic());
	setup_power_up(v, vm_time_power_up(v));
}

/* vCPU 0 makes the VM what it is at power-on; false: it cannot start. */
static bool start(struct vcpu *v, struct setup_entry *entry)
{
	struct vm *vm = v->vm;
	bool loaded = vm_load(vm, entry);

	vm->ending = 0;
	vm->inside = 0;
	vm_time_begin(vm);
	board_init(vm, vm->testdev_mmio);
	__atomic_store_n(&vm->state, VM_RESETTING, __ATOMIC_SEQ_CST);
	for (uint32_t i = 1; i < vm->vcpu_count; i++)
		smp_kick(vm->vcpu[i]->cpu);
	return loaded;
}

/* vCPU 0, once its own power-up is over: the VM runs when all others' are. */
static void set_going(struct vcpu *v, const struct setup_entry *entry)
{
	struct vm *vm = v->vm;

	/* One of them may be CPU 0's, which may be waiting for an answer. */
	while (__atomic_load_n(&vm->inside, __ATOMIC_SEQ_CST) <
	       vm->vcpu_count) {
		vcpu_call_serve(v);
		cpu_pause();
	}
	if (!entry) {
		machine_end(v, MACHINE_NOT_STARTED, 0, vm->end_text);
		return;
	}
	setup_entry(v, entry);
	__atomic_store_n(&vm->state, VM_RUNNING, __ATOMIC_SEQ_CST);
}

/* Once: how long it took until the first VM could start. */
static void report_startup(const struct vcpu *v)
{
	static bool reported;
	char buffer[256];
	struct text text;

	if (v->vm->number || reported)
		return;
	reported = true;
	startup_part("zeroing and loading memory", tsc_read());
	text_begin(&text, buffer, sizeof(buffer));
	startup_text(&text);
	log_at(LOG_INFO, LOG_BOOT, "%s", buffer);
}

/* Waits for its VM to start; then from power-on to the VM's end. */
static void live(struct vcpu *v)
{
	struct vm *vm = v->vm;
	struct setup_entry entry;
	bool good = true;

	wait_for_state(vm, vcpu_is_bsp(v) ? VM_STARTING : VM_RESETTING);
	if (vcpu_is_bsp(v))
		good = start(v, &entry);
	power_up(v);
	__atomic_add_fetch(&vm->inside, 1, __ATOMIC_SEQ_CST);
	if (vcpu_is_bsp(v))
		set_going(v, good ? &entry : NULL);
	if (vcpu_is_bsp(v) && good)
		report_startup(v);
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
		for (;;)
			live(v);
	}
	for (;;)
		idle();
}
