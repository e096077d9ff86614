/* SPDX-License-Identifier: BSD-2-Clause */
/* The hardware report; see report.h. */
#include "hv/report.h"

#include "hv/clock.h"
#include "hv/hw/cpuid.h"
#include "hv/hw/msr.h"
#include "hv/lib/log.h"
#include "hv/lib/string.h"
#include "hv/lib/version.h"
#include "hv/percpu.h"
#include "hv/report_text.h"
#include "mm/frame.h"
#include "vmx/text/caps_list.h"
#include "vmx/text/caps_text.h"
#include "vmx/cpu.h"

#define REPORT_SIZE	      8192
#define CPUID_7_EDX_HYBRID    (1u << 15)
#define CPUID_INVARIANT_TSC   (1u << 8) /* 80000007H:EDX */
#define CPUID_HYPERVISOR_LEAF 0x40000000u

static const struct boot_info *boot;
static struct report_cpu *cpus; /* by number; NULL: no report is wanted */
static uint32_t cpu_max;
static struct text text;

void report_init(const struct boot_info *info)
{
	uint64_t size = info->cpu_count * sizeof(*cpus);
	uint64_t pages = (size + PAGE_MASK) >> PAGE_SHIFT;
	char *buffer;

	if (!info->config.report)
		return;
	boot = info;
	cpus = frame_alloc(FRAME_CPU, pages);
	buffer = frame_alloc(FRAME_CPU, REPORT_SIZE / PAGE_SIZE);
	if (!cpus || !buffer) {
		log_line("no memory for the hardware report");
		cpus = NULL;
		return;
	}
	cpu_max = info->cpu_count;
	text_begin(&text, buffer, REPORT_SIZE);
}

static void read_name(char name[13], uint32_t a, uint32_t b, uint32_t c)
{
	const uint32_t part[] = {a, b, c};

	memcpy(name, part, sizeof(part));
	for (unsigned i = 0; i < sizeof(part); i++)
		if (name[i] && (name[i] < ' ' || name[i] > '~'))
			name[i] = '?';
}

static void read_brand(char brand[49])
{
	for (uint32_t i = 0; i < 3; i++) {
		struct cpuid part = cpuid_or_zero(0x80000002 + i, 0);

		memcpy(brand + 16 * i, &part, 16);
	}
	while (brand[0] == ' ')
		memmove(brand, brand + 1, 48);
}

/* SDM volume 3, "Microcode Update Facilities": CPUID.1 puts the revision into
 * an MSR that held 0. */
static uint32_t read_microcode(void)
{
	uint64_t value = 0;

	if (msr_write_safe(IA32_BIOS_SIGN_ID, 0)) {
		cpuid(1, 0);
		msr_read_safe(IA32_BIOS_SIGN_ID, &value);
	}
	return value >> 32;
}

static void read_kind(struct report_kind *kind)
{
	struct cpuid vendor = cpuid(0, 0), version = cpuid(1, 0);
	struct cpuid host = cpuid(CPUID_HYPERVISOR_LEAF, 0);

	memset(kind, 0, sizeof(*kind));
	read_name(kind->vendor, vendor.ebx, vendor.edx, vendor.ecx);
	read_brand(kind->brand);
	kind->cpuid_7_edx = cpuid_or_zero(7, 0).edx;
	if (kind->cpuid_7_edx & CPUID_7_EDX_ARCH_CAPABILITIES)
		kind->arch_capabilities = msr_read(IA32_ARCH_CAPABILITIES);
	kind->hybrid = !!(kind->cpuid_7_edx & CPUID_7_EDX_HYBRID);
	kind->core_type = cpuid_or_zero(0x1a, 0).eax >> 24;
	kind->signature = version.eax;
	kind->microcode = read_microcode();
	kind->vmx = !!(version.ecx & CPUID_1_ECX_VMX);
	kind->x2apic = !!(version.ecx & CPUID_1_ECX_X2APIC);
	kind->deadline = !!(version.ecx & CPUID_1_ECX_TSC_DEADLINE);
	kind->invariant =
		!!(cpuid_or_zero(0x80000007, 0).edx & CPUID_INVARIANT_TSC);
	if (version.ecx & CPUID_1_ECX_HYPERVISOR)
		read_name(kind->host, host.ebx, host.ecx, host.edx);
	if (!kind->vmx)
		return;
	kind->feature_control = msr_read(IA32_FEATURE_CONTROL);
	vmx_caps_raw_read(&kind->raw);
}

bool report_cpu(void)
{
	const struct cpu_self *self = cpu_self();
	struct report_cpu *cpu;
	uint64_t control;

	if (!cpus || self->number >= cpu_max)
		return true;
	cpu = &cpus[self->number];
	cpu->apic_id = self->apic_id;
	read_kind(&cpu->kind);
	control = cpu->kind.feature_control;
	return boot->config.vm_count ||
	       (cpu->kind.vmx && (!(control & IA32_FEATURE_CONTROL_LOCK) ||
				  control & IA32_FEATURE_CONTROL_VMX));
}

/* The text so far, line by line, into the log. */
static void print_text(void)
{
	const char *line = text.buffer;

	while (*line) {
		size_t size = 0;

		while (line[size] && line[size] != '\n')
			size++;
		log_line("%.*s", (int)size, line);
		line += size + (line[size] == '\n');
	}
	text_begin(&text, text.buffer, text.size);
}

static void print_machine(void)
{
	uint64_t khz = clock_tsc_hz() / 1000;
	uint32_t count = percpu_count();

	report_text_kind(&text, &cpus->kind);
	report_text_firmware(&text, boot);
	text_add(&text, "time: TSC of %lu.%03lu MHz (by %s)\n", khz / 1000,
		 khz % 1000, clock_source());
	print_text();
	report_text_cpus(&text, cpus, count);
	if (count < boot->cpu_count)
		text_add(&text, "  %u more did not come up\n",
			 boot->cpu_count - count);
	if (boot->cpus_skipped)
		text_add(&text, "  %u in the tables are disabled or too many\n",
			 boot->cpus_skipped);
	print_text();
}

static void print_vmx(void)
{
	struct vmx_caps caps = *vmx_cpu_caps();

	report_text_vmx(&text, &cpus->kind);
	if (cpus->kind.vmx) {
		if (!caps.basic) /* no CPU's VMX could be switched on */
			vmx_caps_read(&caps);
		caps_text(&text, &caps);
		caps_list_msrs(&text, &cpus->kind.raw);
		caps_list_basics(&text, &caps);
		caps_list_ept(&text, &caps);
		print_text();
		for (unsigned word = 0; word < VMX_WORD_COUNT; word++)
			caps_list_word(&text, &caps, word);
	}
	print_text();
}

void report_print(void)
{
	if (!cpus)
		return;
	log_line("---- hardware report, Apical %s ----", APICAL_VERSION);
	print_machine();
	print_vmx();
	log_line("---- end of the hardware report ----");
}
