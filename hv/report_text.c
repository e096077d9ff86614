/* SPDX-License-Identifier: BSD-2-Clause */
/* The hardware report as text; see report_text.h.  Pure. */
#include "hv/report_text.h"

#include "hv/hw/msr_index.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"
#include "vmx/text/caps_list.h"

#define INDENT	       2
#define CORE_TYPE_ATOM 0x20
#define CORE_TYPE_CORE 0x40

static const char *core_name(uint8_t core_type)
{
	switch (core_type) {
	case CORE_TYPE_ATOM:
		return "Atom (efficient) core";
	case CORE_TYPE_CORE:
		return "Core (performance) core";
	default:
		return "core of unknown type";
	}
}

/* CPUID.1:EAX, "Version Information". */
static uint32_t family(uint32_t signature)
{
	uint32_t base = signature >> 8 & 0xf;

	return base == 0xf ? base + (signature >> 20 & 0xff) : base;
}

static uint32_t model(uint32_t signature)
{
	uint32_t base = signature >> 8 & 0xf, number = signature >> 4 & 0xf;

	return base == 6 || base == 0xf ? number | (signature >> 12 & 0xf0)
					: number;
}

static void text_signature(struct text *t, const struct report_kind *kind)
{
	text_add(t, "family %u, model %XH, stepping %u, microcode %XH",
		 family(kind->signature), model(kind->signature),
		 kind->signature & 0xf, kind->microcode);
}

/* What vmx/mitigations.h decides by. */
static void text_channels(struct text *t, const struct report_kind *kind)
{
	text_add(t,
		 "  side channels: CPUID.7:EDX is %XH, IA32_ARCH_CAPABILITIES "
		 "is %lXH\n",
		 kind->cpuid_7_edx, kind->arch_capabilities);
}

void report_text_kind(struct text *t, const struct report_kind *kind)
{
	text_add(t, "processor: %s\n  %s, ",
		 kind->brand[0] ? kind->brand : "without a brand string",
		 kind->vendor);
	text_signature(t, kind);
	text_add(t, "\n  x2APIC mode: %s; TSC: %s, deadline timer: %s\n",
		 kind->x2apic ? "yes" : "no",
		 kind->invariant ? "invariant" : "not invariant",
		 kind->deadline ? "yes" : "no");
	text_channels(t, kind);
	if (kind->hybrid)
		text_add(t, "  %s of a hybrid processor\n",
			 core_name(kind->core_type));
	if (kind->host[0])
		text_add(t, "  this is a virtual machine: \"%s\"\n",
			 kind->host);
}

static void text_console(struct text *t, const struct boot_console *console)
{
	switch (console->kind) {
	case BOOT_CONSOLE_NONE:
		text_add(t, "  no serial line");
		break;
	case BOOT_CONSOLE_IO:
		text_add(t, "  serial line at port %lXH", console->address);
		break;
	case BOOT_CONSOLE_MMIO:
		text_add(t, "  serial line in memory at %lXH",
			 console->address);
		break;
	}
	if (console->kind != BOOT_CONSOLE_NONE)
		text_add(t,
			 console->gsi == UINT32_MAX ? ", polled"
						    : ", interrupt %u",
			 console->gsi);
}

void report_text_firmware(struct text *t, const struct boot_info *info)
{
	const struct boot_framebuffer *screen = &info->framebuffer;

	text_add(t, "firmware: UEFI %u.%u, %s, revision %XH\n",
		 info->uefi_revision >> 16, (info->uefi_revision & 0xffff) / 10,
		 info->firmware_vendor[0] ? info->firmware_vendor : "no vendor",
		 info->firmware_revision);
	text_add(t, "  %s; %u I/O APIC%s; %s HPET; ",
		 info->rsdp.value ? "ACPI" : "no ACPI tables",
		 info->ioapic_count, info->ioapic_count == 1 ? "" : "s",
		 info->hpet.value ? "an" : "no");
	if (info->pm_timer_port)
		text_add(t, "PM timer at %XH", info->pm_timer_port);
	else
		text_add(t, "no PM timer");
	text_add(t, "\n  interrupt remapping: %s\n",
		 info->interrupt_remapping ? "left on" : "off");
	text_console(t, &info->console);
	if (screen->address.value)
		text_add(t, "; screen %u x %u\n", screen->width,
			 screen->height);
	else
		text_add(t, "; no screen\n");
	text_add(t, "memory: %lu MiB left by the firmware\n", info->free_mib);
}

