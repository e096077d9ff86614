/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor's commands about interrupts: apic, ioapic, pic. */
#include "apic/vioapic_text.h"
#include "apic/vlapic_text.h"
#include "apic/vpic_text.h"
#include "hv/clock.h"
#include "hv/lib/string.h"
#include "hv/monitor/commands.h"
#include "hv/vm.h"
#include "hv/vm_hold.h"
#include "vmx/text/apicv_text.h"
#include "vmx/cpu.h"

#define TEXT_SIZE 6144

/* CPU 0's alone, as all commands are. */
static struct apicv_state state;
static char buffer[TEXT_SIZE];

static void take(struct vcpu *v, void *argument)
{
	apicv_text_take(v, vm_tsc(v), argument);
}

/* ---- apic ---- */

static void show(struct monitor *m, struct vcpu *v)
{
	struct text t;

	if (!monitor_call(m, v, take, &state))
		return;
	text_begin(&t, buffer, sizeof(buffer));
	text_add(&t, "%s.%u on CPU %u: APIC ID %x, ", v->vm->config->name,
		 v->index, v->cpu, state.vlapic.id);
	vlapic_text_mode(&t, &state.vlapic);
	text_add(&t, "\n");
	apicv_text_tier(&t, &state, v->caps, v->vm->config->x2apic);
	vlapic_text_registers(&t, &state.vlapic, state.tsc, clock_tsc_hz());
	apicv_text_processor(&t, &state);
	if (!apicv_text_differences(&t, &state))
		text_add(&t, "  processor and model agree\n");
	monitor_print(m, "%s", buffer);
}

/* ---- apic tier ---- */

/* By name; APIC_TIER_COUNT: none. */
static unsigned tier_of(const char *name, bool x2apic)
{
	static const char *const names[] = APIC_TIER_NAMES;
	unsigned tier = 0;

	while (tier < APIC_TIER_COUNT && strcmp(names[tier], name) != 0)
		tier++;
	if (tier == APIC_TIER_COUNT && !strcmp(names[tier], name))
		return vmx_caps_best_tier(vmx_cpu_caps(), x2apic);
	return tier;
}

/* "+name" or "-name" of a control, which is that of the tier it makes. */
static bool add_control(struct apic_choice *choice, const char *word)
{
	unsigned tier = tier_of(word + 1, false);
	uint8_t bit;

	if (tier == APIC_TIER_EMULATE || tier > APIC_CONTROL_COUNT ||
	    !strcmp(word + 1, "auto"))
		return false;
	bit = (uint8_t)(1u << (tier - 1));
	if (*word == '+')
		choice->on |= bit;
	else
		choice->off |= bit;
	return true;
}

/* Words from 1 on: NAME, controls, perhaps a VM.  NULL after an error line. */
static struct vm *parse_tier(struct monitor *m,
			     const struct monitor_arguments *a,
			     struct apic_choice *choice)
{
	const char *name = a->word[1], *vm_name = NULL;
	unsigned tier;
	struct vm *vm;

	for (unsigned i = 2; i < a->count; i++) {
		const char *word = a->word[i];

		if (*word != '+' && *word != '-') {
			vm_name = word;
		} else if (!add_control(choice, word)) {
			monitor_print(m,
				      "no control %s; there are tpr-shadow, "
				      "access-page, register, delivery, "
				      "posted\n",
				      word + 1);
			return NULL;
		}
	}
	vm = monitor_vm(m, vm_name);
	if (!vm)
		return NULL;
	tier = name ? tier_of(name, vm->config->x2apic) : APIC_TIER_COUNT;
	if (tier >= APIC_TIER_COUNT) {
		monitor_print(m,
			      "no tier %s; there are emulate, tpr-shadow, "
			      "access-page, register, delivery, posted, "
			      "auto\n",
			      name ? name : "given");
		return NULL;
	}
	choice->tier = (uint8_t)tier;
	return vm;
}

static void switch_tier(struct monitor *m, const struct monitor_arguments *a)
{
	struct apic_choice choice = {0};
	struct vm *vm = parse_tier(m, a, &choice);
	char text[200];
	struct text t;

	if (!vm)
		return;
	if (choice.on & choice.off) {
		monitor_print(m, "a control cannot be on and off\n");
		return;
	}
	if (!vm_apic_possible(vm, choice, text, sizeof(text))) {
		monitor_print(m, "refused: %s\n", text);
		return;
	}
	vm_apic_switch(vm, choice);
	text_begin(&t, buffer, sizeof(buffer));
	apicv_text_choice(&t, choice);
	monitor_print(m, "%s: tier %s\n", vm->config->name, buffer);
}

static void run_apic(struct monitor *m, const struct monitor_arguments *a)
{
	struct vcpu *v;

	if (a->count && !strcmp(a->word[0], "tier")) {
		switch_tier(m, a);
		return;
	}
	v = monitor_vcpu(m, a->word[0]);
	if (v)
		show(m, v);
}

/* ---- the board's interrupt controllers ---- */

static void run_ioapic(struct monitor *m, const struct monitor_arguments *a)
{
	struct vm *vm = monitor_vm(m, a->word[0]);
	struct vioapic copy;
	struct text t;

	if (!vm)
		return;
	spin_lock(&vm->board.lock);
	copy = vm->board.ioapic;
	spin_unlock(&vm->board.lock);
	text_begin(&t, buffer, sizeof(buffer));
	vioapic_text(&t, &copy);
	monitor_print(m, "%s: %s", vm->config->name, buffer);
}

static void run_pic(struct monitor *m, const struct monitor_arguments *a)
{
	struct vm *vm = monitor_vm(m, a->word[0]);
	struct vpic copy;
	struct text t;

	if (!vm)
		return;
	spin_lock(&vm->board.lock);
	copy = vm->board.pic;
	spin_unlock(&vm->board.lock);
	text_begin(&t, buffer, sizeof(buffer));
	vpic_text(&t, &copy);
	monitor_print(m, "%s: %s", vm->config->name, buffer);
}

const struct monitor_command monitor_apic_commands[] = {
	{"apic", "[VM.N] | tier NAME [+CONTROL] [-CONTROL] [VM]",
	 "a local APIC, and the processor's view of it; switch the tier",
	 run_apic},
	{"ioapic", "[VM]", "the I/O APIC's pins", run_ioapic},
	{"pic", "[VM]", "the pair of 8259s", run_pic},
	{0},
};
