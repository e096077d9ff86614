/* SPDX-License-Identifier: BSD-2-Clause */
/* The local APIC by whichever way this CPU's mode has. */
#include "guest/test/lib/apic.h"

#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

uint32_t apic_read(uint32_t offset)
{
	if (cpu_this()->x2apic)
		return (uint32_t)insn_rdmsr(APIC_X2APIC_MSR + offset / 16);
	return apic_mmio_read(offset);
}

void apic_write(uint32_t offset, uint32_t value)
{
	if (cpu_this()->x2apic)
		insn_wrmsr(APIC_X2APIC_MSR + offset / 16, value);
	else
		apic_mmio_write(offset, value);
}

void apic_enable(void)
{
	apic_write(APIC_SVR, APIC_SVR_ENABLE | APIC_SPURIOUS_VECTOR);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT1, APIC_LVT_MASKED);
	apic_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
}

void apic_to_x2apic(void)
{
	insn_wrmsr(APIC_BASE_MSR, insn_rdmsr(APIC_BASE_MSR) | APIC_BASE_EXTD);
	cpu_this()->x2apic = true;
}

void apic_send(uint32_t destination, uint32_t low)
{
	if (cpu_this()->x2apic) {
		insn_wrmsr(APIC_X2APIC_MSR + APIC_ICR / 16,
			   (uint64_t)destination << 32 | low);
		return;
	}
	while (apic_mmio_read(APIC_ICR) & APIC_ICR_BUSY)
		insn_pause();
	apic_mmio_write(APIC_ICR_HIGH, destination << 24);
	apic_mmio_write(APIC_ICR, low);
}

int apic_bit(uint32_t offset, unsigned vector)
{
	return apic_read(offset + vector / 32 * 16) >> (vector % 32) & 1;
}