/* APIC IDs in the CPUs' order: "0-7 16 18". */
static void text_apic_ids(struct text *t, const struct report_cpu *cpus,
			  uint32_t count)
{
	char range[24];

	for (uint32_t first = 0, last; first < count; first = last + 1) {
		last = first;
		while (last + 1 < count &&
		       cpus[last + 1].apic_id == cpus[last].apic_id + 1)
			last++;
		format(range, sizeof(range), last > first ? "%u-%u" : "%u",
		       cpus[first].apic_id, cpus[last].apic_id);
		text_words(t, 2 * INDENT, range);
	}
	text_add(t, "\n");
}

static bool same(const struct report_kind *a, const struct report_kind *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* What the CPUs from first to last have otherwise than CPU 0. */
static void text_other_kind(struct text *t, const struct report_cpu *cpus,
			    uint32_t first, uint32_t last)
{
	const struct report_kind *kind = &cpus[first].kind, *zero = &cpus->kind;

	if (last > first)
		text_add(t, "  CPUs %u-%u are not as CPU 0:", first, last);
	else
		text_add(t, "  CPU %u is not as CPU 0:", first);
	if (kind->hybrid && kind->core_type != zero->core_type)
		text_add(t, " %s", core_name(kind->core_type));
	text_add(t, "\n  ");
	text_signature(t, kind);
	text_add(t, "\n");
	if (kind->cpuid_7_edx != zero->cpuid_7_edx ||
	    kind->arch_capabilities != zero->arch_capabilities)
		text_channels(t, kind);
	if (strcmp(kind->brand, zero->brand) != 0)
		text_add(t, "  %s\n", kind->brand);
	if (kind->feature_control != zero->feature_control)
		text_add(t, "  IA32_FEATURE_CONTROL is %lXH\n",
			 kind->feature_control);
	caps_list_differences(t, &zero->raw, &kind->raw);
}

void report_text_cpus(struct text *t, const struct report_cpu *cpus,
		      uint32_t count)
{
	uint32_t highest = 0, unlike = 0;

	for (uint32_t i = 0; i < count; i++)
		if (cpus[i].apic_id > highest)
			highest = cpus[i].apic_id;
	text_add(t, "CPUs: %u; highest APIC ID %u%s\n", count, highest,
		 highest > 254 ? ", which needs x2APIC mode" : "");
	text_add(t, "  APIC IDs:");
	text_apic_ids(t, cpus, count);
	for (uint32_t first = 1, last; first < count; first = last + 1) {
		last = first;
		if (same(&cpus[first].kind, &cpus->kind))
			continue;
		while (last + 1 < count &&
		       same(&cpus[last + 1].kind, &cpus[first].kind))
			last++;
		text_other_kind(t, cpus, first, last);
		unlike += last - first + 1;
	}
	if (!unlike)
		text_add(t, "  all are alike: the same VMX capabilities, "
			    "microcode and kind of core\n");
}

void report_text_vmx(struct text *t, const struct report_kind *kind)
{
	uint64_t control = kind->feature_control;

	if (!kind->vmx)
		text_add(t, "VT-x: none (CPUID.1:ECX bit 5, VMX, is 0)\n");
	else if (!(control & IA32_FEATURE_CONTROL_LOCK))
		text_add(t, "VT-x: yes; the firmware left "
			    "IA32_FEATURE_CONTROL unlocked\n");
	else if (control & IA32_FEATURE_CONTROL_VMX)
		text_add(t,
			 "VT-x: yes, switched on by the firmware "
			 "(IA32_FEATURE_CONTROL is %lXH)\n",
			 control);
	else
		text_add(t,
			 "VT-x: locked off by the firmware "
			 "(IA32_FEATURE_CONTROL is %lXH)\n",
			 control);
}
