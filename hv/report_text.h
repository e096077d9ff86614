/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hardware report as text: whole lines of less than 80 columns.  Pure; for
 * hv/report.c.  Source: SDM volume 2, "CPUID"; SDM volume 3, "Microcode Update
 * Facilities".
 */
#ifndef HV_REPORT_TEXT_H
#define HV_REPORT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/boot_info.h"
#include "hv/lib/text.h"
#include "vmx/caps.h"

/* What one CPU is; CPUs of a kind have the same bytes here, zeroed first. */
struct report_kind {
	char vendor[13];
	char brand[49];		    /* "" if it has none */
	uint32_t cpuid_7_edx;	    /* CPUID.7.0:EDX */
	uint64_t arch_capabilities; /* IA32_ARCH_CAPABILITIES; 0 without */
	uint8_t hybrid;	   /* CPUID.7.0:EDX bit 15: core_type means something */
	uint8_t core_type; /* CPUID.1AH:EAX bits 31 to 24 */
	uint32_t signature;	  /* CPUID.1:EAX */
	uint32_t microcode;	  /* its revision */
	uint8_t vmx;		  /* CPUID.1:ECX bit 5 */
	uint8_t x2apic;		  /* CPUID.1:ECX bit 21 */
	uint8_t deadline;	  /* CPUID.1:ECX bit 24, TSC deadline */
	uint8_t invariant;	  /* CPUID.80000007H:EDX bit 8, invariant TSC */
	char host[13];		  /* who else runs below; "" without CPUID.1:ECX
			       bit 31 */
	uint64_t feature_control; /* IA32_FEATURE_CONTROL; 0 without VMX */
	struct vmx_caps_raw raw;
};

struct report_cpu {
	uint32_t apic_id;
	struct report_kind kind;
};

/* The processor as such: one kind. */
void report_text_kind(struct text *t, const struct report_kind *kind);

/* Firmware, tables, console and memory. */
void report_text_firmware(struct text *t, const struct boot_info *info);

/* All CPUs: how many, their APIC IDs, and what differs from the first one. */
void report_text_cpus(struct text *t, const struct report_cpu *cpus,
		      uint32_t count);

/* Can VMX be switched on, and if not, why? */
void report_text_vmx(struct text *t, const struct report_kind *kind);

#endif
