/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands about the machine: ports, MSRs and CPUID, of a guest or of the
 * processor itself ("host"); the CPUs; the memory; the end.
 */
#include "hv/footprint.h"
#include "hv/hw/cpuid.h"
#include "hv/hw/msr.h"
#include "hv/hw/port.h"
#include "hv/lib/format.h"
#include "hv/lib/panic.h"
#include "hv/lib/string.h"
#include "hv/monitor/commands.h"
#include "hv/monitor/memory_text.h"
#include "hv/monitor/words.h"
#include "hv/percpu.h"
#include "hv/vm_hold.h"
#include "vmx/exit.h"
#include "vmx/guest_msr.h"
#include "vmx/halt.h"
#include "vmx/machine.h"

/* ---- whose ---- */

struct target {
	bool host;
	uint32_t cpu;	/* host */
	struct vcpu *v; /* what runs there; host on CPU 0: NULL */
};

/* "host", "host.N" (CPU N), or as monitor_vcpu() takes it. */
static bool find_target(struct monitor *m, const char *word, struct target *t)
{
	char before[8];
	const char *number;
	uint64_t cpu = 0;

	*t = (struct target){0};
	t->host = word && !strcmp(word, "host");
	if (word && words_dotted(word, before, sizeof(before), &number) &&
	    !strcmp(before, "host")) {
		t->host = true;
		if (!monitor_number(m, number, percpu_count() - 1, &cpu))
			return false;
	}
	t->cpu = (uint32_t)cpu;
	if (!t->host) {
		t->v = monitor_vcpu(m, word);
		return t->v;
	}
	if (!cpu)
		return true;
	t->v = vm_vcpu_of_cpu(t->cpu);
	if (!t->v)
		monitor_print(m, "CPU %u runs no vCPU, so it cannot be asked\n",
			      t->cpu);
	return t->v;
}

/* Where the target lives; function gets NULL for CPU 0 as such. */
static bool call(struct monitor *m, const struct target *t,
		 vcpu_function *function, void *argument)
{
	if (t->v)
		return monitor_call(m, t->v, function, argument);
	function(NULL, argument);
	return true;
}

static void print_target(struct monitor *m, const struct target *t)
{
	if (t->host)
		monitor_print(m, "CPU %u", t->cpu);
	else
		monitor_print(m, "%s.%u", t->v->vm->config->name, t->v->index);
}

/* ---- io ---- */

struct port_access {
	bool out, done;
	uint16_t port;
	unsigned size;
	uint32_t value;
};

static void host_port(struct port_access *p)
{
	p->done = true;
	if (p->out && p->size == 1)
		port_out8(p->port, (uint8_t)p->value);
	else if (p->out && p->size == 2)
		port_out16(p->port, (uint16_t)p->value);
	else if (p->out)
		port_out32(p->port, p->value);
	else
		p->value = p->size == 1	  ? port_in8(p->port)
			   : p->size == 2 ? port_in16(p->port)
					  : port_in32(p->port);
}

/* On the CPU of the VM's vCPU 0, as a device may end the VM. */
static void guest_port(struct vcpu *v, void *argument)
{
	struct port_access *p = argument;

	p->done = v->vm->state == VM_RUNNING;
	if (!p->done)
		return;
	vm_time_begin_look(v);
	if (p->out)
		machine_port_out(v, p->port, p->size, p->value);
	else
		p->value = machine_port_in(v, p->port, p->size);
	vm_time_end_look(v);
}

/* [b|w|d] [VM|host], from word number at on. */
static void do_port(struct monitor *m, const struct monitor_arguments *a,
		    unsigned at, struct port_access *p)
{
	unsigned size = memory_text_size(a->word[at]);
	const char *whose = a->word[size ? at + 1 : at];
	struct vm *vm;

	p->size = size ? size : 1;
	if (p->size > 4 || p->port + p->size > 0x10000 ||
	    (p->size < 4 && p->value >> (8 * p->size))) {
		monitor_print(m, "no port or no value of that size: b, w, d\n");
		return;
	}
	if (whose && !strcmp(whose, "host")) {
		host_port(p);
	} else {
		vm = monitor_vm(m, whose);
		if (!vm || !monitor_call(m, vm->vcpu[0], guest_port, p))
			return;
	}
	if (!p->done)
		monitor_print(m, "the VM is not running\n");
	else if (!p->out)
		monitor_print(m, "%0*x\n", (int)(2 * p->size),
			      p->size < 4
				      ? p->value & ((1u << (8 * p->size)) - 1)
				      : p->value);
}

