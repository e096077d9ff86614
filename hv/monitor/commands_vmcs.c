/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor's commands about VMCSs and VMX: vmcs, check, caps. */
#include "hv/hw/cpuid.h"
#include "hv/lib/string.h"
#include "hv/monitor/commands.h"
#include "hv/vm.h"
#include "vmx/text/caps_text.h"
#include "vmx/check/check.h"
#include "vmx/cpu.h"
#include "vmx/text/field_text.h"
#include "vmx/insn.h"

#define FIELDS_MAX 256

/* CPU 0's alone, as all commands are. */
static struct {
	uint64_t value[FIELDS_MAX]; /* by the index in vmcs_fields[] */
	bool there[FIELDS_MAX];	    /* this processor has it */
} fields;
static struct vmx_check_report report;
static char buffer[CAPS_TEXT_SIZE];

/* ---- vmcs ---- */

static size_t field_count(void)
{
	return vmcs_fields_count < FIELDS_MAX ? vmcs_fields_count : FIELDS_MAX;
}

static void take(struct vcpu *v, void *argument)
{
	(void)v;
	(void)argument;
	for (size_t i = 0; i < field_count(); i++)
		fields.there[i] =
			vmx_read_maybe(vmcs_fields[i].field, &fields.value[i]);
}

static uint32_t exit_reason(void)
{
	for (size_t i = 0; i < field_count(); i++)
		if (vmcs_fields[i].field == VMCS_VM_EXIT_REASON)
			return (uint32_t)fields.value[i];
	return 0;
}

static void show_field(struct monitor *m, size_t i)
{
	uint32_t field = vmcs_fields[i].field;
	struct text t;
	size_t plain;

	text_begin(&t, buffer, sizeof(buffer));
	text_add(&t, "%04x %s", field, vmcs_fields[i].name);
	text_column(&t, 53);
	if (!fields.there[i]) {
		monitor_print(m, "%snot on this processor\n", buffer);
		return;
	}
	text_add(&t, "%lx", fields.value[i]);
	plain = t.used;
	text_add(&t, "  ");
	field_text_value(&t, field, fields.value[i], exit_reason());
	if (t.used == plain + 2)
		buffer[plain] = '\0';
	monitor_print(m, "%s\n", buffer);
	text_begin(&t, buffer, sizeof(buffer));
	field_text_controls(&t, field, fields.value[i], "       ");
	monitor_print(m, "%s", buffer);
}

/* Every word of the command that is no vCPU's, or "all". */
static bool matches(size_t i, const struct monitor_arguments *a, unsigned count)
{
	for (unsigned w = 0; w < count; w++)
		if (!field_text_matches(vmcs_fields[i].field,
					vmcs_fields[i].name, a->word[w]))
			return false;
	return true;
}

/* "t.0" or "0", which no field's name has. */
static bool is_vcpu(const char *word)
{
	bool digits = *word;

	for (; *word; word++) {
		if (*word == '.')
			return true;
		digits = digits && *word >= '0' && *word <= '9';
	}
	return digits;
}

static void run_vmcs(struct monitor *m, const struct monitor_arguments *a)
{
	unsigned words = a->count, shown = 0;
	const char *last = words ? a->word[words - 1] : NULL;
	bool all;
	struct vcpu *v;

	if (last && is_vcpu(last))
		words--;
	else
		last = NULL;
	v = monitor_vcpu(m, last);
	if (!v || !monitor_call(m, v, take, NULL))
		return;
	all = !words || (words == 1 && !strcmp(a->word[0], "all"));
	for (size_t i = 0; i < field_count(); i++) {
		if (all ? !fields.there[i] || !fields.value[i]
			: !matches(i, a, words))
			continue;
		show_field(m, i);
		shown++;
	}
	if (!shown)
		monitor_print(m, "no field's name has that in it\n");
}

/* ---- check ---- */

static void check(struct vcpu *v, void *argument)
{
	(void)argument;
	vmx_check(v->caps, &report);
}

static void run_check(struct monitor *m, const struct monitor_arguments *a)
{
	struct vcpu *v = monitor_vcpu(m, a->word[0]);

	if (!v || !monitor_call(m, v, check, NULL))
		return;
	for (unsigned i = 0; i < report.count && i < VMX_CHECK_LINES; i++)
		monitor_print(m, "rule broken: %s\n", report.text[i]);
	if (report.count > VMX_CHECK_LINES)
		monitor_print(m, "and %u more\n",
			      report.count - VMX_CHECK_LINES);
	if (!report.count)
		monitor_print(m,
			      "%s.%u: none of %u rules for VM entries is "
			      "broken\n",
			      v->vm->config->name, v->index, report.rules);
	else
		monitor_print(m,
			      "%s.%u: %u of %u rules for VM entries are "
			      "broken\n",
			      v->vm->config->name, v->index, report.count,
			      report.rules);
}

/* ---- caps ---- */

static void run_caps(struct monitor *m, const struct monitor_arguments *a)
{
	struct vmx_caps caps = *vmx_cpu_caps();
	struct text t;

	(void)a;
	if (!caps.basic) { /* VMX is on on no CPU */
		if (!(cpuid_or_zero(1, 0).ecx & CPUID_1_ECX_VMX)) {
			monitor_print(m, "this processor has no VT-x "
					 "(CPUID.1:ECX bit 5, VMX, is 0)\n");
			return;
		}
		vmx_caps_read(&caps);
	}
	text_begin(&t, buffer, sizeof(buffer));
	caps_text(&t, &caps);
	mitigations_text(&t, vmx_cpu_mitigations());
	text_add(&t, "\n");
	monitor_print(m, "%s", buffer);
}

const struct monitor_command monitor_vmcs_commands[] = {
	{"vmcs", "[WORD... | all] [VM.N]",
	 "the VMCS by its fields' names, or those with WORD in them", run_vmcs},
	{"check", "[VM.N]", "the rules for VM entries over a live vCPU",
	 run_check},
	{"caps", "", "what this processor can virtualize", run_caps},
	{0},
};
