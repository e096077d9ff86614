/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every processor must have.  Reads CPUID and MSRs; each MSR only after
 * the bit that says that it exists, because there is nobody to catch a #GP.
 * Source: SDM volume 3, "Discovering Support for VMX", "Enabling and Entering
 * VMX Operation", and the appendix "VMX Capability Reporting Facility".
 */
#include "boot/checks.h"

#include <stddef.h>
#include <stdint.h>

#include "boot/mp.h"
#include "boot/say.h"
#include "hv/hw/cpuid.h"
#include "hv/hw/msr.h"
#include "hv/lib/string.h"

#define CHECKS_LONG_MODE (1u << 29) /* CPUID.80000001H:EDX */

/* The high half of a capability MSR has the controls that may be 1. */
#define CHECKS_ALLOWED_1(bit)	  (1ull << (32 + (bit)))

#define CHECKS_SECONDARY_CONTROLS CHECKS_ALLOWED_1(31)
#define CHECKS_EPT		  CHECKS_ALLOWED_1(1)
#define CHECKS_UNRESTRICTED_GUEST CHECKS_ALLOWED_1(7)
#define CHECKS_EPT_WALK_4	  (1ull << 6)
#define CHECKS_EPT_WRITE_BACK	  (1ull << 14)

/* What the processors that ran so far have said; written under lock. */
struct checks_result {
	uint32_t lock;
	const char *missing; /* NULL: nothing */
	uint32_t apic_id;    /* of the one that misses it */
	bool unlocked;
};

/* The sentence about what this processor lacks, NULL if nothing. */
static const char *checks_missing(void)
{
	uint64_t feature_control, secondary, ept;

	if (!(cpuid_or_zero(0x80000001, 0).edx & CHECKS_LONG_MODE))
		return "the processor has no 64-bit mode "
		       "(CPUID.80000001H:EDX bit 29 is 0)";
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_VMX))
		return "the processor has no Intel VT-x "
		       "(CPUID.1:ECX bit 5, VMX, is 0)";
	feature_control = msr_read(IA32_FEATURE_CONTROL);
	if (feature_control & IA32_FEATURE_CONTROL_LOCK &&
	    !(feature_control & IA32_FEATURE_CONTROL_VMX))
		return "VT-x is locked off (IA32_FEATURE_CONTROL, MSR 3AH: "
		       "bit 0 is 1 and bit 2 is 0); turn on \"Intel "
		       "Virtualization Technology\" (VT-x) in the firmware's "
		       "setup and switch the machine off and on";
	if (!(msr_read(IA32_VMX_PROCBASED_CTLS) & CHECKS_SECONDARY_CONTROLS))
		return "the processor has no secondary processor-based "
		       "controls (IA32_VMX_PROCBASED_CTLS, MSR 482H, bit 63 "
		       "is 0)";
	secondary = msr_read(IA32_VMX_PROCBASED_CTLS2);
	if (!(secondary & CHECKS_EPT))
		return "the processor has no EPT (IA32_VMX_PROCBASED_CTLS2, "
		       "MSR 48BH, bit 33 is 0)";
	ept = msr_read(IA32_VMX_EPT_VPID_CAP);
	if (!(ept & CHECKS_EPT_WALK_4) || !(ept & CHECKS_EPT_WRITE_BACK))
		return "the processor's EPT lacks 4-level tables in "
		       "write-back memory (IA32_VMX_EPT_VPID_CAP, MSR 48CH, "
		       "bit 6 or 14 is 0)";
	if (!(secondary & CHECKS_UNRESTRICTED_GUEST))
		return "the processor has no unrestricted guest "
		       "(IA32_VMX_PROCBASED_CTLS2, MSR 48BH, bit 39 is 0)";
	return NULL;
}

/* On each processor, possibly on many at once. */
static void checks_run(void *argument)
{
	struct checks_result *result = argument;
	const char *missing = checks_missing();
	bool unlocked = !missing && !(msr_read(IA32_FEATURE_CONTROL) &
				      IA32_FEATURE_CONTROL_LOCK);

	while (__atomic_exchange_n(&result->lock, 1, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
	if (missing && !result->missing) {
		result->missing = missing;
		result->apic_id = mp_own_apic_id();
	}
	result->unlocked |= unlocked;
	__atomic_store_n(&result->lock, 0, __ATOMIC_RELEASE);
}

bool checks_processors(bool *unlocked)
{
	/* Static: a processor that comes too late must not write a stack. */
	static struct checks_result result;

	checks_run(&result);
	if (result.missing)
		return refuse("%s.", result.missing);
	if (!mp_run_on_others(checks_run, &result))
		say("the firmware did not run the checks on all processors.");
	if (result.missing)
		return refuse("on the CPU with APIC ID %u: %s.", result.apic_id,
			      result.missing);
	*unlocked = result.unlocked;
	return true;
}

void checks_brand(char brand[49])
{
	size_t length;

	memset(brand, 0, 49);
	for (uint32_t i = 0; i < 3; i++) {
		struct cpuid part = cpuid_or_zero(0x80000002 + i, 0);

		memcpy(brand + 16 * i, &part, 16);
	}
	while (brand[0] == ' ')
		memmove(brand, brand + 1, 48);
	length = strlen(brand);
	while (length && brand[length - 1] == ' ')
		brand[--length] = '\0';
	if (!length)
		memcpy(brand, "unnamed processor", 18);
}