static void io(struct monitor *m, const struct monitor_arguments *a)
{
	struct port_access p = {0};
	uint64_t number;

	p.out = a->count && !strcmp(a->word[0], "out");
	if (!p.out && (!a->count || strcmp(a->word[0], "in"))) {
		monitor_print(m, "io in PORT or io out PORT VALUE\n");
		return;
	}
	if (!monitor_number(m, a->word[1], 0xffff, &number))
		return;
	p.port = (uint16_t)number;
	if (p.out && !monitor_number(m, a->word[2], UINT32_MAX, &number))
		return;
	p.value = p.out ? (uint32_t)number : 0;
	do_port(m, a, p.out ? 3 : 2, &p);
}

/* ---- msr ---- */

struct msr_access {
	bool host, write, done;
	uint32_t index;
	uint64_t value;
};

static void access_msr(struct vcpu *v, void *argument)
{
	struct msr_access *r = argument;

	if (r->host) {
		r->done = r->write ? msr_write_safe(r->index, r->value)
				   : msr_read_safe(r->index, &r->value);
		return;
	}
	vm_time_begin_look(v);
	r->done = r->write ? guest_msr_write(v, r->index, r->value)
			   : guest_msr_read(v, r->index, &r->value);
	vm_time_end_look(v);
}

/* What Apical itself lives by: a new value would end it. */
static bool is_ours(uint32_t index)
{
	switch (index) {
	case IA32_TIME_STAMP_COUNTER:
	case IA32_TSC_ADJUST:
	case IA32_TSC_DEADLINE:
	case IA32_APIC_BASE:
	case IA32_PAT:
	case IA32_EFER:
	case IA32_GS_BASE:
	case IA32_X2APIC_BASE ... IA32_X2APIC_BASE + 0xff:
		return true;
	}
	return false;
}

static void msr(struct monitor *m, const struct monitor_arguments *a)
{
	struct msr_access r = {.write = a->count > 1 &&
					!strcmp(a->word[1], "=")};
	struct target t;
	uint64_t index;

	if (!monitor_number(m, a->word[0], UINT32_MAX, &index) ||
	    (r.write && !monitor_number(m, a->word[2], UINT64_MAX, &r.value)) ||
	    !find_target(m, a->word[r.write ? 3 : 1], &t))
		return;
	r.host = t.host;
	r.index = (uint32_t)index;
	if (r.host && r.write && is_ours(r.index)) {
		monitor_print(m, "Apical itself needs that one\n");
		return;
	}
	if (!call(m, &t, access_msr, &r))
		return;
	print_target(m, &t);
	if (!r.done)
		monitor_print(m, ": %s of MSR %x is #GP\n",
			      r.write ? "WRMSR" : "RDMSR", r.index);
	else
		monitor_print(m, ": MSR %x = %016lx\n", r.index, r.value);
}

/* ---- cpuid ---- */

struct cpuid_question {
	bool host;
	uint32_t leaf, subleaf;
	struct cpuid_regs answer;
};

static void ask_cpuid(struct vcpu *v, void *argument)
{
	struct cpuid_question *q = argument;
	struct cpuid native;

	if (!q->host) {
		q->answer = exit_cpuid_answer(v, q->leaf, q->subleaf);
		return;
	}
	native = cpuid(q->leaf, q->subleaf);
	q->answer = (struct cpuid_regs){
		{native.eax, native.ebx, native.ecx, native.edx}};
}

static void cpuid_command(struct monitor *m, const struct monitor_arguments *a)
{
	uint64_t leaf, subleaf = 0;
	const char *whose = a->word[1];
	struct cpuid_question q;
	struct target t;

	if (!monitor_number(m, a->word[0], UINT32_MAX, &leaf))
		return;
	if (whose && words_number(whose, UINT32_MAX, &subleaf))
		whose = a->word[2];
	if (!find_target(m, whose, &t))
		return;
	q = (struct cpuid_question){
		.host = t.host,
		.leaf = (uint32_t)leaf,
		.subleaf = (uint32_t)subleaf,
	};
	if (!call(m, &t, ask_cpuid, &q))
		return;
	print_target(m, &t);
	monitor_print(m, ": CPUID %x.%x: eax %08x ebx %08x ecx %08x edx %08x\n",
		      q.leaf, q.subleaf, q.answer.reg[CPUID_EAX],
		      q.answer.reg[CPUID_EBX], q.answer.reg[CPUID_ECX],
		      q.answer.reg[CPUID_EDX]);
}

