/* SPDX-License-Identifier: BSD-2-Clause */
/* What the log says when a VM fails or ends; see vm_report.h. */
#include "hv/vm_report.h"

#include "hv/lib/format.h"
#include "hv/lib/log.h"
#include "hv/lib/spinlock.h"
#include "hv/percpu.h"
#include "vmx/check/check.h"
#include "vmx/text/dump.h"
#include "vmx/vmcs.h"

/* Reports of two VMs do not mix; also guards the check's report. */
static struct spinlock report_lock;
static struct vmx_check_report check_report;

static const char *const end_names[] = {
	[MACHINE_POWEROFF] = "power-off",
	[MACHINE_RESET] = "reset",
	[MACHINE_EXIT_CODE] = "exit code",
	[MACHINE_NOT_STARTED] = "not started",
	[MACHINE_STOPPED] = "by the operator",
	[MACHINE_RESTARTED] = "reset by the operator",
	[MACHINE_TRIPLE_FAULT] = "triple fault",
	[MACHINE_ENTRY_FAILED] = "VM entry failed",
	[MACHINE_UNHANDLED] = "stopped",
};

/* ---- failures ---- */

static void explain_entry(const struct vcpu *v)
{
	if (v->exit_reason == UINT32_MAX)
		log_line("  VM-instruction error %u", v->vm->end_code);
	vmx_check(v->caps, &check_report);
	for (unsigned i = 0; i < check_report.count && i < VMX_CHECK_LINES; i++)
		log_line("  rule broken: %s", check_report.text[i]);
	if (!check_report.count)
		log_line("  no rule that vmx/check knows is broken");
}

void vm_report_failure(struct vcpu *v)
{
	struct vm *vm = v->vm;

	spin_lock(&report_lock);
	log_line("vm %s: vCPU %u on CPU %u: %s%s%s", vm->config->name, v->index,
		 v->cpu, end_names[vm->end], vm->end_text[0] ? ": " : "",
		 vm->end_text);
	if (vm->end == MACHINE_ENTRY_FAILED)
		explain_entry(v);
	vmx_dump_registers(v);
	if (vm->end != MACHINE_UNHANDLED)
		vmx_dump_vmcs();
	spin_unlock(&report_lock);
}

void vmx_panic_dump(void)
{
	const struct vcpu *v = percpu()->vcpu;
	uint64_t rip;

	if (!v || !vmx_read_maybe(VMCS_GUEST_RIP, &rip))
		return;
	log_line("the guest: vm %s vCPU %u", v->vm->config->name, v->index);
	vmx_dump_registers(v);
	vmx_dump_vmcs();
}

/* ---- the end ---- */

static uint64_t total_exits(const struct vcpu *v)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < EXIT_REASON_COUNT; i++)
		total += v->exit_count[i];
	return total;
}

/* The reason with the most exits below the one shown before, or COUNT. */
static uint32_t next_reason(const struct vcpu *v, uint64_t below, uint32_t last)
{
	uint32_t best = EXIT_REASON_COUNT;

	for (uint32_t i = 0; i < EXIT_REASON_COUNT; i++) {
		uint64_t count = v->exit_count[i];

		if (!count || count > below || (count == below && i <= last))
			continue;
		if (best == EXIT_REASON_COUNT || count > v->exit_count[best])
			best = i;
	}
	return best;
}

static void report_exits(const struct vcpu *v)
{
	uint64_t total = total_exits(v);
	uint64_t below = UINT64_MAX;
	uint32_t reason = 0;

	log_at(LOG_INFO, LOG_VM, "vm %s: vCPU %u: %lu exits",
	       v->vm->config->name, v->index, total);
	for (;;) {
		uint64_t share;

		reason = next_reason(v, below, reason);
		if (reason == EXIT_REASON_COUNT)
			return;
		below = v->exit_count[reason];
		share = below * 1000 / total;
		log_at(LOG_INFO, LOG_VM, "  %10lu  %3lu.%lu %%  %s", below,
		       share / 10, share % 10, exit_reason_name(reason));
	}
}

uint32_t vm_report_end(const struct vm *vm)
{
	const char *name = vm->config->name;
	uint32_t status = 1;

	spin_lock(&report_lock);
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		report_exits(vm->vcpu[i]);
	if (vm->end == MACHINE_EXIT_CODE) {
		log_line("vm %s ended: exit code %u", name, vm->end_code);
		status = vm->end_code > 255 ? 255 : vm->end_code;
	} else {
		log_line("vm %s ended: %s%s%s", name, end_names[vm->end],
			 vm->end_text[0] ? ": " : "", vm->end_text);
		if (vm->end == MACHINE_POWEROFF || vm->end == MACHINE_RESET ||
		    vm->end == MACHINE_STOPPED)
			status = 0;
	}
	spin_unlock(&report_lock);
	return status;
}
