/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor's commands about vCPUs: vcpu, inject. */
#include "hv/irq.h"
#include "hv/lib/string.h"
#include "hv/monitor/commands.h"
#include "hv/vm.h"
#include "vmx/text/exit_text.h"
#include "vmx/text/guest_text.h"
#include "vmx/inject.h"

#define TEXT_SIZE 6144

/* CPU 0's alone, as all commands are. */
static struct guest_state state;
static char buffer[TEXT_SIZE];

static void take(struct vcpu *v, void *argument)
{
	guest_text_take(v, argument);
}

/* ---- vcpu ---- */

/* Why a running vCPU came out last is most often that it was looked at. */
static const char *own_vector(const struct guest_state *s)
{
	if (!s->exited || s->exit_reason != EXIT_REASON_EXTERNAL_INTERRUPT)
		return NULL;
	switch (s->exit_event & INTERRUPTION_VECTOR) {
	case IRQ_CONSOLE:
		return "the serial line's";
	case IRQ_TIMER:
		return "the physical timer's";
	case IRQ_KICK:
		return "the hypervisor's kick, as this command sends it";
	case IRQ_NOTIFY:
		return "a posted-interrupt notification";
	default:
		return NULL;
	}
}

static void show(struct monitor *m, struct vcpu *v)
{
	const char *own;
	struct text t;

	if (!monitor_call(m, v, take, &state))
		return;
	text_begin(&t, buffer, sizeof(buffer));
	text_add(&t, "%s.%u on CPU %u: ", v->vm->config->name, v->index,
		 v->cpu);
	guest_text_mode(&t, &state);
	text_add(&t, "\n");
	guest_text_exit(&t, &state);
	own = own_vector(&state);
	if (own)
		text_add(&t, "  that interrupt was %s\n", own);
	guest_text_registers(&t, &state);
	monitor_print(m, "%s", buffer);
}

/* One line. */
static void show_short(struct monitor *m, struct vcpu *v)
{
	struct text t;

	if (!monitor_call(m, v, take, &state))
		return;
	text_begin(&t, buffer, sizeof(buffer));
	text_add(&t, "%s.%u", v->vm->config->name, v->index);
	text_column(&t, 10);
	text_add(&t, "CPU %-2u  rip %016lx  ", v->cpu, state.rip);
	guest_text_mode(&t, &state);
	text_add(&t, "; ");
	if (state.exited)
		exit_text_reason(&t, state.exit_reason);
	else
		text_add(&t, "no exit yet");
	monitor_print(m, "%s\n", buffer);
}

static void run_vcpu(struct monitor *m, const struct monitor_arguments *a)
{
	struct vcpu *v;

	if (a->count && !strcmp(a->word[0], "all")) {
		for (uint32_t i = 0; i < vms_count(); i++)
			for (uint32_t n = 0; n < vm_of(i)->vcpu_count; n++)
				show_short(m, vm_of(i)->vcpu[n]);
		return;
	}
	v = monitor_vcpu(m, a->word[0]);
	if (v)
		show(m, v);
}

/* ---- inject ---- */

static bool can_take(struct monitor *m, const struct vcpu *v, bool nmi)
{
	if (__atomic_load_n(&v->vm->state, __ATOMIC_SEQ_CST) != VM_RUNNING) {
		monitor_print(m, "%s does not run\n", v->vm->config->name);
		return false;
	}
	if (nmi ? vlapic_mode(&v->vlapic) == VLAPIC_MODE_DISABLED
		: !vlapic_accepts(&v->vlapic)) {
		monitor_print(m,
			      "%s.%u's APIC is disabled, by IA32_APIC_BASE "
			      "or by its SVR: it takes nothing\n",
			      v->vm->config->name, v->index);
		return false;
	}
	return true;
}

static void run_inject(struct monitor *m, const struct monitor_arguments *a)
{
	bool nmi = a->count && !strcmp(a->word[0], "nmi");
	struct vlapic_message message = {.wide = true};
	struct vcpu *v;
	uint64_t vector = 0;

	if (!nmi && !monitor_number(m, a->word[0], 255, &vector))
		return;
	if (!nmi && vector < APIC_VECTOR_FIRST_LEGAL) {
		monitor_print(m, "vectors 0 to 15 cannot come through an "
				 "APIC\n");
		return;
	}
	v = monitor_vcpu(m, a->word[1]);
	if (!v || !can_take(m, v, nmi))
		return;
	message.destination = v->index;
	message.delivery_mode = nmi ? VLAPIC_NMI : VLAPIC_FIXED;
	message.vector = (uint8_t)vector;
	vm_send(v->vm, &message, NULL);
	if (nmi)
		monitor_print(m, "NMI sent to %s.%u\n", v->vm->config->name,
			      v->index);
	else
		monitor_print(m, "vector %02x sent to %s.%u\n",
			      (unsigned)vector, v->vm->config->name, v->index);
}

const struct monitor_command monitor_vcpu_commands[] = {
	{"vcpu", "[VM.N | all]",
	 "registers, mode, and why it last exited; all: a line each", run_vcpu},
	{"inject", "VECTOR|nmi [VM.N]",
	 "an edge-triggered interrupt or an NMI, as an IPI would bring it",
	 run_inject},
	{0},
};