/* ---- cpus ---- */

static const char *vm_state_name(const struct vm *vm)
{
	switch (__atomic_load_n(&vm->state, __ATOMIC_SEQ_CST)) {
	case VM_STARTING:
	case VM_RESETTING:
		return "VM starts";
	case VM_RUNNING:
		return NULL;
	case VM_STOPPING:
		return "VM stops";
	default:
		return "VM ended";
	}
}

static void take_state(struct vcpu *v, void *argument)
{
	*(enum vcpu_state *)argument = halt_state(v);
}

static const char *vcpu_state_name(struct vcpu *v)
{
	const char *name = vm_state_name(v->vm);
	uint32_t held = __atomic_load_n(&v->held_by, __ATOMIC_SEQ_CST);
	enum vcpu_state state;

	if (name)
		return name;
	if (held)
		return held & VCPU_HELD_BY_DEBUGGER ? "debugged" : "paused";
	if (!vcpu_call(v, take_state, &state))
		return "does not answer";
	switch (state) {
	case VCPU_RUNNING:
		return "running";
	case VCPU_HALTED:
		return "halted";
	case VCPU_WAIT_FOR_SIPI:
		return "waits for SIPI";
	case VCPU_SHUTDOWN:
		break;
	}
	return "shut down";
}

/* SDM volume 2, CPUID leaf 1AH. */
static const char *core_type_name(uint8_t type)
{
	switch (type) {
	case 0x20:
		return "Atom";
	case 0x40:
		return "Core";
	default:
		return "-";
	}
}

static void cpus(struct monitor *m, const struct monitor_arguments *a)
{
	char name[CONFIG_NAME_SIZE + 4];

	(void)a;
	monitor_print(m, "CPU APIC-ID %-20s %-14s NMIs strays late-IPIs core\n",
		      "vCPU", "state");
	for (uint32_t i = 0; i < percpu_count(); i++) {
		const struct percpu *cpu = percpu_of(i);
		struct vcpu *v = vm_vcpu_of_cpu(i);

		monitor_print(m, "%-3u %-7u ", i, cpu->self.apic_id);
		format(name, sizeof(name), "-");
		if (v)
			format(name, sizeof(name), "%s.%u", v->vm->config->name,
			       v->index);
		monitor_print(m, "%-20s %-14s ", name,
			      v ? vcpu_state_name(v) : "idle");
		monitor_print(m, "%-4lu %-6lu %-9lu %s\n", cpu->nmis_seen,
			      cpu->stray_interrupts, cpu->late_ipis,
			      core_type_name(cpu->core_type));
	}
}

/* ---- memory ---- */

static void memory(struct monitor *m, const struct monitor_arguments *a)
{
	char buffer[512];
	struct text t;

	(void)a;
	text_begin(&t, buffer, sizeof(buffer));
	footprint_text(&t);
	text_add(&t, "\n");
	footprint_text_parts(&t);
	monitor_print(m, "%s", buffer);
}

/* ---- the end ---- */

static void reboot(struct monitor *m, const struct monitor_arguments *a)
{
	(void)m;
	(void)a;
	vms_reboot();
}

static void poweroff(struct monitor *m, const struct monitor_arguments *a)
{
	(void)m;
	(void)a;
	vms_poweroff();
}

static void panic_command(struct monitor *m, const struct monitor_arguments *a)
{
	(void)m;
	(void)a;
	panic("asked for at the monitor");
}

const struct monitor_command monitor_machine_commands[] = {
	{"io", "in PORT [b|w|d] [VM|host] | out PORT VALUE [b|w|d] [VM|host]",
	 "a port of a VM's devices, or of the machine", io},
	{"msr", "INDEX [= VALUE] [VM.N|host[.CPU]]",
	 "an MSR as the guest has it, or the processor", msr},
	{"cpuid", "LEAF [SUBLEAF] [VM.N|host[.CPU]]",
	 "CPUID as the guest is told, or the processor tells", cpuid_command},
	{"cpus", "", "the processors, and what runs there", cpus},
	{"memory", "", "what the hypervisor itself takes", memory},
	{"reboot", "", "start the machine again, whatever runs", reboot},
	{"poweroff", "", "switch the machine off, whatever runs", poweroff},
	{"panic", "",
	 "stop as a bug of Apical's own would, to see what it shows",
	 panic_command},
	{0},
};
